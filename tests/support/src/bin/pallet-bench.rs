//! Test nodes by hand: `pallet-bench prepare` makes the Debian root, `pallet-bench up 3` starts three nodes and
//! holds them until Enter is pressed.

use pallet_test::nodes::{self, Bench, Error, Node};
use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: &str = "usage: pallet-bench prepare | up [COUNT]";

enum Command {
    Prepare,
    Up(usize),
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(command) = parse(&words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(words: &[String]) -> Option<Command> {
    match words {
        [command] if command == "prepare" => Some(Command::Prepare),
        [command] if command == "up" => Some(Command::Up(1)),
        [command, count] if command == "up" => count.parse().ok().map(Command::Up),
        _ => None,
    }
}

fn run(command: &Command) -> Result<(), Error> {
    match *command {
        Command::Prepare => say(&nodes::prepare()?.display().to_string()),
        Command::Up(count) => {
            let bench = Bench::start(count)?;
            bench.nodes().iter().for_each(|node| say(&ssh_line(node)));
            say("Enter ends them.");
            // An input that is closed or broken ends them as well.
            let _ = io::stdin().read_line(&mut String::new());
            bench.stop()?;
        }
    }
    Ok(())
}

fn ssh_line(node: &Node) -> String {
    format!(
        "ssh -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null deploy@{}",
        node.key_path().display(),
        node.address()
    )
}

/// Writes a line; nobody may be reading any more, which changes nothing.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
