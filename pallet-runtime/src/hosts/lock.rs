//! One run at a time for each service of a host, whichever controllers they come from.
//!
//! The lock is the host's own, on the file that a run of pallet on the host itself would lock. A script there holds it as
//! long as this side speaks: the end of the connection, or a minute and a half of silence, gives it back. So no lock is
//! left behind by a controller that was killed or cut off.

use super::Hosts;
use super::runner::quoted;
use crate::transport::Stage;
use crate::transport::{Channel, Outcome, Output, Terminal, Transport, TransportError};
use pallet::name::ServiceName;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How often this side says that it is there.
const BEAT: Duration = Duration::from_secs(20);
/// How long the host may take to answer.
const LIMIT: Duration = Duration::from_secs(30);

/// The right to change the nodes of a service on a host, held until it is dropped.
pub struct HostLock {
    speaking: JoinHandle<()>,
}

/// Why a lock was not given.
#[derive(Debug)]
pub enum NotLocked {
    /// Somebody else holds it, whom this describes.
    Busy(String),
    /// The host could not be asked.
    Failed(TransportError),
}

impl HostLock {
    /// Takes the lock of a service on a host for a holder, who is described for whoever comes second. On a host that has
    /// no `flock`, as macOS, nothing is locked.
    ///
    /// # Errors
    ///
    /// When another run holds it, or the host cannot be reached.
    pub async fn take(
        hosts: &Hosts,
        host: &str,
        service: &ServiceName,
        holder: &str,
    ) -> Result<HostLock, NotLocked> {
        let connection = hosts.connection(host).await.map_err(NotLocked::Failed)?;
        let line = format!(
            "exec sh -c {} sh {} {}",
            quoted(include_str!("lock.sh")),
            quoted(service.as_str()),
            quoted(holder)
        );
        let Channel { input, mut output } =
            connection.open(&line, Terminal::None).await.map_err(NotLocked::Failed)?;
        let answer = tokio::time::timeout(LIMIT, answer(&mut output)).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        match answer {
            Ok(Answer::Held) => Ok(HostLock { speaking: tokio::spawn(speak(input, output)) }),
            Ok(Answer::Busy(who)) => Err(NotLocked::Busy(who)),
            Err(why) => Err(NotLocked::Failed(TransportError {
                stage: Stage::Open,
                message: format!("the host {host} gives no lock for the service {service}: {why}"),
                hint: Some("its home folder must be writable".to_owned()),
                transient: true,
            })),
        }
    }
}

impl Drop for HostLock {
    /// The script there sees the end of its input.
    fn drop(&mut self) {
        self.speaking.abort();
    }
}

enum Answer {
    Held,
    Busy(String),
}

async fn answer(output: &mut mpsc::Receiver<Output>) -> Result<Answer, String> {
    let (mut text, mut complaint) = (String::new(), String::new());
    while let Some(part) = output.recv().await {
        match part {
            Output::Stdout(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
            Output::Stderr(bytes) => complaint.push_str(&String::from_utf8_lossy(&bytes)),
            Output::End(Outcome::Exited(0)) => break,
            Output::End(outcome) => return Err(format!("{outcome}: {}", complaint.trim())),
        }
        if matches!(text.as_str(), "held\n" | "none\n") {
            return Ok(Answer::Held);
        }
    }
    match text.strip_prefix("busy\n") {
        Some(who) => Ok(Answer::Busy(who.trim().to_owned())),
        None => Err(format!("it says {:?}", text.trim())),
    }
}

/// Says that we are there until the connection is gone. What the script writes is of no interest, but must be read.
async fn speak(input: mpsc::Sender<Vec<u8>>, mut output: mpsc::Receiver<Output>) {
    loop {
        tokio::select! {
            part = output.recv() => if part.is_none() { return },
            () = tokio::time::sleep(BEAT) => if input.send(b".".to_vec()).await.is_err() { return },
        }
    }
}
