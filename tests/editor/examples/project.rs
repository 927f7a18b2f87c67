//! A project as users have it, which `tests/editor` opens. It is an example of this package so that it is known
//! to compile.

use pallet::prelude::*;

/// What all servers get.
#[phase]
fn base() {
    packages(["curl", "ca-certificates"]);
}

/// Serves one page, with the name of the node.
#[phase]
fn web(node: &Node) -> Result {
    let nginx = package("nginx");
    let page = remote_file("/var/www/html/index.html").content(node.hostname()).after(nginx);
    service("nginx").enabled().running().reload_when_changed(page);
    Ok(())
}

/// Prepares the kernel for many clients.
#[phase]
fn tune(#[arg] clients: u32) {
    let most = clients.saturating_mul(2);
    remote_file("/etc/sysctl.d/90-clients.conf").content(format!("net.core.somaxconn = {most}\n"));
}

node_spec! {
    /// A machine that costs little.
    pub Small { image: "debian-12", hardware: { memory: 1024 MiB, cpus: 1 } }
}

server_spec! {
    /// What all servers share.
    pub Base { bootstrap: base }
}

server_spec! {
    /// A server with one page.
    pub Web { extends: [Base], roles: [web], configure: web, phases: { tune: tune(1024) } }
}

group! {
    /// The web servers, all alike.
    pub WebServers { count: 2, node_spec: Small, extends: [Web] }
}

cluster! {
    /// Everything that one site needs.
    pub Site { groups: [WebServers] }
}

fn main() {}
