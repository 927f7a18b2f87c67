//! The network of a service without root: in a user and a network namespace of its own, with slirp4netns(1) as
//! its way out.
//!
//! Not pasta(1): the one of Debian 12 takes connections that are forwarded to it, and then loses their data.
//!
//! A process of many threads cannot enter another user namespace, so what is done there is done by programs. The
//! namespaces are kept by a process that does nothing else, the *holder*.

use crate::error::{Context, Result};
use crate::process::ProcessId;
use crate::talk::Answers;
use crate::tools::Tools;
use pallet::compute::ComputeError;
use rustix::process::Signal;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const TASKS: &str = include_str!("own.sh");
/// The interface of the way out.
const INTERFACE: &str = "tap0";
const LIMIT: Duration = Duration::from_secs(30);

/// Tells its pid, waits until the controller has written that down, and then holds the namespaces.
const HOLD: &str = "read -r pid _ </proc/self/stat; echo \"pid $pid\"; read -r go && [ \"$go\" = go ] || exit 1; \
                    exec sleep infinity </dev/null >/dev/null 2>&1";

/// Starts a holder. `remember` writes its identity down before it may live on.
pub(super) fn start_holder(
    tools: &Tools,
    remember: impl FnOnce(&ProcessId) -> Result<()>,
) -> Result<ProcessId> {
    let what = || "cannot make namespaces".to_owned();
    let mut command = Command::new(&tools.setsid);
    command.arg("--fork").args(tools.new_user_namespace()).args(["--net", "/bin/sh", "-c", HOLD]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().context(what)?;
    let (Some(mut go), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        unreachable!("both were asked to be pipes");
    };
    child.wait().context(what)?;
    let mut answers = Answers::new(stdout, PathBuf::new());
    let line = answers.line(LIMIT)?;
    let pid = line.strip_prefix("pid ").and_then(|pid| pid.parse().ok());
    let holder = ProcessId::of(pid.ok_or_else(|| answers.unexpected(&line))?).context(what)?;
    remember(&holder)?;
    go.write_all(b"go\n").context(what)?;
    Ok(holder)
}

/// Does one of the tasks in `own.sh` inside the namespaces.
pub(super) fn run(tools: &Tools, holder: &ProcessId, task: &[&str]) -> Result<()> {
    let mut command = Command::new(&tools.nsenter);
    command.args(["--user", "--net", &format!("--target={}", holder.pid)]);
    command.args(["/bin/sh", "-c", TASKS, "own.sh"]).args(task).stdin(Stdio::null());
    let what = || format!("cannot {} the network of the sandbox", task.first().unwrap_or(&"use"));
    succeeded(&command.output().context(what)?, what)
}

/// Starts the way out, unless it runs. Its interface comes up a moment later; the task `up` waits for it.
pub(super) fn start_way_out(tools: &Tools, holder: &ProcessId, state_dir: &Path, mtu: u32) -> Result<()> {
    if find_way_out(state_dir)?.is_some() {
        return Ok(());
    }
    let what = || "cannot start slirp4netns, the way out of the sandbox".to_owned();
    let link = namespace_link(state_dir);
    let _ = fs::remove_file(&link);
    symlink(format!("/proc/{}/ns/net", holder.pid), &link).context(what)?;
    let mut command = Command::new(&tools.setsid);
    command.args(["--fork", "slirp4netns", "--configure", &format!("--mtu={mtu}")]);
    // Without this, nodes could reach what listens on the host's loopback only.
    command.arg("--disable-host-loopback");
    command.arg(format!("--userns-path=/proc/{}/ns/user", holder.pid));
    command.arg("--netns-type=path").arg(link).arg(INTERFACE);
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().context(what).map(drop)
}

/// Ends the way out and, with the last process in them, the namespaces.
pub(super) fn release(holder: Option<&ProcessId>, state_dir: &Path) -> Result<()> {
    let processes = [find_way_out(state_dir)?, holder.cloned()];
    for process in processes.iter().flatten().filter_map(ProcessId::find) {
        let what = || "cannot end the network of the sandbox".to_owned();
        process.signal(Signal::KILL).context(what)?;
        process.wait(LIMIT).context(what)?;
    }
    let _ = fs::remove_file(namespace_link(state_dir));
    Ok(())
}

/// The way out gets its namespace by this path, which no other process has on its command line.
fn namespace_link(state_dir: &Path) -> PathBuf {
    state_dir.join("network")
}

fn find_way_out(state_dir: &Path) -> Result<Option<ProcessId>> {
    let link = namespace_link(state_dir);
    let processes = fs::read_dir("/proc").context(|| "cannot read /proc".to_owned())?;
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = |pid: &i32| {
        let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command_line.split(|byte| *byte == 0).any(|word| word == link.as_os_str().as_encoded_bytes())
    };
    // One that ends between two looks is none.
    Ok(pids.filter(ours).find_map(|pid| ProcessId::of(pid).ok()))
}

fn succeeded(output: &Output, what: impl Fn() -> String) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(ComputeError::failed(what()).source(said.lines().last().unwrap_or("no reason was given").to_owned()))
}
