//! `showvminfo --machinereadable`: all settings of a machine, and its state.

use super::storage::{CD_PORT, CONTROLLER};
use crate::machine::{AdapterInfo, Attachment, ForwardRule, MachineId, MachineInfo, MediumId, VmState};
use crate::vboxmanage::{Call, CallError, Unexpected, VBoxManage};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Returns what VirtualBox knows about a machine.
pub(crate) async fn run(vbox: &VBoxManage, id: &MachineId) -> Result<MachineInfo, CallError> {
    let doing = || format!("read the machine {id}");
    let call = Call::new(doing(), ["showvminfo", id.as_str(), "--machinereadable"]);
    let answer = vbox.run(call.repeatable()).await?;
    parse(&answer.stdout).map_err(|what| CallError::unexpected(doing(), what))
}

/// Keys and their values, both without quotes, in the order they were written.
struct Entries<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Entries<'a> {
    fn read(stdout: &'a str) -> Self {
        let unquote =
            |text: &'a str| text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text);
        let split = |line: &'a str| {
            // A controller's name may hold an equals sign; then its key is quoted.
            match line.strip_prefix('"').and_then(|rest| rest.split_once("\"=")) {
                Some((key, value)) => Some((key, value)),
                None => line.split_once('='),
            }
        };
        Entries(stdout.lines().filter_map(split).map(|(key, value)| (key, unquote(value))).collect())
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    fn need(&self, key: &str, stdout: &str) -> Result<&'a str, Unexpected> {
        self.get(key).ok_or_else(|| Unexpected::new(format!("a value of `{key}`"), stdout))
    }
}

fn parse(stdout: &str) -> Result<MachineInfo, Unexpected> {
    let entries = Entries::read(stdout);
    let id = entries.need("UUID", stdout)?;
    Ok(MachineInfo {
        id: MachineId::parse(id).ok_or_else(|| Unexpected::new("a UUID", id))?,
        name: entries.need("name", stdout)?.to_owned(),
        settings_file: entries.need("CfgFile", stdout)?.into(),
        state: VmState::parse(entries.need("VMState", stdout)?),
        changed: entries.get("VMStateChangeTime").unwrap_or_default().to_owned(),
        adapters: adapters(&entries),
        attachments: attachments(&entries),
        has_snapshots: entries.get("CurrentSnapshotUUID").is_some(),
        console: entries.get("uartmode1").and_then(|mode| mode.strip_prefix("file,")).map(PathBuf::from),
        frontend: entries.get("defaultfrontend").filter(|frontend| !frontend.is_empty()).map(str::to_owned),
        has_cd_drive: entries.get(&cd_drive_key()).is_some_and(|medium| medium != "none"),
    })
}

/// An empty drive has the medium `emptydrive`; where there is no drive it is `none`.
fn cd_drive_key() -> String {
    format!("{CONTROLLER}-{CD_PORT}-0")
}

fn adapters(entries: &Entries<'_>) -> Vec<AdapterInfo> {
    let forwards = forwards(entries);
    let adapter = |slot: u8| {
        let value = |key: &str| entries.get(&format!("{key}{slot}"));
        let kind = value("nic").filter(|kind| *kind != "none")?;
        Some(AdapterInfo {
            slot,
            kind: kind.to_owned(),
            mac: value("macaddress").unwrap_or_default().to_owned(),
            interface: value("hostonlyadapter").map(str::to_owned),
            forwards: forwards.get(&slot).cloned().unwrap_or_default(),
        })
    };
    (1..=8).filter_map(adapter).collect()
}

/// Rules are written as `Forwarding(N)="name,tcp,host ip,host port,guest ip,guest port"` after the `nic` line of their
/// adapter, and nothing else tells whose they are.
fn forwards(entries: &Entries<'_>) -> BTreeMap<u8, Vec<ForwardRule>> {
    let mut rules: BTreeMap<u8, Vec<ForwardRule>> = BTreeMap::new();
    let mut slot = 0;
    for (key, value) in &entries.0 {
        if let Some(number) = key.strip_prefix("nic").and_then(|number| number.parse().ok()) {
            slot = number;
        }
        if key.starts_with("Forwarding(")
            && let [name, _, _, host, _, guest] = value.split(',').collect::<Vec<_>>()[..]
            && let (Ok(host_port), Ok(guest_port)) = (host.parse(), guest.parse())
        {
            rules.entry(slot).or_default().push(ForwardRule { name: name.to_owned(), host_port, guest_port });
        }
    }
    rules
}

