//! Services, with SysV init scripts, OpenRC, runit and systemd.

use pallet::PhaseOutput;
use pallet::prelude::*;
use pallet_runtime::event::ActionOutcome;
use pallet_test::nodes::Userland;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::{Lab, Report};
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
fn with_openrc() {
    require!("nodes");
    let lab = Lab::new(Machine::with_init(Userland::OpenRc));
    lab.machine.check(include_str!("openrc.sh"));
    let enabled = "ls /etc/runlevels/default | grep -c e2e || true";
    cases::run(&lab, states(enabled, "rc-service e2e status >/dev/null && echo up || echo down"));
    cases::run(&lab, answers("stop\nstart"));
    owed_answers(&lab);
    cases::run(&lab, with_openrc_alone());
}

#[test]
fn with_runit() {
    require!("nodes");
    let lab = Lab::new(Machine::with_init(Userland::Runit));
    lab.machine.check(include_str!("runit.sh"));
    let enabled = "test -L /etc/service/e2e -a ! -e /etc/sv/e2e/down && echo 1 || echo 0";
    let running = "sv status /etc/service/e2e | grep -q ^run: && echo up || echo down";
    cases::run(&lab, states(enabled, running));
    cases::run(&lab, answers("stop\nstart"));
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
    what_systemd_refuses(&lab);
    a_unit_that_was_not_read(&lab);
}

fn what_systemd_refuses(lab: &Lab) {
    let said = |report: Report| {
        assert!(report.result.is_err(), "{report:#?}");
        report.troubles().join("\n")
    };
    let words = said(lab.converge(|| {
        unit_file("e2e-bad", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo the reason; exit 4'\n");
        service("e2e-bad").running();
    }));
    assert!(
        words.contains("the reason") && words.contains("services.rs"),
        "the service's own words: {words}"
    );
    assert!(words.contains("start of e2e-bad.service failed (exit-code)"), "{words}");
    let words = said(lab.converge(|| unit_file("e2e-worse", "[Service]\nType=oneshot\nFoo=1\n")));
    assert!(words.contains("Refusing") && words.contains("Unknown key 'Foo'"), "{words}");
    assert!(!words.contains(".pallet-"), "in words that mean something: {words}");
    assert_eq!(
        lab.machine.check("ls -A /run | grep pallet || ls /etc/systemd/system | grep worse || true"),
        ""
    );
    let words = said(lab.plan(|| service("e2e-dull").reloaded()));
    assert!(words.contains("service e2e-dull cannot be reloaded"), "{words}");
}

/// The run dies after the unit was written and before systemd has read it.
fn a_unit_that_was_not_read(lab: &Lab) {
    lab.machine.check("touch /srv/kill");
    let phase = || {
        unit_file("e2e-late", "[Service]\nExecStart=/bin/sleep 1000\n");
        exec("kill -KILL $$").only_if("test -e /srv/kill");
        service("e2e-late").running();
    };
    assert!(lab.converge(phase).result.is_err());
    assert!(lab.machine.check("ls /var/lib/pallet/owed").contains("daemon-reload"));
    lab.machine.check("rm /srv/kill");
    lab.converge(phase).summary();
    lab.machine.check("systemctl is-active e2e-late; test ! -e /var/lib/pallet/owed/daemon-reload");
    assert_eq!(lab.converge(phase).summary().counts.changed, 0);
}

fn with_openrc_alone() -> Vec<Case> {
    // Debian's OpenRC does not look after daemons by itself, because its start-stop-daemon is that of dpkg.
    let script = "#!/sbin/openrc-run\ncommand=/bin/sleep\ncommand_args=1000\ncommand_background=yes\n\
                  pidfile=/run/e2e-own.pid\nstatus() { test -d /proc/$(cat /run/e2e-own.pid); }\n";
    vec![
        Case::new("a script that the phase itself writes", move || {
            let script = init_script("e2e-own", script);
            service("e2e-own").enabled().running().restart_when_changed(script);
        })
        .unsure()
        .check("rc-service e2e-own status >/dev/null && ls /etc/runlevels/default | grep own", "e2e-own"),
        Case::new("a daemon that died is started again", || service("e2e-own").running())
            .prepare(
                "kill -KILL $(cat /run/e2e-own.pid); \
                 for i in $(seq 100); do rc-service e2e-own status >/dev/null 2>&1 || break; sleep 0.1; done",
            )
            .check("rc-service e2e-own status >/dev/null && echo up", "up"),
    ]
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
            let unit = unit_file(
                "e2e-own",
                "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n",
            );
            service("e2e-own").enabled().running().restart_when_changed(unit);
        })
        .check("systemctl is-active e2e-own; systemctl is-enabled e2e-own", "active\nenabled"),
        Case::new("a unit that the phase changes", || {
            let limits = unit_drop_in("e2e-own", "limits", "[Service]\nLimitNOFILE=4321\n");
            service("e2e-own").restart_when_changed(limits);
        })
        .unsure()
        .check(
            "grep -o 'open files *4321' /proc/$(systemctl show -P MainPID e2e-own)/limits | tr -s ' '",
            "open files 4321",
        ),
        Case::new("a timer, and the service that it starts", || {
            unit_file("e2e-tick", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
            unit_file(
                "e2e-tick.timer",
                "[Timer]\nOnCalendar=2099-01-01\n[Install]\nWantedBy=timers.target\n",
            );
            service("e2e-tick.timer").enabled().running();
        })
        .check("systemctl is-active e2e-tick.timer; systemctl is-enabled e2e-tick.timer", "active\nenabled"),
        Case::new("masked and stopped", || service("e2e-own").stopped().masked())
            .prepare("mv /etc/systemd/system/e2e-own.service /lib/systemd/system/; systemctl daemon-reload")
            .check("systemctl is-active e2e-own || systemctl is-enabled e2e-own || true", "inactive\nmasked"),
        Case::new("unmasked and running", || service("e2e-own").unmasked().running())
            .check("systemctl is-active e2e-own", "active"),
        Case::new("restarted in every run", || service("e2e").restarted())
            .prepare("systemctl start e2e; : >/srv/log")
            .again(0, End::Changed)
            .check("cat /srv/log", "stop\nstart"),
        Case::new("reloaded in every run", || {
            service("e2e").reloaded();
            service("e2e-dull").running();
        })
        .prepare("printf '[Service]\\nExecStart=/bin/sleep 1000\\n' >/etc/systemd/system/e2e-dull.service")
        .prepare("systemctl daemon-reload; : >/srv/log")
        .again(0, End::Changed)
        .check("cat /srv/log", "reload"),
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

/// Prints what the service has written down, once that is what is expected of it. A service of runit is told to reload
/// and not waited for.
fn log(expected: &str) -> String {
    format!(
        "for i in $(seq 100); do [ \"$(cat /srv/log)\" = '{expected}' ] && break; sleep 0.05; done; \
         cat /srv/log; ls /var/lib/pallet/owed"
    )
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
        .check(log("reload"), "reload"),
        case("not reloaded when nothing changed", || {
            let one = remote_file("/srv/conf-1").content("1");
            service("e2e").running().reload_when_changed(one);
        })
        .first([End::Unchanged, End::Unchanged])
        .check(log(""), ""),
        case("restarted", || {
            let one = remote_file("/srv/conf-1").content("one");
            service("e2e").restart_when_changed(one);
        })
        .check(log(restarted), restarted),
        case("stopped on purpose, it is not reloaded", || {
            let one = remote_file("/srv/conf-1").content("uno");
            service("e2e").stopped().reload_when_changed(one);
        })
        .check(log("stop"), "stop"),
        case("started, it owes nothing", || {
            let one = remote_file("/srv/conf-1").content("eins");
            service("e2e").running().reload_when_changed(one);
        })
        .check(log("start"), "start"),
        case("not reloaded after a file that could have changed and did not", || {
            exec("true");
            let one = remote_file("/srv/conf-1").content("eins");
            service("e2e").running().reload_when_changed(one);
        })
        .unsure()
        .first([End::Changed, End::Unchanged, End::Unchanged])
        .again(0, End::Changed)
        .check(log(""), ""),
        case("it does not run, so it owes nothing", || {
            service("e2e").stopped();
            let one = remote_file("/srv/conf-1").content("zwei");
            service("e2e").reload_when_changed(one);
        })
        .first([End::Changed, End::Changed, End::Unchanged])
        .check(log("stop"), "stop"),
        Case::new("it runs again", || service("e2e").running())
            .prepare(": >/srv/log")
            .check(log("start"), "start"),
        case("reloaded after a command that may not run", || {
            let command = exec("touch /srv/ran").creates("/srv/ran");
            service("e2e").running().reload_when_changed(command);
        })
        .unsure()
        .check(log("reload"), "reload"),
        case("at the end, once, for what is written further down", || {
            let app = service("e2e").running();
            let one = remote_file("/srv/conf-1").content("end");
            app.reload_at_end(one);
            app.reload_at_end(exec("echo between >>/srv/log"));
        })
        .unsure()
        .first([End::Unchanged, End::Changed, End::Changed, End::Changed, End::Unchanged])
        .again(2, End::Changed)
        .again(3, End::Changed)
        .check(log("between\nreload"), "between\nreload"),
        case("a restart at the end does what a reload does", move || {
            let app = service("e2e").running();
            app.reload_at_end(remote_file("/srv/conf-1").content("one"));
            app.restart_at_end(remote_file("/srv/conf-2").content("two"));
        })
        .first([End::Unchanged, End::Changed, End::Changed, End::Changed, End::Unchanged])
        .check(log(restarted), restarted),
    ]
}

