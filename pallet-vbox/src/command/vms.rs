//! `list vms --long`: all machines of the registry in one call.
//!
//! It tells the same as [`showvminfo`](super::showvminfo) of each machine, in the form for people: VBoxManage has no
//! other for a list. Where a machine is to be changed, it is read again by itself.

use super::field;
use crate::machine::{AdapterInfo, Attachment, ForwardRule, MachineId, MachineInfo, MediumId, VmState};
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::time::Duration;

/// A machine of the registry, ours or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A machine, and what it is.
    Readable(MachineInfo),
    /// A machine whose settings VirtualBox cannot read.
    Unreadable(MachineId),
}

/// Returns all machines of the registry.
pub(crate) async fn all(vbox: &VBoxManage) -> Result<Vec<Seen>, CallError> {
    let call = Call::new("list the machines", ["list", "vms", "--long"]);
    // Why a machine cannot be read is told as an error. A machine takes the server some ten milliseconds.
    let call = call.repeatable().may_complain().within(Duration::from_secs(300));
    Ok(parse(&vbox.run(call).await?.stdout))
}

fn parse(stdout: &str) -> Vec<Seen> {
    let mut machines = Vec::new();
    let mut rest = stdout;
    while let Some(begin) = find_machine(rest) {
        let after = &rest[begin + 1..];
        let end = find_machine(after).map_or(rest.len(), |next| begin + 1 + next);
        machines.extend(machine(&rest[begin..end]));
        rest = &rest[end..];
    }
    machines
}

/// Returns where the next machine begins: with its name, at the beginning of a line. What users write, in descriptions, is
/// told from it by the line that VirtualBox puts next.
fn find_machine(text: &str) -> Option<usize> {
    const NAME: &str = "Name:            ";
    let is_first = |at: usize| {
        let next = text[at..].lines().nth(1).unwrap_or_default();
        (at == 0 || text[..at].ends_with('\n'))
            && ["Encryption", "Groups", "UUID"].iter().any(|key| field(next, key).is_some())
    };
    text.match_indices(NAME).map(|(at, _)| at).find(|at| is_first(*at))
}

fn machine(text: &str) -> Option<Seen> {
    let value = |key: &str| text.lines().find_map(|line| field(line, key));
    let id = MachineId::parse(value("UUID")?)?;
    // Users' own texts come last.
    let settings: Vec<&str> = text.lines().take_while(|line| *line != "Description:").collect();
    let Some(state) = value("State").filter(|_| value("Name") != Some("<inaccessible!>")) else {
        return Some(Seen::Unreadable(id));
    };
    let (state, since) = state.split_once(" (since ").unwrap_or((state, ""));
    Some(Seen::Readable(MachineInfo {
        id,
        name: value("Name")?.to_owned(),
        settings_file: value("Config file")?.into(),
        state: VmState::parse(&in_one_word(state)),
        changed: since.trim_end_matches(')').to_owned(),
        adapters: adapters(&settings),
        attachments: attachments(&settings),
        has_snapshots: text.lines().any(|line| line == "* Snapshots:"),
        // What only those need who work on one machine, and then ask for it by itself.
        console: None,
        frontend: None,
        has_cd_drive: false,
    }))
}

/// `powered off` is `poweroff` elsewhere, and `guru meditation` is `gurumeditation`.
fn in_one_word(state: &str) -> String {
    match state {
        "powered off" => "poweroff".to_owned(),
        other => other.replace(' ', ""),
    }
}

/// Lines `NIC 1:   MAC: …, Attachment: …, …`, followed by those of the adapter's rules.
fn adapters(lines: &[&str]) -> Vec<AdapterInfo> {
    let mut adapters: Vec<AdapterInfo> = Vec::new();
    for line in lines {
        let Some((head, value)) = line.strip_prefix("NIC ").and_then(|rest| rest.split_once(':')) else {
            continue;
        };
        if let Ok(slot) = head.parse() {
            adapters.extend(adapter(slot, value.trim()));
        } else if head.contains(" Rule(")
            && let Some(last) = adapters.last_mut()
        {
            last.forwards.extend(rule(value));
        }
    }
    adapters
}

fn adapter(slot: u8, text: &str) -> Option<AdapterInfo> {
    let (mac, rest) = text.strip_prefix("MAC: ")?.split_once(", Attachment: ")?;
    let attachment = rest.split(", Cable connected:").next().unwrap_or(rest);
    let (words, name) = match attachment.split_once(" '") {
        Some((words, name)) => (words, name.strip_suffix('\'')),
        None => (attachment, None),
    };
    let kind = match words {
        "Bridged Interface" => "bridged",
        "Host-only Interface" => "hostonly",
        "Host-only Network" => "hostonlynetwork",
        "Internal Network" => "intnet",
        "NAT Network" => "natnetwork",
        other => &other.to_ascii_lowercase(),
    };
    Some(AdapterInfo {
        slot,
        kind: kind.to_owned(),
        mac: mac.to_owned(),
        interface: name.filter(|name| kind == "hostonly" && !name.is_empty()).map(str::to_owned),
        forwards: vec![],
    })
}

