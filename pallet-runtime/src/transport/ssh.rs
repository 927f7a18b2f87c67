//! Nodes over SSH: one connection per node, any number of commands on it.
//!
//! Queues are bounded in both directions: who sends a command more than fits must read its output meanwhile.
//!
//! What cannot be known is not guessed: a command that was cut off by a broken connection may have ended, may
//! still run, or may never have started ([`Outcome::ConnectionLost`], [`Outcome::TimedOut`]).
//!
//! [`Outcome::ConnectionLost`]: super::Outcome::ConnectionLost
//! [`Outcome::TimedOut`]: super::Outcome::TimedOut

mod client;
mod login;
mod route;
mod sftp;
mod stream;

pub(crate) use client::{KeyError, PrivateKey, agent_holds, public_half, public_line};
pub use route::{Hop, Limits, Route, Via};

use super::{Channel, Stage, Terminal, Transport, TransportError, upload};
use crate::known_hosts::KnownHosts;
use client::{Session, Stream};
use pallet::compute::BoxFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stream::Complaints;
use tokio::io::AsyncRead;

/// The pauses between attempts to reach a machine that boots, or is busy, grow from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How patient a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long each step of connecting may take, and how long the node may take to start a command.
    pub connect: Duration,
    /// How long the connection may be silent before the node is asked whether it is there.
    pub keepalive: Duration,
    /// How many such questions may stay unanswered.
    pub keepalive_max: usize,
    /// How long a machine may refuse us because it boots. Zero for a machine that runs: the first refusal counts.
    pub boot_window: Duration,
    /// How long a machine may hang up on us before it says a word, because too many log in there at once: sshd's
    /// `MaxStartups`, which a jump host for many nodes meets first.
    pub busy_window: Duration,
}

impl Default for Timing {
    /// Returns limits that a bad mobile network still meets: a silent node is given up after about a minute.
    fn default() -> Self {
        Timing {
            connect: Duration::from_secs(20),
            keepalive: Duration::from_secs(15),
            keepalive_max: 3,
            boot_window: Duration::ZERO,
            busy_window: Duration::from_secs(30),
        }
    }
}

impl Timing {
    /// Returns for how long a failure is worth another attempt.
    fn window(&self, error: &TransportError) -> Duration {
        match error.stage {
            _ if !error.transient => Duration::ZERO,
            Stage::Greeting => self.boot_window.max(self.busy_window),
            _ => self.boot_window,
        }
    }

    /// Returns how long the node may take nothing that we send before it counts as gone.
    fn silence(&self) -> Duration {
        let questions = u32::try_from(self.keepalive_max).unwrap_or(u32::MAX).saturating_add(1);
        self.keepalive.saturating_mul(questions)
    }
}

/// Where the key of a host is looked up.
#[derive(Debug, Clone)]
struct HostCheck {
    files: KnownHosts,
    name: String,
}

/// A connection to a node over SSH, through jump hosts if need be.
pub struct SshTransport {
    node: Session,
    /// The connections that carry the one to the node, the nearest first. Held open as long as it.
    jumps: Vec<Session>,
    /// A connection of others that carries this one.
    from: Option<Arc<SshTransport>>,
}

impl SshTransport {
    /// Connects to the last host of a route and logs in. A machine that boots is given its time.
    ///
    /// # Errors
    ///
    /// Which stage failed and why, with what to do about it; `transient` if the same could succeed later.
    pub async fn connect(route: &Route, timing: &Timing) -> Result<SshTransport, TransportError> {
        patiently(timing, || attempt(route, timing)).await
    }

    /// Connects from a host that is connected to already, whose connection then carries both.
    ///
    /// # Errors
    ///
    /// As [`SshTransport::connect`].
    pub(crate) async fn connect_from(
        from: &Arc<SshTransport>,
        hop: &Hop,
        timing: &Timing,
    ) -> Result<SshTransport, TransportError> {
        let attempt = || async {
            let node = reach(hop, Some(&from.node), timing).await?;
            Ok(SshTransport { node, jumps: Vec::new(), from: Some(Arc::clone(from)) })
        };
        patiently(timing, attempt).await
    }

    /// Tells whether the connection has ended, or one that carries it.
    pub(crate) fn is_over(&self) -> bool {
        let carriers = self.from.iter().any(|from| from.is_over());
        carriers || self.node.is_over() || self.jumps.iter().any(Session::is_over)
    }
}

