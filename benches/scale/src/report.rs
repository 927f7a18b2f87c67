//! All measurements, and the tables in the README.

use crate::child::WORD;
use crate::farm::{FOLDER, Farm};
use crate::phase::content;
use nix::poll::{PollFd, PollFlags, poll};
use pallet_peers::cost::{Cost, measure};
use pallet_peers::table::replaced;
use std::fmt::Write;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many actions a node has where nothing else is said.
const ACTIONS: usize = 20;

/// The verb with which programs of users are called. This program is one of them then.
pub(crate) const PROGRAM: &str = "converge";

/// How long pallet may take to connect to its first node. It is a matter of milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often to look whether it still runs, in milliseconds. A connection ends the wait at once.
const LOOK_AGAIN: u16 = 250;

/// Measures everything and writes the results into the README.
pub(crate) fn run(full: bool, readme: &Path) -> Result<(), String> {
    let mut text = String::new();
    let place = tempfile::tempdir().map_err(|error| error.to_string())?;
    let bench = Bench { place: place.path() };
    text.push_str(&bench.memory(if full {
        &[100, 1_000, 10_000, 100_000]
    } else {
        &[100, 1_000, 10_000]
    })?);
    text.push_str(&bench.start_up()?);
    text.push_str(&bench.farm(if full { &[100, 300, 1_000] } else { &[50, 150] }, if full { 3 } else { 1 })?);
    println!("{text}");
    let old = std::fs::read_to_string(readme).map_err(|error| error.to_string())?;
    let new = replaced(&old, "results", &text).ok_or("the README has no place for results")?;
    std::fs::write(readme, new).map_err(|error| error.to_string())
}

struct Bench<'a> {
    place: &'a Path,
}

