//! Nodes that are put back to a snapshot before they are configured.

use super::nodes::Run;
use super::select::Selection;
use super::{input, service_error};
use crate::event::{Event, Failure, NodeWork};
use crate::request::RunError;
use pallet::compute::{ComputeError, NodeRecord, Snapshots};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Checks that every node that exists has the snapshot, where one is asked for.
pub(super) async fn check(run: &Run, selection: &Selection) -> Result<(), RunError> {
    let Some(name) = &run.request.from_snapshot else { return Ok(()) };
    let snapshots = snapshots(run).map_err(|error| service_error(&error))?;
    let mut failures = Vec::new();
    for record in existing(selection) {
        let found = snapshots.list(&record.id).await.map_err(|error| service_error(&error))?;
        match found.iter().filter(|snapshot| snapshot.name == *name).count() {
            1 => {}
            0 => failures.push(
                Failure::new(format!("{} has no snapshot `{name}`", record.name))
                    .hint(format!("take one with `snapshot take {name}`, or leave out `--from-snapshot`")),
            ),
            count => failures.push(Failure::new(format!("{} has {count} snapshots `{name}`", record.name))),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(input(failures)) }
}

/// Asks before what changed on nodes is lost.
pub(super) fn confirm(run: &Run, selection: &Selection) -> Result<(), RunError> {
    let nodes: Vec<&str> = existing(selection).map(|record| record.name.as_str()).collect();
    let Some(name) = run.request.from_snapshot.as_ref().filter(|_| !nodes.is_empty()) else { return Ok(()) };
    let question = format!("Put {} back to `{name}` and lose what changed since?", nodes.join(", "));
    if run.setup.confirm.confirm(&question) { Ok(()) } else { Err(RunError::Declined) }
}

/// Puts the nodes that exist back. They do not run then, and are started like others that do not.
pub(super) async fn restore(run: &Arc<Run>, selection: &mut Selection) {
    let Some(name) = run.request.from_snapshot.clone() else { return };
    let permits = Arc::new(Semaphore::new(run.request.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for record in existing(selection) {
        let (run, permits, name, record) = (run.clone(), permits.clone(), name.clone(), record.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            if !run.setup.cancel.is_set() {
                restore_node(&run, &record, &name).await;
            }
        });
    }
    tasks.join_all().await;
    for chosen in &mut selection.groups {
        chosen.start.append(&mut chosen.keep);
        chosen.start.retain(|record| !run.has_failed(&record.name));
    }
}

async fn restore_node(run: &Run, record: &NodeRecord, name: &str) {
    let started = Instant::now();
    let (node, work) = (record.name.to_string(), NodeWork::Restore);
    let progress =
        |step: &str| run.emit(&Event::NodeWork { node: node.clone(), work, step: step.to_owned() });
    progress("going back");
    let restored = match snapshots(run) {
        Ok(snapshots) => snapshots.restore(&record.id, name, &progress).await,
        Err(error) => Err(error),
    };
    match restored {
        Ok(()) => {
            let seconds = started.elapsed().as_secs_f64();
            run.emit(&Event::NodeDone { node: node.clone(), work, address: None, seconds });
        }
        Err(error) => run.fail(&record.name, None, Failure::of(&error, error.hint.clone())),
    }
}

fn existing(selection: &Selection) -> impl Iterator<Item = &Arc<NodeRecord>> {
    selection.groups.iter().flat_map(|chosen| chosen.keep.iter().chain(&chosen.start))
}

fn snapshots(run: &Run) -> Result<&dyn Snapshots, ComputeError> {
    run.setup.service.snapshots().ok_or_else(|| {
        ComputeError::input(format!("the service {} keeps no snapshots", run.setup.service_name))
            .hint("leave out `--from-snapshot`; a VirtualBox service keeps some")
    })
}
