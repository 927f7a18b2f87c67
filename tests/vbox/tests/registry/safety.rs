//! What is not ours stays as it is.

use crate::Test;
use crate::formats::raw_disk;
use pallet::compute::{ErrorKind, NodeId, NodeState, Provider, ServiceConfig};
use pallet::options::OptionValue;
use pallet::spec::{Hardware, Image, ImageDefinition, Mib, Network, NodeSpec};
use pallet_tests_vbox::world::{IMAGE, World, quietly, request};
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("safety::a_foreign_machine_of_our_name_is_refused_and_untouched", foreign),
    ("safety::a_removed_holder_is_repaired", holder_removed),
    ("safety::a_removed_holder_is_repaired_under_living_nodes", holder_removed_under_nodes),
    ("safety::a_model_that_somebody_writes_to_is_refused", model_in_use),
    ("safety::a_foreign_disk_in_a_node_outlives_it", foreign_disk),
    ("safety::a_node_with_snapshots_goes_and_the_model_stays", snapshots),
    ("safety::a_node_that_virtualbox_read_before_its_model_is_a_node_like_any_other", read_too_early),
    ("safety::a_model_that_virtualbox_has_forgotten_meanwhile_is_found_again", forgotten_model),
    ("safety::an_inaccessible_node_is_reported_and_not_removed", inaccessible),
    ("safety::a_check_finds_mistakes_and_changes_nothing", check),
];

fn foreign(world: World, runtime: Runtime) {
    let nodes = world.nodes().display().to_string();
    world.vbox(&[
        "createvm",
        "--name=web-1",
        "--basefolder",
        &nodes,
        "--platform-architecture=x86",
        "--register",
    ]);
    let id = world.id_of("web-1");
    let before = (description(&world, &id), World::files(&world.nodes()));
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        assert_eq!(service.list().await.expect("a list"), []);
        let wanted = request("web", 1);
        let error = service.check(std::slice::from_ref(&wanted)).await.expect_err("a foreign machine");
        assert_eq!(error.message, format!("a machine web-1 ({id}) exists and was not made by pallet"));
        let error = service.create(&wanted, &quietly).await.expect_err("a foreign machine");
        assert_eq!(error.kind, ErrorKind::Input);
        let foreign = NodeId(id.clone());
        for error in [
            service.destroy(&foreign).await.expect_err("not ours"),
            service.stop(&foreign).await.expect_err("not ours"),
            service.tag(&foreign, "x", Some("y")).await.expect_err("not ours"),
            service.start(&foreign, &quietly).await.map(drop).expect_err("not ours"),
        ] {
            assert_eq!(error.message, format!("the machine {id} is not a node of this service"));
        }
        // Nor is a name an identity.
        assert!(service.destroy(&NodeId("web-1".to_owned())).await.is_err());
    });
    let after = (description(&world, &id), World::files(&world.nodes()));
    assert_eq!(after, before);
}

/// All that VirtualBox says about a machine, but for the time of its last change: VirtualBox keeps fractions of a
/// second only until its server, which ends when nobody needs it, starts again.
fn description(world: &World, id: &str) -> String {
    let text = world.vbox(&["showvminfo", id, "--machinereadable"]);
    text.lines().filter(|line| !line.starts_with("VMStateChangeTime=")).collect::<Vec<_>>().join("\n")
}

fn holder(world: &World) -> String {
    world.machines().into_iter().find(|name| name.starts_with("pallet-model-")).expect("a holder")
}

fn remove_holder(world: &World) {
    world.vbox(&["unregistervm", &holder(world), "--delete"]);
}

