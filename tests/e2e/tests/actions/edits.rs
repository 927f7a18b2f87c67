//! Files that are edited in part.

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
    cases::run(&lab, edits());
    what_only_the_node_knows(&lab);
    what_cannot_be_edited_is_refused(&lab);
    edits_are_nobody_elses_writes(&lab);
    differences_are_shown_without_secrets(&lab);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    cases::run(&lab, edits());
    what_only_the_node_knows(&lab);
}

fn edits() -> Vec<Case> {
    vec![
        Case::new("a line, with what the file had kept", || {
            line_in_file("/srv/edit-line").line("c = 3").matching("^c =");
        })
        .prepare("printf 'a\\r\\nc = 1\\r\\nb' >/srv/edit-line; chown nobody /srv/edit-line; chmod 640 /srv/edit-line")
        .check("od -c /srv/edit-line | head -1 | tr -s ' '; stat -c '%a %U' /srv/edit-line", "0000000 a \\r \\n c = 3 \\r \\n b\n640 nobody"),
        Case::new("several edits of a file follow each other", || {
            line_in_file("/srv/edit-many").line("one").create();
            line_in_file("/srv/edit-many").line("two");
            block_in_file("/srv/edit-many").block("three\nfour\n").above("two");
            replace_in_file("/srv/edit-many").replace("o", "0");
        })
        .first([End::Changed; 4])
        .again(0, End::Changed)
        .again(1, End::Changed)
        .again(2, End::Changed)
        .again(3, End::Changed),
        Case::new("several that agree", || {
            line_in_file("/srv/edit-agree").line("x = 1").matching("^x ").create().mode(0o600);
            block_in_file("/srv/edit-agree").marker("app").block("y = 2");
            replace_in_file("/srv/edit-agree").replace_matches("^z = .*", "z = 3").in_lines("z");
            line_in_file("/srv/edit-agree").line("w").absent();
        })
        .first([End::Changed, End::Changed, End::Unchanged, End::Unchanged])
        .check("cat /srv/edit-agree; stat -c %a /srv/edit-agree", "x = 1\n# BEGIN pallet app\ny = 2\n# END pallet app\n600"),
        Case::new("a file that a phase has written as a whole", || {
            let whole = remote_file("/srv/edit-whole").content("a\nb\n");
            line_in_file("/srv/edit-whole").line("b").after(whole);
        })
        .first([End::Changed, End::Unchanged]),
        Case::new("attributes alone", || {
            line_in_file("/srv/edit-attributes").line("a").mode(0o600).owner("nobody");
        })
        .prepare("echo a >/srv/edit-attributes")
        .check("stat -c '%a %U' /srv/edit-attributes", "600 nobody"),
        Case::new("every byte of the rest stays", || {
            line_in_file("/srv/edit-bytes").line("new").at_start();
        })
        .prepare("printf '\\000\\377\\n%%s' >/srv/edit-bytes")
        .check("od -c /srv/edit-bytes | head -1 | tr -s ' '", "0000000 n e w \\n \\0 377 \\n % s"),
        Case::new("a file that a command brings", || {
            exec("printf 'port = 1\\n' >/srv/edit-brought").creates("/srv/edit-brought");
            line_in_file("/srv/edit-brought").matching("^port").line("port = 2");
            replace_in_file("/srv/edit-brought").replace("port", "PORT").in_lines("^never");
            file("/srv/edit-behind");
        })
        .unsure()
        .first([End::Changed, End::Changed, End::Unchanged, End::Changed])
        .check("cat /srv/edit-brought", "port = 2"),
        Case::new("a line with a value of the node in it, behind what may move it", || {
            exec("echo 'name = ' >/srv/edit-value").creates("/srv/edit-value");
            let name = output_of("cat /srv/edit-value-name 2>/dev/null || echo app");
            line_in_file("/srv/edit-value")
                .starting_with("name =")
                .line(Text::concat([Text::from("name = "), name.into()]));
        })
        .unsure()
        .first([End::Changed, End::Unchanged, End::Changed])
        .check("cat /srv/edit-value", "name = app"),
        Case::new("nothing of ours is left beside them", || file("/srv/edit-line"))
            .first([End::Unchanged])
            .check("find / -xdev -name '.pallet-*' 2>/dev/null; ls -A /tmp", ""),
    ]
}

