//! What a process cost, with all that it started.
//!
//! The system keeps one sum for all children of a process, so each run gets a process of its own as its parent:
//! this program, called with [`WORD`].

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// The first argument of a call that runs something else and says what it cost.
pub const WORD: &str = "measure";

/// What a process cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Cost {
    /// Seconds on the clock.
    pub wall: f64,
    /// Seconds of processors, with all processes that it started.
    pub cpu: f64,
    /// The memory of the largest of these processes, in MiB.
    pub memory: f64,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Measured {
    /// What it cost.
    pub cost: Cost,
    /// What it wrote to both its streams.
    pub output: String,
    /// Whether it ended with 0.
    pub ok: bool,
}

/// Runs a command, measured.
///
/// # Errors
///
/// When it cannot be started.
pub fn measure(command: &Command) -> io::Result<Measured> {
    let report = tempfile::NamedTempFile::new()?;
    let mut outer = Command::new(std::env::current_exe()?);
    outer.arg(WORD).arg(report.path()).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    let output = outer.stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].concat();
    let output_text = String::from_utf8_lossy(&said).into_owned();
    let cost = serde_json::from_slice(&std::fs::read(report.path())?)
        .map_err(|_| io::Error::other(format!("not started: {output_text}")))?;
    Ok(Measured { cost, output: output_text, ok: output.status.success() })
}

/// The other half of [`measure`]: runs a program and writes what it cost to a file.
#[must_use]
pub fn report(words: &[String]) -> ExitCode {
    let [file, program, arguments @ ..] = words else {
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let status = Command::new(program).args(arguments).status();
    let wall = started.elapsed().as_secs_f64();
    let written = used().and_then(|used| write(file.as_ref(), &cost(wall, &used)));
    match (status, written) {
        (Ok(status), Ok(())) if status.success() => ExitCode::SUCCESS,
        (Ok(_), Ok(())) => ExitCode::FAILURE,
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn used() -> io::Result<Usage> {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_err(io::Error::from)
}

fn cost(wall: f64, used: &Usage) -> Cost {
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    Cost {
        wall,
        cpu: seconds(used.user_time()) + seconds(used.system_time()),
        memory: used.max_rss() as f64 / 1024.0,
    }
}

fn write(file: &Path, cost: &Cost) -> io::Result<()> {
    std::fs::write(file, serde_json::to_vec(cost)?)
}
