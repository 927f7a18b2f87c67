//! What creating and listing nodes costs on the real registry, beside the bare calls of VBoxManage that it needs:
//! `pallet-vbox-bench [NUMBER OF MACHINES …]`. See `benches/vbox/README.md`.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use pallet::compute::{CommandRunner, Compute, CreateRequest, HostCommand};
use pallet::spec::{Hardware, Mib};
use pallet_tests_vbox::real::Real;
use pallet_tests_vbox::world::{World, quietly, request};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;

/// As many as the provider makes at a time.
const AT_ONCE: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let sizes: Vec<u32> = std::env::args().skip(1).map(|size| size.parse()).collect::<Result<_, _>>()?;
    let sizes = if sizes.is_empty() { vec![1, 10, 20, 50] } else { sizes };
    let real = Real::find()?;
    let stand_in = std::env::current_exe()?.with_file_name("vboxmanage-without-hypervisor");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("| machines | what | calls | calls a machine | seconds | seconds a machine |");
    println!("|---|---|---|---|---|---|");
    for size in sizes {
        let bare = World::new(&real, &stand_in.display().to_string());
        runtime.block_on(make_barely(&bare, size))?;
        let ours = World::new(&real, &stand_in.display().to_string());
        runtime.block_on(make(&ours, size))?;
    }
    Ok(())
}

async fn make(world: &World, size: u32) -> Result<(), Box<dyn Error>> {
    let service = world.open("lab", &[]).await?;
    // The model is held before: that is done once for an image, not for each node.
    let first = service.create(&request("first", 1), &quietly).await?;
    service.destroy(&first.id).await?;
    let requests: Vec<_> = (1..=size).map(small).collect();
    world.runner.restart(None);
    let begun = Instant::now();
    service.check(&requests).await?;
    row(world, size, "check", begun);
    let begun = Instant::now();
    let mut making = JoinSet::new();
    for request in requests {
        let service = Arc::clone(&service);
        making.spawn(async move { service.create(&request, &quietly).await });
    }
    while let Some(made) = making.join_next().await {
        made??;
    }
    row(world, size, "create", begun);
    let begun = Instant::now();
    let nodes = service.list().await?;
    row(world, size, "list", begun);
    let begun = Instant::now();
    remove(&*service, &nodes[0].id).await?;
    row(world, 1, "destroy one that runs", begun);
    Ok(())
}

/// Fifty of them fit into the memory of an ordinary host.
fn small(index: u32) -> CreateRequest {
    let wanted = request("web", index);
    let hardware = Hardware { memory: Some(Mib(64)), ..Hardware::default() };
    CreateRequest { spec: wanted.spec.clone().hardware(hardware), ..wanted }
}

async fn remove(service: &dyn Compute, id: &pallet::compute::NodeId) -> Result<(), Box<dyn Error>> {
    Ok(service.destroy(id).await?)
}

fn row(world: &World, size: u32, what: &str, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let calls = world.runner.calls();
    world.runner.restart(None);
    let each = |total: f64| total / f64::from(size);
    println!(
        "| {size} | {what} | {} | {:.2} | {seconds:.2} | {:.2} |",
        calls.len(),
        each(f64::from(u32::try_from(calls.len()).unwrap_or(u32::MAX))),
        each(seconds)
    );
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &calls {
        *by_name.entry(call.first().map_or("", String::as_str)).or_default() += 1;
    }
    let counts: Vec<String> = by_name.iter().map(|(name, count)| format!("{name} {count}")).collect();
    eprintln!("{what} of {size}: {}", counts.join(", "));
}

/// The calls that nobody can do without, as a shell script would make them, as many side by side.
async fn make_barely(world: &World, size: u32) -> Result<(), Box<dyn Error>> {
    let model = world.model().display().to_string();
    hold(world, &model).await?;
    world.runner.restart(None);
    let begun = Instant::now();
    let mut making = JoinSet::<Result<(), Box<dyn Error + Send + Sync>>>::new();
    for index in 1..=size {
        if making.len() == AT_ONCE
            && let Some(made) = making.join_next().await
        {
            made?.map_err(|error| error.to_string())?;
        }
        let calls = bare_calls(index, &world.nodes().display().to_string(), &model);
        let (runner, bench) = (Arc::clone(&world.runner), world.bare());
        making.spawn(async move {
            for call in calls {
                let output = runner.run(&HostCommand { args: call, ..bench.clone() }).await?;
                if output.code != Some(0) {
                    return Err(format!("{}", String::from_utf8_lossy(&output.stderr)).into());
                }
            }
            Ok::<(), Box<dyn Error + Send + Sync>>(())
        });
    }
    while let Some(made) = making.join_next().await {
        made?.map_err(|error| error.to_string())?;
    }
    row(world, size, "create, bare calls", begun);
    Ok(())
}

/// Makes the model multi-attach, by the one way there is.
async fn hold(world: &World, model: &str) -> Result<(), Box<dyn Error>> {
    let nodes = world.nodes().display().to_string();
    world.vbox(&[
        "createvm",
        "--name=holder",
        "--basefolder",
        &nodes,
        "--platform-architecture=x86",
        "--register",
    ]);
    world.vbox(&["storagectl", "holder", "--name", "SATA", "--add", "sata", "--portcount", "1"]);
    let place = ["storageattach", "holder", "--storagectl", "SATA", "--port", "0", "--device", "0"];
    world.vbox(&[&place[..], &["--type", "hdd", "--medium", model]].concat());
    world.vbox(&[&place[..], &["--type", "hdd", "--medium", "none"]].concat());
    world.vbox(&["modifymedium", "disk", model, "--type", "multiattach"]);
    Ok(())
}

fn bare_calls(index: u32, nodes: &str, model: &str) -> Vec<Vec<String>> {
    let id = format!("00000000-0000-4000-8000-{index:012}");
    let (key, rule) = (format!("bench/{id}"), format!("--nat-pf1=ssh,tcp,127.0.0.1,{},,22", 22_000 + index));
    let name = format!("--name=web-{index}");
    let (uuid, folder) = (format!("--uuid={id}"), format!("--basefolder={nodes}"));
    let id = id.as_str();
    [
        vec!["setextradata", "global", &key, "web"],
        vec!["getextradata", "global", "enumerate"],
        vec![
            "createvm",
            &name,
            &uuid,
            "--ostype=Debian12_64",
            &folder,
            "--platform-architecture=x86",
            "--register",
        ],
        vec!["modifyvm", id, "--memory=512", "--nic1=nat", &rule],
        vec!["storagectl", id, "--name", "SATA", "--add", "sata", "--portcount", "1"],
        vec![
            "storageattach",
            id,
            "--storagectl",
            "SATA",
            "--port",
            "0",
            "--device",
            "0",
            "--type",
            "hdd",
            "--medium",
            model,
            "--mtype",
            "multiattach",
        ],
        vec!["showvminfo", id, "--machinereadable"],
        vec!["startvm", id, "--type=headless"],
        vec!["showvminfo", id, "--machinereadable"],
    ]
    .into_iter()
    .map(|call| call.into_iter().map(str::to_owned).collect())
    .collect()
}
