//! The plan: an action graph compared with what was probed. Pure.
//!
//! For every action a [`Verdict`], in program order, with the state carried forward; and for those that must do
//! something, the steps that do it, adjacent ones batched where their kind can be.

use crate::action::{Action, Batch, Diff, Member, Problem, Trigger, View};
use crate::facts::Facts;
use crate::graph::{ActionGraph, ActionId};
use crate::location::Location;
use crate::probe::{Probe, State};
use crate::script::{APPLY, Script};
use crate::world::{Effects, World};
use std::collections::BTreeMap;

/// What is to be done on one node for one phase.
#[derive(Debug)]
pub struct Plan {
    actions: Vec<Planned>,
    steps: Vec<Step>,
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

/// Returns the probe for a graph.
///
/// # Errors
///
/// All actions that such a node cannot have.
pub fn probe(graph: &ActionGraph, facts: &Facts) -> Result<Probe, Vec<Doomed>> {
    let mut probe = Probe::default();
    let mut doomed = Vec::new();
    for (id, node) in graph.in_order() {
        if let Err(message) = node.action().probe(id, facts, &mut probe) {
            doomed.push(doom(graph, id, Problem { message, hint: None }));
        }
    }
    if doomed.is_empty() { Ok(probe) } else { Err(doomed) }
}

/// Returns the plan for a graph on a node in this state.
///
/// # Errors
///
/// All actions that are certain to fail.
pub fn plan(
    graph: &ActionGraph,
    facts: &Facts,
    state: State,
    overwrite_edits: bool,
) -> Result<Plan, Vec<Doomed>> {
    let mut planner = Planner {
        graph,
        facts,
        overwrite_edits,
        world: World::new(state),
        actions: Vec::new(),
        verdicts: BTreeMap::new(),
        steps: Vec::new(),
        open: None,
        doomed: Vec::new(),
    };
    for (id, _) in graph.in_order() {
        planner.add(id);
    }
    planner.close_batch();
    if !planner.doomed.is_empty() {
        return Err(planner.doomed);
    }
    Ok(Plan { actions: planner.actions, steps: planner.steps })
}

struct Planner<'a> {
    graph: &'a ActionGraph,
    facts: &'a Facts,
    overwrite_edits: bool,
    world: World,
    actions: Vec<Planned>,
    verdicts: BTreeMap<ActionId, Verdict>,
    steps: Vec<Step>,
    open: Option<OpenBatch>,
    doomed: Vec<Doomed>,
}

/// Actions that will be applied together, as long as the next one belongs to them.
struct OpenBatch {
    batch: Batch,
    ids: Vec<ActionId>,
}

impl Planner<'_> {
    fn add(&mut self, id: ActionId) {
        let action = self.graph.node(id).action();
        let batch = action.batch();
        let continues = match (&self.open, &batch) {
            (Some(open), Some(batch)) => open.batch.key == batch.key,
            _ => false,
        };
        // What a batch moves beside is moved when it ends: its members see the world before it.
        if !continues {
            self.close_batch();
        }
        let diff = action.diff(&self.view(id));
        if let Some(problem) = diff.problem.clone() {
            self.doomed.push(doom(self.graph, id, problem));
        }
        let verdict = verdict(&diff);
        if verdict != Verdict::Unchanged || (diff.reads && diff.doubt.is_some()) {
            match batch {
                Some(batch) => {
                    self.open.get_or_insert_with(|| OpenBatch { batch, ids: Vec::new() }).ids.push(id);
                }
                None => {
                    let script = action.apply(&self.view(id));
                    self.push_step(vec![id], script);
                    self.happen(&[id]);
                }
            }
        } else if diff.notes {
            let script = action.apply(&self.view(id));
            self.steps.push(Step { ids: vec![id], owes: Vec::new(), script });
        } else if diff.reads {
            action.predict(id, &mut self.world);
        }
        self.verdicts.insert(id, verdict);
        self.actions.push(Planned { id, verdict, diff });
    }

    fn close_batch(&mut self) {
        let Some(OpenBatch { batch, ids }) = self.open.take() else { return };
        let members: Vec<Member<'_>> = ids.iter().map(|&id| (id, self.graph.node(id).action())).collect();
        let script = (batch.apply)(self.facts, &members);
        self.happen(&ids);
        self.push_step(ids, script);
    }

    /// Carries the world forward. What several actions do at once is disturbed before any of it is predicted.
    fn happen(&mut self, ids: &[ActionId]) {
        for &id in ids {
            let effects = self.graph.node(id).action().effects();
            self.world.disturb(id, effects.unwrap_or(Effects::Itself));
        }
        for &id in ids {
            self.graph.node(id).action().predict(id, &mut self.world);
        }
    }

    fn push_step(&mut self, ids: Vec<ActionId>, script: Script) {
        let mut owes: Vec<String> = ids
            .iter()
            .flat_map(|&id| self.graph.notifies(id))
            .filter_map(|later| owed_key(self.graph.node(later).action()))
            .collect();
        owes.dedup();
        self.steps.push(Step { ids, owes, script });
    }

    fn view(&self, id: ActionId) -> View<'_> {
        let verdicts =
            self.graph.node(id).notified_by().iter().map(|other| (*other, self.verdicts.get(other)));
        let mut trigger = Trigger::No;
        for (other, verdict) in verdicts {
            match verdict {
                Some(Verdict::Change) => {
                    trigger = Trigger::Yes(other);
                    break;
                }
                Some(Verdict::Unknown(_)) => trigger = Trigger::Maybe(other),
                _ => {}
            }
        }
        View { id, facts: self.facts, world: &self.world, trigger, overwrite_edits: self.overwrite_edits }
    }
}

/// Returns under which key it is written down that an action owes an answer, if it can owe one.
pub(crate) fn owed_key(action: &dyn Action) -> Option<String> {
    let action: &dyn std::any::Any = action;
    action.downcast_ref::<crate::actions::Service>().and_then(crate::actions::Service::owed_key)
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

    /// Returns the script that applies the plan, or `None` when there is nothing to do. `nonce` makes the names of
    /// temporary files unguessable.
    pub fn script(&self, nonce: &str) -> Option<Script> {
        if self.steps.is_empty() {
            return None;
        }
        let mut script = Script::new()
            .library(&APPLY)
            .code("p_nonce=")
            .word(nonce)
            .code("\n")
            .code("p_begin || { p_frame broken; return; }\n");
        for step in &self.steps {
            let ids: Vec<String> = step.ids.iter().map(|id| id.0.to_string()).collect();
            script = script.code(format!("p_frame start {}\np_did= p_owes=\np_step() {{\n", ids.join(" ")));
            for key in &step.owes {
                script = script.code("p_owe ").word(key.as_str()).code(" || return\n");
            }
            script = script.append(step.script.clone()).code(
                "}\np_step; p_status=$?\np_settle\np_frame end $p_status $p_did\n[ $p_status -eq 0 ] || return 0\n",
            );
        }
        Some(script)
    }
}
