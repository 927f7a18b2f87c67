//! Step 5 of the walk-through: a web server and a database. New here, after `config1`, are server specs, which bundle
//! phases and are composed by `extends`, phases of other crates, and nodes that know each other.
//!
//! ```text
//! export SHOP_PASSWORD=…                      of the web server's account in the database
//! cargo run -- --service sandbox plan         on Linux namespaces, anywhere; without --service as the configuration says
//! cargo run -- --service sandbox converge     both groups at once
//! curl http://ADDRESS/database                what the database answered to the web server
//! cargo run -- --service sandbox destroy
//! ```

use pallet::Text;
use pallet::prelude::*;
use pallet_mysql::{self as mysql, Database, Flavour, Grant, User};
use pallet_nginx::{self as nginx, Site};
use std::process::ExitCode;
use std::time::Duration;

/// Where the web server keeps the account that it has in the database.
const ACCOUNT: &str = "/etc/shop.cnf";

/// Lets apt fetch through the cache that `APT_PROXY` names, such as `http://192.168.56.1:3142`, if there is one.
#[phase]
fn apt_cache() {
    if let Ok(cache) = std::env::var("APT_PROXY") {
        package_manager().proxy(cache);
    }
}

/// What every machine has.
#[phase]
fn base_node() {
    package_manager().update().max_age(Duration::from_secs(3600));
    packages(["ca-certificates", "curl"]);
}

/// A database `shop`, for the web servers alone.
#[phase]
fn database(node: &Node, web: NodesIn<WebServers>) -> Result {
    let account = User::new("shop", shop_password()?).grant(Grant::all_on("shop"));
    let account = web.iter().fold(account, |account, node| account.host(node.private_ip().to_string()));
    let settings = mysql::Settings::new().bind(node.private_ip()).database(Database::new("shop"));
    mysql::server(&settings.user(account))
}

/// nginx, with a page of its own and what the database said.
#[phase]
fn web(node: &Node) -> Result {
    directory("/srv/shop");
    remote_file("/srv/shop/index.html").content(format!("I am {}.\n", node.hostname()));
    let site = Site::new("shop").default_server().static_files("/", "/srv/shop");
    nginx::server(&nginx::Settings::new().site(site))
}

/// Asks the database over the network, and puts the answer on the web. As `post-configure` it runs when `configure` is
/// done on *all* nodes, so the database is up.
#[phase]
fn ask_database(databases: NodesIn<Databases>) -> Result {
    mysql::client(Flavour::MariaDb)?;
    let host = databases.first()?.private_ip();
    remote_file(ACCOUNT)
        .content(Text::concat([
            Text::from(format!("[client]\nhost = {host}\nuser = shop\npassword = \"")),
            shop_password()?.into(),
            "\"\n".into(),
        ]))
        .mode(0o600);
    let query = "SELECT CONCAT(DATABASE(), ' at ', @@bind_address)";
    let answer = output_of(format!("mariadb --defaults-file={ACCOUNT} -BN shop -e \"{query}\""));
    remote_file("/srv/shop/database").content(answer);
    Ok(())
}

/// Returns the password of the web servers' account. It is in no source, and in no output of pallet.
fn shop_password() -> Result<Secret> {
    match std::env::var("SHOP_PASSWORD") {
        Ok(password) => Ok(Secret::from(password)),
        Err(_) => {
            Err(std::io::Error::other("set SHOP_PASSWORD, the password of the database's users").into())
        }
    }
}

server_spec! {
    /// Packages come through a cache.
    pub AptCached { configure: apt_cache }
}

server_spec! {
    /// What all servers share: that of `AptCached` first, then its own.
    pub BaseNode { extends: [AptCached], configure: base_node }
}

server_spec! {
    /// A web server, with git to bring sites to it.
    pub Web {
        extends: [BaseNode, pallet_git::Git],
        roles: [web],
        configure: web,
        phases: { "post-configure": ask_database },
    }
}

server_spec! {
    /// A database server.
    pub DatabaseServer { extends: [BaseNode], roles: [database], configure: database }
}

group! {
    /// The web server.
    pub WebServers { name: "web", count: 1, image: "debian-12", hardware: small, extends: [Web] }
}

group! {
    /// The database.
    pub Databases { name: "db", count: 1, image: "debian-12", hardware: medium, extends: [DatabaseServer] }
}

fn main() -> ExitCode {
    pallet_runtime::main().provider(pallet_sandbox::provider()).provider(pallet_vbox::provider()).run()
}