/// `name = pallet-ssh, protocol = tcp, host ip = 127.0.0.1, host port = 22001, guest ip = , guest port = 22`.
fn rule(text: &str) -> Option<ForwardRule> {
    let (name, rest) = text.trim().strip_prefix("name = ")?.split_once(", protocol = ")?;
    let port = |key: &str| rest.split(", ").find_map(|part| part.strip_prefix(key)?.parse().ok());
    Some(ForwardRule {
        name: name.to_owned(),
        host_port: port("host port = ")?,
        guest_port: port("guest port = ")?,
    })
}

/// `#0: 'SATA', Type: …`, and for each medium `  Port 0, Unit 0: UUID: …` with its location in the next line.
fn attachments(lines: &[&str]) -> Vec<Attachment> {
    let mut controller = "";
    let mut found = Vec::new();
    for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
        if let Some((_, rest)) = line.strip_prefix('#').and_then(|rest| rest.split_once(": '")) {
            controller = rest.rsplit_once("', Type: ").map_or(rest, |(name, _)| name);
        }
        found.extend(attachment(controller, line, next));
    }
    found
}

fn attachment(controller: &str, line: &str, next: &str) -> Option<Attachment> {
    let (port, rest) = line.strip_prefix("  Port ")?.split_once(", Unit ")?;
    let (device, medium) = rest.split_once(": UUID: ")?;
    Some(Attachment {
        controller: controller.to_owned(),
        port: port.parse().ok()?,
        device: device.parse().ok()?,
        location: next.trim().strip_prefix("Location: \"")?.strip_suffix('"')?.into(),
        medium: MediumId::parse(medium.split(',').next()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Vec<Seen> {
        parse(include_str!("../samples/list-vms-long.txt"))
    }

    fn readable(name: &str) -> MachineInfo {
        let mut machines = seen().into_iter().filter_map(|seen| match seen {
            Seen::Readable(info) => Some(info),
            Seen::Unreadable(_) => None,
        });
        machines.find(|info| info.name == name).expect("a machine of this name")
    }

    #[test]
    fn every_machine_is_seen_and_no_description_is_one() {
        let ids: Vec<&str> = include_str!("../samples/list-vms-long.txt")
            .lines()
            .filter_map(|line| field(line, "UUID"))
            .collect();
        let found = seen();
        let found: Vec<&str> = found
            .iter()
            .map(|seen| match seen {
                Seen::Readable(info) => info.id.as_str(),
                Seen::Unreadable(id) => id.as_str(),
            })
            .collect();
        assert_eq!(found, ids);
        assert_eq!(parse(""), []);
    }

    #[test]
    fn a_machine_that_cannot_be_read_has_only_its_identity() {
        let id = MachineId::parse("11111111-2222-4333-8444-000000000002").expect("a UUID");
        assert_eq!(seen()[0], Seen::Unreadable(id));
    }

    #[test]
    fn a_machine_is_what_showvminfo_says() {
        let info = readable("a-1");
        assert_eq!(info.state, VmState::Off);
        assert_eq!(info.changed, "2026-11-22T19:30:56.000000000");
        assert_eq!(info.folder().to_str(), Some("/n/pallet/lab/a-1"));
        assert!(info.has_snapshots);
        let kinds: Vec<(u8, &str)> = info.adapters.iter().map(|a| (a.slot, a.kind.as_str())).collect();
        assert_eq!(kinds, [(1, "nat"), (2, "intnet"), (3, "bridged"), (4, "hostonly"), (5, "natnetwork")]);
        assert_eq!(info.adapters[0].mac, "0800271A008A");
        assert_eq!(
            info.adapters[0].forwards,
            [ForwardRule { name: "pallet-ssh".to_owned(), host_port: 22_001, guest_port: 22 }]
        );
        let [disk] = &info.attachments[..] else { panic!("one disk: {:?}", info.attachments) };
        assert_eq!((disk.controller.as_str(), disk.port, disk.device), ("SATA", 0, 0));
        assert!(info.owns(&disk.location));
    }

    #[test]
    fn states_have_one_name() {
        assert_eq!(VmState::parse(&in_one_word("powered off")), VmState::Off);
        assert_eq!(VmState::parse(&in_one_word("guru meditation")), VmState::Stuck);
        assert_eq!(VmState::parse(&in_one_word("running")), VmState::Running);
    }
}
