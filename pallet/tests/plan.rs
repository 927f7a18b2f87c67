//! The planner: verdicts over states, with the state carried forward.

use pallet::facts::Facts;
use pallet::graph::{ActionId, Built, build};
use pallet::name::{PackageName, RemotePath, UnitName};
use pallet::plan::{Done, Doomed, Plan, Verdict, plan};
use pallet::prelude::*;
use pallet::probe::{CommandResult, Contents, PackageState, PathKind, PathState, Sha256, State, UnitState};
use pallet::{Context, Value};

fn built(phase: impl FnOnce()) -> Built {
    build(&Context::example(), phase).expect("a phase without mistakes")
}

fn planned(state: State, phase: impl FnOnce()) -> Result<Plan, Vec<Doomed>> {
    plan(&built(phase).graph, &Facts::example(), state, false, &Done::default())
}

fn verdicts(plan: &Plan) -> Vec<Verdict> {
    plan.actions().iter().map(|planned| planned.verdict).collect()
}

fn path(text: &str) -> RemotePath {
    RemotePath::new(text).expect("a valid path")
}

/// A node on which these directories exist.
fn with_directories(paths: &[&str]) -> State {
    let mut state = State::default();
    for text in paths {
        let directory = PathState { kind: PathKind::Directory, mode: 0o755, ..PathState::absent() };
        state.paths.insert(path(text), directory);
    }
    state
}

fn install(state: &mut State, package: &str) {
    let installed = PackageState { installed: true, version: "1.0".to_owned(), held: false };
    state.packages.insert(PackageName::new(package).expect("a valid name"), installed);
}

#[test]
fn what_an_earlier_action_makes_exists_for_a_later_one() {
    let plan = planned(with_directories(&["/srv"]), || {
        directory("/srv/app/etc");
        remote_file("/srv/app/etc/app.conf").content("a");
        file("/srv/app/etc/app.conf");
        symbolic_link("/srv/app/current", "etc");
    })
    .expect("nothing is certain to fail");
    assert_eq!(verdicts(&plan), [Verdict::Change, Verdict::Change, Verdict::Unchanged, Verdict::Change]);
}

#[test]
fn what_cannot_be_made_is_found_before_anything_is_tried() {
    let doomed = planned(with_directories(&["/srv"]), || {
        file("/srv/ok");
        remote_file("/srv/missing/app.conf").content("a");
        service("nowhere").running();
    })
    .expect_err("two actions cannot work");
    let messages: Vec<&str> = doomed.iter().map(|doomed| doomed.problem.message.as_str()).collect();
    assert_eq!(messages, ["there is no directory /srv/missing", "there is no service nowhere"]);
    assert_eq!(
        doomed[0].problem.hint.as_deref(),
        Some("write `directory(\"/srv/missing\")` before this line")
    );
}

#[test]
fn a_package_may_bring_what_follows() {
    let plan = planned(with_directories(&["/srv"]), || {
        package("nginx");
        remote_file("/etc/nginx/conf.d/site.conf").content("a");
        service("nginx").running();
        file("/srv/untouched").absent();
    })
    .expect("nothing is certain to fail");
    let unknown = Verdict::Unknown(ActionId(0));
    assert_eq!(verdicts(&plan), [Verdict::Change, unknown, unknown, Verdict::Unchanged]);
}

#[test]
fn an_installed_package_leaves_the_rest_certain() {
    let mut state = with_directories(&["/etc/nginx/conf.d"]);
    install(&mut state, "nginx");
    let running = UnitState { exists: true, enabled: true, running: true, ..UnitState::default() };
    state.units.insert(UnitName::new("nginx").expect("a valid name"), running);
    let plan = planned(state, || {
        package("nginx");
        let site = remote_file("/etc/nginx/conf.d/site.conf").content("a");
        service("nginx").running().reload_when_changed(site);
    })
    .expect("nothing is certain to fail");
    assert_eq!(verdicts(&plan), [Verdict::Unchanged, Verdict::Change, Verdict::Change]);
    assert_eq!(plan.actions()[2].diff.changes, ["reload"]);
    let masked = plan.script("n").expect("there is something to do").masked();
    assert!(masked.contains("p_owe reload-nginx"), "{masked}");
}

