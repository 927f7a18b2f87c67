//! Packages, from a repository on the node itself.

use pallet::PhaseOutput;
use pallet::prelude::*;
use pallet_runtime::event::ActionOutcome;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::time::Duration;

const REPOSITORY: &str = include_str!("repo.sh");

/// Prints status and version of packages as dpkg knows them, one a line.
fn state(names: &str) -> String {
    format!(
        "dpkg-query -W -f '${{Package}} ${{db:Status-Status}} ${{Version}}\\n' {names} 2>/dev/null || true"
    )
}

/// Prints how often apt-get changed something since the last time this was asked.
const TRANSACTIONS: &str =
    "grep -c '^Commandline' /var/log/apt/history.log || true; : >/var/log/apt/history.log";

fn lab() -> Lab {
    let lab = Lab::new(Machine::debian());
    lab.machine.check(REPOSITORY);
    lab
}

#[test]
fn packages_are_as_declared() {
    require!("nodes");
    const DAY: Duration = Duration::from_secs(86_400);
    cases::run(&lab(), [
        Case::new("the index, every time", || package_manager().update())
            .first([End::Refreshed])
            .again(0, End::Refreshed)
            .check("apt-cache policy e2e-one | grep Candidate", "  Candidate: 1.0"),
        Case::new("the index, when it is old", || package_manager().update().max_age(DAY))
            .prepare("touch -d '2 days ago' /var/lib/pallet/index-updated")
            .first([End::Refreshed]),
        Case::new("the index, when it is new", || package_manager().update().max_age(DAY))
            .first([End::Unchanged]),
        Case::new("a name with plus signs", || package("e2e-c++"))
            .check(state("e2e-c++"), "e2e-c++ installed 1.0"),
        Case::new("neighbours are one transaction", || {
            package("e2e-one");
            packages(["e2e-two", "e2e-c++"]);
            package("e2e-plain").version("1.0");
        })
        .prepare(TRANSACTIONS)
        .check(TRANSACTIONS, "1")
        .check(state("e2e-one e2e-two e2e-plain"), "e2e-one installed 1.0\ne2e-plain installed 1.0\ne2e-two installed 1.0"),
        Case::new("nothing to install is no transaction", || packages(["e2e-one", "e2e-two"]))
            .first([End::Unchanged])
            .check(TRANSACTIONS, "0"),
        Case::new("any version is right if none is named", || package("e2e-plain"))
            .first([End::Unchanged])
            .check(state("e2e-plain"), "e2e-plain installed 1.0"),
        Case::new("a newer version", || package("e2e-plain").version("2.0~rc1-1+b1"))
            .check(state("e2e-plain"), "e2e-plain installed 2.0~rc1-1+b1"),
        Case::new("an older version", || package("e2e-plain").version("1.0"))
            .check(state("e2e-plain"), "e2e-plain installed 1.0"),
        Case::new("what a package brings is not certain before it is there", || {
            let app = package("e2e-app");
            remote_file("/etc/e2e/app.conf").content("ours\n").after(app);
            directory("/srv/e2e-app").owner("e2e-app");
        })
        .unsure()
        .check("cat /etc/e2e/app.conf; stat -c %U /srv/e2e-app", "ours\ne2e-app"),
        Case::new("absent, the configuration stays", || package("e2e-app").absent())
            .check(format!("{}; cat /etc/e2e/app.conf", state("e2e-app")), "e2e-app config-files 1.0\nours"),
        Case::new("a package that was never there is absent", || {
            package("e2e-needed").absent();
            package("e2e-never").purged();
        })
        .first([End::Unchanged, End::Unchanged]),
        Case::new("purged after it was removed", || package("e2e-app").purged())
            .check(format!("{}; ls /etc/e2e 2>/dev/null || true", state("e2e-app")), "").unsure(),
        Case::new("purged while it is installed, with another", || {
            package("e2e-one").purged();
            package("e2e-two").purged();
        })
        .prepare(TRANSACTIONS)
        .check(TRANSACTIONS, "1")
        .check(state("e2e-one e2e-two"), ""),
        Case::new("installed with what it needs", || package("e2e-needs"))
            .check(state("e2e-needed"), "e2e-needed installed 1.0"),
        Case::new("removed and another installed: two transactions, in order", || {
            package("e2e-plain").absent();
            package("e2e-rival");
        })
        .unsure()
        .prepare(TRANSACTIONS)
        .check(TRANSACTIONS, "2"),
        Case::new("what was left half installed is installed", || package("e2e-c++"))
            .prepare("sed -i '/^Package: e2e-c++$/,/^$/s/^Status: .*/Status: install reinstreq half-installed/' /var/lib/dpkg/status")
            .check(state("e2e-c++"), "e2e-c++ installed 1.0"),
        Case::new("what was left unpacked is configured", || package("e2e-c++"))
            .prepare("dpkg --unpack /srv/repo/e2e-c++_1.0_all.deb >/dev/null")
            .check(state("e2e-c++"), "e2e-c++ installed 1.0"),
    ]);
}

