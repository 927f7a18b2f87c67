//! A service on another host: VBoxManage runs there over SSH, nodes are reached through it, and a connection that is cut
//! costs a run and no more. And a hybrid service that has such a host among its parts.

mod host;
mod lab;
mod program;

use host::Host;
use libtest_mimic::{Arguments, Trial};
use pallet::compute::{CommandRunner, Endpoint, Finding, HostCommand, NodeRecord, Provider, RunError};
use pallet::name::ServiceName;
use pallet_runtime::Reach;
use pallet_runtime::engine::{Connector, LoginAs};
use pallet_runtime::hosts::{HostLock, NotLocked};
use pallet_runtime::transport::{Output, Transport};
use pallet_tests_vbox::real::Real;
use pallet_tests_vbox::world::{World, quietly, request};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const STAND_IN: &str = env!("CARGO_BIN_EXE_vboxmanage-without-hypervisor");

/// The calls of a creation at which the connection is cut.
const CUTS: &[&str] = &["setextradata", "createvm", "storageattach", "startvm"];

type Test = fn(&World, &Host);

/// Few tests: a host and a registry take longer to make than all that is done with them.
const TESTS: &[(&str, Test)] = &[
    ("a_service_on_another_host_is_like_one_here", a_service_elsewhere),
    ("a_hybrid_service_is_one_inventory_of_all_its_hosts", lab::is_one_inventory),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let real =
        if arguments.list { Err("only listed".to_owned()) } else { needed().and_then(|()| Real::find()) };
    let required = std::env::var_os("PALLET_TEST_REQUIRE").is_some_and(|value| value == "1");
    let trials = TESTS.iter().map(|&(name, test)| trial(name, test, real.clone(), required)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: &str, test: Test, real: Result<Real, String>, required: bool) -> Trial {
    match real {
        Ok(real) => Trial::test(name, move || {
            let world = World::new(&real, STAND_IN);
            let host = Host::start(&world);
            test(&world, &host);
            drop(host);
            Ok(())
        })
        .with_kind("slow")
        .with_ignored_flag(true),
        Err(reason) if required => Trial::test(name, move || Err(reason.into())),
        Err(reason) => Trial::test(name, || Ok(())).with_kind(reason).with_ignored_flag(true),
    }
}

fn needed() -> Result<(), String> {
    let lacking =
        ["/usr/sbin/sshd", "/usr/bin/ssh-keygen"].into_iter().find(|file| !Path::new(file).exists());
    lacking.map_or(Ok(()), |file| Err(format!("needs {file}: apt-get install openssh-server openssh-client")))
}

fn a_service_elsewhere(world: &World, host: &Host) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(all_of_it(world, host));
}

async fn all_of_it(world: &World, host: &Host) {
    programs_run_there(host).await;
    the_doctor_looks_there(world, host).await;
    let node = a_node_lives_there(world, host).await;
    it_is_reached_through_the_host(host, &node).await;
    connections_are_cut(world, host).await;
    one_controller_at_a_time(host).await;
}

async fn programs_run_there(host: &Host) {
    let runner = host.hosts().runner(&host.name());
    let output = runner.run(&HostCommand::new("sh").args(["-c", "cat; ip -o addr; exit 3"])).await;
    let output = output.expect("it runs");
    assert_eq!(output.code, Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("10.213."), "it has the host's network");
    let missing = runner.run(&HostCommand::new("/none/VBoxManage")).await;
    assert!(matches!(missing, Err(RunError::NotFound(_))), "{missing:?}");
    let slow = HostCommand { timeout: Duration::from_secs(1), ..HostCommand::new("sleep").arg("77") };
    assert!(matches!(runner.run(&slow).await, Err(RunError::TimedOut(_))));
    let left = runner.run(&HostCommand::new("pgrep").args(["-x", "-f", "sleep 77"])).await.expect("it runs");
    assert_eq!(left.code, Some(1), "it was killed there");
    let nobody = host.hosts().runner("root@127.0.0.1:1");
    assert!(matches!(nobody.run(&slow).await, Err(RunError::Io(_))), "it certainly did not run");
}

async fn the_doctor_looks_there(world: &World, host: &Host) {
    let program = host.program().display().to_string();
    let mut config = world.config("lab", &[("vboxmanage-path", program.as_str().into())]);
    config.runner = std::sync::Arc::new(host.hosts().runner(&host.name()));
    let checks = pallet_vbox::provider().doctor(config).await;
    let of = |name: &str| &checks.iter().find(|check| check.name == name).expect(name).finding;
    assert!(matches!(of("VBoxManage"), Finding::Fine(found) if found.starts_with("7.")), "{checks:?}");
    let Finding::Broken { message, hint } = of("kernel driver") else { panic!("no driver here: {checks:?}") };
    assert!(message.contains("/dev/vboxdrv") && hint.contains("modprobe vboxdrv"));
    assert!(matches!(of("VirtualBox's server"), Finding::Fine(_)), "{checks:?}");
    assert!(matches!(of("image models"), Finding::Fine(_)), "{checks:?}");
}

