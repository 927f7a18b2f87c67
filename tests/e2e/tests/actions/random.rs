//! Random phases on nodes that have nothing of them: what converge changes is what the plan said, what the plan
//! refuses changes nothing, and a second converge changes nothing where the phase contradicts itself nowhere.

use pallet::Condition;
use pallet::prelude::*;
use pallet_runtime::event::{ActionOutcome, Verb, Verdict};
use pallet_runtime::request::Request;
use pallet_test::require;
use pallet_tests_e2e::lab::{self, Lab, Report};
use pallet_tests_e2e::machine::Machine;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many phases are tried on each kind of node.
const PHASES: u32 = 64;

/// An action of a random phase. Paths and accounts are few, so that actions meet each other often.
#[derive(Debug, Clone)]
enum Op {
    Directory { path: usize, mode: Option<u32> },
    DirectoryAbsent { path: usize, with_contents: bool },
    File { path: usize, owner: Option<usize> },
    FileAbsent { path: usize },
    RemoteFile { path: usize, content: u8, mode: Option<u32> },
    Link { path: usize, target: usize },
    User { name: usize, shell: bool },
    UserAbsent { name: usize },
    Group { name: usize },
    ExecCreates { path: usize },
    IfChanged { path: usize, back: usize },
    WhenExists { path: usize, condition: usize, negated: bool },
    Value { path: usize, known: bool },
}

/// Below the phase's own folder. Some lie below others.
const PATHS: [&str; 7] = ["a", "a/b", "a/b/c", "d", "d/e", "f", "g"];

/// The accounts of a phase, with its number behind them.
const ACCOUNTS: [&str; 2] = ["ann", "bob"];

fn op(accounts: bool) -> impl Strategy<Value = Op> {
    let path = || 0..PATHS.len();
    // Mostly where no directory is.
    let leaf = || prop::sample::select(vec![2, 4, 5, 6, 2, 4, 5, 6, 1]);
    let name = || 0..ACCOUNTS.len();
    let mode = || prop::option::of(prop::sample::select(vec![0o700, 0o755, 0o640]));
    let owner = move || (0..4usize).prop_map(move |n| Some(n).filter(|n| accounts && *n < ACCOUNTS.len()));
    let on_files = prop_oneof![
        4 => (path(), mode()).prop_map(|(path, mode)| Op::Directory { path, mode }),
        1 => (path(), any::<bool>()).prop_map(|(path, with_contents)| Op::DirectoryAbsent { path, with_contents }),
        2 => (leaf(), owner()).prop_map(|(path, owner)| Op::File { path, owner }),
        1 => leaf().prop_map(|path| Op::FileAbsent { path }),
        3 => (leaf(), 0u8..3, mode()).prop_map(|(path, content, mode)| Op::RemoteFile { path, content, mode }),
        1 => (leaf(), path()).prop_map(|(path, target)| Op::Link { path, target }),
        1 => leaf().prop_map(|path| Op::ExecCreates { path }),
        1 => (leaf(), 0usize..4).prop_map(|(path, back)| Op::IfChanged { path, back }),
        2 => (leaf(), path(), any::<bool>())
            .prop_map(|(path, condition, negated)| Op::WhenExists { path, condition, negated }),
        1 => (leaf(), any::<bool>()).prop_map(|(path, known)| Op::Value { path, known }),
    ];
    let on_accounts = prop_oneof![
        3 => (name(), any::<bool>()).prop_map(|(name, shell)| Op::User { name, shell }),
        1 => name().prop_map(|name| Op::UserAbsent { name }),
        1 => name().prop_map(|name| Op::Group { name }),
    ];
    if accounts { prop_oneof![4 => on_files, 1 => on_accounts].boxed() } else { on_files.boxed() }
}

/// Where a random phase works.
#[derive(Debug, Clone)]
struct Place {
    folder: String,
    number: u32,
}

impl Place {
    fn path(&self, path: usize) -> String {
        format!("{}/{}", self.folder, PATHS[path])
    }

    fn account(&self, name: usize) -> String {
        format!("{}{}", ACCOUNTS[name], self.number)
    }

    /// Writes the phase down, as a user's function would.
    fn write(&self, ops: &[Op]) {
        let mut made = vec![directory(&self.folder).any()];
        // Without these most phases would have nowhere to put anything.
        made.extend([0, 1, 3].map(|path| directory(self.path(path)).any()));
        for op in ops {
            self.write_op(op, &mut made);
        }
    }

