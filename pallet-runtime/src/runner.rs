//! Runs the programs of compute services on the controller itself.

use pallet::compute::{BoxFuture, CommandOutput, CommandRunner, HostCommand, RunError};
use std::io;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// Variables that programs need to find their parts and their user's files. Everything else stays behind:
/// what a program does must not depend on the shell it was started from.
const INHERITED: [&str; 7] =
    ["PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];

/// Runs programs on this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalRunner;

impl CommandRunner for LocalRunner {
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>> {
        Box::pin(async move {
            let child = spawn(command)?;
            match tokio::time::timeout(command.timeout, finish(child, command)).await {
                Ok(output) => output.map_err(RunError::Io),
                // The child was dropped with its future, and killed by that.
                Err(_) => Err(RunError::TimedOut(command.timeout)),
            }
        })
    }
}

fn spawn(command: &HostCommand) -> Result<Child, RunError> {
    let inherited = INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .envs(inherited)
        // Output is parsed, so it has to be in the one language that does not change.
        .env("LC_ALL", "C.UTF-8")
        .envs(&command.env)
        .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RunError::NotFound(command.program.clone()),
            _ => RunError::Io(error),
        })
}

/// Input is written while output is read: a program that fills one pipe while we fill the other would wait forever.
async fn finish(mut child: Child, command: &HostCommand) -> io::Result<CommandOutput> {
    let stdin = child.stdin.take();
    let feed = async {
        if let (Some(mut stdin), Some(input)) = (stdin, &command.stdin) {
            // A program may end without reading all; how it ended says whether that matters.
            let _ = stdin.write_all(input.expose()).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output?;
    Ok(CommandOutput { code: output.status.code(), stdout: output.stdout, stderr: output.stderr })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::Secret;
    use std::time::Duration;

    async fn run(command: HostCommand) -> Result<CommandOutput, RunError> {
        LocalRunner.run(&command).await
    }

    #[tokio::test]
    async fn a_program_gets_its_input_and_its_outputs_stay_apart() {
        let mut command = HostCommand::new("sh").args(["-c", "wc -c; echo oops >&2; exit 3"]);
        command.stdin = Some(Secret::new(vec![b'x'; 300_000]));
        let output = run(command).await.expect("it runs");
        assert_eq!((output.code, output.stderr.as_slice()), (Some(3), b"oops\n".as_slice()));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "300000");
    }

    #[tokio::test]
    async fn a_program_that_is_missing_or_never_ends_is_told_apart() {
        let missing = run(HostCommand::new("no-such-program-here")).await;
        assert!(matches!(missing, Err(RunError::NotFound(_))));
        let mut endless = HostCommand::new("sleep").arg("1000");
        endless.timeout = Duration::from_millis(50);
        assert!(matches!(run(endless).await, Err(RunError::TimedOut(_))));
    }
}
