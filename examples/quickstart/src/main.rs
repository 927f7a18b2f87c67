//! Two web servers and a database: a program to copy. In pallet's own folder, write `cargo run -p quickstart -- plan`.
//!
//! ```text
//! cargo run -- plan         what would happen
//! cargo run -- converge     make it so
//! cargo run -- destroy      remove everything again
//! ```

use pallet::prelude::*;
use std::process::ExitCode;

/// What every node has.
#[phase]
fn base() {
    package_manager().update().max_age(std::time::Duration::from_secs(3600));
    packages(["curl", "ca-certificates"]);
}

/// MariaDB, reachable from the other nodes.
#[phase]
fn database(node: &Node) {
    let server = package("mariadb-server");
    let listen = remote_file("/etc/mysql/mariadb.conf.d/60-listen.cnf")
        .content(format!("[mysqld]\nbind-address = {}\n", node.private_ip()))
        .after(server);
    service("mariadb").enabled().running().restart_when_changed(listen);
}

/// nginx, with a page that names the database.
#[phase]
fn web(node: &Node, databases: NodesIn<Databases>) -> Result {
    let nginx = package("nginx-light");
    remote_file("/var/www/html/index.html").template(
        include_str!("../templates/index.html.j2"),
        context! { name => node.hostname(), database => databases.first()?.private_ip() },
    );
    let site = remote_file("/etc/nginx/sites-available/default")
        .content(include_str!("../templates/site.conf"))
        .mode(0o644)
        .after(nginx);
    service("nginx").enabled().running().reload_when_changed(site);
    Ok(())
}

server_spec! {
    /// What all servers share.
    pub Base { configure: base }
}

group! {
    /// One database server.
    pub Databases { count: 1, extends: [Base], roles: [database], configure: database }
}

group! {
    /// Two web servers.
    pub WebServers { name: "web", count: 2, extends: [Base], roles: [web], configure: web }
}

fn main() -> ExitCode {
    pallet_runtime::main().provider(pallet_sandbox::provider()).provider(pallet_vbox::provider()).run()
}
