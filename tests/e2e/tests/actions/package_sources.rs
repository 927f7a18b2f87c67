//! Sources of packages: the files, the keys, and the index that is read once and never forgotten.

use pallet::prelude::*;
use pallet_runtime::event::ActionOutcome;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

/// Signs the repository `/srv/extra` with a new key, whose public half is `/srv/key.asc`.
const SIGN: &str = "export GNUPGHOME=/srv/gnupg; mkdir -m 0700 /srv/gnupg; cd /srv/extra; \
    gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key test@example.org ed25519 sign never \
    2>/dev/null; gpg --armor --export >/srv/key.asc; gpg --export >/srv/key.gpg; \
    gpg --batch --pinentry-mode loopback --passphrase '' --clear-sign --output InRelease Release";

/// Prints how often apt-get read an index since the last time this was asked, from what a wrapper around it notes.
const REFRESHES: &str = "grep -c update /srv/apt-get.log || true; : >/srv/apt-get.log";

fn lab() -> Lab {
    let debian = "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian 12\"\n";
    let lab = Lab::new(Machine::with_packager("apt-get", debian));
    lab.machine.check(include_str!("repo.sh"));
    lab.machine.check(SIGN);
    lab.machine
        .check("mkdir /srv/www; cp /srv/key.gpg /srv/www; busybox httpd -p 127.0.0.1:8080 -h /srv/www");
    lab.machine.check(
        "mv /usr/bin/apt-get /usr/bin/apt-get.real; : >/srv/apt-get.log; \
         printf '#!/bin/sh\\necho \"$*\" >>/srv/apt-get.log\\nexec /usr/bin/apt-get.real \"$@\"\\n' >/usr/bin/apt-get; \
         chmod 755 /usr/bin/apt-get",
    );
    lab
}

fn extra() -> Handle<pallet::actions::PackageSource> {
    package_source("extra").url("file:/srv/extra").suite("./")
}

#[test]
fn sources_are_as_declared() {
    require!("nodes");
    let lab = lab();
    let armored = lab.machine.check("cat /srv/key.asc");
    let sum = lab.machine.check("sha256sum </srv/key.gpg | cut -c-64");
    let sum = sum.trim().to_owned();
    cases::run(&lab, [
        Case::new("a key as text, and a package of it at once", move || {
            extra().key(armored.clone());
            package("e2e-extra");
        })
        .check(
            "ls /etc/apt/keyrings; cat /etc/apt/sources.list.d/extra.sources; dpkg-query -W -f '${Version}' e2e-extra",
            "extra.asc\nTypes: deb\nURIs: file:/srv/extra\nSuites: ./\nSigned-By: /etc/apt/keyrings/extra.asc\n1.0",
        ),
        Case::new("a key from an address, with its checksum", move || {
            extra().key_from_url("http://127.0.0.1:8080/key.gpg", sum.clone())
        })
        .check("cmp /srv/key.gpg /etc/apt/keyrings/extra.gpg", ""),
        Case::new("a key that is there, and an option", || {
            extra().key_file("/srv/key.asc").option("Enabled", "yes").architecture("amd64")
        })
        .check("tail -n 3 /etc/apt/sources.list.d/extra.sources", "Architectures: amd64\nSigned-By: /srv/key.asc\nEnabled: yes"),
        Case::new("several sources, one refresh", || {
            extra().key_file("/srv/key.asc");
            package_source("again").url("file:/srv/repo").suite("./").unsigned();
        })
        .prepare(REFRESHES)
        .check(REFRESHES, "1"),
        Case::new("nothing to do is no refresh", || extra().key_file("/srv/key.asc"))
            .first([End::Unchanged])
            .check(REFRESHES, "0"),
        Case::new("a refresh that is owed", || extra().key_file("/srv/key.asc"))
            .prepare("mkdir -p /var/lib/pallet/owed; : >/var/lib/pallet/owed/package-index")
            .first([End::Refreshed])
            .check("ls /var/lib/pallet/owed", ""),
        Case::new("a package makes up for a refresh that is owed", || package("e2e-one"))
            .prepare(": >/var/lib/pallet/owed/package-index")
            .check(format!("ls /var/lib/pallet/owed; {REFRESHES}"), "2"),
        Case::new("what others changed is replaced", || extra().key_file("/srv/key.asc"))
            .prepare("echo 'Enabled: no' >>/etc/apt/sources.list.d/extra.sources")
            .check("grep -c Enabled /etc/apt/sources.list.d/extra.sources || true", "0"),
        Case::new("absent, with its key", || {
            extra().absent();
            package_source("again").absent();
            package_source("never").absent();
        })
        .first([End::Changed, End::Changed, End::Unchanged])
        .check("ls /etc/apt/sources.list.d /etc/apt/keyrings/extra.asc 2>/dev/null || true", "/etc/apt/sources.list.d:"),
    ]);
}

