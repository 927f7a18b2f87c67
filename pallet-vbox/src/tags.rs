//! What pallet writes down about its machines, and how to read it.
//!
//! It is extra data of the registry, not of the machines: one call reads all of it, whatever the number of machines; it is
//! there before the machine is, tells what a machine is whose settings cannot be read, and does not go along when
//! somebody clones a node, since a machine is its UUID.

use crate::command::extradata::{self, Place};
use crate::command::storage::CONTROLLER;
use crate::hardware::Place as Port;
use crate::machine::MachineId;
use crate::vboxmanage::{CallError, VBoxManage};
use pallet::name::{GroupName, NodeName, ServiceName};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Before the UUID of a machine, in the keys of the registry's extra data.
const NODE: &str = "pallet/node/";
/// The disk that a machine exists to hold (see [`holder`](crate::holder)): extra data of that machine.
pub(crate) const HOLDER: &str = "pallet/holder";
/// Before the keys of tags that were asked for through the port.
const TAG: &str = "tag.";

/// What was written down about a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) service: String,
    pub(crate) name: NodeName,
    pub(crate) group: GroupName,
    /// The id of its image model, or the path of its disk.
    pub(crate) image: String,
    /// The slot of the adapter through which it is reached.
    pub(crate) adapter: u8,
    /// The port of the host that leads to its SSH server, if pallet chose one (see [`ports`](crate::ports)).
    pub(crate) port: Option<u16>,
    /// Where its own disk is, which it gets last.
    pub(crate) boot: Port,
    pub(crate) tags: BTreeMap<String, String>,
}

/// All machines that were written down, of all services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Members(BTreeMap<MachineId, Member>);

impl Members {
    /// Reads what the registry has.
    pub(crate) async fn read(vbox: &VBoxManage) -> Result<Members, CallError> {
        Ok(Members::parse(&extradata::get(vbox, Place::Global).await?))
    }

    /// What cannot be understood was not written by this version of pallet, and is left alone.
    fn parse(extra: &BTreeMap<String, String>) -> Members {
        let member = |(key, value): (&String, &String)| {
            Some((MachineId::parse(key.strip_prefix(NODE)?)?, Member::parse(value)?))
        };
        Members(extra.iter().filter_map(member).collect())
    }

    /// Returns what was written down about a machine.
    pub(crate) fn get(&self, id: &MachineId) -> Option<&Member> {
        self.0.get(id)
    }

    /// Returns what was written down about a machine, if it belongs to a service.
    pub(crate) fn of(&self, id: &MachineId, service: &ServiceName) -> Option<&Member> {
        self.get(id).filter(|member| member.service == service.as_str())
    }

    /// Returns the machines of a service that have this name.
    pub(crate) fn named<'a>(
        &'a self,
        name: &'a NodeName,
        service: &'a ServiceName,
    ) -> impl Iterator<Item = &'a MachineId> {
        let is_meant = move |member: &Member| member.name == *name && member.service == service.as_str();
        self.0.iter().filter(move |(_, member)| is_meant(member)).map(|(id, _)| id)
    }

    /// Tells whether another machine has this port.
    pub(crate) fn has_rival(&self, port: u16, id: &MachineId) -> bool {
        self.0.iter().any(|(other, member)| other != id && member.port == Some(port))
    }
}

/// Writes down what a machine is, in the place of what was there.
pub(crate) async fn write(vbox: &VBoxManage, id: &MachineId, member: &Member) -> Result<(), CallError> {
    extradata::set(vbox, Place::Global, &key(id), Some(&member.to_string())).await
}

/// Forgets a machine that is gone.
pub(crate) async fn forget(vbox: &VBoxManage, id: &MachineId) -> Result<(), CallError> {
    extradata::set(vbox, Place::Global, &key(id), None).await
}

fn key(id: &MachineId) -> String {
    format!("{NODE}{id}")
}

impl Member {
    /// Words `key=value`. Those that are not known are of a later version.
    fn parse(text: &str) -> Option<Member> {
        let words: BTreeMap<String, String> = text
            .split(' ')
            .filter_map(|word| word.split_once('='))
            .map(|(key, value)| (decode(key), decode(value)))
            .collect();
        Some(Member {
            service: words.get("service")?.clone(),
            name: NodeName::new(words.get("name")?.as_str()).ok()?,
            group: GroupName::new(words.get("group")?.as_str()).ok()?,
            image: words.get("image")?.clone(),
            adapter: words.get("adapter").and_then(|slot| slot.parse().ok()).unwrap_or(1),
            port: words.get("port").and_then(|port| port.parse().ok()),
            boot: words.get("boot").and_then(|place| parse_place(place)).unwrap_or_else(usual_boot),
            tags: words
                .iter()
                .filter_map(|(key, value)| Some((key.strip_prefix(TAG)?.to_owned(), value.clone())))
                .collect(),
        })
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |key: &str, value: &str| format!(" {}={}", encode(key), encode(value));
        write!(f, "service={}", encode(&self.service))?;
        f.write_str(&word("name", self.name.as_str()))?;
        f.write_str(&word("group", self.group.as_str()))?;
        f.write_str(&word("image", &self.image))?;
        f.write_str(&word("adapter", &self.adapter.to_string()))?;
        if let Some(port) = self.port {
            f.write_str(&word("port", &port.to_string()))?;
        }
        if self.boot != usual_boot() {
            let Port { controller, port, device } = &self.boot;
            f.write_str(&word("boot", &format!("{port}:{device}:{controller}")))?;
        }
        self.tags.iter().try_for_each(|(key, value)| f.write_str(&word(&format!("{TAG}{key}"), value)))
    }
}

