//! Packages with the package managers of other systems than Debian, from repositories on the nodes themselves.
//!
//! dnf, zypper and pacman are the real ones, as Debian packages them; `/etc/os-release` says what the node pretends
//! to be. apk is a stand-in: see `repos/apk.sh`.

use pallet::facts::{OsFamily, PackageManagerKind};
use pallet::prelude::*;
use pallet_runtime::event::ActionOutcome;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::time::Duration;

const FEDORA: &str = "ID=fedora\nVERSION_ID=40\nPRETTY_NAME=\"Fedora Linux 40\"\n";
const SUSE: &str =
    "ID=opensuse-leap\nID_LIKE=\"suse opensuse\"\nVERSION_ID=15.6\nPRETTY_NAME=\"openSUSE Leap 15.6\"\n";
const ARCH: &str = "ID=arch\nPRETTY_NAME=\"Arch Linux\"\n";
const ALPINE: &str = "ID=alpine\nVERSION_ID=3.20.0\nPRETTY_NAME=\"Alpine Linux v3.20\"\n";

fn lab(packager: &str, system: &str, repository: &str) -> Lab {
    let lab = Lab::new(Machine::with_packager(packager, system));
    lab.machine.check(repository);
    lab
}

/// What a system calls the versions of the packages of its repository, and how it is asked for them.
#[derive(Clone, Copy)]
struct Names {
    first: &'static str,
    newer: &'static str,
    installed: &'static str,
    source: fn() -> Handle<pallet::actions::PackageSource>,
    /// Makes the newer version available, where a repository has only one.
    publish: &'static str,
}

/// What all package managers have in common.
fn common(names: Names) -> Vec<Case> {
    let Names { first, newer, installed, source, publish } = names;
    let is = |package: &str, state: &str| (format!("{installed} {package}"), state.to_owned());
    let checked = |case: Case, (script, output): (String, String)| case.check(script, output);
    vec![
        Case::new("a source, and its index", source),
        checked(Case::new("a name with plus signs", || package("e2e-c++")), is("e2e-c++", first)),
        Case::new("several, with what they need", || {
            package("e2e-one");
            packages(["e2e-needs", "e2e-c++"]);
        })
        .first([End::Changed, End::Changed]),
        checked(Case::new("a version", move || package("e2e-plain").version(first)), is("e2e-plain", first)),
        Case::new("any version is right if none is named", || package("e2e-plain")).first([End::Unchanged]),
        Case::new("the index, every time", || package_manager().update())
            .prepare(publish)
            .first([End::Refreshed])
            .again(0, End::Refreshed),
        Case::new("the index, when it is new", || {
            package_manager().update().max_age(Duration::from_secs(86_400))
        })
        .first([End::Unchanged]),
        checked(Case::new("the newest version", || package("e2e-plain").latest()), is("e2e-plain", newer)),
        Case::new("everything is new", || package_manager().upgrade()).first([End::Unchanged]),
        Case::new("absent", || {
            package("e2e-plain").absent();
            package("e2e-one").absent();
            package("e2e-never").absent();
        })
        .first([End::Changed, End::Changed, End::Unchanged]),
        Case::new("purged", || package("e2e-c++").purged()),
    ]
}

/// Tells why a phase fails.
fn failure<R: pallet::PhaseOutput>(lab: &Lab, phase: impl Fn() -> R + Send + Sync + 'static) -> String {
    let report = lab.converge(phase);
    assert!(report.result.is_err(), "{report:#?}");
    let failed = report.outcomes().into_iter().filter_map(|(_, outcome)| match outcome {
        ActionOutcome::Failed(failure) => Some(format!("{failure:?}")),
        _ => None,
    });
    let failed: Vec<String> = failed.chain(report.troubles()).collect();
    failed.join("\n")
}

#[track_caller]
fn assert_fails<R: pallet::PhaseOutput>(
    lab: &Lab,
    words: &str,
    phase: impl Fn() -> R + Send + Sync + 'static,
) {
    let said = failure(lab, phase);
    assert!(said.contains(words), "{words}: {said}");
}

const RPM: Names = Names {
    first: "1.0-1",
    newer: "2.0~rc1-1",
    installed: "rpm -q --qf '%{VERSION}-%{RELEASE}'",
    source: || package_source("e2e").url("file:///srv/repo").unsigned(),
    publish: ":",
};

