//! A database and the web servers that use it, as a user writes them; and nodes to put them on.
//!
//! What the tests need beyond that is asked for on the nodes themselves: [`Cluster::ask`] makes the `configure` phase
//! of a node fail, wait, or lose its connection.

use crate::place::{Outcome, Place};
use pallet::prelude::*;
use pallet::{DefinesGroup, Registry};
use pallet_runtime::Main;
use pallet_test::nodes::{Bench, Node as Machine};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// A text that must be seen nowhere but in the files that it is meant for.
pub const CANARY: &str = "canary-in-a-coal-mine";

/// Ends the process of sshd that this command came through, without notice.
const KILL_SSHD: &str = "p=$$
while read -r name <\"/proc/$p/comm\" && [ \"$name\" != sshd ]; do
  while read -r key value; do case $key in PPid:) p=$value ;; esac; done <\"/proc/$p/status\"
done
kill -KILL \"$p\"
sleep 10";

/// Says that it is there and waits until it is let go, a minute at most.
const WAIT: &str = "touch /run/e2e-waits
n=0
while [ -e /run/e2e-wait ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done
rm -f /run/e2e-waits";

/// What a database tells its clients.
#[derive(Debug)]
struct Port(u16);

/// What every node has, however often it is inherited.
#[phase]
fn base(node: &Node) {
    directory("/srv/e2e");
    remote_file("/srv/e2e/name").content(format!("{}\n", node.name()));
}

#[phase]
fn first_steps() {
    exec("exit 4").only_if("test -e /run/e2e-fail-bootstrap");
    exec("echo bootstrapped by $(id -un) >>/srv/bootstrap");
}

#[phase]
fn publish_port() {
    settings::publish(Port(5432));
}

#[phase]
fn database(port: Settings<Port>) {
    remote_file("/srv/e2e/database.conf").content(format!("port {}\n", port.0));
}

#[phase]
fn check_database() {
    file("/srv/e2e/database.checked");
}

#[phase]
fn before_web() {
    directory("/srv/e2e-before");
}

#[phase]
fn web(node: &Node, databases: NodesIn<Databases>) -> Result {
    let database = databases.first()?;
    let port = settings::of::<Port>(database).map_or(0, |port| port.0);
    let config = remote_file("/srv/e2e/web.conf").content(format!(
        "{} uses {}:{port}\n",
        node.name(),
        database.private_ip()
    ));
    remote_file("/srv/e2e/password").content(Secret::from(CANARY)).mode(0o600);
    exec("printf %s \"$PASSWORD\" | sha256sum >/srv/e2e/password-sum")
        .env("PASSWORD", Secret::from(CANARY))
        .creates("/srv/e2e/password-sum");
    exec("echo the reason >&2; exit 3").only_if("test -e /run/e2e-fail");
    exec(KILL_SSHD).only_if("test -e /run/e2e-kill");
    exec(WAIT).only_if("test -e /run/e2e-wait");
    service("e2e").enabled().running().reload_when_changed(config);
    file("/srv/e2e/last");
    Ok(())
}

#[phase]
fn after_web() {
    directory("/srv/e2e-after");
}

#[phase]
fn restart() {
    exec("echo restarted >>/srv/restarts");
}

server_spec! { Base { bootstrap: first_steps, configure: base } }
server_spec! { Left { extends: [Base], roles: [left] } }
server_spec! { Right { extends: [Base], roles: [right], phases: { "pre-configure": before_web } } }

group! {
    /// One database.
    pub Databases {
        count: 1,
        extends: [Base],
        settings: publish_port,
        configure: database,
        phases: { "post-configure": check_database },
    }
}

group! {
    /// Servers that inherit one base by two ways. How many is said on the command line.
    pub Webs {
        extends: [Left, Right],
        configure: web,
        phases: { "post-configure": after_web, restart: restart },
    }
}

/// Returns the program of the two groups.
#[must_use]
pub fn program() -> Main {
    pallet_runtime::main_of(|| {
        Registry::builder()
            .group(<Databases as DefinesGroup>::DEF.spec())
            .group(<Webs as DefinesGroup>::DEF.spec())
            .build()
    })
}

/// Nodes with systemd for one database and some web servers, and a controller for them.
#[derive(Debug)]
pub struct Cluster {
    /// The controller.
    pub place: Place,
    bench: Bench,
}

impl Cluster {
    /// Starts the nodes: `databases-1`, `webs-1` and so on.
    #[must_use]
    pub fn start(webs: usize) -> Cluster {
        let bench = Bench::start(1 + webs).expect("nodes");
        for node in bench.nodes() {
            node.check(include_str!("service.sh"));
        }
        let place = Place::new(&config(bench.nodes(), bench.nodes()[0].key_path(), "deploy", ""));
        Cluster { place, bench }
    }

    /// Has the controller log in otherwise: with this key, as this user, with further lines about it.
    pub fn log_in(&self, key: &std::path::Path, user: &str, lines: &str) {
        self.place.write("pallet.toml", &config(self.bench.nodes(), key, user, lines));
    }

    /// Returns another controller of the same nodes, which knows nothing of the first.
    #[must_use]
    pub fn other_place(&self) -> Place {
        Place::new(&config(self.bench.nodes(), self.bench.nodes()[0].key_path(), "deploy", ""))
    }

    /// Returns the node of the database.
    #[must_use]
    pub fn database(&self) -> &Machine {
        &self.bench.nodes()[0]
    }

    /// Returns the node of a web server, counted from 1.
    #[must_use]
    pub fn web(&self, number: usize) -> &Machine {
        &self.bench.nodes()[number]
    }

    /// Returns the arguments that name all groups with their counts.
    #[must_use]
    pub fn groups(&self) -> String {
        format!("databases webs={}", self.bench.nodes().len() - 1)
    }

    /// Runs a command for all groups with events as JSON.
    #[must_use]
    pub fn run(&self, verb: &str) -> Outcome {
        let (verb, options) = verb.split_once(' ').unwrap_or((verb, ""));
        let groups = if verb == "lift" { "databases webs".to_owned() } else { self.groups() };
        self.place.run(program(), &format!("{verb} {groups} {options} --output json"))
    }

    /// Converges, which must go well, and then finds nothing to do.
    #[track_caller]
    pub fn converge_to_the_end(&self) {
        let _ = self.run("converge").expect(0);
        let again = self.run("converge").expect(0);
        assert_eq!(again.number("changed"), 0, "{}", again.stdout);
    }

    /// Asks a node to `fail`, to `fail-bootstrap`, to `kill` its sshd or to `wait`, until it is asked no more.
    pub fn ask(&self, node: &Machine, what: &str) {
        node.check(&format!("touch /run/e2e-{what}"));
    }

    /// Asks a node no more.
    pub fn ask_no_more(&self, node: &Machine, what: &str) {
        node.check(&format!("rm -f /run/e2e-{what}"));
    }

    /// Returns once a node that was asked to wait does.
    ///
    /// # Panics
    ///
    /// When it does not within a minute.
    pub fn until_it_waits(&self, node: &Machine) {
        let start = Instant::now();
        while !node.run("test -e /run/e2e-waits").succeeded() {
            assert!(start.elapsed() < Duration::from_secs(60), "{} does not come to wait", node.name());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn config(nodes: &[Machine], key: &std::path::Path, user: &str, lines: &str) -> String {
    let mut text = format!(
        "[admin-user]\nusername = \"{user}\"\nprivate-key-path = \"{}\"\n{lines}\n\n\
         [services.lab]\nprovider = \"node-list\"\nnodes = [\n",
        key.display()
    );
    for (index, node) in nodes.iter().enumerate() {
        let (name, group) = match index {
            0 => ("databases-1".to_owned(), "databases"),
            index => (format!("webs-{index}"), "webs"),
        };
        let address = node.address();
        writeln!(text, "  {{ name = \"{name}\", group = \"{group}\", address = \"{address}\" }},")
            .expect("a string takes everything");
    }
    text + "]\n"
}
