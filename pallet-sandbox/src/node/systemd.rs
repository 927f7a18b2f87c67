//! A node whose process 1 is systemd: which of the host's processes that is, and when it has started everything.
//!
//! The node's first process on the host is a systemd-nspawn, the keeper; systemd is its child. Which one is looked
//! up each time: nothing that is written down can be out of date.

use super::endpoint;
use crate::error::{Context, Result};
use crate::process::{ProcessId, parent_of};
use crate::talk::Answers;
use crate::tools::Tools;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How systemd is started.
pub(super) const NSPAWN: &str = include_str!("nspawn.sh");

/// Between two looks at a systemd that cannot be asked yet.
const PAUSE: Duration = Duration::from_millis(20);

/// Returns the pid of the systemd that this process keeps, once it can be spoken to.
pub(crate) fn leader(keeper: &ProcessId) -> Option<i32> {
    keeper.find()?;
    let children = pids().filter(|pid| parent_of(*pid) == Some(keeper.pid));
    children.into_iter().find(|pid| Path::new(&format!("/proc/{pid}/root/run/systemd/private")).exists())
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Waits until systemd has started all that it is to start. That something has failed is no reason to refuse a node:
/// it is looked at in the node.
pub(super) fn wait_until_up(
    tools: &Tools,
    keeper: &ProcessId,
    answers: &Answers,
    limit: Duration,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(answers.late(limit));
        }
        match leader(keeper) {
            Some(leader) => match ask(tools, leader, answers.log(), left)?.as_str() {
                "running" | "degraded" => return Ok(()),
                // It does not listen yet, or is too old to know how to wait.
                "" | "offline" | "unknown" | "initializing" | "starting" => {}
                other => return Err(answers.unexpected(other)),
            },
            None if keeper.find().is_none() => return Err(answers.ended()),
            None => {}
        }
        thread::sleep(PAUSE);
    }
}

/// Asks systemd how far it is; the answer comes when it is done. Nothing is an answer, too.
fn ask(tools: &Tools, leader: i32, log: PathBuf, limit: Duration) -> Result<String> {
    let what = || "cannot ask the node's systemd".to_owned();
    let mut child = question(tools, leader).spawn().context(what)?;
    let Some(stdout) = child.stdout.take() else { unreachable!("it was asked to be a pipe") };
    let asked = Instant::now();
    let line = Answers::new(stdout, log).line(limit);
    end(&mut child);
    match line {
        Err(error) if asked.elapsed() >= limit => Err(error),
        other => Ok(other.unwrap_or_default()),
    }
}

fn question(tools: &Tools, leader: i32) -> Command {
    let mut command = endpoint::command(tools, leader);
    command.args(["systemctl", "is-system-running", "--wait"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// It has ended, or is of no use any more; that it cannot be killed then says only that it was quicker.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
