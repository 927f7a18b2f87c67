//! Ctrl-C and SIGTERM: the first asks the run to end, the second ends the program.

use super::exit;
use crate::error::InputError;
use crate::report::{Reporter, Sink, write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const FIRST: &str = "interrupted: nothing new is started, what runs is waited for; once more stops at once\n";

/// Listens to interrupts until it is dropped.
pub(crate) struct Interrupts {
    // Kept also where nobody sends: a receiver whose sender is gone would seem to have news all the time.
    cancel: watch::Sender<bool>,
    asking: Arc<AtomicBool>,
    task: Option<JoinHandle<()>>,
}

impl Interrupts {
    /// Returns a handler that listens if `wanted` and tells the user through `reporter`, whose lines it must not mix with.
    ///
    /// # Errors
    ///
    /// When the system does not let the process listen.
    pub(crate) fn handle(
        wanted: bool,
        reporter: Arc<dyn Reporter>,
        stderr: Sink,
    ) -> Result<Self, InputError> {
        let cancel = watch::Sender::new(false);
        let asking = Arc::new(AtomicBool::new(false));
        let mut interrupts = Interrupts { cancel, asking, task: None };
        if wanted {
            let signals = Signals::new()
                .map_err(|error| InputError::new("cannot listen to interrupts").source(error))?;
            let (cancel, asking) = (interrupts.cancel.clone(), interrupts.asking());
            interrupts.task = Some(tokio::spawn(obey(signals, cancel, asking, reporter, stderr)));
        }
        Ok(interrupts)
    }

    /// Returns what becomes true at the first interrupt.
    pub(crate) fn cancelled(&self) -> watch::Receiver<bool> {
        self.cancel.subscribe()
    }

    /// Tells whether there was an interrupt.
    pub(crate) fn happened(&self) -> bool {
        *self.cancel.borrow()
    }

    /// Returns the switch that says a question waits for its answer. Nothing is under way then, so the first
    /// interrupt ends the program.
    pub(crate) fn asking(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asking)
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn obey(
    mut signals: Signals,
    cancel: watch::Sender<bool>,
    asking: Arc<AtomicBool>,
    reporter: Arc<dyn Reporter>,
    stderr: Sink,
) {
    signals.next().await;
    if !asking.load(Ordering::SeqCst) {
        cancel.send_replace(true);
        reporter.suspend(&mut || write(&stderr, FIRST));
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
