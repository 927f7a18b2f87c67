//! `setextradata` and `getextradata`: texts by key, kept with a machine or with the whole registry.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::collections::BTreeMap;

/// Where extra data is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// With a machine; it goes when the machine goes.
    Machine(&'a MachineId),
    /// With the registry of the host's user.
    Global,
}

impl Place<'_> {
    fn argument(&self) -> &str {
        match self {
            Place::Machine(id) => id.as_str(),
            Place::Global => "global",
        }
    }
}

/// Returns all extra data of a place.
pub(crate) async fn get(vbox: &VBoxManage, place: Place<'_>) -> Result<BTreeMap<String, String>, CallError> {
    let place = place.argument();
    let call = Call::new(format!("read the extra data of {place}"), ["getextradata", place, "enumerate"]);
    Ok(parse(&vbox.run(call.repeatable()).await?.stdout))
}

/// Writes extra data, or removes it. An empty value removes it too: VirtualBox cannot tell the two apart.
pub(crate) async fn set(
    vbox: &VBoxManage,
    place: Place<'_>,
    key: &str,
    value: Option<&str>,
) -> Result<(), CallError> {
    let call = Call::new(format!("write the extra data {key}"), set_arguments(place, key, value));
    vbox.run(call.repeatable()).await.map(drop)
}

fn set_arguments<'a>(place: Place<'a>, key: &'a str, value: Option<&'a str>) -> Vec<String> {
    ["setextradata", place.argument(), key].into_iter().chain(value).map(str::to_owned).collect()
}

/// Values of ours have no line breaks (see [`tags`](crate::tags)); lines of other programs' values are skipped.
fn parse(stdout: &str) -> BTreeMap<String, String> {
    stdout
        .lines()
        .filter_map(|line| line.strip_prefix("Key: ")?.split_once(", Value: "))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_data_is_read_by_key() {
        let found = parse(include_str!("../samples/getextradata.txt"));
        let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            found,
            [
                ("GUI/LastCloseAction", "PowerOff"),
                ("pallet/group", "web"),
                ("pallet/service", "lab"),
                ("pallet/tag/note", "a%0Ab = c"),
            ]
        );
        assert!(parse("").is_empty());
    }

    #[test]
    fn no_value_removes() {
        assert_eq!(set_arguments(Place::Global, "k", None), ["setextradata", "global", "k"]);
        assert_eq!(set_arguments(Place::Global, "k", Some("v")), ["setextradata", "global", "k", "v"]);
    }
}
