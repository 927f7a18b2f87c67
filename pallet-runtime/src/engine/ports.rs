//! Ports of the host that two nodes would claim: found where groups are selected, before any node is made. Pure.

use super::select::Selection;
use crate::event::Failure;
use pallet::name::NodeName;
use pallet::spec::{Attachment, Group, Network, Protocol};
use std::collections::BTreeMap;

/// Checks that each port of the host leads to one node.
///
/// Nodes that run already have their ports, whatever the source says by now, so among themselves they are not compared.
///
/// # Errors
///
/// Each port that a node which is to be made or started would have to share.
pub(super) fn check(selection: &Selection) -> Result<(), Vec<Failure>> {
    let mut claims: BTreeMap<(Protocol, u16), Vec<Claim<'_>>> = BTreeMap::new();
    let mut add = |node, group, is_new| {
        for port in forwarded_ports(group) {
            claims.entry(port).or_default().push(Claim { node, group, is_new });
        }
    };
    for chosen in &selection.groups {
        let group = &*chosen.group;
        chosen.keep.iter().for_each(|record| add(&record.name, group, false));
        chosen.start.iter().for_each(|record| add(&record.name, group, true));
        chosen.create.iter().for_each(|request| add(&request.name, group, true));
    }
    for (group, record) in &selection.others {
        add(&record.name, group, false);
    }
    let failures: Vec<Failure> =
        claims.iter().filter_map(|((_, port), claims)| contradiction(*port, claims)).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// That a port leads to a node.
struct Claim<'a> {
    node: &'a NodeName,
    group: &'a Group,
    is_new: bool,
}

fn contradiction(port: u16, claims: &[Claim<'_>]) -> Option<Failure> {
    let newcomer = claims.iter().rev().find(|claim| claim.is_new)?;
    let other = claims.iter().find(|claim| claim.node != newcomer.node)?;
    let message = format!(
        "port {port} of the host is forwarded to {} ({}) and to {}",
        other.node, other.group.location, newcomer.node
    );
    let hint = "a port of the host leads to one node: give each group its own, and such a group one node";
    Some(Failure::new(message).at(newcomer.group.location).hint(hint))
}

fn forwarded_ports(group: &Group) -> Vec<(Protocol, u16)> {
    let Some(Network::Adapters(adapters)) = group.node_spec.get_network() else { return Vec::new() };
    let forwards = adapters.iter().filter_map(|adapter| match &adapter.attachment {
        Attachment::Nat { forwards } => Some(forwards),
        _ => None,
    });
    forwards.flatten().map(|forward| (forward.protocol, forward.host)).collect()
}
