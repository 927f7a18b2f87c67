//! Commands, their guards and their values.

use pallet::Text;
use pallet::prelude::*;
use pallet_runtime::event::ActionOutcome;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    cases::run(&Lab::new(Machine::debian()), commands());
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    cases::run(&lab, commands());
}

fn commands() -> Vec<Case> {
    vec![
        Case::new("without a guard it runs every time", || exec("echo x >>/srv/always"))
            .again(0, End::Changed)
            .check("cat /srv/always", "x"),
        Case::new("creates", || exec("echo x >>/srv/created").creates("/srv/created"))
            .check("cat /srv/created", "x"),
        Case::new("creates, as a link to nothing", || {
            exec("ln -s nowhere /srv/created-link").creates("/srv/created-link");
        }),
        Case::new("unless", || exec("echo x >>/srv/unless").unless("test -s /srv/unless"))
            .check("cat /srv/unless", "x"),
        Case::new("only if", || exec("rm /srv/only-if").only_if("test -e /srv/only-if"))
            .prepare("touch /srv/only-if"),
        Case::new("only if, and it is not so", || exec("touch /srv/never").only_if("test -e /srv/nothing"))
            .first([End::Unchanged])
            .check("ls /srv/never 2>&1 | grep -c 'No such'", "1"),
        Case::new("all guards must agree", || {
            exec("touch /srv/several").creates("/srv/several").only_if("true").unless("false");
            exec("touch /srv/several-not").only_if("true").only_if("false");
        })
        .unsure()
        .first([End::Changed, End::Unchanged]),
        Case::new("guards see what was done before them", || {
            file("/srv/guard-flag");
            exec("echo x >>/srv/guard-ran")
                .only_if("test -e /srv/guard-flag")
                .unless("test -e /srv/guard-ran");
            file("/srv/guard-other");
            exec("echo x >>/srv/guard-not").unless("test -e /srv/guard-other");
        })
        .unsure()
        .first([End::Changed, End::Changed, End::Changed, End::Unchanged])
        .check("cat /srv/guard-ran; [ ! -e /srv/guard-not ]", "x"),
        Case::new("directory and environment, for guards as well", || {
            directory("/srv/work dir");
            exec("pwd >out; echo \"$NAME $OTHER\" >>out")
                .dir("/srv/work dir")
                .env("NAME", "it's $HOME")
                .env("OTHER", "")
                .unless("[ \"$NAME\" = \"it's \\$HOME\" ] && [ -e out ]");
        })
        .unsure()
        .check("cat '/srv/work dir/out'", "/srv/work dir\nit's $HOME "),
        Case::new("it runs in /, without input, and what it sets does not stay", || {
            exec("{ pwd; cat; echo \"${LEAK-none}\"; } >/srv/clean; LEAK=1; cd /srv; umask 0; set -f")
                .unless("test -e /srv/clean");
            exec("{ pwd; echo \"${LEAK-none}\"; umask; echo /et?; } >/srv/clean-2").creates("/srv/clean-2");
        })
        .unsure()
        .check("cat /srv/clean /srv/clean-2", "/\nnone\n/\nnone\n0022\n/etc"),
        Case::new("a command of several lines with every kind of construct", || {
            exec(
                "f() {\n  for x in \"$@\"; do\n    case $x in a) echo A ;; *) echo other ;; esac\n  done\n}\n\
                 cat >/srv/lines <<'EOF'\n$not \"expanded\"\nEOF\nf a b >>/srv/lines",
            )
            .creates("/srv/lines");
        })
        .check("cat /srv/lines", "$not \"expanded\"\nA\nother"),
        Case::new("a value feeds a file, a command and its environment", || {
            let value = exec("echo run >>/srv/value-runs; printf 'a b\\n$(id)\\n\\n'").stdout();
            remote_file("/srv/value-file").content(Text::concat([
                Text::from("["),
                value.into(),
                "]\n".into(),
            ]));
            exec("printf '%s' \"$V\" >/srv/value-env").env("V", value).creates("/srv/value-env");
        })
        .unsure()
        .again(0, End::Changed)
        .check("cat /srv/value-file /srv/value-env", "[a b\n$(id)]\na b\n$(id)"),
        Case::new("a secret in the environment", || {
            exec("printf %s \"$PASSWORD\" >/srv/password")
                .env("PASSWORD", Secret::from("p'w"))
                .creates("/srv/password");
        })
        .check("cat /srv/password", "p'w"),
        Case::new("something left running does not hold up the rest", || {
            exec("sleep 60 & touch /srv/background").creates("/srv/background");
            file("/srv/after-background");
        })
        .unsure(),
    ]
}

