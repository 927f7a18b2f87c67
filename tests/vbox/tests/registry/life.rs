//! A node's life: made, listed, tagged, stopped, started, removed.

use crate::Test;
use pallet::compute::{Endpoint, NodeRecord, NodeState};
use pallet::options::OptionValue;
use pallet::spec::{Adapter, Attachment, Hardware, Network, NodeSpec};
use pallet_tests_vbox::world::{IMAGE, World, quietly, request};
use std::collections::BTreeSet;
use std::time::Instant;
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("life::a_group_of_two_lives_and_leaves_the_model_alone", a_group_of_two),
    ("life::tags_survive_whatever_they_hold", tags),
    ("life::nodes_made_side_by_side_have_ports_of_their_own", ports),
    ("life::a_port_that_was_taken_meanwhile_is_replaced", taken_port),
    ("life::a_bridged_node_is_found_where_its_guest_says", bridged),
    ("life::a_guest_that_says_nothing_is_not_waited_for_without_end", silent),
    ("life::a_node_without_an_address_is_kept_where_that_is_asked_for", kept),
    ("life::a_failed_start_points_at_the_kernel_driver", no_driver),
    ("life::the_calls_of_a_creation_and_a_list_are_counted", calls),
];

fn port(node: &NodeRecord) -> u16 {
    match node.endpoint {
        Some(Endpoint::Ssh { port, .. }) => port,
        ref other => panic!("{} is reached at {other:?}", node.name),
    }
}

fn a_group_of_two(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        assert_eq!(service.list().await.expect("a list"), []);
        let (first, second) = (request("web", 1), request("web", 2));
        service.check(&[first.clone(), second.clone()]).await.expect("possible");
        let (one, two) = tokio::join!(service.create(&first, &quietly), service.create(&second, &quietly));
        let (one, two) = (one.expect("a first node"), two.expect("a second node"));
        assert_eq!((one.name.as_str(), one.group.as_str()), ("web-1", "web"));
        assert_eq!(one.image_login.as_ref().map(|login| login.username.as_str()), Some("root"));
        assert_eq!(service.list().await.expect("a list"), [one.clone(), two.clone()]);

        // The model is multi-attach, held by a machine that is no node, and each node has a difference of its own.
        let model = world.vbox(&["showmediuminfo", "disk", &world.model().display().to_string()]);
        assert!(model.contains("Type:           multiattach"), "{model}");
        assert_eq!(world.machines().len(), 3);
        for node in [&one, &two] {
            let info = world.vbox(&["showvminfo", &node.id.0, "--machinereadable"]);
            let disk = info.lines().find(|line| line.starts_with("\"SATA-0-0\"")).expect("a disk");
            let own = format!("{}/pallet/lab/{}/Snapshots/", world.nodes().display(), node.name);
            assert!(disk.contains(&own), "{disk}");
        }

        service.stop(&one.id).await.expect("a stop");
        service.stop(&one.id).await.expect("a second stop");
        let listed = service.list().await.expect("a list");
        assert_eq!((&listed[0].state, &listed[0].endpoint), (&NodeState::Stopped, &None));
        assert_eq!(listed[1], two);
        assert_eq!(service.start(&one.id, &quietly).await.expect("a start"), one);

        // One runs while it is destroyed, the other does not.
        service.stop(&two.id).await.expect("a stop");
        service.destroy(&one.id).await.expect("a removal");
        service.destroy(&two.id).await.expect("a removal");
        service.destroy(&two.id).await.expect("a removal of what is gone");
        assert_eq!(service.list().await.expect("a list"), []);

        // The holder stays, and with it the model serves again.
        assert_eq!(world.machines().len(), 1);
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
        assert_eq!(world.vbox(&["getextradata", "global", "enumerate"]), "");
        service.create(&first, &quietly).await.expect("a node again");
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn tags(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        for (key, value) in
            [("bootstrapped", "1"), ("odd key, Value: x", "two\nlines"), ("empty", ""), ("ü", "ß")]
        {
            service.tag(&node.id, key, Some(value)).await.expect("a tag");
            let found = &service.list().await.expect("a list")[0];
            assert_eq!(found.tags.get(key).map(String::as_str), Some(value), "{:?}", found.tags);
        }
        service.tag(&node.id, "empty", None).await.expect("no tag");
        service.tag(&node.id, "never", None).await.expect("no tag");
        let found = &service.list().await.expect("a list")[0];
        assert_eq!(found.tags.len(), 3, "{:?}", found.tags);
    });
}

