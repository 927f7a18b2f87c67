//! The plan: an action graph compared with what was probed. Pure.
//!
//! For every action a [`Verdict`], in program order, with the state carried forward; and for those that must do
//! something, the steps that do it, adjacent ones batched where their kind can be. Part of the feature `engine`.

mod planner;
mod render;

use crate::action::{Diff, Problem};
use crate::facts::Facts;
use crate::graph::{ActionGraph, ActionId, ActionNode, How};
use crate::location::Location;
use crate::probe::{Probe, State};
use crate::script::Script;
use crate::sorted::{Map, Set};
use crate::world::World;
use planner::Planner;

/// What is to be done on one node for one phase.
#[derive(Debug)]
pub struct Plan {
    actions: Vec<Planned>,
    steps: Vec<Step>,
    split: Option<usize>,
    values: Map<ActionId, Vec<u8>>,
    /// The actions of which later ones ask whether they changed something.
    flagged: Set<ActionId>,
    /// The actions whose values the controller must be told.
    told: Set<ActionId>,
}

/// What was done before the rest of a phase is planned, when its plan ended at a [`Split`](crate::action::Split).
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// The actions that have run.
    pub actions: Set<ActionId>,
    /// Those of them that changed something.
    pub changed: Set<ActionId>,
    /// The values that are known by now.
    pub values: Map<ActionId, Vec<u8>>,
}

/// An action and what is to be done about it.
#[derive(Debug)]
pub struct Planned {
    /// The action.
    pub id: ActionId,
    /// What is to be done.
    pub verdict: Verdict,
    /// In detail.
    pub diff: Diff,
}

/// What is to be done about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Unchanged,
    /// It will change the node.
    Change,
    /// It may change the node; this action before it decides.
    Unknown(ActionId),
    /// It will refresh a copy.
    Refresh,
}

/// Something that the apply script does in one go, for one action or several.
#[derive(Debug)]
pub struct Step {
    /// The actions, in program order.
    pub ids: Vec<ActionId>,
    /// What is owed once one of them has changed, as names like `reload-nginx`.
    pub owes: Vec<String>,
    /// The script.
    pub script: Script,
    /// How it runs.
    pub(crate) how: How,
    /// Code that ends well when its conditions hold, if that is not known yet.
    pub(crate) gate: Option<Script>,
}

/// An action that is certain to fail, or that its node cannot have: found before anything is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// The action.
    pub id: ActionId,
    /// Its kind and subject.
    pub label: String,
    /// The line that made it.
    pub location: Location,
    /// Why it would fail.
    pub problem: Problem,
}

/// Returns the probe for the actions of a graph that are not done yet.
///
/// # Errors
///
/// All actions that such a node cannot have.
pub fn probe(graph: &ActionGraph, facts: &Facts, done: &Done) -> Result<Probe, Vec<Doomed>> {
    let mut probe = Probe::default();
    let mut doomed = Vec::new();
    let left =
        |(id, node): &(ActionId, &ActionNode)| !done.actions.contains(id) && node.overridden_by().is_none();
    for (id, node) in graph.in_order().filter(left) {
        if let Err(message) = node.action().probe(id, facts, &mut probe) {
            doomed.push(doom(graph, id, Problem { message, hint: None }));
        }
        let setting = node.action().setting();
        let conditions = node.how().conditions.iter();
        conditions.fold(CONDITIONS, |number, condition| condition.probe(id, number, &setting, &mut probe));
    }
    if doomed.is_empty() { Ok(probe) } else { Err(doomed) }
}

/// The first number of the commands of an action's conditions; those below are the action's own.
const CONDITIONS: u8 = 128;

/// Returns the plan for the actions of a graph that are not done yet, on a node in this state.
///
/// # Errors
///
/// All actions that are certain to fail.
pub fn plan(
    graph: &ActionGraph,
    facts: &Facts,
    state: State,
    overwrite_edits: bool,
    done: &Done,
) -> Result<Plan, Vec<Doomed>> {
    let mut planner = Planner::new(graph, facts, World::new(state), overwrite_edits, done);
    for (id, _) in graph.in_order().filter(|(id, _)| !done.actions.contains(id)) {
        planner.add(id);
    }
    planner.finish()
}

fn verdict(diff: &Diff) -> Verdict {
    match diff.doubt {
        _ if diff.reads => Verdict::Unchanged,
        Some(by) => Verdict::Unknown(by),
        None if diff.changes.is_empty() => Verdict::Unchanged,
        None if diff.refresh => Verdict::Refresh,
        None => Verdict::Change,
    }
}

fn doom(graph: &ActionGraph, id: ActionId, problem: Problem) -> Doomed {
    let node = graph.node(id);
    Doomed { id, label: node.label(), location: node.location(), problem }
}

impl Plan {
    /// Returns every action in program order.
    pub fn actions(&self) -> &[Planned] {
        &self.actions
    }

    /// Returns what the apply script does.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns how many of the actions the steps reach: the rest must be planned again once they are done.
    pub fn reach(&self) -> usize {
        self.split.unwrap_or(self.actions.len())
    }

    /// Tells whether there is such a rest.
    pub fn is_split(&self) -> bool {
        self.split.is_some()
    }

    /// Returns the values that are known without running anything.
    pub fn values(&self) -> &Map<ActionId, Vec<u8>> {
        &self.values
    }
}
