//! Runs programs on the host, and reads its processes.

use super::Error;
use crate::parts;
use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Returns a command for a program, found also where an ordinary user's search path does not look.
pub(super) fn command(name: &str) -> Command {
    let mut command = match parts::program(name) {
        Some(path) => Command::new(path),
        None => Command::new(name),
    };
    command.env("LC_ALL", "C").env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Runs a program that must succeed and returns what it wrote.
pub(super) fn run(name: &str, args: &[&str]) -> Result<String, Error> {
    feed(name, args, "")
}

/// Runs a program that must succeed, with this input, and returns what it wrote.
pub(super) fn feed(name: &str, args: &[&str], input: &str) -> Result<String, Error> {
    let doing = || format!("{name} {}", args.join(" "));
    let mut child = command(name)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io(doing()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(Error::io(doing()))?;
    }
    let output = child.wait_with_output().map_err(Error::io(doing()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::new(doing(), format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))))
}

/// Asks again and again until there is an answer, or the time is over.
pub(super) fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits for a child's end, and kills it if it does not end in time.
pub(super) fn reap(child: &mut Child, limit: Duration) {
    if wait_for(limit, || child.try_wait().ok().flatten()).is_none() {
        // It may end by itself just now; then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A process as `/proc` shows it.
pub(super) struct Process {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) parent: u32,
}

impl Process {
    /// Returns all processes.
    pub(super) fn all() -> Vec<Process> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let stats = entries.flatten().filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        stats.filter_map(|stat| parse_stat(&stat)).collect()
    }
}

/// Reads `/proc/<id>/stat`: the name stands in brackets and may itself hold brackets and spaces.
fn parse_stat(stat: &str) -> Option<Process> {
    let (id, rest) = stat.split_once(" (")?;
    let (name, fields) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    Some(Process { id: id.parse().ok()?, name: name.to_owned(), parent: fields.get(1)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{Process, parse_stat};

    #[test]
    fn a_process_may_have_any_name() {
        let process = parse_stat("42 (a) S (b) S 7 42 42 0 -1 4194560").unwrap();
        assert_eq!((process.id, process.name.as_str(), process.parent), (42, "a) S (b", 7));
    }

    #[test]
    fn this_process_is_found() {
        assert!(Process::all().iter().any(|process| process.id == std::process::id()));
    }
}
