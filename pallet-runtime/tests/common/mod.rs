//! What the tests with a real sshd share: the machine to log in to, keys, and a way to say why one cannot run.

// Each test binary uses its own part of this.
#![allow(dead_code, unreachable_pub, unused_imports)]

mod harness;
mod world;

pub use harness::run_tests;
pub use world::{PASSPHRASE, World};

use pallet_runtime::transport::{Channel, Outcome, Output, Terminal, Transport};
use std::time::Duration;

/// What a command wrote and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    pub outcome: Outcome,
}

/// Runs a command without input to its end.
pub async fn run(transport: &dyn Transport, command: &str) -> Ended {
    let Channel { input, output } = transport.open(command, Terminal::None).await.expect("a command starts");
    drop(input);
    to_end(output).await
}

/// Reads everything until the end.
pub async fn to_end(mut output: tokio::sync::mpsc::Receiver<Output>) -> Ended {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(60), output.recv());
        match next.await.expect("a command says something within a minute").expect("a command ends with End")
        {
            Output::Stdout(bytes) => stdout.extend(bytes),
            Output::Stderr(bytes) => stderr.extend(bytes),
            Output::End(outcome) => return Ended { stdout: text(&stdout), stderr: text(&stderr), outcome },
        }
    }
}

/// Sends a script to an open shell and returns what it says until it ends.
pub async fn script(shell: Channel, text: &str) -> Ended {
    let Channel { input, output } = shell;
    let text = text.as_bytes().to_vec();
    let send = async move {
        input.send(text).await.expect("a shell reads");
        drop(input);
    };
    tokio::join!(send, to_end(output)).1
}