fn holder_removed(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        service.destroy(&node.id).await.expect("a removal");
        remove_holder(&world);
        assert_eq!(world.machines(), [""; 0]);
        service.create(&request("web", 2), &quietly).await.expect("a node over a repaired model");
        assert_eq!(world.machines().len(), 2);
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn holder_removed_under_nodes(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let first = service.create(&request("web", 1), &quietly).await.expect("a node");
        remove_holder(&world);
        let (wanted_2, wanted_3) = (request("web", 2), request("web", 3));
        let (second, third) =
            tokio::join!(service.create(&wanted_2, &quietly), service.create(&wanted_3, &quietly));
        let (second, third) = (second.expect("a node"), third.expect("a node"));
        for node in [first, second, third] {
            service.destroy(&node.id).await.expect("a removal");
        }
        let disks = world.vbox(&["list", "hdds"]);
        assert_eq!(disks.matches("UUID:").count(), 2, "only the model (its UUID and its parent's): {disks}");
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn model_in_use(world: World, runtime: Runtime) {
    let (nodes, model) = (world.nodes().display().to_string(), world.model().display().to_string());
    world.vbox(&[
        "createvm",
        "--name=mail",
        "--basefolder",
        &nodes,
        "--platform-architecture=x86",
        "--register",
    ]);
    world.vbox(&["storagectl", "mail", "--name", "S", "--add", "sata", "--portcount", "1"]);
    let attach =
        ["storageattach", "mail", "--storagectl", "S", "--port", "0", "--device", "0", "--type", "hdd"];
    world.vbox(&[&attach[..], &["--medium", &model]].concat());
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let error = service.create(&request("web", 1), &quietly).await.expect_err("in use");
        assert!(error.message.contains("is attached to mail (UUID: "), "{error}");
        assert_eq!(error.kind, ErrorKind::Input);
    });
    assert_eq!(world.machines(), ["mail"]);
    assert!(world.vbox(&["showmediuminfo", "disk", &model]).contains("normal (base)"));
}

fn foreign_disk(world: World, runtime: Runtime) {
    let data = world.folder().join("models/data.vdi").display().to_string();
    world.vbox(&["createmedium", "disk", "--filename", &data, "--size", "16"]);
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        service.stop(&node.id).await.expect("a stop");
        let own = world.nodes().join("pallet/lab/web-1/own.vdi").display().to_string();
        world.vbox(&["createmedium", "disk", "--filename", &own, "--size", "16"]);
        for (port, disk) in [("1", &data), ("2", &own)] {
            let place = ["--storagectl", "SATA", "--port", port, "--device", "0"];
            let attach = ["--type", "hdd", "--medium", disk];
            world.vbox(&[&["storageattach", &node.id.0][..], &place[..], &attach[..]].concat());
        }
        service.destroy(&node.id).await.expect("a removal");
    });
    assert!(std::path::Path::new(&data).exists(), "it was not the node's");
    assert!(World::files(&world.nodes().join("pallet/lab")).is_empty(), "these were");
    assert!(world.vbox(&["list", "hdds"]).contains(&data));
}

fn snapshots(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        service.stop(&node.id).await.expect("a stop");
        world.vbox(&["snapshot", &node.id.0, "take", "one"]);
        world.vbox(&["snapshot", &node.id.0, "take", "two"]);
        service.destroy(&node.id).await.expect("a removal");
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
        service.create(&request("web", 1), &quietly).await.expect("a node again");
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

/// A holder that was made again after its node was: VirtualBox's server, whenever it starts, reads the node first, does not
/// know its disk, and calls the node inaccessible.
fn read_too_early(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        let id = node.id.0.as_str();
        world.read_last(&world.id_of(&holder(&world)));
        let error = world.try_vbox(&["getextradata", id, "enumerate"]).expect_err("it was read too early");
        assert!(error.contains("The object functionality is limited"), "{error}");
        service.tag(&node.id, "k", Some("v")).await.expect("a tag");
        world.end_server();
        service.stop(&node.id).await.expect("a stop");
        world.end_server();
        let started = service.start(&node.id, &quietly).await.expect("a start");
        assert_eq!(started.tags.get("k").map(String::as_str), Some("v"));
        world.end_server();
        assert_eq!(service.list().await.expect("a list"), [started]);
        world.end_server();
        service.check(&[request("db", 1)]).await.expect("possible");
        world.end_server();
        let other = service.create(&request("db", 1), &quietly).await.expect("another node");
        for id in [&node.id, &other.id] {
            world.end_server();
            service.destroy(id).await.expect("a removal");
        }
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn inaccessible(world: World, runtime: Runtime) {
    let settings = world.nodes().join("pallet/lab/web-1/web-1.vbox");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        service.stop(&node.id).await.expect("a stop");
        world.end_server();
        let away = world.folder().join("away.vbox");
        std::fs::rename(&settings, &away).expect("the settings");
        let listed = service.list().await.expect("a list");
        assert_eq!((&listed[0].id, listed[0].name.as_str()), (&node.id, "web-1"));
        assert!(matches!(listed[0].state, NodeState::Inaccessible(_)));
        let error = service.destroy(&node.id).await.expect_err("inaccessible");
        assert!(error.hint.is_some_and(|hint| hint.contains("unregistervm")));
        world.end_server();
        std::fs::rename(&away, &settings).expect("the settings");
        assert_eq!(service.list().await.expect("a list")[0].state, NodeState::Stopped);
        service.destroy(&node.id).await.expect("a removal");
    });
}

