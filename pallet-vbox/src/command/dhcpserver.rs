//! `dhcpserver findlease`: the address that VirtualBox's DHCP server gave to an adapter.

use super::field;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::net::IpAddr;

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

    /// The form comes from VirtualBox's source, not from a capture: a DHCP server needs the kernel driver.
    #[test]
    fn only_a_lease_in_use_counts() {
        let lease = "IP Address:  192.168.56.101\nMAC Address: 08:00:27:1e:af:2e\nState:       acked\n";
        assert_eq!(parse(lease), Some("192.168.56.101".parse().expect("an address")));
        assert_eq!(parse(&lease.replace("acked", "expired")), None);
        assert_eq!(parse(""), None);
    }
}