fn ports(world: World, runtime: Runtime) {
    runtime.block_on(async {
        // Two services stand for two processes: they share nothing but VirtualBox.
        let (lab, prod) = (world.open("lab", &[]).await, world.open("prod", &[]).await);
        let (lab, prod) = (lab.expect("a service"), prod.expect("a service"));
        let requests = [request("web", 1), request("web", 2), request("db", 1), request("db", 2)];
        let [a, b, c, d] = &requests;
        let nodes = tokio::join!(
            lab.create(a, &quietly),
            lab.create(b, &quietly),
            prod.create(c, &quietly),
            prod.create(d, &quietly)
        );
        let nodes = [nodes.0, nodes.1, nodes.2, nodes.3].map(|node| node.expect("a node"));
        let ports: BTreeSet<u16> = nodes.iter().map(port).collect();
        assert_eq!(ports.len(), 4, "{ports:?}");
        assert_eq!(lab.list().await.expect("a list").len(), 2, "only its own");
        assert_eq!(prod.list().await.expect("a list").len(), 2, "only its own");
        assert!(prod.destroy(&nodes[0].id).await.is_err(), "not its node");
        assert_eq!(lab.list().await.expect("a list").len(), 2);
    });
}

fn taken_port(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        service.stop(&node.id).await.expect("a stop");
        let _other = std::net::TcpListener::bind(("127.0.0.1", port(&node))).expect("a free port");
        let again = service.start(&node.id, &quietly).await.expect("a start");
        assert_ne!(port(&again), port(&node));
        let claims = world.vbox(&["getextradata", "global", "enumerate"]);
        assert_eq!(claims.lines().count(), 1, "{claims}");
    });
}

/// Which interfaces there are to bridge to is the host's business; this test needs one of them.
fn any_interface(world: &World) -> Option<String> {
    let list = world.vbox(&["list", "bridgedifs"]);
    list.lines().find_map(|line| line.strip_prefix("Name:")).map(|name| name.trim().to_owned())
}

fn bridged(world: World, runtime: Runtime) {
    let Some(interface) = any_interface(&world) else { return };
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let mut wanted = request("web", 1);
        let adapters = vec![
            Adapter::new(Attachment::Internal("back".to_owned())),
            Adapter::new(Attachment::Bridged(Some(interface))).management(),
        ];
        wanted.spec = NodeSpec::new().image(IMAGE).network(Network::Adapters(adapters));
        // The guest tells its address when pallet begins to wait for it.
        let tell = |word: &str| {
            if word == "waiting for its address" {
                let id = world.id_of("web-1");
                let info = world.vbox(&["showvminfo", &id, "--machinereadable"]);
                let mac =
                    info.lines().find_map(|line| line.strip_prefix("macaddress2=")).expect("an adapter");
                let property = |name: &str, value: &str| {
                    let name = format!("/VirtualBox/GuestInfo/Net/0/{name}");
                    world.vbox(&["guestproperty", "set", &id, &name, value]);
                };
                property("MAC", mac.trim_matches('"'));
                property("V4/IP", "192.0.2.77");
            }
        };
        let node = service.create(&wanted, &tell).await.expect("a node");
        assert_eq!(node.endpoint, Some(Endpoint::Ssh { host: "192.0.2.77".to_owned(), port: 22 }));
        assert_eq!(node.private_ip, Some("192.0.2.77".parse().expect("an address")));
        assert_eq!(service.list().await.expect("a list"), std::slice::from_ref(&node));
        // What it told in its last life is not believed in the next.
        service.stop(&node.id).await.expect("a stop");
        world.vbox(&["startvm", &node.id.0]);
        assert_eq!(service.list().await.expect("a list")[0].endpoint, None);
    });
}

