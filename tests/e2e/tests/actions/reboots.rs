//! Reboots, of a node that really does, over SSH.

use pallet::prelude::*;
use pallet_runtime::event::{ActionOutcome, Verdict};
use pallet_test::require;
use pallet_tests_e2e::lab::{Lab, Report};
use pallet_tests_e2e::machine::Machine;
use std::time::Duration;

#[test]
fn a_phase_goes_on_behind_a_reboot() {
    require!("nodes");
    let lab = Lab::new(Machine::systemd());
    in_every_run(&lab);
    when_something_changed(&lab);
    the_controller_dies_before_it(&lab);
    when_packages_ask_for_it(&lab);
    it_does_not_come_back(&lab);
}

fn boot_id(lab: &Lab) -> String {
    lab.machine.check("cat /proc/sys/kernel/random/boot_id")
}

fn changed(report: &Report) -> Vec<bool> {
    let outcomes = report.outcomes();
    outcomes.iter().map(|(_, outcome)| matches!(outcome, ActionOutcome::Changed { .. })).collect()
}

fn in_every_run(lab: &Lab) {
    let phase = || {
        remote_file("/srv/before").content("before");
        file("/run/of-this-boot");
        reboot();
        remote_file("/srv/after").content("after");
        exec("cat /proc/sys/kernel/random/boot_id >/srv/boot").creates("/run/of-this-boot");
    };
    let before = boot_id(lab);
    let planned = lab.plan(phase).planned();
    assert_eq!(planned[2].changes, ["reboot"]);
    assert_eq!(planned[4].verdict, Verdict::Unknown, "nobody knows what a reboot leaves: {planned:?}");
    let report = lab.converge(phase);
    assert_eq!(changed(&report), [true; 5], "{report:#?}");
    assert_ne!(boot_id(lab), before);
    assert_eq!(lab.machine.check("cat /srv/before /srv/after"), "beforeafter");
    assert_eq!(lab.machine.check("cat /srv/boot"), boot_id(lab), "what was in /run was looked at again");
    assert_eq!(lab.machine.check("ls /var/lib/pallet/owed"), "");
}

fn when_something_changed(lab: &Lab) {
    let phase = || {
        let config = remote_file("/srv/boot.cfg").content("1");
        reboot().when_changed(config);
        remote_file("/srv/after").content("then");
    };
    let before = boot_id(lab);
    assert_eq!(changed(&lab.converge(phase)), [true; 3]);
    let after = boot_id(lab);
    assert_ne!(after, before);
    let again = lab.converge(phase);
    assert_eq!(changed(&again), [false; 3]);
    assert_eq!(again.summary().round_trips, 2);
    assert_eq!(boot_id(lab), after);
}

/// The run dies between the change and the reboot. The next one reboots, and the one after that does not.
fn the_controller_dies_before_it(lab: &Lab) {
    lab.machine.check("touch /srv/kill");
    let phase = || {
        let config = remote_file("/srv/boot.cfg").content("2");
        exec("kill -KILL $$").only_if("test -e /srv/kill");
        reboot().when_changed(config);
    };
    assert!(lab.converge(phase).result.is_err());
    lab.machine.check("rm /srv/kill; test -s /var/lib/pallet/owed/reboot");
    let before = boot_id(lab);
    assert_eq!(lab.plan(phase).planned()[2].changes, ["reboot, owed since an earlier run"]);
    assert_eq!(changed(&lab.converge(phase)), [false, false, true]);
    assert_ne!(boot_id(lab), before);
    assert_eq!(changed(&lab.converge(phase)), [false; 3]);
    // Somebody else rebooted in the meantime.
    lab.machine.check("echo another-boot >/var/lib/pallet/owed/reboot");
    assert_eq!(changed(&lab.converge(phase)), [false; 3]);
}

fn when_packages_ask_for_it(lab: &Lab) {
    let phase = || {
        reboot().when_required();
        exec("touch /srv/required").creates("/srv/required");
    };
    assert_eq!(changed(&lab.converge(phase)), [false, true]);
    lab.machine.check("touch /run/reboot-required");
    let before = boot_id(lab);
    assert_eq!(changed(&lab.converge(phase)), [true, false]);
    assert_ne!(boot_id(lab), before);
}

fn it_does_not_come_back(lab: &Lab) {
    lab.machine.check("systemctl mask --now -q ssh.socket; systemctl mask -q ssh");
    let report = lab.converge(|| {
        reboot().limit(Duration::from_secs(4));
        file("/srv/never");
    });
    assert!(report.result.is_err(), "{report:#?}");
    let said = report.troubles().join("\n");
    assert!(said.contains("not back from its reboot within 4 s"), "{said}");
}
