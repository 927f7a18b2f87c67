//! What the tests converge with: machines that make an account for their admin user, and a service in a package of its
//! own. Beside that they have what a container cannot: settings of a kernel of their own, swap space, a host name.
//!
//! The test hands over the admin user's key in `VM_ADMIN_KEY` and the path of the package in `VM_PACKAGE`.

use pallet::actions::SudoRule;
use pallet::prelude::*;
use std::process::ExitCode;

/// Says that it is there and waits until it is let go, two minutes at most.
const WAIT: &str = "touch /run/vm-waits
n=0
while [ -e /run/vm-wait ] && [ $n -lt 600 ]; do sleep 0.2; n=$((n + 1)); done
rm -f /run/vm-waits";

const UNIT: &str = "[Service]\nExecStart=/usr/bin/greeter\n\n[Install]\nWantedBy=multi-user.target\n";

/// The image's own account makes the one that everything else is done with.
#[phase]
fn first_steps() -> Result {
    let key = std::env::var("VM_ADMIN_KEY")?;
    let ops = user("ops").shell("/bin/bash");
    authorized_key("ops", key).after(ops);
    sudoers("ops").rule(SudoRule::user("ops").nopasswd());
    exec("echo bootstrapped by $SUDO_USER >>/srv/by");
    Ok(())
}

#[phase]
fn greeter(node: &Node) -> Result {
    hostname(node.name().as_str());
    let package = std::env::var("VM_PACKAGE")?;
    remote_file("/var/cache/greeter.deb").local_file(package);
    package_file("/var/cache/greeter.deb");
    let config = remote_file("/etc/greeter.conf").content(format!("greeting of {}\n", node.name()));
    let unit = unit_file("greeter", UNIT);
    exec(WAIT).only_if("test -e /run/vm-wait");
    service("greeter").enabled().running().restart_when_changed(config).restart_when_changed(unit);
    exec("echo configured by $SUDO_USER >>/srv/by").unless("grep -q configured /srv/by");
    Ok(())
}

/// Only a kernel of one's own can be told so.
#[phase]
fn kernel() {
    sysctl("vm.swappiness", 17);
    kernel_module("dummy");
    swap_file("/swapfile", 16 << 20);
}

#[phase]
fn restart() {
    reboot();
}

server_spec! { Tuned { configure: kernel } }
server_spec! {
    Greeter { extends: [Tuned], bootstrap: first_steps, configure: greeter, phases: { restart: restart } }
}

group! {
    Machines { name: "vm", count: 1, image: "debian-12", hardware: micro, network: nat, extends: [Greeter] }
}

fn main() -> ExitCode {
    pallet_runtime::main().provider(pallet_vbox::provider()).run()
}
