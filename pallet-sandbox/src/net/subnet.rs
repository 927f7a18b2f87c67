//! The private network of a service: which one, and who has which address.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// How many nodes a network has addresses for.
pub(crate) const CAPACITY: usize = 253;

/// A network of 24 bits. The host's bridge is `.1`, nodes are `.2` to `.254`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Subnet([u8; 3]);

impl Subnet {
    pub(crate) const MASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 0);

    /// Returns the first of our candidates that no route of the host overlaps.
    ///
    /// `routes` is `/proc/net/route`. The candidates are the 256 networks of `10.213.0.0/16`, a range that few
    /// installations use.
    pub(crate) fn choose(routes: &str) -> Option<Subnet> {
        let routes = parse_routes(routes);
        (0..=255)
            .map(|third| Subnet([10, 213, third]))
            .find(|subnet| !routes.iter().any(|route| route.overlaps(*subnet)))
    }

    /// Returns the name of the interface through which the host reaches this network already, if there is one.
    pub(crate) fn taken_by(self, routes: &str) -> Option<String> {
        let routes = parse_routes(routes);
        routes.into_iter().find(|route| route.overlaps(self)).map(|route| route.interface)
    }

    pub(crate) fn network(self) -> Ipv4Addr {
        self.host(0)
    }

    pub(crate) fn gateway(self) -> Ipv4Addr {
        self.host(1)
    }

    /// Returns the lowest address that no node has.
    pub(crate) fn free_address(self, taken: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Addr> {
        (2..=254).map(|last| self.host(last)).find(|address| !taken.contains(address))
    }

    fn host(self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.0;
        Ipv4Addr::new(a, b, c, last)
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/24", self.network())
    }
}

impl FromStr for Subnet {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let octets = text
            .strip_suffix("/24")
            .and_then(|address| address.parse::<Ipv4Addr>().ok())
            .filter(Ipv4Addr::is_private)
            .map(|address| address.octets());
        match octets {
            Some([a, b, c, 0]) => Ok(Subnet([a, b, c])),
            _ => Err("expected a private network such as \"10.9.8.0/24\""),
        }
    }
}

impl TryFrom<String> for Subnet {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> String {
        subnet.to_string()
    }
}

/// Returns the interface of the default route in `/proc/net/route`.
pub(crate) fn default_interface(routes: &str) -> Option<String> {
    route_fields(routes).find(|route| route.mask == 0).map(|route| route.interface)
}

struct Route {
    interface: String,
    network: u32,
    mask: u32,
}

impl Route {
    fn overlaps(&self, subnet: Subnet) -> bool {
        let mask = self.mask & u32::from(Subnet::MASK);
        self.network & mask == u32::from(subnet.network()) & mask
    }
}

/// Returns the routes that say something: all but the default ones.
fn parse_routes(text: &str) -> Vec<Route> {
    route_fields(text).filter(|route| route.mask != 0).collect()
}

/// The kernel prints addresses as hexadecimal numbers in the machine's byte order.
fn route_fields(text: &str) -> impl Iterator<Item = Route> + '_ {
    text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |index: usize| {
            let raw = u32::from_str_radix(fields.get(index)?, 16).ok()?;
            Some(u32::from_be_bytes(raw.to_ne_bytes()))
        };
        Some(Route { interface: (*fields.first()?).to_owned(), network: number(1)?, mask: number(7)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    fn table(routes: &[(&str, [u8; 4], [u8; 4])]) -> String {
        let line = |(name, network, mask): &(&str, [u8; 4], [u8; 4])| {
            let hex = |bytes: &[u8; 4]| format!("{:08X}", u32::from_ne_bytes(*bytes));
            format!("{name}\t{}\t00000000\t0001\t0\t0\t0\t{}\t0\t0\t0\n", hex(network), hex(mask))
        };
        HEAD.to_owned() + &routes.iter().map(line).collect::<String>()
    }

    #[test]
    fn the_first_network_free_of_routes_is_taken() {
        let default = ("eth0", [0; 4], [0; 4]);
        let choose = |routes: &[_]| Subnet::choose(&table(routes)).map(|subnet| subnet.to_string());
        assert_eq!(choose(&[default]).as_deref(), Some("10.213.0.0/24"));
        let one = ("br0", [10, 213, 0, 0], [255, 255, 255, 0]);
        assert_eq!(choose(&[default, one]).as_deref(), Some("10.213.1.0/24"));
        let part = ("tun0", [10, 213, 1, 128], [255, 255, 255, 128]);
        assert_eq!(choose(&[one, part]).as_deref(), Some("10.213.2.0/24"));
        let all = ("vpn", [10, 0, 0, 0], [255, 0, 0, 0]);
        assert_eq!(choose(&[default, all]), None);
    }

    #[test]
    fn the_default_route_names_the_way_out() {
        let routes = table(&[("lan", [10, 0, 0, 0], [255, 0, 0, 0]), ("wan", [0; 4], [0; 4])]);
        assert_eq!(default_interface(&routes).as_deref(), Some("wan"));
        assert_eq!(default_interface(HEAD), None);
    }

    #[test]
    fn only_private_networks_of_24_bits_are_subnets() {
        assert_eq!(
            "10.9.8.0/24".parse::<Subnet>().map(|subnet| subnet.to_string()).as_deref(),
            Ok("10.9.8.0/24")
        );
        for text in ["", "10.9.8.0", "10.9.8.1/24", "10.9.0.0/16", "8.8.8.0/24", "fd00::/24"] {
            assert!(text.parse::<Subnet>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn addresses_run_out_after_253_nodes() {
        let subnet: Subnet = "10.9.8.0/24".parse().expect("a subnet");
        let mut taken = BTreeSet::new();
        while let Some(address) = subnet.free_address(&taken) {
            taken.insert(address);
        }
        assert_eq!(taken.len(), CAPACITY);
        assert!(!taken.contains(&subnet.gateway()));
    }
}
