//! What an unchanged run costs, counted: numbers that no other work on the machine changes.

use pallet_peers::fleet::{ASKING, Fleet};
use pallet_peers::sides::{Place, Side};
use pallet_peers::workload::{ACTIONS, CHANGES};
use pallet_test::require;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Long enough that both sides have said what they say at the same time before either has heard the other.
const WIRE: Duration = Duration::from_millis(100);

/// One connection with its handshake and login, a shell, its facts, and the probe.
const MOST_ROUND_TRIPS: u64 = 10;
const MOST_PROCESSES: u64 = 30;
const MOST_SENT: u64 = 16 << 10;

#[test]
fn an_unchanged_run_of_twenty_actions() {
    require!("nodes");
    let mut fleet = Fleet::start_plain(1).expect("a node");
    fleet.set_wire(Some(WIRE)).expect("a wire");
    let folder = tempfile::tempdir().expect("a folder");
    let programs = Path::new(env!("CARGO_BIN_EXE_ours")).parent().expect("programs are in a folder");
    let place = Place::new(folder.path().to_owned(), programs, programs, programs).expect("files");
    place.point_at(&fleet).expect("files");

    let first = finished(&mut place.command(Side::Pallet, &fleet));
    assert_eq!((&first["changed"], &first["failed"]), (&CHANGES.into(), &0.into()), "{first}");
    let last = fleet.last_processes();
    let _ = fleet.take_counts();

    let second = finished(&mut place.command(Side::Pallet, &fleet));
    assert_eq!((&second["unchanged"], &second["changed"]), (&ACTIONS.into(), &0.into()), "{second}");
    let counts = fleet.take_counts()[0];
    let processes = fleet.last_processes()[0] - last[0] - ASKING;
    eprintln!("an unchanged run: {counts:?}, {processes} processes");
    assert_eq!(counts.connections, 1);
    assert!(counts.round_trips <= MOST_ROUND_TRIPS, "{} round trips", counts.round_trips);
    assert!(counts.sent <= MOST_SENT, "{} bytes sent", counts.sent);
    assert!(processes <= MOST_PROCESSES, "{processes} processes");
}

/// Runs the program and returns its last event.
fn finished(command: &mut Command) -> Value {
    let output = command.output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let event: Value = serde_json::from_str(last).unwrap_or_default();
    assert_eq!(event["event"], "finished", "{text}{}", String::from_utf8_lossy(&output.stderr));
    event
}
