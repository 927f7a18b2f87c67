//! `list`: what the registry and the host have.

use super::field;
use super::medium::{self, Medium};
use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, Unexpected, VBoxManage};
use std::net::IpAddr;
use std::path::PathBuf;

/// A machine in the list of all machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: MachineId,
    /// Its name, or `None` if VirtualBox cannot read its settings.
    pub(crate) name: Option<String>,
}

/// An interface of the host that machines can be bridged to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostInterface {
    pub(crate) name: String,
    pub(crate) address: Option<IpAddr>,
    pub(crate) up: bool,
}

/// Returns all machines of the registry, ours or not.
pub(crate) async fn machines(vbox: &VBoxManage) -> Result<Vec<Listed>, CallError> {
    const DOING: &str = "list the machines";
    let answer = vbox.run(Call::new(DOING, ["list", "vms"]).repeatable()).await?;
    parse_machines(&answer.stdout).map_err(|what| CallError::unexpected(DOING, what))
}

/// Returns the settings file of a machine, also of one that VirtualBox cannot read.
pub(crate) async fn settings_file(vbox: &VBoxManage, id: &MachineId) -> Result<Option<PathBuf>, CallError> {
    let call = Call::new("list the settings files of the machines", ["list", "vms", "--long"]);
    // Why a machine cannot be read is told as an error.
    let answer = vbox.run(call.repeatable().may_complain()).await?;
    Ok(parse_settings_file(&answer.stdout, id))
}

/// Returns all disks of the registry.
pub(crate) async fn disks(vbox: &VBoxManage) -> Result<Vec<Medium>, CallError> {
    const DOING: &str = "list the disks";
    let answer = vbox.run(Call::new(DOING, ["list", "hdds"]).repeatable()).await?;
    parse_disks(&answer.stdout).map_err(|what| CallError::unexpected(DOING, what))
}

/// Returns the ids of the guest systems that this VirtualBox knows.
pub(crate) async fn os_types(vbox: &VBoxManage) -> Result<Vec<String>, CallError> {
    let call = Call::new("list the kinds of guest systems", ["list", "ostypes"]).repeatable();
    Ok(parse_os_types(&vbox.run(call).await?.stdout))
}

/// Returns the main memory of the host in MiB, if it tells.
pub(crate) async fn host_memory(vbox: &VBoxManage) -> Result<Option<u64>, CallError> {
    let call = Call::new("ask for the host's memory", ["list", "hostinfo"]).repeatable();
    Ok(parse_host_memory(&vbox.run(call).await?.stdout))
}

/// Returns the interfaces that machines can be bridged to.
pub(crate) async fn bridged_interfaces(vbox: &VBoxManage) -> Result<Vec<HostInterface>, CallError> {
    let call = Call::new("list the interfaces to bridge to", ["list", "bridgedifs"]).repeatable();
    Ok(parse_interfaces(&vbox.run(call).await?.stdout))
}

/// Returns the host-only interfaces.
pub(crate) async fn host_only_interfaces(vbox: &VBoxManage) -> Result<Vec<HostInterface>, CallError> {
    let call = Call::new("list the host-only interfaces", ["list", "hostonlyifs"]).repeatable();
    Ok(parse_interfaces(&vbox.run(call).await?.stdout))
}

/// Returns the folder that VirtualBox makes machines in when none is named.
pub(crate) async fn machine_folder(vbox: &VBoxManage) -> Result<Option<String>, CallError> {
    let call = Call::new("ask for VirtualBox's folder", ["list", "systemproperties"]).repeatable();
    let answer = vbox.run(call).await?;
    Ok(answer.stdout.lines().find_map(|line| field(line, "Default machine folder")).map(str::to_owned))
}

/// Returns the names of the NAT networks.
pub(crate) async fn nat_networks(vbox: &VBoxManage) -> Result<Vec<String>, CallError> {
    let call = Call::new("list the NAT networks", ["list", "natnets"]).repeatable();
    Ok(parse_names(&vbox.run(call).await?.stdout))
}

/// Returns the names of the host-only networks, which there are on macOS only.
pub(crate) async fn host_only_networks(vbox: &VBoxManage) -> Result<Vec<String>, CallError> {
    let call = Call::new("list the host-only networks", ["list", "hostonlynets"]).repeatable();
    Ok(parse_names(&vbox.run(call).await?.stdout))
}

/// Lines are `"name" {uuid}`, and quotes in names are not escaped.
fn parse_machines(stdout: &str) -> Result<Vec<Listed>, Unexpected> {
    stdout
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (name, id) = line.strip_prefix('"').and_then(|rest| rest.rsplit_once("\" {"))?;
            let id = MachineId::parse(id.strip_suffix('}')?)?;
            Some(Listed { id, name: (name != "<inaccessible>").then(|| name.to_owned()) })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Unexpected::new("lines \"name\" {uuid}", stdout))
}