/// The real aptitude, for those who ask for it.
#[test]
fn aptitude() {
    require!("nodes");
    const DEBIAN: &str = "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n";
    let lab = lab("apt-get", DEBIAN, include_str!("repo.sh"));
    let is = |names: &str| {
        format!("dpkg-query -W -f '${{Package}} ${{db:Status-Status}} ${{Version}}\\n' {names}")
    };
    cases::run(&lab, [
        Case::new("the index", || package_manager().update()).first([End::Refreshed]).again(0, End::Refreshed),
        Case::new("a name with plus signs, a version, what they need", || {
            package("e2e-c++").with_aptitude();
            package("e2e-plain").version("1.0").with_aptitude();
            package("e2e-needs").with_aptitude();
        })
        .prepare(": >/var/log/aptitude")
        .check(is("e2e-c++ e2e-plain e2e-needed"), "e2e-c++ installed 1.0\ne2e-needed installed 1.0\ne2e-plain installed 1.0")
        .check("grep -c '^\\[INSTALL' /var/log/aptitude", "4"),
        Case::new("no recommendations", || package("e2e-recommends").no_recommends().with_aptitude())
            .check("dpkg-query -W -f '${db:Status-Status}' e2e-recommended 2>/dev/null | grep -x installed || echo none", "none"),
        Case::new("everything is upgraded", || package_manager().upgrade().with_aptitude())
            .check(is("e2e-plain"), "e2e-plain installed 2.0~rc1-1+b1"),
        Case::new("and nothing is left", || package_manager().upgrade().full().with_aptitude())
            .first([End::Unchanged]),
        Case::new("an older version", || package("e2e-plain").version("1.0").with_aptitude())
            .check(is("e2e-plain"), "e2e-plain installed 1.0"),
        Case::new("the newest", || package("e2e-plain").latest().with_aptitude())
            .check(is("e2e-plain"), "e2e-plain installed 2.0~rc1-1+b1"),
        Case::new("absent and purged", || {
            package("e2e-needs").absent().with_aptitude();
            package("e2e-c++").purged().with_aptitude();
        })
        .unsure()
        .check("dpkg-query -W -f '${Package} ${db:Status-Status}\\n' e2e-needs e2e-c++ e2e-needed 2>/dev/null || true", "e2e-needed installed"),
    ]);
    assert_fails(&lab, "aptitude would remove other packages for this: e2e-plain", || {
        package("e2e-rival").with_aptitude()
    });
    assert_fails(&lab, "e2e-unknown", || package("e2e-unknown").with_aptitude());
    lab.machine.check("dpkg --remove aptitude >/dev/null");
    assert_fails(&lab, "there is no aptitude on this node", || package("e2e-one").with_aptitude());
    assert_fails(&lab, "there is no aptitude on this node", || package_manager().upgrade().with_aptitude());
}

