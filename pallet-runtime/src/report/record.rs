//! What of a run has to be remembered until its end: what is planned, what changed, what failed.

use super::lock;
use crate::event::{
    ActionLabel, ActionOutcome, Cost, Counts, Event, Failure, Intent, KnownAfter, Listener, NodeIntent,
    NodeWork, PlannedAction, Summary, Verb,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// What was remembered of a run.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// What was asked for, once the run began.
    pub verb: Option<Verb>,
    /// What is intended for the nodes that do not stay as they are.
    pub intents: Vec<NodeIntent>,
    /// How many nodes stay.
    pub kept: u64,
    /// What is planned on each node.
    pub plans: Vec<NodePlan>,
    /// The actions that did something: changed, refreshed or failed.
    pub actions: Vec<FinishedAction>,
    /// How many actions of a node were not tried, with the reason of the first.
    pub skipped: BTreeMap<String, (u64, String)>,
    /// The nodes that failed, in the order in which they did.
    pub failures: Vec<NodeFailure>,
    /// What was done to nodes as a whole.
    pub nodes_done: Vec<(String, NodeWork)>,
    /// Remarks, with the node they are about.
    pub notices: Vec<(Option<String>, String)>,
    /// How the actions ended so far.
    pub counts: Counts,
    /// The end of the run.
    pub summary: Option<Summary>,
}

/// The plan of a phase on a node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePlan {
    /// The node.
    pub node: String,
    /// The phase.
    pub phase: String,
    /// All actions, in order.
    pub actions: Vec<PlannedAction>,
    /// Where the plan had to stop, if it had to.
    pub known_after: Option<KnownAfter>,
    /// What applying it costs.
    pub cost: Cost,
}

/// An action that did something.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedAction {
    /// The node.
    pub node: String,
    /// The phase.
    pub phase: String,
    /// The action.
    pub action: ActionLabel,
    /// How it ended.
    pub outcome: ActionOutcome,
}

/// Why a node failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFailure {
    /// The node.
    pub node: String,
    /// The phase in which it failed, if it was in one.
    pub phase: Option<String>,
    /// What went wrong.
    pub failure: Failure,
}

impl Record {
    /// Takes in an event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Started { verb, .. } => self.verb = Some(*verb),
            Event::Notice { node, message } => self.notices.push((node.clone(), message.clone())),
            Event::Inventory { nodes } => {
                let others = nodes.iter().filter(|node| node.intent != Intent::Keep);
                self.intents = others.cloned().collect();
                self.kept = (nodes.len() - self.intents.len()) as u64;
            }
            Event::NodeDone { node, work, .. } => self.nodes_done.push((node.clone(), *work)),
            Event::NodePlanned { node, phase, actions, known_after, cost } => self.plans.push(NodePlan {
                node: node.clone(),
                phase: phase.clone(),
                actions: actions.clone(),
                known_after: known_after.clone(),
                cost: *cost,
            }),
            Event::ActionFinished { node, phase, action, outcome, .. } => {
                self.count(node, outcome);
                if did_something(outcome) {
                    self.actions.push(FinishedAction {
                        node: node.clone(),
                        phase: phase.clone(),
                        action: action.clone(),
                        outcome: outcome.clone(),
                    });
                }
            }
            Event::NodeFailed { node, phase, failure } => self.failures.push(NodeFailure {
                node: node.clone(),
                phase: phase.clone(),
                failure: failure.clone(),
            }),
            Event::Finished(summary) => self.summary = Some(summary.clone()),
            Event::NodeWork { .. }
            | Event::Connected { .. }
            | Event::PhaseStarted { .. }
            | Event::ActionStarted { .. }
            | Event::ActionOutput { .. }
            | Event::NodePhaseFinished { .. }
            | Event::PhaseFinished { .. } => {}
        }
    }

    /// Tells whether the run planned to do anything to nodes or on them, or may have to.
    pub fn would_change(&self) -> bool {
        let numbers = self.summary.as_ref().is_some_and(|summary| {
            summary.created + summary.destroyed + summary.counts.changed + summary.counts.unknown > 0
        });
        !self.intents.is_empty() || numbers || self.plans.iter().any(|plan| plan.known_after.is_some())
    }

    /// Returns the failure of a node that no failed action of its tells already.
    pub(crate) fn failures_apart(&self) -> impl Iterator<Item = &NodeFailure> {
        let by_action =
            self.actions.iter().filter(|action| matches!(&action.outcome, ActionOutcome::Failed(_)));
        let told: BTreeSet<(&str, Option<&str>)> =
            by_action.map(|action| (action.node.as_str(), Some(action.phase.as_str()))).collect();
        self.failures
            .iter()
            .filter(move |failed| !told.contains(&(failed.node.as_str(), failed.phase.as_deref())))
    }

    fn count(&mut self, node: &str, outcome: &ActionOutcome) {
        match outcome {
            ActionOutcome::Unchanged => self.counts.unchanged += 1,
            ActionOutcome::Changed { .. } => self.counts.changed += 1,
            ActionOutcome::Refreshed => self.counts.refreshed += 1,
            ActionOutcome::Failed(_) => self.counts.failed += 1,
            ActionOutcome::Ignored(_) => self.counts.ignored += 1,
            ActionOutcome::Skipped { because } => {
                self.counts.skipped += 1;
                self.skipped.entry(node.to_owned()).or_insert_with(|| (0, because.clone())).0 += 1;
            }
        }
    }
}

fn did_something(outcome: &ActionOutcome) -> bool {
    !matches!(outcome, ActionOutcome::Unchanged | ActionOutcome::Skipped { .. })
}

impl Listener for Mutex<Record> {
    fn event(&self, event: &Event) {
        lock(self).add(event);
    }
}
