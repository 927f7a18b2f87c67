//! Functions of one phase that contradict each other, and what is no contradiction.

use pallet::actions::{LocalDirectory, LocalEntry, LocalTree};
use pallet::conflicts;
use pallet::graph::{ActionId, Built, GraphError, Mistake, build_phases};
use pallet::name::{PhaseName, RemotePath};
use pallet::plan::{Done, Verdict, plan};
use pallet::prelude::*;
use pallet::probe::{Contents, PathKind, PathState, Sha256, State};
use pallet::spec::PhaseFn;
use pallet::{Context, Location, facts::Facts};

/// Functions of one phase.
type Functions = [fn()];

/// Builds functions of `configure`, in this order.
fn built(functions: &Functions) -> Result<Built, GraphError> {
    phases(&functions.iter().map(|function| ("configure", *function)).collect::<Vec<_>>())
}

/// Builds functions of phases that run one after the other.
fn phases(functions: &[(&str, fn())]) -> Result<Built, GraphError> {
    let named = |(name, function): &(&str, fn())| {
        (PhaseName::new(*name).expect("a valid name"), PhaseFn::new(*function))
    };
    let functions: Vec<(PhaseName, PhaseFn)> = functions.iter().map(named).collect();
    let phases = functions.iter().map(|(phase, function)| (phase, std::slice::from_ref(function)));
    let built = build_phases(&Context::example(), phases, Location::caller())?;
    conflicts::check(&built.graph)?;
    Ok(built)
}

fn messages(functions: &Functions) -> Vec<String> {
    let error = built(functions).expect_err("functions that contradict each other");
    error.mistakes.into_iter().map(|mistake| mistake.message).collect()
}

#[test]
fn two_functions_that_undo_each_other_are_refused() {
    let cases: &[(&Functions, &[&str])] = &[
        (
            &[|| _ = remote_file("/a").content("one"), || _ = remote_file("/a").content("two")],
            &["/a: a closure declares content \"two\", and a closure before it content \"one\""],
        ),
        (
            &[|| _ = packages(["curl", "vim"]), || _ = package("vim").purged()],
            &["package vim: a closure declares absent, and a closure before it installed"],
        ),
        (
            &[|| _ = package("vim").version("1.0"), || _ = package("vim").version("2.0")],
            &["package vim: a closure declares version 2.0, and a closure before it version 1.0"],
        ),
        (
            &[|| _ = service("app").running(), || _ = service("app.service").stopped().disabled()],
            &["service app: a closure declares stopped, and a closure before it running"],
        ),
        (
            &[|| _ = directory("/srv/old").absent_with_contents(), || _ = file("/srv/old/deep/x")],
            &["/srv/old/deep/x: a closure declares a file, and a closure before it /srv/old absent"],
        ),
        (
            &[|| _ = directory("/srv/app/etc"), || _ = remote_file("/srv/app").content("")],
            &["/srv/app: a closure declares a file, and a closure before it /srv/app/etc a directory"],
        ),
        (
            &[|| _ = file("/srv/x").mode(0o644), || _ = directory("/srv/x").mode(0o755)],
            &["/srv/x: a closure declares a directory, and a closure before it a file"],
        ),
        (
            &[|| _ = symbolic_link("/srv/now", "v1"), || _ = symbolic_link("/srv/now", "v2")],
            &["/srv/now: a closure declares target v2, and a closure before it target v1"],
        ),
        (
            &[|| _ = file("/a").mode(0o600).owner("app"), || _ = file("/a").mode(0o640).owner("www-data")],
            &[
                "/a: a closure declares mode 0640, and a closure before it mode 0600",
                "/a: a closure declares owner www-data, and a closure before it owner app",
            ],
        ),
        (
            &[|| _ = user("app").shell("/bin/sh").uid(900), || _ = user("app").shell("/bin/bash")],
            &["user app: a closure declares shell /bin/bash, and a closure before it shell /bin/sh"],
        ),
        (
            &[|| _ = service("app").running(), || _ = service("app").masked().stopped()],
            &["service app: a closure declares stopped, and a closure before it running"],
        ),
        (
            &[|| _ = fifo("/run/a"), || _ = file("/run/a")],
            &["/run/a: a closure declares a file, and a closure before it a named pipe"],
        ),
        (
            &[
                || _ = unit_file("app", "[Service]\n"),
                || _ = file("/etc/systemd/system/app.service").absent(),
            ],
            &["/etc/systemd/system/app.service: a closure declares absent, and a closure before it a file"],
        ),
        (
            &[|| _ = remote_file("/a").content("a\n"), || _ = line_in_file("/a").line("b")],
            &["/a: a closure declares content edited in part, and a closure before it content \"a\\n\""],
        ),
        (
            &[|| _ = group("app").gid(900), || _ = group("app").absent()],
            &["group app: a closure declares absent, and a closure before it present"],
        ),
    ];
    for (functions, expected) in cases {
        assert_eq!(messages(functions), *expected);
    }
}

