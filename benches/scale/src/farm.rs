//! Many nodes that are one: an sshd that answers at many addresses, and shows at each of them files of its own.
//!
//! It runs in a test node. A range of addresses is local there, and routed to it from here. The script that sshd runs
//! in the place of every command mounts the folders of the address that was connected to over those that are shared,
//! in a mount namespace of its own. Handshakes, logins and processes are real; only the kernel, the index of packages
//! and the processors are shared.

use pallet_peers::floor::Target;
use pallet_test::nodes::Bench;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

/// The folder that each address has for itself, beside `/var/lib/pallet`.
pub(crate) const FOLDER: &str = "/srv";

const PORT: u16 = 22;

/// What sshd runs in the place of every command.
const ENTER: &str = r#"#!/bin/sh
set -- $SSH_CONNECTION
node=/nodes/$3
[ -d "$node" ] || mkdir -p "$node/srv" "$node/lib"
exec unshare --mount sh -c '
mount --bind "$0/srv" /srv && mount --bind "$0/lib" /var/lib/pallet && exec sh -c "$SSH_ORIGINAL_COMMAND"' "$node"
"#;

/// An sshd with many addresses.
pub(crate) struct Farm {
    bench: Bench,
}

impl Farm {
    /// Starts it.
    pub(crate) fn start() -> Result<Farm, String> {
        let bench = Bench::options().name("farm").start(1).map_err(|error| error.to_string())?;
        let node = &bench.nodes()[0];
        let install = format!(
            "cat >/usr/local/bin/enter-node <<'END'\n{ENTER}END\nchmod 755 /usr/local/bin/enter-node\n\
             mkdir -p /nodes /var/lib/pallet\n\
             echo 'ForceCommand /usr/local/bin/enter-node' >>/etc/ssh/sshd_config.d/bench.conf\n\
             systemctl reload ssh\nip route add local 198.19.0.0/16 dev lo"
        );
        node.check(&install);
        let via = node.address().to_string();
        let routed = Command::new("ip").args(["route", "replace", "198.19.0.0/16", "via", &via]).output();
        match routed {
            Ok(output) if output.status.success() => Ok(Farm { bench }),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Err(format!("ip: {error}")),
        }
    }

    /// Returns the key that all nodes accept, for root.
    pub(crate) fn key(&self) -> &Path {
        self.bench.nodes()[0].key_path()
    }
}

/// Returns the address of a node, by its number.
pub(crate) fn address(number: usize) -> IpAddr {
    let [_, _, high, low] = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(198, 19, high, low))
}

/// Returns a node as the floor wants it.
pub(crate) fn target(number: usize) -> Target {
    Target { name: format!("farm-{number}"), address: SocketAddr::new(address(number), PORT) }
}
