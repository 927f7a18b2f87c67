use super::*;
use crate::graph::{GraphError, build};
use crate::plan::Done;
use crate::probe::{PackageState, State};
use crate::world::Known;

fn name(text: &str) -> PackageName {
    PackageName::new(text).expect("a valid name")
}

fn installed(version: &str) -> PackageState {
    PackageState { installed: true, version: version.to_owned(), held: false }
}

fn facts(manager: PackageManagerKind) -> Facts {
    Facts { package_manager: Some(manager), ..Facts::example() }
}

/// Returns what differs for the only action of a phase, on a node in this state.
fn changes<R>(state: State, declare: impl Fn() -> R) -> Vec<String> {
    let built = build(&crate::Context::example(), || {
        declare();
    })
    .expect("no mistakes");
    let plan =
        crate::plan::plan(&built.graph, &Facts::example(), state, false, &Done::default()).expect("a plan");
    plan.actions()[0].diff.changes.clone()
}

fn with(package: &str, is: PackageState) -> State {
    let mut state = State::default();
    state.packages.insert(name(package), is);
    state
}

/// Returns why a node with this manager cannot have the actions of a phase.
fn refusal<R>(manager: PackageManagerKind, declare: impl Fn() -> R) -> String {
    let built = build(&crate::Context::example(), || {
        declare();
    })
    .expect("no mistakes");
    match crate::plan::probe(&built.graph, &facts(manager), &Done::default()) {
        Ok(_) => String::new(),
        Err(doomed) => doomed[0].problem.message.clone(),
    }
}

fn mistake<R>(declare: impl Fn() -> R) -> String {
    let error: GraphError = build(&crate::Context::example(), || {
        declare();
    })
    .expect_err("a mistake");
    error.to_string()
}

#[test]
fn what_is_declared_is_compared_with_what_is_there() {
    let there = || with("g++", installed("4:12.2.0-3"));
    assert!(changes(there(), || package("g++")).is_empty());
    assert!(changes(there(), || package("g++").version("4:12.2.0-3")).is_empty());
    assert_eq!(changes(there(), || package("g++").version("4:13~rc1")), ["g++ 4:12.2.0-3 → 4:13~rc1"]);
    assert_eq!(changes(there(), || package("g++").absent()), ["remove g++"]);
    assert_eq!(changes(there(), || package("g++").held()), ["hold g++"]);
    assert!(changes(there(), || package("g++").released()).is_empty());
    assert_eq!(changes(State::default(), || package("g++")), ["install g++"]);
    assert!(changes(State::default(), || package("g++").purged()).is_empty());
    let removed = PackageState { installed: false, version: "1".to_owned(), held: false };
    assert_eq!(changes(with("g++", removed.clone()), || package("g++").purged()), ["purge g++"]);
    assert!(changes(with("g++", removed), || package("g++").absent()).is_empty());
}

#[test]
fn the_newest_version_is_that_of_the_index() {
    let mut state = with("vim", installed("9.0"));
    assert!(changes(state.clone(), || package("vim").latest()).is_empty());
    state.newer.insert((None, name("vim")), "9.1".to_owned());
    assert_eq!(changes(state.clone(), || package("vim").latest()), ["vim 9.0 → 9.1"]);
    assert!(changes(state, || package("vim")).is_empty());
}

#[test]
fn a_refresh_before_it_makes_the_newest_version_unknown() {
    let phase = || {
        package_manager().update();
        package("vim").latest();
        package("git").latest();
        package("tmux");
    };
    let built = build(&crate::Context::example(), phase).expect("no mistakes");
    let mut state = with("vim", installed("9.0"));
    state.packages.insert(name("tmux"), installed("3"));
    let plan =
        crate::plan::plan(&built.graph, &Facts::example(), state, false, &Done::default()).expect("a plan");
    let verdicts: Vec<crate::plan::Verdict> = plan.actions().iter().map(|planned| planned.verdict).collect();
    use crate::plan::Verdict::{Change, Refresh, Unknown};
    // What is not there is installed in any case; what may be upgraded may bring the last with it.
    assert_eq!(verdicts, [Refresh, Unknown(ActionId(0)), Change, Unknown(ActionId(1))]);
}

