//! The question before something is lost.

use super::{Prompts, Session};
use crate::report::{Reporter, Sink, text, write};
use crate::request::Confirm;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks the user where nothing is being reported, or answers for them where that was said beforehand.
pub(crate) fn agree(session: &Session<'_>, question: &str) -> bool {
    if session.globals.yes {
        return true;
    }
    let question = text::clean(question);
    if session.world.prompts.interactive() {
        let answer = session.world.prompts.ask(&format!("{question} [y/N]")).unwrap_or_default();
        return matches!(answer.to_lowercase().as_str(), "y" | "yes");
    }
    session.say(&nobody(&question));
    false
}

fn nobody(question: &str) -> String {
    format!("{question}\nnobody is there to answer: `--yes` answers every question with yes")
}

/// Asks the user, or answers for them where that was said beforehand.
pub(crate) struct Ask {
    yes: bool,
    prompts: Arc<dyn Prompts>,
    reporter: Arc<dyn Reporter>,
    stderr: Sink,
    /// Whether an answer is being waited for; an interrupt then ends the program at once.
    asking: Arc<AtomicBool>,
}

impl Ask {
    pub(crate) fn new(session: &Session<'_>, reporter: Arc<dyn Reporter>, asking: Arc<AtomicBool>) -> Self {
        Ask {
            yes: session.globals.yes,
            prompts: Arc::clone(&session.world.prompts),
            reporter,
            stderr: Arc::clone(&session.world.stderr.sink),
            asking,
        }
    }

    fn ask(&self, question: &str) -> bool {
        let mut agreed = false;
        self.asking.store(true, Ordering::SeqCst);
        self.reporter.suspend(&mut || {
            let answer = self.prompts.ask(&format!("{} [y/N]", text::clean(question))).unwrap_or_default();
            agreed = matches!(answer.to_lowercase().as_str(), "y" | "yes");
        });
        self.asking.store(false, Ordering::SeqCst);
        agreed
    }
}

impl Confirm for Ask {
    fn confirm(&self, question: &str) -> bool {
        if self.yes {
            return true;
        }
        if self.prompts.interactive() {
            return self.ask(question);
        }
        let question = text::clean(question);
        write(&self.stderr, &format!("{}\n", nobody(&question)));
        false
    }
}
