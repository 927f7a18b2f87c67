//! What is done to nodes as wholes, from the command line to the service: which nodes, which calls, what is printed.

mod support;

use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, Endpoint, HardwareModel, NodeId, NodeRecord, NodeState,
    Power, Progress, Provider, ServiceConfig, Snapshot, Snapshots,
};
use pallet::name::{GroupName, NodeName, SnapshotName};
use pallet::{GroupSpec, Registry};
use pallet_runtime::main_of;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use support::{Outcome, Place};

/// A service with three nodes, of which one is another program's, that only remembers what is asked of it.
#[derive(Clone)]
struct Lab(Arc<Inner>);

struct Inner {
    nodes: Mutex<BTreeMap<String, NodeState>>,
    snapshots: Mutex<Vec<(String, String)>>,
    calls: Mutex<Vec<String>>,
    /// Whether it can do more than every service.
    is_able: bool,
}

impl Lab {
    fn new(is_able: bool) -> Lab {
        let nodes =
            [("web-1", NodeState::Running), ("web-2", NodeState::Stopped), ("other-1", NodeState::Running)];
        Lab(Arc::new(Inner {
            nodes: Mutex::new(nodes.map(|(name, state)| (name.to_owned(), state)).into()),
            snapshots: Mutex::default(),
            calls: Mutex::default(),
            is_able,
        }))
    }

    /// Runs a command line of a program with the groups `web` and `db`, and returns what was asked of the service, sorted.
    fn run(&self, place: &Place, line: &str) -> (Outcome, Vec<String>) {
        self.0.calls.lock().expect("nobody panicked").clear();
        let program = || {
            let groups = [GroupSpec::new("web").count(2), GroupSpec::new("db").count(0)];
            groups.into_iter().fold(Registry::builder(), |builder, group| builder.group(group)).build()
        };
        let outcome = place.run_main(main_of(program).provider(self.clone()), line);
        let mut calls = self.0.calls.lock().expect("nobody panicked").clone();
        calls.sort();
        (outcome, calls)
    }
}

impl Inner {
    fn change(&self, what: &str, id: &NodeId, state: NodeState) -> Result<(), ComputeError> {
        self.calls.lock().expect("nobody panicked").push(format!("{what} {id}"));
        let mut nodes = self.nodes.lock().expect("nobody panicked");
        if what == "pause" && nodes.get(&id.0) == Some(&NodeState::Stopped) {
            return Err(ComputeError::failed("it does not run").hint("start it"));
        }
        nodes.insert(id.0.clone(), state);
        Ok(())
    }

    fn record(&self, name: &str) -> NodeRecord {
        let state = self.nodes.lock().expect("nobody panicked")[name].clone();
        NodeRecord {
            id: NodeId(name.to_owned()),
            name: NodeName::new(name).expect("a name"),
            group: GroupName::new(name.split('-').next().expect("a group")).expect("a name"),
            endpoint: (state == NodeState::Running)
                .then(|| Endpoint::Ssh { host: name.to_owned(), port: 22 }),
            state,
            private_ip: None,
            primary_ip: None,
            tags: BTreeMap::new(),
            image_login: None,
        }
    }
}

impl Provider for Lab {
    fn name(&self) -> &'static str {
        "lab"
    }

    fn open(&self, _: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async { Ok(self.0.clone() as Arc<dyn Compute>) })
    }
}

impl Compute for Inner {
    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        let names: Vec<String> = self.nodes.lock().expect("nobody panicked").keys().cloned().collect();
        Box::pin(async move { Ok(names.iter().map(|name| self.record(name)).collect()) })
    }

    fn check<'a>(&'a self, requests: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>> {
        panic!("{requests:?} were to be made")
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        panic!("{} was to be made", request.name)
    }

    fn start<'a>(
        &'a self,
        id: &'a NodeId,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move {
            progress("starting");
            self.change("start", id, NodeState::Running)?;
            Ok(self.record(&id.0))
        })
    }

    fn stop<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.change("stop", id, NodeState::Stopped) })
    }

    fn destroy<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        panic!("{id} was to be removed")
    }

    fn tag<'a>(
        &'a self,
        id: &'a NodeId,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        panic!("{id} was to be tagged")
    }

    fn power(&self) -> Option<&dyn Power> {
        self.is_able.then_some(self)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        self.is_able.then_some(self)
    }

    fn hardware_models(&self) -> Option<Vec<HardwareModel>> {
        let settings =
            vec![("cpu-count".to_owned(), "1".to_owned()), ("memory-size".to_owned(), "512".to_owned())];
        let micro = HardwareModel { name: "micro".to_owned(), source: "built in".to_owned(), settings };
        self.is_able.then(|| vec![micro])
    }
}

