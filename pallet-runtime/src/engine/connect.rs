//! Reaching nodes: a root shell on each, and its facts.

use super::nodes::{Live, Member, Run};
use crate::event::{Event, Failure, NodeWork};
use crate::shell::{RootShell, ShellError, visible};
use crate::transport::{Channel, Transport, TransportError};
use pallet::compute::{BoxFuture, NodeRecord};
use pallet::facts::{Facts, MissingUtilities};
use pallet::standard;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Opens root shells on nodes.
pub trait Connector: Send + Sync {
    /// Opens a root shell on a node. A node that was made or started just now is given time to boot.
    ///
    /// # Errors
    ///
    /// The stage that failed and why.
    fn connect<'a>(
        &'a self,
        node: &'a NodeRecord,
        login: LoginAs,
        booting: bool,
    ) -> BoxFuture<'a, Result<Connection, TransportError>>;

    /// Forgets what is known of the machine at a node's endpoint, because it is another machine from now on.
    fn forget(&self, node: &NodeRecord);
}

/// As whom to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginAs {
    /// As the admin user.
    Admin,
    /// As the user that the image came with, for bootstrap.
    Image,
}

/// A connection with a root shell on it.
pub struct Connection {
    /// The connection.
    pub transport: Box<dyn Transport>,
    /// The root shell: the next byte sent is read by `sh`.
    pub channel: Channel,
}

/// The tag that says that a node has been bootstrapped.
pub(super) const BOOTSTRAPPED: &str = "bootstrapped";

/// Connects to all these nodes side by side. Whom it does not reach it takes out of the run.
pub(super) async fn connect_all(run: &Arc<Run>, members: Vec<Member>, login: LoginAs) -> Vec<Member> {
    let permits = Arc::new(Semaphore::new(run.request.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for mut member in members {
        // Taken here, so that there are no more tasks than work on connections.
        let permit = permits.clone().acquire_owned().await;
        let run = run.clone();
        tasks.spawn(async move {
            let _permit = permit;
            if let Err(failure) = connect(&run, &mut member, login).await {
                run.fail(&member.record.name, None, failure);
            }
            member
        });
    }
    join(tasks).await
}

/// Connects to nodes that are not connected yet: those still to be bootstrapped with the image's login, if they
/// have a `bootstrap` phase and a login of their own.
pub(super) async fn connect_new(run: &Arc<Run>, members: Vec<Member>) -> Vec<Member> {
    let (mut connected, members): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|member| member.live.is_some());
    let (image, admin): (Vec<_>, Vec<_>) = members.into_iter().partition(wants_image_login);
    let (image, admin) =
        tokio::join!(connect_all(run, image, LoginAs::Image), connect_all(run, admin, LoginAs::Admin));
    connected.extend(image);
    connected.extend(admin);
    connected.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    connected
}

/// Tells whether a node still has to be bootstrapped.
pub(super) fn to_bootstrap(member: &Member) -> bool {
    member.group.phases.contains_key(standard::BOOTSTRAP) && !member.record.tags.contains_key(BOOTSTRAPPED)
}

pub(super) fn wants_image_login(member: &Member) -> bool {
    to_bootstrap(member) && member.record.image_login.is_some()
}

async fn connect(run: &Run, member: &mut Member, login: LoginAs) -> Result<(), Failure> {
    let started = Instant::now();
    let node = member.record.name.to_string();
    run.emit(&Event::NodeWork { node: node.clone(), work: NodeWork::Connect, step: "connecting".to_owned() });
    let live = open(run, &member.record, login, member.booting).await?;
    let os = live.facts.os.description.clone();
    member.booting = false;
    member.live = Some(Box::new(live));
    run.emit(&Event::Connected { node, os, seconds: started.elapsed().as_secs_f64() });
    Ok(())
}

/// Opens a root shell on a node and reads its facts.
pub(super) async fn open(
    run: &Run,
    record: &NodeRecord,
    login: LoginAs,
    booting: bool,
) -> Result<Live, Failure> {
    let connection = run.setup.connector.connect(record, login, booting).await;
    let connection = connection.map_err(|error| Failure::new(&error.message).maybe_hint(error.hint))?;
    let token = crate::shell::random_token().map_err(|error| Failure::new(error.to_string()))?;
    let mut shell = RootShell::new(connection.channel, token, run.traffic.clone());
    let facts = Arc::new(read_facts(&mut shell).await?);
    Ok(Live { transport: connection.transport, shell, facts })
}

pub(super) async fn read_facts(shell: &mut RootShell) -> Result<Facts, Failure> {
    read_facts_in(shell, "unset p_lib\n").await
}

/// Reads the facts after some code that says where state is kept.
pub(super) async fn read_facts_in(shell: &mut RootShell, state: &str) -> Result<Facts, Failure> {
    let script = format!("{state}p_frame facts\n{}", Facts::SCRIPT);
    let sections = shell.open(script.as_bytes()).await.map_err(|error| shell_failure(&error))?;
    let answer = sections.iter().find(|section| section.header == "facts");
    let text = answer.map(|section| String::from_utf8_lossy(&section.body)).unwrap_or_default();
    match Facts::parse(&text).map_err(|error| Failure::new(error.to_string()))? {
        Ok(facts) => check_state_version(facts),
        Err(MissingUtilities(names)) => {
            let message = format!("the node lacks {}", names.join(", "));
            Err(Failure::new(message).hint("install coreutils or busybox on it"))
        }
    }
}

/// What another version of pallet left on a node may mean something that this one does not know.
fn check_state_version(facts: Facts) -> Result<Facts, Failure> {
    match &facts.state_version {
        Some(version) if version != Facts::STATE_VERSION => {
            let message = format!(
                "/var/lib/pallet on the node is of version {}, and this program knows {}",
                visible(version),
                Facts::STATE_VERSION
            );
            Err(Failure::new(message)
                .hint("build the program with the pallet that was used last on this node"))
        }
        _ => Ok(facts),
    }
}

pub(super) fn shell_failure(error: &ShellError) -> Failure {
    let hint = match error {
        ShellError::Gone { .. } => {
            "run the same command again: what was done is kept, what was owed is made up for"
        }
        ShellError::TooMuch | ShellError::Garbled(_) => "look at what the node's shell prints when it starts",
    };
    Failure::new(error.to_string()).hint(hint)
}

/// Closes all connections, side by side.
pub(super) async fn close_all(members: Vec<Member>) {
    let mut tasks = JoinSet::new();
    for live in members.into_iter().filter_map(|member| member.live) {
        tasks.spawn(live.close());
    }
    tasks.join_all().await;
}

/// Returns the members of all tasks, sorted by name. A task that panicked is a bug and panics here again.
pub(super) async fn join(mut tasks: JoinSet<Member>) -> Vec<Member> {
    let mut members = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(member) => members.push(member),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
    members.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    members
}
