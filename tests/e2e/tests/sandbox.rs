//! The whole program with nodes that it makes itself: from a plan on nothing to nothing again.

use pallet::prelude::*;
use pallet::{DefinesGroup, Registry};
use pallet_runtime::Main;
use pallet_test::require;
use pallet_tests_e2e::place::{Outcome, Place};

/// An init script of a service that writes down what it is told.
const SCRIPT: &str = "#!/bin/sh
### BEGIN INIT INFO
# Provides: e2e
# Required-Start:
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
case $1 in
    start) touch /run/e2e ;;
    stop) rm -f /run/e2e ;;
    status) test -e /run/e2e; exit ;;
    reload) ;;
    *) echo \"Usage: $0 {start|stop|status|reload}\"; exit 2 ;;
esac
echo \"$1\" >>/srv/log
";

#[phase]
fn database() {
    group("data");
    let owner = user("data").group("data").system();
    directory("/srv/data").owner("data").group("data").mode(0o750).after(owner);
}

#[phase]
fn web(node: &Node, databases: NodesIn<Databases>) -> Result {
    let script = remote_file("/etc/init.d/e2e").content(SCRIPT).mode(0o755);
    let page = remote_file("/srv/page").content(format!(
        "{} uses {}\n",
        node.name(),
        databases.first()?.private_ip()
    ));
    service("e2e").enabled().running().reload_when_changed(page).after(script);
    Ok(())
}

#[phase]
fn show() {
    exec("cat /srv/page /srv/log");
}

#[phase]
fn say_goodbye() {
    exec("echo goodbye from $(hostname)");
}

/// What would reach the kernel of the host.
#[phase]
fn tune() {
    sysctl("vm.swappiness", 10);
    swap_file("/swap", 1 << 20);
    kernel_module("loop");
}

/// What is a node's own.
#[phase]
fn own() {
    hostname("renamed");
    directory("/srv/cache");
    mount("/srv/cache").device("tmpfs").fs_type("tmpfs");
}

group! {
    Databases { count: 1, protect: true, configure: database, phases: { tune: tune, own: own } }
}
group! {
    Webs { count: 2, configure: web, phases: { show: show, "destroy-server": say_goodbye } }
}

/// Returns the program, with or without the protection of its database.
fn program(protect: bool) -> Main {
    let registry = move || {
        Registry::builder()
            .group(<Databases as DefinesGroup>::DEF.spec().protect(protect))
            .group(<Webs as DefinesGroup>::DEF.spec())
            .build()
    };
    pallet_runtime::main_of(registry).provider(pallet_sandbox::provider())
}

/// A controller whose nodes go with it, whatever happens.
struct Sandbox(Place);

impl Sandbox {
    fn run(&self, line: &str) -> Outcome {
        self.0.run(program(true), &format!("{line} --output json"))
    }

    /// Returns the names of all nodes.
    fn nodes(&self) -> Vec<String> {
        let listed = self.run("nodes").expect(0).events();
        let names = listed.iter().filter_map(|node| node["node"].as_str());
        names.map(str::to_owned).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A failure here must not hide the one that led here.
        let _ = self.0.run(program(false), "destroy --yes");
    }
}

/// Returns what actions wrote.
fn output(run: &Outcome) -> Vec<String> {
    let lines = run.events_of("action-output");
    lines.iter().filter_map(|event| event["line"].as_str()).map(str::to_owned).collect()
}

#[test]
fn from_nothing_to_nothing() {
    require!("root");
    let sandbox = Sandbox(Place::new("default-service = \"sandbox\"\n"));

    let plan = sandbox.run("plan --detailed-exit-code").expect(3);
    assert_eq!((plan.number("created"), plan.number("round_trips")), (3, 0), "{}", plan.stdout);
    let web = plan.events_of("node-planned").into_iter().find(|event| event["node"] == "webs-2");
    let web = web.expect("a plan for a node that does not exist");
    assert_eq!(web["known_after"]["what"], "the address of databases-1", "{web}");
    assert!(web["known_after"]["source"].as_str().unwrap_or_default().contains("sandbox.rs:"), "{web}");
    assert_eq!(sandbox.nodes(), [""; 0]);

    let first = sandbox.run("converge").expect(0);
    assert_eq!((first.number("created"), first.number("failed")), (3, 0), "{}", first.stdout);
    assert_eq!(sandbox.nodes(), ["databases-1", "webs-1", "webs-2"]);
    let made = first.events_of("node-done").into_iter().find(|event| event["node"] == "databases-1");
    let address = made.expect("the database is made")["address"].as_str().unwrap_or_default().to_owned();
    let shown = output(&sandbox.run("lift webs --phase show").expect(0));
    for web in ["webs-1", "webs-2"] {
        assert!(shown.contains(&format!("{web} uses {address}")), "{shown:?}");
    }
    assert_eq!(shown.iter().filter(|line| *line == "start").count(), 2, "{shown:?}");

    let refused = sandbox.run("lift databases --phase tune").expect(1);
    assert_eq!(refused.number("failed"), 3, "{}", refused.stdout);
    assert!(refused.stdout.contains("would change the kernel of the host"), "{}", refused.stdout);
    for changed in [3, 0] {
        let own = sandbox.run("lift databases --phase own").expect(0);
        assert_eq!(own.number("changed"), changed, "{}", own.stdout);
    }

    let again = sandbox.run("converge").expect(0);
    assert_eq!((again.number("created"), again.number("changed")), (0, 0), "{}", again.stdout);
    assert_eq!(again.number("round_trips"), 3 * 2, "facts and one phase on each node");
    let _ = sandbox.run("plan --detailed-exit-code").expect(0);

    fewer(&sandbox);
    assert_eq!(sandbox.0.run(program(false), "destroy --yes --output json").expect(0).number("destroyed"), 1);
    assert_eq!(sandbox.nodes(), [""; 0]);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("Linux tells its mounts");
    let place = sandbox.0.path("");
    assert!(!mounts.contains(place.to_str().expect("a path in text")), "{mounts}");
}

/// Nodes that are too many go, but not without a question, and none of a protected group.
fn fewer(sandbox: &Sandbox) {
    let declined = sandbox.run("converge webs=1 databases").expect(1);
    assert!(declined.stderr.contains("--yes") || declined.stderr.contains("declined"), "{}", declined.stderr);
    assert_eq!(sandbox.nodes().len(), 3);

    let plan = sandbox.run("plan webs=1 databases").expect(0);
    assert_eq!(plan.number("destroyed"), 1, "{}", plan.stdout);
    let fewer = sandbox.run("converge webs=1 databases --allow-destroy").expect(0);
    assert_eq!((fewer.number("destroyed"), fewer.number("changed")), (1, 1), "{}", fewer.stdout);
    assert_eq!(output(&fewer), ["goodbye from webs-2"]);
    assert_eq!(sandbox.nodes(), ["databases-1", "webs-1"]);

    for line in ["converge databases=0 webs=1 --yes", "destroy --yes"] {
        let refused = sandbox.run(line).expect(2);
        assert!(refused.stderr.contains("group databases is protected"), "{}", refused.stderr);
    }
    assert_eq!(sandbox.nodes(), ["databases-1", "webs-1"]);
    assert_eq!(sandbox.run("destroy webs --yes").expect(0).number("destroyed"), 1);
}
