//! Reading the facts of nodes, and nothing else.

use super::connect::{self, LoginAs};
use super::nodes::{Member, Run};
use super::{Setup, service_error};
use crate::event::{Failure, Verb};
use crate::request::{Request, RunError};
use crate::shell::Traffic;
use pallet::compute::{NodeRecord, NodeState};
use pallet::facts::Facts;
use pallet::name::{GroupName, NodeName};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A node, and its facts or why they could not be read.
#[derive(Debug)]
pub struct NodeFacts {
    /// The node.
    pub node: NodeName,
    /// Its facts.
    pub facts: Result<Facts, Failure>,
}

/// Reads the facts of all nodes that run, or of those of some groups, side by side.
///
/// # Errors
///
/// When the compute service does not tell its nodes. That a node cannot be reached stands in its entry.
pub async fn facts(setup: Setup, groups: &[GroupName]) -> Result<Vec<NodeFacts>, RunError> {
    let run = Arc::new(Run::new(setup, Request::new(Verb::Plan), Arc::new(Traffic::default())));
    let records = run.setup.service.list().await.map_err(|error| service_error(&error))?;
    let asked = |record: &NodeRecord| groups.is_empty() || groups.contains(&record.group);
    let permits = Arc::new(Semaphore::new(run.request.parallel));
    let mut tasks = JoinSet::new();
    for record in records.into_iter().filter(|record| record.state == NodeState::Running && asked(record)) {
        let Some(group) = run.setup.registry.group(record.group.as_str()) else { continue };
        let member = Member::new(&run, Arc::new(record), Arc::new(group.clone()), false);
        let (run, permits) = (run.clone(), permits.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            of_member(&run, member).await
        });
    }
    let mut all = tasks.join_all().await;
    all.sort_by(|a, b| a.node.cmp(&b.node));
    Ok(all)
}

async fn of_member(run: &Run, member: Member) -> NodeFacts {
    let login = if connect::wants_image_login(&member) { LoginAs::Image } else { LoginAs::Admin };
    let facts = match connect::open(run, &member.record, login, false).await {
        Ok(live) => {
            let facts = (*live.facts).clone();
            live.close().await;
            Ok(facts)
        }
        Err(failure) => Err(failure),
    };
    NodeFacts { node: member.record.name.clone(), facts }
}
