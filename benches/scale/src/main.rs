//! What a run costs with many nodes: `scale` is called by `benches/scale/run`, and calls itself for each measurement,
//! so that every one has a process of its own whose memory and processor time can be told apart.
//!
//! - [`farm`]: many addresses of one real sshd, each with files of its own.
//! - [`replay`]: nodes in memory, for as many as one likes.
//! - [`service`]: a compute service that lists them.
//! - [`phase`]: what is declared on them.
//! - [`child`]: one measurement.
//! - [`report`]: all of them, and the tables.

// What it prints is its result.
#![allow(clippy::print_stdout)]

mod child;
mod farm;
mod phase;
mod replay;
mod report;
mod service;

use pallet_peers::cost;
use std::process::ExitCode;

const USAGE: &str = "usage: scale quick|full README";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match words.as_slice() {
        [cost::WORD, rest @ ..] => {
            return cost::report(&rest.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        }
        [child::WORD, rest @ ..] => child::run(rest),
        [report::PROGRAM, ..] => return phase::program().run(),
        [mode @ ("quick" | "full"), readme] => report::run(*mode == "full", readme.as_ref()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