/// The run dies between the change and the answer. The next one finds the file as declared, and answers.
fn owed_answers(lab: &Lab) {
    owed(lab, 2, || {
        let one = remote_file("/srv/conf-1").content("owed");
        exec("kill -KILL $$").only_if("test -e /srv/kill");
        service("e2e").running().reload_when_changed(one);
    });
    lab.machine.check("echo other >/srv/conf-1; rm -f /var/lib/pallet/written");
    owed(lab, 3, || {
        service("e2e").reload_at_end(remote_file("/srv/conf-1").content("owed"));
        exec("kill -KILL $$").only_if("test -e /srv/kill");
    });
}

/// `answers` is the place of the action that does.
fn owed<R: PhaseOutput>(lab: &Lab, answers: usize, phase: impl Fn() -> R + Copy + Send + Sync + 'static) {
    lab.machine.check(": >/srv/log; touch /srv/kill");
    let report = lab.converge(phase);
    assert!(report.result.is_err(), "{report:#?}");
    assert_eq!(lab.machine.check("cat /srv/conf-1 /srv/log; ls /var/lib/pallet/owed"), "owedreload-e2e\n");
    lab.machine.check("rm /srv/kill");

    let planned = lab.plan(phase).planned();
    assert_eq!(planned[answers].changes, ["reload, owed since an earlier run"]);
    let outcomes = lab.converge(phase).outcomes();
    let changed = |outcome: &ActionOutcome| matches!(outcome, ActionOutcome::Changed { .. });
    let changed: Vec<usize> =
        outcomes.iter().enumerate().filter(|(_, (_, end))| changed(end)).map(|(index, _)| index).collect();
    assert_eq!(changed, [answers], "{outcomes:?}");
    assert_eq!(lab.machine.check(&log("reload")), "reload\n");
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
