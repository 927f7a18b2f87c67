//! Where a running node is reached. Asked for in this order, until one knows: the rule that forwards a port, the guest,
//! the leases of VirtualBox's DHCP server, the addresses that it keeps for somebody, the host's table of neighbours.

use crate::command::{dhcpserver, guestproperty, showvminfo};
use crate::machine::{AdapterInfo, MachineId, MachineInfo, VmState};
use crate::neighbours;
use crate::network::SSH_RULE;
use crate::service::Service;
use crate::vboxmanage::{CallError, VBoxManage};
use pallet::compute::{ComputeError, Endpoint, Progress};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often a guest is looked at. It takes tens of seconds to boot, and a look costs the host a process.
const PAUSE: Duration = Duration::from_secs(1);

/// Where a node is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) endpoint: Endpoint,
    pub(crate) primary: IpAddr,
    /// The address for other nodes, which a node behind NAT has only through another adapter.
    pub(crate) private: Option<IpAddr>,
}

/// Looks once for the address of a running machine. Only the adapter through which it is managed counts: another one
/// without an address says nothing about the node.
pub(crate) async fn find(
    vbox: &VBoxManage,
    info: &MachineInfo,
    slot: u8,
) -> Result<Option<Address>, CallError> {
    let Some(adapter) = info.adapter(slot) else { return Ok(None) };
    if let Some(port) = ssh_port(adapter) {
        let private = match info.adapters.iter().find(|adapter| adapter.kind != "nat") {
            Some(other) => told(vbox, info, other).await?,
            None => None,
        };
        return Ok(Some(behind_nat(port, private)));
    }
    let address = match told(vbox, info, adapter).await? {
        None => known(vbox, adapter).await?,
        address => address,
    };
    Ok(address.map(direct))
}

/// Returns the port of the host that leads to the SSH server behind an adapter.
pub(crate) fn ssh_port(adapter: &AdapterInfo) -> Option<u16> {
    adapter.forwards.iter().find(|rule| rule.name == SSH_RULE).map(|rule| rule.host_port)
}

/// Waits until a machine runs and its address is known.
pub(crate) async fn wait(
    service: &Service,
    id: &MachineId,
    slot: u8,
    progress: Progress<'_>,
) -> Result<(MachineInfo, Address), ComputeError> {
    let limit = service.settings.ip_timeout;
    let deadline = Instant::now() + limit;
    loop {
        let info = showvminfo::run(&service.vbox, id).await?;
        match &info.state {
            VmState::Running => {
                if let Some(address) = find(&service.vbox, &info, slot).await? {
                    return Ok((info, address));
                }
                progress("waiting for its address");
            }
            VmState::Changing(_) => progress("waiting for it to run"),
            state => return Err(stopped(&info, state)),
        }
        if Instant::now() >= deadline {
            return Err(silent(&info, slot, limit));
        }
        sleep(PAUSE).await;
    }
}

/// Returns the address that the guest tells, or that it asked for.
async fn told(
    vbox: &VBoxManage,
    info: &MachineInfo,
    adapter: &AdapterInfo,
) -> Result<Option<IpAddr>, CallError> {
    let told = guestproperty::enumerate(vbox, &info.id).await?;
    if let Some(address) = guestproperty::address_of(&told, &adapter.mac, &info.changed) {
        return Ok(Some(address));
    }
    match &adapter.interface {
        Some(interface) => Ok(dhcpserver::find_lease(vbox, interface, &adapter.mac).await),
        None => Ok(None),
    }
}

/// Returns the address that others know of a guest which told none. It costs up to two calls more, which are made for
/// the adapter alone that the node cannot be reached without.
async fn known(vbox: &VBoxManage, adapter: &AdapterInfo) -> Result<Option<IpAddr>, CallError> {
    if let Some(interface) = &adapter.interface
        && let Some(address) = dhcpserver::find_fixed(vbox, interface, &adapter.mac).await?
    {
        return Ok(Some(address));
    }
    Ok(neighbours::find(vbox.runner(), &adapter.mac).await)
}

fn behind_nat(port: u16, private: Option<IpAddr>) -> Address {
    let primary = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Address { endpoint: Endpoint::Ssh { host: primary.to_string(), port }, primary, private }
}

fn direct(address: IpAddr) -> Address {
    Address {
        endpoint: Endpoint::Ssh { host: address.to_string(), port: 22 },
        primary: address,
        private: Some(address),
    }
}

fn stopped(info: &MachineInfo, state: &VmState) -> ComputeError {
    ComputeError::failed(format!("the machine {} was started and now is {state}", info.name))
        .hint("its folder has a log, `Logs/VBox.log`, whose end says why")
}

fn silent(info: &MachineInfo, slot: u8, limit: Duration) -> ComputeError {
    let adapter = info.adapter(slot).map_or_else(
        || format!("adapter {slot}, which it does not have"),
        |adapter| format!("adapter {slot} ({}, MAC {})", adapter.kind, adapter.mac),
    );
    ComputeError::failed(format!(
        "no address of {} on {adapter} after {} s",
        info.name,
        limit.as_secs()
    ))
    .hint(
        "the guest must ask for an address by DHCP on that adapter; on a bridged one it must also run the Guest \
         Additions, which tell it, or talk to the host; the network `nat` needs neither; `ip-timeout` sets how long \
         to wait",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::ForwardRule;

    #[test]
    fn only_our_own_rule_is_the_way_in() {
        let rule = |name: &str, host_port| ForwardRule { name: name.to_owned(), host_port, guest_port: 22 };
        let adapter = |forwards| AdapterInfo {
            slot: 1,
            kind: "nat".to_owned(),
            mac: "080027AABBCC".to_owned(),
            interface: None,
            forwards,
        };
        assert_eq!(ssh_port(&adapter(vec![rule("x", 1), rule(SSH_RULE, 22_001)])), Some(22_001));
        assert_eq!(ssh_port(&adapter(vec![rule("x", 1)])), None);
    }

    #[test]
    fn a_node_behind_nat_has_no_address_for_others() {
        let address = behind_nat(22_001, None);
        assert_eq!(address.endpoint, Endpoint::Ssh { host: "127.0.0.1".to_owned(), port: 22_001 });
        assert_eq!(address.private, None);
    }
}
