//! Ports of the host that lead to SSH servers behind NAT: found without races between processes.
//!
//! A port is claimed in the registry itself, under a key that holds the port and the machine, and the claims are read
//! *after* the own claim is written. Of two processes that claim the same port at once at least one sees the other's
//! claim and takes another port, without a lock, also when they run on different controllers. Machines that are
//! switched off keep their claims: their ports are free to the eye and yet taken.

use crate::command::extradata::{self, Place};
use crate::machine::MachineId;
use crate::vboxmanage::{CallError, VBoxManage};
use pallet::compute::ComputeError;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

/// Below the range that systems give to outgoing connections, so that none of those is in the way later.
const RANGE: std::ops::Range<u16> = 22_000..30_000;
/// How many ports are tried. That many in a row are taken only where something else is wrong.
const TRIES: usize = 50;
const CLAIM: &str = "pallet/nat-port/";

/// Finds a port for a machine and claims it.
pub(crate) async fn claim(vbox: &VBoxManage, id: &MachineId) -> Result<u16, ComputeError> {
    for _ in 0..TRIES {
        let port = random_port();
        if !is_free(port) {
            continue;
        }
        extradata::set(vbox, Place::Global, &key(port, id), Some("1")).await?;
        let claims = extradata::get(vbox, Place::Global).await?;
        if !has_rival(&claims, port, id) {
            return Ok(port);
        }
        extradata::set(vbox, Place::Global, &key(port, id), None).await?;
    }
    Err(ComputeError::failed(format!("no free port between {} and {}", RANGE.start, RANGE.end))
        .hint("see what listens on the host (`ss -ltn`), or use another network"))
}

/// Gives back all ports of a machine that is gone.
pub(crate) async fn release(vbox: &VBoxManage, id: &MachineId) -> Result<(), CallError> {
    for port in ports_of(&extradata::get(vbox, Place::Global).await?, id) {
        extradata::set(vbox, Place::Global, &key(port, id), None).await?;
    }
    Ok(())
}

/// Tells whether nothing listens on a port. Asked on the controller, which is the host unless the service is on
/// another one; there the answer is only a guess, and the claims decide.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn random_port() -> u16 {
    let random = RandomState::new().build_hasher().finish();
    let size = u64::try_from(RANGE.len()).unwrap_or(1);
    RANGE.start + u16::try_from(random % size).unwrap_or(0)
}

fn key(port: u16, id: &MachineId) -> String {
    format!("{CLAIM}{port}/{id}")
}

fn claims(extra: &BTreeMap<String, String>) -> impl Iterator<Item = (u16, &str)> {
    extra.keys().filter_map(|key| {
        let (port, id) = key.strip_prefix(CLAIM)?.split_once('/')?;
        Some((port.parse().ok()?, id))
    })
}

fn has_rival(extra: &BTreeMap<String, String>, port: u16, id: &MachineId) -> bool {
    claims(extra).any(|(claimed, by)| claimed == port && by != id.as_str())
}

fn ports_of(extra: &BTreeMap<String, String>, id: &MachineId) -> Vec<u16> {
    claims(extra).filter(|(_, by)| *by == id.as_str()).map(|(port, _)| port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_has_a_rival_only_on_its_own_port() {
        let (a, b) = (MachineId::random(), MachineId::random());
        let extra: BTreeMap<String, String> =
            [key(22_001, &a), key(22_002, &a), key(22_002, &b), "GUI/x".to_owned()]
                .map(|key| (key, "1".to_owned()))
                .into();
        assert!(!has_rival(&extra, 22_001, &a));
        assert!(has_rival(&extra, 22_001, &b));
        assert!(has_rival(&extra, 22_002, &a));
        assert_eq!(ports_of(&extra, &a), [22_001, 22_002]);
        assert_eq!(ports_of(&extra, &b), [22_002]);
    }

    #[test]
    fn ports_are_random_and_in_range() {
        let ports: std::collections::BTreeSet<u16> = (0..100).map(|_| random_port()).collect();
        assert!(ports.iter().all(|port| RANGE.contains(port)));
        assert!(ports.len() > 80, "{}", ports.len());
    }

    #[test]
    fn a_port_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        assert!(!is_free(listener.local_addr().expect("an address").port()));
    }
}
