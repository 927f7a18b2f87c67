//! Nodes as wholes: removing, creating and starting them, and the phases of groups around that.

use super::connect::{self, LoginAs};
use super::nodes::{Member, Run};
use super::phases;
use super::select::{Chosen, Selection};
use crate::event::{Event, Failure, NodeWork};
use pallet::compute::{ComputeError, CreateRequest, NodeRecord};
use pallet::name::PhaseName;
use pallet::standard;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Runs `destroy-server` on the nodes that are too many, removes them, and runs `destroy-group` for groups that have
/// none left.
///
/// `ready` are nodes that are kept and were taken out of the selection.
pub(super) async fn destroy(run: &Arc<Run>, selection: &Selection, ready: &[Member]) {
    destroy_server(run, selection).await;
    if run.setup.cancel.is_set() {
        return;
    }
    let permits = Arc::new(Semaphore::new(run.request.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for record in selection.removals().filter(|record| !run.has_failed(&record.name)) {
        let (run, permits, record) = (run.clone(), permits.clone(), record.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            if !run.setup.cancel.is_set() {
                destroy_node(&run, &record).await;
            }
        });
    }
    tasks.join_all().await;
    for chosen in selection.groups.iter().filter(|chosen| becomes_empty(chosen)) {
        let lives = ready.iter().any(|member| member.group.name == chosen.group.name);
        let failed = chosen.destroy.iter().any(|record| run.has_failed(&record.name));
        if !lives && !failed && !run.setup.cancel.is_set() {
            phases::run_group_phase(run, &chosen.group, standard::DESTROY_GROUP).await;
        }
    }
}

fn becomes_empty(chosen: &Chosen) -> bool {
    !chosen.destroy.is_empty()
        && chosen.keep.is_empty()
        && chosen.start.is_empty()
        && chosen.create.is_empty()
}

/// A node whose `destroy-server` phase fails is not removed: something on it may still be wanted.
async fn destroy_server(run: &Arc<Run>, selection: &Selection) {
    let phase = PhaseName::new(standard::DESTROY_SERVER).expect("a valid name");
    let mut members = Vec::new();
    for chosen in selection.groups.iter().filter(|chosen| chosen.group.phases.contains_key(&phase)) {
        let running = chosen.destroy.iter().filter(|record| record.endpoint.is_some());
        members.extend(running.map(|record| Member::new(run, record.clone(), chosen.group.clone(), false)));
    }
    if members.is_empty() {
        return;
    }
    let mut members = connect::connect_all(run, members, LoginAs::Admin).await;
    // Nodes that stay take no part, but phases may ask about them.
    for chosen in &selection.groups {
        let staying = chosen.keep.iter().chain(&chosen.start);
        members.extend(staying.map(|record| Member::new(run, record.clone(), chosen.group.clone(), false)));
    }
    let members = phases::run_phase(run, &phase, members).await;
    connect::close_all(members).await;
}

async fn destroy_node(run: &Run, record: &NodeRecord) {
    let started = Instant::now();
    let node = record.name.to_string();
    run.emit(&Event::NodeWork { node: node.clone(), work: NodeWork::Destroy, step: "removing".to_owned() });
    match run.setup.service.destroy(&record.id).await {
        Ok(()) => {
            run.destroyed.fetch_add(1, Ordering::Relaxed);
            let seconds = started.elapsed().as_secs_f64();
            run.emit(&Event::NodeDone { node, work: NodeWork::Destroy, address: None, seconds });
        }
        Err(error) => run.fail(&record.name, None, failure(&error)),
    }
}

/// Creates and starts what is missing and returns all nodes of the run. `ready` are those that are connected
/// already.
pub(super) async fn create(run: &Arc<Run>, selection: Selection, ready: Vec<Member>) -> Vec<Member> {
    let new_groups = selection
        .groups
        .iter()
        .filter(|chosen| chosen.keep.is_empty() && chosen.start.is_empty() && !chosen.create.is_empty());
    for chosen in new_groups {
        // Nodes that were connected to beforehand are members, too.
        if !ready.iter().any(|member| member.group.name == chosen.group.name) {
            phases::run_group_phase(run, &chosen.group, standard::CREATE_GROUP).await;
        }
    }
    if run.any_failed() {
        return ready;
    }
    let permits = Arc::new(Semaphore::new(run.request.parallel.max(1)));
    let mut tasks = JoinSet::new();
    let mut members = ready;
    for Chosen { group, keep, start, create, .. } in selection.groups {
        members.extend(keep.into_iter().map(|record| Member::new(run, record, group.clone(), false)));
        for job in start.into_iter().map(Job::Start).chain(create.into_iter().map(Box::new).map(Job::Create))
        {
            let (run, permits, group) = (run.clone(), permits.clone(), group.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire().await;
                job.run(&run).await.map(|record| Member::new(&run, Arc::new(record), group, true))
            });
        }
    }
    members.extend(tasks.join_all().await.into_iter().flatten());
    members.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    members
}

/// What has to be done so that a node is there and runs.
enum Job {
    Start(Arc<NodeRecord>),
    Create(Box<CreateRequest>),
}

impl Job {
    /// Lets the provider do it and tells how it goes. A node that cannot be had is taken out of the run.
    async fn run(self, run: &Run) -> Option<NodeRecord> {
        if run.setup.cancel.is_set() {
            return None;
        }
        let (name, work) = match &self {
            Job::Start(record) => (record.name.clone(), NodeWork::Start),
            Job::Create(request) => (request.name.clone(), NodeWork::Create),
        };
        let started = Instant::now();
        let node = name.to_string();
        let progress = |step: &str| {
            run.emit(&Event::NodeWork { node: node.clone(), work, step: step.to_owned() });
        };
        progress(if work == NodeWork::Create { "creating" } else { "starting" });
        let made = match &self {
            Job::Start(record) => run.setup.service.start(&record.id, &progress).await,
            Job::Create(request) => run.setup.service.create(request, &progress).await,
        };
        match made {
            Ok(record) => {
                if work == NodeWork::Create {
                    run.created.fetch_add(1, Ordering::Relaxed);
                    run.setup.connector.forget(&record);
                }
                let address = record.primary_ip.or(record.private_ip).map(|address| address.to_string());
                let seconds = started.elapsed().as_secs_f64();
                run.emit(&Event::NodeDone { node: node.clone(), work, address, seconds });
                Some(record)
            }
            Err(error) => {
                run.fail(&name, None, failure(&error));
                None
            }
        }
    }
}

fn failure(error: &ComputeError) -> Failure {
    Failure::of(error, error.hint.clone())
}
