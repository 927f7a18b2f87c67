//! Sends a file through a command of its own: what every transport can do.

use super::{Outcome, Output, Stage, Terminal, Transport, TransportError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

/// How much is handed to the transport at once.
const CHUNK: usize = 32 << 10;

/// How much of what the command complains about is kept.
const COMPLAINT_LIMIT: usize = 4 << 10;

/// Writes a new file by sending its content to `cat` on the node.
pub(super) async fn through_command<T: Transport + ?Sized>(
    transport: &T,
    path: &str,
    content: &mut (dyn AsyncRead + Send + Unpin),
) -> Result<(), TransportError> {
    check(path)?;
    let command = format!("sh -c 'umask 077; set -C; cat >\"$0\"' {path}");
    let mut channel = transport.open(&command, Terminal::None).await?;
    let mut input = Some(channel.input);
    let mut complaint = Vec::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let turn = match &input {
            // A command that has failed says so before it has read everything.
            Some(sender) => tokio::select! {
                permit = sender.clone().reserve_owned() => Turn::Room(permit.ok()),
                output = channel.output.recv() => Turn::Said(output),
            },
            None => Turn::Said(channel.output.recv().await),
        };
        let output = match turn {
            Turn::Said(output) => output,
            Turn::Room(permit) => {
                let read = content.read(&mut buffer).await;
                let length = read.map_err(|error| failed(path, &format!("it cannot be read: {error}")))?;
                match permit {
                    Some(permit) if length > 0 => drop(permit.send(buffer[..length].to_vec())),
                    _ => input = None,
                }
                continue;
            }
        };
        match output {
            Some(Output::Stdout(_)) => {}
            Some(Output::Stderr(bytes)) => {
                complaint.extend_from_slice(&bytes);
                complaint.truncate(COMPLAINT_LIMIT);
            }
            Some(Output::End(Outcome::Exited(0))) if input.is_none() => return Ok(()),
            Some(Output::End(outcome)) => {
                let words = String::from_utf8_lossy(&complaint);
                let last =
                    words.lines().rev().find(|line| !line.trim().is_empty()).map(crate::shell::visible);
                return Err(failed(path, &last.unwrap_or_else(|| outcome.to_string())));
            }
            None => return Err(failed(path, "the connection is closed")),
        }
    }
}

enum Turn {
    /// There is room for more, unless the command is gone.
    Room(Option<mpsc::OwnedPermit<Vec<u8>>>),
    Said(Option<Output>),
}

/// The command line is read by the login user's shell, whichever that is.
pub(super) fn check(path: &str) -> Result<(), TransportError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if path.starts_with('/') && path.bytes().all(plain) {
        Ok(())
    } else {
        Err(failed(path, "not a plain path"))
    }
}

pub(super) fn failed(path: &str, words: &str) -> TransportError {
    TransportError {
        stage: Stage::Upload,
        message: format!("cannot send {path}: {words}"),
        hint: Some("is the disk of the node full?".to_owned()),
        transient: false,
    }
}