fn check(world: World, runtime: Runtime) {
    // A disk that VirtualBox does not know yet: a check must not make it known.
    let model = world.model().display().to_string();
    world.vbox(&["closemedium", "disk", &model]);
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let checked = |spec: NodeSpec| {
            let mut wanted = request("web", 1);
            wanted.spec = spec;
            let service = service.clone();
            async move { service.check(&[wanted]).await.map_err(|error| (error.kind, error.message)) }
        };
        let spec = || NodeSpec::new().image(IMAGE).network(Network::Nat);
        assert_eq!(checked(spec()).await, Ok(()));
        let message = |result: Result<(), (ErrorKind, String)>| {
            let (kind, message) = result.expect_err("a mistake");
            assert_eq!(kind, ErrorKind::Input);
            message
        };
        let defined = |path: &str, os_type: Option<&str>| {
            Image::from(ImageDefinition {
                path: path.into(),
                os_type: os_type.map(str::to_owned),
                ..ImageDefinition::default()
            })
        };
        assert_eq!(
            message(checked(spec().image(defined("/none.vdi", None))).await),
            "the disk /none.vdi of the image `/none.vdi` does not exist"
        );
        assert_eq!(
            message(checked(spec().image(defined(&model, Some("Debain12_64")))).await),
            format!("VirtualBox knows no guest system `Debain12_64`, which the image `{model}` names")
        );
        assert_eq!(
            message(checked(spec().network(Network::Bridged(Some("nosuch0".to_owned())))).await),
            "the host has no interface nosuch0 to bridge to"
        );
        let huge = Hardware { memory: Some(Mib::gib(2000)), ..Hardware::default() };
        assert!(message(checked(spec().hardware(huge)).await).contains("of memory are asked for"));
        // What a check would have found, a creation finds too, before it makes anything.
        let mut wanted = request("web", 1);
        wanted.spec = spec().network(Network::Local);
        let error = service.create(&wanted, &quietly).await.expect_err("no interface");
        assert_eq!(error.message, "cannot make a host-only interface");
        assert_eq!(world.machines(), [""; 0]);
    });
    runtime.block_on(async {
        let error =
            world.open("lab", &[("ip-timout", OptionValue::Integer(1))]).await.err().expect("a mistake");
        assert_eq!(error.hint.as_deref(), Some("did you mean `ip-timeout`?"));
        let nowhere = world.open("lab", &[("vboxmanage-path", "/none/VBoxManage".into())]).await;
        let error = nowhere.err().expect("no VBoxManage");
        assert_eq!(error.message, "no VBoxManage on this host (looked for /none/VBoxManage)");
    });
}

/// VirtualBox is told of a disk by its path, and forgets it together with its server if nobody has used it till then.
fn forgotten_model(world: World, runtime: Runtime) {
    let raw = world.folder().join("models/raw.img");
    std::fs::write(&raw, raw_disk()).expect("a disk");
    // A linked clone and an immutable disk have a holder as well, made in the same way.
    for (index, way) in (1..).zip(["multi-attach", "full-copy"]) {
        let disk = world.folder().join(format!("models/{way}.vdi"));
        let path = disk.display().to_string();
        world.vbox(&["convertfromraw", &raw.display().to_string(), &path, "--format=VDI"]);
        let before = std::fs::read(&disk).expect("the model");
        let images = world.images(&[("path", path.as_str().into()), ("attach", way.into())]);
        let config =
            ServiceConfig { runner: world.without_server(), ..world.config("lab", &[("images", images)]) };
        runtime.block_on(async {
            let service = pallet_vbox::provider().open(config).await.expect("a service");
            let made = service.create(&request("web", index), &quietly).await;
            let node = made.unwrap_or_else(|error| panic!("{way}: {error}"));
            service.destroy(&node.id).await.unwrap_or_else(|error| panic!("{way}: {error}"));
        });
        assert!(std::fs::read(&disk).expect("the model") == before, "{way}: the model was changed");
    }
}
