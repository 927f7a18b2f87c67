//! The action graph: what a phase wants of one node, as plain data.
//!
//! A phase is an ordinary Rust function. While it runs, an ambient builder ([`build`]) takes down every action
//! at the moment its constructor is called, so no action is lost however it is called: in a loop, a closure, a
//! macro or a helper in another package. What comes out is a list of actions in program order with edges.
//!
#![doc = include_str!("../docs/mistakes.md")]

#[cfg(feature = "engine")]
mod actions;
mod builder;
#[cfg(feature = "engine")]
pub mod draw;
mod env;
mod error;
mod handle;
mod how;
#[cfg(feature = "engine")]
mod running;

#[cfg(feature = "engine")]
pub use actions::ActionGraph;
#[cfg(feature = "engine")]
pub use builder::{Built, build, build_phase, build_phases};
pub(crate) use builder::{building_node, refuse, stop, with_context};
pub use builder::{record, tagged};
pub use env::RunsPrograms;
pub(crate) use env::check_variable;
pub use error::{GraphError, KnownAfter, Mistake};
pub use handle::{AnyHandle, Handle, Handles, Value};
pub use how::How;

pub(crate) use builder::enter_phase;

use crate::action::Action;
use crate::location::Location;
use crate::sorted::Set;

/// The number of an action in its graph, from 0, in program order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub usize);

/// An action in a graph.
#[derive(Debug)]
#[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "only the engine looks at all of it"))]
pub struct ActionNode {
    pub(crate) action: Box<dyn Action>,
    pub(crate) location: Location,
    pub(crate) phases: Vec<String>,
    /// The number of the function, among those that were put together, in which the action was made.
    pub(crate) function: usize,
    pub(crate) after: Vec<Edge>,
    pub(crate) notified_by: Set<ActionId>,
    pub(crate) comment: Option<String>,
    pub(crate) overrides: bool,
    pub(crate) overridden_by: Option<ActionId>,
    pub(crate) how: How,
}

/// That an action comes after another one, and the line that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The action that comes first.
    pub from: ActionId,
    /// The line that says so.
    pub location: Location,
}

impl ActionNode {
    /// Returns the action itself.
    pub fn action(&self) -> &dyn Action {
        &*self.action
    }

    /// Returns the line of source that made the action.
    pub fn location(&self) -> Location {
        self.location
    }

    /// Returns the phases in which the action was made, outermost first.
    pub fn phases(&self) -> &[String] {
        &self.phases
    }

    /// Returns what must come before it.
    pub fn after(&self) -> &[Edge] {
        &self.after
    }

    /// Returns the actions whose change this one answers, as a service answers a changed file with a reload.
    pub fn notified_by(&self) -> &Set<ActionId> {
        &self.notified_by
    }

    /// Returns what the user said about it.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// Returns the action that overrides this one, which is left out then.
    pub fn overridden_by(&self) -> Option<ActionId> {
        self.overridden_by
    }

    /// Returns how it runs.
    pub fn how(&self) -> &How {
        &self.how
    }

    /// Returns what it is about, for people.
    pub fn subject(&self) -> String {
        if self.how.sensitive { "***".to_owned() } else { self.action.subject() }
    }

    /// Returns kind and subject: `package nginx`.
    pub fn label(&self) -> String {
        format!("{} {}", self.action.kind(), self.subject())
    }
}