#[test]
fn a_source_that_cannot_be_used_is_a_failure() {
    require!("nodes");
    let lab = lab();
    let failure = |report: &pallet_tests_e2e::lab::Report| {
        assert!(report.result.is_err(), "{report:#?}");
        let failed = report.outcomes().into_iter().find_map(|(_, outcome)| match outcome {
            ActionOutcome::Failed(failure) => Some(format!("{failure:?}")),
            _ => None,
        });
        failed.unwrap_or_default()
    };
    let wrong = || extra().key_from_url("http://127.0.0.1:8080/key.gpg", "0".repeat(64));
    let said = failure(&lab.converge(wrong));
    assert!(said.contains("what is at http://127.0.0.1:8080/key.gpg has another checksum"), "{said}");
    lab.machine
        .check("[ ! -e /etc/apt/keyrings/extra.gpg ] && [ ! -e /etc/apt/sources.list.d/extra.sources ]");

    let away = || package_source("away").url("file:/srv/away").suite("./").unsigned();
    let said = failure(&lab.converge(away));
    assert!(said.contains("/srv/away"), "{said}");
    lab.machine.check("[ -e /var/lib/pallet/owed/package-index ]");
    lab.machine.check("cp -r /srv/extra /srv/away");
    let report = lab.converge(away);
    report.summary();
    assert_eq!(report.outcomes()[0].1, ActionOutcome::Refreshed);
    lab.machine
        .check("[ ! -e /var/lib/pallet/owed/package-index ] && apt-cache policy e2e-extra | grep -q 1.0");
}

/// Signs the packages below `/srv/repo` but one with a new key, whose public half is `/srv/key.asc`.
const SIGN_RPM: &str = "export GNUPGHOME=/srv/gnupg; mkdir -m 0700 /srv/gnupg; cd /srv/repo; \
    gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key test@example.org rsa2048 sign never \
    2>/dev/null; gpg --armor --export >/srv/key.asc; \
    rpmsign --define '__gpg /usr/bin/gpg' --define '_gpg_name test@example.org' --addsign $(ls *.rpm | grep -v e2e-two) >&2; createrepo_c -q .; \
    gpg --batch --detach-sign --armor repodata/repomd.xml; cp /srv/key.asc repodata/repomd.xml.key";

/// Makes a node whose repository is signed, and installs a package of it by the key that its source brings.
fn signed(packager: &str, system: &str, url: &'static str) -> Lab {
    let lab = Lab::new(Machine::with_packager(packager, system));
    lab.machine.check(include_str!("repos/rpm.sh"));
    lab.machine.check(SIGN_RPM);
    let key = lab.machine.check("cat /srv/key.asc");
    cases::run(
        &lab,
        [Case::new("a source with a key, and a package of it", move || {
            package_source("e2e").url(url).key(key.clone());
            package("e2e-one");
        })
        .check("rpm -q e2e-one; rpm -q gpg-pubkey | wc -l", "e2e-one-1.0-1.noarch\n1")],
    );
    lab
}

#[test]
fn dnf_takes_signed_packages_only() {
    require!("nodes");
    let fedora = "ID=fedora\nVERSION_ID=40\nPRETTY_NAME=\"Fedora Linux 40\"\n";
    let lab = signed("dnf", fedora, "file:///srv/repo");
    let report = lab.converge(|| package("e2e-two"));
    assert!(report.troubles().join("").contains("e2e-two-1.0-1.noarch.rpm is not signed"), "{report:#?}");
    lab.machine.check("! rpm -q e2e-two");
}

/// Its packages are known by the index, so that is what is signed.
#[test]
fn zypper_takes_a_signed_index_only() {
    require!("nodes");
    let suse =
        "ID=opensuse-leap\nID_LIKE=\"suse opensuse\"\nVERSION_ID=15.6\nPRETTY_NAME=\"openSUSE Leap 15.6\"\n";
    let lab = signed("zypper", suse, "dir:///srv/repo");
    // Made again within a second it would be the same index, for which the old signature is good.
    lab.machine.check("createrepo_c -q --revision nobody-signed-this /srv/repo");
    let report = lab.converge(|| package_manager().update());
    assert!(report.troubles().join("").contains("Signature verification failed"), "{report:#?}");
}

/// Signs one package with a new key, and puts that signature beside another one, too.
const SIGN_PACMAN: &str = "export GNUPGHOME=/srv/gnupg; mkdir -m 0700 /srv/gnupg; cd /srv/repo; \
    gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key test@example.org rsa2048 sign never \
    2>/dev/null; gpg --armor --export >/srv/key.asc; gpg --batch --detach-sign e2e-one-1.0-1-any.pkg.tar; \
    cp e2e-one-1.0-1-any.pkg.tar.sig e2e-two-1.0-1-any.pkg.tar.sig";

/// Its index need not be signed: each package is.
#[test]
fn pacman_takes_signed_packages_only() {
    require!("nodes");
    let arch = "ID=arch\nPRETTY_NAME=\"Arch Linux\"\n";
    let lab = Lab::new(Machine::with_packager("pacman", arch));
    lab.machine.check(include_str!("repos/pacman.sh"));
    lab.machine.check(SIGN_PACMAN);
    let key = lab.machine.check("cat /srv/key.asc");
    cases::run(
        &lab,
        [Case::new("a source with a key, after a run that was cut while the key was added", move || {
            package_source("e2e").url("file:///srv/repo").key(key.clone());
            package("e2e-one");
        })
        .prepare("mkdir -p /etc/pacman.d/gnupg; cp /srv/key.asc /etc/pacman.d/e2e.key")
        .check("pacman -Q e2e-one", "e2e-one 1.0-1")],
    );
    let report = lab.converge(|| package("e2e-two"));
    assert!(
        report.troubles().join("").contains("is corrupted (invalid or corrupted package (PGP signature))"),
        "{report:#?}"
    );
    lab.machine.check("! pacman -Q e2e-two");
}
