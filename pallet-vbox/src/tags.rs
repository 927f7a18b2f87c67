//! How a machine says that it is ours: keys of its extra data, and how to read them.

use pallet::name::{GroupName, ServiceName};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The service that a machine belongs to. The first tag written: a machine with it is ours.
pub(crate) const SERVICE: &str = "pallet/service";
/// The group that a node was made for.
pub(crate) const GROUP: &str = "pallet/group";
/// The number of the adapter through which a node is reached, if it is not the first.
pub(crate) const ADAPTER: &str = "pallet/adapter";
/// What a node was made from. The last tag written: a machine with it is complete.
pub(crate) const IMAGE: &str = "pallet/image";
/// The disk that a machine exists to hold (see [`holder`](crate::holder)).
pub(crate) const HOLDER: &str = "pallet/holder";
/// Before the keys of tags that were asked for through the port.
const TAG: &str = "pallet/tag/";

/// What a machine is to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Membership {
    /// One of its nodes.
    Node(Member),
    /// One of its nodes whose creation did not come to an end.
    HalfMade,
    /// A machine that holds a model for any service.
    Holder,
    /// A machine of another service of pallet.
    Other(String),
    /// Not ours.
    Foreign,
}

/// What the tags of a node say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) group: GroupName,
    /// The id of its image model, or the path of its disk.
    pub(crate) image: String,
    /// The slot of the adapter through which it is reached.
    pub(crate) adapter: u8,
    pub(crate) tags: BTreeMap<String, String>,
}

/// Returns what a machine with this extra data is to a service.
pub(crate) fn membership(extra: &BTreeMap<String, String>, service: &ServiceName) -> Membership {
    if extra.contains_key(HOLDER) {
        return Membership::Holder;
    }
    match extra.get(SERVICE) {
        None => Membership::Foreign,
        Some(other) if other != service.as_str() => Membership::Other(other.clone()),
        Some(_) => member(extra).map_or(Membership::HalfMade, Membership::Node),
    }
}

fn member(extra: &BTreeMap<String, String>) -> Option<Member> {
    Some(Member {
        group: GroupName::new(extra.get(GROUP)?.as_str()).ok()?,
        image: decode(extra.get(IMAGE)?),
        adapter: extra.get(ADAPTER).and_then(|slot| slot.parse().ok()).unwrap_or(1),
        tags: extra
            .iter()
            .filter_map(|(key, value)| Some((decode(key.strip_prefix(TAG)?), decode(value))))
            .collect(),
    })
}

/// Returns the extra data key of a tag that was asked for through the port.
pub(crate) fn tag_key(key: &str) -> String {
    format!("{TAG}{}", encode(key))
}

/// Returns a text in the form in which extra data keeps it.
///
/// VirtualBox takes an empty value for a removal, prints values with their line breaks, and separates keys from values
/// by a comma and a blank. So everything but plain characters is written as `%XX`, and an empty text as `%`.
pub(crate) fn encode(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'%' | b',' | 0..=b' ' | 0x7f.. => {
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

    fn extra(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn of(pairs: &[(&str, &str)]) -> Membership {
        membership(&extra(pairs), &ServiceName::new("lab").expect("a name"))
    }

    #[test]
    fn a_machine_is_ours_from_the_first_tag_and_complete_with_the_last() {
        assert_eq!(of(&[("GUI/x", "y")]), Membership::Foreign);
        assert_eq!(of(&[(SERVICE, "lab")]), Membership::HalfMade);
        assert_eq!(of(&[(SERVICE, "lab"), (GROUP, "web")]), Membership::HalfMade);
        let Membership::Node(member) =
            of(&[(SERVICE, "lab"), (GROUP, "web"), (IMAGE, "debian-12"), ("pallet/tag/a%20b", "%")])
        else {
            panic!("a node")
        };
        assert_eq!((member.group.as_str(), member.image.as_str(), member.adapter), ("web", "debian-12", 1));
        assert_eq!(member.tags, extra(&[("a b", "")]));
    }

    #[test]
    fn a_machine_of_another_service_and_a_holder_are_no_nodes() {
        assert_eq!(of(&[(SERVICE, "prod"), (GROUP, "web"), (IMAGE, "x")]), Membership::Other("prod".into()));
        assert_eq!(of(&[(HOLDER, "64a43b38-92a2-4fd0-87c9-a24f2b4707b2")]), Membership::Holder);
    }

    #[test]
    fn every_text_survives() {
        for text in ["", "%", "%41", "a b", "a, Value: b", "two\nlines", "Ünï", "100%", "\u{7f}\0"] {
            let encoded = encode(text);
            assert!(!encoded.is_empty() && encoded.bytes().all(|b| b.is_ascii_graphic()), "{encoded:?}");
            assert_eq!(decode(&encoded), text);
        }
        assert_eq!(decode("50%"), "50%");
    }
}