#[test]
fn both_lines_and_the_way_out_are_named() {
    let error = built(&[|| _ = file("/a"), || _ = file("/a").absent()]).expect_err("a contradiction");
    let [Mistake { location, other: Some((earlier, role)), hint, .. }] = &error.mistakes[..] else {
        panic!("one mistake with two lines: {error}")
    };
    assert_eq!((location.line(), earlier.line(), *role), (line!() - 4, line!() - 4, "the other line is"));
    assert_ne!(location, earlier);
    assert!(hint.is_some_and(|hint| hint.contains("`.overrides()`")));
}

mod named {
    use pallet::prelude::*;

    #[phase]
    pub fn tune(#[arg] workers: u32) {
        remote_file("/etc/app.conf").content(format!("workers {workers}\n"));
    }

    #[phase]
    pub fn drain() {
        stop();
    }

    #[phase]
    pub fn stop() {
        service("app").stopped();
    }

    #[phase]
    pub fn serve() {
        stop();
        exec("migrate").creates("/srv/migrated");
        service("app").running();
    }
}

#[test]
fn functions_are_named_by_the_outermost() {
    assert_eq!(
        messages(&[|| named::drain(), || named::serve()]),
        ["service app: `conflicts::named::serve` declares running, and `conflicts::named::drain` stopped"]
    );
    assert_eq!(
        messages(&[|| named::tune(4), || named::tune(8)]),
        ["/etc/app.conf: `conflicts::named::tune` declares content \"workers 8\\n\", and \
          `conflicts::named::tune` before it content \"workers 4\\n\""]
    );
}

#[test]
fn what_is_no_contradiction_is_not_taken_for_one() {
    let cases: &[&Functions] = &[
        // The same function twice, as by two specs that both name it.
        &[|| named::tune(4), || named::tune(4)],
        // A sequence within one function, whatever it calls.
        &[|| named::serve(), || _ = service("app").running().enabled()],
        // What differs is not said by both.
        &[|| _ = user("app"), || _ = user("app").shell("/bin/bash").groups(["adm"])],
        &[|| _ = user("app").groups(["adm"]), || _ = user("app").groups(["docker"])],
        &[|| _ = remote_file("/a").content("a"), || _ = file("/a").mode(0o600)],
        &[|| _ = package("vim"), || _ = package("vim").version("2.0")],
        &[|| _ = package("vim").absent(), || _ = package("vim").purged()],
        &[|| _ = directory("/srv"), || _ = file("/srv/a").absent()],
        &[|| _ = directory("/srv/a").absent(), || _ = file("/srv/ab")],
        &[|| _ = symbolic_link("/srv/now", "v2"), || _ = file("/srv/now/x")],
        &[|| _ = line_in_file("/a").line("b"), || _ = line_in_file("/a").line("c")],
        // By name and by number: only the node can tell.
        &[|| _ = file("/a").owner("app"), || _ = file("/a").owner(900)],
        &[|| _ = file("/a").owner("root"), || _ = file("/a").owner(0)],
        // What is removed first and made again, within one function.
        &[
            || {
                directory("/srv/app").absent_with_contents();
                directory("/srv/app/etc");
            },
            || _ = file("/srv/app/etc/x"),
        ],
        // A place for work that is gone at the end.
        &[
            || {
                directory("/srv/tmp");
                file("/srv/tmp/x").mode(0o600);
                directory("/srv/tmp").absent_with_contents();
            },
            || _ = directory("/srv/tmp").absent(),
        ],
        // Only the node knows the content.
        &[|| _ = remote_file("/a").content(output_of("hostname")), || _ = remote_file("/a").content("a")],
        // What may not run.
        &[|| _ = service("app").running(), || _ = service("app").stopped().when("test -e /srv/maintenance")],
        // Commands declare no state.
        &[|| _ = exec("true"), || _ = exec("false")],
    ];
    for (index, functions) in cases.iter().enumerate() {
        if let Err(error) = built(functions) {
            panic!("case {index}: {error}");
        }
    }
}

#[test]
fn phases_are_a_sequence_and_not_compared() {
    let start: fn() = || _ = service("app").running();
    let stop: fn() = || _ = service("app").stopped();
    for order in [
        [("configure", start), ("stop", stop)],
        [("pre-deploy", stop), ("post-deploy", start)],
        [("bootstrap", stop), ("configure", start)],
    ] {
        phases(&order).expect("an order that somebody chose");
    }
    assert!(phases(&[("pre-deploy", stop), ("pre-deploy", start)]).is_err());
}

