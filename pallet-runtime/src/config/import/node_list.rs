//! The hosts of the provider `node-list`, which were vectors: `["web-1" "web" "10.0.0.7" :ubuntu :ssh-port 2222]`.

use super::notes::Notes;
use super::tree::{Entry, Node, Table};
use crate::config::Source;
use pallet::compute::Provider;
use pallet::options::{OptionError, OptionValue, Options};

/// What followed in pairs, and what it is called now.
const KEYS: &[(&str, &str)] =
    &[("ssh-port", "port"), ("private-ip", "private-ip"), ("image-user", "image-user")];

/// Turns the option `node-list` into `nodes`, as far as the provider understands them.
pub(super) fn modernize(options: &mut Table, provider: &dyn Provider, notes: &mut Notes<'_>) {
    let Some(Entry { at, node, .. }) = options.take("node-list") else { return };
    let Node::List(hosts) = node else {
        notes.add(at, "`node-list`: expected a vector of hosts");
        return;
    };
    let mut nodes = Vec::new();
    for (at, node) in hosts {
        let Some(host) = host(node, notes) else {
            notes.add(at, "a host begins with its name, its group and its address");
            continue;
        };
        match check(&host, provider, notes.source()) {
            Ok(()) => nodes.push((at, Node::Table(host))),
            Err(error) => notes.add(at, error.message),
        }
    }
    options.0.push(Entry { key: "nodes".to_owned(), at, node: Node::List(nodes) });
}

/// Asks the provider whether it understands a host.
fn check(host: &Table, provider: &dyn Provider, source: &Source) -> Result<(), OptionError> {
    let mut alone = Options::new("the hosts", None);
    alone.set("nodes", OptionValue::List(vec![OptionValue::Table(host.options("the host", source))]), "");
    provider.check(&alone)
}

fn host(host: Node, notes: &mut Notes<'_>) -> Option<Table> {
    let Node::List(words) = host else { return None };
    let mut words = words.into_iter();
    let mut table = Table::default();
    for key in ["name", "group", "address"] {
        let (at, node) = words.next()?;
        table.0.push(Entry { key: key.to_owned(), at, node });
    }
    // The system is asked from the host itself.
    words.next();
    while let (Some((at, key)), Some((_, node))) = (words.next(), words.next()) {
        let key = if let Node::Text(key) = key { key } else { String::new() };
        match KEYS.iter().find(|(old, _)| *old == key) {
            Some((_, new)) => table.0.push(Entry { key: (*new).to_owned(), at, node }),
            // What the host says of itself.
            None if matches!(key.as_str(), "id" | "os-version" | "is-64bit" | "running") => {}
            None => notes.add(at, format!("`{key}` of a host: no such key is known")),
        }
    }
    Some(table)
}