#[test]
fn dnf() {
    require!("nodes");
    let lab = lab("dnf", FEDORA, include_str!("repos/rpm.sh"));
    cases::run(&lab, common(RPM));
    cases::run(&lab, [
        Case::new("an epoch", || package("e2e-epoch").version("2:1.0-1"))
            .check("rpm -q --qf '%{EPOCH}' e2e-epoch", "2"),
        Case::new("held in an older version", || package("e2e-plain").version("1.0-1").held())
            .check("rpm -q e2e-plain; dnf -q versionlock list", "e2e-plain-1.0-1.noarch\ne2e-plain-0:1.0-1.*"),
        Case::new("what is held is not upgraded", || package_manager().upgrade()).first([End::Unchanged]),
        Case::new("released, and the newest", || package("e2e-plain").latest().released())
            .check("rpm -q e2e-plain; dnf -q versionlock list", "e2e-plain-2.0~rc1-1.noarch"),
        Case::new("from a repository that is not enabled", || package("e2e-one").enabling("e2e-off"))
            .prepare("sed 's/^\\[e2e\\]/[e2e-off]/; s/^enabled=1/enabled=0/' /etc/yum.repos.d/e2e.repo >/etc/yum.repos.d/e2e-off.repo; sed -i 's/^enabled=1/enabled=0/' /etc/yum.repos.d/e2e.repo")
            .check("rpm -q e2e-one", "e2e-one-1.0-1.noarch"),
        Case::new("of a repository", || package("e2e-two").from("e2e-off")).prepare("rpm -e e2e-needs e2e-two"),
        Case::new("from a file", || package_file("/srv/e2e-file-1.0-1.noarch.rpm").allow_unsigned())
            .check("rpm -q e2e-file", "e2e-file-1.0-1.noarch"),
        Case::new("an older version", || package("e2e-plain").version("1.0-1").enabling("e2e-off"))
            .prepare("dnf -q -y --enablerepo=e2e-off install e2e-plain >/dev/null 2>&1")
            .check("rpm -q e2e-plain", "e2e-plain-1.0-1.noarch"),
        Case::new("an option of dnf", || {
            package_manager().configure("installonly_limit", "5");
            package_manager().configure("fastestmirror", "False");
            package_manager().proxy("http://proxy.example.org:3128");
        })
        .check(
            "grep -cE '^(installonly_limit ?= ?5|fastestmirror = False|proxy = http://proxy.example.org:3128|gpgcheck=True)$' /etc/dnf/dnf.conf",
            "4",
        ),
        Case::new("no proxy for the tests that follow", || package_manager().configure("proxy", "")),
        Case::new("everything", || package_manager().upgrade())
            .prepare("sed -i 's/^enabled=0/enabled=1/' /etc/yum.repos.d/e2e.repo; dnf -q makecache")
            .check("rpm -q e2e-plain", "e2e-plain-2.0~rc1-1.noarch"),
        Case::new("nothing that was downloaded stays", || package_manager().clean())
            .prepare("mkdir -p /var/cache/dnf/e2e/packages; : >/var/cache/dnf/e2e/packages/x.rpm")
            .check("ls /var/cache/dnf/*/packages/*.rpm 2>/dev/null || true", ""),
        Case::new("no source", || package_source("e2e-off").absent())
            .check("ls /etc/yum.repos.d", "e2e.repo"),
    ]);
    assert_fails(&lab, "e2e-unknown", || package("e2e-unknown"));
    assert_fails(&lab, "package e2e-virtual is virtual: name one that provides it: e2e-provider", || {
        package("e2e-virtual")
    });
    lab.machine.check("sleep 30 </dev/null >/dev/null 2>&1 & echo $! >/var/lib/dnf/rpmdb_lock.pid");
    assert_fails(&lab, "gave up after 1 s: the package manager is locked by process", || {
        package("e2e-c++").lock_timeout(Duration::from_secs(1))
    });
}

#[test]
fn zypper() {
    require!("nodes");
    let lab = lab("zypper", SUSE, include_str!("repos/rpm.sh"));
    cases::run(
        &lab,
        common(Names { source: || package_source("e2e").url("dir:///srv/repo").unsigned(), ..RPM }),
    );
    cases::run(
        &lab,
        [
            Case::new("an epoch", || package("e2e-epoch").version("2:1.0-1"))
                .check("rpm -q --qf '%{EPOCH}' e2e-epoch", "2"),
            Case::new("held in an older version", || package("e2e-plain").version("1.0-1").held()).check(
                "rpm -q e2e-plain; grep solvable_name /etc/zypp/locks",
                "e2e-plain-1.0-1.noarch\nsolvable_name: e2e-plain",
            ),
            Case::new("what is held is not upgraded", || package_manager().upgrade()).first([End::Unchanged]),
            Case::new("released", || package("e2e-plain").released())
                .check("grep -c solvable_name /etc/zypp/locks || true", "0"),
            Case::new("everything", || package_manager().upgrade())
                .check("rpm -q e2e-plain", "e2e-plain-2.0~rc1-1.noarch"),
            Case::new("from a file", || package_file("/srv/e2e-file-1.0-1.noarch.rpm").allow_unsigned())
                .check("rpm -q e2e-file", "e2e-file-1.0-1.noarch"),
            Case::new("an option of zypper", || package_manager().configure("solver.onlyRequires", "true"))
                .check("cat /etc/zypp/zypp.conf", "[main]\nsolver.onlyRequires = true"),
        ],
    );
    assert_fails(&lab, "e2e-unknown", || package("e2e-unknown"));
    lab.machine.check("sleep 30 </dev/null >/dev/null 2>&1 & echo $! >/run/zypp.pid");
    assert_fails(&lab, "gave up after 1 s: the package manager is locked by process", || {
        package("e2e-c++").lock_timeout(Duration::from_secs(1))
    });
    lab.machine.check("rm /run/zypp.pid");
    cases::run(
        &lab,
        [Case::new("no source", || package_source("e2e").absent()).check("ls /etc/zypp/repos.d", "")],
    );
}