#[test]
fn neighbours_with_equal_options_are_one_transaction() {
    let phase = || {
        packages(["one", "two"]);
        package("three").version("1:2~3");
        package("four").no_recommends();
    };
    let built = build(&crate::Context::example(), phase).expect("no mistakes");
    let plan = crate::plan::plan(&built.graph, &Facts::example(), State::default(), false, &Done::default())
        .expect("a plan");
    let steps: Vec<String> = plan.steps().iter().map(|step| step.script.masked()).collect();
    let expected = [
        "p_pkg_install install -- '0=one' '0=two' '1=three=1:2~3'\n".replace('\'', ""),
        "p_pkg_install install recommends=no -- 2=four\n".to_owned(),
    ];
    let steps: Vec<String> = steps.iter().map(|step| step.replace('\'', "")).collect();
    assert_eq!(steps, expected);
}

fn refused<R>(manager: PackageManagerKind, declare: impl Fn() -> R) -> bool {
    !refusal(manager, declare).is_empty()
}

#[test]
fn what_a_package_manager_cannot_do_is_refused() {
    use PackageManagerKind::{Apk, Apt, Dnf, Pacman, Zypper};
    let held = || package("a").held();
    assert!(!refused(Apt, held) && !refused(Dnf, held) && !refused(Zypper, held));
    assert!(refused(Pacman, held) && refused(Apk, held));
    let message = refusal(Pacman, held);
    assert!(
        message.starts_with("a hold is supported with apt, dnf, zypper; this node has pacman"),
        "{message}"
    );
    assert!(refused(Apt, || package("a").enabling("epel")));
    assert!(refused(Apk, || package("libc6:i386")));
    assert!(refused(Dnf, || package("a").from("main").latest()));
    assert!(!refused(Apk, || package("a").no_recommends()) && refused(Apk, || package("a").recommends()));
    assert!(refused(Dnf, || debconf("a", "a/b", "string", "c")));
    assert!(refused(Zypper, || package_manager().proxy("http://x")));
}

#[test]
fn names_and_versions_that_cannot_be_are_mistakes() {
    assert!(mistake(|| package("nginx=1.2")).contains(".version("));
    assert!(mistake(|| package("a b")).contains("invalid package name"));
    assert!(mistake(|| packages(["a", "b"]).version("1")).contains("single package"));
    assert!(mistake(|| package("a").version("1; rm")).contains("is not a version"));
    assert!(mistake(|| package("a").latest().version("1")).contains("in one version and in the newest"));
    assert!(mistake(|| package("a").from("x y")).contains("not the name of a release"));
    assert!(mistake(|| package("a").architecture("../x")).contains("not an architecture"));
    assert!(mistake(|| debconf("a", "a/b", "bool", "true")).contains("one of boolean"));
    assert!(mistake(|| package_source("x")).contains("call `url`"));
    assert!(
        mistake(|| package_source("x").url("http://y").key_from_url("http://z", "12")).contains("SHA-256")
    );
    let nobody = || packages_for([(crate::facts::OsFamily::RhBase.into(), vec!["httpd"])]);
    let message = mistake(nobody);
    assert!(message.contains("example-1: packages: no names are given for Debian GNU/Linux 12"), "{message}");
}

#[test]
fn what_is_predicted_is_as_declared() {
    let mut world = World::new(with("vim", installed("9.0")));
    let built = build(&crate::Context::example(), || {
        package("vim").version("9.1").held();
    })
    .expect("no mistakes");
    let (id, node) = built.graph.in_order().next().expect("an action");
    node.action().predict(id, &mut world);
    let Known { is, doubt } = world.package(&name("vim"));
    assert_eq!(is, Some(&PackageState { installed: true, version: "9.1".to_owned(), held: true }));
    assert_eq!(doubt, None);
}

#[test]
fn claims_name_installed_version_and_hold() {
    let built = build(&crate::Context::example(), || {
        package("vim").version("9.1").held();
    })
    .expect("no mistakes");
    let (_, node) = built.graph.in_order().next().expect("an action");
    let claims: Vec<String> = node.action().declares().iter().map(Claim::phrase).collect();
    assert_eq!(claims, ["installed", "version 9.1", "hold held"]);
}

#[test]
fn the_probe_asks_for_holds_and_newer_versions_only_where_they_matter() {
    fn script<R>(declare: impl Fn() -> R) -> String {
        let built = build(&crate::Context::example(), || {
            declare();
        })
        .expect("no mistakes");
        let probe = crate::plan::probe(&built.graph, &Facts::example(), &Done::default()).expect("a probe");
        probe.script(&Facts::example()).masked()
    }
    assert!(!script(|| package("vim")).contains("apt-cache"));
    let text = script(|| {
        package("vim").latest();
        package("git").latest().from("bookworm-backports");
    });
    assert!(text.contains("apt-cache policy vim\n"), "{text}");
    assert!(text.contains("apt-cache policy -t bookworm-backports git\n"), "{text}");
}
