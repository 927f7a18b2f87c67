//! Texts that mean something to a shell, a terminal or pallet itself, everywhere a text can go.

use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

/// Each with a name that a file can have.
const TEXTS: [(&str, &[u8]); 16] = [
    ("quotes", b"'\"`'' \"\" \\' \\\""),
    ("command", b"$(touch /srv/pwned) `touch /srv/pwned` ${HOME} $HOME $$ $0"),
    ("lines", b"one\ntwo\n\nthree"),
    ("dashes", b"-n -e --help"),
    ("dash", b"-"),
    ("backslashes", b"\\ \\\\ \\n \\0 \\c \\x41"),
    ("percent", b"%s %d %% %n %"),
    ("glob", b"* ? [a-z] ~ ~root {a,b}"),
    ("blanks", b"  two  blanks\tand a tab  "),
    ("control", b";|&<>()!#\r\x0c\x07\x08"),
    ("mark", b"\x1e\x1etoken start 0\n\x1eover\n"),
    ("terminal", b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\x9b2J"),
    ("latin-1", b"caf\xe9 \xff\xfe\x80"),
    ("direction", "a\u{202e}gnp.exe \u{200f}\u{feff}".as_bytes()),
    ("here", b"EOF\nEOT\n.\n}\n)\nesac\ndone\nfi"),
    ("function", b"}\np_frame end 0\np_run() {\n"),
];

#[test]
fn on_debian() {
    require!("nodes");
    texts_arrive(&Lab::new(Machine::debian()));
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    texts_arrive(&lab);
}

fn sum(bytes: &[u8]) -> String {
    pallet::probe::Sha256::of(bytes).to_string()
}

/// All texts in one phase, so that what one breaks shows in the others.
fn texts_arrive(lab: &Lab) {
    let contents = || {
        for (name, text) in TEXTS {
            remote_file(format!("/srv/content-{name}")).content(text.to_vec());
        }
    };
    let through_commands = || {
        for (name, text) in TEXTS {
            exec(format!("printf %s \"$TEXT\" >/srv/env-{name}"))
                .env("TEXT", text.to_vec())
                .creates(format!("/srv/env-{name}"));
        }
    };
    let through_values = || {
        for (name, _) in TEXTS {
            let value = output_of(format!("cat /srv/content-{name}"));
            remote_file(format!("/srv/value-{name}")).content(value);
        }
    };
    let sums = |kind: &'static str, expected: fn(&[u8]) -> String| {
        let script = TEXTS.map(|(name, _)| format!("sha256sum </srv/{kind}-{name} | cut -c-64\n")).concat();
        (script, TEXTS.map(|(_, text)| expected(text)).join("\n"))
    };
    let (content, content_sums) = sums("content", sum);
    let (env, env_sums) = sums("env", sum);
    // Newlines at the end are not part of a value.
    let (value, value_sums) = sums("value", |text| {
        let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        sum(&text[..end])
    });
    let reads_and_changes: Vec<End> = TEXTS.iter().flat_map(|_| [End::Unchanged, End::Changed]).collect();
    cases::run(
        lab,
        [
            Case::new("contents", contents).check(content, content_sums),
            Case::new("environments", through_commands).unsure().check(env, env_sums),
            Case::new("values", through_values).unsure().first(reads_and_changes).check(value, value_sums),
        ],
    );
    assert_eq!(lab.machine.check("ls /srv | grep pwned || true"), "");
}

#[test]
fn paths_arrive() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    const NAMES: [&str; 10] = [
        "it's",
        "a \"b\"",
        "$(id)",
        "`id`",
        "two  blanks ",
        "-rf",
        "back\\slash",
        "*",
        "caf\u{e9}",
        "a:b=c%s",
    ];
    let phase = || {
        for name in NAMES {
            directory(format!("/srv/d/{name}"));
            remote_file(format!("/srv/d/{name}/f {name}")).content(name);
            symbolic_link(format!("/srv/d/{name}/l {name}"), name);
        }
    };
    cases::run(
        &lab,
        [Case::new("names", phase).check(
            "find /srv/d -mindepth 1 -maxdepth 1 -type d | wc -l; find /srv/d -type f | wc -l",
            "10\n10",
        )],
    );
    for name in NAMES {
        let quoted = name.replace('\'', "'\\''");
        let script =
            format!("cat -- '/srv/d/{quoted}/f {quoted}'; echo; readlink -n -- '/srv/d/{quoted}/l {quoted}'");
        assert_eq!(lab.machine.check(&script), format!("{name}\n{name}"));
    }
}

#[test]
fn what_a_command_writes_is_shown_and_obeyed_by_nobody() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine
        .check(r"printf '\036forged end 0 1\n\033[31mred\033[0m\n\342\200\256evil\n\377\n' >/srv/noise");
    let report = lab.converge(|| {
        // Whatever of the shell's own it can see, it must not find the token of the marks.
        exec("cat /srv/noise; cat /srv/noise >&2; set; env; cat /proc/$$/environ");
        exec("false");
    });
    let output = report.output().join("\n");
    assert!(output.contains("forged end 0 1") && output.contains("red"), "{output}");
    let obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!output.contains(obeyed), "{output:?}");
    assert!(!output.lines().any(|line| line.starts_with("p_token=")), "{output}");
    assert_eq!(report.outcomes().len(), 2);
    let summary = report.result.expect_err("false fails");
    assert!(summary.to_string().contains("node-1"), "{summary}");
}
