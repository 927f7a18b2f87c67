//! How an action runs: what every kind of action can be told beside what it declares.

use super::builder::{refuse, with_node};
use super::env::Env;
use super::handle::{Handle, Handles};
use crate::action::Action;
use crate::condition::Condition;
use crate::location::Location;
use crate::name::Tag;
use crate::sorted::Set;
use std::time::Duration;

/// How an action runs.
#[derive(Debug, Clone, Default)]
pub struct How {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) tags: Set<Tag>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: Option<Retries>,
    pub(crate) ignores_failure: bool,
    pub(crate) sensitive: bool,
    pub(crate) umask: Option<u32>,
    pub(crate) env: Env,
}

/// How often an action is tried again, and after which pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retries {
    pub(crate) times: u32,
    pub(crate) pause: Duration,
}

impl How {
    /// Returns the tags by which the action can be selected.
    pub fn tags(&self) -> &Set<Tag> {
        &self.tags
    }

    /// Tells whether nothing of the action is shown: no output, no difference, no subject.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Tells whether the action may not run, because a condition decides.
    pub fn is_conditional(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// Tells whether the run goes on when the action fails.
    pub fn ignores_failure(&self) -> bool {
        self.ignores_failure
    }
}

impl<A: Action> Handle<A> {
    /// Lets the action run only when a condition holds; with several, when all do. A condition that is not known
    /// before the run is asked on the node when the action's turn comes, and a plan shows the action as unknown.
    #[track_caller]
    pub fn when(self, condition: impl Into<Condition>) -> Self {
        let condition = condition.into();
        let location = Location::caller();
        if let Err(message) = condition.check() {
            refuse(location, message, None);
        }
        with_node(self.any, |node| node.how.conditions.push(condition));
        self
    }

    /// Lets the action run only when a condition does not hold.
    #[track_caller]
    pub fn unless(self, condition: impl Into<Condition>) -> Self {
        self.when(!condition.into())
    }

    /// Lets the action run only when one of these has changed something.
    #[track_caller]
    pub fn if_changed(self, actions: impl Handles) -> Self {
        self.when(Condition::changed(actions))
    }

    /// Gives the action tags: `--tag` and `--skip-tag` select by them. See also [`tagged`](crate::graph::tagged).
    #[track_caller]
    pub fn tags<T: AsRef<str>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        let location = Location::caller();
        for tag in tags {
            match Tag::new(tag.as_ref()) {
                Ok(tag) => with_node(self.any, |node| node.how.tags.extend([tag])),
                Err(error) => refuse(location, error.to_string(), None),
            }
        }
        self
    }

    /// Ends the action when it takes longer: what it started is told to stop, killed after five seconds, and the action
    /// fails. Whole seconds, rounded up.
    #[track_caller]
    pub fn timeout(self, limit: Duration) -> Self {
        if limit.is_zero() {
            refuse(Location::caller(), "a timeout of nothing leaves no time to run", None);
        }
        with_node(self.any, |node| node.how.timeout = Some(limit));
        self
    }

    /// Tries the action again up to this often when it fails, after this pause, which doubles each time.
    #[track_caller]
    pub fn retries(self, times: u32, pause: Duration) -> Self {
        with_node(self.any, |node| node.how.retries = Some(Retries { times, pause }));
        self
    }

    /// Lets the run go on when the action fails. The failure is reported, and counted apart.
    #[track_caller]
    pub fn ignore_failure(self) -> Self {
        with_node(self.any, |node| node.how.ignores_failure = true);
        self
    }

    /// Shows nothing of the action but its kind and line: for what is secret without being a
    /// [`Secret`](crate::Secret), such as the output of a command.
    #[track_caller]
    pub fn sensitive(self) -> Self {
        with_node(self.any, |node| node.how.sensitive = true);
        self
    }

    /// Sets the umask for what the action creates, such as `0o027`.
    #[track_caller]
    pub fn umask(self, mask: u32) -> Self {
        if mask > 0o777 {
            refuse(Location::caller(), format!("{mask:o} is not a umask"), Some("write one such as 0o027"));
        }
        with_node(self.any, |node| node.how.umask = Some(mask));
        self
    }
}
