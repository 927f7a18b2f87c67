//! What is asked of a run, and how a run ends when it cannot do it.

use crate::event::{Failure, Summary, Verb};
use pallet::name::{GroupName, PhaseName, Tag};
use pallet::sorted::Set;
use std::fmt;

/// What is asked of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// The groups to do it to, each with a count that overrides its own; empty means all.
    pub groups: Vec<(GroupName, Option<u32>)>,
    /// The phases to run; empty means the default phases of each group.
    pub phases: Vec<PhaseName>,
    /// Removing nodes needs no question.
    pub allow_destroy: bool,
    /// Check every existing node before any is touched, and touch none if one is not well.
    pub require_all: bool,
    /// Overwrite files that somebody else edited since our last write.
    pub overwrite_edits: bool,
    /// Compute differences of contents in a plan.
    pub diffs: bool,
    /// How many nodes are worked on at once.
    pub parallel: usize,
    /// Only actions with one of these tags; empty means all.
    pub tags: Set<Tag>,
    /// No actions with one of these tags.
    pub skip_tags: Set<Tag>,
    /// The snapshot that nodes which exist are put back to before they are configured.
    pub from_snapshot: Option<String>,
}

impl Request {
    /// Returns a request for all groups and their default phases.
    pub fn new(verb: Verb) -> Self {
        Request {
            verb,
            groups: Vec::new(),
            phases: Vec::new(),
            allow_destroy: false,
            require_all: false,
            overwrite_edits: false,
            diffs: true,
            parallel: 64,
            tags: Set::new(),
            skip_tags: Set::new(),
            from_snapshot: None,
        }
    }
}

/// Why a run did not do what was asked.
#[derive(Debug)]
pub enum RunError {
    /// Something the user gave is wrong; nothing was touched. Exit code 2.
    Input(Vec<Failure>),
    /// Nodes failed; the events said which and why. Exit code 1.
    Failed(Box<Summary>),
    /// The compute service did not answer well; no node was touched. Exit code 1.
    Service(Failure),
    /// The user said no, or was interrupted before anything began. Exit code 1.
    Declined,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Input(failures) => {
                let messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
                f.write_str(&messages.join("; "))
            }
            RunError::Failed(summary) => write!(f, "failed on {}", summary.failed_nodes.join(", ")),
            RunError::Service(failure) => f.write_str(&failure.message),
            RunError::Declined => f.write_str("declined"),
        }
    }
}

impl std::error::Error for RunError {}

/// Asks the user before something is destroyed.
pub trait Confirm: Send + Sync {
    /// Returns whether to go on. `question` names what would be lost.
    fn confirm(&self, question: &str) -> bool;
}
