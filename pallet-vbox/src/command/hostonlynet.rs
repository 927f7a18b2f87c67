//! `hostonlynet`: networks between the host and its machines, on macOS.
//!
//! Builds for other systems refuse the command, so this was never tried: the arguments are those of VirtualBox's
//! documentation.

use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::net::Ipv4Addr;

/// Makes a network whose machines get addresses from 101 to 254. The host has the first address of it.
pub(crate) async fn add(vbox: &VBoxManage, name: &str, address: Ipv4Addr) -> Result<(), CallError> {
    let call = Call::new(format!("make the host-only network {name}"), arguments(name, address));
    vbox.run(call).await.map(drop)
}

fn arguments(name: &str, address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, _] = address.octets();
    vec![
        "hostonlynet".to_owned(),
        "add".to_owned(),
        format!("--name={name}"),
        "--netmask=255.255.255.0".to_owned(),
        format!("--lower-ip={}", Ipv4Addr::new(a, b, c, 101)),
        format!("--upper-ip={}", Ipv4Addr::new(a, b, c, 254)),
        "--enable".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_a_range() {
        assert_eq!(
            arguments("pallet", Ipv4Addr::new(192, 168, 56, 1)).join(" "),
            "hostonlynet add --name=pallet --netmask=255.255.255.0 --lower-ip=192.168.56.101 \
             --upper-ip=192.168.56.254 --enable"
        );
    }
}
