//! Every call of a creation and of a removal fails once, and the controller dies once at each: nothing is left, nothing
//! is lost, and what comes next succeeds.

use crate::Test;
use pallet::compute::{Compute, ComputeError, CreateRequest};
use pallet::options::OptionValue;
use pallet::spec::Hardware;
use pallet_tests_vbox::runner::{Fault, FaultKind};
use pallet_tests_vbox::world::{World, quietly, request};
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("faults::a_creation_that_fails_anywhere_leaves_nothing", |world, runtime| {
        creations(world, runtime, &[FaultKind::FailBefore, FaultKind::FailAfter]);
    }),
    ("faults::a_creation_that_is_killed_anywhere_is_swept", |world, runtime| {
        creations(world, runtime, &[FaultKind::HangBefore, FaultKind::HangAfter]);
    }),
    ("faults::a_first_creation_that_fails_or_is_killed_leaves_the_model_usable", first_creations),
    ("faults::what_a_kill_left_unreadable_is_removed_by_the_next_creation", unreadable),
    ("faults::a_removal_that_fails_or_is_killed_anywhere_is_finished_by_the_next", removals),
];

/// The same for other ways to use the disk. They take minutes.
pub(crate) const SLOW_TESTS: &[(&str, Test)] = &[
    ("faults::a_linked_clone_with_a_cd_that_is_killed_anywhere_leaves_nothing", |world, runtime| {
        other_ways(world, runtime, &[("attach", "linked-clone".into()), ("cloud-init", true.into())]);
    }),
    ("faults::a_full_copy_that_is_killed_anywhere_leaves_nothing", |world, runtime| {
        other_ways(world, runtime, &[("attach", "full-copy".into())]);
    }),
    ("faults::an_immutable_disk_is_safe_whatever_is_killed", |world, runtime| {
        other_ways(world, runtime, &[("attach", "immutable".into())]);
    }),
];

const ALL: &[FaultKind] =
    &[FaultKind::FailBefore, FaultKind::FailAfter, FaultKind::HangBefore, FaultKind::HangAfter];

/// What leaves most behind. The others are tried too with `PALLET_TEST_FULL=1`; that takes minutes.
const WORST: &[FaultKind] = &[FaultKind::HangAfter];

fn is_full() -> bool {
    std::env::var_os("PALLET_TEST_FULL").is_some_and(|value| value == "1")
}

/// Lets one call go wrong, and returns that call, if the work got as far, and how the work ended, if it ended.
async fn with_fault<T>(
    world: &World,
    fault: Fault,
    work: impl Future<Output = Result<T, ComputeError>>,
) -> (Option<Vec<String>>, Option<Result<T, ComputeError>>) {
    world.runner.restart(Some(fault));
    tokio::pin!(work);
    let ended = loop {
        tokio::select! {
            result = &mut work => break Some(result),
            // Looks now and then whether the call was reached that never answers; how long it takes does not matter.
            () = tokio::time::sleep(Duration::from_millis(20)) => {
                if world.runner.is_hanging() {
                    break None;
                }
            }
        }
    };
    let reached = world.runner.calls().get(fault.at).cloned();
    world.runner.restart(None);
    (reached, ended)
}

fn nothing_left(world: &World, what: &str) {
    let nodes: Vec<String> =
        world.machines().into_iter().filter(|name| !name.starts_with("pallet-model-")).collect();
    assert_eq!(nodes, [""; 0], "{what}");
    let files = World::files(&world.nodes().join("pallet/lab"));
    assert!(files.is_empty(), "{what}: {files:?}");
    assert_eq!(world.vbox(&["getextradata", "global", "enumerate"]), "", "{what}");
    let making = World::files(&world.folder().join("state/lab/machines"));
    assert!(
        making.iter().all(|path| path.parent().is_some_and(|folder| folder.ends_with("made"))),
        "{what}: {making:?}"
    );
}

/// A node with a disk of its own beside the one over the model, so that the making of that can go wrong, too.
fn with_a_disk(group: &str, index: u32) -> CreateRequest {
    let disks = OptionValue::List(vec![8.into()]);
    let mut wanted = request(group, index);
    wanted.spec = wanted.spec.hardware(Hardware::default().setting("data-disks", disks));
    wanted
}

async fn empty(service: &dyn Compute) {
    for node in service.list().await.expect("a list") {
        service.destroy(&node.id).await.expect("a removal");
    }
}

/// Another way to use the disk than the usual one. Up to the first call that is about disks nothing differs from it, and
/// is tried there.
fn other_ways(world: World, runtime: Runtime, image: &[(&str, OptionValue)]) {
    let kinds = if is_full() { ALL } else { WORST };
    let from = if is_full() { "list" } else { "storagectl" };
    creations_on(&world, &runtime, kinds, image, from);
    // Only with a CD a removal has calls that others have not.
    if is_full() || image.iter().any(|(key, _)| *key == "cloud-init") {
        removals_on(&world, &runtime, kinds, image);
    }
}

fn creations(world: World, runtime: Runtime, kinds: &[FaultKind]) {
    creations_on(&world, &runtime, kinds, &[], "list");
}