impl Power for Inner {
    fn pause<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.change("pause", id, NodeState::Suspended) })
    }

    fn resume<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.change("resume", id, NodeState::Running) })
    }

    fn save<'a>(&'a self, id: &'a NodeId, _: Progress<'a>) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.change("save", id, NodeState::Suspended) })
    }

    fn reset<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.change("reset", id, NodeState::Running) })
    }

    fn reboot<'a>(
        &'a self,
        id: &'a NodeId,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move {
            self.change("reboot", id, NodeState::Running)?;
            Ok(self.record(&id.0))
        })
    }

    fn cut<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.change("cut", id, NodeState::Stopped) })
    }
}

impl Snapshots for Inner {
    fn list<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<Vec<Snapshot>, ComputeError>> {
        let kept = self.snapshots.lock().expect("nobody panicked").clone();
        let own = kept.into_iter().filter(|(node, _)| *node == id.0);
        let snapshot =
            |(_, name): (String, String)| Snapshot { id: name.clone(), name, parent: None, current: true };
        let found: Vec<Snapshot> = own.map(snapshot).collect();
        Box::pin(async move { Ok(found) })
    }

    fn take<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a SnapshotName,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        self.snapshots.lock().expect("nobody panicked").push((id.0.clone(), name.to_string()));
        Box::pin(async { Ok(()) })
    }

    fn restore<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.change(&format!("restore {name}"), id, NodeState::Stopped) })
    }

    fn delete<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        self.snapshots
            .lock()
            .expect("nobody panicked")
            .retain(|kept| *kept != (id.0.clone(), name.to_owned()));
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn commands_reach_the_nodes_of_declared_groups_alone() {
    let (place, lab) = (Place::new(), Lab::new(true));
    for (line, asked) in [
        ("start", &["start web-2"][..]),
        ("stop web", &["stop web-1", "stop web-2"]),
        ("start web", &["start web-1", "start web-2"]),
        ("pause", &["pause web-1", "pause web-2"]),
        ("resume", &["resume web-1", "resume web-2"]),
        ("save", &["save web-1", "save web-2"]),
        ("start", &["start web-1", "start web-2"]),
        ("reset", &["reset web-1", "reset web-2"]),
        ("reboot", &["reboot web-1", "reboot web-2"]),
        ("stop --now", &["cut web-1", "cut web-2"]),
        ("stop", &[]),
    ] {
        let (outcome, calls) = lab.run(&place, line);
        assert_eq!(outcome.code, 0, "{line}: {}", outcome.show());
        assert_eq!(calls, asked, "{line}");
        assert!(outcome.stdout.starts_with("NODE   GROUP  STATE"), "{}", outcome.show());
        assert!(!outcome.stdout.contains("other-1"), "{}", outcome.show());
    }
    let (outcome, calls) = Lab::new(true).run(&place, "stop db");
    assert_eq!((outcome.code, calls.len()), (2, 0));
    assert!(outcome.stderr.contains("no node of these groups exists"), "{}", outcome.show());
}

#[test]
fn what_happens_is_told_and_what_fails_fails_alone() {
    let (place, lab) = (Place::new(), Lab::new(true));
    let (outcome, calls) = lab.run(&place, "pause");
    assert_eq!((outcome.code, calls), (1, vec!["pause web-1".to_owned(), "pause web-2".to_owned()]));
    assert_eq!(outcome.stderr, "error: web-2: it does not run\n  hint: start it\n");
    assert_eq!(
        outcome.stdout,
        "NODE   GROUP  STATE      ADDRESS\n\
         web-1  web    suspended  -\n\
         web-2  web    stopped    -\n"
    );
    let (outcome, _) = lab.run(&place, "start web -o json");
    assert_eq!(outcome.stderr, "web-1: starting\nweb-2: starting\n".to_owned());
    assert!(outcome.stdout.lines().all(|line| line.contains("\"state\":\"running\"")), "{}", outcome.show());
}