/// Media are written as `"controller-port-device"="location"` and `"controller-ImageUUID-port-device"="uuid"`.
fn attachments(entries: &Entries<'_>) -> Vec<Attachment> {
    let controllers = entries.0.iter().filter(|(key, _)| {
        key.strip_prefix("storagecontrollername").is_some_and(|number| number.parse::<u8>().is_ok())
    });
    controllers.flat_map(|(_, controller)| media_of(entries, controller)).collect()
}

fn media_of<'a>(entries: &'a Entries<'_>, controller: &'a str) -> impl Iterator<Item = Attachment> + 'a {
    entries.0.iter().filter_map(move |(key, uuid)| {
        let place = key.strip_prefix(controller)?.strip_prefix("-ImageUUID-")?;
        let (port, device) = place.split_once('-')?;
        Some(Attachment {
            controller: controller.to_owned(),
            port: port.parse().ok()?,
            device: device.parse().ok()?,
            location: entries.get(&format!("{controller}-{place}"))?.into(),
            medium: MediumId::parse(uuid)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../samples/showvminfo.txt");

    #[test]
    fn a_machine_tells_what_it_is() {
        let info = parse(SAMPLE).expect("a machine");
        assert_eq!(info.id.as_str(), "11111111-2222-4333-8444-555555555555");
        assert_eq!(info.name, "web-1");
        assert_eq!(info.state, VmState::Off);
        assert_eq!(info.folder().to_str(), Some("/srv/nodes/pallet/lab/web-1"));
        assert!(!info.has_snapshots && !info.has_cd_drive);
        let drive = SAMPLE.replace("\"SATA-1-0\"=\"none\"", "\"SATA-1-0\"=\"emptydrive\"");
        assert!(parse(&drive).expect("a machine").has_cd_drive);
        assert!(parse(include_str!("../samples/showvminfo-snapshot.txt")).expect("a machine").has_snapshots);
    }

    #[test]
    fn a_console_is_a_file() {
        assert_eq!(parse(SAMPLE).expect("a machine").console, None);
        let with =
            SAMPLE.replace("uart1=\"off\"", "uart1=\"0x03f8,4\"\nuartmode1=\"file,/n/web-1/console.log\"");
        assert_eq!(parse(&with).expect("a machine").console, Some("/n/web-1/console.log".into()));
    }

    #[test]
    fn only_a_real_medium_is_attached() {
        let info = parse(SAMPLE).expect("a machine");
        let [disk] = &info.attachments[..] else { panic!("one disk: {:?}", info.attachments) };
        assert_eq!((disk.controller.as_str(), disk.port, disk.device), ("SATA", 0, 0));
        assert!(info.owns(&disk.location));
        assert!(!info.owns("/srv/models/debian-12.vdi".as_ref()));
        assert!(!info.owns("/srv/nodes/pallet/lab/web-10/x.vdi".as_ref()));
        assert!(!info.owns("/srv/nodes/pallet/lab/web-1/../../x.vdi".as_ref()));
    }

    #[test]
    fn a_forward_belongs_to_the_adapter_before_it() {
        let info = parse(SAMPLE).expect("a machine");
        let kinds: Vec<(u8, &str)> = info.adapters.iter().map(|a| (a.slot, a.kind.as_str())).collect();
        assert_eq!(kinds, [(1, "hostonly"), (2, "nat"), (3, "bridged"), (4, "natnetwork"), (5, "intnet")]);
        let rules = |slot| info.adapter(slot).map(|a| a.forwards.clone()).unwrap_or_default();
        assert_eq!(rules(1), []);
        assert_eq!(
            rules(2),
            [("pallet-ssh", 22001, 22), ("port-80", 8080, 80)].map(|(name, host_port, guest_port)| {
                ForwardRule { name: name.into(), host_port, guest_port }
            })
        );
        assert_eq!(info.adapter(1).and_then(|a| a.interface.as_deref()), Some("vboxnet0"));
    }

    #[test]
    fn a_controller_may_have_any_name() {
        let odd = SAMPLE.replace("\"SATA", "\"my=disk-1 C");
        let info = parse(&odd).expect("a machine");
        assert_eq!(info.attachments[0].controller, "my=disk-1 C");
    }
}
