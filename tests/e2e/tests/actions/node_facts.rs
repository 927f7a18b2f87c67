//! Facts that a phase asks its node for before it runs.

use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::sync::atomic::{AtomicU32, Ordering};

#[test]
fn on_debian() {
    require!("nodes");
    asked(&Lab::new(Machine::debian()));
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    asked(&lab);
}

fn asked(lab: &Lab) {
    lab.machine.check("mkdir /srv/in; touch '/srv/in/a' '/srv/in/b c'");
    let looping = || -> Result {
        let (names, size) = (node_fact("ls /srv/in"), node_fact("echo a warning >&2; printf '{\"n\": [7]}'"));
        for name in names.lines()? {
            remote_file(format!("/srv/{name}")).content(size.json::<u32>("/n/0")?.to_string());
        }
        Ok(())
    };
    let case = Case::new("files for each", looping).first([End::Changed; 2]);
    cases::run(lab, [case.check("cat /srv/a '/srv/b c'", "77")]);
    // Facts at the start, one exchange for both commands, one for the probe.
    assert_eq!(lab.converge(looping).summary().round_trips, 3);

    let chained = || -> Result {
        let first: u32 = node_fact("echo 2").number()?;
        let text = node_fact(format!("echo $(({first} * 21)); pwd")).text()?;
        remote_file("/srv/chained").content(text);
        Ok(())
    };
    cases::run(lab, [Case::new("one after the other", chained).check("cat /srv/chained", "42\n/")]);

    let report = lab.converge(|| -> Result {
        file("/srv/untouched");
        node_fact("ls /srv/no-such-folder").lines()?;
        Ok(())
    });
    let said = report.troubles().join("\n") + &format!("{:?}", report.result);
    assert!(said.contains("`ls /srv/no-such-folder` ended with") && said.contains("No such file"), "{said}");
    lab.machine.check("test ! -e /srv/untouched");

    static BUILDS: AtomicU32 = AtomicU32::new(0);
    let report = lab.converge(|| -> Result {
        node_fact(format!("echo {}", BUILDS.fetch_add(1, Ordering::Relaxed))).text()?;
        Ok(())
    });
    let said = format!("{:?}", report.result);
    assert!(said.contains("each time it is built"), "{said}");
}
