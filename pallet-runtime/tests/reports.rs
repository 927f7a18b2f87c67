//! What is written about a run, in each form, from one list of events.

mod support;

use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};
use insta::assert_snapshot;
use pallet_runtime::event::{Event, Listener};
use pallet_runtime::report::{HumanReporter, Paint, Reporter, Retry, Terminal};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use support::{FakeEngine, Place, runs};

fn report(line: &str, events: Vec<Event>) -> String {
    Place::new().run(&FakeEngine::telling(events), line).show()
}

#[test]
fn two_nodes_are_created_and_configured() {
    assert_snapshot!("created_human", report("converge -o human", runs::created()));
    assert_snapshot!("created_plain", report("converge", runs::created()));
    assert_snapshot!("created_json", report("converge -o json", runs::created()));
}

#[test]
fn the_second_run_changes_nothing_and_says_so() {
    assert_snapshot!("unchanged_human", report("converge -o human", runs::unchanged()));
    assert_snapshot!("unchanged_plain", report("converge", runs::unchanged()));
}

#[test]
fn failures_come_first_and_alike_ones_together() {
    assert_snapshot!("failed_human", report("lift -o human web", runs::failed()));
    assert_snapshot!("failed_plain", report("lift web", runs::failed()));
    assert_snapshot!("unreachable_human", report("converge -o human", runs::unreachable()));
}

#[test]
fn a_plan_says_what_comes_and_what_cannot_be_known() {
    assert_snapshot!("planned_human", report("plan -o human --detailed-exit-code", runs::planned()));
    assert_snapshot!("planned_colour", report("plan -o human --color always", runs::planned()));
    assert_snapshot!("planned_nothing", report("plan --detailed-exit-code", runs::planned_nothing()));
}

#[test]
fn nodes_are_destroyed() {
    assert_snapshot!("destroyed_human", report("destroy -o human --yes", runs::destroyed()));
    assert_snapshot!("destroyed_plain", report("destroy --yes", runs::destroyed()));
}

#[test]
fn with_verbose_nothing_is_kept_back() {
    assert_snapshot!("verbose_human", report("converge -o human -v", runs::unchanged()));
}

#[test]
fn no_form_hands_a_nodes_control_characters_on() {
    for format in ["human", "plain", "json"] {
        let shown = report(&format!("lift -v -o {format}"), runs::failed());
        let bad = shown.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "as {format}");
    }
}

/// A terminal that the progress is drawn on and that lasting lines are written to.
#[derive(Clone)]
struct Emulator(InMemoryTerm);

impl Write for Emulator {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
        self.0.write_str(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn live(height: u16) -> (InMemoryTerm, HumanReporter) {
    let screen = InMemoryTerm::new(height, 80);
    let terminal = Terminal {
        target: ProgressDrawTarget::term_like(Box::new(screen.clone())),
        height: Box::new(move || height),
    };
    let out = Arc::new(Mutex::new(Emulator(screen.clone())));
    (screen, HumanReporter::new(out, Some(terminal), Retry::default(), Paint::plain(), false))
}

/// Times tick by themselves; everything else on the screen follows from the events.
fn still(screen: &InMemoryTerm) -> String {
    let lines = screen.contents();
    let still = |line: &str| match line.rsplit_once("  ") {
        Some((rest, time)) if time.ends_with('s') && time.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{rest}  <time>")
        }
        _ => line.to_owned(),
    };
    lines.lines().map(still).collect::<Vec<_>>().join("\n")
}

#[test]
fn on_a_terminal_busy_nodes_have_lines_below_what_is_done() {
    let (screen, reporter) = live(24);
    let events = runs::created();
    let second_install =
        |event: &Event| matches!(event, Event::ActionStarted { node, index: 1, .. } if node == "web-2");
    let until = events.iter().position(second_install).expect("web-2 installs a package");
    events[..=until].iter().for_each(|event| reporter.event(event));
    assert_snapshot!("live_middle", still(&screen));
    events[until + 1..].iter().for_each(|event| reporter.event(event));
    reporter.end();
    assert_snapshot!("live_end", still(&screen));
}

#[test]
fn a_large_fleet_does_not_scroll_a_small_terminal() {
    let (screen, reporter) = live(10);
    let label = |index: usize| runs::action_of(if index.is_multiple_of(3) { "curl" } else { "nginx" });
    let nodes: Vec<String> = (0..300).map(|index| format!("web-{index}")).collect();
    reporter.event(&Event::PhaseStarted { phase: "configure".to_owned(), nodes: nodes.clone() });
    for (index, node) in nodes.into_iter().enumerate() {
        let phase = "configure".to_owned();
        reporter.event(&Event::ActionStarted { node, phase, index: 0, of: 2, action: label(index) });
    }
    assert_eq!(
        still(&screen),
        "configure  0/300 nodes  <time>\n  200 nodes: package nginx\n  100 nodes: package curl"
    );
    reporter.end();
    assert_eq!(screen.contents(), "");
}

#[test]
fn a_question_stands_alone_on_the_screen() {
    let (screen, reporter) = live(24);
    reporter.event(&Event::PhaseStarted { phase: "configure".to_owned(), nodes: vec!["web-1".to_owned()] });
    let seen = Arc::new(Mutex::new(String::new()));
    reporter.suspend(&mut || screen.contents().clone_into(&mut seen.lock().expect("nobody panicked")));
    assert_eq!(*seen.lock().expect("nobody panicked"), "");
    assert!(screen.contents().starts_with("configure"), "{}", screen.contents());
}
