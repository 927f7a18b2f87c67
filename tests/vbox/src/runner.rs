//! A [`CommandRunner`] on this machine that counts its calls and can be made to fail at one of them.

use pallet::Secret;
use pallet::compute::{BoxFuture, CommandOutput, CommandRunner, HostCommand, RunError};
use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::io::AsyncWriteExt;

/// Runs programs with an environment made from nothing.
#[derive(Debug, Default)]
pub struct TestRunner {
    env: BTreeMap<String, String>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Vec<String>>,
    fault: Option<Fault>,
    hanging: bool,
}

/// What goes wrong, and at which call, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The call.
    pub at: usize,
    /// What goes wrong there.
    pub kind: FaultKind,
}

/// What goes wrong at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It fails and has done nothing.
    FailBefore,
    /// It does its work and is reported as failed all the same.
    FailAfter,
    /// It never answers and has done nothing, as if the controller had been killed just before.
    HangBefore,
    /// It never answers and has done its work, as if the controller had been killed just after.
    HangAfter,
}

impl FaultKind {
    /// Tells whether the call is made.
    fn runs(self) -> bool {
        matches!(self, FaultKind::FailAfter | FaultKind::HangAfter)
    }

    /// Tells whether the call never answers.
    pub fn hangs(self) -> bool {
        matches!(self, FaultKind::HangBefore | FaultKind::HangAfter)
    }
}

impl TestRunner {
    /// Returns a runner whose programs get this environment and what a command adds.
    pub fn new(env: BTreeMap<String, String>) -> Self {
        TestRunner { env, state: Mutex::default() }
    }

    /// Forgets all calls and lets one of those to come go wrong.
    pub fn restart(&self, fault: Option<Fault>) {
        *self.state() = State { calls: Vec::new(), fault, hanging: false };
    }

    /// Returns the arguments of all calls of VBoxManage since the last [restart](TestRunner::restart).
    pub fn calls(&self) -> Vec<Vec<String>> {
        self.state().calls.clone()
    }

    /// Tells whether a call never answers, and has done its work if it was to do so.
    pub fn is_hanging(&self) -> bool {
        self.state().hanging
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call and returns what is to go wrong at it.
    fn note(&self, command: &HostCommand) -> Option<FaultKind> {
        let mut state = self.state();
        state.calls.push(command.args.clone());
        let this = state.calls.len() - 1;
        state.fault.filter(|fault| fault.at == this).map(|fault| fault.kind)
    }

    async fn really_run(&self, command: &HostCommand) -> Result<CommandOutput, RunError> {
        let mut process = tokio::process::Command::new(&command.program);
        process
            .args(&command.args)
            .env_clear()
            .envs(&self.env)
            .envs(&command.env)
            .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match tokio::time::timeout(command.timeout, run(process, command.stdin.clone())).await {
            Err(_) => Err(RunError::TimedOut(command.timeout)),
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                Err(RunError::NotFound(command.program.clone()))
            }
            Ok(Err(error)) => Err(RunError::Io(error)),
            Ok(Ok(output)) => {
                Ok(CommandOutput { code: output.status.code(), stdout: output.stdout, stderr: output.stderr })
            }
        }
    }
}

impl CommandRunner for TestRunner {
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>> {
        Box::pin(async move {
            let fault = self.note(command);
            let output = match fault {
                Some(kind) if !kind.runs() => Ok(failure()),
                _ => self.really_run(command).await,
            };
            match fault {
                None => output,
                Some(kind) if kind.hangs() => {
                    self.state().hanging = true;
                    std::future::pending().await
                }
                Some(_) => output.map(|_| failure()),
            }
        })
    }
}

async fn run(
    mut process: tokio::process::Command,
    input: Option<Secret<Vec<u8>>>,
) -> io::Result<std::process::Output> {
    let mut child = process.spawn()?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // A program that does not read its input to the end says why by how it ends.
        let _ = stdin.write_all(input.expose()).await;
    }
    child.wait_with_output().await
}

fn failure() -> CommandOutput {
    CommandOutput { code: Some(1), stdout: vec![], stderr: b"VBoxManage: error: made to fail\n".to_vec() }
}
