//! The admin user.

use super::notes::Notes;
use super::tree::{Node, Table};
use pallet_edn::{Form, Value};

/// Keys that are texts, spelled as they are here.
const TEXTS: &[&str] =
    &["username", "private-key-path", "public-key-path", "passphrase", "password", "sudo-password"];

/// Returns the section `[admin-user]`.
pub(super) fn table(value: Value, notes: &mut Notes<'_>) -> toml::Table {
    let at = value.at.start;
    let Form::Map(pairs) = value.form else {
        notes.add(at, format!("`admin-user`: expected a map, found {}", value.kind()));
        return toml::Table::new();
    };
    let mut table = Table::of(pairs, notes);
    table.0.retain(|entry| match why_not(&entry.key, &entry.node) {
        None => true,
        Some(why) => {
            notes.add(entry.at, format!("`{}` of the admin user: {why}", entry.key));
            false
        }
    });
    table.toml()
}

fn why_not(key: &str, value: &Node) -> Option<&'static str> {
    match (key, value) {
        ("no-sudo", Node::Bool(_)) => None,
        ("no-sudo", _) => Some("expected true or false"),
        (key, Node::Text(_)) if TEXTS.contains(&key) => None,
        (key, _) if TEXTS.contains(&key) => Some("expected a text"),
        ("private-key" | "public-key", _) => Some("put the key into a file, and name that"),
        ("sudo-user", _) => Some("phases run as root; an action can be told to run as somebody else"),
        _ => Some("no such key is known"),
    }
}
