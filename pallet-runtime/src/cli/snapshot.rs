//! `snapshot list`: the states of nodes that are kept.

use super::args::Selection;
use super::service::{self, explain};
use super::{Session, Stop, check, exit, listing, work};
use crate::error::InputError;
use pallet::compute::{NodeRecord, Snapshot};
use serde::Serialize;

/// Lists the snapshots of the nodes of groups.
pub(crate) async fn list(session: &Session<'_>, selection: &Selection) -> Result<u8, Stop> {
    let selected = check::group_names(&selection.groups, &session.catalogue)?;
    let all: Vec<_> = session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
    let service = service::open(session, if selected.is_empty() { &all } else { &selected }).await?;
    let snapshots = work::snapshots(&*service.compute).map_err(|error| explain(session, error))?;
    let Some(mut nodes) = listing::list(session, &service).await? else { return Ok(exit::FAILED) };
    nodes.retain(|node| selected.is_empty() || selected.contains(&node.group));
    let mut rows = Vec::new();
    let mut failed = false;
    for node in &nodes {
        match snapshots.list(&node.id).await {
            Ok(found) => rows.extend(found.iter().map(|snapshot| Row::new(node, snapshot, &found))),
            Err(error) => {
                failed = true;
                let error: InputError = explain(session, error);
                session.say(error.render(session.paint()).trim_end());
            }
        }
    }
    let cells = rows.iter().map(Row::cells).collect();
    listing::print(
        &session.globals,
        session.world,
        &["NODE", "SNAPSHOT", "BASED ON", "CURRENT"],
        cells,
        &rows,
    );
    Ok(if failed { exit::FAILED } else { exit::OK })
}

#[derive(Serialize)]
struct Row {
    node: String,
    snapshot: String,
    based_on: Option<String>,
    current: bool,
    id: String,
}

impl Row {
    fn new(node: &NodeRecord, snapshot: &Snapshot, all: &[Snapshot]) -> Self {
        let parent = snapshot.parent.as_ref();
        let parent = parent.and_then(|parent| all.iter().find(|other| other.id == *parent));
        Row {
            node: node.name.to_string(),
            snapshot: snapshot.name.clone(),
            based_on: parent.map(|parent| parent.name.clone()),
            current: snapshot.current,
            id: snapshot.id.clone(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let based_on = self.based_on.clone().unwrap_or_else(|| "-".to_owned());
        let current = if self.current { "*" } else { "" };
        vec![self.node.clone(), self.snapshot.clone(), based_on, current.to_owned()]
    }
}
