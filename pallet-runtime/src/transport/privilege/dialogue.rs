//! Listening for marks in a command's output, whatever else it says.

use super::script::{Mark, Marks, Tool};
use super::{Channel, Outcome, Terminal, Way};
use crate::transport::Output;
use pallet::Secret;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How much output before the program is kept for messages and for marks that come in pieces. Banners are longer
/// only where something is wrong.
const KEPT: usize = 16 * 1024;
/// How much of it is shown.
const SHOWN: usize = 400;

/// A command on its way to become the program.
pub(super) struct Dialogue {
    channel: Channel,
    terminal: Terminal,
    marks: Marks,
    stdout: Heap,
    stderr: Heap,
}

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The program runs as root and has said nothing yet that is not kept for it.
    Ready,
    /// A password is asked for.
    Prompt,
    /// The command is over.
    End(Outcome),
    /// Nothing, for too long.
    Silence,
}

impl Dialogue {
    pub(super) fn new(channel: Channel, terminal: Terminal, marks: Marks) -> Self {
        Dialogue { channel, terminal, marks, stdout: Heap::default(), stderr: Heap::default() }
    }

    /// Reads until something is heard that matters.
    pub(super) async fn listen(&mut self, patience: Duration) -> Heard {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(heard) = self.recognise() {
                return heard;
            }
            match tokio::time::timeout_at(deadline, self.channel.output.recv()).await {
                Err(_) => return Heard::Silence,
                Ok(Some(Output::Stdout(bytes))) => self.stdout.add(&bytes),
                Ok(Some(Output::Stderr(bytes))) => self.stderr.add(&bytes),
                Ok(Some(Output::End(outcome))) => return Heard::End(outcome),
                Ok(None) => return Heard::End(Outcome::ConnectionLost("the streams were closed".to_owned())),
            }
        }
    }

    /// Sends a password and the end of the line.
    pub(super) async fn send_line(&mut self, password: &Secret) {
        let mut line = password.expose().clone().into_bytes();
        line.push(b'\n');
        // If the command is over, its output says so.
        let _ = self.channel.input.send(line).await;
    }

    /// Returns the tool that speaks.
    pub(super) fn tool(&self, way: Way) -> Tool {
        match way {
            Way::Doas => Tool::Doas,
            Way::Auto if self.said(Mark::Doas) => Tool::Doas,
            Way::Auto | Way::Sudo | Way::Direct => Tool::Sudo,
        }
    }

    /// Returns whether neither sudo nor doas is there.
    pub(super) fn neither(&self) -> bool {
        self.said(Mark::Neither)
    }

    /// Returns the last that was said, without marks, on one line.
    pub(super) fn last_words(&self) -> String {
        let both = [&self.stdout.bytes[..], b"\n", &self.stderr.bytes[..]].concat();
        let mut text = String::from_utf8_lossy(&both).into_owned();
        for mark in [Mark::Ready, Mark::Prompt, Mark::Sudo, Mark::Doas, Mark::Neither] {
            text = text.replace(&self.marks.text(mark), "\n");
        }
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let words: String = lines.join("; ").chars().filter(|c| !c.is_control()).collect();
        let skip = words.chars().count().saturating_sub(SHOWN);
        words.chars().skip(skip).collect()
    }

    /// Returns the streams of the program, from its first byte.
    pub(super) fn into_channel(self) -> Channel {
        let (stdout, stderr) = (self.stdout.bytes, self.stderr.bytes);
        if stdout.is_empty() && stderr.is_empty() {
            return self.channel;
        }
        let Channel { input, output } = self.channel;
        Channel { input, output: preceded(stdout, stderr, output) }
    }

    fn said(&self, mark: Mark) -> bool {
        self.stdout.find(&self.marks.text(mark)).is_some()
    }

    fn recognise(&mut self) -> Option<Heard> {
        if self.is_prompted() {
            return Some(Heard::Prompt);
        }
        self.is_ready().then_some(Heard::Ready)
    }

    /// Takes a prompt out of what was said.
    fn is_prompted(&mut self) -> bool {
        let prompt = self.marks.text(Mark::Prompt);
        let heap = match self.terminal {
            Terminal::None => &mut self.stderr,
            Terminal::Pseudo => &mut self.stdout,
        };
        heap.take_through(&prompt) || (self.terminal == Terminal::Pseudo && self.is_prompted_by_doas())
    }

    /// doas cannot be told what to ask with. It is started right after its mark, so what follows that is its own.
    fn is_prompted_by_doas(&mut self) -> bool {
        let Some(start) = self.stdout.find(&self.marks.text(Mark::Doas)) else { return false };
        let asks = self.stdout.bytes[start..].ends_with(b"assword: ");
        if asks {
            self.stdout.bytes.truncate(start);
        }
        asks
    }

    /// Takes everything through the marks out of what was said, once they are on both streams.
    fn is_ready(&mut self) -> bool {
        let ready = self.marks.text(Mark::Ready);
        match self.terminal {
            Terminal::None => {
                self.stdout.wait_for(&ready);
                self.stderr.wait_for(&ready);
                self.stdout.ready && self.stderr.ready
            }
            Terminal::Pseudo => self.stdout.take_through(&ready.repeat(2)),
        }
    }
}

/// What one stream said so far, without its beginning if that was much.
#[derive(Default)]
struct Heap {
    bytes: Vec<u8>,
    /// Whether the program has begun. What follows is its own, and none of it is dropped.
    ready: bool,
}

impl Heap {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // In halves, so that not every byte beyond the limit moves all others; never what was just added.
        if !self.ready && self.bytes.len() > 2 * KEPT + bytes.len() {
            self.bytes.drain(..self.bytes.len() - KEPT - bytes.len());
        }
    }

    fn wait_for(&mut self, mark: &str) {
        self.ready = self.ready || self.take_through(mark);
    }

    /// Returns the position behind the first occurrence.
    fn find(&self, text: &str) -> Option<usize> {
        let text = text.as_bytes();
        self.bytes.windows(text.len()).position(|window| window == text).map(|start| start + text.len())
    }

    /// Removes everything through the first occurrence; returns whether there is one.
    fn take_through(&mut self, text: &str) -> bool {
        let end = self.find(text);
        self.bytes.drain(..end.unwrap_or(0));
        end.is_some()
    }
}

/// Returns a receiver that yields what was read too far before the rest.
fn preceded(stdout: Vec<u8>, stderr: Vec<u8>, mut rest: mpsc::Receiver<Output>) -> mpsc::Receiver<Output> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let first = [Output::Stdout(stdout), Output::Stderr(stderr)].into_iter();
        for output in
            first.filter(|output| !matches!(output, Output::Stdout(b) | Output::Stderr(b) if b.is_empty()))
        {
            if sender.send(output).await.is_err() {
                return;
            }
        }
        while let Some(output) = rest.recv().await {
            if sender.send(output).await.is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests;
