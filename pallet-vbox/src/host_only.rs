//! Networks between the host and its machines: made when they are missing, with a DHCP server.
//!
//! On Linux and Windows they are interfaces of the host, whose names VirtualBox chooses; on macOS they are networks with
//! any name, and macOS gives the addresses. Neither was ever tried on the real thing: making them needs the kernel modules.

use crate::command::list::{self, HostInterface};
use crate::command::{dhcpserver, hostonlyif, hostonlynet, modifyvm};
use crate::lock;
use crate::network::Adapters;
use crate::service::Service;
use crate::vboxmanage::CallError;
use pallet::compute::{ComputeError, HostCommand};
use std::net::{IpAddr, Ipv4Addr};

/// What VirtualBox allows where no file says otherwise, on Linux, macOS and Solaris, since 6.1.28.
const ALLOWED: (Ipv4Addr, u8) = (Ipv4Addr::new(192, 168, 56, 0), 21);
/// The file that allows other addresses.
const RULES: &str = "/etc/vbox/networks.conf";
/// How VirtualBox calls its interfaces on Linux, before their number.
const PREFIX: &str = "vboxnet";
/// The device through which interfaces are made on Linux.
const DEVICE: &str = "/dev/vboxnetctl";

/// Checks that the networks that these adapters need are there or can be made. Changes nothing.
pub(crate) async fn check(service: &Service, names: &[&str]) -> Result<(), ComputeError> {
    if names.is_empty() {
        return Ok(());
    }
    let system = system(service).await?;
    let missing = missing(service, names, &system).await?;
    let Some(name) = missing.first() else { return Ok(()) };
    if let Some(address) = service.settings.local_address {
        check_range(service, address).await?;
    }
    if system == "Darwin" {
        return Ok(());
    }
    if number(name).is_none() {
        return Err(modifyvm::no_such_interface(name));
    }
    if system == "Linux" && !succeeds(service, HostCommand::new("test").args(["-c", DEVICE])).await? {
        return Err(ComputeError::input(format!(
            "the host has no host-only interface {name} and cannot make one: {DEVICE} is missing"
        ))
        .hint("load the kernel modules (`modprobe vboxnetadp vboxnetflt`), or use the network `nat`"));
    }
    Ok(())
}

/// Makes what is missing of the networks that these adapters need.
pub(crate) async fn ensure(service: &Service, adapters: &mut Adapters) -> Result<(), ComputeError> {
    let names: Vec<String> = adapters.host_only_interfaces().map(str::to_owned).collect();
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let system = system(service).await?;
    adapters.on_mac = system == "Darwin";
    if missing(service, &names, &system).await?.is_empty() {
        return Ok(());
    }
    // Many nodes are made at once, and all of them lack the same network.
    let _lock = lock::acquire(&service.state_dir.join("locks/host-only.lock")).await?;
    for name in missing(service, &names, &system).await? {
        match system.as_str() {
            "Darwin" => {
                let address = service.settings.local_address.unwrap_or(Ipv4Addr::new(192, 168, 56, 1));
                hostonlynet::add(&service.vbox, &name, address).await?;
            }
            _ => make_interface(service, &name).await?,
        }
    }
    Ok(())
}

/// Makes interfaces until the one of this name appears, and removes those that appeared on the way.
async fn make_interface(service: &Service, name: &str) -> Result<(), ComputeError> {
    let number = number(name).ok_or_else(|| modifyvm::no_such_interface(name))?;
    let mut surplus = Vec::new();
    let mut made = false;
    for _ in 0..=number {
        let created = hostonlyif::create(&service.vbox).await?;
        if created == name {
            made = true;
            break;
        }
        surplus.push(created);
    }
    for other in &surplus {
        hostonlyif::remove(&service.vbox, other).await?;
    }
    if !made {
        return Err(modifyvm::no_such_interface(name));
    }
    match set_up(service, name).await {
        Ok(()) => Ok(()),
        Err(error) => {
            // Whoever comes next would take it for one that somebody set up.
            hostonlyif::remove(&service.vbox, name).await?;
            Err(error)
        }
    }
}

async fn set_up(service: &Service, name: &str) -> Result<(), ComputeError> {
    if let Some(address) = service.settings.local_address {
        check_range(service, address).await?;
        hostonlyif::set_address(&service.vbox, name, address)
            .await
            .map_err(|error| explained(address, error))?;
    }
    let there = list::host_only_interfaces(&service.vbox).await?;
    let interface = there.iter().find(|interface| interface.name == name);
    match interface.and_then(|interface| interface.address) {
        Some(IpAddr::V4(address)) => Ok(dhcpserver::serve(&service.vbox, name, address).await?),
        _ => Err(ComputeError::failed(format!("the host-only interface {name} was made and has no address"))
            .hint("say which it shall have with the option `default-local-address`")),
    }
}

