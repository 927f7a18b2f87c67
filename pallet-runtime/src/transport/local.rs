//! Commands on the controller itself, as pipes: the node is this machine, or is entered by running a program.
//!
//! There are no terminals here; what needs one says so through [`Stage::Open`].

mod runner;

pub use runner::LocalRunner;

use super::{Channel, Outcome, Output, Stage, Terminal, Transport, TransportError};
use pallet::compute::BoxFuture;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};

/// Messages that may wait on either side of a command before its writer has to.
const QUEUE: usize = 64;
/// The most that is read from a pipe at once: the size of a pipe on Linux.
const READ: usize = 64 * 1024;
/// How long the streams of a command that has ended may be silent before its end is reported. Only a process
/// that it left behind with its streams open lets this pass.
const SILENCE_AFTER_END: Duration = Duration::from_millis(200);

/// Runs commands on the controller, as the user that runs pallet.
#[derive(Debug, Default, Clone, Copy)]
pub struct LocalTransport;

impl Transport for LocalTransport {
    fn open<'a>(
        &'a self,
        command: &'a str,
        terminal: Terminal,
    ) -> BoxFuture<'a, Result<Channel, TransportError>> {
        Box::pin(async move { start(Command::new("sh"), command, terminal) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// Runs commands by giving them to a program that enters the node, as `nsenter … -- sh -c …` does.
#[derive(Debug, Clone)]
pub struct CommandTransport {
    program: PathBuf,
    args: Vec<String>,
}

impl CommandTransport {
    /// Returns a transport that runs `program args… sh -c COMMAND`.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = String>) -> Self {
        CommandTransport { program: program.into(), args: args.into_iter().collect() }
    }
}

impl Transport for CommandTransport {
    fn open<'a>(
        &'a self,
        command: &'a str,
        terminal: Terminal,
    ) -> BoxFuture<'a, Result<Channel, TransportError>> {
        Box::pin(async move {
            let mut program = Command::new(&self.program);
            program.args(&self.args).arg("sh");
            start(program, command, terminal)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// Starts `shell -c command` with pipes.
fn start(mut shell: Command, command: &str, terminal: Terminal) -> Result<Channel, TransportError> {
    if terminal == Terminal::Pseudo {
        return Err(no_terminal());
    }
    shell.arg("-c").arg(command);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C on the controller's terminal is for pallet, which then ends in good order.
    shell.process_group(0);
    let child = shell.spawn().map_err(|error| cannot_start(&shell, &error))?;
    Ok(pump(child))
}

fn no_terminal() -> TransportError {
    TransportError {
        stage: Stage::Open,
        message: "a command on this machine gets no terminal".to_owned(),
        hint: Some("allow sudo without a terminal for this user: `Defaults:USER !requiretty`".to_owned()),
        transient: false,
    }
}

fn cannot_start(shell: &Command, error: &io::Error) -> TransportError {
    let program = shell.as_std().get_program().to_string_lossy().into_owned();
    let hint = (error.kind() == io::ErrorKind::NotFound)
        .then(|| format!("install {program}, or put its folder into PATH"));
    let message = format!("{program} cannot be started: {error}");
    TransportError { stage: Stage::Connect, message, hint, transient: false }
}

/// Joins a child's pipes to the queues of a channel.
fn pump(mut child: Child) -> Channel {
    let (input, input_rx) = mpsc::channel(QUEUE);
    let (output_tx, output) = mpsc::channel(QUEUE);
    if let Some(stdin) = child.stdin.take() {
        tokio::spawn(feed(stdin, input_rx));
    }
    tokio::spawn(drain(child, output_tx));
    Channel { input, output }
}

/// Writes what arrives until the sender is dropped or the command has closed its standard input.
async fn feed(mut stdin: ChildStdin, mut input: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = input.recv().await {
        if stdin.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Passes on what the command writes, then how it ended.
async fn drain(mut child: Child, output: mpsc::Sender<Output>) {
    let (ended_tx, ended) = watch::channel(false);
    let stdout = child.stdout.take().map(|pipe| copy(pipe, Output::Stdout, output.clone(), ended.clone()));
    let stderr = child.stderr.take().map(|pipe| copy(pipe, Output::Stderr, output.clone(), ended));
    let wait = async {
        let status = child.wait().await;
        // Both readers may have finished already; then nobody needs to hear of it.
        let _ = ended_tx.send(true);
        status
    };
    let (status, (), ()) = tokio::join!(wait, run(stdout), run(stderr));
    // Nobody listens any more: nothing is lost.
    let _ = output.send(Output::End(outcome(status))).await;
}

async fn run(copy: Option<impl Future<Output = ()>>) {
    if let Some(copy) = copy {
        copy.await;
    }
}

/// Passes on one pipe until its end, or until it is silent after the command's end.
async fn copy(
    mut pipe: impl AsyncRead + Unpin,
    wrap: fn(Vec<u8>) -> Output,
    output: mpsc::Sender<Output>,
    mut ended: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; READ];
    loop {
        let read = tokio::select! {
            read = pipe.read(&mut buffer) => read,
            () = silent_after(&mut ended) => return,
        };
        match read {
            Ok(0) | Err(_) => return,
            Ok(n) if output.send(wrap(buffer[..n].to_vec())).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

async fn silent_after(ended: &mut watch::Receiver<bool>) {
    // A sender that is gone has sent its message before.
    let _ = ended.wait_for(|ended| *ended).await;
    tokio::time::sleep(SILENCE_AFTER_END).await;
}

fn outcome(status: io::Result<ExitStatus>) -> Outcome {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Outcome::Exited(code),
            (None, Some(signal)) => Outcome::Killed(signal_name(signal)),
            (None, None) => Outcome::ConnectionLost("the command was stopped, not ended".to_owned()),
        },
        Err(error) => Outcome::ConnectionLost(error.to_string()),
    }
}

/// Returns a signal's name as SSH spells it, without `SIG`; the number where POSIX fixes none.
fn signal_name(signal: i32) -> String {
    use rustix::process::Signal;
    let known = [
        (Signal::HUP, "HUP"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::ILL, "ILL"),
        (Signal::TRAP, "TRAP"),
        (Signal::ABORT, "ABRT"),
        (Signal::BUS, "BUS"),
        (Signal::FPE, "FPE"),
        (Signal::KILL, "KILL"),
        (Signal::USR1, "USR1"),
        (Signal::SEGV, "SEGV"),
        (Signal::USR2, "USR2"),
        (Signal::PIPE, "PIPE"),
        (Signal::ALARM, "ALRM"),
        (Signal::TERM, "TERM"),
        (Signal::XCPU, "XCPU"),
        (Signal::XFSZ, "XFSZ"),
        (Signal::SYS, "SYS"),
    ];
    let name = known.iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| *name);
    name.map_or_else(|| signal.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
