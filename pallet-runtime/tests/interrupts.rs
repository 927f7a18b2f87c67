//! Ctrl-C and SIGTERM, sent to a real process: this test program, started once more.

mod support;

use pallet_runtime::request::RunError;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use support::{FakeEngine, Place};

/// Set in the process that is interrupted: what its engine does once it was cancelled.
const CHILD: &str = "PALLET_TEST_INTERRUPTED";
/// Where that process keeps its state.
const CHILD_HOME: &str = "PALLET_TEST_HOME";
/// How long anything here may take before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// Not a test by itself: the process that the tests interrupt.
#[test]
fn child() {
    let Ok(after) = std::env::var(CHILD) else { return };
    let mut place = Place::new();
    place.interruptible = true;
    if let Ok(home) = std::env::var(CHILD_HOME) {
        place = place.var("PALLET_HOME", &home);
    }
    let engine = FakeEngine::new(move |setup, _| {
        let started = Instant::now();
        eprintln!("ready");
        while !*setup.cancel.borrow() && started.elapsed() < LIMIT {
            std::thread::yield_now();
        }
        eprintln!("cancelled");
        while after == "hang" && started.elapsed() < LIMIT {
            std::thread::yield_now();
        }
        Err(RunError::Declined)
    });
    std::process::exit(place.run(&engine, "converge").code.into());
}

struct Interrupted {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Interrupted {
    fn start(after: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        Interrupted::start_in(home.path(), after)
    }

    fn start_in(home: &Path, after: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, after)
            .env(CHILD_HOME, home)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let mut interrupted = Interrupted { child, lines };
        interrupted.wait_for("ready");
        interrupted
    }

    fn wait_for(&mut self, word: &str) {
        let found = self.lines.by_ref().map_while(Result::ok).any(|line| line == word);
        assert!(found, "the process ended without saying `{word}`");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    fn end(mut self) -> ExitStatus {
        // Reads to the end, so that the process is never kept waiting for a reader.
        self.lines.by_ref().for_each(drop);
        self.child.wait().expect("it ends")
    }
}

#[test]
fn the_first_interrupt_asks_the_run_to_end() {
    for signal in ["INT", "TERM"] {
        let mut run = Interrupted::start("end");
        run.signal(signal);
        run.wait_for("cancelled");
        assert_eq!(run.end().code(), Some(130), "after {signal}");
    }
}

#[test]
fn the_second_interrupt_ends_the_program() {
    let mut run = Interrupted::start("hang");
    run.signal("INT");
    run.wait_for("cancelled");
    run.signal("INT");
    assert_eq!(run.end().code(), Some(130));
}

#[test]
fn a_run_that_was_killed_holds_no_lock() {
    let place = Place::new();
    let home = place.folder.path().join("home");
    let place = place.var("PALLET_HOME", home.to_str().expect("a path in text"));
    let run = Interrupted::start_in(&home, "hang");
    let second = place.run(&FakeEngine::untouched(), "converge");
    let holder = format!("error: service `bench` is in use: converge by process {} ", run.child.id());
    assert!(second.code == 2 && second.stderr.starts_with(&holder), "{}", second.show());
    run.signal("KILL");
    assert_eq!(run.end().code(), None);
    let reached = FakeEngine::new(|_, _| Err(RunError::Declined));
    assert_eq!(place.run(&reached, "converge").code, 1, "the engine is reached");
}
