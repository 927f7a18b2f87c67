//! Ctrl-C and SIGTERM: the first asks the run to end, the second ends the program.

use super::exit;
use crate::report::{Sink, write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Listens to interrupts until it is dropped.
pub(crate) struct Interrupts {
    task: Option<JoinHandle<()>>,
}

impl Interrupts {
    /// Returns a handler that sets `cancel` at the first interrupt. While `asking` nothing is under way, so the
    /// first one ends the program.
    pub(crate) fn handle(
        wanted: bool,
        cancel: watch::Sender<bool>,
        asking: Arc<AtomicBool>,
        stderr: Sink,
    ) -> std::io::Result<Self> {
        let task = if wanted {
            Some(tokio::spawn(watch_signals(Signals::new()?, cancel, asking, stderr)))
        } else {
            None
        };
        Ok(Interrupts { task })
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn watch_signals(
    mut signals: Signals,
    cancel: watch::Sender<bool>,
    asking: Arc<AtomicBool>,
    stderr: Sink,
) {
    signals.next().await;
    if !asking.load(Ordering::SeqCst) {
        cancel.send_replace(true);
        write(
            &stderr,
            "\ninterrupted: nothing new is started, what runs is waited for; once more stops at once\n",
        );
        signals.next().await;
    }
    std::process::exit(exit::INTERRUPTED.into());
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        // Where interrupts cannot be heard there are none.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
