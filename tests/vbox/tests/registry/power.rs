//! A node that runs is paused, saved, reset, rebooted and cut off.

use crate::Test;
use pallet::compute::{NodeId, NodeState};
use pallet::spec::Hardware;
use pallet_tests_vbox::world::{World, quietly, request};
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("power::a_node_goes_through_all_its_states", states),
    ("power::a_node_shows_itself_as_its_hardware_says_or_its_service", sessions),
    ("power::a_node_that_does_not_run_is_not_made_to", stopped),
    ("power::what_is_not_ours_is_not_touched", foreign),
];

fn state(world: &World, id: &NodeId) -> String {
    let info = world.vbox(&["showvminfo", &id.0, "--machinereadable"]);
    let line = info.lines().find_map(|line| line.strip_prefix("VMState=")).expect("a state");
    line.trim_matches('"').to_owned()
}

fn states(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let power = service.power().expect("a capability");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        let id = &node.id;
        power.pause(id).await.expect("a pause");
        power.pause(id).await.expect("a second pause");
        assert_eq!(state(&world, id), "paused");
        assert_eq!(service.list().await.expect("a list")[0].state, NodeState::Suspended);
        power.resume(id).await.expect("it goes on");
        power.resume(id).await.expect("it goes on as it did");
        assert_eq!(state(&world, id), "running");
        power.reset(id).await.expect("a reset");
        power.save(id, &quietly).await.expect("a saved memory");
        power.save(id, &quietly).await.expect("it is saved already");
        assert_eq!(state(&world, id), "saved");
        assert_eq!(service.list().await.expect("a list")[0].state, NodeState::Suspended);
        assert_eq!(service.start(id, &quietly).await.expect("a start"), node);
        power.pause(id).await.expect("a pause");
        assert_eq!(service.start(id, &quietly).await.expect("a start of what was paused"), node);
        assert_eq!(power.reboot(id, &quietly).await.expect("a reboot"), node);
        power.save(id, &quietly).await.expect("a saved memory");
        power.cut(id).await.expect("its memory is dropped");
        assert_eq!(state(&world, id), "poweroff");
        service.start(id, &quietly).await.expect("a start");
        power.cut(id).await.expect("its plug is pulled");
        assert_eq!(state(&world, id), "poweroff");
        // Saved nodes are removed like any other.
        service.start(id, &quietly).await.expect("a start");
        power.save(id, &quietly).await.expect("a saved memory");
        service.destroy(id).await.expect("a removal");
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn sessions(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[("session-type", "separate".into())]).await.expect("a service");
        let mut with_window = request("web", 2);
        with_window.spec = with_window.spec.hardware(Hardware::default().setting("session_type", "gui"));
        world.runner.restart(None);
        service.create(&request("web", 1), &quietly).await.expect("a node");
        let node = service.create(&with_window, &quietly).await.expect("a node");
        service.stop(&node.id).await.expect("a stop");
        service.start(&node.id, &quietly).await.expect("a start");
        let calls = world.runner.calls();
        let starts: Vec<&str> =
            calls.iter().filter(|call| call[0] == "startvm").map(|call| call[2].as_str()).collect();
        assert_eq!(starts, ["--type=separate", "--type=gui", "--type=gui"]);
    });
}

fn stopped(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let power = service.power().expect("a capability");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        service.stop(&node.id).await.expect("a stop");
        let id = &node.id;
        for error in [
            power.pause(id).await.expect_err("off"),
            power.save(id, &quietly).await.expect_err("off"),
            power.reset(id).await.expect_err("off"),
            power.reboot(id, &quietly).await.map(drop).expect_err("off"),
        ] {
            assert_eq!(error.message, "the node web-1 does not run: it is switched off");
        }
        let error = power.resume(id).await.expect_err("off");
        assert_eq!(error.message, "the node web-1 is not paused: it is switched off");
        assert_eq!(state(&world, id), "poweroff");
    });
}

fn foreign(world: World, runtime: Runtime) {
    let nodes = world.nodes().display().to_string();
    let create =
        ["createvm", "--name=mail", "--basefolder", &nodes, "--platform-architecture=x86", "--register"];
    world.vbox(&create);
    let id = NodeId(world.id_of("mail"));
    world.vbox(&["startvm", &id.0]);
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let power = service.power().expect("a capability");
        let snapshots = service.snapshots().expect("a capability");
        let name = "clean".parse().expect("a name");
        for error in [
            power.pause(&id).await.expect_err("not ours"),
            power.reset(&id).await.expect_err("not ours"),
            power.cut(&id).await.expect_err("not ours"),
            power.save(&id, &quietly).await.expect_err("not ours"),
            snapshots.take(&id, &name, &quietly).await.expect_err("not ours"),
            snapshots.restore(&id, "clean", &quietly).await.expect_err("not ours"),
            snapshots.delete(&id, "clean", &quietly).await.expect_err("not ours"),
            snapshots.list(&id).await.map(drop).expect_err("not ours"),
        ] {
            assert_eq!(error.message, format!("the machine {id} is not a node of this service"));
        }
        assert_eq!(state(&world, &id), "running");
    });
}
