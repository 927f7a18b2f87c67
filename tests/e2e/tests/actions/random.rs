//! Random phases: what converge changes is what the plan said, what the plan refuses changes nothing, and so it is once more
//! on the node as the phase has left it.

mod files;
mod packages;
mod services;
mod settings;

use pallet::action::Action;
use pallet::graph::{AnyHandle, Handle};
use pallet::name::Tag;
use pallet::prelude::*;
use pallet_runtime::event::{ActionOutcome, Verb, Verdict};
use pallet_runtime::request::Request;
use pallet_test::require;
use pallet_tests_e2e::lab::{self, Lab, Phase, Report};
use pallet_tests_e2e::machine::Machine;
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::fmt;
use std::time::Duration;

/// How many phases are tried on each kind of node; a transaction of packages takes a hundred times as long as a file.
const PHASES: u32 = 64;
const PHASES_WITH_PACKAGES: u32 = 14;

/// What a random phase is made of.
trait Op: fmt::Debug + Clone + Send + Sync + 'static {
    /// Writes it down, as a user's function would.
    fn write(&self, place: &Place, how: &How) -> AnyHandle;
}

/// An action, and how it runs.
#[derive(Debug, Clone)]
struct Step<O> {
    op: O,
    word: Word,
}

#[derive(Debug, Clone)]
enum Word {
    Plainly,
    /// It is left out of the run.
    Skipped,
    IfChanged {
        back: usize,
    },
    IgnoringFailure,
    Retried,
    Limited,
}

fn step<O: Op>(op: impl Strategy<Value = O>) -> impl Strategy<Value = Step<O>> {
    let word = prop_oneof![
        12 => Just(Word::Plainly),
        1 => Just(Word::Skipped),
        2 => (0usize..4).prop_map(|back| Word::IfChanged { back }),
        1 => Just(Word::IgnoringFailure),
        1 => Just(Word::Retried),
        1 => Just(Word::Limited),
    ];
    (op, word).prop_map(|(op, word)| Step { op, word })
}

/// One of several kinds.
#[derive(Debug, Clone)]
enum Any {
    File(files::FileOp),
    Setting(settings::SettingOp),
    Package(packages::PackageOp),
    Service(services::ServiceOp),
}

impl Op for Any {
    fn write(&self, place: &Place, how: &How) -> AnyHandle {
        match self {
            Any::File(op) => op.write(place, how),
            Any::Setting(op) => op.write(place, how),
            Any::Package(op) => op.write(place, how),
            Any::Service(op) => op.write(place, how),
        }
    }
}

/// Where a random phase works.
#[derive(Debug, Clone)]
struct Place {
    folder: String,
    number: u32,
}

impl Place {
    fn write<O: Op>(&self, steps: &[Step<O>]) {
        let mut made = files::folders(self);
        // A tag that no action has is a mistake.
        made.push(file(format!("{}/skipped", self.folder)).tags(["skipped"]).any());
        for Step { op, word } in steps {
            let how = How { word, before: &made };
            let action = op.write(self, &how);
            made.push(action);
        }
    }
}

/// How an action runs, and what stands before it.
struct How<'a> {
    word: &'a Word,
    before: &'a [AnyHandle],
}

impl How<'_> {
    fn cause(&self, back: usize) -> AnyHandle {
        self.before[self.before.len().saturating_sub(back + 1)]
    }
}

/// Says how an action runs.
trait Runs {
    fn run(self, how: &How) -> AnyHandle;
}

impl<A: Action> Runs for Handle<A> {
    fn run(self, how: &How) -> AnyHandle {
        match how.word {
            Word::Plainly => self,
            Word::Skipped => self.tags(["skipped"]),
            Word::IfChanged { back } => self.if_changed(how.cause(*back)),
            Word::IgnoringFailure => self.ignore_failure(),
            Word::Retried => self.retries(1, Duration::ZERO),
            Word::Limited => self.timeout(Duration::from_secs(120)),
        }
        .any()
    }
}

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    random_phases(&lab, PHASES, step(files::op(true).prop_map(Any::File)).boxed());
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    // Its busybox makes no accounts.
    random_phases(&lab, PHASES, step(files::op(false).prop_map(Any::File)).boxed());
}

#[test]
fn settings_on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("mkdir -p /etc/cron.d");
    let op =
        prop_oneof![2 => settings::op().prop_map(Any::Setting), 1 => files::op(true).prop_map(Any::File)];
    random_phases(&lab, PHASES, step(op).boxed());
}