impl Bench<'_> {
    /// Runs one measurement and checks what it says that it did.
    fn measure(
        &self,
        what: &str,
        nodes: usize,
        actions: usize,
        folder: &Path,
        key: &Path,
    ) -> Result<Cost, String> {
        let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
        command.args([WORD, what, &nodes.to_string(), &actions.to_string()]).arg(folder).arg(key);
        command.current_dir(self.place);
        let measured = measure(&command).map_err(|error| error.to_string())?;
        let cost = measured.cost;
        eprintln!(
            "{what}, {nodes} nodes: {:.3} s, {:.3} s of processors, {:.0} MiB",
            cost.wall, cost.cpu, cost.memory
        );
        let all = nodes * actions;
        let did = [format!("changed 0 unchanged {all}"), format!("changed {all} unchanged 0")];
        match measured.ok && did.iter().any(|did| measured.output.contains(did.as_str())) {
            true => Ok(cost),
            false => Err(format!("{what}, {nodes} nodes:\n{}", last_lines(&measured.output))),
        }
    }

    /// Nodes in memory: what the engine itself costs.
    fn memory(&self, counts: &[usize]) -> Result<String, String> {
        let mut text = "### Nodes in memory\n\n\
            An unchanged run. Controller CPU without SSH: building, probing, comparing, reporting.\n\n\
            | nodes | actions | CPU | per node | memory |\n|---|---|---|---|---|\n"
            .to_owned();
        for (nodes, actions) in counts.iter().map(|count| (*count, ACTIONS)).chain([(1_000, 100)]) {
            let folder = self.place.join(format!("files-{actions}"));
            write_files(&folder, actions).map_err(|error| error.to_string())?;
            let cost = self.measure("memory", nodes, actions, &folder, Path::new("-"))?;
            let _ = writeln!(
                text,
                "| {nodes} | {actions} | {:.2} s | {:.3} ms | {:.0} MB |",
                cost.cpu,
                cost.cpu * 1e3 / nodes as f64,
                cost.memory * 1.048_576
            );
        }
        Ok(text)
    }

    /// From the shell prompt to the first packet for a node, with one node and with many in the inventory.
    fn start_up(&self) -> Result<String, String> {
        let mut text = "\n### Start-up to the first connection\n\n\
             | phase of twenty actions | 1 node | 1,000 nodes | × |\n|---|---|---|---|\n"
            .to_owned();
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let programs = [
            ("the same on every node", own.clone()),
            ("has the name of the node in it", own.with_file_name("ours")),
        ];
        for (phase, program) in programs {
            let (mut one, mut many) = (Vec::new(), Vec::new());
            for _ in 0..15 {
                one.push(self.first_connection(&program, 1).map_err(|error| error.to_string())?);
                many.push(self.first_connection(&program, 1_000).map_err(|error| error.to_string())?);
            }
            let (one, many) = (median(one), median(many));
            let _ = writeln!(
                text,
                "| {phase} | {:.1} ms | {:.1} ms | {:.2} |",
                one * 1e3,
                many * 1e3,
                many / one
            );
        }
        Ok(text)
    }

    fn first_connection(&self, program: &Path, nodes: usize) -> io::Result<f64> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let folder = tempfile::tempdir_in(self.place)?;
        let mut config =
            "[admin-user]\nusername = \"nobody\"\n\n[services.bench]\nprovider = \"node-list\"\nnodes = [\n"
                .to_owned();
        for number in 1..=nodes {
            let _ = writeln!(
                config,
                "    {{ name = \"bench-{number}\", group = \"bench\", address = \"127.0.0.1\", port = {port} }},"
            );
        }
        config.push_str("]\n");
        std::fs::write(folder.path().join("pallet.toml"), config)?;
        let mut command = Command::new(program);
        command.args([PROGRAM, &format!("bench={nodes}")]).current_dir(folder.path());
        command
            .env("PALLET_HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = Instant::now();
        let mut child = command.spawn()?;
        let accepted = accept(&listener, &mut child);
        let seconds = started.elapsed().as_secs_f64();
        child.kill()?;
        child.wait()?;
        accepted.map(|()| seconds)
    }

    /// A real sshd at many addresses: pallet and the raw loop take turns.
    fn farm(&self, counts: &[usize], rounds: usize) -> Result<String, String> {
        let farm = Farm::start()?;
        let mut text = "\n### A real sshd at many addresses\n\n\
            Unchanged runs of 20 actions, and the raw loop over the same addresses: handshake, login, one script that \
            asks the same. The first run is the one before, which writes everything.\n\n\
            | nodes | first run | pallet, clock | raw loop | ratio | controller CPU | of the raw loop | memory |\n\
            |---|---|---|---|---|---|---|---|\n"
            .to_owned();
        for &nodes in counts {
            // A folder below the one that each address has for itself.
            let folder = Path::new(FOLDER).join(format!("farm-{nodes}"));
            let measure = |what| self.measure(what, nodes, ACTIONS, &folder, farm.key());
            let first = measure("farm")?;
            let (mut ours, mut raw) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                ours.push(measure("farm")?);
                raw.push(measure("raw")?);
            }
            let of = |costs: &[Cost], value: fn(&Cost) -> f64| median(costs.iter().map(value).collect());
            let (wall, raw_wall) = (of(&ours, |cost| cost.wall), of(&raw, |cost| cost.wall));
            let _ = writeln!(
                text,
                "| {nodes} | {:.1} s | {wall:.1} s | {raw_wall:.1} s | {:.2} | {:.2} s | {:.2} s | {:.0} MB |",
                first.wall,
                wall / raw_wall,
                of(&ours, |cost| cost.cpu),
                of(&raw, |cost| cost.cpu),
                of(&ours, |cost| cost.memory) * 1.048_576,
            );
        }
        Ok(text)
    }
}

/// Waits for a connection, as long as there is somebody who may still make one.
fn accept(listener: &TcpListener, child: &mut Child) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut waiting = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    while poll(&mut waiting, LOOK_AGAIN)? == 0 {
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("pallet ended with {status} and connected to nobody")));
        }
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("no connection within {} s", PATIENCE.as_secs())));
        }
    }
    listener.accept().map(drop)
}

/// Makes everything that is declared, so that nothing is left to do.
fn write_files(folder: &Path, actions: usize) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for number in 1..actions {
        std::fs::write(folder.join(format!("file-{number}")), content(number))?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
