//! Where a node is found whose guest tells nothing: by a lease, by an address that is kept for it, by what the host heard of
//! its network card. The registry, the DHCP servers and the table of neighbours are real; the leases are written where
//! VirtualBox's DHCP server would write them, which runs with machines only.

use crate::Test;
use pallet::compute::{Compute, Endpoint, NodeRecord};
use pallet_tests_vbox::world::{World, quietly, request};
use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("addresses::a_lease_counts_until_it_expires_and_before_what_is_kept", lease_and_fixed),
    ("addresses::a_bridged_node_is_found_among_the_hosts_neighbours", neighbour),
];

const NETWORK: &str = "HostInterfaceNetworking-vboxnet0";

/// A node that runs, whose only adapter somebody put elsewhere. Making one on a host-only interface needs the kernel module.
async fn moved(world: &World, service: &dyn Compute, attachment: &[&str]) -> (NodeRecord, String) {
    let node = service.create(&request("web", 1), &quietly).await.expect("a node");
    service.stop(&node.id).await.expect("it stops");
    let arguments = [&["modifyvm", &node.id.0, "--nat-pf1=delete", "pallet-ssh"], attachment].concat();
    world.vbox(&arguments);
    let said = world.vbox(&["showvminfo", &node.id.0, "--machinereadable"]);
    let mac = said.lines().find_map(|line| line.strip_prefix("macaddress1=")).expect("a MAC address");
    let digits: Vec<char> = mac.trim_matches('"').to_ascii_lowercase().chars().collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    (node, pairs.join(":"))
}

/// Writes the leases of a host-only network as its DHCP server does, with one for this network card.
fn lease(world: &World, mac: &str, issued: u64) {
    let text = format!(
        "<?xml version=\"1.0\"?>\n<Leases version=\"1.0\">\n  <Lease mac=\"{mac}\" network=\"0.0.0.0\" state=\"acked\">\n    \
         <Address value=\"192.168.56.101\"/>\n    <Time issued=\"{issued}\" expiration=\"600\"/>\n  </Lease>\n</Leases>\n"
    );
    let file = world.folder().join(format!("home/vbox/{NETWORK}-Dhcpd.leases"));
    fs::write(file, text).expect("the folder of the registry");
}

fn at(address: &str) -> Option<Endpoint> {
    Some(Endpoint::Ssh { host: address.to_owned(), port: 22 })
}

async fn found(service: &dyn Compute) -> Option<Endpoint> {
    service.list().await.expect("a list").remove(0).endpoint
}

fn lease_and_fixed(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[("ip-timeout", 1.into())]).await.expect("a service");
        let host_only = ["--nic1=hostonly", "--host-only-adapter1=vboxnet0"];
        let (node, mac) = moved(&world, &*service, &host_only).await;
        let id = node.id.0.as_str();
        let error = service.start(&node.id, &quietly).await.expect_err("nobody knows it");
        assert!(error.message.contains("no address of web-1 on adapter 1 (hostonly"), "{error}");

        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        lease(&world, &mac, now);
        let started = service.start(&node.id, &quietly).await.expect("a start");
        assert_eq!((&started.endpoint, started.private_ip), (&at("192.168.56.101"), started.primary_ip));
        lease(&world, &mac, now - 5000);
        assert_eq!(found(&*service).await, None);

        let network = format!("--network={NETWORK}");
        let keep = ["dhcpserver", "modify", &network, "--vm", id, "--nic=1", "--fixed-address=192.168.56.77"];
        world.vbox(&keep);
        assert_eq!(found(&*service).await, at("192.168.56.77"));
        lease(&world, &mac, now);
        assert_eq!(found(&*service).await, at("192.168.56.101"));
        service.destroy(&node.id).await.expect("a removal");
    });
}

/// An interface of this host behind which a network card was heard. It goes when this is dropped.
struct Heard(String);

impl Heard {
    fn at(address: &str, mac: &str) -> Heard {
        let name = format!("pltn{}", std::process::id());
        let heard = Heard(name.clone());
        ip(&["link", "add", &name, "type", "veth", "peer", "name", &format!("{name}p")]);
        ip(&["link", "set", &name, "up"]);
        ip(&["neigh", "add", address, "lladdr", mac, "dev", &name, "nud", "stale"]);
        heard
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "del", &self.0]).status();
    }
}

fn ip(args: &[&str]) {
    assert!(Command::new("ip").args(args).status().expect("iproute2").success(), "ip {}", args.join(" "));
}

fn neighbour(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[("ip-timeout", 1.into())]).await.expect("a service");
        let (node, mac) = moved(&world, &*service, &["--nic1=bridged", "--bridge-adapter1=eth0"]).await;
        let error = service.start(&node.id, &quietly).await.expect_err("nobody knows it");
        assert!(error.hint.is_some_and(|hint| hint.contains("or talk to the host")));
        let heard = Heard::at("198.51.100.7", &mac);
        let started = service.start(&node.id, &quietly).await.expect("a start");
        assert_eq!(started.endpoint, at("198.51.100.7"));
        drop(heard);
        assert_eq!(found(&*service).await, None);
    });
}
