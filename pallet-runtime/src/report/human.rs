//! A run as people follow it: on a terminal a line for each busy node, above them what is done. Where there is no
//! terminal the lines that stay are written all the same, and nothing is drawn.

use super::board::{Board, work_done_word};
use super::plain::{closing, outcome_words};
use super::record::Record;
use super::{Paint, Reporter, Retry, Sink, lock, text, write};
use crate::event::{ActionOutcome, Event, Listener, NodeWork};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the times on the terminal are brought up to date.
const TICK: Duration = Duration::from_millis(250);

/// A terminal to draw on.
pub struct Terminal {
    /// Where to draw.
    pub target: ProgressDrawTarget,
    /// Returns how many lines it has at the moment.
    pub height: Box<dyn Fn() -> u16 + Send>,
}

impl Terminal {
    /// Returns the terminal that is standard output.
    pub fn stdout() -> Self {
        let height = || console::Term::stdout().size().0;
        Terminal { target: ProgressDrawTarget::stdout(), height: Box::new(height) }
    }
}

/// Writes for people.
pub struct HumanReporter {
    out: Sink,
    retry: Retry,
    paint: Paint,
    verbose: bool,
    state: Arc<Mutex<State>>,
    ticker: Mutex<Option<Ticker>>,
}

#[derive(Default)]
struct State {
    /// Whether something was written that the end has to stand apart from.
    written: bool,
    record: Record,
    board: Board,
    screen: Option<Screen>,
}

impl HumanReporter {
    /// Returns a reporter that writes to `out`, drawing on `terminal` if there is one. With `verbose`, also what
    /// actions write and what was as declared already.
    pub fn new(out: Sink, terminal: Option<Terminal>, retry: Retry, paint: Paint, verbose: bool) -> Self {
        let screen = terminal.map(Screen::new);
        let drawn = screen.is_some();
        let state = Arc::new(Mutex::new(State { screen, ..State::default() }));
        let ticker = drawn.then(|| Ticker::start(Arc::clone(&state)));
        HumanReporter { out, retry, paint, verbose, state, ticker: Mutex::new(ticker) }
    }

    /// Returns the lines that stay on the screen after an event.
    fn lasting(&self, state: &State, event: &Event) -> Option<String> {
        let paint = self.paint;
        match event {
            Event::Notice { node, message } => {
                let node = node.as_ref().map(|node| format!("{}: ", text::clean(node))).unwrap_or_default();
                Some(format!("{} {node}{}", paint.change("note:"), text::clean(message)))
            }
            Event::NodeDone { node, work, address, seconds } => {
                let sign = match work {
                    NodeWork::Destroy => paint.bad("-"),
                    _ => paint.good("+"),
                };
                let address = address.as_ref().map(|address| format!(" at {}", text::clean(address)));
                let (word, time) = (work_done_word(*work), text::duration(*seconds));
                Some(format!("{}  {sign} {word}{}  {time}", text::clean(node), address.unwrap_or_default()))
            }
            Event::ActionOutput { node, line, .. } if self.verbose => {
                Some(format!("{}  {} {}", text::clean(node), paint.dim("|"), text::clean(line)))
            }
            Event::ActionFinished { node, action, outcome, seconds, .. } => {
                let sign = self.sign(outcome)?;
                let (_, detail) = outcome_words(outcome);
                let detail = if detail.is_empty() {
                    detail
                } else {
                    format!(": {}", text::clean(text::about(&detail, action)))
                };
                let source = paint.dim(&text::clean(&action.source));
                let time =
                    if *seconds > 0.0 { format!("  {}", text::duration(*seconds)) } else { String::new() };
                Some(format!(
                    "{}  {sign} {}{detail}{time}  {source}",
                    text::clean(node),
                    text::action(action)
                ))
            }
            Event::NodeFailed { node, failure, .. } if told_apart(&state.record, node) => {
                Some(format!("{}  {} {}", text::clean(node), paint.bad("×"), text::clean(&failure.message)))
            }
            _ => None,
        }
    }