#[test]
fn packages_on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check(packages::REPOSITORY);
    lab.machine.check("apt-get -q update");
    let op =
        prop_oneof![3 => packages::op().prop_map(Any::Package), 2 => files::op(false).prop_map(Any::File)];
    random_phases(&lab, PHASES_WITH_PACKAGES, step(op).boxed());
}

#[test]
fn services_on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check(services::SYSV);
    let op =
        prop_oneof![3 => services::op().prop_map(Any::Service), 1 => files::op(false).prop_map(Any::File)];
    random_phases(&lab, PHASES, step(op).boxed());
}

/// Every run tries the same phases: a failure can be looked into, and none comes by chance.
fn random_phases<O: Op>(lab: &Lab, phases: u32, step: BoxedStrategy<Step<O>>) {
    let config =
        Config { cases: phases, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let number = std::cell::Cell::new(0);
    let tally = std::cell::Cell::new((0u32, 0u32));
    let ran = runner.run(&prop::collection::vec(step, 1..8), |steps| {
        number.set(number.get() + 1);
        let place = Place { folder: format!("/srv/random-{}", number.get()), number: number.get() };
        let phase = {
            let place = place.clone();
            lab::phase(move || place.write(&steps))
        };
        let refused = try_phase(lab, &place, &phase).map_err(TestCaseError::fail)?;
        if !refused {
            let again = |error| TestCaseError::fail(format!("the second time: {error}"));
            try_phase(lab, &place, &phase).map_err(again)?;
        }
        let (all, doomed) = tally.get();
        tally.set((all + 1, doomed + u32::from(refused)));
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
    let (all, doomed) = tally.get();
    eprintln!("random phases: {all}, of which {doomed} were refused before anything was touched");
    assert!(
        doomed * 3 < all * 2,
        "many phases have to be possible, or this tests little: {doomed} of {all} are not"
    );
}

/// Returns whether the phase was refused.
fn try_phase(lab: &Lab, place: &Place, phase: &Phase) -> Result<bool, String> {
    let request = |verb| Request {
        skip_tags: [Tag::new("skipped").expect("a valid tag")].into(),
        ..Request::new(verb)
    };
    let before = tree(lab, place);
    let plan = lab.run(&request(Verb::Plan), phase.clone());
    if tree(lab, place) != before {
        return Err("the plan changed the node".to_owned());
    }
    let converged = lab.run(&request(Verb::Converge), phase.clone());
    if plan.result.is_err() {
        return match converged.result {
            Ok(_) => Err(format!("the plan refused it: {:?}, and it went well", plan.troubles())),
            Err(_) if tree(lab, place) == before => Ok(true),
            Err(_) => Err(format!("refused by the plan, and the node changed: {:?}", plan.troubles())),
        };
    }
    compare(&plan, &converged)?;
    Ok(false)
}

/// A phase that the plan let pass may still fail where the plan was unsure, and nowhere else.
fn compare(plan: &Report, converged: &Report) -> Result<(), String> {
    let (planned, outcomes) = (plan.planned(), converged.outcomes());
    let together = || planned.iter().zip(&outcomes);
    // What stands behind a doubt is planned anew, and nothing of it is tried when something there is certain to fail;
    // what was certain then was so only if what stands before it goes well.
    let unsure_failed = together().any(|(planned, (_, outcome))| {
        planned.verdict == Verdict::Unknown && matches!(outcome, ActionOutcome::Failed(_))
    });
    for (planned, (label, outcome)) in together() {
        let wrong = || Err(format!("{label}: the plan said {planned:?}, then {outcome:?}"));
        match (planned.verdict, outcome) {
            (_, ActionOutcome::Skipped { .. } | ActionOutcome::Failed(_)) if unsure_failed => {}
            (Verdict::Unknown, _) => {}
            (Verdict::Change, ActionOutcome::Changed { changes }) if *changes == planned.changes => {}
            (Verdict::Unchanged, ActionOutcome::Unchanged) => {}
            (Verdict::Refresh, ActionOutcome::Refreshed) => {}
            _ => return wrong(),
        }
    }
    if unsure_failed {
        return Ok(());
    }
    match &converged.result {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error}: {:?}", converged.troubles())),
    }
}

fn tree(lab: &Lab, place: &Place) -> String {
    lab.machine.check(&format!("ls -lRd {} 2>&1 | head -50; cat /etc/passwd /etc/group", place.folder))
}
