//! A compute service: its provider is asked which of its options it understands.

use super::node_list;
use super::notes::Notes;
use super::tree::{Entry, Node, Table};
use pallet::compute::{Heritage, Provider};
use pallet_edn::{Form, Value};
use std::sync::Arc;

/// How many options of a service may be left out. Beyond that it is no service of Pallet's.
const MOST_LEFT_OUT: usize = 50;

/// Returns the table of a service, or nothing after noting why there is none.
pub(super) fn table(
    name: &str,
    value: Value,
    providers: &[Arc<dyn Provider>],
    notes: &mut Notes<'_>,
) -> Option<toml::Table> {
    let at = value.at.start;
    let Form::Map(pairs) = value.form else {
        notes.add(at, format!("the service `{name}` is {}, not a map", value.kind()));
        return None;
    };
    let (wanted, pairs): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(key, _)| key.name() == Some("provider"));
    // A symbol is as good as a keyword or a text here.
    let Some(wanted) = wanted.first().and_then(|(_, value)| value.name()) else {
        notes.add(at, format!("the service `{name}` has no `provider`"));
        return None;
    };
    let Some(provider) = providers.iter().find(|provider| is_called(&***provider, wanted)) else {
        let known: Vec<&str> = providers.iter().map(|provider| provider.name()).collect();
        let known = known.join(", ");
        notes.add(at, format!("the service `{name}`: this program has no provider `{wanted}`, but {known}"));
        return None;
    };
    let mut options = Table::of(pairs, notes);
    if provider.name() == "node-list" {
        node_list::modernize(&mut options, &**provider, notes);
    }
    inherit(&mut options, provider.heritage(), at, notes);
    if !refuse(&mut options, &**provider, name, at, notes) {
        return None;
    }
    let mut table = options.toml();
    table.insert("provider".to_owned(), provider.name().into());
    Some(table)
}

fn is_called(provider: &dyn Provider, name: &str) -> bool {
    provider.name() == name || provider.aliases().contains(&name)
}

/// Leaves out what means nothing any more, and writes down what went without saying.
fn inherit(options: &mut Table, heritage: Heritage, at: usize, notes: &mut Notes<'_>) {
    for key in heritage.obsolete {
        if let Some(entry) = options.take(key) {
            notes.add(entry.at, format!("`{key}`: nothing is left that could use it"));
        }
    }
    for (key, value) in heritage.defaults {
        if options.get(key).is_none() {
            options.0.push(Entry { key: (*key).to_owned(), at, node: Node::Text((*value).to_owned()) });
        }
    }
}

/// Takes out what the provider does not understand, one option after another. Tells whether a service is left.
fn refuse(
    options: &mut Table,
    provider: &dyn Provider,
    name: &str,
    at: usize,
    notes: &mut Notes<'_>,
) -> bool {
    let source = notes.source();
    for _ in 0..MOST_LEFT_OUT {
        let Err(error) = provider.check(&options.options(&format!("service \"{name}\""), source)) else {
            return true;
        };
        match error.place.parse() {
            Ok(stands_at) if options.remove(stands_at) => notes.add(stands_at, error.message),
            // Something is missing, or wrong as a whole: only a person can say what it should be.
            _ => {
                notes.add(at, format!("the service `{name}` is not complete: {}", error.message));
                return true;
            }
        }
    }
    notes.add(at, format!("the service `{name}`: more than {MOST_LEFT_OUT} of its options mean nothing"));
    false
}
