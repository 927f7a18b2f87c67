//! Runs the commands of a text in order, in one shell as a reader would, and compares what they write where the text says
//! it: `pallet-guide-run FILE`, in the folder that the reader starts in.

use pallet_tests_guide::commands::{self, Command};
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{self, ChildStdin, ChildStdout, ExitCode, Stdio};

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        let _ = writeln!(io::stderr(), "usage: pallet-guide-run FILE");
        return ExitCode::from(2);
    };
    match run(&file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(file: &str) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let commands = commands::commands(&text);
    if commands.is_empty() {
        return Err(format!("{file} has no commands"));
    }
    let mut shell = Shell::start().map_err(|error| format!("no shell: {error}"))?;
    let mut written = String::new();
    for command in &commands {
        let line = line_of(command, &written).map_err(|why| format!("{file}:{}: {why}", command.at))?;
        let _ = writeln!(io::stdout(), "{file}:{}: {line}", command.at);
        let (status, output) = shell.run(&line).map_err(|error| format!("the shell ended: {error}"))?;
        if status != 0 {
            return Err(format!("{file}:{}: `{}` ended with {status}:\n{output}", command.at, command.line));
        }
        if let Some(line) = commands::missing(&command.expected, &output) {
            return Err(format!(
                "{file}:{}: `{}` does not write\n  {line}\nbut\n{output}",
                command.at, command.line
            ));
        }
        written.push_str(&output);
    }
    Ok(())
}

/// Returns a command with the addresses of this run, by what has been written so far.
fn line_of(command: &Command, written: &str) -> Result<String, String> {
    let Some((address, node)) = &command.address else { return Ok(command.line.clone()) };
    let given = commands::address_of(node, written).ok_or_else(|| format!("nothing said where {node} is"))?;
    Ok(command.line.replace(address, given))
}

/// A shell that stays, so that `cd` holds for the commands behind it.
struct Shell {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Ends the output of each command. No command writes it by itself.
const END: &str = "== pallet-guide-run: the command ended with";

impl Shell {
    fn start() -> io::Result<Shell> {
        let child = process::Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("no pipe");
        let (input, output) = (child.stdin.ok_or_else(missing)?, child.stdout.ok_or_else(missing)?);
        Ok(Shell { input, output: BufReader::new(output) })
    }

    /// Runs a command with nothing to read, and returns its status and all that it wrote.
    fn run(&mut self, line: &str) -> io::Result<(i32, String)> {
        // Braces and no parentheses: `cd` has to last.
        writeln!(self.input, "{{ {}\n}} </dev/null 2>&1; printf '\\n{END} %s\\n' $?", line)?;
        self.input.flush()?;
        let mut output = String::new();
        loop {
            let mut line = Vec::new();
            if self.output.read_until(b'\n', &mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = String::from_utf8_lossy(&line);
            match line.trim_end().strip_prefix(END).and_then(|status| status.trim().parse().ok()) {
                Some(status) => return Ok((status, output)),
                None => output.push_str(&line),
            }
        }
    }
}
