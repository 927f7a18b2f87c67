//! The state of a run and of its nodes.

use super::connect::BOOTSTRAPPED;
use super::local_files::LocalFiles;
use super::{Setup, select};
use crate::event::{Counts, Event, Failure, Summary};
use crate::request::Request;
use crate::shell::{RootShell, Traffic};
use crate::transport::Transport;
use pallet::compute::NodeRecord;
use pallet::context::NodeInfo;
use pallet::facts::Facts;
use pallet::name::{GroupName, NodeName, PhaseName, Tag};
use pallet::settings::SettingsStore;
use pallet::spec::Group;
use pallet::{AskedFacts, Context, Node, PublishedFacts};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// Says when the user wants to stop: nothing new is begun then, and what runs is waited for.
#[derive(Debug, Clone)]
pub struct Cancel(Option<watch::Receiver<bool>>);

impl Cancel {
    /// Returns one that is set once the channel says `true`.
    pub fn new(receiver: watch::Receiver<bool>) -> Self {
        Cancel(Some(receiver))
    }

    /// Returns one that is never set.
    pub fn never() -> Self {
        Cancel(None)
    }

    /// Tells whether the user wants to stop.
    pub fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|receiver| *receiver.borrow())
    }
}

/// One run.
pub(super) struct Run {
    pub(super) setup: Setup,
    pub(super) request: Request,
    pub(super) traffic: Arc<Traffic>,
    pub(super) settings: SettingsStore,
    pub(super) published: PublishedFacts,
    pub(super) asked: AskedFacts,
    pub(super) local_files: LocalFiles,
    bystanders: Mutex<Vec<(Node, Arc<Group>)>>,
    started: Instant,
    counts: Mutex<Counts>,
    failed: Mutex<BTreeSet<String>>,
    /// The tags of all actions that were built.
    tags: Mutex<BTreeSet<Tag>>,
    pub(super) created: AtomicU64,
    pub(super) destroyed: AtomicU64,
}

/// A node of the run that exists.
pub(super) struct Member {
    pub(super) record: Arc<NodeRecord>,
    pub(super) group: Arc<Group>,
    pub(super) live: Option<Box<Live>>,
    /// Whether it may still be booting: it was made or started just now, or nobody has reached it yet.
    pub(super) booting: bool,
}

/// A node that is connected.
pub(super) struct Live {
    pub(super) transport: Box<dyn Transport>,
    pub(super) shell: RootShell,
    pub(super) facts: Arc<Facts>,
}

impl Live {
    /// Ends the connection, and with it the shell: sshd hangs up its terminal, or closes what it reads. A word to the shell
    /// before that would be answered when nobody listens any more.
    pub(super) async fn close(self) {
        self.transport.close().await;
    }
}

impl Run {
    pub(super) fn new(setup: Setup, request: Request, traffic: Arc<Traffic>) -> Self {
        Run {
            setup,
            request,
            traffic,
            settings: SettingsStore::default(),
            published: PublishedFacts::default(),
            asked: AskedFacts::default(),
            local_files: LocalFiles::default(),
            bystanders: Mutex::default(),
            started: Instant::now(),
            counts: Mutex::default(),
            failed: Mutex::default(),
            tags: Mutex::default(),
            created: AtomicU64::new(0),
            destroyed: AtomicU64::new(0),
        }
    }

    pub(super) fn emit(&self, event: &Event) {
        self.setup.listener.event(event);
    }

