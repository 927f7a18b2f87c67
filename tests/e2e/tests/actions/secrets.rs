//! Secrets, in every action that takes one: where they are meant to be, and nowhere else.

use pallet::Text;
use pallet::prelude::*;
use pallet_runtime::event::Verb;
use pallet_runtime::request::Request;
use pallet_test::require;
use pallet_tests_e2e::lab::{self, Lab};
use pallet_tests_e2e::machine::Machine;

/// What no process list, report or file may have.
const CANARY: &str = "canary-in-a-coal-mine";

/// Lets programs that pallet starts write down first what all processes have as arguments, when one has the secret. Its
/// own has it in another form.
const WATCH: &str = r#"for program in cat chgrp chmod chown cp grep head mkdir mv rm sed sh sha256sum stat su tar tr chpasswd usermod; do
  real=$(command -v "$program") || continue
  [ -e "$real.real" ] || mv "$real" "$real.real"
  # Others link to it by its name.
  printf '#!%s\nfor p in /proc/[0-9]*/cmdline; do IFS= read -r line <"$p"; case $line in *[c]anary-in-a-coal-mine*) printf "%%s\\n" "%s: $line" >>/run/seen ;; esac; done 2>/dev/null\nprintf . >>/run/looked\nexec %s.real "$@"\n' \
    "$shell" "$program" "$real" >/run/wrapper
  /bin/chmod.watch 755 /run/wrapper && /bin/mv.watch /run/wrapper "$real"
done"#;

/// Returns the secret with this before and behind it.
fn between(before: &str, behind: &str) -> Text {
    Text::concat([Text::from(before), Secret::from(CANARY).into(), behind.into()])
}

fn secret() -> Text {
    between("password=", "\n")
}

fn phase() {
    directory("/srv/secret").mode(0o700);
    remote_file("/srv/secret/file").content(secret()).mode(0o600).verify("test -s \"$1\"").backups(2);
    line_in_file("/srv/secret/line").line(Secret::from(CANARY)).create().mode(0o600);
    block_in_file("/srv/secret/block").block(secret()).create().mode(0o600);
    replace_in_file("/srv/secret/replaced").replace("PASSWORD", Secret::from(CANARY));
    exec("printf %s \"$S\" >/srv/secret/env").env("S", Secret::from(CANARY)).creates("/srv/secret/env");
    exec(between("printf %s '", "' >/srv/secret/command")).creates("/srv/secret/command");
    exec(between("printf %s '", "' >/srv/theirs/command")).run_as("nobody").creates("/srv/theirs/command");
    exec_script(between("printf %s '", "' >/srv/secret/script")).creates("/srv/secret/script");
    remote_file("/srv/secret/given").content("given").when(between("test x != '", "'"));
    let known = output_of(between("printf %s '", "' | cut -c-6"));
    remote_file("/srv/secret/value").content(known);
    init_script("secret", between("#!/bin/sh\n# ", "\n")).mode(0o700);
    host_key_pair(
        Secret::from(format!("-----BEGIN {CANARY}-----")),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2 a",
    );
    package_manager().proxy(between("http://user:", "@proxy.example.org:3128/"));
}

/// Where it is meant to be, by the first letters of the path.
const MEANT: [&str; 5] =
    ["/srv/secret/", "/srv/theirs/", "/etc/init.d/secret", "/etc/ssh/", "/etc/apt/apt.conf.d/50pallet"];

#[test]
fn they_are_seen_nowhere_else() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check(&format!(
        "mkdir -p /etc/ssh /srv/theirs; chown nobody /srv/theirs; mkdir -m 700 /srv/secret; echo PASSWORD >/srv/secret/replaced; \
         cp /bin/chmod /bin/chmod.watch; cp /bin/mv /bin/mv.watch; shell=/bin/busy-sh; cp -L /bin/sh $shell\n{WATCH}"
    ));
    let mut said = String::new();
    for verb in [Verb::Plan, Verb::Converge, Verb::Converge, Verb::Plan] {
        let request = Request { diffs: true, ..Request::new(verb) };
        let report = lab.run(&request, lab::phase(phase));
        report.summary();
        said += &format!("{report:?}");
        for event in &report.events {
            said += &serde_json::to_string(event).expect("events are plain data");
        }
    }
    assert!(said.contains("/srv/secret/file"), "the reports are those of this phase");
    assert!(!said.contains(CANARY), "the reports have it");
    lab.machine.check("[ $(wc -c </run/looked) -gt 40 ]");
    assert_eq!(lab.machine.check("cat /run/seen 2>/dev/null || true"), "", "a process list has it");
    assert!(!lab.machine.run(&format!("cat {CANARY}")).succeeded(), "there is no such file");
    assert_ne!(lab.machine.check("cat /run/seen"), "", "what is in a process list is seen");
    let written =
        lab.machine.check("cd /srv/secret; cat file block env command script; cat /srv/theirs/command");
    assert_eq!(written.matches(CANARY).count(), 6, "{written}");
    assert_eq!(lab.machine.check("cat /srv/secret/value"), "canary");
    lab.machine.check("rm /run/seen");
    let found = "grep -rl '[c]anary-in-a-coal-mine' / -s --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr || true";
    let left: Vec<String> = lab.machine.check(found).lines().map(str::to_owned).collect();
    let left: Vec<&String> =
        left.iter().filter(|file| !MEANT.iter().any(|meant| file.starts_with(meant))).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}
