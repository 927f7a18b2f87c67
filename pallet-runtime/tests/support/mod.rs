//! A world of its own for each test: an empty home, no variables but those given, streams that are kept, an
//! engine and a provider that follow a script.

#![allow(dead_code, reason = "every test file uses its part of it")]

pub(crate) mod runs;

use pallet::Secret;
use pallet::compute::{BoxFuture, Compute, ComputeError, Provider, ServiceConfig};
use pallet::graph::draw::Drawing;
use pallet::name::{GroupName, PhaseName};
use pallet_runtime::cli::{Catalogue, Engine, GroupEntry, Main, PhaseEntry, Prompts, Setup, Stream, World};
use pallet_runtime::engine::{DrawRequest, NodeFacts};
use pallet_runtime::event::{Event, Failure, Summary};
use pallet_runtime::providers::node_list::NodeList;
use pallet_runtime::request::{Request, RunError};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Returns all of it as one text, for snapshots.
    pub(crate) fn show(&self) -> String {
        format!("code {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Where a test takes place.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) interruptible: bool,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut vars = BTreeMap::new();
        let home = folder.path().join("home");
        std::fs::create_dir(&home).expect("a home");
        std::fs::create_dir(folder.path().join("project")).expect("a project");
        vars.insert("HOME".to_owned(), home.to_str().expect("a path in text").to_owned());
        vars.insert("USER".to_owned(), "tester".to_owned());
        Place { folder, vars, answers: Arc::default(), interruptible: false }
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file below the folder of the test and returns its path.
    pub(crate) fn write(&self, path: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("created");
        std::fs::write(&path, content).expect("written");
        path
    }

    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Runs a command line with the engine's script and returns what it did.
    pub(crate) fn run(&self, engine: &FakeEngine, line: &str) -> Outcome {
        self.run_main(Main::new(engine.clone()).provider(Bench), line)
    }

    /// Runs a command line of a program and returns what it did.
    pub(crate) fn run_main(&self, main: Main, line: &str) -> Outcome {
        let (stdout, stderr) = (Kept::default(), Kept::default());
        let world = World {
            args: ["infra"].into_iter().chain(line.split_whitespace()).map(Into::into).collect(),
            vars: self.vars.clone(),
            cwd: self.project(),
            stdout: Stream { sink: Arc::new(Mutex::new(stdout.clone())), terminal: false },
            stderr: Stream { sink: Arc::new(Mutex::new(stderr.clone())), terminal: false },
            prompts: self.answers.clone(),
            interruptible: self.interruptible,
        };
        let code = main.run_in(world);
        Outcome { code, stdout: self.normal(&stdout), stderr: self.normal(&stderr) }
    }

    /// The folder has another name in every run.
    fn normal(&self, text: &Kept) -> String {
        let text = String::from_utf8(text.0.lock().expect("nobody panicked").clone()).expect("text");
        text.replace(self.folder.path().to_str().expect("a path in text"), "$TEST")
    }
}

/// Keeps what is written.
#[derive(Clone, Default)]
pub(crate) struct Kept(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The user of a test. Nobody is there unless answers were prepared.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) prepared: Mutex<VecDeque<String>>,
    pub(crate) questions: Mutex<Vec<String>>,
}

impl Answers {
    pub(crate) fn prepare(&self, answer: &str) {
        self.prepared.lock().expect("nobody panicked").push_back(answer.to_owned());
    }
}

impl Prompts for Answers {
    fn interactive(&self) -> bool {
        !self.prepared.lock().expect("nobody panicked").is_empty()
    }

    fn ask(&self, question: &str) -> io::Result<String> {
        self.questions.lock().expect("nobody panicked").push(question.to_owned());
        let answer = self.prepared.lock().expect("nobody panicked").pop_front();
        answer.ok_or_else(|| io::Error::other("a question that the test did not expect"))
    }

    fn secret(&self, question: &str) -> io::Result<Secret> {
        self.ask(question).map(Secret::new)
    }
}

/// What an engine does with its turn.
pub(crate) type Script = dyn Fn(&Setup, &Request) -> Result<Summary, RunError> + Send + Sync;

