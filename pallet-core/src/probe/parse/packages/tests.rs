use super::*;
use crate::facts::Facts;
use crate::probe::{Probe, Section};

fn name(text: &str) -> PackageName {
    PackageName::new(text).expect("a valid name")
}

fn section(header: &str, body: &str) -> Section {
    Section { header: header.to_owned(), body: body.as_bytes().to_vec() }
}

/// Returns what a node with this manager told, of packages that are all asked for newer versions and holds.
fn state(manager: PackageManagerKind, names: &[&str], answer: &[(&str, &str)]) -> State {
    let mut probe = Probe::default();
    probe.held_packages();
    for package in names {
        probe.package(&name(package));
        probe.newer_package(&name(package), None);
    }
    let sections: Vec<Section> = answer.iter().map(|(header, body)| section(header, body)).collect();
    let facts = Facts { package_manager: Some(manager), ..Facts::example() };
    probe.parse(&facts, &sections).expect("a complete answer")
}

fn version<'a>(state: &'a State, package: &str) -> Option<&'a str> {
    state.packages.get(&name(package)).filter(|is| is.installed).map(|is| is.version.as_str())
}

fn newer<'a>(state: &'a State, package: &str) -> Option<&'a str> {
    state.newer.get(&(None, name(package))).map(String::as_str)
}

#[test]
fn dpkg_tells_of_every_architecture_and_of_holds() {
    let dpkg = "g++:amd64 installed install 4:12.2.0-3\ntzdata:all installed hold 2024a-0+deb12u1\n\
        libc6:i386 installed install 2.36\nleft:amd64 config-files deinstall 1\nnever:amd64 not-installed unknown \n";
    let policy = "g++:\n  Installed: 4:12.2.0-3\n  Candidate: 4:12.2.0-3\n  Version table:\n *** 4:12.2.0-3 500\n\
        libc6:i386:\n  Installed: 2.36\n  Candidate: 2.37~rc1\n  Version table:\n\
        dash:\n  Installed: 1\n  Candidate: 2\n\
        left:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\n";
    let names = ["g++", "tzdata", "libc6:i386", "gone", "left", "never", "dash:amd64"];
    let state = state(PackageManagerKind::Apt, &names, &[("packages", dpkg), ("newer 0", policy)]);
    assert_eq!(version(&state, "g++"), Some("4:12.2.0-3"));
    assert_eq!(version(&state, "libc6:i386"), Some("2.36"));
    assert!(state.packages[&name("tzdata")].held && !state.packages[&name("g++")].held);
    assert_eq!(version(&state, "left"), None);
    assert!(state.packages.contains_key(&name("left")), "its configuration is there");
    assert!(!state.packages.contains_key(&name("gone")) && !state.packages.contains_key(&name("never")));
    assert_eq!(newer(&state, "libc6:i386"), Some("2.37~rc1"));
    assert_eq!(newer(&state, "dash:amd64"), Some("2"));
    assert_eq!((newer(&state, "g++"), newer(&state, "left")), (None, None));
}

#[test]
fn rpm_tells_versions_with_epochs_and_architectures() {
    let rpm = "=gcc-c++ x86_64 12.1-1\npackage package is not installed\n=vim x86_64 2:9.0-1\n\
        =glibc i686 2.36-1\n=glibc x86_64 2.36-2\n=zero noarch 0:1-1\n";
    let names = ["gcc-c++", "package", "vim", "glibc:i686", "zero"];
    let holds = "# Added lock\nvim-2:9.0-1.*\nzero-not-a-lock\n";
    let table = "\ngcc-c++-with-a-long-name.x86_64\n      13-1   updates\nvim.x86_64   2:9.1~rc1-1   updates\n\
        Obsoleting Packages\nzero.noarch 9-1 updates\n";
    let answer = [("packages", rpm), ("holds", holds), ("newer 0", table)];
    let state = state(PackageManagerKind::Dnf, &names, &answer);
    assert_eq!(version(&state, "gcc-c++"), Some("12.1-1"));
    assert_eq!(version(&state, "vim"), Some("2:9.0-1"));
    assert_eq!(version(&state, "glibc:i686"), Some("2.36-1"));
    assert_eq!(version(&state, "zero"), Some("1-1"));
    assert_eq!(version(&state, "package"), None);
    assert!(state.packages[&name("vim")].held && !state.packages[&name("zero")].held);
    assert_eq!(newer(&state, "vim"), Some("2:9.1~rc1-1"));
    assert_eq!(newer(&state, "zero"), None);
}

#[test]
fn zypper_lists_updates_in_a_table() {
    let table = "S | Repository | Name | Current Version | Available Version | Arch\n\
        --+------------+------+-----------------+-------------------+-------\n\
        v | main       | vim  | 9.0-1           | 9.1-1             | x86_64\n";
    let holds = "\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: vim\n";
    let answer = [("packages", "=vim x86_64 9.0-1\n"), ("holds", holds), ("newer 0", table)];
    let state = state(PackageManagerKind::Zypper, &["vim"], &answer);
    assert_eq!(newer(&state, "vim"), Some("9.1-1"));
    assert!(state.packages[&name("vim")].held);
}

#[test]
fn pacman_answers_a_virtual_name_with_another() {
    let answer = [("packages", "vim 9.0-1\ngvim 9.0-1\n"), ("newer 0", "vim 9.0-1 -> 9.1-1\n")];
    let state = state(PackageManagerKind::Pacman, &["vim", "vi-virtual"], &answer);
    assert_eq!(version(&state, "vim"), Some("9.0-1"));
    assert_eq!(version(&state, "vi-virtual"), None);
    assert_eq!(newer(&state, "vim"), Some("9.1-1"));
}

#[test]
fn apk_tells_name_and_version_in_one_word() {
    let table = "Installed:                                Available:\nvim-9.0-r0                              < 9.1_rc1-r0\n";
    let answer = [("packages", "vim-9.0-r0\nvim-doc-9.0-r0\n"), ("newer 0", table)];
    let state = state(PackageManagerKind::Apk, &["vim", "vim-doc"], &answer);
    assert_eq!(version(&state, "vim"), Some("9.0-r0"));
    assert_eq!(version(&state, "vim-doc"), Some("9.0-r0"));
    assert_eq!(newer(&state, "vim"), Some("9.1_rc1-r0"));
    assert_eq!(newer(&state, "vim-doc"), None);
}

#[test]
fn one_process_asks_for_all_packages() {
    let mut probe = Probe::default();
    for package in ["one", "two", "libc6:i386"] {
        probe.package(&name(package));
    }
    let script = probe.script(&Facts::example()).masked();
    assert!(script.ends_with("-- libc6:i386 one two\n"), "{script}");
    let facts = Facts { package_manager: Some(PackageManagerKind::Dnf), ..Facts::example() };
    let script = probe.script(&facts).masked();
    assert!(script.ends_with("-- libc6.i386 one two\n"), "{script}");
}
