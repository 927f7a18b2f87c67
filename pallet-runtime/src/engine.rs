//! The engine: what converge, plan, lift and destroy do, in order.
//!
//! 1. Choose groups and phases, build every phase once without facts: what is wrong in the source or the request is
//!    refused here, before anything is contacted. Of very many nodes that run already the first ones are built here, and
//!    the others while connecting.
//! 2. `destroy-server` and removal of nodes that are too many, `destroy-group`, `create-group`, creation, starting.
//! 3. Connect to all nodes and read their facts.
//! 4. `settings`; then build all phases again, now with facts and settings; then `bootstrap` where it has not run;
//!    then the phases asked for, each with its `pre-` and `post-` phase, each on all nodes before the next begins.
//!
//! Everything that happens is told to a [`Listener`]; the engine writes nothing itself.

mod apply;
mod asking;
mod check;
mod connect;
mod descriptors;
mod drawing;
mod facts;
mod fetch;
mod going_back;
mod lifecycle;
mod local_files;
mod local_tree;
mod nodes;
mod phases;
mod planning;
mod ports;
mod reboot;
mod select;
mod upload;

pub use connect::{Connection, Connector, LoginAs};
pub use drawing::DrawRequest;
pub(crate) use drawing::draw;
pub use facts::{NodeFacts, facts};
pub use nodes::Cancel;
pub(crate) use select::describe;

use crate::event::Listener;
use crate::event::{Event, FORMAT, Failure, Intent, NodeIntent, Summary, Verb};
use crate::request::{Confirm, Request, RunError};
use crate::shell::Traffic;
use nodes::{Member, Run};
use pallet::compute::{Compute, ComputeError, CreateRequest, Endpoint, ErrorKind, NodeRecord};
use pallet::name::ServiceName;
use pallet::{AdminUser, Registry};
use select::Selection;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a run needs of the world.
pub struct Setup {
    /// The groups and phases.
    pub registry: Registry,
    /// The compute service.
    pub service: Arc<dyn Compute>,
    /// The name of the service.
    pub service_name: ServiceName,
    /// The account under which nodes are configured, for the phases that create it.
    pub admin: Option<AdminUser>,
    /// Opens root shells on nodes.
    pub connector: Arc<dyn Connector>,
    /// Is told everything that happens.
    pub listener: Arc<dyn Listener>,
    /// Is asked before something is destroyed.
    pub confirm: Arc<dyn Confirm>,
    /// Says when the user wants to stop.
    pub cancel: Cancel,
}

/// Does what is asked.
///
/// # Errors
///
/// [`RunError::Input`] before anything was touched; [`RunError::Failed`] when nodes failed; [`RunError::Declined`]
/// when the user said no.
pub async fn run(setup: Setup, request: Request) -> Result<Summary, RunError> {
    let run = Arc::new(Run::new(setup, request, Arc::new(Traffic::default())));
    run.emit(&Event::Started {
        format: FORMAT,
        verb: run.request.verb,
        service: run.setup.service_name.to_string(),
    });
    let records = run.setup.service.list().await.map_err(|error| service_error(&error))?;
    let mut selection =
        select::select(&run.setup.registry, &run.request, records).map_err(RunError::Input)?;
    run.add_bystanders(selection.others.iter().map(|(group, record)| (record, group)));
    if run.request.verb != Verb::Destroy {
        check::check_source(&run, &selection).map_err(RunError::Input)?;
        ports::check(&selection).map_err(RunError::Input)?;
    }
    going_back::check(&run, &selection).await?;
    descriptors::provide(connections_of(&selection)).map_err(|failure| input(vec![failure]))?;
    let requests: Vec<CreateRequest> = selection.creations().cloned().collect();
    if !requests.is_empty() {
        let checked = run.setup.service.check(&requests).await;
        checked.map_err(|error| service_error(&error))?;
    }
    run.emit(&Event::Inventory { nodes: intents(&selection) });
    for message in remarks(&*run.setup.service, &requests) {
        run.emit(&Event::Notice { node: None, message });
    }
    for record in &selection.strangers {
        let message =
            format!("group {} is not declared in this program; the node is left alone", record.group);
        run.emit(&Event::Notice { node: Some(record.name.to_string()), message });
    }
    if run.request.verb == Verb::Plan {
        planning::plan(&run, &selection).await?;
        return finish(&run);
    }
    confirm(&run, &selection)?;
    going_back::confirm(&run, &selection)?;
    let mut ready = Vec::new();
    if run.request.require_all {
        let running = selection.take_running().into_iter();
        let members = running.map(|(record, group)| Member::new(&run, record, group, false)).collect();
        ready = connect::connect_new(&run, members).await;
        if run.any_failed() {
            return finish(&run);
        }
    }
    lifecycle::destroy(&run, &selection, &ready).await;
    if run.request.verb != Verb::Destroy && run.goes_on() {
        going_back::restore(&run, &mut selection).await;
        let members = lifecycle::create(&run, selection, ready).await;
        if run.goes_on() {
            configure(&run, members).await?;
        }
    }
    finish(&run)
}

