//! The [`CommandRunner`] for services hosted by the controller.

use pallet::compute::{BoxFuture, CommandOutput, CommandRunner, HostCommand, RunError};
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// What programs need from our environment to find themselves and their user's files.
const KEPT: [&str; 8] =
    ["HOME", "LOGNAME", "PATH", "TMPDIR", "USER", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"];

/// The way out of a network that has only one: what `curl` reads.
const PROXIES: [&str; 6] = ["ALL_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/// Runs programs on the controller.
///
/// They get an environment made for them: the user's home and search path, the C locale (so that their output
/// can be read by a parser), and what the command itself sets.
#[derive(Debug, Clone)]
pub struct LocalRunner {
    env: BTreeMap<OsString, OsString>,
}

impl LocalRunner {
    /// Returns a runner that passes on home and search path of the process it is made in.
    pub fn new() -> Self {
        let mut runner = LocalRunner { env: BTreeMap::new() };
        runner.env.insert("LC_ALL".into(), "C".into());
        KEPT.iter().chain(&PROXIES).fold(runner, |runner, name| runner.keep(name))
    }

    /// Passes on this variable too, if it is set.
    #[must_use]
    pub fn keep(mut self, name: &str) -> Self {
        if let Some(value) = std::env::var_os(name) {
            self.env.insert(name.into(), value);
        }
        self
    }
}

impl Default for LocalRunner {
    fn default() -> Self {
        LocalRunner::new()
    }
}

impl CommandRunner for LocalRunner {
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>> {
        Box::pin(async move {
            let mut child = self.spawn(command).map_err(|error| not_started(command, error))?;
            let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            write_input(&mut child, command);
            match tokio::time::timeout(command.timeout, child.wait_with_output()).await {
                Ok(Ok(output)) => {
                    let code = output.status.code();
                    Ok(CommandOutput { code, stdout: output.stdout, stderr: output.stderr })
                }
                Ok(Err(error)) => Err(RunError::Io(error)),
                Err(_) => {
                    kill(group);
                    Err(RunError::TimedOut(command.timeout))
                }
            }
        })
    }
}

impl LocalRunner {
    fn spawn(&self, command: &HostCommand) -> io::Result<Child> {
        let mut program = Command::new(&command.program);
        program.args(&command.args).env_clear().envs(&self.env).envs(&command.env);
        let stdin = if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        program.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C does not reach it, and a time limit ends all that it started.
        program.process_group(0).kill_on_drop(true);
        program.spawn()
    }
}

fn not_started(command: &HostCommand, error: io::Error) -> RunError {
    match error.kind() {
        io::ErrorKind::NotFound => RunError::NotFound(command.program.clone()),
        _ => RunError::Io(error),
    }
}

/// Writes while the output is read, so that neither side waits for the other.
fn write_input(child: &mut Child, command: &HostCommand) {
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), command.stdin.clone()) {
        tokio::spawn(async move {
            // A program that does not read its input to the end says why by how it ends.
            let _ = stdin.write_all(input.expose()).await;
        });
    }
}

fn kill(group: Option<Pid>) {
    if let Some(group) = group {
        // It may have ended in this moment; then there is nothing to kill.
        let _ = kill_process_group(group, Signal::KILL);
    }
}