#[test]
fn a_service_that_cannot_says_so_before_anything_is_done() {
    let place = Place::new();
    for line in ["pause", "save", "reset", "stop --now", "snapshot take clean", "snapshot list", "hardware"] {
        let (outcome, calls) = Lab::new(false).run(&place, line);
        assert_eq!((outcome.code, calls.len()), (2, 0), "{line}: {}", outcome.show());
    }
    let (outcome, _) = Lab::new(false).run(&place, "pause");
    let expected = "the service lab cannot pause nodes: its provider is `lab`";
    assert!(outcome.stderr.contains(expected), "{}", outcome.show());
    // Without a call of its own, a reboot is a stop and a start.
    let lab = Lab::new(false);
    lab.run(&place, "start");
    let (outcome, calls) = lab.run(&place, "reboot");
    assert_eq!(outcome.code, 0, "{}", outcome.show());
    assert_eq!(calls, ["start web-1", "start web-2", "stop web-1", "stop web-2"]);
}

#[test]
fn snapshots_are_taken_listed_restored_and_deleted() {
    let (place, lab) = (Place::new(), Lab::new(true));
    assert_eq!(lab.run(&place, "snapshot take clean web").0.code, 0);
    let (outcome, _) = lab.run(&place, "snapshot list");
    assert_eq!(
        outcome.stdout,
        "NODE   SNAPSHOT  BASED ON  CURRENT\n\
         web-1  clean     -         *\n\
         web-2  clean     -         *\n"
    );
    // Nobody is there to be asked.
    let (outcome, calls) = lab.run(&place, "snapshot restore clean");
    assert_eq!((outcome.code, calls.len()), (1, 0), "{}", outcome.show());
    assert!(outcome.stderr.contains("Put web-1, web-2 back to `clean` and lose what changed since?"));
    place.answers.prepare("n");
    assert_eq!(lab.run(&place, "snapshot delete clean").0.code, 1);
    place.answers.prepare("y");
    let (outcome, calls) = lab.run(&place, "snapshot restore clean");
    assert_eq!(outcome.code, 0, "{}", outcome.show());
    // What ran runs again.
    assert_eq!(calls, ["restore clean web-1", "restore clean web-2", "start web-1"]);
    assert_eq!(lab.run(&place, "snapshot delete clean --yes").0.code, 0);
    assert_eq!(lab.run(&place, "snapshot list").0.stdout.lines().count(), 1);
    let (outcome, _) = lab.run(&place, "snapshot take -- -x");
    assert_eq!(outcome.code, 2, "{}", outcome.show());
}

#[test]
fn a_converge_begins_from_a_snapshot() {
    let (place, lab) = (Place::new(), Lab::new(true));
    let (outcome, calls) = lab.run(&place, "converge --from-snapshot clean --yes");
    assert_eq!((outcome.code, calls.len()), (2, 0), "{}", outcome.show());
    assert!(outcome.stderr.contains("web-1 has no snapshot `clean`"), "{}", outcome.show());
    lab.run(&place, "snapshot take clean");
    let (outcome, calls) = lab.run(&place, "converge --from-snapshot clean");
    assert_eq!((outcome.code, calls.len()), (1, 0), "{}", outcome.show());
    let (outcome, calls) = lab.run(&place, "converge --from-snapshot clean --yes");
    assert_eq!(outcome.code, 0, "{}", outcome.show());
    assert_eq!(calls, ["restore clean web-1", "restore clean web-2", "start web-1", "start web-2"]);
    assert!(outcome.stdout.contains("restored"), "{}", outcome.show());
    let (outcome, calls) = Lab::new(false).run(&place, "converge --from-snapshot clean --yes");
    assert_eq!((outcome.code, calls.len()), (2, 0), "{}", outcome.show());
}

#[test]
fn hardware_models_are_listed() {
    let place = Place::new();
    let (outcome, _) = Lab::new(true).run(&place, "hardware");
    assert_eq!(
        outcome.stdout,
        "MODEL  SETTINGS                     SOURCE\n\
         micro  cpu-count=1 memory-size=512  built in\n"
    );
    let (outcome, _) = Lab::new(true).run(&place, "hardware -o json");
    assert_eq!(
        outcome.stdout,
        "{\"model\":\"micro\",\"settings\":{\"cpu-count\":\"1\",\"memory-size\":\"512\"},\"source\":\"built in\"}\n"
    );
}