#[test]
fn adjacent_packages_are_one_transaction_and_certain() {
    let plan = planned(State::default(), || {
        package("a");
        packages(["b", "c"]);
        exec("true");
        package("d");
        package("e").absent();
    })
    .expect("nothing is certain to fail");
    let steps: Vec<usize> = plan.steps().iter().map(|step| step.ids.len()).collect();
    assert_eq!(steps, [2, 1, 1, 1]);
    assert_eq!(verdicts(&plan)[..3], [Verdict::Change; 3]);
    assert!(matches!(verdicts(&plan)[3], Verdict::Unknown(_)));
    let script = plan.script("n").expect("there is something to do").masked();
    assert!(script.contains("p_pkg_install install -- 0=a 1=b 1=c"), "{script}");
}

#[test]
fn content_is_compared_by_hash_and_edits_by_others_are_noticed() {
    let mut state = with_directories(&["/srv"]);
    let content = |text: &str| PathKind::File(Contents::Hash(Sha256::of(text.as_bytes())));
    let file = PathState { kind: content("ours"), mode: 0o644, ..PathState::absent() };
    state.paths.insert(path("/srv/a"), file);
    let declare = |text: &'static str| {
        move || {
            remote_file("/srv/a").content(text);
        }
    };
    assert_eq!(verdicts(&planned(state.clone(), declare("ours")).expect("fine")), [Verdict::Unchanged]);
    assert_eq!(verdicts(&planned(state.clone(), declare("new")).expect("fine")), [Verdict::Change]);
    state.written.insert(path("/srv/a"), vec![Sha256::of(b"what we wrote")]);
    let doomed = planned(state.clone(), declare("new")).expect_err("edited by somebody else");
    assert!(doomed[0].problem.message.contains("edited by somebody else"));
    let graph = built(declare("new")).graph;
    assert!(
        plan(&graph, &Facts::example(), state, true, &Done::default()).is_ok(),
        "unless it is to be overwritten"
    );
}

/// A file with this text.
fn with_text(state: &mut State, at: &str, text: &str) {
    let kind = PathKind::File(Contents::Hash(Sha256::of(text.as_bytes())));
    let file = PathState { kind, mode: 0o644, size: text.len() as u64, ..PathState::absent() };
    state.paths.insert(path(at), file);
    state.texts.insert(path(at), text.as_bytes().to_vec());
}

#[test]
fn edits_of_a_file_follow_each_other_and_the_plan_shows_each() {
    let mut state = with_directories(&["/etc"]);
    with_text(&mut state, "/etc/a", "x = 1\n");
    let plan = planned(state, || {
        line_in_file("/etc/a").matching("^x").line("x = 2");
        line_in_file("/etc/a").line("x = 2");
        block_in_file("/etc/a").block("y");
        replace_in_file("/etc/a").replace("2", "3");
        line_in_file("/etc/b").line("x").create();
    })
    .expect("nothing is certain to fail");
    assert_eq!(
        verdicts(&plan),
        [Verdict::Change, Verdict::Unchanged, Verdict::Change, Verdict::Change, Verdict::Change]
    );
    let after = |index: usize| plan.actions()[index].diff.content.clone().and_then(|change| change.after);
    assert_eq!(after(3).as_deref(), Some(&b"x = 3\n# BEGIN pallet\ny\n# END pallet\n"[..]));
    assert_eq!(after(4).as_deref(), Some(&b"x\n"[..]));
    assert!(!plan.is_split());
}

#[test]
fn an_edit_in_doubt_ends_the_steps_until_the_node_was_read_again() {
    let mut state = with_directories(&["/etc", "/srv"]);
    let phase = || {
        package("app");
        file("/srv/before");
        line_in_file("/etc/app.conf").matching("^port").line("port = 2");
        file("/srv/behind");
    };
    let first = planned(state.clone(), phase).expect("nothing is certain to fail");
    assert_eq!(
        verdicts(&first),
        [Verdict::Change, Verdict::Change, Verdict::Unknown(ActionId(0)), Verdict::Change]
    );
    let steps: Vec<ActionId> = first.steps().iter().flat_map(|step| step.ids.clone()).collect();
    assert_eq!(steps, [ActionId(0), ActionId(1)]);
    assert_eq!((first.is_split(), first.reach()), (true, 2));

    with_text(&mut state, "/etc/app.conf", "port = 1\n");
    let both = [ActionId(0), ActionId(1)];
    let done = Done { actions: both.into(), changed: both.into(), ..Done::default() };
    let rest = plan(&built(phase).graph, &Facts::example(), state, false, &done);
    let rest = rest.expect("nothing is certain to fail");
    assert_eq!(verdicts(&rest), [Verdict::Change, Verdict::Change]);
    let steps: Vec<ActionId> = rest.steps().iter().flat_map(|step| step.ids.clone()).collect();
    assert_eq!(steps, [ActionId(2), ActionId(3)]);
    assert!(!rest.is_split());
}

