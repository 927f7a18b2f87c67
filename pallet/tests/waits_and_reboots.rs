//! Waits and reboots, compared with what is there.

use pallet::actions::reboot;
use pallet::facts::Facts;
use pallet::graph::{ActionId, build};
use pallet::name::RemotePath;
use pallet::plan::{self, Done, Plan, Verdict};
use pallet::prelude::*;
use pallet::probe::{PathKind, PathState, State};
use pallet::{Context, PhaseOutput};
use std::time::Duration;

fn path(text: &str) -> RemotePath {
    RemotePath::new(text).expect("a valid path")
}

fn with_paths(paths: &[&str]) -> State {
    let mut state = State::default();
    for name in paths {
        let there = PathState { kind: PathKind::Directory, mode: 0o755, ..PathState::absent() };
        state.paths.insert(path(name), there);
    }
    state
}

fn planned<R: PhaseOutput>(state: State, phase: impl FnOnce() -> R) -> Plan {
    let built = build(&Context::example(), || drop(phase())).expect("no mistake");
    plan::plan(&built.graph, &Facts::example(), state, false, &Done::default()).expect("fine")
}

fn verdicts(plan: &Plan) -> Vec<Verdict> {
    plan.actions().iter().map(|planned| planned.verdict).collect()
}

fn refused<R: PhaseOutput>(phase: impl FnOnce() -> R) -> String {
    build(&Context::example(), || drop(phase())).expect_err("a mistake").to_string()
}

#[test]
fn what_is_so_is_not_waited_for() {
    let plan = planned(with_paths(&["/run/there"]), || {
        wait_for_file("/run/there");
        wait_for_file("/run/gone").absent();
        wait_for_file("/run/coming");
        wait_for_file("/run/there").absent();
    });
    let own = |id| Verdict::Unknown(ActionId(id));
    assert_eq!(verdicts(&plan), [Verdict::Unchanged, Verdict::Unchanged, own(2), own(3)]);
    assert_eq!(plan.actions()[2].diff.changes, ["waits"]);
}

#[test]
fn what_is_waited_for_is_not_known_afterwards() {
    let plan = planned(State::default(), || {
        wait_for_file("/run/coming");
        file("/run/coming").absent();
    });
    assert_eq!(verdicts(&plan)[1], Verdict::Unknown(ActionId(0)));
}

#[test]
fn waits_that_make_no_sense_are_mistakes() {
    assert!(refused(|| wait_for_port(80).absent()).contains("`wait_for_file`"));
    assert!(refused(|| wait_for_file("/a").on_host("db")).contains("`wait_for_port`"));
    assert!(refused(|| wait_for_port(80).status(404)).contains("`wait_for_http`"));
    assert!(refused(|| wait_for_port(0)).contains("from 1 to 65535"));
    assert!(refused(|| wait_for_port(1).on_host("-e sh")).contains("is no host"));
    assert!(refused(|| wait_for_http("localhost/health")).contains("does not begin with"));
    assert!(refused(|| retry_until("true").every(Duration::ZERO)).contains("without a pause"));
}

#[test]
fn arguments_of_scripts_are_not_secret() {
    let error = refused(|| exec_script("").interpreter("perl").argument(Secret::from("hunter2")));
    assert!(error.contains("shows in the process list") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_reboot_ends_the_steps_and_leaves_the_rest_unknown() {
    let plan = planned(with_paths(&["/srv"]), || {
        file("/srv/before");
        reboot();
        file("/srv/after");
    });
    let unknown = Verdict::Unknown(ActionId(1));
    assert_eq!(verdicts(&plan), [Verdict::Change, Verdict::Change, unknown]);
    assert!(plan.is_split());
    assert_eq!((plan.reach(), plan.steps().len()), (2, 2));
}

#[test]
fn a_reboot_can_answer_to_changes() {
    let phase = || {
        let folder = directory("/srv");
        reboot().when_changed(folder);
    };
    assert_eq!(verdicts(&planned(with_paths(&["/srv"]), phase)), [Verdict::Unchanged; 2]);
    let plan = planned(State::default(), phase);
    assert_eq!(verdicts(&plan), [Verdict::Change; 2]);
    let script = plan.script("n").expect("something to do").masked();
    let (owed, made) = (script.find("p_owe reboot"), script.find("p_dir"));
    assert!(owed.is_some() && owed < made, "it is written down before the change:\n{script}");
}

#[test]
fn what_is_owed_since_another_boot_is_owed_no_longer() {
    let phase = || reboot().when_changed(directory("/srv"));
    for (boot, changes) in [
        (Facts::example().boot_id, vec!["reboot, owed since an earlier run"]),
        ("another".to_owned(), Vec::new()),
    ] {
        let mut state = with_paths(&["/srv"]);
        state.lines.insert(path("/var/lib/pallet/owed/reboot"), boot);
        state.owed.insert("reboot".to_owned());
        assert_eq!(planned(state, phase).actions()[1].diff.changes, changes);
    }
}

#[test]
fn packages_can_ask_for_a_reboot() {
    let phase = || reboot().when_required();
    assert_eq!(verdicts(&planned(State::default(), phase)), [Verdict::Unchanged]);
    assert_eq!(verdicts(&planned(with_paths(&["/run/reboot-required"]), phase)), [Verdict::Change]);
    let after_packages = || {
        package("linux-image-amd64");
        reboot().when_required();
    };
    assert_eq!(verdicts(&planned(State::default(), after_packages))[1], Verdict::Unknown(ActionId(0)));
}

#[test]
fn a_node_of_the_sandbox_is_not_rebooted() {
    let facts = Facts { container: Some("pallet-sandbox".to_owned()), ..Facts::example() };
    let built = build(&Context::example(), || _ = reboot()).expect("no mistake");
    let refused = plan::probe(&built.graph, &facts, &Done::default()).expect_err("refused");
    assert!(refused[0].problem.message.contains("sandbox"), "{refused:?}");
}
