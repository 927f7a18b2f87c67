//! How the controller reaches a node: a [`Transport`] starts commands there and hands back their streams.
//!
//! A transport knows nothing of phases, scripts or root; it starts a command line as the login user. What
//! becomes root is in [`privilege`], what frames scripts and results is in `shell.rs`.

pub mod local;
pub mod privilege;
pub mod ssh;
mod upload;

use pallet::compute::BoxFuture;
use std::fmt;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;

/// A connection to a node, over which any number of commands can be started.
pub trait Transport: Send + Sync {
    /// Starts a command line under the login user's shell and returns its streams.
    ///
    /// # Errors
    ///
    /// When the connection is gone or the node refuses a channel or a terminal.
    fn open<'a>(
        &'a self,
        command: &'a str,
        terminal: Terminal,
    ) -> BoxFuture<'a, Result<Channel, TransportError>>;

    /// Writes a new file as the login user, readable for that user alone, beside the commands that run. The path must
    /// consist of letters, digits and `/._-`, and nothing may be there.
    ///
    /// # Errors
    ///
    /// When the connection is gone, the file cannot be made, or there is no room for all of it.
    fn upload<'a>(
        &'a self,
        path: &'a str,
        content: &'a mut (dyn AsyncRead + Send + Unpin),
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        Box::pin(upload::through_command(self, path, content))
    }

    /// Ends the connection. Commands that still run lose their streams, and their terminal where they have one. Where there
    /// is no connection, as on this machine, they lose them with the last of their [`Channel`].
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Whether a command gets a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terminal {
    /// Pipes: bytes arrive as they were sent, and standard error is apart.
    None,
    /// A pseudo-terminal, for a sudo that insists on one (`requiretty`) and for doas, which reads passwords from
    /// nothing else. Standard error is mixed into standard output.
    Pseudo,
}

/// The streams of one running command.
///
/// Dropping `input` closes the command's standard input. `output` ends after exactly one [`Output::End`].
#[derive(Debug)]
pub struct Channel {
    /// To its standard input. Bounded, so that a slow node slows its sender.
    pub input: mpsc::Sender<Vec<u8>>,
    /// What it writes, and how it ends.
    pub output: mpsc::Receiver<Output>,
}

/// Something that a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// It wrote this to its standard output.
    Stdout(Vec<u8>),
    /// It wrote this to its standard error.
    Stderr(Vec<u8>),
    /// It is over.
    End(Outcome),
}

/// How a command ended: four different things that call for four different answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ended by itself with this exit code.
    Exited(i32),
    /// This signal ended it (`KILL`, `TERM`); it may have done a part of its work.
    Killed(String),
    /// The connection broke. Whether the command ended, still runs, or never started is not known.
    ConnectionLost(String),
    /// The connection went silent: keepalives were not answered in time. As little is known as above.
    TimedOut,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Exited(code) => write!(f, "exited with code {code}"),
            Outcome::Killed(signal) => write!(f, "killed by signal {signal}"),
            Outcome::ConnectionLost(why) => write!(f, "connection lost: {why}"),
            Outcome::TimedOut => f.write_str("connection timed out"),
        }
    }
}

/// Why a connection or a command could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// What stage failed.
    pub stage: Stage,
    /// What went wrong there, with the names involved.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether trying again can help: a machine that boots refuses first, then lets us in.
    pub transient: bool,
}

/// The stages of reaching a node, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading keys, known hosts and configuration on the controller.
    Credentials,
    /// Finding the address of a host name.
    Resolve,
    /// The TCP connection, or the start of a local program.
    Connect,
    /// The first words of both sides. A server at which too many log in at once hangs up here.
    Greeting,
    /// The host key.
    HostKey,
    /// Logging in.
    Authenticate,
    /// Starting a command.
    Open,
    /// Becoming root.
    Privilege,
    /// Sending a file.
    Upload,
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {}