#[test]
fn a_value_that_is_known_is_a_text_and_one_that_is_not_is_a_doubt() {
    let phase = || {
        let name: Value = output_of("hostname -f");
        remote_file("/srv/name").content(name);
    };
    let mut state = with_directories(&["/srv"]);
    let output = CommandResult { status: 0, output: b"web-1".to_vec() };
    state.commands.insert((ActionId(0), 0), output);
    let known = planned(state.clone(), phase).expect("fine");
    assert_eq!(verdicts(&known), [Verdict::Unchanged, Verdict::Change]);
    assert!(known.script("n").expect("a script").masked().contains("web-1"));
    let later = planned(state, || {
        exec("hostname web-2");
        phase();
    })
    .expect("fine");
    assert!(matches!(verdicts(&later)[2], Verdict::Unknown(_)));
    assert!(String::from_utf8_lossy(&later.script("n").expect("a script").render()).contains("$p_v1"));
}

#[test]
fn a_guard_that_holds_leaves_the_rest_certain() {
    let mut state = with_directories(&["/srv", "/srv/app"]);
    let plan = planned(state.clone(), || {
        exec("make install").creates("/srv/app");
        directory("/srv/app");
    });
    assert_eq!(verdicts(&plan.expect("fine")), [Verdict::Unchanged, Verdict::Unchanged]);
    state.paths.remove(&path("/srv/app"));
    let plan = planned(state, || {
        exec("make install").creates("/srv/app");
        directory("/srv/app");
    });
    assert_eq!(verdicts(&plan.expect("fine")), [Verdict::Change, Verdict::Unknown(ActionId(0))]);
}

#[test]
fn an_owed_reload_is_made_up_for() {
    let mut state = State::default();
    let running = UnitState { exists: true, enabled: true, running: true, ..UnitState::default() };
    state.units.insert(UnitName::new("nginx").expect("a valid name"), running);
    state.owed.insert("reload-nginx".to_owned());
    state.paths = with_directories(&["/srv"]).paths;
    let same = PathState {
        kind: PathKind::File(Contents::Hash(Sha256::of(b"a"))),
        mode: 0o644,
        ..PathState::absent()
    };
    state.paths.insert(path("/srv/a"), same);
    let plan = planned(state, || {
        let site = remote_file("/srv/a").content("a");
        service("nginx").reload_when_changed(site);
    })
    .expect("fine");
    assert_eq!(verdicts(&plan), [Verdict::Unchanged, Verdict::Change]);
    assert_eq!(plan.actions()[1].diff.changes, ["reload, owed since an earlier run"]);
}

#[test]
fn users_and_groups_are_carried_forward() {
    let plan = planned(State::default(), || {
        group("deploy").gid(1500);
        user("deploy").group("deploy").groups(["adm"]).shell("/bin/bash");
    });
    assert_eq!(plan.expect_err("adm does not exist")[0].problem.message, "there is no group adm");
    let plan = planned(State::default(), || {
        group("deploy").gid(1500);
        user("deploy").group("deploy").shell("/bin/bash");
        user("deploy").group("deploy").shell("/bin/bash");
        user("deploy").shell("/bin/sh");
    })
    .expect("fine");
    assert_eq!(verdicts(&plan), [Verdict::Change, Verdict::Change, Verdict::Unchanged, Verdict::Change]);
}

#[test]
fn secrets_are_in_no_plan_and_no_masked_script() {
    let plan = planned(with_directories(&["/srv"]), || {
        remote_file("/srv/secret").content(Secret::from("hunter2"));
        exec("login").env("PASSWORD", Secret::from("hunter2"));
    })
    .expect("fine");
    let script = plan.script("n").expect("there is something to do");
    assert!(String::from_utf8_lossy(&script.render()).contains("hunter2"));
    assert!(!format!("{plan:?} {}", script.masked()).contains("hunter2"));
}

#[test]
fn a_node_is_refused_what_its_package_manager_cannot_do() {
    let mut facts = Facts::example();
    facts.package_manager = Some(pallet::facts::PackageManagerKind::Apk);
    let graph = built(|| {
        package("nginx").held();
    })
    .graph;
    let doomed = pallet::plan::probe(&graph, &facts, &Done::default()).expect_err("no holds");
    assert!(doomed[0].problem.message.contains("this node has apk"), "{doomed:?}");
}

