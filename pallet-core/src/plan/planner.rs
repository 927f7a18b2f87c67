//! Goes through the actions in order, shows each the world as it will be then, and collects verdicts and steps.

use super::{CONDITIONS, Done, Doomed, Plan, Planned, Step, Verdict, doom, verdict};
use crate::action::{Batch, Diff, Member, Problem, Split, Trigger, View};
use crate::condition::{Condition, Holds, Judge};
use crate::facts::Facts;
use crate::graph::{ActionGraph, ActionId, How};
use crate::script::Script;
use crate::sorted::{Map, Set};
use crate::world::{Effects, World};

pub(super) struct Planner<'a> {
    graph: &'a ActionGraph,
    facts: &'a Facts,
    overwrite_edits: bool,
    world: World,
    actions: Vec<Planned>,
    verdicts: Map<ActionId, Verdict>,
    steps: Vec<Step>,
    open: Option<OpenBatch>,
    doomed: Vec<Doomed>,
    /// From which action on there are verdicts and no steps.
    split: Option<usize>,
}

/// Actions that will be applied together, as long as the next one belongs to them.
struct OpenBatch {
    batch: Batch,
    ids: Vec<ActionId>,
}

/// Whether the conditions of an action let it run.
enum Gate {
    Open,
    Closed,
    /// This action decides.
    Unknown(ActionId),
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        graph: &'a ActionGraph,
        facts: &'a Facts,
        mut world: World,
        overwrite_edits: bool,
        done: &Done,
    ) -> Self {
        for (id, value) in &done.values {
            world.set_value(*id, value.clone());
        }
        let owed = done.changed.iter().flat_map(|id| owed_by(graph, *id));
        for (_, key) in owed.filter(|(later, _)| !done.actions.contains(later)) {
            world.owe(&key, None);
        }
        let verdict_of = |id: &ActionId| match done.changed.contains(id) {
            true => Verdict::Change,
            false => Verdict::Unchanged,
        };
        Planner {
            graph,
            facts,
            overwrite_edits,
            world,
            actions: Vec::new(),
            verdicts: done.actions.iter().map(|id| (*id, verdict_of(id))).collect(),
            steps: Vec::new(),
            open: None,
            doomed: Vec::new(),
            split: None,
        }
    }

    pub(super) fn add(&mut self, id: ActionId) {
        let node = self.graph.node(id);
        if node.overridden_by().is_some() {
            self.actions.push(Planned { id, verdict: Verdict::Unchanged, diff: Diff::none() });
            return;
        }
        let action = node.action();
        let batch = action.batch().filter(|_| node.how().is_plain());
        let continues = match (&self.open, &batch) {
            (Some(open), Some(batch)) => open.batch.key == batch.key,
            _ => false,
        };
        // What a batch moves beside is moved when it ends: its members see the world before it.
        if !continues {
            self.close_batch();
        }
        let (gate, diff) = self.judge(id);
        if diff.split == Some(Split::Before) {
            self.end_here(self.actions.len());
        }
        let verdict = verdict(&diff);
        self.verdicts.insert(id, verdict);
        let runs = verdict != Verdict::Unchanged || (diff.reads && diff.doubt.is_some());
        let certain = matches!(gate, Gate::Open) && !node.how().ignores_failure;
        if matches!(gate, Gate::Closed) {
            // Nothing of it happens.
        } else if runs {
            match batch {
                Some(batch) => {
                    self.open.get_or_insert_with(|| OpenBatch { batch, ids: Vec::new() }).ids.push(id);
                }
                None => {
                    let script = action.apply(&self.view(id));
                    let gate = matches!(gate, Gate::Unknown(_)).then(|| self.gate_script(id));
                    let how = node.how().fill(&self.world);
                    self.push_step(vec![id], script, how, gate);
                    self.happen(&[id], certain);
                }
            }
        } else if diff.notes {
            let script = action.apply(&self.view(id));
            self.push_step(vec![id], script, How::default(), None);
        } else if diff.reads {
            action.predict(id, &mut self.world);
        }
        let ends_connection = runs && diff.split == Some(Split::After);
        self.actions.push(Planned { id, verdict, diff });
        if ends_connection {
            self.end_here(self.actions.len());
        }
    }

    pub(super) fn finish(mut self) -> Result<Plan, Vec<Doomed>> {
        self.close_batch();
        if !self.doomed.is_empty() {
            return Err(self.doomed);
        }
        let split = self.split.filter(|&split| split < self.actions.len());
        let told = split.map(|split| self.needed_from(split)).unwrap_or_default();
        let conditions =
            self.actions.iter().flat_map(|planned| &self.graph.node(planned.id).how().conditions);
        let flagged = conditions.flat_map(Condition::asks_for_change).collect();
        let values = self.world.into_values();
        Ok(Plan { actions: self.actions, steps: self.steps, split, values, flagged, told })
    }

    /// Compares an action with the world, as far as its conditions let it run.
    fn judge(&mut self, id: ActionId) -> (Gate, Diff) {
        let gate = match self.gate(id) {
            Ok(gate) => gate,
            Err(message) => {
                self.doomed.push(doom(self.graph, id, Problem { message, hint: None }));
                Gate::Closed
            }
        };
        if matches!(gate, Gate::Closed) {
            return (gate, Diff::none());
        }
        let mut diff = self.graph.node(id).action().diff(&self.view(id));
        if let Some(problem) = diff.problem.clone() {
            match gate {
                // The node may never come to it; if it does, it says the same.
                Gate::Unknown(by) => diff.doubt(Some(by)),
                _ => self.doomed.push(doom(self.graph, id, problem)),
            }
        }
        if let Gate::Unknown(by) = gate
            && !diff.changes.is_empty()
        {
            diff.doubt(Some(by));
        }
        if self.graph.node(id).how().sensitive {
            diff.content = None;
        }
        (gate, diff)
    }

    fn gate(&self, id: ActionId) -> Result<Gate, String> {
        let node = self.graph.node(id);
        let judge = Judge { id, world: &self.world, verdicts: &self.verdicts };
        let setting = node.action().setting();
        let mut number = CONDITIONS;
        let mut gate = Gate::Open;
        for condition in &node.how().conditions {
            match condition.holds(&judge, &setting, &mut number)? {
                Holds::Yes => {}
                Holds::No => return Ok(Gate::Closed),
                Holds::Unknown(by) => gate = Gate::Unknown(by),
            }
        }
        Ok(gate)
    }

    /// Returns code that ends well when all conditions of an action hold.
    fn gate_script(&self, id: ActionId) -> Script {
        let node = self.graph.node(id);
        let setting = node.action().setting();
        let conditions = node.how().conditions.iter();
        conditions.fold(Script::new().code(":"), |script, condition| {
            script.code(" &&\n").append(condition.script(&setting, &self.world))
        })
    }

    fn end_here(&mut self, at: usize) {
        self.close_batch();
        self.split.get_or_insert(at);
    }

    /// Returns the actions before the split whose values are used behind it.
    fn needed_from(&self, split: usize) -> Set<ActionId> {
        let behind = self.actions[split..].iter().map(|planned| self.graph.node(planned.id));
        behind.flat_map(|node| node.needs()).map(|handle| handle.id).collect()
    }

    fn close_batch(&mut self) {
        let Some(OpenBatch { batch, ids }) = self.open.take() else { return };
        let members: Vec<Member<'_>> = ids.iter().map(|&id| (id, self.graph.node(id).action())).collect();
        let script = (batch.apply)(self.facts, &members);
        self.happen(&ids, true);
        self.push_step(ids, script, How::default(), None);
    }

    /// Carries the world forward. What several actions do at once is disturbed before any of it is predicted; what
    /// may not happen is predicted with a doubt.
    fn happen(&mut self, ids: &[ActionId], certain: bool) {
        for &id in ids {
            let effects = self.graph.node(id).action().effects();
            self.world.disturb(id, effects.unwrap_or(Effects::Itself));
        }
        for &id in ids {
            self.world.predict_by(id, certain);
            self.graph.node(id).action().predict(id, &mut self.world);
        }
    }

    fn push_step(&mut self, ids: Vec<ActionId>, script: Script, how: How, gate: Option<Script>) {
        let owes = self.owe(&ids);
        if self.split.is_none() {
            self.steps.push(Step { ids, owes, script, how, gate });
        }
    }

    /// Takes down what is owed once these actions have run, and returns it.
    fn owe(&mut self, ids: &[ActionId]) -> Vec<String> {
        let mut owes = Set::new();
        for &id in ids {
            let doubt = match self.verdicts.get(&id) {
                Some(Verdict::Change) => None,
                Some(Verdict::Unchanged) => continue,
                _ => Some(id),
            };
            for (_, key) in owed_by(self.graph, id) {
                self.world.owe(&key, doubt);
                owes.insert(key);
            }
        }
        owes.into_iter().collect()
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

/// Returns who owes an answer once an action has changed something, and under which key that is written down.
fn owed_by(graph: &ActionGraph, id: ActionId) -> impl Iterator<Item = (ActionId, String)> + '_ {
    graph.notifies(id).filter_map(|later| Some((later, graph.node(later).action().owes()?)))
}
