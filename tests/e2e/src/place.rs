//! A controller of its own for each test: an empty home, a `pallet.toml`, a command line, and what came of it.

use pallet::Secret;
use pallet_runtime::Main;
use pallet_runtime::cli::{Prompts, Stream, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// Where a test's controller runs.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    vars: BTreeMap<String, String>,
}

/// What a command did.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its exit code.
    pub code: u8,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Place {
    /// Returns a place with this `pallet.toml`.
    #[must_use]
    pub fn new(config: &str) -> Place {
        let folder = tempfile::Builder::new().prefix("e2e-").tempdir().expect("a folder");
        let home = folder.path().join("home");
        std::fs::create_dir(&home).expect("a home");
        let vars = BTreeMap::from([("HOME".to_owned(), home.display().to_string())]);
        let place = Place { folder, vars };
        place.write("pallet.toml", config);
        place
    }

    /// Sets an environment variable of the commands.
    #[must_use]
    pub fn var(mut self, name: &str, value: &str) -> Place {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Returns the path of a file of this place.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file below this place and returns its path.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    /// Runs a command line in this process. Nobody is there to answer questions.
    #[must_use]
    pub fn run(&self, main: Main, line: &str) -> Outcome {
        let (stdout, stderr) = (Kept::default(), Kept::default());
        let stream = |kept: &Kept| Stream { sink: Arc::new(Mutex::new(kept.clone())), terminal: false };
        let world = World {
            args: ["infra"].into_iter().chain(line.split_whitespace()).map(Into::into).collect(),
            vars: self.vars.clone(),
            cwd: self.folder.path().to_owned(),
            stdout: stream(&stdout),
            stderr: stream(&stderr),
            prompts: Arc::new(Nobody),
            interruptible: false,
        };
        let code = main.run_in(world);
        Outcome { code, stdout: stdout.text(), stderr: stderr.text() }
    }

    /// Returns a command that runs a program with a command line here, in a process of its own.
    #[must_use]
    pub fn command(&self, program: &Path, line: &str) -> Command {
        let mut command = Command::new(program);
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env_clear().envs(&self.vars).env("PATH", "/usr/bin:/bin");
        command
    }
}

impl Outcome {
    /// Returns the events of `--output json`.
    ///
    /// # Panics
    ///
    /// When a line is not one.
    #[must_use]
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let event = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}: {self:?}"));
        self.stdout.lines().map(event).collect()
    }

    /// Returns the events of a kind.
    #[must_use]
    #[track_caller]
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["event"] == kind).collect()
    }

    /// Returns the last event, which says how the run ended.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[must_use]
    #[track_caller]
    pub fn summary(&self) -> Value {
        let last = self.events().pop().unwrap_or_default();
        assert_eq!(last["event"], "finished", "{self:?}");
        last
    }

    /// Returns a number of the summary.
    ///
    /// # Panics
    ///
    /// When there is no such number.
    #[must_use]
    #[track_caller]
    pub fn number(&self, field: &str) -> u64 {
        let summary = self.summary();
        summary[field].as_u64().unwrap_or_else(|| panic!("{field} in {summary}"))
    }

    /// Returns this if the run ended well.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[must_use]
    #[track_caller]
    pub fn expect(self, code: u8) -> Outcome {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Returns why a node failed: the failure of its event.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[must_use]
    #[track_caller]
    pub fn failure_of(&self, node: &str) -> Value {
        let failed = self.events_of("node-failed").into_iter().find(|event| event["node"] == node);
        failed.unwrap_or_else(|| panic!("{node} has not failed: {self:?}"))["failure"].clone()
    }

    /// Returns how the actions on a node ended, in the order in which they did.
    #[must_use]
    #[track_caller]
    pub fn ends_on(&self, node: &str) -> Vec<(String, String)> {
        let ended = self.events_of("action-finished").into_iter().filter(|event| event["node"] == node);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        ended.map(|event| (text(&event["action"]["subject"]), text(&event["outcome"]["outcome"]))).collect()
    }
}

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no writer panicked")).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The user of a test.
struct Nobody;

impl Prompts for Nobody {
    fn interactive(&self) -> bool {
        false
    }

    fn ask(&self, question: &str) -> io::Result<String> {
        Err(io::Error::other(format!("nobody answers {question}")))
    }

    fn secret(&self, question: &str) -> io::Result<Secret> {
        self.ask(question).map(Secret::new)
    }
}
