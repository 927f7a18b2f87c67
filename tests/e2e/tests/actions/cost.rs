//! What phases cost: round trips, bytes, and processes on the node, counted exactly.

use pallet::prelude::*;
use pallet_runtime::event::{Summary, Verb};
use pallet_runtime::request::Request;
use pallet_test::require;
use pallet_tests_e2e::lab::{self, Lab};
use pallet_tests_e2e::machine::Machine;

/// Round trips that a run needs before its phase: the facts.
const FACTS: u64 = 1;

#[test]
fn a_phase_of_a_hundred_unchanged_actions() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    converge(&lab, hundred);
    let (nothing, base) = converge(&lab, || {});
    let (summary, processes) = converge(&lab, hundred);
    assert_eq!((summary.counts.unchanged, summary.counts.changed), (100, 0));
    assert_eq!(summary.round_trips, FACTS + 1);
    let own = processes - base;
    let bytes = summary.bytes_sent - nothing.bytes_sent;
    eprintln!(
        "a hundred unchanged actions: {own} processes, {bytes} bytes beside those of an empty run ({base} processes)"
    );
    assert!(own <= 30, "{own} processes for a hundred unchanged actions");
    assert!(summary.bytes_sent <= 16 << 10, "{} bytes for a hundred unchanged actions", summary.bytes_sent);
    assert!(base <= 20, "{base} processes for a run without actions");
}

#[test]
fn a_hundred_unchanged_settings_of_the_system() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("useradd -m keys && mkdir -p /etc/cron.d");
    converge(&lab, settings);
    let (_, base) = converge(&lab, || {});
    let (summary, processes) = converge(&lab, settings);
    assert_eq!((summary.counts.unchanged, summary.counts.changed), (100, 0));
    assert_eq!(summary.round_trips, FACTS + 1);
    let own = processes - base;
    assert!(own <= 30, "{own} processes for a hundred unchanged settings");
}

#[test]
fn a_phase_with_one_change_needs_one_round_trip_more() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    converge(&lab, hundred);
    lab.machine.check("echo edited >/srv/cost/plain-3");
    let changed = lab.run(&overwriting(), lab::phase(hundred));
    assert_eq!(changed.summary().counts.changed, 1);
    assert_eq!(changed.summary().round_trips, FACTS + 2);
}

/// Contents travel only when they differ.
#[test]
fn contents_that_are_there_do_not_travel() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let large = || remote_file("/srv/large").content("line\n".repeat(20_000));
    let (first, _) = converge(&lab, large);
    let (second, _) = converge(&lab, large);
    assert!(first.bytes_sent > 100_000 && second.bytes_sent < 8_000, "{first:?} {second:?}");
}

fn overwriting() -> Request {
    Request { overwrite_edits: true, ..Request::new(Verb::Converge) }
}

/// Converges, and counts the processes that were started on the node: they are numbered one after the other.
fn converge<R: pallet::PhaseOutput>(
    lab: &Lab,
    phase: impl Fn() -> R + Send + Sync + 'static,
) -> (Summary, u64) {
    let number = || -> u64 {
        let pid = lab.machine.check("sh -c 'echo $$'");
        pid.trim().parse().expect("a process id")
    };
    let before = number();
    let report = lab.run(&Request::new(Verb::Converge), lab::phase(phase));
    let summary = report.summary().clone();
    (summary, number() - before)
}

fn hundred() {
    directory("/srv/cost");
    for n in 0..30 {
        remote_file(format!("/srv/cost/plain-{n}")).content(format!("content {n}\n")).mode(0o640);
    }
    for n in 0..20 {
        file(format!("/srv/cost/file-{n}")).owner("www-data").group("adm");
    }
    for n in 0..20 {
        symbolic_link(format!("/srv/cost/link-{n}"), format!("plain-{n}"));
    }
    for n in 0..5 {
        user(format!("cost{n}")).shell("/bin/false");
        group(format!("costs{n}"));
    }
    packages(["dpkg", "coreutils", "bash"]);
    for name in ["sed", "grep", "tar", "gzip", "login"] {
        package(name);
    }
    for n in 0..3 {
        exec("touch /srv/cost/created").creates("/srv/cost/created").comment(format!("guard {n}"));
    }
    for n in 0..10 {
        directory(format!("/srv/cost/dir-{n}")).mode(0o750);
    }
}

/// One of every kind of setting, most of them several times.
fn settings() {
    for n in 0..10 {
        hosts_entry([10, 1, 2, n], [format!("cost-{n}")]);
        environment(format!("COST_{n}"), "x");
        cron(format!("cost-{n}")).job("@daily", "root", "/bin/true");
        limits(format!("cost-{n}")).soft("root", "nofile", 1024);
        sudoers(format!("cost-{n}")).rule(pallet::actions::SudoRule::user("nobody").commands(["/bin/true"]));
        etc_default(format!("cost-{n}")).set("OPTS", "x");
        user(format!("cost-{n}")).password_hash(Secret::from("$6$salt$hash.hash")).locked();
        mount(format!("/srv/cost-{n}")).device("tmpfs").fs_type("tmpfs").only_listed();
        group(format!("costs-{n}")).members(["nobody"]);
    }
    sysctl("net.ipv4.ip_forward", 1);
    sysctl("net.ipv4.conf.lo.forwarding", 1);
    hostname("cost-1");
    timezone("Europe/Vienna");
    alternatives("cost", "/bin/true").install("/usr/bin/cost", 10);
    authorized_key("keys", KEY);
    authorized_key("root", KEY);
    known_host("git.example.com", KEY);
    ssh_key("keys");
    ssh_key("root");
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2";
