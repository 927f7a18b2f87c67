//! What the host knows of its neighbours in the network: which address a network card has, learned from the card's own
//! traffic (ARP). It is the last way to find a node that is bridged and tells nothing.

use crate::host;
use crate::machine::Mac;
use pallet::compute::CommandRunner;
use std::net::{IpAddr, Ipv4Addr};

/// `ip` on Linux, `arp` on macOS. A host that has neither knows nothing.
const READ: &str = "if command -v ip >/dev/null 2>&1; then ip -4 neigh show; else arp -an; fi";

/// Returns the address at which the host saw the network card with this MAC address, if it saw it at one.
///
/// A table that cannot be read is an empty one: whoever waits for an address asks again, and says what is missing.
pub(crate) async fn find(runner: &dyn CommandRunner, mac: &str) -> Option<IpAddr> {
    let mac = Mac::parse(mac)?;
    let output = runner.run(&host::script(READ, [])).await.ok()?;
    address_of(&String::from_utf8_lossy(&output.stdout), mac)
}

/// How sure the host is of a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// It heard of it once.
    Once,
    /// It heard of it just now.
    Now,
}

/// The table keeps what a card was called earlier. Of two addresses that the host is equally sure of neither is taken.
fn address_of(table: &str, mac: Mac) -> Option<IpAddr> {
    let mut found: Vec<(Trust, Ipv4Addr)> = table
        .lines()
        .filter_map(entry)
        .filter(|(_, _, its)| *its == mac)
        .map(|(trust, address, _)| (trust, address))
        .collect();
    found.sort_unstable();
    found.dedup();
    let (best, address) = *found.last()?;
    (found.iter().filter(|(trust, _)| *trust == best).count() == 1).then_some(IpAddr::V4(address))
}

/// `192.0.2.7 dev eth0 lladdr 08:00:27:1e:af:2e REACHABLE`, or `? (192.0.2.7) at 8:0:27:1e:af:2e on en0 …`.
fn entry(line: &str) -> Option<(Trust, Ipv4Addr, Mac)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |key: &str| words.iter().skip_while(|word| **word != key).nth(1).copied();
    let address = words.iter().find_map(|word| word.trim_matches(['(', ')']).parse().ok())?;
    let mac = Mac::parse(after("lladdr").or_else(|| after("at"))?)?;
    match *words.last()? {
        "FAILED" | "INCOMPLETE" => None,
        "REACHABLE" | "DELAY" | "PROBE" => Some((Trust::Now, address, mac)),
        _ => Some((Trust::Once, address, mac)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(table: &str) -> Option<String> {
        let mac = Mac::parse("0800271EAF2E").expect("an address");
        address_of(table, mac).map(|address| address.to_string())
    }

    /// The lines of Linux were captured (iproute2 6.1), with other addresses.
    #[test]
    fn a_neighbour_is_known_by_its_card() {
        let stale = "192.0.2.1 dev eth0 lladdr 08:00:27:1e:af:2e STALE\n";
        let other = "192.0.2.9 dev eth0 lladdr 02:fc:00:00:00:05 REACHABLE\n192.0.2.8 dev eth0 FAILED\n";
        assert_eq!(address(&format!("{other}{stale}")).as_deref(), Some("192.0.2.1"));
        assert_eq!(address(other), None);
        assert_eq!(address(""), None);
        assert_eq!(address(&stale.replace("STALE", "FAILED")), None);
    }

    #[test]
    fn the_fresher_of_two_addresses_counts_and_of_equal_ones_none() {
        let stale = "192.0.2.1 dev eth0 lladdr 08:00:27:1e:af:2e STALE\n";
        let fresh = "192.0.2.7 dev eth0 lladdr 08:00:27:1e:af:2e REACHABLE\n";
        assert_eq!(address(&format!("{fresh}{stale}")).as_deref(), Some("192.0.2.7"));
        assert_eq!(address(&format!("{stale}{}", stale.replace(".1 ", ".2 "))), None);
        // Seen through two interfaces, it is still one address.
        assert_eq!(
            address(&format!("{stale}{}", stale.replace("eth0", "br0"))).as_deref(),
            Some("192.0.2.1")
        );
    }

    /// Written by hand after the manual of macOS: it was never tried there.
    #[test]
    fn macos_leaves_zeros_out() {
        let table = "? (192.168.64.3) at 8:0:27:1e:af:2e on bridge100 ifscope [bridge]\n\
                     ? (192.168.64.4) at (incomplete) on bridge100 ifscope [bridge]\n";
        assert_eq!(address(table).as_deref(), Some("192.168.64.3"));
    }
}