fn silent(world: World, runtime: Runtime) {
    let Some(interface) = any_interface(&world) else { return };
    runtime.block_on(async {
        let service = world.open("lab", &[("ip-timeout", OptionValue::Integer(0))]).await.expect("a service");
        let mut wanted = request("web", 1);
        wanted.spec = NodeSpec::new().image(IMAGE).network(Network::Bridged(Some(interface)));
        let error = service.create(&wanted, &quietly).await.expect_err("no address");
        assert!(error.message.starts_with("no address of web-1 on adapter 1 (bridged, MAC "), "{error}");
        assert!(error.hint.is_some_and(|hint| hint.contains("Guest Additions")));
        assert_eq!(world.machines().len(), 1, "only the holder");
    });
}

fn kept(world: World, runtime: Runtime) {
    let Some(interface) = any_interface(&world) else { return };
    runtime.block_on(async {
        let own = [("ip-timeout", OptionValue::Integer(0)), ("destroy-on-failure", OptionValue::Bool(false))];
        let service = world.open("lab", &own).await.expect("a service");
        let mut wanted = request("web", 1);
        wanted.spec = NodeSpec::new().image(IMAGE).network(Network::Bridged(Some(interface)));
        let error = service.create(&wanted, &quietly).await.expect_err("no address");
        assert!(error.message.ends_with("; the node is kept as it is"), "{error}");
        assert!(error.hint.is_some(), "what to do about it");
        let nodes = service.list().await.expect("a list");
        assert_eq!((nodes.len(), &nodes[0].state, &nodes[0].endpoint), (1, &NodeState::Running, &None));
        // What failed before it was a whole machine is removed in any case.
        let mut wanted = request("db", 1);
        wanted.spec = wanted.spec.hardware(Hardware::from("micro").setting("hardware-uuid", "no UUID"));
        service.create(&wanted, &quietly).await.expect_err("VirtualBox refuses it");
        assert_eq!(service.list().await.expect("a list"), nodes);
        service.destroy(&nodes[0].id).await.expect("a removal");
        assert_eq!(world.machines().len(), 1, "only the holder");
    });
}

fn no_driver(world: World, runtime: Runtime) {
    std::fs::write(world.folder().join("really-start"), "").expect("a note");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let error = service.create(&request("web", 1), &quietly).await.expect_err("no hypervisor");
        assert!(error.message.starts_with("cannot start the machine "), "{error}");
        assert!(error.hint.is_some_and(|hint| hint.contains("/dev/vboxdrv")));
        assert_eq!(world.machines().len(), 1, "only the holder");
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
    });
}

/// Bounds on calls, which do not depend on the machine; the times are only printed.
fn calls(world: World, runtime: Runtime) {
    const NODES: u32 = 6;
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let mut report = Vec::new();
        let mut measure = |what: &str, begun: Instant| {
            let calls = world.runner.calls().len();
            report.push(format!("{what}: {calls} calls, {:.2} s", begun.elapsed().as_secs_f64()));
            world.runner.restart(None);
            calls
        };
        world.runner.restart(None);
        for index in 1..=NODES {
            let begun = Instant::now();
            service.create(&request("web", index), &quietly).await.expect("a node");
            let calls = measure(&format!("creation {index}"), begun);
            assert!(calls <= if index == 1 { 22 } else { 10 }, "{calls} calls");
        }
        let begun = Instant::now();
        let nodes = service.list().await.expect("a list");
        // What is written down, and what there is. A call that VirtualBox's server could not take because it was just
        // starting is made again.
        let mut different = world.runner.calls();
        different.sort();
        different.dedup();
        measure(&format!("list of {NODES}"), begun);
        assert_eq!(different.len(), 2, "{different:?}");
        let begun = Instant::now();
        service.destroy(&nodes[0].id).await.expect("a removal");
        let calls = measure("removal of a running node", begun);
        assert!(calls <= 12, "{calls} calls");
        for line in report {
            eprintln!("measured: {line}");
        }
    });
}