/// An engine that follows a script and remembers what was asked of it.
#[derive(Clone)]
pub(crate) struct FakeEngine {
    pub(crate) script: Arc<Script>,
    pub(crate) catalogue: Result<Catalogue, Vec<Failure>>,
    pub(crate) asked: Arc<Mutex<Vec<(Setup, Request)>>>,
}

impl FakeEngine {
    pub(crate) fn new(
        script: impl Fn(&Setup, &Request) -> Result<Summary, RunError> + Send + Sync + 'static,
    ) -> Self {
        FakeEngine { script: Arc::new(script), catalogue: Ok(catalogue()), asked: Arc::default() }
    }

    /// Returns an engine that tells these events, the last of which says how it ended.
    pub(crate) fn telling(events: Vec<Event>) -> Self {
        FakeEngine::new(move |setup, _| {
            for event in &events {
                setup.listener.event(event);
            }
            match events.last() {
                Some(Event::Finished(summary)) if summary.ok => Ok(summary.clone()),
                Some(Event::Finished(summary)) => Err(RunError::Failed(Box::new(summary.clone()))),
                _ => panic!("a script ends with `finished`"),
            }
        })
    }

    /// Returns an engine that must not be reached.
    pub(crate) fn untouched() -> Self {
        FakeEngine::new(|_, request| panic!("the engine was asked for {request:?}"))
    }

    pub(crate) fn asked(&self) -> (Setup, Request) {
        self.asked.lock().expect("nobody panicked").last().expect("the engine was asked").clone()
    }
}

impl Engine for FakeEngine {
    fn catalogue(&self) -> Result<Catalogue, Vec<Failure>> {
        self.catalogue.clone()
    }

    fn draw(&self, request: &DrawRequest) -> Result<Drawing, Vec<Failure>> {
        Ok(Drawing::new().note(format!("{:?} on {}", request.target, request.facts.os.description)))
    }

    fn run(&self, setup: Setup, request: Request) -> BoxFuture<'_, Result<Summary, RunError>> {
        self.asked.lock().expect("nobody panicked").push((setup.clone(), request.clone()));
        Box::pin(async move { (self.script)(&setup, &request) })
    }

    fn facts(&self, _: Setup, _: Vec<GroupName>) -> BoxFuture<'_, Result<Vec<NodeFacts>, RunError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn catalogue() -> Catalogue {
    let group = |name: &str, count, source: &str| GroupEntry {
        name: GroupName::new(name).expect("valid"),
        count,
        spec: "debian-12, small".to_owned(),
        source: source.to_owned(),
    };
    let phase = |name: &str, groups: &[&str]| PhaseEntry {
        name: PhaseName::new(name).expect("valid"),
        groups: groups.iter().map(|name| GroupName::new(*name).expect("valid")).collect(),
    };
    Catalogue {
        groups: vec![group("databases", Some(1), "src/main.rs:30:1"), group("web", None, "src/main.rs:36:1")],
        phases: vec![phase("configure", &["databases", "web"]), phase("restart", &["web"])],
    }
}

/// A provider of two hosts, for tests that are not about providers.
struct Bench;

impl Provider for Bench {
    fn name(&self) -> &'static str {
        "bench"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["workbench"]
    }

    fn open(&self, config: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async move {
            let size: Option<u8> = config.options.integer("size")?;
            config.options.finish()?;
            let _ = size;
            let mut options = pallet::options::Options::new("bench", None);
            options.set("nodes", hosts(), "");
            NodeList.open(ServiceConfig { options, ..config }).await
        })
    }
}

fn hosts() -> pallet::options::OptionValue {
    use pallet::options::{OptionValue, Options};
    let host = |name: &str, group: &str, address: &str| {
        let mut options = Options::new("bench node", None);
        for (key, value) in [("name", name), ("group", group), ("address", address)] {
            options.set(key, value, "");
        }
        OptionValue::Table(options)
    };
    OptionValue::List(vec![
        host("web-1", "web", "192.0.2.1"),
        host("databases-1", "databases", "db.example.org"),
    ])
}
