//! `dhcpserver`: VirtualBox's DHCP servers, the addresses they gave, and those that they keep for somebody.

use super::field;
use crate::machine::Mac;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::net::{IpAddr, Ipv4Addr};

/// Makes a DHCP server for a host-only interface with this address, or changes the one there is: addresses from 101 to
/// 254 of the interface's network.
pub(crate) async fn serve(vbox: &VBoxManage, interface: &str, address: Ipv4Addr) -> Result<(), CallError> {
    let call = |verb| {
        let doing = format!("give addresses on {interface}");
        Call::new(doing, serve_arguments(verb, interface, address))
    };
    match vbox.run(call("add")).await {
        // One is left over from an interface of that name.
        Err(error) if error.says("already exists") => vbox.run(call("modify").repeatable()).await.map(drop),
        other => other.map(drop),
    }
}

fn serve_arguments(verb: &str, interface: &str, address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, _] = address.octets();
    let host = |last: u8| Ipv4Addr::new(a, b, c, last);
    vec![
        "dhcpserver".to_owned(),
        verb.to_owned(),
        format!("--interface={interface}"),
        format!("--server-ip={}", host(100)),
        "--netmask=255.255.255.0".to_owned(),
        format!("--lower-ip={}", host(101)),
        format!("--upper-ip={}", host(254)),
        "--enable".to_owned(),
    ]
}

/// Returns the address leased to the adapter with this MAC address on a host-only interface, if there is one.
pub(crate) async fn find_lease(vbox: &VBoxManage, interface: &str, mac: &str) -> Option<IpAddr> {
    let call = Call::new(format!("look for a lease on {interface}"), lease_arguments(interface, mac));
    // Every failure means that there is no lease to be had from here: no server, no such interface, no lease.
    let found: Result<_, CallError> = vbox.run(call.repeatable()).await;
    parse_lease(&found.ok()?.stdout)
}

/// Returns the address that the DHCP server of a host-only interface keeps for the adapter with this MAC address, if
/// somebody told it to: `VBoxManage dhcpserver modify … --vm=… --nic=1 --fixed-address=…`.
pub(crate) async fn find_fixed(
    vbox: &VBoxManage,
    interface: &str,
    mac: &str,
) -> Result<Option<IpAddr>, CallError> {
    let call = Call::new("list the DHCP servers", ["list", "dhcpservers"]).repeatable();
    Ok(parse_fixed(&vbox.run(call).await?.stdout, &network_of(interface), mac))
}

/// The network of a host-only interface is asked for, not the interface: its leases can be read also while the
/// interface is away, until the host loads its modules.
fn lease_arguments(interface: &str, mac: &str) -> [String; 4] {
    [
        "dhcpserver".to_owned(),
        "findlease".to_owned(),
        format!("--network={}", network_of(interface)),
        format!("--mac-address={mac}"),
    ]
}

/// How VirtualBox calls the network behind a host-only interface.
fn network_of(interface: &str) -> String {
    format!("HostInterfaceNetworking-{interface}")
}

fn parse_lease(stdout: &str) -> Option<IpAddr> {
    let mut address = None;
    for line in stdout.lines() {
        if let Some(text) = field(line, "IP Address") {
            address = text.parse().ok();
        }
        // A lease that is expired or released says so; its address may be another machine's by now.
        if field(line, "State").is_some_and(|state| state != "acked") {
            return None;
        }
    }
    address
}

/// Each server begins with `NetworkName`. What it does for one adapter begins with a line that ends in its MAC address,
/// `Individual Config:    VM NIC: UUID slot 0, MAC 08:00:27:…` or `… MAC 08:00:27:…`, of which the next has the address.
fn parse_fixed(stdout: &str, network: &str, mac: &str) -> Option<IpAddr> {
    let wanted = Mac::parse(mac)?;
    let (mut here, mut enabled, mut ours) = (false, false, false);
    for line in stdout.lines() {
        if let Some(name) = field(line, "NetworkName") {
            (here, enabled, ours) = (name == network, false, false);
        } else if let Some(word) = field(line, "Enabled") {
            enabled = word == "Yes";
        } else if let Some(whose) = field(line, "Individual Config") {
            ours = whose.rsplit("MAC ").next().and_then(Mac::parse) == Some(wanted);
        } else if here
            && enabled
            && ours
            && let Some(address) = field(line.trim_start(), "Fixed Address")
        {
            // `dynamic` where only other things are kept for it.
            return address.parse().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_gives_addresses_of_its_interface() {
        assert_eq!(
            serve_arguments("add", "vboxnet1", Ipv4Addr::new(192, 168, 57, 1)).join(" "),
            "dhcpserver add --interface=vboxnet1 --server-ip=192.168.57.100 --netmask=255.255.255.0 \
             --lower-ip=192.168.57.101 --upper-ip=192.168.57.254 --enable"
        );
    }

    #[test]
    fn leases_are_asked_for_by_network() {
        assert_eq!(
            lease_arguments("vboxnet0", "0800271EAF2E").join(" "),
            "dhcpserver findlease --network=HostInterfaceNetworking-vboxnet0 --mac-address=0800271EAF2E"
        );
    }

    #[test]
    fn only_a_lease_in_use_counts() {
        let lease = include_str!("../samples/findlease.txt");
        assert_eq!(parse_lease(lease), None);
        let in_use = lease.replace("expired", "acked");
        assert_eq!(parse_lease(&in_use), Some("192.168.56.102".parse().expect("an address")));
        assert_eq!(parse_lease(""), None);
    }

    #[test]
    fn an_address_is_kept_for_a_machine_or_for_a_mac_address() {
        let servers = include_str!("../samples/list-dhcpservers.txt");
        let fixed = |text: &str, interface: &str, mac: &str| {
            parse_fixed(text, &network_of(interface), mac).map(|address| address.to_string())
        };
        assert_eq!(fixed(servers, "vboxnet0", "0800271EAF2E").as_deref(), Some("192.168.56.77"));
        assert_eq!(fixed(servers, "vboxnet0", "080027AABBCC").as_deref(), Some("192.168.56.78"));
        assert_eq!(fixed(servers, "vboxnet0", "080027AABBCD"), None);
        assert_eq!(fixed(servers, "vboxnet1", "0800271EAF2E"), None);
        assert_eq!(fixed(&servers.replace("Yes", "No"), "vboxnet0", "0800271EAF2E"), None);
    }
}
