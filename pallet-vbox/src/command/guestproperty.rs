//! `guestproperty enumerate`: what the Guest Additions in a running machine tell.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::net::IpAddr;

/// Something that the guest told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) value: String,
    /// When it was told: UTC, in a form that compares as text.
    pub(crate) told: String,
}

/// Returns all that the guest told, also what it told in an earlier life.
pub(crate) async fn enumerate(vbox: &VBoxManage, id: &MachineId) -> Result<Vec<Property>, CallError> {
    let call =
        Call::new(format!("read what the machine {id} tells"), ["guestproperty", "enumerate", id.as_str()]);
    Ok(parse(&vbox.run(call.repeatable()).await?.stdout))
}

/// Returns the IPv4 address that the guest told for the adapter with this MAC address since it was started.
///
/// The guest numbers its interfaces in its own order, so the number in a property's name says nothing about
/// which adapter of the machine it is: only the MAC address does.
pub(crate) fn address_of(properties: &[Property], mac: &str, since: &str) -> Option<IpAddr> {
    const INTERFACES: &str = "/VirtualBox/GuestInfo/Net/";
    let interface = properties.iter().find_map(|property| {
        let number = property.name.strip_prefix(INTERFACES)?.strip_suffix("/MAC")?;
        property.value.eq_ignore_ascii_case(mac).then_some(number)
    })?;
    let name = format!("{INTERFACES}{interface}/V4/IP");
    let told = properties.iter().find(|property| property.name == name && is_after(&property.told, since))?;
    told.value.parse().ok().filter(|address: &IpAddr| !address.is_unspecified())
}

/// Compares `2026-11-22T13:03:38.511Z` with `2026-11-22T13:03:35.000000000`: to the millisecond, which both have.
fn is_after(told: &str, since: &str) -> bool {
    const MILLISECONDS: usize = "2026-11-22T13:03:38.511".len();
    let cut = |text: &str| text.chars().take(MILLISECONDS).collect::<String>();
    cut(told) >= cut(since)
}

fn parse(stdout: &str) -> Vec<Property> {
    stdout
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" = '")?;
            let (value, told) = rest.rsplit_once("' ")?;
            let told = told.trim_start().strip_prefix("@ ")?.split_whitespace().next()?;
            let owned = str::to_owned;
            Some(Property { name: owned(name.trim_end()), value: owned(value), told: owned(told) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../samples/guestproperty.txt");

    #[test]
    fn properties_are_read_out_of_their_columns() {
        let found = parse(SAMPLE);
        assert_eq!(found.len(), 5);
        assert_eq!(
            found[1],
            Property {
                name: "/VirtualBox/GuestInfo/Net/0/V4/IP".to_owned(),
                value: "10.0.3.15".to_owned(),
                told: "2026-11-22T13:03:38.410Z".to_owned(),
            }
        );
        assert_eq!(parse("No properties found.\n"), []);
    }

    #[test]
    fn an_address_belongs_to_a_mac_and_not_to_a_number() {
        let found = parse(SAMPLE);
        let since = "2026-11-22T13:03:35.000000000";
        let address = |mac| address_of(&found, mac, since).map(|address| address.to_string());
        assert_eq!(address("0800271EAF2E").as_deref(), Some("192.168.56.101"));
        assert_eq!(address("080027962679").as_deref(), Some("10.0.3.15"));
        assert_eq!(address("080027000000"), None);
    }

    #[test]
    fn what_was_told_before_the_start_is_stale() {
        let found = parse(SAMPLE);
        assert_eq!(address_of(&found, "0800271EAF2E", "2026-11-22T13:03:39.000000000"), None);
    }
}
