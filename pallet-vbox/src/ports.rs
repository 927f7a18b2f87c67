//! Ports of the host that lead to SSH servers behind NAT: found without races between processes.
//!
//! A port is claimed in the registry itself, as a part of what is [written down](crate::tags) about a machine, and all
//! claims are read *after* the own one is written. Of two processes that claim the same port at once at least one sees the other's
//! claim and takes another port, without a lock, also when they run on different controllers. Machines that are
//! switched off keep their claims: their ports are free to the eye and yet taken.

use crate::machine::MachineId;
use crate::tags::{self, Member, Members};
use crate::vboxmanage::VBoxManage;
use pallet::compute::{CommandRunner, ComputeError, HostCommand};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

/// Below the range that systems give to outgoing connections, so that none of those is in the way later.
const RANGE: std::ops::Range<u16> = 22_000..30_000;
/// How many ports are tried. That many in a row are taken only where something else is wrong.
const TRIES: usize = 50;

/// Finds a port for a machine and writes down, with what else the machine is, that it has it. Returns all that is written
/// down.
pub(crate) async fn claim(
    vbox: &VBoxManage,
    id: &MachineId,
    member: &mut Member,
) -> Result<Members, ComputeError> {
    for _ in 0..TRIES {
        let port = random_port();
        if !is_free(vbox.runner(), port).await {
            continue;
        }
        member.port = Some(port);
        tags::write(vbox, id, member).await?;
        let members = Members::read(vbox).await?;
        if !members.has_rival(port, id) {
            return Ok(members);
        }
    }
    Err(ComputeError::failed(format!("no free port between {} and {}", RANGE.start, RANGE.end))
        .hint("see what listens on the host (`ss -ltn`), or use another network"))
}

/// Tells whether nothing listens on a port of the host. Where a host on another machine cannot tell, the claims decide.
pub(crate) async fn is_free(runner: &dyn CommandRunner, port: u16) -> bool {
    if runner.host().is_none() {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    }
    let ask = HostCommand::new("sh").args(["-c", "ss -Hltn 2>/dev/null || netstat -anl"]);
    let answer = runner.run(&ask).await.map(|output| output.stdout).unwrap_or_default();
    !listens(&String::from_utf8_lossy(&answer), port)
}

/// `ss` and `netstat` write the local address before that of the other side; macOS has a dot before the port.
fn listens(sockets: &str, port: u16) -> bool {
    let ends = [format!(":{port}"), format!(".{port}")];
    let is_it = |line: &str| {
        let local = line.split_whitespace().find(|word| word.contains([':', '.']));
        line.contains("LISTEN") && local.is_some_and(|local| ends.iter().any(|end| local.ends_with(end)))
    };
    sockets.lines().any(is_it)
}

fn random_port() -> u16 {
    let random = RandomState::new().build_hasher().finish();
    let size = u64::try_from(RANGE.len()).unwrap_or(1);
    RANGE.start + u16::try_from(random % size).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_random_and_in_range() {
        let ports: std::collections::BTreeSet<u16> = (0..100).map(|_| random_port()).collect();
        assert!(ports.iter().all(|port| RANGE.contains(port)));
        assert!(ports.len() > 80, "{}", ports.len());
    }

    #[test]
    fn a_listener_is_found_in_what_the_host_tells() {
        let ss = "LISTEN 0      128       127.0.0.1:22001       0.0.0.0:*   \nLISTEN 0 128 [::]:22 [::]:*\n";
        assert!(listens(ss, 22_001) && listens(ss, 22));
        assert!(!listens(ss, 2_001) && !listens(ss, 128));
        let netstat = "tcp4       0      0  127.0.0.1.22001        *.*                    LISTEN\n\
                       tcp4       0      0  10.0.0.2.22002     10.0.0.9.443     ESTABLISHED\n";
        assert!(listens(netstat, 22_001) && !listens(netstat, 22_002));
    }
}
