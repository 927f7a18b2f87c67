//! `nodes`, `groups` and `phases`: tables for people, a JSON object a line for programs.

use super::args::{Globals, Selection};
use super::output::OutputFormat;
use super::service::{self, OpenService, explain};
use super::{Catalogue, Session, Stop, World, check, exit};
use crate::report::json_line;
use crate::report::{text, write};
use pallet::compute::{Endpoint, ErrorKind, NodeRecord, NodeState};
use serde::Serialize;

/// Lists the groups that are declared.
pub(crate) fn groups(catalogue: &Catalogue, globals: &Globals, world: &World) -> Result<u8, Stop> {
    let rows = catalogue.groups.iter().map(|group| {
        let count = group.count.map_or_else(|| "-".to_owned(), |count| count.to_string());
        vec![group.name.to_string(), count, group.spec.clone(), group.source.clone()]
    });
    print(globals, world, &["GROUP", "COUNT", "SPEC", "SOURCE"], rows.collect(), &catalogue.groups);
    Ok(exit::OK)
}

/// Lists the phases that are declared.
pub(crate) fn phases(catalogue: &Catalogue, globals: &Globals, world: &World) -> Result<u8, Stop> {
    let rows = catalogue.phases.iter().map(|phase| {
        let groups: Vec<&str> = phase.groups.iter().map(AsRef::as_ref).collect();
        vec![phase.name.to_string(), groups.join(", ")]
    });
    print(globals, world, &["PHASE", "GROUPS"], rows.collect(), &catalogue.phases);
    Ok(exit::OK)
}

/// Lists the nodes that exist.
pub(crate) async fn nodes(session: &Session<'_>, selection: &Selection) -> Result<u8, Stop> {
    let selected = check::group_names(&selection.groups, &session.catalogue)?;
    let all: Vec<_> = session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
    let service = service::open(session, if selected.is_empty() { &all } else { &selected }).await?;
    let Some(mut listed) = list(session, &service).await? else { return Ok(exit::FAILED) };
    listed.retain(|node| selected.is_empty() || selected.contains(&node.group));
    print_nodes(session, &listed);
    Ok(exit::OK)
}

/// Returns the nodes of a service, or nothing after it said why the service does not answer well.
pub(super) async fn list(
    session: &Session<'_>,
    service: &OpenService,
) -> Result<Option<Vec<NodeRecord>>, Stop> {
    let error = match service.compute.list().await {
        Ok(listed) => return Ok(Some(listed)),
        Err(error) => error,
    };
    let kind = error.kind;
    let error = explain(session, error);
    if kind == ErrorKind::Input {
        return Err(error.into());
    }
    session.say(error.render(session.paint()).trim_end());
    Ok(None)
}

/// Prints nodes with their states.
pub(super) fn print_nodes(session: &Session<'_>, nodes: &[NodeRecord]) {
    let mut rows: Vec<NodeRow> = nodes.iter().map(NodeRow::new).collect();
    rows.sort_by(|a, b| (&a.group, &a.node).cmp(&(&b.group, &b.node)));
    let table = rows.iter().map(NodeRow::cells).collect();
    print(&session.globals, session.world, &["NODE", "GROUP", "STATE", "ADDRESS"], table, &rows);
}

#[derive(Serialize)]
struct NodeRow {
    node: String,
    group: String,
    state: &'static str,
    /// Why a node cannot be used.
    because: Option<String>,
    address: Option<String>,
    private_ip: Option<String>,
    id: String,
}

impl NodeRow {
    fn new(node: &NodeRecord) -> Self {
        let (state, because) = match &node.state {
            NodeState::Running => ("running", None),
            NodeState::Stopped => ("stopped", None),
            NodeState::Suspended => ("suspended", None),
            NodeState::Inaccessible(why) => ("inaccessible", Some(why.clone())),
        };
        NodeRow {
            node: node.name.to_string(),
            group: node.group.to_string(),
            state,
            because,
            address: address(node),
            private_ip: node.private_ip.map(|ip| ip.to_string()),
            id: node.id.to_string(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let state = match &self.because {
            Some(why) => format!("{}: {why}", self.state),
            None => self.state.to_owned(),
        };
        vec![
            self.node.clone(),
            self.group.clone(),
            state,
            self.address.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    }
}

fn address(node: &NodeRecord) -> Option<String> {
    match &node.endpoint {
        Some(Endpoint::Ssh { host, port: 22 }) => Some(host.clone()),
        Some(Endpoint::Ssh { host, port }) if host.contains(':') => Some(format!("[{host}]:{port}")),
        Some(Endpoint::Ssh { host, port }) => Some(format!("{host}:{port}")),
        Some(Endpoint::Through { via, host, port }) => Some(format!("{host}:{port} on {via}")),
        Some(Endpoint::Local) => Some("this machine".to_owned()),
        Some(Endpoint::Command { .. }) | None => node.primary_ip.map(|ip| ip.to_string()),
    }
}

/// Prints a table for people, or an object a line for programs.
pub(super) fn print<T: Serialize>(
    globals: &Globals,
    world: &World,
    head: &[&str],
    rows: Vec<Vec<String>>,
    items: &[T],
) {
    let text = match OutputFormat::or_fitting(globals.output, world) {
        OutputFormat::Json => items.iter().map(json_line).collect(),
        OutputFormat::Human | OutputFormat::Plain => table(head, rows),
    };
    write(&world.stdout.sink, &text);
}

fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = [head]
        .into_iter()
        .chain(rows.into_iter().map(|row| row.iter().map(|cell| text::clean(cell).into_owned()).collect()))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
