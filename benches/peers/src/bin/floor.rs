//! The floor as a program: `floor KEY USER NAME=HOST:PORT…`.

use pallet_peers::floor::{self, Target};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [key, user, nodes @ ..] = words.as_slice() else {
        eprintln!("usage: floor KEY USER NAME=HOST:PORT...");
        return ExitCode::from(2);
    };
    let targets: Option<Vec<Target>> = nodes.iter().map(|word| Target::parse(word)).collect();
    let Some(targets) = targets else {
        eprintln!("floor: a node is NAME=HOST:PORT");
        return ExitCode::from(2);
    };
    match floor::run(key.as_ref(), user, targets) {
        Ok(changed) => {
            println!("changed {changed}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("floor: {error}");
            ExitCode::FAILURE
        }
    }
}