    fn sign(&self, outcome: &ActionOutcome) -> Option<String> {
        match outcome {
            ActionOutcome::Changed { .. } => Some(self.paint.change("~")),
            ActionOutcome::Refreshed => Some(self.paint.dim("*")),
            ActionOutcome::Failed(_) => Some(self.paint.bad("×")),
            ActionOutcome::Ignored(_) => Some(self.paint.dim("×")),
            ActionOutcome::Unchanged if self.verbose => Some(self.paint.dim("=")),
            ActionOutcome::Unchanged | ActionOutcome::Skipped { .. } => None,
        }
    }

    fn stop(&self) {
        // The ticker is joined without the state's lock, which it may be waiting for.
        drop(lock(&self.ticker).take());
        if let Some(screen) = lock(&self.state).screen.take() {
            screen.clear();
        }
    }
}

/// Tells whether a node's failure was not told already as that of an action.
fn told_apart(record: &Record, node: &str) -> bool {
    record.failures_apart().any(|failed| failed.node == node)
}

impl Listener for HumanReporter {
    fn event(&self, event: &Event) {
        if let Event::Finished(_) = event {
            self.stop();
        }
        let mut state = lock(&self.state);
        state.record.add(event);
        state.board.add(event, Instant::now());
        let mut text = self.lasting(&state, event).map(|line| line + "\n").unwrap_or_default();
        if let Event::Finished(summary) = event {
            text.push_str(if state.written { "\n" } else { "" });
            text.push_str(&closing(&state.record, summary, &self.retry, self.paint));
        }
        state.written |= !text.is_empty();
        match &mut state.screen {
            Some(screen) if !text.is_empty() => screen.above(|| write(&self.out, &text)),
            Some(_) => {}
            None => write(&self.out, &text),
        }
        state.draw();
    }
}

impl Reporter for HumanReporter {
    fn end(&self) {
        self.stop();
    }

    fn suspend(&self, question: &mut dyn FnMut()) {
        // The lock is held meanwhile: no event may draw over the question.
        match &lock(&self.state).screen {
            Some(screen) => screen.above(question),
            None => question(),
        }
    }
}

impl Drop for HumanReporter {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn draw(&mut self) {
        if let Some(screen) = &mut self.screen {
            let lines = self.board.lines((screen.height)().into(), Instant::now());
            screen.show(&lines);
        }
    }
}

/// The lines at the bottom of the terminal that are drawn again and again.
struct Screen {
    all: MultiProgress,
    lines: Vec<ProgressBar>,
    height: Box<dyn Fn() -> u16 + Send>,
}

impl Screen {
    fn new(terminal: Terminal) -> Self {
        let all = MultiProgress::with_draw_target(terminal.target);
        Screen { all, lines: Vec::new(), height: terminal.height }
    }

    fn show(&mut self, lines: &[String]) {
        while self.lines.len() > lines.len() {
            if let Some(line) = self.lines.pop() {
                line.finish_and_clear();
                self.all.remove(&line);
            }
        }
        while self.lines.len() < lines.len() {
            self.lines.push(self.all.add(ProgressBar::new_spinner().with_style(line_style())));
        }
        for (shown, line) in self.lines.iter().zip(lines) {
            if shown.message() != *line {
                shown.set_message(line.clone());
            }
        }
    }

    fn above(&self, write: impl FnOnce()) {
        self.all.suspend(write);
    }

    fn clear(self) {
        let _ = self.all.clear();
    }
}

fn line_style() -> ProgressStyle {
    // The template is a constant of ours; were it wrong, the default style shows the message as well.
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// A thread that brings the times on the terminal up to date, until it is dropped.
struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(state: Arc<Mutex<State>>) -> Self {
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                lock(&state).draw();
            }
        });
        Ticker { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
