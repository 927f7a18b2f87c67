//! The network of a service without root: in a user and a network namespace of its own, with pasta(1) as its way
//! out.
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
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const TASKS: &str = include_str!("own.sh");
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

/// Starts the way out, unless it runs.
pub(super) fn start_pasta(holder: &ProcessId, state_dir: &Path) -> Result<()> {
    let pid_file = pasta_pid_file(state_dir);
    if find_pasta(&pid_file)?.is_some() {
        return Ok(());
    }
    let what = || "cannot start pasta, the way out of the sandbox".to_owned();
    let mut command = Command::new("pasta");
    // No port of either side is forwarded: with its defaults it would bind every port that nodes listen on.
    command.args([
        "--quiet",
        "--config-net",
        "--tcp-ports=none",
        "--udp-ports=none",
        "--tcp-ns=none",
        "--udp-ns=none",
    ]);
    command.arg("--pid").arg(&pid_file).arg(holder.pid.to_string()).stdin(Stdio::null());
    succeeded(&command.current_dir("/").output().context(what)?, what)?;
    Ok(())
}

/// Ends the holder and the way out; the namespaces and all in them go with the last process.
pub(super) fn release(holder: &ProcessId, state_dir: &Path) -> Result<()> {
    let pid_file = pasta_pid_file(state_dir);
    let processes = [find_pasta(&pid_file)?, Some(holder.clone())];
    for process in processes.iter().flatten().filter_map(ProcessId::find) {
        let what = || "cannot end the network of the sandbox".to_owned();
        process.signal(Signal::KILL).context(what)?;
        process.wait(LIMIT).context(what)?;
    }
    let _ = fs::remove_file(pid_file);
    Ok(())
}

fn pasta_pid_file(state_dir: &Path) -> PathBuf {
    state_dir.join("pasta.pid")
}

/// Returns the pasta that wrote this pid file. Its command line names the file, which no other process's does.
fn find_pasta(pid_file: &Path) -> Result<Option<ProcessId>> {
    let Some(pid) = fs::read_to_string(pid_file).ok().and_then(|text| text.trim().parse().ok()) else {
        return Ok(None);
    };
    let Ok(process) = ProcessId::of(pid) else { return Ok(None) };
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let ours =
        command_line.split(|byte| *byte == 0).any(|word| word == pid_file.as_os_str().as_encoded_bytes());
    Ok(ours.then_some(process))
}

fn succeeded(output: &Output, what: impl Fn() -> String) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(ComputeError::failed(what()).source(said.lines().last().unwrap_or("no reason was given").to_owned()))
}
