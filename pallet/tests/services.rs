//! What is declared about services, compared with what is there.

use pallet::facts::{Facts, InitSystem};
use pallet::graph::{ActionId, build, build_phases};
use pallet::name::{PhaseName, RemotePath, UnitName};
use pallet::plan::{self, Done, Doomed, Plan, Verdict};
use pallet::prelude::*;
use pallet::probe::{PathKind, PathState, State, UnitState};
use pallet::spec::PhaseFn;
use pallet::{Context, Location, PhaseOutput};

const DOWN: UnitState =
    UnitState { exists: true, enabled: false, fixed: false, running: false, masked: false, no_reload: false };
const UP: UnitState = UnitState { enabled: true, running: true, ..DOWN };

fn state(unit: UnitState) -> State {
    let mut state = State::default();
    for path in ["/srv", "/etc/systemd/system"] {
        let folder = PathState { kind: PathKind::Directory, mode: 0o755, ..PathState::absent() };
        state.paths.insert(RemotePath::new(path).expect("a valid path"), folder);
    }
    state.units.insert(UnitName::new("app").expect("a valid name"), unit);
    state
}

fn planned<R: PhaseOutput>(state: State, phase: impl FnOnce() -> R) -> Result<Plan, Vec<Doomed>> {
    let built = build(&Context::example(), || drop(phase())).expect("no mistake");
    plan::plan(&built.graph, &Facts::example(), state, false, &Done::default())
}

/// Returns what differs, in the order in which it would be done.
fn changes<R: PhaseOutput>(state: State, phase: impl FnOnce() -> R) -> Vec<Vec<String>> {
    let plan = planned(state, phase).expect("nothing is certain to fail");
    plan.actions().iter().map(|planned| planned.diff.changes.clone()).collect()
}

fn problem<R: PhaseOutput>(state: State, phase: impl FnOnce() -> R) -> String {
    planned(state, phase).expect_err("it is certain to fail")[0].problem.message.clone()
}

