//! The benchmark: `peers quick|full|ours|gate README [first|unchanged|NODES]…`. It is called by `benches/peers/run`, which
//! builds what it measures.

// What it prints is its result.
#![allow(clippy::print_stdout)]

use pallet_peers::cost::{self, measure};
use pallet_peers::fleet::{ASKING, Fleet};
use pallet_peers::results::{Results, Sample, Scene};
use pallet_peers::sides::{Place, Side};
use pallet_peers::workload::CHANGES;
use pallet_peers::{plot, table};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: peers quick|full|ours|gate README [first|unchanged|NODES]…";

/// The word for a run that writes nothing, and fails when pallet is too slow.
const GATE: &str = "gate";

/// How many times the floor pallet may take in that run. The goal is 1.5; the rest is for machines that do much else.
const GATE_LIMIT: f64 = 1.75;

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == cost::WORD) {
        return cost::report(&words[1..]);
    }
    let [mode, readme, parts @ ..] = words.as_slice() else { return usage() };
    let Some(agenda) = agenda(mode).and_then(|agenda| chosen(agenda, parts)) else { return usage() };
    // What is written is of everything.
    let readme = parts.is_empty().then_some(readme.as_ref());
    let ended = if mode == GATE { gate(&agenda) } else { run(&agenda, readme) };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

/// What is measured with one number of nodes.
struct Agenda {
    nodes: usize,
    /// Rounds of first runs: of the floor and pallet, and of the peers.
    first: Rounds,
    /// Rounds of unchanged runs, by length of the wire in milliseconds.
    unchanged: Vec<(u64, Rounds)>,
}

#[derive(Clone, Copy)]
struct Rounds {
    /// Of the floor and pallet.
    ours: usize,
    /// Of pallet as `cargo run` builds it.
    debug: usize,
    peers: usize,
}

impl Rounds {
    const NONE: Rounds = Rounds::of(0, 0);

    const fn of(ours: usize, peers: usize) -> Rounds {
        Rounds { ours, debug: ours, peers }
    }

    /// Returns rounds of what is built for release, and of nobody else.
    const fn of_release(ours: usize) -> Rounds {
        Rounds { ours, debug: 0, peers: 0 }
    }

    /// Returns how many rounds a side takes part in. The peers are slow, so theirs are fewer, and the first ones.
    fn rounds(self, side: Side) -> usize {
        match side {
            Side::Floor | Side::Pallet => self.ours,
            Side::PalletDebug => self.debug,
            _ => self.peers,
        }
    }

    /// Returns who takes part in a round.
    fn sides(self, round: usize) -> impl Iterator<Item = Side> {
        Side::ALL.into_iter().filter(move |side| round < self.rounds(*side))
    }
}

fn agenda(mode: &str) -> Option<Vec<Agenda>> {
    let agenda = |nodes, first, unchanged| Agenda { nodes, first, unchanged };
    Some(match mode {
        GATE => vec![agenda(1, Rounds::NONE, vec![(0, Rounds::of_release(15))])],
        "ours" => vec![
            agenda(
                1,
                Rounds::NONE,
                vec![(0, Rounds::of(20, 0)), (20, Rounds::of(8, 0)), (100, Rounds::of(5, 0))],
            ),
            agenda(10, Rounds::NONE, vec![(0, Rounds::of(10, 0)), (20, Rounds::of(6, 0))]),
            agenda(
                30,
                Rounds::of_release(1),
                vec![(0, Rounds::of_release(7)), (20, Rounds::of_release(3)), (100, Rounds::of_release(5))],
            ),
        ],
        "quick" => vec![
            agenda(
                1,
                Rounds::of(3, 0),
                vec![(0, Rounds::of(15, 1)), (20, Rounds::of(7, 0)), (100, Rounds::of(5, 0))],
            ),
            agenda(
                10,
                Rounds::of(2, 0),
                vec![(0, Rounds::of(9, 1)), (20, Rounds::of(5, 0)), (100, Rounds::of(3, 0))],
            ),
            agenda(
                30,
                Rounds::of_release(1),
                vec![(0, Rounds::of(7, 0)), (20, Rounds::of(3, 0)), (100, Rounds::of(3, 0))],
            ),
        ],
        "full" => {
            let unchanged =
                |peers| vec![(0, Rounds::of(15, peers)), (20, Rounds::of(9, 1)), (100, Rounds::of(5, 1))];
            vec![
                agenda(1, Rounds::of(5, 1), unchanged(3)),
                agenda(10, Rounds::of(5, 1), unchanged(2)),
                agenda(30, Rounds::of(3, 1), unchanged(1)),
            ]
        }
        _ => return None,
    })
}

