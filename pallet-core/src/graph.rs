//! The action graph: what a phase wants of one node, as plain data.
//!
//! A phase is an ordinary Rust function. While it runs, an ambient builder ([`build`]) takes down every action
//! at the moment its constructor is called, so no action is lost however it is called: in a loop, a closure, a
//! macro or a helper in another package. What comes out is a list of actions in program order with edges.
//!
#![doc = include_str!("../docs/mistakes.md")]

mod builder;
#[cfg(feature = "engine")]
pub mod draw;
mod env;
mod error;
mod handle;
mod how;
mod overrides;
#[cfg(feature = "engine")]
mod running;

pub use builder::{Built, build, build_phase, build_phases, record, tagged};
pub(crate) use builder::{building_node, refuse, stop, with_context};
pub use env::RunsPrograms;
pub(crate) use env::check_variable;
pub use error::{GraphError, KnownAfter, Mistake};
pub use handle::{AnyHandle, Handle, Handles, Value};
pub use how::How;

pub(crate) use builder::enter_phase;

use crate::action::Action;
use crate::location::Location;
use crate::name::{PhaseName, Tag};
use crate::secret::Secret;
use crate::sorted::Set;

/// The number of an action in its graph, from 0, in program order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub usize);

/// The actions of one phase on one node.
#[derive(Debug, Default)]
pub struct ActionGraph {
    pub(crate) nodes: Vec<ActionNode>,
    order: Vec<ActionId>,
    /// The phase of each function that made actions.
    functions: Vec<PhaseName>,
}

/// An action in a graph.
#[derive(Debug)]
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

    /// Returns the actions whose values it uses, itself or in its conditions.
    pub(crate) fn needs(&self) -> Vec<AnyHandle> {
        let mut needs = self.action.values();
        for condition in &self.how.conditions {
            needs.extend(condition.values());
        }
        needs.extend(self.how.env.values());
        needs
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

    /// Tells whether two functions were put together into one phase.
    pub(crate) fn same_phase(&self, one: usize, other: usize) -> bool {
        self.functions[one] == self.functions[other]
    }

    /// Returns the number of actions.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Tells whether there is no action.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Leaves out the actions that have none of the tags `only`, unless that is empty, and those that have one of
    /// `without`. Actions whose values are needed stay.
    pub fn select(&mut self, only: &Set<Tag>, without: &Set<Tag>) {
        let chosen = |node: &ActionNode| {
            let tags = &node.how.tags;
            (only.is_empty() || !tags.is_disjoint(only)) && tags.is_disjoint(without)
        };
        let mut stays: Set<ActionId> =
            self.order.iter().copied().filter(|id| chosen(&self.nodes[id.0])).collect();
        let mut open: Vec<ActionId> = stays.iter().copied().collect();
        while let Some(id) = open.pop() {
            let needed = self.nodes[id.0].needs().into_iter().map(|handle| handle.id);
            open.extend(needed.filter(|needed| stays.insert(*needed)));
        }
        self.order.retain(|id| stays.contains(id));
    }

    /// Returns the secrets of all actions.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        for node in &self.nodes {
            secrets.extend(node.action.secrets());
            for condition in &node.how.conditions {
                secrets.extend(condition.secrets());
            }
            secrets.extend(node.how.env.secrets());
        }
        secrets
    }

    /// Returns the actions that answer a change of this one.
    pub fn notifies(&self, id: ActionId) -> impl Iterator<Item = ActionId> + '_ {
        let answers = move |node: &&ActionNode| node.notified_by.contains(&id);
        self.nodes.iter().enumerate().filter(move |(_, node)| answers(node)).map(|(index, _)| ActionId(index))
    }
}