/// Where the controller has to look again, it costs one more pair of round trips, and services are reloaded all the same.
fn what_only_the_node_knows(lab: &Lab) {
    let phase = || {
        exec("printf 'a = 1\\nb = 1\\n' >/srv/look").creates("/srv/look");
        line_in_file("/srv/look").matching("^a =").line("a = 2");
        line_in_file("/srv/look").matching("^b =").line("b = 2");
    };
    let first = lab.converge(phase);
    assert_eq!(lab.machine.check("cat /srv/look"), "a = 2\nb = 2\n");
    // Facts, probe, apply, probe, apply.
    assert_eq!(first.summary().round_trips, 5, "{first:#?}");
    let again = lab.converge(phase);
    assert_eq!((again.summary().counts.unchanged, again.summary().round_trips), (3, 2));

    // What turns out to be impossible ends the phase there; what was done is kept.
    let report = lab.converge(|| {
        exec("rm -f /srv/look").unless("[ ! -e /srv/look ]");
        line_in_file("/srv/look").line("x");
        file("/srv/look-not-tried");
    });
    let troubles = report.troubles().join("\n");
    assert!(troubles.contains("there is no file /srv/look") && troubles.contains("edits.rs:"), "{troubles}");
    let ends: Vec<End> = report.outcomes().iter().map(|(_, outcome)| End::of(outcome)).collect();
    assert_eq!(ends, [End::Changed, End::Failed, End::Skipped]);
    lab.machine.check("[ ! -e /srv/look-not-tried ]");
}

fn what_cannot_be_edited_is_refused(lab: &Lab) {
    lab.machine.check(
        "mkdir -p /srv/edit-dir; ln -s /etc/passwd /srv/edit-link; head -c 2000000 /dev/zero >/srv/edit-large; echo ax >/srv/edit-text",
    );
    fn refused<R: PhaseOutput>(lab: &Lab, phase: impl Fn() -> R + Send + Sync + 'static, message: &str) {
        let troubles = lab.converge(phase).troubles().join("\n");
        assert!(troubles.contains(message) && troubles.contains("edits.rs:"), "{message}: {troubles}");
    }
    refused(lab, || line_in_file("/srv/edit-none").line("x"), "there is no file /srv/edit-none");
    refused(lab, || line_in_file("/srv/none/x").line("x").create(), "there is no directory /srv/none");
    refused(lab, || line_in_file("/srv/edit-dir").line("x"), "/srv/edit-dir is not a file");
    refused(lab, || line_in_file("/srv/edit-link").line("x"), "/srv/edit-link is a symbolic link");
    refused(lab, || line_in_file("/srv/edit-large").line("x"), "more than 1024 KiB");
    refused(lab, || replace_in_file("/srv/edit-text").replace("a", "aa"), "every run would replace again");
    refused(lab, || line_in_file("/srv/edit-text").line("x").below("^q"), "no line matches");
    assert_eq!(lab.machine.check("cat /srv/edit-text"), "ax\n");
}

/// A file that pallet wrote as a whole and edits in part is not taken for edited by somebody else; one that was, is.
fn edits_are_nobody_elses_writes(lab: &Lab) {
    lab.converge(|| remote_file("/srv/edit-mine").content("a\n")).summary();
    lab.converge(|| line_in_file("/srv/edit-mine").line("b")).summary();
    lab.converge(|| remote_file("/srv/edit-mine").content("c\n")).summary();
    lab.machine.check("echo theirs >>/srv/edit-mine");
    lab.converge(|| line_in_file("/srv/edit-mine").line("b")).summary();
    let report = lab.converge(|| remote_file("/srv/edit-mine").content("d\n"));
    assert!(report.troubles().join("").contains("edited by somebody else"), "{report:#?}");
}

fn differences_are_shown_without_secrets(lab: &Lab) {
    lab.machine.check("printf 'user = u\\npassword = s3cr3t\\n' >/srv/edit-shown");
    let plan = lab.plan(|| {
        line_in_file("/srv/edit-shown").matching("^user").line("user = v");
        line_in_file("/srv/edit-shown")
            .starting_with("password")
            .line(Text::concat([Text::from("password = "), Secret::from("s3cr3t").into()]));
    });
    let diff = plan.planned()[0].diff.clone().unwrap_or_default();
    assert!(diff.contains("-user = u\n+user = v\n password = ***\n"), "{diff}");
    assert!(!format!("{plan:?}").contains("s3cr3t"));
}
