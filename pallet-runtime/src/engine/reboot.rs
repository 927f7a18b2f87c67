//! Waiting for a node that reboots: until one can log in again, and its kernel tells of another boot.

use super::connect::{self, LoginAs};
use super::nodes::{Live, Member, Run};
use crate::event::{Event, Failure, NodeWork};
use pallet::actions::Reboot;
use pallet::compute::{Endpoint, NodeRecord};
use pallet::graph::ActionGraph;
use pallet::name::PhaseName;
use pallet::plan::{Done, Plan};
use pallet::standard;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// How long it is between two attempts to log in.
const PAUSE: Duration = Duration::from_millis(500);

/// How long it may take to say goodbye to a node that goes down.
const GOODBYE: Duration = Duration::from_millis(500);

/// How a node is reached again.
pub(super) struct Back {
    record: Arc<NodeRecord>,
    login: LoginAs,
}

/// Returns the reboot that a plan ended with, if the node has begun it.
pub(super) fn happens<'a>(plan: &Plan, graph: &'a ActionGraph, done: &Done) -> Option<&'a Reboot> {
    let last = plan.steps().last()?.ids.last()?;
    let action: &dyn std::any::Any = graph.node(*last).action();
    action.downcast_ref().filter(|_| done.changed.contains(last))
}

/// Returns why a graph cannot run where this endpoint leads: it would end this program.
pub(super) fn refuse(graph: &ActionGraph, endpoint: Option<&Endpoint>) -> Option<Failure> {
    if !matches!(endpoint, Some(Endpoint::Local)) {
        return None;
    }
    let is_reboot = |action: &dyn std::any::Any| action.is::<Reboot>();
    let (_, node) = graph.in_order().find(|(_, node)| is_reboot(node.action()))?;
    let failure = Failure::new("this machine runs the program, so the program cannot wait for its reboot");
    Some(failure.at(node.location()).hint("reboot it by hand, and run the program again"))
}

impl Back {
    pub(super) fn new(member: &Member, phase: &PhaseName) -> Self {
        let image = phase.as_str() == standard::BOOTSTRAP && connect::wants_image_login(member);
        let login = if image { LoginAs::Image } else { LoginAs::Admin };
        Back { record: member.record.clone(), login }
    }

    /// Waits until the node is back, and replaces the connection.
    ///
    /// # Errors
    ///
    /// When it is not back in time.
    pub(super) async fn wait(&self, run: &Run, live: &mut Live, reboot: &Reboot) -> Result<(), Failure> {
        let limit = reboot.time_limit();
        let deadline = Instant::now() + limit;
        let before = live.facts.boot_id.clone();
        self.say(run, "rebooting");
        let mut last = "it has not gone down".to_owned();
        loop {
            match timeout_at(deadline, connect::open(run, &self.record, self.login, true)).await {
                Ok(Ok(fresh)) if fresh.facts.boot_id != before => return replace(live, fresh).await,
                Ok(Ok(old)) => goodbye(old).await,
                Ok(Err(failure)) => last = failure.message,
                Err(_) => {}
            }
            if Instant::now() >= deadline {
                let message = format!("not back from its reboot within {} s: {last}", limit.as_secs());
                return Err(Failure::new(message)
                    .hint("look at its console; once it is up, the same command goes on behind the reboot"));
            }
            sleep(PAUSE).await;
        }
    }

    fn say(&self, run: &Run, step: &str) {
        let node = self.record.name.to_string();
        run.emit(&Event::NodeWork { node, work: NodeWork::Connect, step: step.to_owned() });
    }
}

/// The node owes no reboot any more. Should that not arrive, the next run sees by the boot that it is so.
async fn replace(live: &mut Live, mut fresh: Live) -> Result<(), Failure> {
    let settled = fresh.shell.run(b"rm -f /var/lib/pallet/owed/reboot").await;
    settled.map_err(|error| connect::shell_failure(&error))?;
    goodbye(std::mem::replace(live, fresh)).await;
    Ok(())
}

/// What goes down may not answer any more.
async fn goodbye(live: Live) {
    // That it does not end in time is no failure: the other side is gone.
    let _ = tokio::time::timeout(GOODBYE, live.close()).await;
}
