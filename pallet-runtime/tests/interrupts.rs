//! Ctrl-C and SIGTERM, sent to a real process: this test program, started once more.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use support::{FakeEngine, Place};

/// Set in the process that is interrupted: what its engine does once it was cancelled.
const CHILD: &str = "PALLET_TEST_INTERRUPTED";
/// How long anything here may take before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// Not a test by itself: the process that the tests interrupt.
#[test]
fn child() {
    let Ok(after) = std::env::var(CHILD) else { return };
    let mut place = Place::new();
    place.interruptible = true;
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
        Err(pallet_runtime::request::RunError::Declined)
    });
    std::process::exit(place.run(&engine, "converge").code.into());
}

struct Interrupted {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Interrupted {
    fn start(after: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, after)
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
    // The program tells by its exit code that it was interrupted, not that it fell over.
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