/// Where nearly all machines have their own disk.
fn usual_boot() -> Port {
    Port { controller: CONTROLLER.to_owned(), port: 0, device: 0 }
}

/// The port, the device and the controller, whose name may be anything.
fn parse_place(text: &str) -> Option<Port> {
    let (port, rest) = text.split_once(':')?;
    let (device, controller) = rest.split_once(':')?;
    Some(Port { controller: controller.to_owned(), port: port.parse().ok()?, device: device.parse().ok()? })
}

/// Returns a text in the form in which extra data keeps it.
///
/// VirtualBox prints values with their line breaks, and separates keys from values by a comma and a blank; we separate
/// words by blanks and their halves by `=`. So everything but plain characters is written as `%XX`, and an empty text as `%`.
pub(crate) fn encode(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'%' | b',' | b'=' | 0..=b' ' | 0x7f.. => {
                // Writing to a string does not fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
            _ => encoded.push(char::from(byte)),
        }
        encoded
    })
}

/// Returns the text that was [encoded](encode). What was not encoded by us stays as it is.
pub(crate) fn decode(encoded: &str) -> String {
    if encoded == "%" {
        return String::new();
    }
    let bytes = encoded.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| bytes[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                text.push(byte);
                at += 3;
            }
            None => {
                text.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web_1() -> Member {
        Member {
            service: "lab".to_owned(),
            name: NodeName::new("web-1").expect("a name"),
            group: GroupName::new("web").expect("a name"),
            image: "/srv/a b.vdi".to_owned(),
            adapter: 2,
            port: Some(22_001),
            boot: usual_boot(),
            tags: BTreeMap::from([
                ("odd=key, x".to_owned(), "two\nlines".to_owned()),
                ("e".to_owned(), String::new()),
            ]),
        }
    }

    fn members(entries: &[(&MachineId, &str)]) -> Members {
        Members::parse(&entries.iter().map(|(id, text)| (key(id), (*text).to_owned())).collect())
    }

    #[test]
    fn what_was_written_is_read() {
        let text = web_1().to_string();
        assert!(
            text.starts_with(
                "service=lab name=web-1 group=web image=/srv/a%20b.vdi adapter=2 port=22001 tag."
            )
        );
        assert_eq!(Member::parse(&text), Some(web_1()));
        assert_eq!(Member::parse(&format!("{text} colour=red")), Some(web_1()), "of a later version");
        assert_eq!(Member::parse("service=lab name=web-1 group=web"), None);
        let elsewhere =
            Member { boot: Port { controller: "my: IDE".to_owned(), port: 1, device: 0 }, ..web_1() };
        assert_eq!(Member::parse(&elsewhere.to_string()), Some(elsewhere));
    }

    #[test]
    fn a_machine_is_of_one_service() {
        let (id, other) = (MachineId::random(), MachineId::random());
        let all = members(&[(&id, &web_1().to_string()), (&other, "what is this")]);
        let service = |name: &str| ServiceName::new(name).expect("a name");
        assert_eq!(all.of(&id, &service("lab")), Some(&web_1()));
        assert_eq!(all.of(&id, &service("prod")), None);
        assert_eq!(all.get(&other), None);
        assert_eq!(all.named(&web_1().name, &service("lab")).collect::<Vec<_>>(), [&id]);
        assert_eq!(all.named(&web_1().name, &service("prod")).count(), 0);
    }

    #[test]
    fn a_port_has_a_rival_only_in_another_machine() {
        let (a, b) = (MachineId::random(), MachineId::random());
        let all = members(&[(&a, &web_1().to_string())]);
        assert!(!all.has_rival(22_001, &a));
        assert!(all.has_rival(22_001, &b));
        assert!(!all.has_rival(22_002, &b));
    }

    #[test]
    fn every_text_survives() {
        for text in ["", "%", "%41", "a b", "a, Value: b", "a=b", "two\nlines", "Ünï", "100%", "\u{7f}\0"] {
            let encoded = encode(text);
            assert!(!encoded.is_empty() && encoded.bytes().all(|b| b.is_ascii_graphic()), "{encoded:?}");
            assert_eq!(decode(&encoded), text);
        }
        assert_eq!(decode("50%"), "50%");
    }
}
