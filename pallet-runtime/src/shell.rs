//! A root shell on a node that stays open, and the frames in which scripts go there and answers come back.
//!
//! A script is sent as the body of a shell function, so that a script cut short by a lost connection never runs
//! in part, and the function runs with an empty standard input, so that no command can eat what we send next.
//! Answers are divided by marks that begin with a random token. The token is a shell variable that is not
//! exported and that is unset before any command of the user's runs, so what a command prints cannot pass for a
//! mark.

mod framer;

pub use framer::{Framer, Item};

use crate::transport::{Channel, Outcome, Output};
use pallet::probe::Section;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of an answer is kept in memory. Far more than any probe gives, far less than a hostile node would.
const ANSWER_LIMIT: usize = 64 << 20;

/// How much is handed to the transport at once.
const CHUNK: usize = 32 << 10;

/// How much of what the shell complains about is kept.
const COMPLAINT_LIMIT: usize = 4 << 10;

/// A root shell that stays open.
pub struct RootShell {
    channel: Channel,
    token: String,
    complaints: Vec<u8>,
    traffic: Arc<Traffic>,
    framer: Framer,
}

/// What open shells cost, all of a run together.
#[derive(Debug, Default)]
pub struct Traffic {
    round_trips: AtomicU64,
    bytes_sent: AtomicU64,
}

impl Traffic {
    /// Returns how often an answer was waited for.
    pub fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::Relaxed)
    }

    /// Adds bytes that were sent past a shell.
    pub fn count_bytes(&self, bytes: u64) {
        self.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns how many bytes were sent.
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }
}

/// Why a script has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellError {
    /// The shell is gone. What was running may or may not have run to its end.
    Gone {
        /// How it ended.
        outcome: Outcome,
        /// What it said last.
        complaint: String,
    },
    /// The node sends without end.
    TooMuch,
    /// The node's marks have no sense.
    Garbled(String),
}

impl fmt::Display for ShellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShellError::Gone { outcome, complaint } if complaint.is_empty() => {
                write!(f, "the shell on the node ended: {outcome}")
            }
            ShellError::Gone { outcome, complaint } => {
                write!(f, "the shell on the node ended: {outcome}: {complaint}")
            }
            ShellError::TooMuch => write!(f, "the node answered with more than {} MiB", ANSWER_LIMIT >> 20),
            ShellError::Garbled(what) => write!(f, "the node's answer makes no sense: {what}"),
        }
    }
}

impl std::error::Error for ShellError {}

/// Returns 128 random bits in hexadecimal.
///
/// # Errors
///
/// When the operating system has none.
pub fn random_token() -> Result<String, getrandom::Error> {
    Ok(format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?))
}

impl RootShell {
    /// Returns the shell at the other end of `channel`, which must read `sh` commands already.
    pub fn new(channel: Channel, token: String, traffic: Arc<Traffic>) -> Self {
        let framer = Framer::new(&token);
        RootShell { channel, token, complaints: Vec::new(), traffic, framer }
    }

    /// Returns the commands that must be sent before the first script: they go along with it.
    fn prologue(&self) -> String {
        format!(
            "p_token={}\nLC_ALL=C; export LC_ALL; unset CDPATH; umask 022\n\
             PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH\n\
             p_frame() {{ printf '\\036%s %s\\n' \"$p_token\" \"$*\"; }}\n",
            self.token
        )
    }

    /// Prepares the shell and runs the first script in one exchange.
    ///
    /// # Errors
    ///
    /// See [`ShellError`].
    pub async fn open(&mut self, script: &[u8]) -> Result<Vec<Section>, ShellError> {
        let prologue = self.prologue();
        self.exchange(prologue.as_bytes(), script).await
    }

    /// Runs a script and returns its answer.
    ///
    /// # Errors
    ///
    /// See [`ShellError`].
    pub async fn run(&mut self, script: &[u8]) -> Result<Vec<Section>, ShellError> {
        self.exchange(b"", script).await
    }

    async fn exchange(&mut self, before: &[u8], script: &[u8]) -> Result<Vec<Section>, ShellError> {
        let mut sections: Vec<Section> = Vec::new();
        let mut size = 0;
        self.stream(before, script, |item| {
            match item {
                Item::Mark(header) => {
                    size += header.len();
                    sections.push(Section { header, body: Vec::new() });
                }
                Item::Bytes(bytes) => {
                    size += bytes.len();
                    // What comes before the first mark is nobody's answer.
                    if let Some(section) = sections.last_mut() {
                        section.body.extend_from_slice(&bytes);
                    }
                }
            }
            if size > ANSWER_LIMIT { Err(ShellError::TooMuch) } else { Ok(()) }
        })
        .await?;
        Ok(sections)
    }

    /// Runs a script and hands over what it answers as it comes.
    ///
    /// # Errors
    ///
    /// See [`ShellError`]; and what `sink` returns.
    pub async fn stream(
        &mut self,
        before: &[u8],
        script: &[u8],
        mut sink: impl FnMut(Item) -> Result<(), ShellError>,
    ) -> Result<(), ShellError> {
        let mut message = before.to_vec();
        message.extend_from_slice(b"p_run() {\n:\n");
        message.extend_from_slice(script);
        message.extend_from_slice(b"\n}\np_run </dev/null 2>&1\np_frame over\n");
        self.traffic.round_trips.fetch_add(1, Ordering::Relaxed);
        self.traffic.bytes_sent.fetch_add(message.len() as u64, Ordering::Relaxed);
        let mut chunks = message.chunks(CHUNK).peekable();
        loop {
            // A node may answer before it has read everything, and must then not wait for us to listen.
            let output = if let Some(chunk) = chunks.peek() {
                tokio::select! {
                    permit = self.channel.input.reserve() => {
                        match permit {
                            Ok(permit) => {
                                permit.send(chunk.to_vec());
                                chunks.next();
                                continue;
                            }
                            Err(_) => self.channel.output.recv().await,
                        }
                    }
                    output = self.channel.output.recv() => output,
                }
            } else {
                self.channel.output.recv().await
            };
            match output {
                Some(Output::Stdout(bytes)) => {
                    for item in self.framer.push(&bytes)? {
                        if item == Item::Mark("over".to_owned()) {
                            return Ok(());
                        }
                        sink(item)?;
                    }
                }
                Some(Output::Stderr(bytes)) => self.complain(&bytes),
                Some(Output::End(outcome)) => return Err(self.gone(outcome)),
                None => return Err(self.gone(Outcome::ConnectionLost("the connection is closed".to_owned()))),
            }
        }
    }

    /// What comes on standard error is not of a script but of the shell itself, or of what started it.
    fn complain(&mut self, bytes: &[u8]) {
        self.complaints.extend_from_slice(bytes);
        let excess = self.complaints.len().saturating_sub(COMPLAINT_LIMIT);
        self.complaints.drain(..excess);
    }

    fn gone(&self, outcome: Outcome) -> ShellError {
        let text = String::from_utf8_lossy(&self.complaints);
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        ShellError::Gone { outcome, complaint: visible(last) }
    }
}

/// Returns a line of a node without anything that a terminal would obey.
pub fn visible(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() || ('\u{200e}'..='\u{202e}').contains(&c) => '\u{fffd}',
            c => c,
        })
        .collect()
}
