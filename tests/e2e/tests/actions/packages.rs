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
            .check(format!("{}; cat /etc/e2e/app.conf", state("e2e-app")), "e2e-app config-files 2.0\nours"),
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
        Case::new("what pallet's own actions stand on", || minimal_packages())
            .prepare("SUDO_FORCE_REMOVE=yes dpkg --purge --force-depends sudo >/dev/null 2>&1; rm -f /var/lib/pallet/index-updated")
            .first([End::Refreshed, End::Changed])
            .check("dpkg-query -W -f '${db:Status-Status} ' ca-certificates coreutils curl sudo tar", "installed installed installed installed installed "),
        Case::new("variables reach the package manager, and not what follows", || {
            package("e2e-two").env("E2E_PROXY", "it's").env("E2E_PROXY", "this one");
            exec("echo \"after: ${E2E_PROXY-none}\" >>/srv/env").creates("/srv/env-done");
            file("/srv/env-done");
        })
        .unsure()
        .prepare(r#"echo 'DPkg::Pre-Invoke {"echo before: $E2E_PROXY >/srv/env";};' >/etc/apt/apt.conf.d/99e2e"#)
        .check("cat /srv/env; rm /etc/apt/apt.conf.d/99e2e", "before: this one\nafter: none"),
        Case::new("what was left unpacked is configured", || package("e2e-c++"))
            .prepare("dpkg --unpack /srv/repo/e2e-c++_1.0_all.deb >/dev/null")
            .check(state("e2e-c++"), "e2e-c++ installed 1.0"),
    ]);
}

#[test]
fn versions_holds_and_architectures() {
    require!("nodes");
    const HOLDS: &str = "apt-mark showhold";
    cases::run(
        &lab(),
        [
            Case::new("the index", || package_manager().update())
                .first([End::Refreshed])
                .again(0, End::Refreshed),
            Case::new("an epoch and a tilde", || package("e2e-epoch").version("2:1.0~rc1-1"))
                .check(state("e2e-epoch"), "e2e-epoch installed 2:1.0~rc1-1"),
            Case::new("what is installed in any version is as declared", || package("e2e-epoch"))
                .first([End::Unchanged]),
            Case::new("the newest version", || package("e2e-epoch").latest())
                .check(state("e2e-epoch"), "e2e-epoch installed 2:1.0-1"),
            Case::new("a lower epoch is an older version", || package("e2e-epoch").version("1:9.0").held())
                .check(format!("{}; {HOLDS}", state("e2e-epoch")), "e2e-epoch installed 1:9.0\ne2e-epoch"),
            Case::new("what is held is not upgraded", || package_manager().upgrade()).first([End::Unchanged]),
            Case::new("a new version of what is held", || package("e2e-epoch").version("2:1.0~rc1-1").held())
                .check(
                    format!("{}; {HOLDS}", state("e2e-epoch")),
                    "e2e-epoch installed 2:1.0~rc1-1\ne2e-epoch",
                ),
            Case::new("released", || package("e2e-epoch").released()).check(HOLDS, ""),
            Case::new("everything is upgraded", || package_manager().upgrade())
                .check(state("e2e-epoch"), "e2e-epoch installed 2:1.0-1"),
            Case::new("a release that is not the default", || {
                package("e2e-plain").latest().from("e2e-backports")
            })
            .check(state("e2e-plain"), "e2e-plain installed 3.0~bpo1"),
            Case::new("another architecture", || {
                package_manager().foreign_architecture("i386");
                package("e2e-foreign:i386");
            })
            .unsure()
            .check("dpkg-query -W -f '${Package}:${Architecture} ' e2e-foreign", "e2e-foreign:i386 "),
            Case::new("both architectures", || {
                package("e2e-foreign:amd64").latest();
                package("e2e-foreign").architecture("i386");
            })
            .first([End::Changed, End::Unchanged])
            .unsure()
            .check(
                "dpkg-query -W -f '${Package}:${Architecture} ' e2e-foreign",
                "e2e-foreign:amd64 e2e-foreign:i386 ",
            ),
            Case::new("without what is recommended", || package("e2e-recommends").no_recommends())
                .prepare("printf 'APT::Install-Recommends \"true\";\\n' >/etc/apt/apt.conf.d/99recommends")
                .check("dpkg-query -W -f '${db:Status-Status}\n' e2e-recommended 2>/dev/null | grep -cx installed || true", "0"),
            Case::new("from a file, with what it needs", || package_file("/srv/e2e-file.deb"))
                .check(state("e2e-file e2e-needed"), "e2e-file installed 1:1.0\ne2e-needed installed 1.0"),
            Case::new("from a file that is brought just before", || {
                remote_file("/var/cache/x.deb").content("no package");
                package_file("/srv/e2e-file.deb");
            })
            .first([End::Changed, End::Unchanged])
            .unsure(),
            Case::new("what nothing needs", || package_manager().autoremove())
                .prepare("dpkg --purge e2e-file >/dev/null")
                .check(state("e2e-needed"), ""),
        ],
    );
}

