//! What a service does when something has changed: how it is owed and settled, and the answer at the end of the phase,
//! an action of its own after all others.

use super::{known_unit, library, probe_unit, unit_name};
use crate::action::{Action, Diff, View};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, Handles, record};
use crate::name::UnitName;
use crate::probe::Probe;
use crate::script::Script;
use crate::world::{Debt, Effects, World};

/// What a service does when something it was told of has changed. A restart does what a reload does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Reload,
    Restart,
}

impl Answer {
    const ALL: [Answer; 2] = [Answer::Reload, Answer::Restart];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Answer::Reload => "reload",
            Answer::Restart => "restart",
        }
    }

    /// Returns under which name it is written down that a service owes this.
    pub(super) fn key(self, unit: &UnitName) -> String {
        format!("{}-{unit}", self.as_str())
    }
}

/// What a service does at the end of a phase when something it was told of has changed: see
/// [`reload_at_end`](Handle::<super::Service>::reload_at_end).
#[derive(Debug)]
pub struct ServiceAnswer {
    name: String,
    answer: Answer,
}

/// Records the answer of a service to these causes.
#[track_caller]
pub(super) fn record_answer(
    name: String,
    answer: Answer,
    service: Handle<super::Service>,
    causes: &impl Handles,
) {
    let recorded = record(ServiceAnswer { name, answer }).after(service);
    causes.each(&mut |cause| {
        recorded.notified_by(cause);
    });
}

impl ServiceAnswer {
    fn unit(&self) -> Result<UnitName, String> {
        unit_name(&self.name)
    }
}

impl Action for ServiceAnswer {
    fn kind(&self) -> &'static str {
        "service-answer"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        self.unit().map(drop)
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe_unit(&self.unit()?, facts, probe)
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let Ok(unit) = self.unit() else { return Diff::none() };
        let known = known_unit(&unit, view);
        if self.answer == Answer::Reload && known.is.no_reload && known.doubt.is_none() {
            return cannot_reload(&unit);
        }
        let mut diff = Diff::none();
        diff_answer(self.answer, &unit, known.is.running, view, &mut diff);
        if diff.notes || !diff.changes.is_empty() {
            diff.doubt(known.doubt);
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let unit = self.unit().map(|unit| unit.to_string()).unwrap_or_default();
        let id = view.id.0.to_string();
        let words = [&*id, &*unit, self.answer.as_str()];
        Script::new().library(library(view.facts.init)).call("p_service_answer", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        if let Ok(unit) = self.unit() {
            settle(&unit, world);
        }
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Service)
    }

    fn at_end(&self) -> bool {
        true
    }

    fn owes(&self) -> Option<String> {
        Some(self.answer.key(&self.unit().ok()?))
    }
}

pub(super) fn cannot_reload(unit: &UnitName) -> Diff {
    let hint = "its unit has no ExecReload: let it restart instead".to_owned();
    Diff::problem(format!("service {unit} cannot be reloaded"), hint)
}

/// Adds what is owed to a difference. Whoever starts a service that does not run owes nothing, and what was
/// written down has to go.
pub(super) fn diff_answer(answer: Answer, unit: &UnitName, runs: bool, view: &View<'_>, diff: &mut Diff) {
    let debts: Vec<(Answer, Debt)> =
        Answer::ALL.iter().filter_map(|&owed| Some((owed, view.world.debt(&owed.key(unit))?))).collect();
    let Some(worst) = debts.iter().map(|(owed, _)| *owed).max() else { return };
    if !runs {
        diff.notes = true;
        return;
    }
    let verb = worst.max(answer).as_str();
    if debts.iter().all(|(_, debt)| debt.since_earlier) {
        diff.change(format!("{verb}, owed since an earlier run"));
    } else {
        diff.change(verb);
    }
    diff.restarts = true;
    if debts.iter().all(|(_, debt)| debt.doubt.is_some()) {
        diff.doubt(debts.iter().find_map(|(_, debt)| debt.doubt));
    }
}

/// Takes down that a unit owes nothing any more.
pub(super) fn settle(unit: &UnitName, world: &mut World) {
    Answer::ALL.iter().for_each(|answer| world.settle(&answer.key(unit)));
}