async fn missing(service: &Service, names: &[&str], system: &str) -> Result<Vec<String>, CallError> {
    let there = match system {
        "Darwin" => list::host_only_networks(&service.vbox).await?,
        _ => {
            let interfaces = list::host_only_interfaces(&service.vbox).await?;
            interfaces.into_iter().map(|HostInterface { name, .. }| name).collect()
        }
    };
    Ok(names
        .iter()
        .filter(|name| there.iter().all(|there| there != *name))
        .map(|name| (*name).to_owned())
        .collect())
}

/// Returns the name of the host's operating system, or nothing where there is no `uname`: on Windows.
async fn system(service: &Service) -> Result<String, ComputeError> {
    match service.vbox.runner().run(&HostCommand::new("uname").arg("-s")).await {
        Ok(output) => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Err(pallet::compute::RunError::NotFound(_)) => Ok(String::new()),
        Err(error) => Err(ComputeError::failed("cannot ask the host for its system").source(error)),
    }
}

async fn succeeds(service: &Service, command: HostCommand) -> Result<bool, ComputeError> {
    let output = service.vbox.runner().run(&command).await;
    let output = output.map_err(|error| ComputeError::failed("cannot look at the host").source(error))?;
    Ok(output.code == Some(0))
}

/// Checks that VirtualBox will allow this address for a host-only network.
async fn check_range(service: &Service, address: Ipv4Addr) -> Result<(), ComputeError> {
    let output = service.vbox.runner().run(&HostCommand::new("cat").arg(RULES)).await;
    let output =
        output.map_err(|error| ComputeError::failed(format!("cannot read {RULES}")).source(error))?;
    let rules = (output.code == Some(0)).then(|| String::from_utf8_lossy(&output.stdout).into_owned());
    if is_allowed(address, rules.as_deref()) { Ok(()) } else { Err(out_of_range(address)) }
}

fn explained(address: Ipv4Addr, error: CallError) -> ComputeError {
    match hostonlyif::is_out_of_range(&error) {
        true => out_of_range(address).source(ComputeError::from(error)),
        false => error.into(),
    }
}

fn out_of_range(address: Ipv4Addr) -> ComputeError {
    let [a, b, c, _] = address.octets();
    ComputeError::input(format!("VirtualBox does not allow the address {address} for a host-only network"))
        .hint(format!(
            "take one in {}/{}, or allow it with a line `* {a}.{b}.{c}.0/24` in {RULES}",
            ALLOWED.0, ALLOWED.1
        ))
}

/// `rules` are the lines of the file, if there is one: `* 10.0.0.0/8 192.168.0.0/16`.
fn is_allowed(address: Ipv4Addr, rules: Option<&str>) -> bool {
    let Some(rules) = rules else { return contains(ALLOWED, address) };
    rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix('*'))
        .flat_map(str::split_whitespace)
        .filter_map(|range| {
            let (network, length) = range.split_once('/')?;
            Some((network.parse().ok()?, length.parse().ok()?))
        })
        .any(|range| contains(range, address))
}

fn contains((network, length): (Ipv4Addr, u8), address: Ipv4Addr) -> bool {
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length.into())).unwrap_or(0);
    u32::from(network) & mask == u32::from(address) & mask
}

/// VirtualBox makes only interfaces that it names itself.
fn number(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.parse().ok().filter(|number| *number < 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(address: &str, rules: Option<&str>) -> bool {
        is_allowed(address.parse().expect("an address"), rules)
    }

    #[test]
    fn addresses_are_allowed_by_default_or_by_a_file() {
        assert!(allowed("192.168.56.1", None) && allowed("192.168.63.1", None));
        assert!(!allowed("192.168.64.1", None) && !allowed("10.0.0.1", None));
        let rules = Some("# ours\n* 10.0.0.0/8 172.16.0.0/12\n* 2001::/64\n");
        assert!(allowed("10.9.8.7", rules) && allowed("172.31.0.1", rules));
        assert!(!allowed("192.168.56.1", rules));
        assert!(allowed("8.8.8.8", Some("* 0.0.0.0/0 ::/0")));
    }

    #[test]
    fn only_virtualboxs_own_names_can_be_made() {
        assert_eq!((number("vboxnet0"), number("vboxnet12")), (Some(0), Some(12)));
        assert_eq!((number("vboxnet"), number("lab0"), number("vboxnet999")), (None, None, None));
    }

    #[test]
    fn a_refusal_tells_the_line_to_write() {
        let error = out_of_range(Ipv4Addr::new(10, 1, 2, 1));
        assert!(error.hint.is_some_and(|hint| hint.contains("`* 10.1.2.0/24` in /etc/vbox/networks.conf")));
    }
}
