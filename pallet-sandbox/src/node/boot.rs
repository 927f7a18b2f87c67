//! The start of a node: a detached process in namespaces of its own, and the talk with it until it is ready.

use super::endpoint::withhold_rights;
use super::init::Init;
use super::sysv::{INIT, utmp};
use super::{NodeState, cgroup, systemd};
use crate::error::{Context, Result};
use crate::process::ProcessId;
use crate::talk::Answers;
use crate::tools::Tools;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

const BOOT: &str = include_str!("boot.sh");

/// Making mounts takes milliseconds.
const MOUNTS_LIMIT: Duration = Duration::from_secs(30);
/// A node starts its enabled services before it is ready, and a database may have to recover.
const SERVICES_LIMIT: Duration = Duration::from_secs(180);

/// A node whose file system is being made and which waits for its network.
pub(crate) struct Boot {
    pub(crate) init: ProcessId,
    system: Init,
    answers: Answers,
    go: ChildStdin,
}

impl Boot {
    /// Starts a node's first process. It belongs to nobody: the controller may end and it stays, but until it has
    /// been told to [`go`](Boot::go) on, it ends with the controller.
    ///
    /// `holder` is a process in the user namespace that the node belongs to, if it is not the host's.
    pub(crate) fn start(
        tools: &Tools,
        holder: Option<&ProcessId>,
        folder: &Path,
        state: &NodeState,
    ) -> Result<Self> {
        write_parts(folder)?;
        let log = folder.join("boot.log");
        let what = || "cannot start the node's first process".to_owned();
        let stderr = File::create(&log).context(what)?;
        let mut child = command(tools, holder, folder, state).stderr(stderr).spawn().context(what)?;
        let (Some(go), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked to be pipes");
        };
        // What was started forks and ends at once; the node is nobody's child.
        child.wait().context(what)?;
        let mut answers = Answers::new(stdout, log);
        let line = answers.line(MOUNTS_LIMIT)?;
        let pid = line.strip_prefix("pid ").and_then(|pid| pid.parse().ok());
        let pid = pid.ok_or_else(|| answers.unexpected(&line))?;
        let init = ProcessId::of(pid).map_err(|error| answers.ended().source(error))?;
        Ok(Boot { init, system: state.init_system, answers, go })
    }

    /// Tells the node that its network is there, and waits until its services have started.
    pub(crate) fn go(mut self, tools: &Tools) -> Result<()> {
        // If it ended meanwhile, the log says why, and waiting for its answer finds the end.
        let _ = self.go.write_all(b"go\n");
        match self.system {
            Init::Sysv => self.wait_for_answer(),
            Init::Systemd => systemd::wait_until_up(tools, &self.init, &self.answers, SERVICES_LIMIT),
        }
    }

    fn wait_for_answer(&mut self) -> Result<()> {
        match self.answers.line(SERVICES_LIMIT)?.as_str() {
            "ready" => Ok(()),
            other => Err(self.answers.unexpected(other)),
        }
    }
}

fn write_parts(folder: &Path) -> Result<()> {
    fs::write(folder.join("boot.sh"), BOOT)
        .and_then(|()| fs::write(folder.join("nspawn.sh"), systemd::NSPAWN))
        .and_then(|()| fs::write(folder.join("init.sh"), INIT))
        .and_then(|()| fs::write(folder.join("utmp"), utmp()))
        .context(|| format!("cannot write to {}", folder.display()))
}

/// `setsid --fork setpriv … unshare … sh SCRIPT HOSTNAME …`, in an environment of its own.
fn command(tools: &Tools, holder: Option<&ProcessId>, folder: &Path, state: &NodeState) -> Command {
    let mut command = Command::new(&tools.setsid);
    // Its own session, or closing the controller's terminal would end the node.
    command.arg("--fork").args(withhold_rights(tools));
    if let Some(holder) = holder {
        command.arg(&tools.nsenter).args(["--user", "--net", &format!("--target={}", holder.pid)]);
    }
    command.arg(&tools.unshare);
    command.args(["--mount", "--uts", "--ipc", "--net", "--pid"]);
    // A pid namespace begins with a child. Without the second option that child would outlive its parent's kill.
    command.args(["--fork", "--kill-child"]);
    command.arg("/bin/sh");
    match state.init_system {
        Init::Sysv => {
            // Where the mounter is root of a user namespace only, overlayfs keeps its marks in attributes of another
            // name.
            let option = if holder.is_some() { ",userxattr" } else { "" };
            command.args(["boot.sh", &state.name, option])
        }
        Init::Systemd => {
            command.args(["nspawn.sh", &state.name, &cgroup::name(&state.id)]).args(cgroup::hierarchies())
        }
    };
    command
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LANG", "C.UTF-8")]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
