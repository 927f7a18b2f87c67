//! What people and programs read of a run. Everything here is built from [events](crate::event) and from nothing
//! else; the engine does not know who listens.

mod board;
mod human;
mod json;
mod paint;
mod plain;
mod plan_text;
mod record;
mod summary;
pub(crate) mod text;

pub use human::{HumanReporter, Terminal};
pub use json::JsonReporter;
pub(crate) use json::json_line;
pub use paint::Paint;
pub use plain::PlainReporter;
pub use plan_text::plan_text;
pub use record::{FinishedAction, NodePlan, Record};
pub use summary::{Retry, summary_text};

use crate::event::{Event, Listener};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A listener that writes for somebody.
pub trait Reporter: Listener {
    /// Ends the report: nothing more will happen. Called however the run ended.
    fn end(&self);

    /// Runs `question` while nothing is drawn, for text that somebody else writes.
    fn suspend(&self, question: &mut dyn FnMut());
}

/// A stream to write to, shared.
pub type Sink = Arc<Mutex<dyn Write + Send>>;

/// Hands every event to several listeners, in their order.
pub struct Tee(pub Vec<Arc<dyn Listener>>);

impl Listener for Tee {
    fn event(&self, event: &Event) {
        for listener in &self.0 {
            listener.event(event);
        }
    }
}

/// Hands events on, and after `started` tells what was found odd before the run began.
pub struct Announce {
    notices: Vec<String>,
    next: Tee,
}

impl Announce {
    /// Returns a listener that tells these remarks to `next` too.
    pub fn new(notices: Vec<String>, next: Tee) -> Self {
        Announce { notices, next }
    }
}

impl Listener for Announce {
    fn event(&self, event: &Event) {
        self.next.event(event);
        if let Event::Started { .. } = event {
            for message in &self.notices {
                self.next.event(&Event::Notice { node: None, message: message.clone() });
            }
        }
    }
}

/// Writes a text. A reader that went away is no reason to stop configuring nodes.
pub(crate) fn write(sink: &Sink, text: &str) {
    let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = sink.write_all(text.as_bytes());
    let _ = sink.flush();
}

/// A reporter's state stays usable after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
