//! Files without content, directories, symbolic links.

use pallet::PhaseOutput;
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, directories("www-data"));
    cases::run(&lab, files("www-data"));
    cases::run(&lab, links());
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    cases::run(&lab, directories("nogroup"));
    cases::run(&lab, files("nogroup"));
    cases::run(&lab, links());
}

fn directories(group: &'static str) -> Vec<Case> {
    vec![
        Case::new("a directory with those above it", move || {
            directory("/srv/dir/b/c").mode(0o2750).owner("nobody").group(group);
        })
        .check("stat -c '%a %U %G' /srv/dir/b /srv/dir/b/c", format!("755 root root\n2750 nobody {group}")),
        Case::new("attributes of a directory that is there", || {
            directory("/srv/dir-attributes").mode(0o700).owner(65534).group(65534);
        })
        .prepare("mkdir -m 0755 /srv/dir-attributes && touch /srv/dir-attributes/inside")
        .check(
            "stat -c '%a %u %g' /srv/dir-attributes /srv/dir-attributes/inside",
            "700 65534 65534\n644 0 0",
        ),
        Case::new("attributes that are not given stay", || {
            directory("/srv/dir-stays");
        })
        .prepare("mkdir -m 0711 /srv/dir-stays && chown nobody /srv/dir-stays")
        .first([End::Unchanged])
        .check("stat -c '%a %U' /srv/dir-stays", "711 nobody"),
        Case::new("a link to a directory is one", || {
            directory("/srv/dir-link");
        })
        .prepare("mkdir /srv/dir-target && ln -s dir-target /srv/dir-link")
        .first([End::Unchanged])
        .check("readlink /srv/dir-link", "dir-target"),
        Case::new("an absent directory, empty", || {
            directory("/srv/dir-empty").absent();
        })
        .prepare("mkdir /srv/dir-empty")
        .check("ls -d /srv/dir-empty 2>&1 | wc -l; ls /srv | grep -c dir-empty || true", "1\n0"),
        Case::new("an absent directory with contents", || {
            directory("/srv/dir-full").absent_with_contents();
        })
        .prepare("mkdir -p /srv/dir-full/a/b && touch /srv/dir-full/a/b/c")
        .check("[ ! -e /srv/dir-full ]", ""),
        Case::new("a directory and what is in it, on an empty node", || {
            let parent = directory("/srv/dir-new").mode(0o750);
            file("/srv/dir-new/file").mode(0o600).after(parent);
            symbolic_link("/srv/dir-new/link", "file");
            directory("/srv/dir-new").mode(0o750);
        })
        .first([End::Changed, End::Changed, End::Changed, End::Unchanged])
        .check("ls /srv/dir-new", "file\nlink"),
    ]
}

fn files(group: &'static str) -> Vec<Case> {
    vec![
        Case::new("an empty file", move || {
            file("/srv/file").mode(0o640).owner("nobody").group(group);
        })
        .check("stat -c '%a %U %G %s' /srv/file", format!("640 nobody {group} 0")),
        Case::new("set-id bits survive a change of owner", || {
            file("/srv/file-setid").mode(0o4755).owner("nobody");
        })
        .prepare("touch /srv/file-setid && chmod 4755 /srv/file-setid")
        .check("stat -c '%a %U' /srv/file-setid", "4755 nobody"),
        Case::new("the content of a file that is there stays", || {
            file("/srv/file-full").mode(0o600);
        })
        .prepare("echo kept >/srv/file-full && chmod 644 /srv/file-full")
        .check("cat /srv/file-full", "kept"),
        Case::new("an absent file", || {
            file("/srv/file-gone").absent();
            file("/srv/file-gone-link").absent();
            file("/srv/file-never").absent();
        })
        .prepare("echo x >/srv/file-gone && ln -s /etc/passwd /srv/file-gone-link")
        .first([End::Changed, End::Changed, End::Unchanged])
        .check("[ ! -e /srv/file-gone ] && [ ! -L /srv/file-gone-link ] && [ -e /etc/passwd ]", ""),
        Case::new("made, and absent again further on", || {
            file("/srv/file-twice");
            file("/srv/file-twice").absent();
        })
        .first([End::Changed, End::Changed])
        .again(0, End::Changed)
        .again(1, End::Changed),
    ]
}

