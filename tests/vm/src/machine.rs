//! What `showvminfo --machinereadable` says of a machine's hardware.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The hardware of a machine, as far as QEMU can have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its UUID.
    pub id: String,
    /// Whether its chipset is ICH9, not PIIX3.
    pub is_ich9: bool,
    /// In MiB.
    pub memory: u32,
    /// How many processors it has.
    pub cpus: u32,
    /// What is in its drives.
    pub drives: Vec<Drive>,
    /// Its network adapters.
    pub adapters: Vec<Adapter>,
}

/// A drive with a medium in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drive {
    /// What it hangs on.
    pub bus: Bus,
    /// The place on the bus: for IDE 0 to 3.
    pub place: u8,
    /// The UUID of the medium.
    pub medium: String,
    /// Where the medium is.
    pub location: PathBuf,
    /// Whether it is an optical disc.
    pub is_optical: bool,
}

/// A kind of storage controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    /// SATA, by an AHCI controller.
    Sata,
    /// IDE, of the chipset.
    Ide,
}

/// A network adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its number, from 1.
    pub slot: u8,
    /// QEMU's name of the same hardware.
    pub device: &'static str,
    /// Its address, with colons.
    pub mac: String,
    /// The forwarded ports, if it is behind NAT: address and port of the host, port of the guest.
    pub nat: Option<Vec<(String, u16, u16)>>,
}

impl Machine {
    /// Reads a machine from VirtualBox's words.
    ///
    /// # Errors
    ///
    /// What is missing there, or has no counterpart in QEMU.
    pub fn parse(text: &str) -> Result<Machine, String> {
        let entries = entries(text);
        let get = |key: &str| entries.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let need = |key: &str| get(key).ok_or_else(|| format!("showvminfo says nothing of `{key}`"));
        let number = |key: &str| need(key)?.parse().map_err(|_| format!("`{key}` is no number"));
        if need("firmware")? != "BIOS" {
            return Err("only a BIOS is stood in for".to_owned());
        }
        Ok(Machine {
            id: need("UUID")?.to_owned(),
            is_ich9: need("chipset")? == "ich9",
            memory: number("memory")?,
            cpus: number("cpus")?,
            drives: drives(&entries)?,
            adapters: adapters(&entries)?,
        })
    }
}

/// Returns keys and values without their quotes, in the order they were written.
fn entries(text: &str) -> Vec<(&str, &str)> {
    text.lines().filter_map(entry).map(|(key, value)| (key, value.trim_matches('"'))).collect()
}

/// A key is quoted where it is the name of a controller with a place on it.
fn entry(line: &str) -> Option<(&str, &str)> {
    let quoted = line.strip_prefix('"').and_then(|rest| rest.split_once("\"="));
    quoted.or_else(|| line.split_once('='))
}

fn drives(entries: &[(&str, &str)]) -> Result<Vec<Drive>, String> {
    let all: BTreeMap<&str, &str> = entries.iter().copied().collect();
    let mut drives = Vec::new();
    for (key, name) in entries {
        let Some(number) = key.strip_prefix("storagecontrollername") else { continue };
        let bus = match all.get(format!("storagecontrollertype{number}").as_str()) {
            Some(&"IntelAhci") => Bus::Sata,
            Some(&("PIIX3" | "PIIX4" | "ICH6")) => Bus::Ide,
            other => return Err(format!("the storage controller {name} ({other:?}) is not stood in for")),
        };
        for (key, medium) in entries {
            let place = key.strip_prefix(name).and_then(|rest| rest.strip_prefix("-ImageUUID-"));
            let Some((port, device)) = place.and_then(|place| place.split_once('-')) else { continue };
            let location = all.get(format!("{name}-{port}-{device}").as_str()).copied().unwrap_or_default();
            let number = |text: &str| text.parse::<u8>().map_err(|_| format!("`{key}` names no place"));
            let place = match bus {
                Bus::Sata => number(port)?,
                Bus::Ide => number(port)? * 2 + number(device)?,
            };
            drives.push(Drive {
                bus,
                place,
                medium: (*medium).to_owned(),
                location: location.into(),
                is_optical: location.ends_with(".iso"),
            });
        }
    }
    Ok(drives)
}