fn creations_on(
    world: &World,
    runtime: &Runtime,
    kinds: &[FaultKind],
    image: &[(&str, OptionValue)],
    from: &str,
) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[("images", world.images(image))]).await.expect("a service");
        // The model is held before, so that the calls are those of an ordinary creation.
        service.create(&request("web", 9), &quietly).await.expect("a node");
        empty(&*service).await;
        world.runner.restart(None);
        service.create(&request("web", 9), &quietly).await.expect("a node");
        let calls = world.runner.calls();
        let first = calls.iter().position(|call| call[0] == from).expect("such a call");
        empty(&*service).await;
        let mut cases = 0;
        for &kind in kinds {
            for at in first.. {
                let what = format!("{kind:?} at call {at}");
                let wanted = with_a_disk("web", 1);
                let fault = Fault { at, kind };
                let (reached, ended) = with_fault(world, fault, service.create(&wanted, &quietly)).await;
                let Some(call) = reached else {
                    ended.expect("an end").expect("no fault, no failure");
                    empty(&*service).await;
                    break;
                };
                cases += 1;
                match ended {
                    Some(Err(_)) => nothing_left(world, &what),
                    Some(Ok(_)) if asks_for_a_size(&call) => empty(&*service).await,
                    Some(Ok(_)) => panic!("{what}: it did not matter: {call:?}"),
                    // Killed: what is there is complete, or is swept by the next creation.
                    None => {
                        let listed = service.list().await.expect("a list");
                        assert!(listed.len() <= 1, "{what}");
                        if listed.is_empty() {
                            service
                                .create(&wanted, &quietly)
                                .await
                                .unwrap_or_else(|error| panic!("{what}: {error}"));
                        }
                        empty(&*service).await;
                        nothing_left(world, &what);
                    }
                }
                assert!(std::fs::read(world.model()).expect("the model") == before, "{what}: the model");
            }
        }
        eprintln!("faults: {cases} cases of creation ({kinds:?}, {})", said(image));
    });
}

/// How large the model is decides only whether a copy is tried. Without an answer, VirtualBox finds out whether it fits.
fn asks_for_a_size(call: &[String]) -> bool {
    call.iter().any(|word| word.starts_with("wc -c"))
}

/// Back to a model that nobody ever held.
fn forget_holder(world: &World) {
    let holders = world.machines();
    assert_eq!(holders.len(), 1, "{holders:?}");
    world.vbox(&["unregistervm", &holders[0], "--delete"]);
    world.vbox(&["modifymedium", "disk", &world.model().display().to_string(), "--type", "normal"]);
}

fn nth_attachment(calls: &[Vec<String>], nth: usize) -> usize {
    let is_attachment = |(_, call): &(usize, &Vec<String>)| call[0] == "storageattach";
    calls.iter().enumerate().filter(is_attachment).nth(nth).expect("a first creation attaches three times").0
}

fn first_creations(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let mut cases = 0;
        for &kind in if is_full() { ALL } else { WORST } {
            for at in 0.. {
                let what = format!("{kind:?} at call {at}");
                let wanted = request("web", 1);
                let (reached, _) =
                    with_fault(&world, Fault { at, kind }, service.create(&wanted, &quietly)).await;
                let mut nodes = service.list().await.expect("a list");
                if nodes.is_empty() {
                    let node = service.create(&wanted, &quietly).await;
                    nodes.push(node.unwrap_or_else(|error| panic!("{what}: {error}")));
                }
                // What was killed must be as good when it is read from the files as it was in the server's memory.
                world.end_server();
                for node in nodes {
                    service.destroy(&node.id).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                }
                nothing_left(&world, &what);
                assert!(std::fs::read(world.model()).expect("the model") == before, "{what}: the model");
                if reached.is_none() {
                    break;
                }
                cases += 1;
                forget_holder(&world);
            }
        }
        eprintln!("faults: {cases} cases of a first creation");
    });
}

/// The settings of the machine that was being made, and of the one that was to hold the model, are destroyed.
fn unreadable(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let wanted = request("web", 1);
        // When the holder has the model attached itself, and when the node has its difference.
        for (folder, nth) in [("models", 0), ("lab", 2)] {
            world.runner.restart(None);
            service.create(&wanted, &quietly).await.unwrap_or_else(|error| panic!("{folder}: {error}"));
            let at = nth_attachment(&world.runner.calls(), nth);
            empty(&*service).await;
            forget_holder(&world);
            let fault = Fault { at, kind: FaultKind::HangAfter };
            let (_, ended) = with_fault(&world, fault, service.create(&wanted, &quietly)).await;
            assert!(ended.is_none(), "{folder}: killed");
            world.end_server();
            for file in World::files(&world.nodes().join("pallet").join(folder)) {
                if file.extension().is_some_and(|extension| extension == "vbox") {
                    std::fs::write(file, "<VirtualBox").expect("the settings");
                }
            }
            service.create(&wanted, &quietly).await.unwrap_or_else(|error| panic!("{folder}: {error}"));
            world.end_server();
            empty(&*service).await;
            nothing_left(&world, folder);
            forget_holder(&world);
        }
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn removals(world: World, runtime: Runtime) {
    removals_on(&world, &runtime, ALL, &[]);
}

fn removals_on(world: &World, runtime: &Runtime, kinds: &[FaultKind], image: &[(&str, OptionValue)]) {
    let before = std::fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let service = world.open("lab", &[("images", world.images(image))]).await.expect("a service");
        let mut cases = 0;
        for &kind in kinds {
            for at in 0.. {
                let what = format!("{kind:?} at call {at}");
                let node = service.create(&with_a_disk("web", 1), &quietly).await.expect("a node");
                let (reached, _) = with_fault(world, Fault { at, kind }, service.destroy(&node.id)).await;
                service.destroy(&node.id).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                nothing_left(world, &what);
                assert!(std::fs::read(world.model()).expect("the model") == before, "{what}: the model");
                if reached.is_none() {
                    break;
                }
                cases += 1;
            }
        }
        eprintln!("faults: {cases} cases of removal ({kinds:?}, {})", said(image));
    });
}

fn said(image: &[(&str, OptionValue)]) -> String {
    image.iter().map(|(key, value)| format!("{key}: {value:?}")).collect()
}