async fn a_node_lives_there(world: &World, host: &Host) -> NodeRecord {
    let service = host.open(world, &host.hosts(), "first").await;
    let wanted = request("web", 1);
    service.check(std::slice::from_ref(&wanted)).await.expect("possible");
    let node = service.create(&wanted, &quietly).await.expect("a node");
    assert!(
        matches!(&node.endpoint, Some(Endpoint::Through { via, host: at, .. }) if *via == host.name() && at == "127.0.0.1")
    );
    // Another controller sees the same.
    let other = host.open(world, &host.hosts(), "second").await;
    assert_eq!(other.list().await.expect("a list"), std::slice::from_ref(&node));
    other.tag(&node.id, "bootstrapped", Some("1")).await.expect("a tag");
    let listed = service.list().await.expect("a list");
    assert_eq!(listed[0].tags.get("bootstrapped").map(String::as_str), Some("1"));
    node
}

/// What listens on that port listens on the host's own loopback: there is no other way to it.
async fn it_is_reached_through_the_host(host: &Host, node: &NodeRecord) {
    let Some(Endpoint::Through { port, .. }) = &node.endpoint else { panic!("{node:?}") };
    let mut sshd = host.listen(*port);
    let known = std::env::temp_dir().join(format!("pallet-remote-{}", std::process::id()));
    let reach = Reach::new(host.login(), None, known.clone()).through(host.hosts());
    let connection = reach.connect(node, LoginAs::Admin, true).await.expect("a root shell");
    let mut channel = connection.channel;
    channel.input.send(b"ip -o addr; exit\n".to_vec()).await.expect("a shell reads");
    let mut said = Vec::new();
    while let Some(part) = channel.output.recv().await {
        if let Output::Stdout(bytes) = part {
            said.extend(bytes);
        }
    }
    assert!(String::from_utf8_lossy(&said).contains("10.213."), "{}", String::from_utf8_lossy(&said));
    let keys = std::fs::read_to_string(&known).expect("host keys");
    assert!(keys.contains(&format!("/127.0.0.1]:{port} ")), "filed under the host it is on: {keys}");
    reach.forget(node);
    assert!(!std::fs::read_to_string(&known).expect("host keys").contains("/127.0.0.1]"));
    std::fs::remove_file(known).expect("our own file");
    sshd.kill().expect("our own sshd");
    sshd.wait().expect("our own sshd");
}

/// Whether a call ran whose connection was cut is not known. The creation fails, and the next one finishes the job.
async fn connections_are_cut(world: &World, host: &Host) {
    for subcommand in CUTS {
        for when in ["before", "after"] {
            let what = format!("{when} {subcommand}");
            let begun = Instant::now();
            let service = host.open(world, &host.hosts(), "first").await;
            host.cut(subcommand, when);
            let wanted = request("db", 1);
            let error = service.create(&wanted, &quietly).await.expect_err(&what);
            assert!(!host.is_uncut(), "{what}: {error}");
            drop(service);
            let again = host.open(world, &host.hosts(), "first").await;
            let node = match again
                .list()
                .await
                .expect("a list")
                .into_iter()
                .find(|node| node.group.as_str() == "db")
            {
                Some(node) => node,
                None => {
                    again.create(&wanted, &quietly).await.unwrap_or_else(|error| panic!("{what}: {error}"))
                }
            };
            again.destroy(&node.id).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            let left: Vec<String> =
                world.machines().into_iter().filter(|name| !name.starts_with("pallet-model-")).collect();
            assert_eq!(left, ["web-1"], "{what}");
            eprintln!(
                "remote: cut {what}: finished by the next run after {:.1} s",
                begun.elapsed().as_secs_f64()
            );
        }
    }
}

async fn one_controller_at_a_time(host: &Host) {
    let (first, second) = (host.hosts(), host.hosts());
    let service = ServiceName::new("lab").expect("a name");
    let held =
        HostLock::take(&first, &host.name(), &service, "the first one").await.expect("nobody holds it");
    let busy = HostLock::take(&second, &host.name(), &service, "the second one").await;
    assert!(matches!(busy, Err(NotLocked::Busy(who)) if who == "the first one"));
    let other = ServiceName::new("prod").expect("a name");
    drop(HostLock::take(&second, &host.name(), &other, "x").await.expect("another service"));
    drop(held);
    let held = patiently(&second, host, &service).await;
    // A controller that is killed says nothing any more: its connection ends.
    second.connection(&host.name()).await.expect("it is open").close().await;
    drop(patiently(&first, host, &service).await);
    drop(held);
}

/// The host sees a little later than this side that a lock was given back.
async fn patiently(hosts: &pallet_runtime::hosts::Hosts, host: &Host, service: &ServiceName) -> HostLock {
    for _ in 0..600 {
        match HostLock::take(hosts, &host.name(), service, "the next one").await {
            Ok(lock) => return lock,
            Err(NotLocked::Busy(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(NotLocked::Failed(error)) => panic!("{error}"),
        }
    }
    panic!("the lock is never given back");
}