/// Returns what the service has to say of the nodes to be made: of each group once, since its nodes are alike.
fn remarks(service: &dyn Compute, requests: &[CreateRequest]) -> BTreeSet<String> {
    let of = |request: &CreateRequest| {
        let group = request.group.clone();
        service.remarks(request).into_iter().map(move |remark| format!("group {group}: {remark}"))
    };
    requests.iter().flat_map(of).collect()
}

/// Steps 3 and 4.
async fn configure(run: &Arc<Run>, members: Vec<Member>) -> Result<(), RunError> {
    // A group without phases is made and nothing more: it needs no login.
    let (members, provisioned): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|member| !member.group.phases.is_empty());
    run.add_bystanders(provisioned.iter().map(|member| (&member.record, &member.group)));
    let members = connect::connect_new(run, members).await;
    // Whom we cannot reach takes no part; `--require-all` is for those who want all or nothing. Who fails in a phase
    // keeps the next one from beginning.
    let unreachable = run.failures();
    let members = asking::settle(run, members, |members| phases::settings(run, members)).await;
    let members =
        asking::settle(run, members.map_err(RunError::Input)?, |members| check::check_all(run, members));
    let members = members.await.map_err(RunError::Input)?;
    let mut members = phases::bootstrap(run, members).await;
    for phase in select::expand(&run.phases(&members)) {
        if run.failures() > unreachable || run.setup.cancel.is_set() {
            break;
        }
        members = phases::run_phase(run, &phase, members).await;
    }
    connect::close_all(members).await;
    Ok(())
}

/// Returns to how many nodes a run may have to be connected at once. This machine is entered without a connection.
fn connections_of(selection: &Selection) -> usize {
    let remote = |record: &&Arc<NodeRecord>| record.endpoint != Some(Endpoint::Local);
    let of_group = |chosen: &select::Chosen| {
        chosen.keep.iter().chain(&chosen.start).filter(remote).count() + chosen.create.len()
    };
    selection.groups.iter().map(of_group).sum()
}

fn service_error(error: &ComputeError) -> RunError {
    let failure = Failure::of(error, error.hint.clone());
    match error.kind {
        ErrorKind::Input => input(vec![failure]),
        ErrorKind::Failed => RunError::Service(failure),
    }
}

fn input(failures: Vec<Failure>) -> RunError {
    RunError::Input(failures)
}

fn intents(selection: &Selection) -> Vec<NodeIntent> {
    let mut nodes = Vec::new();
    for chosen in &selection.groups {
        let mut add = |node: &str, intent, spec| {
            let group = chosen.group.name.as_str().to_owned();
            nodes.push(NodeIntent { node: node.to_owned(), group, intent, spec });
        };
        chosen.destroy.iter().for_each(|record| add(record.name.as_str(), Intent::Destroy, None));
        chosen.create.iter().for_each(|request| {
            add(request.name.as_str(), Intent::Create, Some(describe(&request.spec)));
        });
        chosen.start.iter().for_each(|record| add(record.name.as_str(), Intent::Start, None));
        chosen.keep.iter().for_each(|record| add(record.name.as_str(), Intent::Keep, None));
    }
    nodes.sort_by(|a, b| a.node.cmp(&b.node));
    nodes
}

fn confirm(run: &Run, selection: &Selection) -> Result<(), RunError> {
    let doomed: Vec<&str> = selection.removals().map(|record| record.name.as_str()).collect();
    if !doomed.is_empty() && !run.setup.service.makes_nodes() {
        let message = format!(
            "{} cannot be destroyed: service {} only knows machines that exist",
            doomed.join(", "),
            run.setup.service_name
        );
        let hint = "take them out of the service's configuration, or give the group the count it has";
        return Err(input(vec![Failure::new(message).hint(hint)]));
    }
    if doomed.is_empty() || run.request.allow_destroy {
        return Ok(());
    }
    let question = format!(
        "Destroy {} and everything on {}?",
        doomed.join(", "),
        if doomed.len() == 1 { "it" } else { "them" }
    );
    if run.setup.confirm.confirm(&question) { Ok(()) } else { Err(RunError::Declined) }
}

fn finish(run: &Run) -> Result<Summary, RunError> {
    let summary = run.summary();
    run.emit(&Event::Finished(summary.clone()));
    if summary.ok { Ok(summary) } else { Err(RunError::Failed(Box::new(summary))) }
}
