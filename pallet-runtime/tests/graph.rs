//! `graph` as a whole: what can be drawn, for which facts, and that nobody is asked.

mod support;

use pallet::compute::{BoxFuture, Compute, ComputeError, Provider, ServiceConfig};
use pallet::facts::{OsFamily, PackageManagerKind};
use pallet::prelude::*;
use std::sync::Arc;
use support::{Outcome, Place};

#[phase]
fn web(node: &Node, facts: Facts, databases: NodesIn<Databases>, port: Settings<u16>) -> Result {
    if facts.os.family.is(OsFamily::DebianBase) {
        package("nginx");
    } else {
        exec(format!("{} install nginx", facts.package_manager.unwrap_or(PackageManagerKind::Dnf)));
    }
    let database = databases.first()?.private_ip();
    assert_ne!(database, node.private_ip());
    exec(format!("connect from port {}", *port));
    Ok(())
}

#[phase]
fn settings_of_web() {
    settings::publish(8080_u16);
}

#[phase]
fn tune(#[arg] workers: u32) {
    remote_file("/etc/workers").content(format!("{workers}\n"));
}

#[phase]
fn restart() {
    service("nginx").stopped();
    service("nginx").running();
}

#[phase]
fn prepare() {
    user("deploy");
}

server_spec! { Web { settings: settings_of_web, bootstrap: prepare, configure: web, phases: { restart: restart } } }
group! { Databases { count: 1, configure: || package("mariadb-server") } }
group! { Webs { name: "web", count: 2, extends: [Web], configure: tune(4) } }

/// A service that must not be opened.
struct Untouched;

impl Provider for Untouched {
    fn name(&self) -> &'static str {
        "untouched"
    }

    fn open(&self, _: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        panic!("a picture needs no service")
    }
}

fn run(line: &str) -> Outcome {
    let place = Place::new();
    let facts = include_str!("data/facts-rocky.txt");
    place.write("project/rocky.facts", facts);
    place.write("project/broken.facts", "machine=x86_64\n");
    place.run_main(pallet_runtime::main().provider(Untouched), line)
}

/// Returns the boxes and frames of a picture, without lines of source.
fn drawn(line: &str) -> Vec<String> {
    let outcome = run(line);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.show());
    let label = |line: &str| {
        let (_, label) = line.split_once("[\"")?;
        label.split(['<', '"']).next().map(str::to_owned)
    };
    outcome.stdout.lines().filter_map(label).collect()
}

#[test]
fn a_group_is_drawn_with_all_that_a_new_node_would_run() {
    assert_eq!(
        drawn("graph web"),
        [
            "group web",
            "bootstrap",
            "graph::prepare",
            "user deploy",
            "configure",
            "graph::web",
            "package nginx",
            "exec connect from port 8080",
            "graph::tune",
            "remote-file /etc/workers",
        ]
    );
    assert!(run("graph web").stdout.starts_with(
        "---\ntitle: \"assumed: Debian GNU/Linux 12 (bookworm); web is also phase:graph::web\"\n---\nflowchart TD\n"
    ));
    assert_eq!(
        drawn("graph web --phase restart"),
        ["group web", "restart", "graph::restart", "service nginx", "service nginx"]
    );
    let all = drawn("graph");
    assert!(all.starts_with(&["group databases".to_owned()]) && all.contains(&"group web".to_owned()));
}

#[test]
fn specs_and_phase_functions_are_drawn_by_name_and_path() {
    let spec = drawn("graph Web");
    assert_eq!((spec[0].as_str(), spec.len()), ("server spec graph::Web", 8));
    assert_eq!(drawn("graph spec:graph::Web"), spec);
    assert_eq!(drawn("graph restart"), ["graph::restart", "service nginx", "service nginx"]);
    assert_eq!(drawn("graph graph::prepare"), ["graph::prepare", "user deploy"]);
    // By itself it has no settings, which a spec or a group would give it.
    assert_eq!(
        drawn("graph phase:graph::web"),
        ["the rest is known after creation: it needs the settings of example-1"]
    );
}

#[test]
fn facts_are_assumed_or_read() {
    for line in ["graph web --os rocky-9", "graph web --facts rocky.facts"] {
        let drawn = drawn(line);
        assert!(drawn.contains(&"exec dnf install nginx".to_owned()), "{drawn:?}");
        assert!(run(line).stdout.contains("assumed: Rocky Linux 9"), "{}", run(line).stdout);
    }
    let dot = run("graph web --format dot");
    assert!(
        dot.code == 0 && dot.stdout.starts_with("digraph pallet {\n  label=\"assumed: Debian"),
        "{}",
        dot.show()
    );
}

#[test]
fn what_cannot_be_drawn_is_said_with_the_way_out() {
    let cases = [
        (
            "graph tune",
            "error: phase graph::tune takes arguments (workers: u32), so it cannot be drawn alone\n  --> \
             pallet-runtime/tests/graph.rs:LINE\n  hint: draw a group or spec that gives them: databases, web\n",
        ),
        (
            "graph wbe",
            "error: there is no group, server spec or phase function `wbe`\n  hint: did you mean `web`? (groups, specs, \
             phase functions: databases, web, Web, prepare, restart, settings_of_web, tune, web)\n",
        ),
        (
            "graph databases --phase restart",
            "error: nothing that is drawn has a phase `restart`\n  hint: phases: configure\n",
        ),
        (
            "graph --os windows-11",
            "error: invalid system \"windows-11\": a system and its version, such as debian-12, ubuntu-24.04, rocky-9, \
             fedora-42 or alpine-3.22\n",
        ),
        (
            "graph --facts broken.facts",
            "error: these are not the facts of a node: the node did not tell its kernel\n  --> \
             $TEST/project/broken.facts\n  hint: write the line that `facts -o json` prints of a node, or name a system \
             with `--os`\n",
        ),
        (
            "graph --facts nowhere",
            "error: cannot read the facts: No such file or directory (os error 2)\n  --> $TEST/project/nowhere\n  hint: \
             write the line that `facts -o json` prints of a node, or name a system with `--os`\n",
        ),
    ];
    for (line, expected) in cases {
        let outcome = run(line);
        let said: Vec<String> = outcome.stderr.lines().map(without_line).collect();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{line}");
        assert_eq!(said.join("\n") + "\n", expected, "{line}");
    }
}

fn without_line(text: &str) -> String {
    match text.split_once("graph.rs:") {
        Some((before, _)) => format!("{before}graph.rs:LINE"),
        None => text.to_owned(),
    }
}
