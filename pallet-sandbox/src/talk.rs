//! Listening to a script that the sandbox started: line by line, with a time limit, and with its last words when it
//! fails.

use crate::error::Result;
use pallet::compute::ComputeError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::ChildStdout;
use std::time::{Duration, Instant};

/// What a script says on its standard output.
pub(crate) struct Answers {
    pipe: ChildStdout,
    pending: Vec<u8>,
    /// Where its standard error goes.
    log: PathBuf,
}

impl Answers {
    pub(crate) fn new(pipe: ChildStdout, log: PathBuf) -> Self {
        Answers { pipe, pending: Vec::new(), log }
    }

    /// Returns the next line.
    ///
    /// # Errors
    ///
    /// When the script ends without one, or none comes within the limit.
    pub(crate) fn line(&mut self, limit: Duration) -> Result<String> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            match self.read(deadline.saturating_duration_since(Instant::now())) {
                Ok(0) => return Err(self.ended()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(self.late(limit));
                }
                Err(error) => return Err(self.ended().source(error)),
            }
        }
    }

    /// Returns the error that the script is over, with its last words.
    pub(crate) fn ended(&self) -> ComputeError {
        self.failed("the node ended while it started")
    }

    /// Returns the error that the script took too long.
    pub(crate) fn late(&self, limit: Duration) -> ComputeError {
        self.failed(&format!("the node did not start within {} s", limit.as_secs()))
    }

    /// Returns where the script's standard error goes.
    pub(crate) fn log(&self) -> PathBuf {
        self.log.clone()
    }

    /// Returns the error that the script said something else than it should have.
    pub(crate) fn unexpected(&self, line: &str) -> ComputeError {
        self.failed(&format!("the node said {line:?} while it started"))
    }

    fn read(&mut self, limit: Duration) -> io::Result<usize> {
        let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
        if poll(&mut [PollFd::new(&self.pipe, PollFlags::IN)], Some(&limit))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut buffer = [0; 256];
        let length = self.pipe.read(&mut buffer)?;
        self.pending.extend_from_slice(&buffer[..length]);
        Ok(length)
    }

    /// The log goes away with the node, so its last lines go into the message.
    fn failed(&self, message: &str) -> ComputeError {
        const LINES: usize = 5;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(LINES)..].join("; ");
        ComputeError::failed(if last.is_empty() { message.to_owned() } else { format!("{message}: {last}") })
    }
}
