//! VirtualBox's server, of which each registry has one: it starts with a call and ends some seconds after the last.

use crate::runner::TestRunner;
use pallet::compute::{BoxFuture, CommandOutput, CommandRunner, HostCommand, RunError};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs programs, and ends the server of a registry before some, as if those calls had been a long while after the ones
/// before.
#[derive(Debug)]
pub struct WithoutServer {
    runner: Arc<TestRunner>,
    home: String,
    /// The word that is in the calls that find no server: none is in all of them.
    word: &'static str,
}

impl WithoutServer {
    pub(crate) fn new(runner: Arc<TestRunner>, home: String, word: &'static str) -> WithoutServer {
        WithoutServer { runner, home, word }
    }
}

impl CommandRunner for WithoutServer {
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>> {
        Box::pin(async move {
            if command.args.iter().any(|argument| argument.contains(self.word)) {
                end(&self.home);
            }
            self.runner.run(command).await
        })
    }
}

/// Ends the server of the registry in the folder `home`, and whatever else works on it.
pub(crate) fn end(home: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut signal = "-TERM";
    loop {
        let pids = processes(home);
        if pids.is_empty() {
            return;
        }
        if Instant::now() >= deadline {
            signal = "-KILL";
        }
        // Status and output do not matter: a process may be gone by now.
        let _ = Command::new("kill").arg(signal).args(&pids).output();
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the processes that belong to this registry, and to no other.
fn processes(home: &str) -> Vec<String> {
    let ours = format!("VBOX_USER_HOME={home}");
    let is_ours = |pid: &String| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|entry| entry == ours.as_bytes())
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().into_string().ok());
    pids.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter(is_ours).collect()
}
