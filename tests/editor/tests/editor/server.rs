//! rust-analyzer as a process: messages of the language server protocol over its standard input and output. What
//! they mean is not known here.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long one answer may take. The first one waits for a build, on a machine that may have other work.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the server answers when the text changed under the question: ask again.
const CONTENT_MODIFIED: i64 = -32801;

/// A running language server. It ends when its input does, with this process at the latest.
pub(crate) struct Server {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    last_id: u64,
}

impl Server {
    /// Starts rust-analyzer, which shall put what it builds into `target`.
    pub(crate) fn start(target: &Path) -> Server {
        let mut process = Command::new("rust-analyzer")
            .env("CARGO_TARGET_DIR", target)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("rust-analyzer can be started");
        let input = process.stdin.take().expect("its input is a pipe");
        let output = process.stdout.take().expect("its output is a pipe");
        Server { process, input, messages: read_all(output), last_id: 0 }
    }

    /// Tells the server something.
    pub(crate) fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks the server something and returns the answer.
    #[track_caller]
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut answer = self.ask(method, params, deadline);
            if answer["error"]["code"] == CONTENT_MODIFIED {
                continue;
            }
            assert!(answer.get("error").is_none(), "{method}: {answer}");
            return answer["result"].take();
        }
    }

    /// Waits until the server says something that satisfies the condition, and returns what it was about.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, method: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut message = self.receive(deadline);
            if message["method"] == method && is_it(&message["params"]) {
                return message["params"].take();
            }
        }
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: &Value, deadline: Instant) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive(deadline);
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// Returns the next message. A question of the server's is answered with nothing first, lest it wait.
    #[track_caller]
    fn receive(&mut self, deadline: Instant) -> Value {
        let left = deadline.saturating_duration_since(Instant::now());
        let message = match self.messages.recv_timeout(left) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => panic!("no answer of rust-analyzer within {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => {
                panic!("rust-analyzer has ended: {:?}", self.process.wait())
            }
        };
        if message.get("method").is_some() && message.get("id").is_some() {
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
        }
        message
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let sent = write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len());
        sent.and_then(|()| self.input.flush()).expect("rust-analyzer reads");
    }
}

/// Reads messages until the end of the output.
fn read_all(output: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        while let Some(message) = read(&mut output) {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Reads one message: headers, an empty line, and as many bytes as the headers say.
fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        output.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", number)) => length = Some(number.parse().ok()?),
            Some(_) => {}
            None => break,
        }
    }
    let mut text = vec![0; length?];
    output.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
