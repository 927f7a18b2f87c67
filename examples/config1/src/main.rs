//! Step 4 of the walk-through: the first configuration. New here, after `config0`, is the phase: what is done *to* the
//! nodes. It lets apt fetch through a cache, refreshes the package index, installs packages and git, and leaves a flag.
//!
//! ```text
//! cargo run -- --service sandbox plan         on Linux namespaces, anywhere; without --service as the configuration says
//! cargo run -- --service sandbox converge     the flag is there: /var/lib/config1
//! cargo run -- --service sandbox converge     nothing changes any more
//! cargo run -- --service sandbox destroy
//! ```
//!
//! The admin user, under whom VirtualBox's nodes are configured, comes from the user's `config.toml`: nothing here names it.

use pallet::prelude::*;
use std::process::ExitCode;
use std::time::Duration;

/// Lets apt fetch through the cache that `APT_PROXY` names, such as `http://192.168.56.1:3142`, if there is one.
#[phase]
fn apt_cache() {
    if let Ok(cache) = std::env::var("APT_PROXY") {
        package_manager().proxy(cache);
    }
}

/// What a machine to work on has.
#[phase]
fn base_node() {
    package_manager().update().max_age(Duration::from_secs(3600));
    packages(["build-essential", "ca-certificates", "curl"]);
    pallet_git::install();
}

/// Shows that everything before it went well: the first failure ends the phase.
#[phase]
fn flag(node: &Node) {
    remote_file("/var/lib/config1").content(format!("{} is configured\n", node.name()));
}

group! {
    /// One machine: the functions run in this order.
    pub Basic {
        name: "config1",
        count: 1,
        image: "debian-12",
        hardware: small,
        configure: || {
            apt_cache();
            base_node();
            flag();
        },
    }
}

fn main() -> ExitCode {
    pallet_runtime::main().provider(pallet_sandbox::provider()).provider(pallet_vbox::provider()).run()
}