#[test]
fn secrets_and_hashes_of_secrets_are_in_no_message() {
    let error = built(&[
        || _ = remote_file("/a").content(Secret::from("hunter2")),
        || _ = remote_file("/a").content(Secret::from("hunter3")),
    ])
    .expect_err("two passwords");
    assert_eq!(
        error.mistakes[0].message,
        "/a: a closure declares content with a secret, and a closure before it content with a secret"
    );
    let built = built(&[|| _ = remote_file("/a").content(Secret::from("hunter2"))]).expect("one password");
    let declared = format!("{:?}", built.graph.node(ActionId(0)).action().declares());
    assert_eq!(declared, "[Claim(/a: a file), Claim(/a: content with a secret)]");
}

fn verdicts(functions: &Functions, state: State) -> Vec<(bool, Verdict)> {
    let built = built(functions).expect("what wins is said");
    let plan = plan(&built.graph, &Facts::example(), state, false, &Done::default())
        .expect("nothing is certain to fail");
    let left_out = |id| built.graph.node(id).overridden_by().is_some();
    plan.actions().iter().map(|planned| (left_out(planned.id), planned.verdict)).collect()
}

/// A node with one file.
fn with_file(path: &str, content: &str, mode: u32) -> State {
    let mut state = State::default();
    let mut add = |path: &str, kind| {
        let path = RemotePath::new(path).expect("a valid path");
        state.paths.insert(path, PathState { kind, mode, ..PathState::absent() });
    };
    add("/", PathKind::Directory);
    add(path, PathKind::File(Contents::Hash(Sha256::of(content.as_bytes()))));
    state
}

#[test]
fn what_is_overridden_is_left_out_and_a_second_run_is_empty() {
    let base: fn() = || _ = remote_file("/a").content("base").mode(0o600);
    let own: fn() = || _ = remote_file("/a").content("own").mode(0o644).overrides();
    let (out, runs) = (true, false);
    assert_eq!(
        verdicts(&[base, own], with_file("/a", "base", 0o600)),
        [(out, Verdict::Unchanged), (runs, Verdict::Change)]
    );
    assert_eq!(
        verdicts(&[base, own], with_file("/a", "own", 0o644)),
        [(out, Verdict::Unchanged), (runs, Verdict::Unchanged)]
    );
    let last: fn() = || _ = file("/a").absent().overrides();
    assert_eq!(
        verdicts(&[base, own, last], with_file("/a", "own", 0o644)),
        [(out, Verdict::Unchanged), (out, Verdict::Unchanged), (runs, Verdict::Change)]
    );
    // What agrees is not left out, and what is in no conflict stays as it was.
    assert_eq!(verdicts(&[own, own], with_file("/a", "own", 0o644)), [(runs, Verdict::Unchanged); 2]);
}

fn left_out(functions: &Functions) -> Vec<usize> {
    let graph = built(functions).expect("what wins is said").graph;
    let out = graph.in_order().filter(|(_, node)| node.overridden_by().is_some());
    out.map(|(id, _)| id.0).collect()
}

#[test]
fn overrides_leave_out_what_would_take_turns_and_nothing_else() {
    // All of a sequence that contradicts, and what agrees stays.
    let twice: fn() = || {
        remote_file("/a").content("one");
        remote_file("/a").content("two");
        service("app").stopped();
        service("app").running();
    };
    assert_eq!(left_out(&[twice, || _ = remote_file("/a").content("three").overrides()]), [0, 1]);
    assert_eq!(left_out(&[twice, || _ = service("app").stopped().overrides()]), [3]);
    assert_eq!(left_out(&[twice, || _ = service("app").running().overrides()]), [0; 0]);
    // Absence, another kind of thing, and what needs room.
    assert_eq!(left_out(&[|| _ = file("/a").mode(0o600), || _ = directory("/a").overrides()]), [0]);
    let below: fn() = || _ = remote_file("/srv/old/x").content("").mode(0o600);
    let gone: fn() = || _ = directory("/srv/old").absent_with_contents().overrides();
    assert_eq!(left_out(&[below, gone]), [0]);
    let gone: fn() = || _ = directory("/srv/old").absent_with_contents();
    assert_eq!(left_out(&[gone, || _ = file("/srv/old/x").overrides()]), [0]);
    // Several lines together.
    let both: fn() = || _ = packages(["a", "b"]);
    let neither: fn() = || {
        package("a").absent().overrides();
        package("b").absent().overrides();
    };
    assert_eq!(left_out(&[both, neither]), [0]);
    // Where nobody can tell whether they differ.
    let value: fn() = || _ = remote_file("/a").content(output_of("hostname"));
    assert_eq!(left_out(&[value, || _ = remote_file("/a").content("a").overrides()]), [0]);
}