#[test]
fn failures_are_told_in_apts_own_words() {
    require!("nodes");
    let lab = lab();
    lab.converge(|| package_manager().update()).summary();
    lab.converge(|| package("e2e-plain")).summary();
    fn fails<R: PhaseOutput>(lab: &Lab, phase: impl Fn() -> R + Send + Sync + 'static, words: &str) {
        let report = lab.converge(phase);
        assert!(report.result.is_err(), "{report:#?}");
        let said = report.outcomes().into_iter().find_map(|(_, outcome)| match outcome {
            ActionOutcome::Failed(failure) => Some(failure),
            _ => None,
        });
        let said = said.expect("a failed action");
        assert!(format!("{said:?}").contains(words), "{words}: {said:#?}");
        assert!(said.source.as_deref().is_some_and(|line| line.contains("packages.rs")), "{said:?}");
    }
    fails(&lab, || package("e2e-unknown"), "Unable to locate package e2e-unknown");
    fails(&lab, || package("e2e-plain").version("9"), "Version '9' for 'e2e-plain' was not found");
    fails(&lab, || package("e2e-broken"), "cannot be configured");
    lab.machine.check("dpkg --purge --force-all e2e-broken >/dev/null 2>&1");
    fails(&lab, || package("e2e-rival"), "Packages need to be removed but remove is disabled");
    lab.machine.check("dpkg-query -W e2e-plain");
    lab.machine.check("echo 'deb [trusted=yes] file:/srv/nowhere ./' >>/etc/apt/sources.list");
    fails(&lab, || package_manager().update(), "/srv/nowhere");
}

#[test]
fn a_batch_that_fails_fails_as_a_whole() {
    require!("nodes");
    let lab = lab();
    lab.converge(|| package_manager().update()).summary();
    let report = lab.converge(|| {
        package("e2e-one");
        package("e2e-unknown");
        file("/srv/after");
    });
    let ends: Vec<&str> = report
        .outcomes()
        .iter()
        .map(|(_, outcome)| match outcome {
            ActionOutcome::Failed(_) => "failed",
            ActionOutcome::Skipped { .. } => "skipped",
            _ => "other",
        })
        .collect();
    assert_eq!(ends, ["failed", "failed", "skipped"]);
    lab.machine.check("! dpkg-query -W e2e-one 2>/dev/null && [ ! -e /srv/after ]");
}

#[test]
fn a_node_without_apt_is_refused_with_its_name() {
    require!("nodes");
    let report = Lab::new(Machine::busybox()).converge(|| {
        file("/etc/touched");
        package("nginx");
        service("nginx").running();
    });
    let troubles = format!("{:?}", report.outcomes());
    assert!(
        troubles.contains("packages are supported with apt, dnf, zypper, pacman and apk; this node has no package manager (busybox)"),
        "{troubles}"
    );
    assert!(troubles.contains("services are supported with systemd and SysV init scripts"), "{troubles}");
}
