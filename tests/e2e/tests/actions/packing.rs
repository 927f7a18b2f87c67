//! Archives that are made on the node.

use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, archives());
    what_cannot_be_packed_is_refused(&lab);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir -p /srv");
    cases::run(&lab, archives());
    what_cannot_be_packed_is_refused(&lab);
}

#[test]
fn with_other_programs() {
    require!("nodes");
    let lab = Lab::new(Machine::with_packager("apt-get", "ID=debian\nVERSION_ID=12\n"));
    cases::run(
        &lab,
        [
            packed("/srv/site.zip", "cd /srv/out && busybox unzip -q /srv/site.zip"),
            packed("/srv/site.tar.xz", "tar -xJf /srv/site.tar.xz -C /srv/out"),
        ],
    );
}

const FILES: &str = "rm -rf /srv/site /srv/out; mkdir -p /srv/site/sub/empty /srv/site/cache /srv/out && cd /srv/site && echo a >a && echo b >sub/b && \
     chmod 750 sub && ln -s ../a sub/link && echo x >sub/x.tmp && echo x >cache/x && \
     echo dash >./-rf && echo back >'back\\ta b' && echo star >'*[x]'";

/// What is unpacked is what was packed.
fn packed(path: &'static str, unpack: &str) -> Case {
    Case::new(path, move || archive(path).of("/srv/site").exclude("*.tmp").exclude("cache"))
        .prepare(FILES)
        .check(
            format!("({unpack}) && cd /srv/out && find . | LC_ALL=C sort && cat ./-rf back* '*[x]' sub/link && stat -c %a sub"),
            ".\n./*[x]\n./-rf\n./a\n./back\\ta b\n./sub\n./sub/b\n./sub/empty\n./sub/link\ndash\nback\nstar\na\n750",
        )
}

fn archives() -> Vec<Case> {
    let again = || archive("/srv/site.tar.gz").of("/srv/site").exclude("*.tmp").exclude("cache").mode(0o600);
    vec![
        packed("/srv/site.tar", "tar -xf /srv/site.tar -C /srv/out"),
        packed("/srv/site.tar.gz", "tar -xzf /srv/site.tar.gz -C /srv/out"),
        Case::new("only the mode is not so", again).check("stat -c '%a %U' /srv/site.tar.gz", "600 root"),
        Case::new("neither a time nor what is left out is a difference", again)
            .prepare(
                "touch /srv/site/a /srv/site/sub; echo y >/srv/site/cache/y; echo y >/srv/site/sub/x.tmp",
            )
            .first([End::Unchanged]),
        Case::new("a content is", again)
            .prepare("echo other >/srv/site/sub/b")
            .check("tar -xzOf /srv/site.tar.gz ./sub/b", "other"),
        Case::new("so is a mode", again).prepare("chmod 700 /srv/site/sub"),
        Case::new("an archive that somebody else replaced", again)
            .prepare("echo broken >/srv/site.tar.gz")
            .check("tar -xzOf /srv/site.tar.gz ./a", "a"),
        Case::new("what the same run writes is packed", || {
            remote_file("/srv/site/late").content("late\n");
            archive("/srv/late.tgz").of("/srv/site");
        })
        .check("tar -xzOf /srv/late.tgz ./late", "late"),
        Case::new("and what a command writes", || {
            exec("echo made >/srv/site/made").creates("/srv/site/made");
            archive("/srv/late.tgz").of("/srv/site");
        })
        .unsure()
        .check("tar -xzOf /srv/late.tgz ./made", "made"),
        Case::new("packed and unpacked in one run", || {
            archive("/srv/round.tar").of("/srv/site");
            remote_directory("/srv/round").archive("/srv/round.tar");
        })
        .unsure()
        .check("cat /srv/round/a; ls -A /srv | grep '^.pallet' || true", "a"),
    ]
}

fn what_cannot_be_packed_is_refused(lab: &Lab) {
    let troubles = |path: &'static str, directory: &'static str, prepare: &str| {
        lab.machine.check(prepare);
        lab.converge(move || archive(path).of(directory)).troubles().join("\n")
    };
    assert!(troubles("/srv/x.tar", "/srv/none", "true").contains("there is no directory /srv/none"));
    assert!(troubles("/srv/x.tar", "/srv/linked", "ln -sfn site /srv/linked").contains("symbolic link"));
    assert!(troubles("/srv/none/x.tar", "/srv/site", "true").contains("there is no directory /srv/none"));
    let said = troubles("/srv/x.tar.zst", "/srv/site", "rm -f /usr/bin/zstd");
    assert!(said.contains("there is no zstd to pack with"), "{said}");
    assert!(
        troubles("/srv/x.tar", "/srv/site", "echo x >\"$(printf '/srv/site/a\\nb')\"").contains("newline")
    );
    lab.machine.check("[ ! -e /srv/x.tar ] && [ ! -e /srv/x.tar.zst ] && ! ls -A /srv | grep '^.pallet'");
}