/// What fails stops the phase there, with the line, the command's own words and its exit code; what follows is
/// skipped; and nothing that comes later on the same node suffers.
#[test]
fn failures_say_why_and_the_node_stays_usable() {
    require!("nodes");
    for machine in [Machine::debian(), Machine::busybox()] {
        let lab = Lab::new(machine);
        lab.machine.check("mkdir -p /srv");
        let fails = |command: &'static str, words: &[&str]| {
            let report = lab.converge(move || {
                file("/srv/before");
                exec(command);
                file("/srv/after");
            });
            let [(_, _), (_, failed), (_, skipped)] = &report.outcomes()[..] else { panic!("{report:#?}") };
            let ActionOutcome::Failed(failure) = failed else { panic!("{command}: {report:#?}") };
            assert!(
                failure.source.as_deref().is_some_and(|line| line.contains("commands.rs:")),
                "{failure:?}"
            );
            for word in words {
                assert!(format!("{failure:?}").contains(word), "{word} in {failure:?}");
            }
            assert!(matches!(skipped, ActionOutcome::Skipped { .. }), "{skipped:?}");
            lab.machine.check("[ -e /srv/before ] && [ ! -e /srv/after ]");
        };
        fails("echo what is wrong >&2; exit 3", &["what is wrong", "exit code 3"]);
        fails("if then", &["exit code 2"]);
        fails("echo 'unfinished", &["exit code 2"]);
        fails("no-such-command-at-all", &["not found", "exit code 127"]);
        fails("kill -KILL $(exec sh -c 'echo $PPID')", &["exit code 137"]);
        fails("cd /no/such/directory", &["exit code"]);
        fails("set -e; false; touch /srv/after", &["exit code 1"]);
        fails("return 7 2>/dev/null || exit 7", &["exit code 7"]);
        lab.converge(|| file("/srv/after")).summary();
    }
}

#[test]
fn a_killed_shell_is_said_to_be_unknown_and_the_next_run_finishes() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("touch /srv/kill");
    let phase = || {
        file("/srv/before");
        exec("kill -KILL $$").only_if("test -e /srv/kill");
        file("/srv/after");
    };
    let report = lab.converge(phase);
    let outcomes = report.outcomes();
    assert!(matches!(outcomes[0].1, ActionOutcome::Changed { .. }), "{outcomes:?}");
    let ActionOutcome::Failed(failure) = &outcomes[1].1 else { panic!("{outcomes:?}") };
    assert!(failure.message.contains("whether it was done is not known"), "{failure:?}");
    assert!(
        failure.hint.as_deref().is_some_and(|hint| hint.contains("run the same command again")),
        "{failure:?}"
    );
    assert!(matches!(outcomes[2].1, ActionOutcome::Skipped { .. }), "{outcomes:?}");
    lab.machine.check("rm /srv/kill");
    lab.converge(phase).summary();
    lab.machine.check("[ -e /srv/after ]");
    assert_eq!(lab.converge(phase).summary().counts.changed, 0);
}

/// More than any pipe holds, in one line and in many, and a node that answers while it is still being told.
#[test]
fn much_is_said_both_ways() {
    require!("nodes");
    for machine in [Machine::debian(), Machine::busybox()] {
        let lab = Lab::new(machine);
        lab.machine.check("mkdir -p /srv");
        let report = lab.converge(|| {
            exec("head -c 3000000 /dev/zero | tr '\\0' x; echo; seq 100000; echo done");
            remote_file("/srv/much").content("0123456789abcde\n".repeat(200_000));
            let value = output_of("cat /srv/much");
            remote_file("/srv/copy").content(value);
        });
        report.summary();
        assert_eq!(report.output().last().copied(), Some("done"));
        assert_eq!(lab.machine.check("stat -c %s /srv/much /srv/copy"), "3200000\n3199999\n");
    }
}