/// Tries until it succeeds, cannot succeed, or a machine that boots or is busy has had its time.
async fn patiently<F>(timing: &Timing, attempt: impl Fn() -> F) -> Result<SshTransport, TransportError>
where
    F: Future<Output = Result<SshTransport, TransportError>>,
{
    let started = Instant::now();
    let mut pause = PAUSES.0;
    loop {
        let error = match attempt().await {
            Ok(transport) => return Ok(transport),
            Err(error) => error,
        };
        if started.elapsed() + pause > timing.window(&error) {
            return Err(given_up(error, started.elapsed(), timing));
        }
        tokio::time::sleep(spread(pause)).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Returns a part of a pause, at least half of it, by chance: those that were turned away together must not come
/// again together.
fn spread(pause: Duration) -> Duration {
    // Without randomness all wait for the whole pause, and it takes longer.
    let chance = getrandom::u32().unwrap_or(u32::MAX);
    pause.mul_f64(0.5 + f64::from(chance) / f64::from(u32::MAX) / 2.0)
}

impl Transport for SshTransport {
    fn open<'a>(
        &'a self,
        command: &'a str,
        terminal: Terminal,
    ) -> BoxFuture<'a, Result<Channel, TransportError>> {
        Box::pin(self.node.open(command, terminal))
    }

    fn upload<'a>(
        &'a self,
        path: &'a str,
        content: &'a mut (dyn AsyncRead + Send + Unpin),
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        Box::pin(async move {
            match self.node.subsystem("sftp").await? {
                Some(stream) => sftp::write(stream, path, content).await,
                // A small sshd has none.
                None => upload::through_command(self, path, content).await,
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.node.close().await;
            for jump in self.jumps.iter().rev() {
                jump.close().await;
            }
        })
    }
}

/// Connects to each host of the route through the one before it.
async fn attempt(route: &Route, timing: &Timing) -> Result<SshTransport, TransportError> {
    let mut jumps: Vec<Session> = Vec::new();
    let (last, before) = route.split();
    for hop in before {
        let session = reach(hop, jumps.last(), timing).await.map_err(|error| at_jump_host(hop, error))?;
        jumps.push(session);
    }
    let node = reach(last, jumps.last(), timing).await?;
    Ok(SshTransport { node, jumps, from: None })
}

/// Connects to one host and logs in, each step within its time.
async fn reach(hop: &Hop, through: Option<&Session>, timing: &Timing) -> Result<Session, TransportError> {
    let timing = &hop.timing(timing);
    let (stream, complaints): (Box<dyn Stream>, _) = match (&hop.via, through) {
        (Via::Command(command), _) => {
            let (proxy, complaints) = stream::run_proxy(command)?;
            (Box::new(proxy), complaints)
        }
        (Via::Network, _) => {
            let dialling = hop_stream(hop, through, timing);
            (within(timing, hop, "no connection", dialling).await?, Complaints::default())
        }
    };
    let check = HostCheck { files: hop.known_hosts.clone(), name: hop.key_name.clone() };
    let starting = Session::start(stream, check, timing);
    let started = within(timing, hop, "no SSH connection", starting).await;
    let mut session = started.map_err(|error| with_complaint(error, &complaints))?;
    let login = login::log_in(&mut session, &hop.credentials);
    within(timing, hop, "no answer to the login", login).await?;
    Ok(session)
}

async fn hop_stream(
    hop: &Hop,
    through: Option<&Session>,
    timing: &Timing,
) -> Result<Box<dyn Stream>, TransportError> {
    match through {
        Some(jump) => Ok(Box::new(jump.tunnel(&hop.host, hop.port).await?)),
        None => Ok(Box::new(stream::dial(&hop.host, hop.port, timing.connect).await?)),
    }
}

fn with_complaint(error: TransportError, complaints: &Complaints) -> TransportError {
    match complaints.last() {
        // It was the command that hung up, and this is why.
        Some(line) => TransportError {
            stage: Stage::Connect,
            message: format!("{}; its ProxyCommand: {line}", error.message),
            hint: None,
            ..error
        },
        None => error,
    }
}

async fn within<T>(
    timing: &Timing,
    hop: &Hop,
    what: &str,
    step: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    tokio::time::timeout(timing.connect, step).await.unwrap_or_else(|_| {
        let seconds = timing.connect.as_secs_f64();
        Err(TransportError {
            stage: Stage::Connect,
            message: format!("{what} with {} port {} after {seconds} s", hop.host, hop.port),
            hint: None,
            transient: true,
        })
    })
}

fn at_jump_host(hop: &Hop, error: TransportError) -> TransportError {
    TransportError { message: format!("jump host {}: {}", hop.host, error.message), ..error }
}

fn given_up(error: TransportError, after: Duration, timing: &Timing) -> TransportError {
    if timing.window(&error).is_zero() {
        return error;
    }
    TransportError { message: format!("{} (tried for {} s)", error.message, after.as_secs()), ..error }
}