#[test]
fn an_override_that_does_not_fit_is_refused() {
    let cases: &[(&Functions, &str)] = &[
        (
            &[
                || _ = remote_file("/a").content("a").owner("app"),
                || _ = remote_file("/a").content("b").overrides(),
            ],
            "remote-file /a is overridden only in part; still declared: /a owner app",
        ),
        (
            &[|| _ = packages(["a", "b"]), || _ = package("b").absent().overrides()],
            "package a b is overridden only in part; still declared: package a installed",
        ),
        (
            &[|| (), || _ = exec("true").overrides()],
            "exec true: nothing can be overridden by what declares no state",
        ),
        (
            &[|| _ = file("/a"), || _ = file("/a").absent().when("false").overrides()],
            "file /a: an action with a condition may not run, so it cannot override another",
        ),
        // The earlier line does not win.
        (
            &[|| _ = file("/a").overrides(), || _ = file("/a").absent()],
            "/a: a closure declares absent, and a closure before it a file",
        ),
    ];
    for (functions, expected) in cases {
        assert_eq!(messages(functions), [*expected]);
    }
}

/// Returns what a build finds of functions of which one brings a directory of the controller with these files.
fn with_tree(functions: &Functions, files: &[(&str, &str)]) -> Result<(), String> {
    let functions: Vec<PhaseFn> = functions.iter().map(|function| PhaseFn::new(*function)).collect();
    let built = pallet::graph::build_phase(&Context::example(), &functions, Location::caller());
    let built = built.expect("a graph");
    for (_, node) in built.graph.in_order() {
        let action: &dyn std::any::Any = node.action();
        let Some(directory) = action.downcast_ref::<LocalDirectory>() else { continue };
        let mut tree = LocalTree::default();
        for (name, content) in files {
            let (hash, size) = (Sha256::of(content.as_bytes()), content.len() as u64);
            let file = LocalEntry::File { hash, size, executable: false, bytes: None };
            tree.add(*name, file).expect("a plain name");
        }
        directory.set_local_tree(Ok(tree));
    }
    conflicts::check(&built.graph).map_err(|error| error.mistakes[0].message.clone())
}

#[test]
fn files_of_a_directory_of_the_controller_are_compared_one_by_one() {
    let site = || _ = remote_directory("/srv").local_directory("site");
    let other = || _ = remote_directory("/srv").local_directory("other");
    let files = [("a", "x\n"), ("d", "y")];
    let of = |function: fn()| with_tree(&[site, function], &files);
    assert_eq!(of(|| _ = remote_file("/srv/a").content("x\n")), Ok(()));
    assert_eq!(of(|| _ = remote_file("/srv/b").content("z").mode(0o600)), Ok(()));
    assert_eq!(
        of(|| _ = remote_file("/srv/a").content("z")),
        Err("/srv/a: a closure declares content \"z\", and a closure before it the same as site/a on the controller".into())
    );
    assert_eq!(
        of(|| _ = file("/srv/a").mode(0o600)),
        Err("/srv/a: a closure declares mode 0600, and a closure before it mode 0644".into())
    );
    assert_eq!(
        of(|| _ = directory("/srv/d/e")),
        Err("/srv/d/e: a closure declares a directory, and a closure before it /srv/d a file".into())
    );
    assert_eq!(
        with_tree(&[|| _ = file("/srv").absent(), site], &files),
        Err("/srv: a closure declares a directory, and a closure before it absent".into())
    );
    // Two that bring the same agree, wherever it comes from.
    assert_eq!(with_tree(&[site, other], &files), Ok(()));
    assert!(
        with_tree(&[|| _ = remote_directory("/srv").local_directory("site").delete_extra(), other], &files)
            .is_ok()
    );
}

/// Thousands of files are compared in less time than they are read: this would take minutes, were each compared with all.
#[test]
fn a_large_directory_costs_little() {
    let names: Vec<String> = (0..20_000).map(|number| format!("d{}/f{number}", number % 100)).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let site = || _ = remote_directory("/srv").local_directory("site");
    assert_eq!(with_tree(&[site, site], &files), Ok(()));
}

#[test]
fn what_comes_to_one_place_of_the_controller_is_one_thing() {
    let functions: &Functions = &[|| _ = fetch_file("/a").to("x"), || _ = fetch_file("/b").to("x")];
    assert_eq!(
        messages(functions),
        [
            "path on the controller x: a closure declares what is at /b on the node, and a closure before it what is at /a on the node"
        ]
    );
    let functions: &Functions = &[|| _ = fetch_file("/a").to("x"), || _ = fetch_directory("/b").to("y")];
    assert!(built(functions).is_ok());
}