/// Returns the parts that are named: kinds of runs, and numbers of nodes.
fn chosen(mut agendas: Vec<Agenda>, parts: &[String]) -> Option<Vec<Agenda>> {
    let mut numbers: Vec<usize> = Vec::new();
    for part in parts {
        match part.as_str() {
            "first" => agendas.iter_mut().for_each(|agenda| agenda.unchanged.clear()),
            "unchanged" => agendas.iter_mut().for_each(|agenda| agenda.first = Rounds::NONE),
            number => numbers.push(number.parse().ok()?),
        }
    }
    agendas.retain(|agenda| numbers.is_empty() || numbers.contains(&agenda.nodes));
    Some(agendas).filter(|agendas| !agendas.is_empty())
}

fn run(agenda: &[Agenda], readme: Option<&Path>) -> Result<(), Failure> {
    let mut bench = Benchmark::new()?;
    for agenda in agenda {
        bench.measure(agenda)?;
        // It may take hours: what there is already is not lost.
        if let Some(readme) = readme {
            write(&bench.results, readme)?;
        }
    }
    println!("{}", table::tables(&bench.results));
    Ok(())
}

fn write(results: &Results, readme: &Path) -> Result<(), Failure> {
    let tables = format!("{}\n{}", machine(), table::tables(results));
    let text = std::fs::read_to_string(readme)?;
    let text = table::replaced(&text, "results", &tables).ok_or("the README has no place for results")?;
    std::fs::write(readme, text)?;
    std::fs::write(readme.with_file_name("results.svg"), plot::ratios(results))?;
    Ok(())
}

/// Fails when pallet takes too many times as long as the floor, in the median of all rounds and in its best one: where other work
/// disturbs many rounds, one of them at least was left in peace.
fn gate(agenda: &[Agenda]) -> Result<(), Failure> {
    let mut bench = Benchmark::new()?;
    agenda.iter().try_for_each(|agenda| bench.measure(agenda))?;
    for scene in bench.results.scenes() {
        let of = |side| bench.results.figures(scene, side).ok_or("a side did not take part");
        let (pallet, floor) = (of(Side::Pallet)?, of(Side::Floor)?);
        let best = pallet.least / floor.least;
        println!(
            "{}: {:.2} × the floor, {best:.2} × in the best rounds; {GATE_LIMIT:.2} at most",
            table::title(scene),
            pallet.ratio
        );
        if pallet.ratio > GATE_LIMIT && best > GATE_LIMIT {
            return Err("pallet is too slow: `benches/peers/README.md` says what the floor is".into());
        }
    }
    Ok(())
}

struct Benchmark {
    programs: PathBuf,
    target: PathBuf,
    results: Results,
}

