//! Services, with SysV init scripts and with systemd.

use pallet::prelude::*;
use pallet_runtime::event::ActionOutcome;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn with_sysv() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    lab.machine.check(include_str!("sysv.sh"));
    cases::run(
        &lab,
        states("ls /etc/rc2.d | grep -c S..e2e || true", "/etc/init.d/e2e status && echo up || echo down"),
    );
    cases::run(&lab, answers("restart"));
    owed_answers(&lab);
}

#[test]
fn with_systemd() {
    require!("nodes");
    let lab = Lab::new(Machine::systemd());
    lab.machine.check(include_str!("../../src/service.sh"));
    cases::run(
        &lab,
        states(
            "systemctl is-enabled e2e | grep -c enabled || true",
            "systemctl is-active --quiet e2e && echo up || echo down",
        ),
    );
    cases::run(&lab, answers("stop\nstart"));
    owed_answers(&lab);
    cases::run(&lab, with_systemd_alone());
    let report = lab.converge(|| {
        remote_file("/etc/systemd/system/e2e-bad.service")
            .content("[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo the reason; exit 4'\n");
        exec("systemctl daemon-reload");
        service("e2e-bad").running();
    });
    let said = report.troubles().join("\n");
    assert!(said.contains("the reason") && said.contains("services.rs"), "the service's own words: {said}");
}

fn with_systemd_alone() -> Vec<Case> {
    vec![
        Case::new("a service that failed too often is started again", || service("e2e").running())
            .prepare(
                "systemctl start e2e; systemctl kill -s KILL e2e; \
                 for i in $(seq 100); do systemctl is-failed e2e && break; sleep 0.1; done",
            )
            .check("systemctl is-active e2e", "active"),
        Case::new("a name with the suffix", || service("e2e.service").running().enabled())
            .prepare("systemctl enable -q e2e")
            .first([End::Unchanged]),
        Case::new("a unit that the phase itself writes", || {
            let unit = remote_file("/etc/systemd/system/e2e-own.service")
                .content("[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n");
            service("e2e-own").enabled().running().restart_when_changed(unit);
        })
        .unsure()
        .check("systemctl is-active e2e-own; systemctl is-enabled e2e-own", "active\nenabled"),
        Case::new("a unit that the phase changes", || {
            directory("/etc/systemd/system/e2e-own.service.d");
            let limits = remote_file("/etc/systemd/system/e2e-own.service.d/limits.conf")
                .content("[Service]\nLimitNOFILE=4321\n");
            service("e2e-own").restart_when_changed(limits);
        })
        .unsure()
        .check(
            "grep -o 'open files *4321' /proc/$(systemctl show -P MainPID e2e-own)/limits | tr -s ' '",
            "open files 4321",
        ),
    ]
}

fn states(enabled: &'static str, running: &'static str) -> Vec<Case> {
    vec![
        Case::new("enabled and running", || service("e2e").enabled().running())
            .check(enabled, "1")
            .check(running, "up"),
        Case::new("disabled, and still running", || service("e2e").disabled())
            .check(enabled, "0")
            .check(running, "up"),
        Case::new("enabled and stopped", || service("e2e").enabled().stopped())
            .check(enabled, "1")
            .check(running, "down"),
        Case::new("only running", || service("e2e").running()).check(running, "up"),
    ]
}

/// What the service writes down between two cases is what the case made it do.
fn answers(restarted: &'static str) -> Vec<Case> {
    let case = |name, phase: fn()| Case::new(name, phase).prepare(": >/srv/log");
    vec![
        case("reloaded, once for all causes", || {
            let one = remote_file("/srv/conf-1").content("1");
            let two = remote_file("/srv/conf-2").content("2");
            service("e2e").running().reload_when_changed([one, two]);
        })
        .check("cat /srv/log", "reload"),
        case("not reloaded when nothing changed", || {
            let one = remote_file("/srv/conf-1").content("1");
            service("e2e").running().reload_when_changed(one);
        })
        .first([End::Unchanged, End::Unchanged])
        .check("cat /srv/log", ""),
        case("restarted", || {
            let one = remote_file("/srv/conf-1").content("one");
            service("e2e").restart_when_changed(one);
        })
        .check("cat /srv/log", restarted),
        case("stopped on purpose, it is not reloaded", || {
            let one = remote_file("/srv/conf-1").content("uno");
            service("e2e").stopped().reload_when_changed(one);
        })
        .check("cat /srv/log", "stop"),
        case("started, it owes nothing", || {
            let one = remote_file("/srv/conf-1").content("eins");
            service("e2e").running().reload_when_changed(one);
        })
        .check("cat /srv/log; ls /var/lib/pallet/owed", "start"),
        case("not reloaded after a file that could have changed and did not", || {
            exec("true");
            let one = remote_file("/srv/conf-1").content("eins");
            service("e2e").running().reload_when_changed(one);
        })
        .unsure()
        .first([End::Changed, End::Unchanged, End::Unchanged])
        .again(0, End::Changed)
        .check("cat /srv/log; ls /var/lib/pallet/owed", ""),
        case("it does not run, so it owes nothing", || {
            service("e2e").stopped();
            let one = remote_file("/srv/conf-1").content("zwei");
            service("e2e").reload_when_changed(one);
        })
        .first([End::Changed, End::Changed, End::Unchanged])
        .check("cat /srv/log; ls /var/lib/pallet/owed", "stop"),
        Case::new("it runs again", || service("e2e").running())
            .prepare(": >/srv/log")
            .check("cat /srv/log", "start"),
        case("reloaded after a command that may not run", || {
            let command = exec("touch /srv/ran").creates("/srv/ran");
            service("e2e").running().reload_when_changed(command);
        })
        .unsure()
        .check("cat /srv/log", "reload"),
    ]
}

/// The run dies between the change and the reload. The next one finds the file as declared, and reloads.
fn owed_answers(lab: &Lab) {
    lab.machine.check(": >/srv/log; touch /srv/kill");
    let phase = || {
        let one = remote_file("/srv/conf-1").content("owed");
        exec("kill -KILL $$").only_if("test -e /srv/kill");
        service("e2e").running().reload_when_changed(one);
    };
    let report = lab.converge(phase);
    assert!(report.result.is_err(), "{report:#?}");
    assert_eq!(lab.machine.check("cat /srv/conf-1 /srv/log; ls /var/lib/pallet/owed"), "owedreload-e2e\n");
    lab.machine.check("rm /srv/kill");

    let planned = lab.plan(phase).planned();
    assert_eq!(planned[2].changes, ["reload, owed since an earlier run"]);
    let outcomes = lab.converge(phase).outcomes();
    assert!(matches!(outcomes[0].1, ActionOutcome::Unchanged), "{outcomes:?}");
    assert!(matches!(outcomes[2].1, ActionOutcome::Changed { .. }), "{outcomes:?}");
    assert_eq!(lab.machine.check("cat /srv/log; ls /var/lib/pallet/owed"), "reload\n");
    assert_eq!(lab.converge(phase).summary().counts.changed, 0);
}

#[test]
fn a_service_that_is_not_there_is_refused() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let report = lab.converge(|| service("no-such-service").running());
    let said = report.troubles().join("\n");
    assert!(said.contains("there is no service no-such-service"), "{said}");
    lab.converge(|| service("no-such-service").stopped().disabled()).summary();
}
