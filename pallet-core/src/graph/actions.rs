//! All actions of a phase.

use super::{ActionId, ActionNode, AnyHandle};
use crate::name::{PhaseName, Tag};
use crate::secret::Secret;
use crate::sorted::Set;

/// The actions of one phase on one node.
#[derive(Debug, Default)]
pub struct ActionGraph {
    pub(crate) nodes: Vec<ActionNode>,
    pub(super) order: Vec<ActionId>,
    /// The phase of each function that made actions.
    pub(super) functions: Vec<PhaseName>,
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

impl ActionNode {
    /// Returns the actions whose values it uses, itself or in its conditions.
    pub(crate) fn needs(&self) -> Vec<AnyHandle> {
        let mut needs = self.action.values();
        for condition in &self.how.conditions {
            needs.extend(condition.values());
        }
        needs.extend(self.how.env.values());
        needs
    }
}