fn adapters(entries: &[(&str, &str)]) -> Result<Vec<Adapter>, String> {
    let get = |key: String| entries.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let mut adapters = Vec::new();
    for slot in 1..=8 {
        let Some(kind) = get(format!("nic{slot}")).filter(|kind| *kind != "none") else { continue };
        adapters.push(Adapter {
            slot,
            device: device(get(format!("nictype{slot}")).unwrap_or_default())?,
            mac: with_colons(get(format!("macaddress{slot}")).unwrap_or_default()),
            nat: (kind == "nat").then(|| forwards(entries, slot)),
        });
    }
    Ok(adapters)
}

fn device(kind: &str) -> Result<&'static str, String> {
    match kind {
        "82540EM" => Ok("e1000"),
        "82545EM" => Ok("e1000-82545em"),
        "82543GC" => Ok("e1000-82544gc"),
        "virtio" => Ok("virtio-net-pci"),
        other => Err(format!("the network adapter {other} is not stood in for")),
    }
}

fn with_colons(mac: &str) -> String {
    let pairs: Vec<&str> = (0..mac.len() / 2).filter_map(|pair| mac.get(pair * 2..pair * 2 + 2)).collect();
    pairs.join(":")
}

/// Rules are written behind the `nic` line of their adapter, and nothing else tells whose they are.
fn forwards(entries: &[(&str, &str)], slot: u8) -> Vec<(String, u16, u16)> {
    let own = entries.iter().skip_while(|(key, _)| *key != format!("nic{slot}")).skip(1);
    let is_next = |key: &str| key.strip_prefix("nic").is_some_and(|number| number.parse::<u8>().is_ok());
    let own = own.take_while(|(key, _)| !is_next(key)).filter(|(key, _)| key.starts_with("Forwarding("));
    own.filter_map(|(_, rule)| match rule.split(',').collect::<Vec<_>>()[..] {
        [_, "tcp", host, port, _, guest] => Some((host.to_owned(), port.parse().ok()?, guest.parse().ok()?)),
        _ => None,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"name="web-1"
UUID="11111111-2222-4333-8444-555555555555"
memory=512
chipset="piix3"
firmware="BIOS"
cpus=2
storagecontrollername0="SATA"
storagecontrollertype0="IntelAhci"
storagecontrollername1="IDE"
storagecontrollertype1="PIIX4"
"SATA-0-0"="/n/web-1/Snapshots/{aaaaaaaa-0000-4000-8000-000000000000}.vdi"
"SATA-ImageUUID-0-0"="aaaaaaaa-0000-4000-8000-000000000000"
"SATA-1-0"="none"
"IDE-1-0"="/n/seed.iso"
"IDE-ImageUUID-1-0"="bbbbbbbb-0000-4000-8000-000000000000"
natnet1="nat"
macaddress1="080027AABB01"
nic1="nat"
nictype1="82540EM"
Forwarding(0)="pallet-ssh,tcp,127.0.0.1,22001,,22"
macaddress2="080027AABB02"
nic2="intnet"
nictype2="virtio"
nic3="none"
VMState="poweroff"
"#;

    #[test]
    fn the_parts_of_a_machine_have_counterparts() {
        let machine = Machine::parse(TEXT).expect("a machine");
        assert_eq!((machine.memory, machine.cpus, machine.is_ich9), (512, 2, false));
        let [disk, disc] = &machine.drives[..] else { panic!("two drives: {:?}", machine.drives) };
        assert_eq!((disk.bus, disk.place, disk.is_optical), (Bus::Sata, 0, false));
        assert_eq!((disc.bus, disc.place, disc.is_optical), (Bus::Ide, 2, true));
        let [nat, inner] = &machine.adapters[..] else { panic!("two adapters: {:?}", machine.adapters) };
        assert_eq!((nat.device, nat.mac.as_str()), ("e1000", "08:00:27:AA:BB:01"));
        assert_eq!(nat.nat, Some(vec![("127.0.0.1".to_owned(), 22_001, 22)]));
        assert_eq!((inner.device, &inner.nat), ("virtio-net-pci", &None));
    }

    #[test]
    fn what_has_no_counterpart_is_refused() {
        let refused = |from, to| Machine::parse(&TEXT.replace(from, to)).expect_err("no counterpart");
        assert_eq!(refused("BIOS", "EFI"), "only a BIOS is stood in for");
        assert!(refused("IntelAhci", "LsiLogic").contains("SATA"));
        assert!(refused("82540EM", "Am79C973").contains("Am79C973"));
    }
}
