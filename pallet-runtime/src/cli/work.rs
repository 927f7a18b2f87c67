//! What is done to nodes as wholes, without configuring them: `start`, `stop`, `pause`, `resume`, `save`, `reset`,
//! `reboot`, and `snapshot take`, `restore` and `delete`.

use super::args::Selection;
use super::confirm::agree;
use super::service::{self, OpenService};
use super::{Session, Stop, check, exit, listing, locks};
use crate::error::InputError;
use crate::home::create_private_dir;
use crate::report::text::{clean, names};
use crate::report::{Sink, write};
use pallet::compute::{Compute, ComputeError, NodeRecord, NodeState, Power, Progress, Snapshots};
use pallet::name::{NodeName, SnapshotName};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many nodes are worked on at once: a host that starts more is only slower.
const AT_ONCE: usize = 8;

/// Something to do to nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    Start,
    Stop {
        /// Without asking the node's system.
        now: bool,
    },
    Pause,
    Resume,
    Save,
    Reset,
    Reboot,
    Take(SnapshotName),
    Restore(String),
    Delete(String),
}

/// Does something to the nodes of groups, and prints what they are afterwards.
pub(crate) async fn run(session: &Session<'_>, selection: &Selection, work: Work) -> Result<u8, Stop> {
    let groups = check::group_names(&selection.groups, &session.catalogue)?;
    let all: Vec<_> = session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
    let groups = if groups.is_empty() { all } else { groups };
    let service = service::open(session, &groups).await?;
    work.check(&service)?;
    create_private_dir(session.home.state())?;
    let _locks = locks::take(session, &service, work.word()).await?;
    let Some(mut nodes) = listing::list(session, &service).await? else { return Ok(exit::FAILED) };
    nodes.retain(|node| groups.contains(&node.group));
    if nodes.is_empty() {
        return Err(InputError::new("no node of these groups exists")
            .hint("create them with `converge`")
            .into());
    }
    if let Some(question) = work.question(&nodes)
        && !agree(session, &question)
    {
        session.say("declined: nothing was changed");
        return Ok(exit::FAILED);
    }
    let worked: Vec<NodeName> = nodes.iter().map(|node| node.name.clone()).collect();
    let failed = on_each(session, &service, nodes, &work).await;
    let Some(mut now) = listing::list(session, &service).await? else { return Ok(exit::FAILED) };
    now.retain(|node| worked.contains(&node.name));
    listing::print_nodes(session, &now);
    Ok(if failed { exit::FAILED } else { exit::OK })
}

/// Works on all nodes, reports those that failed, and tells whether one did.
async fn on_each(session: &Session<'_>, service: &OpenService, nodes: Vec<NodeRecord>, work: &Work) -> bool {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for node in nodes {
        let (permits, compute, work) = (permits.clone(), service.compute.clone(), work.clone());
        let stderr = session.world.stderr.sink.clone();
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            let progress = progress(stderr, &node.name);
            let done = work.on(&*compute, &node, &progress).await;
            (node.name.clone(), done)
        });
    }
    let mut ended = tasks.join_all().await;
    ended.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut failed = false;
    for (name, done) in ended {
        let Err(error) = done else { continue };
        failed = true;
        let ComputeError { message, hint, source, .. } = error;
        let mut shown = InputError::new(format!("{name}: {message}"));
        if let Some(hint) = hint {
            shown = shown.hint(hint);
        }
        if let Some(source) = source {
            shown = shown.source(source);
        }
        session.say(shown.render(session.paint()).trim_end());
    }
    failed
}

fn progress(stderr: Sink, node: &NodeName) -> impl Fn(&str) + Send + Sync + use<> {
    let node = node.clone();
    move |step: &str| write(&stderr, &format!("{node}: {}\n", clean(step)))
}

