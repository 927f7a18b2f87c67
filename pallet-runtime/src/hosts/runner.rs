//! The [`CommandRunner`] for services on other machines.
//!
//! SSH has no program and no arguments, only a line for the login shell: here it is always `exec sh -c '…'`, in which
//! every word of a command is quoted.

use super::Hosts;
use crate::transport::{Channel, Outcome, Output, Terminal, Transport, TransportError};
use pallet::compute::{BoxFuture, CommandOutput, CommandRunner, HostCommand, RunError};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the line says where there is no such program, with the exit code that shells have for it.
const NO_PROGRAM: (&str, i32) = ("pallet: no such program", 127);
/// How much longer than the command the connection may take, before the end of it is not waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Runs programs on another machine, over one connection for all.
///
/// A command that does not end in time is killed there if that machine has `timeout`, as every Linux has. One whose
/// connection is lost may have run, or still run: nobody knows, and it is not run again.
#[derive(Clone)]
pub struct SshRunner {
    hosts: Arc<Hosts>,
    host: String,
}

impl SshRunner {
    pub(super) fn new(hosts: Arc<Hosts>, host: &str) -> Self {
        SshRunner { hosts, host: host.to_owned() }
    }

    async fn run_there(&self, command: &HostCommand) -> Result<CommandOutput, RunError> {
        let link = self.hosts.link(&self.host);
        // Nobody closes it.
        let _session =
            link.sessions.acquire().await.map_err(|error| RunError::Io(io::Error::other(error)))?;
        let connection = self.hosts.connection(&self.host).await.map_err(not_connected)?;
        let opened = connection.open(&line(command), Terminal::None).await;
        let channel = opened.map_err(|error| RunError::ConnectionLost(error.message))?;
        let begun = Instant::now();
        let ended = tokio::time::timeout(command.timeout + GRACE, to_end(channel, command)).await;
        let (outcome, output) = ended.map_err(|_| RunError::TimedOut(command.timeout))?;
        match outcome {
            Outcome::ConnectionLost(why) => Err(RunError::ConnectionLost(why)),
            Outcome::TimedOut => Err(RunError::ConnectionLost("it does not answer any more".to_owned())),
            _ if is_missing(&output) => Err(RunError::NotFound(command.program.clone())),
            // Killed by `timeout`, and with it the shell's code says so.
            _ if begun.elapsed() >= command.timeout => Err(RunError::TimedOut(command.timeout)),
            _ => Ok(output),
        }
    }
}

impl CommandRunner for SshRunner {
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>> {
        Box::pin(self.run_there(command))
    }

    fn host(&self) -> Option<&str> {
        Some(&self.host)
    }
}

async fn to_end(channel: Channel, command: &HostCommand) -> (Outcome, CommandOutput) {
    let Channel { input, mut output } = channel;
    let write = async {
        if let Some(text) = &command.stdin {
            // A program that does not read its input to the end says why by how it ends.
            let _ = input.send(text.expose().clone()).await;
        }
        drop(input);
    };
    let mut result = CommandOutput { code: None, stdout: Vec::new(), stderr: Vec::new() };
    let read = async {
        while let Some(part) = output.recv().await {
            match part {
                Output::Stdout(bytes) => result.stdout.extend(bytes),
                Output::Stderr(bytes) => result.stderr.extend(bytes),
                Output::End(outcome) => return outcome,
            }
        }
        Outcome::ConnectionLost("no word of its end".to_owned())
    };
    let ((), outcome) = tokio::join!(write, read);
    if let Outcome::Exited(code) = outcome {
        result.code = Some(code);
    }
    (outcome, result)
}

/// The program certainly did not run.
fn not_connected(error: TransportError) -> RunError {
    let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    RunError::Io(io::Error::other(format!("{}{hint}", error.message)))
}

fn is_missing(output: &CommandOutput) -> bool {
    output.code == Some(NO_PROGRAM.1) && output.stderr.starts_with(NO_PROGRAM.0.as_bytes())
}

/// Returns the line for the login shell.
fn line(command: &HostCommand) -> String {
    let program = quoted(&command.program.to_string_lossy());
    let variables = command.env.iter().map(|(name, value)| quoted(&format!("{name}={value}")));
    let locale = (!command.env.contains_key("LC_ALL")).then(|| "LC_ALL=C".to_owned());
    let arguments = command.args.iter().map(|argument| quoted(argument));
    let words: Vec<String> =
        locale.into_iter().chain(variables).chain([program.clone()]).chain(arguments).collect();
    let (complaint, code) = NO_PROGRAM;
    let seconds = command.timeout.as_secs().max(1);
    let script = format!(
        "command -v {program} >/dev/null 2>&1 || {{ echo '{complaint}' >&2; exit {code}; }}; \
         t=; ! command -v timeout >/dev/null 2>&1 || t='timeout -s KILL {seconds}'; exec $t env {}",
        words.join(" ")
    );
    format!("exec sh -c {}", quoted(&script))
}

pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn run(command: &HostCommand) -> (Option<i32>, String, String) {
        let output = Command::new("sh").arg("-c").arg(line(command)).output().expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    #[test]
    fn every_word_arrives_as_it_is() {
        let words = ["", "a b", "it's", "$HOME", "`id`", "\\", "*", "two\nlines", "--nat-pf1=a,b", "ü;|&"];
        let mut command = HostCommand::new("printf").args(["%s|"]).args(words);
        assert_eq!(run(&command).1, format!("{}|", words.join("|")));
        command = HostCommand::new("sh").args(["-c", "echo \"$LC_ALL $X\"; exit 7"]);
        command.env.insert("X".to_owned(), "it's $Y".to_owned());
        assert_eq!(run(&command), (Some(7), "C it's $Y\n".to_owned(), String::new()));
    }

    #[test]
    fn a_program_that_is_not_there_is_told_from_one_that_fails() {
        let (code, _, stderr) = run(&HostCommand::new("/none/it's not"));
        let output = CommandOutput { code, stdout: vec![], stderr: stderr.into_bytes() };
        assert!(is_missing(&output), "{output:?}");
        let (code, _, stderr) = run(&HostCommand::new("sh").args(["-c", "exit 127"]));
        assert!(!is_missing(&CommandOutput { code, stdout: vec![], stderr: stderr.into_bytes() }));
    }
}
