//! `dhcpserver`: VirtualBox's DHCP servers, and the addresses they gave.

use super::field;
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
    let call = Call::new(format!("look for a lease on {interface}"), arguments(interface, mac)).repeatable();
    // Every failure means that there is no lease to be had from here: no server, no such interface, no lease.
    let found: Result<_, CallError> = vbox.run(call).await;
    parse(&found.ok()?.stdout)
}

fn arguments(interface: &str, mac: &str) -> [String; 4] {
    [
        "dhcpserver".to_owned(),
        "findlease".to_owned(),
        format!("--interface={interface}"),
        format!("--mac-address={mac}"),
    ]
}

fn parse(stdout: &str) -> Option<IpAddr> {
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

    /// The form comes from VirtualBox's source, not from a capture: a DHCP server needs the kernel driver.
    #[test]
    fn only_a_lease_in_use_counts() {
        let lease = "IP Address:  192.168.56.101\nMAC Address: 08:00:27:1e:af:2e\nState:       acked\n";
        assert_eq!(parse(lease), Some("192.168.56.101".parse().expect("an address")));
        assert_eq!(parse(&lease.replace("acked", "expired")), None);
        assert_eq!(parse(""), None);
    }
}