#[test]
fn commands_that_were_asked_before_a_change_are_asked_again() {
    let plan = planned(with_directories(&["/srv"]), || {
        output_of("cat /srv/flag");
        file("/srv/flag");
        output_of("cat /srv/flag");
        exec("touch /srv/ran").only_if("test -e /srv/flag");
    })
    .expect("nothing is certain to fail");
    let [before, change, after, guarded] = verdicts(&plan)[..] else { panic!("four actions") };
    assert_eq!((before, change, after), (Verdict::Unchanged, Verdict::Change, Verdict::Unchanged));
    assert_eq!(guarded, Verdict::Unknown(ActionId(1)));
    assert_eq!(plan.steps().iter().map(|step| step.ids[0].0).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn refreshing_the_package_index_makes_no_command_doubtful() {
    let plan = planned(State::default(), || {
        package_manager().update();
        exec("touch /srv/ran").only_if("test -e /srv/flag");
    })
    .expect("nothing is certain to fail");
    assert_eq!(verdicts(&plan), [Verdict::Refresh, Verdict::Unchanged]);
}

#[test]
fn a_unit_that_is_written_here_is_no_service_that_is_missing() {
    let phase = |unit: &'static str| {
        planned(with_directories(&["/etc/systemd/system"]), move || {
            remote_file("/etc/systemd/system/app.service").content("[Service]\n");
            service(unit).running();
        })
    };
    let plan = phase("app").expect("the unit is there by then");
    assert_eq!(verdicts(&plan), [Verdict::Change, Verdict::Unknown(ActionId(0))]);
    assert_eq!(phase("other").expect_err("no such unit").len(), 1);
}

#[test]
fn a_file_written_twice_is_edited_by_nobody_else() {
    let mut state = with_directories(&["/srv"]);
    let (one, two) = (Sha256::of(b"one"), Sha256::of(b"two"));
    let is = PathState { kind: PathKind::File(Contents::Hash(two)), mode: 0o644, ..PathState::absent() };
    state.paths.insert(path("/srv/app.conf"), is);
    state.written.insert(path("/srv/app.conf"), vec![two]);
    let phase = || {
        remote_file("/srv/app.conf").content("one");
        remote_file("/srv/app.conf").content("two");
    };
    let plan = planned(state.clone(), phase).expect("both are ours");
    assert_eq!(verdicts(&plan), [Verdict::Change, Verdict::Change]);
    state.written.insert(path("/srv/app.conf"), vec![one]);
    let third = || {
        remote_file("/srv/app.conf").content("three");
    };
    assert!(planned(state, third).is_err(), "somebody else wrote in between");
}

#[test]
fn an_edit_that_is_taken_over_becomes_ours_without_a_change() {
    let mut state = with_directories(&["/srv"]);
    let is = PathState {
        kind: PathKind::File(Contents::Hash(Sha256::of(b"theirs"))),
        mode: 0o644,
        ..PathState::absent()
    };
    state.paths.insert(path("/srv/app.conf"), is);
    state.written.insert(path("/srv/app.conf"), vec![Sha256::of(b"ours")]);
    let plan = planned(state, || {
        let file = remote_file("/srv/app.conf").content("theirs");
        exec("true").only_if("false").after(file);
    })
    .expect("nothing is certain to fail");
    assert_eq!(verdicts(&plan), [Verdict::Unchanged, Verdict::Unchanged]);
    let [step] = plan.steps() else { panic!("one step, which takes the edit down") };
    assert!(step.script.masked().starts_with("p_keep "), "{}", step.script.masked());
}

#[test]
fn contents_do_not_travel_for_an_attribute() {
    let mut state = with_directories(&["/srv"]);
    let is = PathState {
        kind: PathKind::File(Contents::Hash(Sha256::of(b"a long text"))),
        mode: 0o600,
        ..PathState::absent()
    };
    state.paths.insert(path("/srv/app.conf"), is);
    let plan = planned(state, || {
        remote_file("/srv/app.conf").content("a long text").mode(0o644);
    })
    .expect("nothing is certain to fail");
    assert_eq!(verdicts(&plan), [Verdict::Change]);
    assert!(!plan.steps()[0].script.masked().contains("a long text"));
}

#[test]
fn the_group_of_a_removed_user_goes_with_it() {
    use pallet::name::AccountName;
    use pallet::probe::{Account, AccountGroup};
    let name = AccountName::new("app").expect("a valid name");
    let account = Account {
        uid: 1000,
        gid: 1000,
        gecos: String::new(),
        home: "/home/app".to_owned(),
        shell: "/bin/sh".to_owned(),
    };
    let mut state = State::default();
    state.users.insert(name.clone(), account);
    state.groups.insert(name, AccountGroup { gid: 1000, ..AccountGroup::default() });
    let plan = planned(state, || {
        user("app").absent();
        group("app").absent();
    })
    .expect("nothing is certain to fail");
    assert_eq!(verdicts(&plan), [Verdict::Change, Verdict::Unchanged]);
}

/// The values of commands, in the order of the actions that ask for them.
fn commands(results: &[(usize, u8, u32, &str)]) -> State {
    let mut state = State::default();
    for (id, number, status, output) in results {
        let result = CommandResult { status: *status, output: output.as_bytes().to_vec() };
        state.commands.insert((ActionId(*id), *number), result);
    }
    state
}

#[test]
fn a_condition_on_a_value_that_is_known_is_decided_before_the_run() {
    let phase = || {
        let role = output_of("cat /etc/role");
        let cpus = output_of("nproc").number();
        exec("serve").when(role.is("web") & cpus.at_least(2));
        exec("store").when(role.is("db") | role.contains("data"));
        exec("small").unless(cpus.at_least(2));
    };
    let plan = planned(commands(&[(0, 0, 0, "web"), (1, 0, 0, "4")]), phase).expect("no problem");
    let expected =
        [Verdict::Unchanged, Verdict::Unchanged, Verdict::Change, Verdict::Unchanged, Verdict::Unchanged];
    assert_eq!(verdicts(&plan), expected);
    assert_eq!(plan.steps().len(), 1);
    let doomed = planned(commands(&[(0, 0, 0, "web"), (1, 0, 0, "many")]), phase).expect_err("no number");
    assert!(doomed[0].problem.message.contains("\"many\" is not a number"), "{doomed:?}");
}

#[test]
fn a_condition_that_only_the_node_can_decide_leaves_the_action_unknown() {
    let plan = planned(with_directories(&["/srv"]), || {
        let token = exec("make-token").stdout();
        let marked = file("/srv/marked").when(token.is("x"));
        file("/srv/marked");
        exec("after").if_changed(marked);
    })
    .expect("no problem");
    let by_token = Verdict::Unknown(ActionId(0));
    assert_eq!(verdicts(&plan), [Verdict::Change, by_token, Verdict::Unknown(ActionId(1)), by_token]);
    let script = plan.script("0").expect("there are steps").masked();
    assert!(script.contains("[ '=‹value of action 0›' = =x ]"), "{script}");
    assert!(script.contains(r#"[ -n "${p_c1:-}" ]"#), "{script}");
}

#[test]
fn what_may_not_happen_is_no_ground_to_stand_on() {
    let plan = planned(with_directories(&["/srv"]), || {
        file("/srv/a").ignore_failure();
        file("/srv/a");
    })
    .expect("no problem");
    assert_eq!(verdicts(&plan), [Verdict::Change, Verdict::Unknown(ActionId(0))]);
}

#[test]
fn a_value_that_may_be_missing_cannot_be_used() {
    let error = build(&Context::example(), || {
        let token = exec("make-token").creates("/srv/token").stdout();
        remote_file("/srv/copy").content(token);
    })
    .expect_err("the command may not run");
    assert!(error.to_string().contains("may not run or may fail"), "{error}");
}

#[test]
fn what_the_controller_must_decide_ends_the_first_part_of_a_plan() {
    let graph = built(|| {
        exec("install-tool");
        let port = output_of("tool --json").json("ports.0");
        exec("use").when(port.is("80"));
        file("/srv/last");
    })
    .graph;
    let state = || with_directories(&["/srv"]);
    let first = plan(&graph, &Facts::example(), state(), false, &Done::default()).expect("no problem");
    assert_eq!((first.is_split(), first.reach(), first.steps().len()), (true, 2, 2));
    let script = first.script("0").expect("there are steps").masked();
    assert!(script.contains("p_frame value 1"), "the value travels: {script}");

    let mut done = Done::default();
    done.actions.extend([ActionId(0), ActionId(1)]);
    done.changed.insert(ActionId(0));
    done.values.insert(ActionId(1), br#"{"ports":[80]}"#.to_vec());
    let rest = plan(&graph, &Facts::example(), state(), false, &done).expect("no problem");
    assert_eq!(verdicts(&rest), [Verdict::Unchanged, Verdict::Change, Verdict::Unknown(ActionId(3))]);
    assert!(!rest.is_split());
}
