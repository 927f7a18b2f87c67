//! `facts`: what nodes tell about themselves.

use super::args::{AdminArgs, Selection};
use super::{Session, Setup, Stop, check, exit, listing, run, service};
use crate::connector::DEFAULT_BOOT_TIMEOUT;
use crate::engine::NodeFacts;
use crate::error::InputError;
use crate::event::{Event, Failure, Listener};
use crate::home::create_private_dir;
use crate::request::{Confirm, RunError};
use pallet::facts::Facts;
use pallet::name::NodeName;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

/// Prints the facts of the nodes that run.
pub(crate) async fn facts(
    session: &Session<'_>,
    selection: &Selection,
    admin: &AdminArgs,
) -> Result<u8, Stop> {
    let groups = check::group_names(&selection.groups, &session.catalogue)?;
    let admin = run::admin(session, admin)?;
    let all: Vec<_> = session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
    let service = service::open(session, if groups.is_empty() { &all } else { &groups }).await?;
    create_private_dir(session.home.state())?;
    let setup = Setup {
        known_hosts: session.home.known_hosts(&service.name),
        service: service.compute,
        service_name: service.name,
        admin,
        hosts: session.hosts.get().cloned(),
        ssh_config: run::ssh_config(session.world),
        boot_timeout: DEFAULT_BOOT_TIMEOUT,
        listener: Arc::new(Nobody),
        confirm: Arc::new(Nobody),
        cancel: watch::channel(false).1,
    };
    match session.engine.facts(setup, groups).await {
        Ok(nodes) => Ok(print(session, &nodes)),
        Err(RunError::Input(failures)) => Err(Stop(failures.into_iter().map(InputError::from).collect())),
        Err(error) => {
            session.say(&error.to_string());
            Ok(exit::FAILED)
        }
    }
}

/// Reading asks nothing and reports nothing on the way.
struct Nobody;

impl Listener for Nobody {
    fn event(&self, _: &Event) {}
}

impl Confirm for Nobody {
    fn confirm(&self, _: &str) -> bool {
        false
    }
}

#[derive(Serialize)]
struct Item<'a> {
    node: &'a NodeName,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<&'a Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a Failure>,
}

fn print(session: &Session<'_>, nodes: &[NodeFacts]) -> u8 {
    let items: Vec<Item<'_>> = nodes
        .iter()
        .map(|found| Item {
            node: &found.node,
            facts: found.facts.as_ref().ok(),
            failure: found.facts.as_ref().err(),
        })
        .collect();
    let rows = items.iter().flat_map(rows).collect();
    listing::print(&session.globals, session.world, &["NODE", "FACT", "VALUE"], rows, &items);
    if items.iter().any(|item| item.failure.is_some()) { exit::FAILED } else { exit::OK }
}

fn rows(item: &Item<'_>) -> Vec<Vec<String>> {
    let mut cells: Vec<(String, String)> = Vec::new();
    if let Some(failure) = item.failure {
        cells.push(("-".to_owned(), failure.message.clone()));
    }
    // Facts are plain data: this cannot fail.
    if let Some(value) = item.facts.and_then(|facts| serde_json::to_value(facts).ok()) {
        flatten("", &value, &mut cells);
    }
    cells.into_iter().map(|(fact, value)| vec![item.node.to_string(), fact, value]).collect()
}

/// `{"os": {"id": "debian"}}` becomes `os.id`, and lists have numbers.
fn flatten(path: &str, value: &Value, cells: &mut Vec<(String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| flatten(&below(name), value, cells));
        }
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let words: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            cells.push((path.to_owned(), words.join(" ")));
        }
        Value::Array(values) => {
            let numbered = values.iter().enumerate();
            numbered.for_each(|(number, value)| flatten(&below(&number.to_string()), value, cells));
        }
        Value::String(text) => cells.push((path.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => cells.push((path.to_owned(), value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_flat_for_people() {
        let node = NodeName::new("web-1").expect("valid");
        let facts = Facts::example();
        let rows = rows(&Item { node: &node, facts: Some(&facts), failure: None });
        let value = |fact: &str| rows.iter().find(|row| row[1] == fact).map(|row| row[2].clone());
        assert_eq!(value("os.version").as_deref(), Some("12"));
        assert_eq!(value("disks.0.name").as_deref(), Some("vda"));
        assert_eq!(value("addresses").as_deref(), Some("192.0.2.1"));
        assert_eq!(value("hypervisor").as_deref(), Some("kvm"));
        assert_eq!(value("container"), None);
    }
}