#[test]
fn states_are_compared() {
    type Declare = fn() -> Handle<pallet::actions::Service>;
    let table: [(UnitState, Declare, &[&str]); 12] = [
        (UP, || service("app").enabled().running(), &[]),
        (DOWN, || service("app").enabled().running(), &["enabled", "started"]),
        (UP, || service("app").disabled().stopped(), &["disabled", "stopped"]),
        (UnitState { fixed: true, ..DOWN }, || service("app").enabled(), &[]),
        (DOWN, || service("app").masked(), &["masked"]),
        (UnitState { masked: true, ..DOWN }, || service("app").masked(), &[]),
        (
            UnitState { masked: true, ..DOWN },
            || service("app").unmasked().running(),
            &["unmasked", "started"],
        ),
        (UP, || service("app").restarted(), &["restart"]),
        (DOWN, || service("app").restarted(), &["restart"]),
        (DOWN, || service("app").running().restarted(), &["started"]),
        (UP, || service("app").reloaded(), &["reload"]),
        (DOWN, || service("app").reloaded(), &[]),
    ];
    for (number, (unit, declare, expected)) in table.into_iter().enumerate() {
        assert_eq!(changes(state(unit), declare)[0], expected, "row {number}");
    }
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_touched() {
    assert_eq!(problem(State::default(), || service("app").running()), "there is no service app");
    let masked = state(UnitState { masked: true, ..DOWN });
    assert_eq!(problem(masked, || service("app").running()), "service app is masked");
    let no_reload = UnitState { no_reload: true, ..UP };
    assert_eq!(problem(state(no_reload), || service("app").reloaded()), "service app cannot be reloaded");
    let at_end = || service("app").reload_at_end(file("/srv/a"));
    assert_eq!(problem(state(no_reload), at_end), "service app cannot be reloaded");
}

#[test]
fn what_only_systemd_has_is_refused_elsewhere() {
    let facts = Facts { init: InitSystem::OpenRc, ..Facts::example() };
    let refused = |phase: &dyn Fn()| {
        let built = build(&Context::example(), phase).expect("no mistake");
        plan::probe(&built.graph, &facts, &Done::default()).expect_err("refused")[0].problem.message.clone()
    };
    assert_eq!(
        refused(&|| _ = service("app.timer").running()),
        "a timer is a unit of systemd; this node has openrc"
    );
    assert!(refused(&|| _ = service("app").masked()).contains("only systemd masks"));
    assert!(refused(&|| _ = unit_file("app", "")).contains("use `init_script`"));
}

#[test]
fn a_service_answers_once_and_restarts_if_it_owes_both() {
    let phase = || {
        let one = remote_file("/srv/one").content("1");
        let two = remote_file("/srv/two").content("2");
        service("app").reload_when_changed(one);
        service("app").reload_when_changed(two);
    };
    let done = changes(state(UP), phase);
    assert_eq!(done[2..], [vec!["reload"], vec![]], "the first line answers for both");
    let phase = || {
        let one = remote_file("/srv/one").content("1");
        let two = remote_file("/srv/two").content("2");
        service("app").reload_when_changed(one).restart_when_changed(two);
    };
    assert_eq!(changes(state(UP), phase)[2], ["restart"]);
}

#[test]
fn at_the_end_comes_after_what_is_written_further_down() {
    let phase = || {
        let causes = || [remote_file("/srv/one").content("1"), remote_file("/srv/two").content("2")];
        let app = service("app").running();
        app.reload_at_end(causes());
        app.restart_at_end(remote_file("/srv/three").content("3"));
        exec("true").creates("/srv/one");
    };
    let plan = planned(state(UP), phase).expect("fine");
    let order: Vec<usize> = plan.actions().iter().map(|planned| planned.id.0).collect();
    assert_eq!(order, [0, 1, 2, 4, 6, 3, 5], "the answers come last");
    let ends: Vec<_> = plan.actions()[5..].iter().map(|planned| planned.diff.changes.clone()).collect();
    assert_eq!(ends, [vec!["restart"], vec![]], "one restart does it all");
    let script = plan.script("n").expect("something to do").masked();
    let owed = script.find("p_owe reload-app").expect("it is written down");
    assert!(owed < script.find("p_service_answer").expect("it answers"), "before the change:\n{script}");
}

/// A plan is of all phases of a node at once, and still each phase has an end of its own.
#[test]
fn the_end_is_that_of_the_phase() {
    let [first, second] =
        ["configure", "post-configure"].map(|name| PhaseName::new(name).expect("a valid name"));
    let early = [PhaseFn::new(|| {
        service("app").reload_at_end(file("/srv/a"));
        file("/srv/b");
    })];
    let late = [PhaseFn::new(|| file("/srv/c"))];
    let phases = [(&first, &early[..]), (&second, &late[..])];
    let built = build_phases(&Context::example(), phases, Location::caller()).expect("no mistake");
    let order: Vec<String> = built.graph.in_order().map(|(_, node)| node.label()).collect();
    assert_eq!(order, ["service app", "file /srv/a", "file /srv/b", "service-answer app", "file /srv/c"]);
}

#[test]
fn what_is_not_owed_is_certain_to_stay() {
    let plan = planned(state(UP), || {
        exec("true");
        service("app").reload_at_end(file("/srv/a").absent());
    });
    let verdicts: Vec<Verdict> = plan.expect("fine").actions().iter().map(|p| p.verdict).collect();
    let unknown = |by| Verdict::Unknown(ActionId(by));
    assert_eq!(verdicts[1..], [Verdict::Unchanged, unknown(0), unknown(2)]);
    let plan = planned(state(UP), || {
        service("app").reload_at_end(file("/srv/a").absent());
        exec("true");
    });
    let verdicts: Vec<Verdict> = plan.expect("fine").actions().iter().map(|p| p.verdict).collect();
    assert_eq!(verdicts[3], Verdict::Unchanged, "{verdicts:?}");
}

#[test]
fn a_unit_that_is_written_here_is_known() {
    let phase = || {
        let unit = unit_file("app", "[Service]\nExecStart=/srv/app\n[Install]\nWantedBy=multi-user.target\n");
        service("app").enabled().running().restart_when_changed(unit);
    };
    let mut fresh = state(DOWN);
    fresh.units.clear();
    let plan = planned(fresh, phase).expect("fine");
    assert_eq!(plan.actions()[1].verdict, Verdict::Change);
    assert_eq!(plan.actions()[1].diff.changes, ["enabled", "started"]);
    let phase = || {
        unit_file("app", "[Service]\nExecStart=/srv/app\n");
        service("app").enabled().reload_when_changed(exec("true"));
    };
    let plan = planned(state(UP), phase);
    assert!(plan.is_ok(), "what a command may have changed is not certain: {plan:?}");
}

#[test]
fn what_systemd_has_not_read_yet_is_not_known() {
    let mut stale = State::default();
    stale.owed.insert("daemon-reload".to_owned());
    let plan = planned(stale, || service("app").running()).expect("the node has to find out");
    assert_eq!(plan.actions()[0].verdict, Verdict::Unknown(ActionId(0)));
}

#[test]
fn contradictions_in_one_service_are_mistakes() {
    let refused = |phase: fn()| build(&Context::example(), phase).expect_err("a mistake").to_string();
    assert!(refused(|| _ = service("app").masked().enabled()).contains("a masked service"));
    assert!(refused(|| _ = service("app")).contains("nothing is declared"));
    assert!(refused(|| _ = service("-x").running()).contains("service name"));
}