    fn write_op(&self, op: &Op, made: &mut Vec<pallet::graph::AnyHandle>) {
        match *op {
            Op::Directory { path, mode } => {
                let action = directory(self.path(path));
                if let Some(mode) = mode {
                    action.mode(mode);
                }
                made.push(action.any());
            }
            Op::DirectoryAbsent { path, with_contents: true } => {
                made.push(directory(self.path(path)).absent_with_contents().any());
            }
            Op::DirectoryAbsent { path, with_contents: false } => {
                made.push(directory(self.path(path)).absent().any());
            }
            Op::File { path, owner } => {
                let action = file(self.path(path));
                if let Some(owner) = owner {
                    action.owner(self.account(owner));
                }
                made.push(action.any());
            }
            Op::FileAbsent { path } => made.push(file(self.path(path)).absent().any()),
            Op::RemoteFile { path, content, mode } => {
                let action = remote_file(self.path(path)).content(format!("content {content}\n"));
                if let Some(mode) = mode {
                    action.mode(mode);
                }
                made.push(action.any());
            }
            Op::Link { path, target } => {
                made.push(symbolic_link(self.path(path), self.path(target)).any());
            }
            Op::User { name, shell } => {
                let action = user(self.account(name));
                if shell {
                    action.shell("/bin/false");
                }
                made.push(action.any());
            }
            Op::UserAbsent { name } => made.push(user(self.account(name)).absent().any()),
            Op::Group { name } => made.push(group(self.account(name)).any()),
            Op::ExecCreates { path } => {
                let path = self.path(path);
                made.push(exec("mkdir -p \"${P%/*}\" && : >\"$P\"").env("P", &path).creates(&path).any());
            }
            Op::IfChanged { path, back } => {
                let cause = made[made.len().saturating_sub(back + 1)];
                made.push(file(self.path(path)).if_changed(cause).any());
            }
            Op::WhenExists { path, condition, negated } => {
                let exists = Condition::exists(self.path(condition));
                let action = remote_file(self.path(path)).content("conditional\n");
                made.push(action.when(if negated { !exists } else { exists }).any());
            }
            Op::Value { path, known } => {
                let value = if known { output_of("echo value") } else { exec("echo value").stdout() };
                made.push(remote_file(self.path(path)).content(value).any());
            }
        }
    }
}

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    random_phases(&lab, true);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    // Its busybox makes no accounts.
    random_phases(&lab, false);
}

/// Every run tries the same phases: a failure can be looked into, and none comes by chance.
fn random_phases(lab: &Lab, accounts: bool) {
    let config =
        Config { cases: PHASES, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let number = std::cell::Cell::new(0);
    let tally = std::cell::Cell::new((0u32, 0u32));
    let ran = runner.run(&prop::collection::vec(op(accounts), 1..8), |ops| {
        number.set(number.get() + 1);
        let place = Place { folder: format!("/srv/random-{}", number.get()), number: number.get() };
        let refused = try_phase(lab, &place, &ops).map_err(TestCaseError::fail)?;
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
fn try_phase(lab: &Lab, place: &Place, ops: &[Op]) -> Result<bool, String> {
    let phase = {
        let (place, ops) = (place.clone(), ops.to_vec());
        lab::phase(move || place.write(&ops))
    };
    let before = tree(lab, place);
    let plan = lab.run(&Request::new(Verb::Plan), phase.clone());
    if tree(lab, place) != before {
        return Err("the plan changed the node".to_owned());
    }
    let converged = lab.run(&Request::new(Verb::Converge), phase.clone());
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
    let planned = plan.planned();
    for (planned, (label, outcome)) in planned.iter().zip(converged.outcomes()) {
        let wrong = || Err(format!("{label}: the plan said {planned:?}, then {outcome:?}"));
        match (planned.verdict, &outcome) {
            (Verdict::Unknown, ActionOutcome::Failed(_)) => return Ok(()),
            (Verdict::Unknown, _) => {}
            (Verdict::Change, ActionOutcome::Changed { changes }) if *changes == planned.changes => {}
            (Verdict::Unchanged, ActionOutcome::Unchanged) => {}
            _ => return wrong(),
        }
    }
    match &converged.result {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error}: {:?}", converged.troubles())),
    }
}

fn tree(lab: &Lab, place: &Place) -> String {
    lab.machine.check(&format!("ls -lRd {} 2>&1 | head -50; cat /etc/passwd /etc/group", place.folder))
}
