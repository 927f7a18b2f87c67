//! Jobs in the crontabs of users, through the real `crontab`.

use pallet::actions::Schedule;
use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let said = lab.converge(|| crontab("nobody").job("x", "@daily", "true")).troubles().join("\n");
    assert!(said.contains("there is no crontab on this node"), "{said}");
    lab.machine.check("cd /var/cache/apt/archives && dpkg -i cron-daemon-common*.deb >/dev/null && dpkg -i cron_*.deb >/dev/null");
    cases::run(&lab, jobs());
    cases::run(&lab, [Case::new("cron itself runs it", || {
        crontab("nobody").job("now", "@reboot", "printf '%s %s' \"it's\" \"$(id -un)\" >/srv/cron/ran");
    })
    .prepare("mkdir -m 777 /srv/cron")
    .check(
        "timeout 30 sh -c 'cron; until [ -s /srv/cron/ran ]; do sleep 0.1; done'; kill $(cat /run/crond.pid); cat /srv/cron/ran",
        "it's nobody",
    )]);
    let said = lab.converge(|| crontab("nobody-here").job("x", "@daily", "true")).troubles().join("\n");
    assert!(said.contains("there is no user nobody-here"), "{said}");
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir -p /srv /var/spool/cron/crontabs");
    cases::run(&lab, jobs());
}

fn jobs() -> Vec<Case> {
    let show = "crontab -l -u nobody";
    vec![
        Case::new("a job for somebody without a crontab", || {
            crontab("nobody").job("report", Schedule::daily(3, 30), "echo \"$HOME\" '\\' 100%");
        })
        .check(show, "# pallet: report\n30 3 * * * echo \"$HOME\" '\\' 100\\%"),
        Case::new("what the user wrote stays", || {
            crontab("nobody").job("report", "@daily", "true").job("poll", "*/5 * * * *", "poll");
        })
        .prepare("printf '%s\\n' '# mine' 'A=b' '' '# pallet: report' '1 1 * * * old' '2 2 * * * mine' | crontab -u nobody -")
        .check(show, "# mine\nA=b\n\n# pallet: report\n@daily true\n2 2 * * * mine\n# pallet: poll\n*/5 * * * * poll"),
        Case::new("a job less", || crontab("nobody").without("report").without("never"))
            .check(show, "# mine\nA=b\n\n2 2 * * * mine\n# pallet: poll\n*/5 * * * * poll"),
        Case::new("two functions, one crontab", || {
            crontab("nobody").job("one", "@daily", "one");
            crontab("nobody").job("two", "@daily", "two").without("poll");
        })
        .unsure()
        .check(show, "# mine\nA=b\n\n2 2 * * * mine\n# pallet: one\n@daily one\n# pallet: two\n@daily two"),
        Case::new("none of ours", || crontab("nobody").without("one").without("two"))
            .check(show, "# mine\nA=b\n\n2 2 * * * mine"),
        Case::new("and never was", || crontab("nobody").without("one")).first([End::Unchanged]),
    ]
}