fn links() -> Vec<Case> {
    vec![
        Case::new("a link to nothing", || {
            symbolic_link("/srv/link", "../nowhere");
        })
        .check("readlink /srv/link", "../nowhere"),
        Case::new("another target", || {
            symbolic_link("/srv/link-moved", "/etc/group");
        })
        .prepare("ln -s /etc/passwd /srv/link-moved")
        .check("readlink /srv/link-moved", "/etc/group"),
        Case::new("another target in the place of one to a directory", || {
            symbolic_link("/srv/link-dir", "/etc/group");
        })
        .prepare("mkdir /srv/link-dir-target && ln -s link-dir-target /srv/link-dir")
        .check("readlink /srv/link-dir; ls /srv/link-dir-target", "/etc/group"),
        Case::new("in the place of a file", || {
            symbolic_link("/srv/link-file", "file");
        })
        .prepare("echo x >/srv/link-file")
        .check("readlink /srv/link-file", "file"),
        Case::new("an absent link; its target stays", || {
            symbolic_link("/srv/link-gone", "link-gone-target").absent();
        })
        .prepare("touch /srv/link-gone-target && ln -s link-gone-target /srv/link-gone")
        .check("[ ! -L /srv/link-gone ] && ls /srv/link-gone-target", "/srv/link-gone-target"),
        Case::new("the owner of the link itself", || {
            symbolic_link("/srv/link-owned", "/etc/passwd").owner("nobody").group(65534);
            symbolic_link("/srv/link-new-owned", "/etc/passwd").owner("nobody").no_force();
        })
        .prepare("ln -s /etc/passwd /srv/link-owned")
        .check(
            "stat -c '%U %g' /srv/link-owned /srv/link-new-owned; stat -c %U /etc/passwd",
            "nobody 65534\nnobody 0\nroot",
        ),
        Case::new("named pipes", || {
            fifo("/srv/pipe").mode(0o620).owner("nobody");
            fifo("/srv/pipe-there").mode(0o600);
            fifo("/srv/pipe-gone").absent();
            fifo("/srv/pipe-never").absent();
        })
        .prepare("mkfifo /srv/pipe-there /srv/pipe-gone")
        .first([End::Changed, End::Changed, End::Changed, End::Unchanged])
        .check(
            "stat -c '%F %a %U' /srv/pipe /srv/pipe-there; [ ! -e /srv/pipe-gone ]",
            "fifo 620 nobody\nfifo 600 root",
        ),
        Case::new("names and targets that look like options", || {
            symbolic_link("/srv/-f", "-n");
            file("/srv/-rf").mode(0o600);
            directory("/srv/--help");
        })
        .check("readlink /srv/-f; ls -d /srv/-rf /srv/--help", "-n\n/srv/--help\n/srv/-rf"),
    ]
}

#[test]
fn what_stands_in_the_way_is_refused_before_anything_is_touched() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("mkdir -p /srv/dir/sub && touch /srv/file");
    fn refused<R: PhaseOutput>(lab: &Lab, phase: impl Fn() -> R + Send + Sync + 'static, message: &str) {
        let report = lab.converge(move || {
            file("/srv/touched");
            phase()
        });
        let troubles = report.troubles().join("\n");
        assert!(report.result.is_err() && troubles.contains(message), "{message}: {report:#?}");
        assert!(troubles.contains("files.rs:"), "the line is named: {troubles}");
        lab.machine.check("[ ! -e /srv/touched ]");
    }
    refused(&lab, || file("/srv/dir"), "/srv/dir is a directory");
    refused(&lab, || file("/srv/dir").absent(), "/srv/dir is a directory");
    refused(&lab, || symbolic_link("/srv/dir", "x"), "/srv/dir is a directory");
    refused(&lab, || symbolic_link("/srv/file", "x").no_force(), "/srv/file is there and is not a link");
    refused(&lab, || fifo("/srv/file"), "/srv/file exists and is not a named pipe");
    refused(&lab, || directory("/srv/file"), "/srv/file exists and is not a directory");
    refused(&lab, || file("/srv/none/file"), "there is no directory /srv/none");
    refused(&lab, || remote_file("/srv/dir").content("x"), "/srv/dir is a directory");
}

#[test]
fn a_directory_that_is_not_empty_is_not_removed() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("mkdir /srv/full && touch /srv/full/inside");
    let report = lab.converge(|| directory("/srv/full").absent());
    assert!(report.troubles().join("").contains("not empty"), "{report:#?}");
    lab.machine.check("ls /srv/full/inside");
}

#[test]
fn attributes_reach_what_a_link_leads_to() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("mkdir -m 755 /srv/real && ln -s real /srv/link && touch /srv/f && ln -s f /srv/lf");
    let phase = || {
        directory("/srv/link").mode(0o700).owner("nobody");
        file("/srv/lf").mode(0o600).owner("nobody");
    };
    cases::run(&lab, [Case::new("through links", phase).unsure_forever()]);
    assert_eq!(
        lab.machine.check("stat -c '%a %U' /srv/real /srv/f; stat -c %U /srv/link /srv/lf"),
        "700 nobody\n600 nobody\nroot\nroot\n"
    );
}

#[test]
fn hundreds_of_files_are_read_at_once() {
    require!("nodes");
    for machine in [Machine::debian(), Machine::busybox()] {
        let lab = Lab::new(machine);
        lab.machine.check("mkdir -p /srv");
        let phase = || {
            for number in 0..300 {
                remote_file(format!("/srv/file-with-a-name-that-is-rather-long-{number}"))
                    .content(format!("{number}\n"));
            }
        };
        assert_eq!(lab.converge(phase).summary().counts.changed, 300);
        let again = lab.converge(phase);
        assert_eq!((again.summary().counts.changed, again.summary().round_trips), (0, 2));
        assert!(again.summary().seconds < 10.0, "{:?}", again.summary());
    }
}
