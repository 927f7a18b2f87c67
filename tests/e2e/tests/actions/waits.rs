//! Waits, on Debian and with busybox alone.

use pallet::actions::Wait;
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;
use std::time::Duration;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check("mkdir -p /srv/www; cp /bin/busybox /srv/busybox");
    cases::run(&lab, waits(8765));
    lab.machine.check("mv /usr/bin/curl /usr/bin/not-curl; ln -s busybox /bin/wget; rm -f /srv/soon");
    cases::run(&lab, answers_over_http(8766));
    what_does_not_come(&lab, 8765);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir -p /srv/www; cp /bin/busybox /srv/busybox; ip link set lo up");
    cases::run(&lab, waits(8767));
    what_does_not_come(&lab, 8767);
}

/// Looks often, so that a test does not wait longer than it must.
fn often(wait: Handle<Wait>) -> Handle<Wait> {
    wait.every(Duration::from_millis(20)).limit(Duration::from_secs(30))
}

fn waits(port: u16) -> Vec<Case> {
    let mut cases = vec![
        Case::new("a file that comes, and one that goes", || {
            exec("(sleep 0.2; touch /srv/soon; sleep 0.2; rm /srv/late) >/dev/null 2>&1 &")
                .creates("/srv/soon");
            often(wait_for_file("/srv/soon"));
            often(wait_for_file("/srv/late").absent());
        })
        .prepare("touch /srv/late")
        .unsure()
        .first([End::Changed, End::Unchanged, End::Unchanged])
        .check("test -e /srv/soon && test ! -e /srv/late && echo yes", "yes"),
        Case::new("what is so already", || {
            wait_for_file("/srv/soon");
            wait_for_file("/srv/late").absent();
            retry_until("test -e /srv/soon");
        })
        .first([End::Unchanged; 3]),
        Case::new("a command that ends well at the third time", || {
            exec("rm -f /srv/tries; echo >/srv/tries-on").creates("/srv/tries-on");
            often(retry_until("echo x >>/srv/tries; test $(wc -l </srv/tries) -ge 3"));
        })
        .unsure()
        .first([End::Changed, End::Unchanged]),
    ];
    cases.extend(answers_over_http(port));
    cases
}

fn answers_over_http(port: u16) -> Vec<Case> {
    let url = move |path| format!("http://127.0.0.1:{port}/{path}");
    vec![
        Case::new("a port and an answer over HTTP", move || {
            exec(format!("echo all is ready >/srv/www/health; /srv/busybox httpd -p {port} -h /srv/www"))
                .unless("test -e /srv/www/health");
            often(wait_for_port(port));
            often(wait_for_port(port).on_host("127.0.0.1"));
            often(wait_for_http(url("health")).containing("is ready"));
            often(wait_for_http(url("missing")).status(404));
        })
        .prepare("rm -f /srv/www/health")
        .unsure()
        .first([End::Changed, End::Unchanged, End::Unchanged, End::Unchanged, End::Unchanged]),
    ]
}

fn what_does_not_come(lab: &Lab, port: u16) {
    let short = |wait: Handle<Wait>| wait.every(Duration::from_millis(20)).limit(Duration::from_secs(1));
    let said = |report: pallet_tests_e2e::lab::Report| {
        assert!(report.result.is_err(), "{report:#?}");
        report.troubles().join("\n")
    };
    let words = said(lab.converge(move || short(wait_for_file("/srv/nothing"))));
    assert!(words.contains("waited 1 s for /srv/nothing; last seen: there is nothing"), "{words}");
    let words = said(lab.converge(move || short(wait_for_port(8799))));
    assert!(words.contains("nobody listens"), "{words}");
    let missing = format!("http://127.0.0.1:{port}/missing");
    let words = said(lab.converge(move || short(wait_for_http(&missing))));
    assert!(words.contains("last seen: status 404"), "{words}");
    let words = said(lab.converge(move || short(retry_until("echo not yet; false"))));
    assert!(words.contains("last seen: not yet") && words.contains("waits.rs"), "{words}");
    let planned = lab.plan(|| wait_for_file("/srv/nothing")).planned();
    assert_eq!(planned[0].changes, ["waits"]);
}
