//! The action graph: what a phase wants of one node, as plain data.
//!
//! A phase is an ordinary Rust function. While it runs, an ambient builder ([`build`]) takes down every action
//! at the moment its constructor is called, so no action is lost however it is called: in a loop, a closure, a
//! macro or a helper in another package. What comes out is a list of actions in program order with edges.

mod builder;
mod error;
mod handle;

pub use builder::{Built, build, build_phase, record};
pub(crate) use builder::{building_node, refuse, stop, with_context};
pub use error::{GraphError, KnownAfter, Mistake};
pub use handle::{AnyHandle, Handle, Handles, Value};

pub(crate) use builder::enter_phase;

use crate::action::Action;
use crate::location::Location;
use crate::secret::Secret;
use std::collections::BTreeSet;

/// The number of an action in its graph, from 0, in program order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub usize);

/// The actions of one phase on one node.
#[derive(Debug, Default)]
pub struct ActionGraph {
    nodes: Vec<ActionNode>,
    order: Vec<ActionId>,
}

/// An action in a graph.
#[derive(Debug)]
pub struct ActionNode {
    pub(crate) action: Box<dyn Action>,
    pub(crate) location: Location,
    pub(crate) phases: Vec<String>,
    pub(crate) after: Vec<Edge>,
    pub(crate) notified_by: BTreeSet<ActionId>,
    pub(crate) comment: Option<String>,
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
    pub fn notified_by(&self) -> &BTreeSet<ActionId> {
        &self.notified_by
    }

    /// Returns what the user said about it.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// Returns kind and subject: `package nginx`.
    pub fn label(&self) -> String {
        format!("{} {}", self.action.kind(), self.action.subject())
    }
}

impl ActionGraph {
    /// Returns the actions in the order in which they run: program order, changed only as far as `after` asks.
    pub fn in_order(&self) -> impl Iterator<Item = (ActionId, &ActionNode)> {
        self.order.iter().map(|id| (*id, &self.nodes[id.0]))
    }

    /// Returns an action.
    ///
    /// # Panics
    ///
    /// When the id is of another graph.
    pub fn node(&self, id: ActionId) -> &ActionNode {
        &self.nodes[id.0]
    }

    /// Returns the number of actions.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Tells whether there is no action.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the secrets of all actions.
    pub fn secrets(&self) -> Vec<Secret> {
        self.nodes.iter().flat_map(|node| node.action.secrets()).collect()
    }

    /// Returns the actions that answer a change of this one.
    pub fn notifies(&self, id: ActionId) -> impl Iterator<Item = ActionId> + '_ {
        let answers = move |node: &&ActionNode| node.notified_by.contains(&id);
        self.nodes.iter().enumerate().filter(move |(_, node)| answers(node)).map(|(index, _)| ActionId(index))
    }
}