#[test]
fn nothing_asks_and_nothing_starts() {
    require!("nodes");
    let lab = lab();
    // Without a run level no package would start a service.
    lab.machine.check(
        "rm -f /sbin/runlevel; printf '#!/bin/sh\necho N 2\n' >/sbin/runlevel; chmod 755 /sbin/runlevel",
    );
    lab.converge(|| package_manager().update()).summary();
    cases::run(&lab, [
        Case::new("a file that was edited stays without a question", || package("e2e-app").version("2.0"))
            .prepare("apt-get -q -y install e2e-app=1.0 >/dev/null; echo ours >/etc/e2e/app.conf")
            .check(format!("{}; cat /etc/e2e/app.conf", state("e2e-app")), "e2e-app installed 2.0\nours"),
        Case::new("answers before the questions", || {
            debconf("e2e-asks", "e2e-asks/name", "string", "Ada Lovelace");
            debconf("e2e-asks", "e2e-asks/password", "password", Secret::from("very secret"));
            package("e2e-asks");
        })
        .check("cat /srv/answers", "Ada Lovelace\nvery secret"),
        Case::new("another answer", || debconf("e2e-asks", "e2e-asks/name", "string", ""))
            .check("echo GET e2e-asks/name | DEBIAN_FRONTEND=noninteractive debconf-communicate e2e-asks", "0 "),
        Case::new("no service is started", || package("e2e-service").without_starting_services())
            .check("ls /srv/started /usr/sbin/policy-rc.d 2>/dev/null || true", ""),
        Case::new("a service is started", || package("e2e-service"))
            .prepare("dpkg --purge e2e-service >/dev/null")
            .check("ls /srv/started", "/srv/started"),
        Case::new("a policy that is there decides, and stays", || package("e2e-service").without_starting_services())
            .prepare("dpkg --purge e2e-service >/dev/null; rm /srv/started; printf '#!/bin/sh\\nexit 0\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d")
            .check("ls /srv/started /usr/sbin/policy-rc.d", "/srv/started\n/usr/sbin/policy-rc.d"),
        Case::new("a policy of ours whose run was killed is removed", || package("e2e-service"))
            .prepare("dpkg --purge e2e-service >/dev/null; rm /srv/started; printf '#!/bin/sh\\n# pallet 4194304\\nexit 101\\n' >/usr/sbin/policy-rc.d")
            .check("ls /srv/started /usr/sbin/policy-rc.d 2>/dev/null || true", "/srv/started"),
        Case::new("an interrupted dpkg is finished", || package("e2e-one"))
            .prepare("dpkg --unpack /srv/repo/e2e-two_1.0_all.deb >/dev/null; sed -n '/^Package: e2e-two$/,/^$/p' /var/lib/dpkg/status >/var/lib/dpkg/updates/0000")
            .check(state("e2e-one e2e-two"), "e2e-one installed 1.0\ne2e-two installed 1.0"),
        Case::new("options of apt, one with a secret", || {
            package_manager().configure("APT::Install-Suggests", "false");
            package_manager().proxy(Text::concat([
                Text::from("http://user:"),
                Secret::from("hunter2").into(),
                "@proxy.example.org:3128/".into(),
            ]));
        })
        .check(
            "apt-config dump Acquire::https::Proxy; stat -c %a /etc/apt/apt.conf.d/50pallet-*",
            "Acquire::https::Proxy \"http://user:hunter2@proxy.example.org:3128/\";\n644\n600",
        ),
        Case::new("nothing that was downloaded stays", || package_manager().clean())
            .prepare(": >/var/cache/apt/archives/x.deb")
            .check("ls /var/cache/apt/archives/*.deb 2>/dev/null || true", ""),
    ]);
}

#[test]
fn a_locked_package_manager_is_waited_for() {
    require!("nodes");
    let lab = lab();
    lab.converge(|| package_manager().update()).summary();
    let busy = || {
        lab.machine.check(
            "rm -f /srv/busy /srv/go; apt-get -q -y install e2e-slow >/dev/null 2>&1 </dev/null & \
             until [ -e /srv/busy ]; do sleep 0.1; done",
        )
    };
    busy();
    fails(&lab, || package("e2e-one").lock_timeout(Duration::from_secs(1)), "by /var/lib/dpkg/lock");
    fails(&lab, || package("e2e-one").lock_timeout(Duration::from_secs(1)), "locked by process");
    lab.machine.check("(sleep 2; : >/srv/go) >/dev/null 2>&1 </dev/null &");
    let report = lab.converge(|| package("e2e-one"));
    report.summary();
    let waits = report
        .output()
        .into_iter()
        .filter(|line| line.starts_with("waiting for the package manager"))
        .count();
    assert_eq!(waits, 1, "{report:#?}");
    lab.machine.check("dpkg-query -W e2e-one e2e-slow");
}

/// Converges a phase, which must fail with these words at a line of this file.
#[track_caller]
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

#[test]
fn failures_are_told_in_apts_own_words() {
    require!("nodes");
    let lab = lab();
    lab.converge(|| package_manager().update()).summary();
    lab.converge(|| package("e2e-plain")).summary();
    fails(&lab, || package("e2e-unknown"), "Unable to locate package e2e-unknown");
    // apt would take the first for a regular expression.
    fails(&lab, || package("e2e.one"), "Unable to locate package e2e.one");
    fails(
        &lab,
        || package("e2e-virtual"),
        "package e2e-virtual is virtual: name one that provides it: e2e-provider",
    );
    lab.machine.check("! dpkg-query -W e2e-one e2e-provider 2>/dev/null");
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
    assert!(troubles.contains("services are supported with systemd, SysV init scripts"), "{troubles}");
}
