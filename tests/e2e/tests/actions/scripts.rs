//! Scripts in several languages.

use pallet::prelude::*;
use pallet::{Secret, Text};
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, scripts());
    cases::run(&lab, in_other_languages());
    the_first_failure_ends_it(&lab);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    cases::run(&lab, scripts());
    the_first_failure_ends_it(&lab);
}

fn scripts() -> Vec<Case> {
    vec![
        Case::new("several lines", || {
            exec_script("cd /srv\necho one >script\necho two >>script").creates("/srv/script");
        })
        .check("cat /srv/script", "one\ntwo"),
        Case::new("arguments of a shell, whatever is in them", || {
            exec_script("printf '%s\\n' \"$@\" >/srv/args")
                .interpreter("sh")
                .argument("-x")
                .argument("it's $HOME")
                .creates("/srv/args");
        })
        .check("cat /srv/args", "-x\nit's $HOME"),
        Case::new("with a setting, and as somebody else", || {
            exec_script("printf '%s %s' \"$NAME\" \"$(id -u)\" >out\n")
                .interpreter("sh")
                .dir("/srv/nobody")
                .env("NAME", "x y")
                .run_as("nobody")
                .creates("/srv/nobody/out");
        })
        .prepare("mkdir /srv/nobody; chown nobody /srv/nobody")
        .check("cat /srv/nobody/out", "x y 65534"),
    ]
}

fn in_other_languages() -> Vec<Case> {
    vec![
        Case::new("perl", || {
            let script = Text::concat([
                Text::from("open my $out, '>', '/srv/perl'; print $out \"@ARGV "),
                Secret::from("hunter2").into(),
                "\\n\";\nopen my $in, '<', '/proc/self/cmdline'; my $own = <$in>; print $out ($own =~ /hunter/ ? 1 : 0);"
                    .into(),
            ]);
            exec_script(script).interpreter("perl").argument("a b").creates("/srv/perl");
        })
        .check("cat /srv/perl", "a b hunter2\n0"),
    ]
}

fn the_first_failure_ends_it(lab: &Lab) {
    let report = lab.converge(|| exec_script("echo before\nls /srv/no-such-file\ntouch /srv/not-reached"));
    let said = report.troubles().join("\n");
    assert!(said.contains("no-such-file"), "{said}");
    lab.machine.check("test ! -e /srv/not-reached");
}