impl Work {
    /// Returns the command, as whoever finds the service locked reads it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Work::Start => "start",
            Work::Stop { .. } => "stop",
            Work::Pause => "pause",
            Work::Resume => "resume",
            Work::Save => "save",
            Work::Reset => "reset",
            Work::Reboot => "reboot",
            Work::Take(_) => "snapshot take",
            Work::Restore(_) => "snapshot restore",
            Work::Delete(_) => "snapshot delete",
        }
    }

    /// Returns what is done, to whoever asked a service for it that cannot.
    fn on_nodes(&self) -> &'static str {
        match self {
            Work::Start => "start nodes",
            Work::Stop { now: false } => "stop nodes",
            Work::Stop { now: true } => "switch nodes off",
            Work::Pause => "pause nodes",
            Work::Resume => "resume nodes",
            Work::Save => "save nodes",
            Work::Reset => "reset nodes",
            Work::Reboot => "reboot nodes",
            Work::Take(_) | Work::Restore(_) | Work::Delete(_) => "keep states of nodes",
        }
    }

    /// Checks that the service can do this at all.
    fn check(&self, service: &OpenService) -> Result<(), InputError> {
        let compute = &*service.compute;
        let can = match self {
            Work::Start | Work::Stop { now: false } | Work::Reboot => compute.makes_nodes(),
            Work::Stop { now: true } | Work::Pause | Work::Resume | Work::Save | Work::Reset => {
                compute.power().is_some()
            }
            Work::Take(_) | Work::Restore(_) | Work::Delete(_) => compute.snapshots().is_some(),
        };
        if can {
            return Ok(());
        }
        let (name, provider) = (&service.name, service.provider);
        Err(InputError::new(format!(
            "the service {name} cannot {}: its provider is `{provider}`",
            self.on_nodes()
        ))
        .hint("a VirtualBox service can"))
    }

    fn question(&self, nodes: &[NodeRecord]) -> Option<String> {
        let nodes = names(nodes.iter().map(|node| node.name.as_str()), 10);
        match self {
            Work::Restore(name) => Some(format!("Put {nodes} back to `{name}` and lose what changed since?")),
            Work::Delete(name) => Some(format!("Delete the snapshot `{name}` of {nodes}?")),
            _ => None,
        }
    }

    async fn on(
        &self,
        compute: &dyn Compute,
        node: &NodeRecord,
        progress: Progress<'_>,
    ) -> Result<(), ComputeError> {
        let id = &node.id;
        let runs = node.state == NodeState::Running;
        let off = node.state == NodeState::Stopped;
        match self {
            Work::Start if runs => Ok(()),
            Work::Start => compute.start(id, progress).await.map(drop),
            Work::Stop { .. } if off => Ok(()),
            Work::Stop { now: false } => compute.stop(id).await,
            Work::Stop { now: true } => power(compute)?.cut(id).await,
            Work::Pause => power(compute)?.pause(id).await,
            Work::Resume => power(compute)?.resume(id).await,
            Work::Save => power(compute)?.save(id, progress).await,
            Work::Reset => power(compute)?.reset(id).await,
            Work::Reboot => reboot(compute, node, progress).await,
            Work::Take(name) => snapshots(compute)?.take(id, name, progress).await,
            Work::Restore(name) => {
                snapshots(compute)?.restore(id, name, progress).await?;
                // As it was found.
                if runs { compute.start(id, progress).await.map(drop) } else { Ok(()) }
            }
            Work::Delete(name) => snapshots(compute)?.delete(id, name, progress).await,
        }
    }
}

/// A service that cannot restart nodes in one go can stop and start them.
async fn reboot(
    compute: &dyn Compute,
    node: &NodeRecord,
    progress: Progress<'_>,
) -> Result<(), ComputeError> {
    if let Some(power) = compute.power() {
        return power.reboot(&node.id, progress).await.map(drop);
    }
    if node.state != NodeState::Running {
        return Err(ComputeError::failed("it does not run").hint("`start` starts it"));
    }
    progress("shutting down");
    compute.stop(&node.id).await?;
    compute.start(&node.id, progress).await.map(drop)
}

fn power(compute: &dyn Compute) -> Result<&dyn Power, ComputeError> {
    compute.power().ok_or_else(|| lacks("pause, save and reset"))
}

/// Returns what keeps the states of a service's nodes.
pub(crate) fn snapshots(compute: &dyn Compute) -> Result<&dyn Snapshots, ComputeError> {
    compute.snapshots().ok_or_else(|| lacks("snapshot"))
}

fn lacks(what: &str) -> ComputeError {
    ComputeError::input(format!("this service cannot {what} nodes")).hint("a VirtualBox service can")
}
