//! States of nodes are kept, restored and deleted, and the model is what it was.

use crate::Test;
use pallet::compute::{Compute, NodeId, NodeState, Snapshot};
use pallet::options::OptionValue;
use pallet::spec::Hardware;
use pallet_tests_vbox::world::{World, quietly, request};
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("snapshots::a_node_goes_back_with_its_tags", back),
    ("snapshots::a_tree_is_listed_and_cut_from_its_leaves", tree),
    ("snapshots::a_port_that_a_snapshot_brings_back_is_not_taken_from_others", port),
    ("snapshots::the_model_outlives_every_order_of_snapshots_and_removal", model),
    ("snapshots::names_that_mean_nothing_or_too_much_are_refused", names),
];

async fn take(service: &dyn Compute, id: &NodeId, name: &str) {
    let snapshots = service.snapshots().expect("a capability");
    snapshots.take(id, &name.parse().expect("a name"), &quietly).await.expect("a snapshot");
}

async fn restore(service: &dyn Compute, id: &NodeId, name: &str) {
    service.snapshots().expect("a capability").restore(id, name, &quietly).await.expect("it goes back");
}

async fn list(service: &dyn Compute, id: &NodeId) -> Vec<Snapshot> {
    service.snapshots().expect("a capability").list(id).await.expect("a list")
}

fn back(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        let id = &node.id;
        assert_eq!(list(&*service, id).await, []);
        service.tag(id, "kept", Some("two\nlines = 1")).await.expect("a tag");
        take(&*service, id, "fresh").await;
        service.tag(id, "kept", Some("other")).await.expect("a tag");
        service.tag(id, "bootstrapped", Some("1")).await.expect("a tag");
        take(&*service, id, "configured").await;
        let listed = list(&*service, id).await;
        let seen: Vec<(&str, bool)> = listed.iter().map(|s| (s.name.as_str(), s.current)).collect();
        assert_eq!(seen, [("fresh", false), ("configured", true)]);
        assert_eq!(listed[1].parent.as_ref(), Some(&listed[0].id));
        // It runs: it is switched off, and stays off.
        restore(&*service, id, "fresh").await;
        let found = &service.list().await.expect("a list")[0];
        assert_eq!(found.state, NodeState::Stopped);
        let tags: Vec<(&str, &str)> = found.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(tags, [("kept", "two\nlines = 1")]);
        restore(&*service, id, "configured").await;
        let started = service.start(id, &quietly).await.expect("a start");
        assert_eq!(started.tags.get("bootstrapped").map(String::as_str), Some("1"));
        assert_eq!(started.tags.get("kept").map(String::as_str), Some("other"));
        assert_eq!(started.endpoint, node.endpoint);
    });
}

fn tree(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let snapshots = service.snapshots().expect("a capability");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        let id = &node.id;
        take(&*service, id, "root").await;
        take(&*service, id, "left").await;
        restore(&*service, id, "root").await;
        take(&*service, id, "right").await;
        let error = snapshots.delete(id, "root", &quietly).await.expect_err("two are based on it");
        assert_eq!(error.message, "the snapshot `root` cannot be deleted: 2 others are based on it");
        snapshots.delete(id, "left", &quietly).await.expect("a leaf");
        snapshots.delete(id, "root", &quietly).await.expect("one is based on it");
        let names: Vec<String> = list(&*service, id).await.into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["right"]);
        snapshots.delete(id, "right", &quietly).await.expect("the last");
        assert_eq!(list(&*service, id).await, []);
        service.start(id, &quietly).await.expect("a start");
    });
}

/// The port is another program's when the node is started, so it gets a new one; then the snapshot brings the old one back,
/// which somebody else may have claimed by now.
fn port(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        let id = &node.id;
        service.stop(id).await.expect("a stop");
        take(&*service, id, "first").await;
        let Some(pallet::compute::Endpoint::Ssh { port, .. }) = node.endpoint else { panic!("SSH") };
        let taken = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let moved = service.start(id, &quietly).await.expect("a start");
        assert_ne!(moved.endpoint, node.endpoint);
        let claims = world.vbox(&["getextradata", "global", "enumerate"]);
        assert_eq!(claims.lines().count(), 1, "{claims}");
        assert!(!claims.contains(&format!("port={port}")), "{claims}");
        drop(taken);
        restore(&*service, id, "first").await;
        assert_eq!(service.start(id, &quietly).await.expect("a start").endpoint, moved.endpoint);
        assert_eq!(world.vbox(&["getextradata", "global", "enumerate"]), claims);
        service.destroy(id).await.expect("a removal");
        assert_eq!(world.vbox(&["getextradata", "global", "enumerate"]), "");
    });
}

fn model(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    let whole = |what: &str| {
        assert!(
            std::fs::read(world.model()).expect("the model") == before,
            "{what}: the model was written to"
        );
        let said = world.vbox(&["showmediuminfo", "disk", &world.model().display().to_string()]);
        assert!(said.contains("Type:           multiattach"), "{what}\n{said}");
    };
    let disks = OptionValue::List(vec![16.into()]);
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let snapshots = service.snapshots().expect("a capability");
        let witness = service.create(&request("db", 1), &quietly).await.expect("another node");
        for round in 0..4 {
            let mut wanted = request("web", 1);
            wanted.spec = wanted.spec.hardware(Hardware::default().setting("data-disks", disks.clone()));
            let node = service.create(&wanted, &quietly).await.expect("a node");
            let id = &node.id;
            take(&*service, id, "one").await;
            take(&*service, id, "two").await;
            match round {
                0 => {}
                1 => {
                    restore(&*service, id, "one").await;
                    snapshots.delete(id, "two", &quietly).await.expect("a leaf");
                }
                2 => {
                    for name in ["one", "two"] {
                        snapshots.delete(id, name, &quietly).await.expect("a deletion");
                        whole(name);
                    }
                }
                _ => {
                    restore(&*service, id, "one").await;
                    take(&*service, id, "three").await;
                    world.end_server();
                    service.start(id, &quietly).await.expect("a start");
                }
            }
            whole(&format!("round {round}"));
            service.destroy(id).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
            whole(&format!("round {round}, removed"));
            assert!(World::files(&world.nodes().join("pallet/lab/web-1")).is_empty(), "round {round}");
        }
        assert_eq!(service.list().await.expect("a list"), [witness]);
    });
}

fn names(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let snapshots = service.snapshots().expect("a capability");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        let id = &node.id;
        let error = snapshots.restore(id, "clean", &quietly).await.expect_err("none");
        assert_eq!(error.message, "the node has no snapshot `clean`");
        assert_eq!(
            service.list().await.expect("a list")[0].state,
            NodeState::Running,
            "it was not switched off"
        );
        take(&*service, id, "clean").await;
        let again = snapshots.take(id, &"clean".parse().expect("a name"), &quietly).await;
        assert_eq!(again.expect_err("there is one").message, "the node has a snapshot `clean` already");
        world.vbox(&["snapshot", &id.0, "take", "clean"]);
        let error = snapshots.delete(id, "clean", &quietly).await.expect_err("two of them");
        assert_eq!(error.message, "the node has several snapshots `clean`");
    });
}