impl Benchmark {
    fn new() -> Result<Benchmark, Failure> {
        let programs = std::env::current_exe()?.parent().map(Path::to_owned).unwrap_or_default();
        let target = programs.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Benchmark { programs, target, results: Results::default() })
    }

    fn measure(&mut self, agenda: &Agenda) -> Result<(), Failure> {
        self.first_runs(agenda)?;
        if agenda.unchanged.is_empty() { Ok(()) } else { self.unchanged_runs(agenda) }
    }

    /// Every run of every side gets fresh nodes.
    fn first_runs(&mut self, agenda: &Agenda) -> Result<(), Failure> {
        for round in 0..agenda.first.ours {
            for side in agenda.first.sides(round) {
                let fleet = Fleet::start(agenda.nodes)?;
                let folder = tempfile::tempdir()?;
                let place = self.place(folder.path())?;
                place.point_at(&fleet)?;
                let scene = Scene { first: true, nodes: agenda.nodes, wire: 0 };
                self.sample(&place, &fleet, scene, side)?;
            }
        }
        Ok(())
    }

    /// All sides take turns on the same nodes, on which nothing is left to do.
    fn unchanged_runs(&mut self, agenda: &Agenda) -> Result<(), Failure> {
        let mut fleet = Fleet::start(agenda.nodes)?;
        let folder = tempfile::tempdir()?;
        let place = self.place(folder.path())?;
        for (wire, rounds) in &agenda.unchanged {
            fleet.set_wire((*wire > 0).then(|| Duration::from_millis(*wire)))?;
            place.point_at(&fleet)?;
            // The first round puts right what is left to do, and makes host keys known.
            for side in rounds.sides(0).filter(|side| !side.is_peer()) {
                let measured = measure(&place.command(side, &fleet))?;
                if !measured.ok {
                    return Err(format!("{}:\n{}", side.title(), measured.output).into());
                }
            }
            let scene = Scene { first: false, nodes: agenda.nodes, wire: *wire };
            for round in 0..rounds.ours {
                for side in rounds.sides(round) {
                    self.sample(&place, &fleet, scene, side)?;
                }
            }
        }
        Ok(())
    }

    fn place(&self, folder: &Path) -> Result<Place, Failure> {
        let venv = self.target.join("bench-peers/venv");
        Ok(Place::new(folder.to_owned(), &self.programs, &self.target.join("debug"), &venv)?)
    }

    fn sample(&mut self, place: &Place, fleet: &Fleet, scene: Scene, side: Side) -> Result<(), Failure> {
        let before = fleet.last_processes();
        // What the wire carried before is nobody's.
        let _ = fleet.take_counts();
        let measured = measure(&place.command(side, fleet))?;
        place.end_connections()?;
        let counts = fleet.take_counts();
        let after = fleet.last_processes();
        match check(side, scene, measured.ok, &measured.output) {
            // It is said, and the others go on.
            Err(error) if side.is_peer() => {
                eprintln!("{}: {} is left out:\n{error}", table::title(scene), side.title());
                return Ok(());
            }
            checked => checked?,
        }
        let processes = before.iter().zip(&after).map(|(before, after)| after - before - ASKING);
        let sample = Sample {
            scene,
            side,
            cost: measured.cost,
            round_trips: counts.iter().map(|counts| counts.round_trips).max(),
            sent: counts.iter().map(|counts| counts.sent).max(),
            processes: processes.max().unwrap_or_default(),
        };
        eprintln!(
            "{}: {}: {:.3} s, {:.3} s of processors, {} processes, {:?} round trips",
            table::title(scene),
            side.title(),
            sample.cost.wall,
            sample.cost.cpu,
            sample.processes,
            sample.round_trips,
        );
        self.results.add(sample);
        Ok(())
    }
}

/// A side that did something else than the others is not compared with them.
fn check(side: Side, scene: Scene, ok: bool, output: &str) -> Result<(), Failure> {
    let changes = side.changes(output);
    let right = match (changes, scene.first) {
        (Some(0), false) => true,
        (Some(changes), true) if side == Side::Floor => changes == scene.nodes,
        // Who counts actions may count some apart: reading units anew, or a service that its package starts.
        (Some(changes), true) => changes >= (CHANGES - 1) * scene.nodes,
        _ => false,
    };
    if ok && right {
        return Ok(());
    }
    let last: Vec<&str> = output.lines().rev().take(40).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(format!("{}: {}: {changes:?} changes\n{}", table::title(scene), side.title(), last.join("\n")).into())
}

/// Returns what the reader must know about the machine.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{processors} processors, shared by the controller and all nodes; load at the end {load}.")
}
