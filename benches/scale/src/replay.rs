//! Nodes in memory: what one real shell answers to a script, all answer.
//!
//! Each script is run once, by a shell of this machine, and its answer is kept. The scripts of a phase are the same
//! for all nodes but for the token, which is put in anew. So the engine, the framing and the planner work as they do
//! with real nodes, and everything below the shell costs next to nothing.

use pallet::compute::{BoxFuture, NodeRecord};
use pallet_runtime::engine::{Connection, Connector, LoginAs};
use pallet_runtime::transport::{Channel, Outcome, Output, Stage, Terminal, Transport, TransportError};
use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// What stands in a kept script and its answer in the place of a shell's token.
const TOKEN: &str = "TOKEN";

/// What every message to a shell ends with.
const LAST_LINE: &str = "\np_frame over\n";

/// Connects to nodes in memory.
#[derive(Clone, Default)]
pub(crate) struct Replay {
    answers: Arc<Mutex<HashMap<String, Arc<str>>>>,
}

impl Replay {
    /// Returns the answer to a message. The first message of a shell prepares it for all others.
    fn answer(&self, first: &str, message: &str) -> Arc<str> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(message) {
            return answer.clone();
        }
        let answer: Arc<str> =
            if first == message { run(message) } else { run(&format!("{first}{message}")) }.into();
        answers.insert(message.to_owned(), answer.clone());
        answer
    }
}

/// Runs a message in a shell of this machine.
fn run(text: &str) -> String {
    let mut shell = Command::new("sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let mut input = shell.stdin.take().expect("it is piped");
    input.write_all(text.as_bytes()).expect("the shell reads");
    drop(input);
    let output = shell.wait_with_output().expect("the shell ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // The answer to the first message comes before that to another.
    let over = format!("\u{1e}{TOKEN} over\n");
    let parts: Vec<&str> = text.split_inclusive(over.as_str()).collect();
    parts.last().copied().unwrap_or_default().to_owned()
}

impl Connector for Replay {
    fn connect<'a>(
        &'a self,
        _: &'a NodeRecord,
        _: LoginAs,
        _: bool,
    ) -> BoxFuture<'a, Result<Connection, TransportError>> {
        Box::pin(async move {
            let (input, messages) = mpsc::channel(4);
            let (answers, output) = mpsc::channel(4);
            tokio::spawn(serve(self.clone(), messages, answers));
            Ok(Connection { transport: Box::new(Nothing), channel: Channel { input, output } })
        })
    }

    fn forget(&self, _: &NodeRecord) {}
}

/// Answers the messages of one shell until there are no more.
async fn serve(replay: Replay, mut messages: mpsc::Receiver<Vec<u8>>, answers: mpsc::Sender<Output>) {
    let (mut token, mut first, mut message) = (String::new(), String::new(), String::new());
    while let Some(bytes) = messages.recv().await {
        message.push_str(&String::from_utf8_lossy(&bytes));
        if !message.ends_with(LAST_LINE) {
            continue;
        }
        if token.is_empty() {
            let line = message.lines().next().and_then(|line| line.strip_prefix("p_token="));
            line.unwrap_or_default().clone_into(&mut token);
        }
        let text = message.replace(&token, TOKEN);
        if first.is_empty() {
            first.clone_from(&text);
        }
        let answer = replay.answer(&first, &text).replace(TOKEN, &token);
        message.clear();
        if answers.send(Output::Stdout(answer.into_bytes())).await.is_err() {
            return;
        }
    }
    // Nobody may be listening any more.
    let _ = answers.send(Output::End(Outcome::Exited(0))).await;
}

/// A connection that carries nothing but its shell.
struct Nothing;

impl Transport for Nothing {
    fn open<'a>(&'a self, _: &'a str, _: Terminal) -> BoxFuture<'a, Result<Channel, TransportError>> {
        let message = "a node in memory has one shell".to_owned();
        Box::pin(async { Err(TransportError { stage: Stage::Open, message, hint: None, transient: false }) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