#[test]
fn pacman() {
    require!("nodes");
    const REPOSITORY: &str = include_str!("repos/pacman.sh");
    let lab = lab("pacman", ARCH, REPOSITORY);
    cases::run(
        &lab,
        common(Names {
            first: "1.0-1",
            newer: "2.0rc1-1",
            installed: "version() { pacman -Q \"$1\" | cut -d' ' -f2; }; version",
            source: || package_source("e2e").url("file:///srv/repo").unsigned(),
            publish: REPOSITORY,
        }),
    );
    cases::run(
        &lab,
        [
            Case::new("an epoch", || package("e2e-epoch").version("2:1.0-1"))
                .check("pacman -Q e2e-epoch", "e2e-epoch 2:1.0-1"),
            Case::new("of a repository", || package("e2e-one").from("e2e"))
                .check("pacman -Q e2e-one", "e2e-one 1.0-1"),
            Case::new("from a file", || package_file("/srv/e2e-file-1.0-1-any.pkg.tar"))
                .check("pacman -Q e2e-file", "e2e-file 1.0-1"),
            Case::new("a lock that a pacman left which is gone", || package("e2e-c++"))
                .prepare(": >/var/lib/pacman/db.lck")
                .check("pacman -Q e2e-c++", "e2e-c++ 1.0-1"),
            Case::new("what nothing needs", || package_manager().autoremove())
                .prepare("pacman --noconfirm -Rn e2e-needs >/dev/null")
                .check("pacman -Q e2e-two 2>/dev/null || true", ""),
            Case::new("an option of pacman", || package_manager().configure("ParallelDownloads", "7"))
                .check("grep ParallelDownloads /etc/pacman.conf", "ParallelDownloads = 7"),
        ],
    );
    assert_fails(&lab, "target not found: e2e-unknown", || package("e2e-unknown"));
    lab.machine.check("exec 9>/var/lib/pacman/db.lck; sleep 30 </dev/null >/dev/null 2>&1 &");
    assert_fails(&lab, "gave up after 1 s: the package manager is locked by process", || {
        package("e2e-needs").lock_timeout(Duration::from_secs(1))
    });
    lab.machine.check("rm /var/lib/pacman/db.lck");
    cases::run(
        &lab,
        [Case::new("no source", || package_source("e2e").absent())
            .check("grep -c e2e /etc/pacman.conf; ls /etc/pacman.d/e2e* 2>/dev/null || true", "0")],
    );
}

#[test]
fn apk() {
    require!("nodes");
    let lab = lab("none", ALPINE, include_str!("repos/apk.sh"));
    cases::run(
        &lab,
        common(Names {
            first: "1.0-r0",
            newer: "2.0_rc1-r0",
            installed: "version() { apk info -ve \"$1\" | sed \"s/^$1-//\"; }; version",
            source: || package_source("e2e").url("/srv/repo"),
            publish: "echo 'e2e-plain 2.0_rc1-r0' >>/srv/repo/all",
        }),
    );
    cases::run(
        &lab,
        [
            Case::new("from a file", || package_file("/srv/e2e-file-1.0-r0.apk").allow_unsigned())
                .check("apk info -ve e2e-file", "e2e-file-1.0-r0"),
            Case::new("no source", || package_source("e2e").url("/srv/repo").absent())
                .check("cat /etc/apk/repositories", ""),
        ],
    );
    assert_fails(&lab, "e2e-virtual is not installed; is it a virtual package?", || package("e2e-virtual"));
}

#[test]
fn names_differ_from_system_to_system() {
    require!("nodes");
    let lab = lab("none", ALPINE, include_str!("repos/apk.sh"));
    lab.machine.check("apk update");
    let phase = || {
        packages_for([
            (OsFamily::DebianBase.into(), vec!["apache2"]),
            (OsFamily::Alpine.into(), vec!["e2e-one"]),
            (PackageManagerKind::Apk.into(), vec!["e2e-two"]),
        ])
    };
    cases::run(
        &lab,
        [Case::new("those of the nearest family", phase)
            .check("apk info -ve e2e-one e2e-two || true", "e2e-one-1.0-r0")],
    );
    assert_fails(
        &lab,
        "node-1: packages: no names are given for Alpine Linux v3.20 (alpine), only for rh-base",
        || packages_for([(OsFamily::RhBase.into(), vec!["httpd"])]),
    );
}