    /// Takes down nodes that are not configured in this run. Phases may still ask for their addresses and settings.
    pub(super) fn add_bystanders<'a>(
        &self,
        nodes: impl IntoIterator<Item = (&'a Arc<NodeRecord>, &'a Arc<Group>)>,
    ) {
        let nodes = nodes.into_iter().map(|(record, group)| (node_of(record, group, None), group.clone()));
        lock(&self.bystanders).extend(nodes);
    }

    /// Takes down which tags there are.
    pub(super) fn see_tags<'a>(&self, tags: impl Iterator<Item = &'a Tag>) {
        lock(&self.tags).extend(tags.cloned());
    }

    /// Returns what is wrong when a tag was asked for that no action has.
    pub(super) fn unknown_tag(&self) -> Option<Failure> {
        let known = lock(&self.tags);
        let unknown =
            self.request.tags.iter().chain(&self.request.skip_tags).find(|tag| !known.contains(*tag))?;
        let names: Vec<&str> = known.iter().map(Tag::as_str).collect();
        let failure = Failure::new(format!("no action of this run has the tag `{unknown}`"));
        Some(match names.is_empty() {
            true => failure.hint("no action has a tag: give some with `.tags([..])` or `tagged(..)`"),
            false => failure.hint(format!("the tags are {}", names.join(", "))),
        })
    }

    /// Returns the nodes that are not configured in this run.
    pub(super) fn bystanders(&self) -> Vec<(Node, Arc<Group>)> {
        lock(&self.bystanders).clone()
    }

    /// Returns these nodes and the bystanders, sorted by name.
    pub(super) fn and_bystanders(&self, nodes: impl IntoIterator<Item = Node>) -> Arc<Vec<Node>> {
        let bystanders = self.bystanders().into_iter().map(|(node, _)| node);
        let mut nodes: Vec<Node> = nodes.into_iter().chain(bystanders).collect();
        nodes.sort_by(|a, b| a.name().cmp(b.name()));
        Arc::new(nodes)
    }

    pub(super) fn count(&self, counts: Counts) {
        *lock(&self.counts) += counts;
    }

    /// Takes a node out of the run and says so.
    pub(super) fn fail(&self, node: &NodeName, phase: Option<&PhaseName>, failure: Failure) {
        lock(&self.failed).insert(node.to_string());
        let (node, phase) = (node.to_string(), phase.map(ToString::to_string));
        self.emit(&Event::NodeFailed { node, phase, failure });
    }

    pub(super) fn any_failed(&self) -> bool {
        !lock(&self.failed).is_empty()
    }

    /// Returns how many nodes have failed.
    pub(super) fn failures(&self) -> usize {
        lock(&self.failed).len()
    }

    /// Tells whether the next step may begin: no node failed, and the user does not want to stop.
    pub(super) fn goes_on(&self) -> bool {
        !self.any_failed() && !self.setup.cancel.is_set()
    }

    pub(super) fn has_failed(&self, node: &NodeName) -> bool {
        lock(&self.failed).contains(node.as_str())
    }

    /// Returns the phases of the run: those asked for, or the default ones of all groups.
    pub(super) fn phases(&self, members: &[Member]) -> Vec<PhaseName> {
        select::phases(&self.request, members.iter().map(|member| &*member.group))
    }

    pub(super) fn summary(&self) -> Summary {
        let failed_nodes: Vec<String> = lock(&self.failed).iter().cloned().collect();
        let counts = *lock(&self.counts);
        Summary {
            verb: self.request.verb,
            ok: failed_nodes.is_empty() && !self.setup.cancel.is_set(),
            created: self.created.load(Ordering::Relaxed),
            destroyed: self.destroyed.load(Ordering::Relaxed),
            counts,
            failed_nodes,
            round_trips: self.traffic.round_trips(),
            bytes_sent: self.traffic.bytes_sent(),
            seconds: self.started.elapsed().as_secs_f64(),
        }
    }
}

impl Member {
    /// Returns a node that exists and is not connected.
    pub(super) fn new(run: &Run, record: Arc<NodeRecord>, group: Arc<Group>, started: bool) -> Self {
        let unknown = run.setup.service.makes_nodes() && !record.tags.contains_key(BOOTSTRAPPED);
        Member { booting: started || unknown, record, group, live: None }
    }

    /// Returns the node as phases see it.
    pub(super) fn node(&self) -> Node {
        node_of(&self.record, &self.group, self.live.as_ref().map(|live| live.facts.clone()))
    }
}

pub(super) fn node_of(record: &NodeRecord, group: &Group, facts: Option<Arc<Facts>>) -> Node {
    let address = || {
        let facts = facts.as_ref()?;
        facts.addresses.iter().find(|address| address.is_ipv4()).or(facts.addresses.first()).copied()
    };
    let primary_ip = record.primary_ip.or_else(address);
    Node::new(NodeInfo {
        name: record.name.clone(),
        group: group.name.clone(),
        group_item: group.item.clone(),
        roles: group.roles.clone(),
        primary_ip,
        private_ip: record.private_ip.or(primary_ip),
        facts,
    })
}

/// Returns a node that does not exist yet, as phases see it.
pub(super) fn future_node(name: &NodeName, group: &Group) -> Node {
    Node::new(NodeInfo {
        name: name.clone(),
        group: group.name.clone(),
        group_item: group.item.clone(),
        roles: group.roles.clone(),
        facts: None,
        primary_ip: None,
        private_ip: None,
    })
}

/// Returns the context in which a phase is built for a node, or for a group where there is none.
pub(super) fn context(
    run: &Run,
    node: Option<Node>,
    nodes: &Arc<Vec<Node>>,
    phase: &PhaseName,
    tentative: bool,
) -> Context {
    Context {
        node,
        nodes: nodes.clone(),
        settings: run.settings.clone(),
        published: run.published.clone(),
        asked: run.asked.clone(),
        admin: run.setup.admin.clone(),
        phase: phase.clone(),
        tentative,
    }
}

/// The node under whose name a phase of a group is reported.
pub(super) fn group_target(group: &GroupName) -> NodeName {
    NodeName::new(group.as_str()).expect("a group name is a node name")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