/// The file follows on the UUID.
fn parse_settings_file(stdout: &str, id: &MachineId) -> Option<PathBuf> {
    let machine = stdout.lines().skip_while(|line| field(line, "UUID") != Some(id.as_str())).skip(1);
    let mut rest = machine.take_while(|line| field(line, "UUID").is_none());
    rest.find_map(|line| field(line, "Config file")).map(PathBuf::from)
}

/// Blocks of lines, each followed by an empty line.
fn blocks(stdout: &str) -> impl Iterator<Item = &str> {
    stdout.split("\n\n").filter(|block| !block.trim().is_empty())
}

fn parse_disks(stdout: &str) -> Result<Vec<Medium>, Unexpected> {
    blocks(stdout).map(medium::parse).collect()
}

fn parse_os_types(stdout: &str) -> Vec<String> {
    stdout
        .lines()
        .filter_map(|line| {
            // 7.0 puts the id on a line of its own.
            let id = field(line, "ID / Description").and_then(|rest| rest.split(" -- ").next());
            id.or_else(|| field(line, "ID")).map(|id| id.trim().to_owned())
        })
        .collect()
}

fn parse_host_memory(stdout: &str) -> Option<u64> {
    let size = stdout.lines().find_map(|line| field(line, "Memory size"))?;
    size.split_whitespace().next()?.parse().ok()
}

/// 7.0 calls a NAT network's name `NetworkName`.
fn parse_names(stdout: &str) -> Vec<String> {
    let name = |block: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| field(line, "Name").or_else(|| field(line, "NetworkName"))).map(str::to_owned)
    };
    blocks(stdout).filter_map(name).collect()
}

fn parse_interfaces(stdout: &str) -> Vec<HostInterface> {
    let interface = |block: &str| {
        let value = |key| block.lines().find_map(|line| field(line, key));
        Some(HostInterface {
            name: value("Name")?.to_owned(),
            address: value("IPAddress")
                .and_then(|text| text.parse().ok())
                .filter(|address: &IpAddr| !address.is_unspecified()),
            up: value("Status") == Some("Up"),
        })
    };
    blocks(stdout).filter_map(interface).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_a_name_unless_they_are_inaccessible() {
        let found = parse_machines(include_str!("../samples/list-vms.txt")).expect("a list");
        let names: Vec<Option<&str>> = found.iter().map(|listed| listed.name.as_deref()).collect();
        assert_eq!(names, [Some("web-1"), Some("holder"), Some("odd \"name\""), None]);
        assert_eq!(found[0].id.as_str(), "11111111-2222-4333-8444-555555555555");
        assert!(parse_machines("what is this\n").is_err());
        assert_eq!(parse_machines(""), Ok(vec![]));
    }

    #[test]
    fn a_machine_that_cannot_be_read_has_a_settings_file() {
        let listed = include_str!("../samples/list-vms-long.txt");
        let file = |id: &str| parse_settings_file(listed, &MachineId::parse(id).expect("a UUID"));
        let known = |path: &str| Some(PathBuf::from(path));
        assert_eq!(file("11111111-2222-4333-8444-000000000002"), known("/n/web-1/web-1.vbox"));
        assert_eq!(file("11111111-2222-4333-8444-000000000001"), known("/n/hold/hold.vbox"));
        assert_eq!(file("11111111-2222-4333-8444-000000000003"), None);
    }

    #[test]
    fn disks_are_blocks() {
        let found = parse_disks(include_str!("../samples/list-hdds.txt")).expect("a list");
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].parent.as_ref(), Some(&found[0].id));
        assert_eq!(parse_disks(""), Ok(vec![]));
    }

    #[test]
    fn guest_systems_have_ids() {
        let found = parse_os_types(include_str!("../samples/list-ostypes.txt"));
        assert_eq!(found, ["Other", "Other_64", "Other_arm64", "Debian12_64"]);
    }

    #[test]
    fn the_host_tells_its_memory() {
        assert_eq!(parse_host_memory(include_str!("../samples/list-hostinfo.txt")), Some(24105));
    }

    #[test]
    fn networks_have_names() {
        assert_eq!(parse_names(include_str!("../samples/list-natnets.txt")), ["lab", "two"]);
        assert_eq!(parse_names(include_str!("../samples/list-hostonlynets.txt")), ["vboxnet0"]);
        assert_eq!(parse_names(""), [""; 0]);
    }

    #[test]
    fn an_interface_without_an_address_has_none() {
        let found = parse_interfaces(include_str!("../samples/list-bridgedifs.txt"));
        let found: Vec<(&str, bool, bool)> =
            found.iter().map(|i| (i.name.as_str(), i.address.is_some(), i.up)).collect();
        assert_eq!(found, [("ifb0", false, false), ("eth0", true, true)]);
    }
}
