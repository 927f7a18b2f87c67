//! How actions run: conditions, values that decide, limits, further attempts, failures that do not matter.

use pallet::Condition;
use pallet::name::Tag;
use pallet::prelude::*;
use pallet_runtime::event::Verb;
use pallet_runtime::request::{Request, RunError};
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::{self, Lab, Report};
use pallet_tests_e2e::machine::Machine;
use std::time::Duration;

#[test]
fn on_debian() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    cases::run(&lab, conditions().into_iter().chain(decisions()).chain(attempts()));
    cases::run(&lab, users("www-data", "33 33", Some(5)));
    overrides(&lab);
}

#[test]
fn on_busybox() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    cases::run(&lab, conditions().into_iter().chain(decisions()).chain(attempts()));
    // Its busybox has no `nice`, and the plan says so.
    cases::run(&lab, users("nobody", "65534 65534", None));
    let plan = lab.plan(|| exec("touch /srv/nice").nice(5));
    assert!(plan.troubles().join("\n").contains("there is no program `nice` on this node"), "{plan:?}");
}

/// What a later function overrides does not take turns with it, and without the word nothing is touched.
fn overrides(lab: &Lab) {
    let inherited = || lab::phase(|| remote_file("/srv/motd").content("inherited\n").mode(0o600));
    let own = || lab::phase(|| remote_file("/srv/motd").content("own\n").mode(0o644).overrides());
    let converge = || {
        let phases = [("configure", inherited()), ("configure", own())];
        lab.run_phases(&Request::new(Verb::Converge), phases)
    };
    let ends = |report: &Report| report.outcomes().iter().map(|(_, end)| End::of(end)).collect::<Vec<_>>();
    assert_eq!(ends(&converge()), [End::Unchanged, End::Changed]);
    assert_eq!(ends(&converge()), [End::Unchanged, End::Unchanged]);
    assert_eq!(lab.machine.check("stat -c %a /srv/motd; cat /srv/motd").trim(), "644\nown");

    let other = lab::phase(|| remote_file("/srv/motd").content("other\n"));
    let phases = [("configure", inherited()), ("configure", other)];
    let report = lab.run_phases(&Request::new(Verb::Converge), phases);
    let Err(RunError::Input(failures)) = &report.result else { panic!("{:?}", report.result) };
    assert!(failures[0].message.starts_with("/srv/motd: a closure declares content \"other"), "{failures:?}");
    assert_eq!(lab.machine.check("cat /srv/motd").trim(), "own");
}

fn conditions() -> Vec<Case> {
    vec![
        Case::new("a value that is known decides before the run", || {
            let role = output_of("cat /srv/role");
            file("/srv/is-web").when(role.is("web"));
            file("/srv/is-db").when(role.is("db"));
            file("/srv/contains").when(role.contains("e") & !role.is_empty());
            file("/srv/number").when(output_of("echo 42").number().at_least(42));
        })
        .prepare("echo web >/srv/role")
        .first([End::Unchanged, End::Changed, End::Unchanged, End::Changed, End::Unchanged, End::Changed])
        // A command is asked again once something before it has changed.
        .unsure()
        .check("ls /srv/is-* /srv/contains /srv/number", "/srv/contains\n/srv/is-web\n/srv/number"),
        Case::new("a value that is made in the run decides on the node", || {
            let hostile = exec("printf '%s' \"-n ( ! * it's\"").stdout();
            file("/srv/hostile").when(hostile.is("-n ( ! * it's"));
            file("/srv/hostile-not").when(hostile.is("-n") | hostile.is_empty());
            file("/srv/hostile-part").when(hostile.contains("! *"));
            file("/srv/hostile-unless").unless(hostile.contains("!?"));
        })
        .unsure()
        .again(0, End::Changed)
        .first([End::Changed, End::Changed, End::Unchanged, End::Changed, End::Changed])
        .check("ls /srv/hostile*", "/srv/hostile\n/srv/hostile-part\n/srv/hostile-unless"),
        Case::new("changes decide", || {
            let one = file("/srv/if-one");
            let two = file("/srv/if-two");
            exec("echo x >>/srv/if-ran").if_changed([one, two]);
            exec("echo x >>/srv/if-not").if_changed(two);
            exec("echo x >>/srv/if-again").when(Condition::changed(one) & Condition::exists("/srv/if-one"));
        })
        .prepare("touch /srv/if-two")
        .first([End::Changed, End::Unchanged, End::Changed, End::Unchanged, End::Changed])
        .unsure()
        .check("cat /srv/if-ran /srv/if-again; [ ! -e /srv/if-not ]", "x\nx"),
        Case::new("a change that only the node can tell of decides there", || {
            exec("rm -f /srv/maybe").only_if("test -e /srv/maybe-remove");
            let maybe = file("/srv/maybe");
            exec("echo x >>/srv/maybe-ran; rm /srv/maybe-remove").if_changed(maybe);
        })
        .prepare("touch /srv/maybe /srv/maybe-remove")
        .unsure()
        .check("cat /srv/maybe-ran", "x"),
        Case::new("commands and paths decide for every kind of action", || {
            directory("/srv/when-dir").when("test -d /srv");
            symbolic_link("/srv/when-link", "role").unless(Condition::exists("/srv/nothing-here"));
            remote_file("/srv/when-not").content("x").when("false");
        })
        .unsure()
        .first([End::Changed, End::Changed, End::Unchanged])
        .check("[ -d /srv/when-dir ] && [ -L /srv/when-link ] && [ ! -e /srv/when-not ]", ""),
    ]
}

/// The controller must decide from what the node computes, in the middle of a phase.
fn decisions() -> Vec<Case> {
    vec![
        Case::new("a part of JSON that is there before the run", || {
            let json = output_of(r#"echo '{"ports":[80,443],"name":"a \"b\""}'"#);
            remote_file("/srv/json").content(json.json("name"));
            file("/srv/json-port").when(json.json("ports.1").is("443"));
        })
        .unsure()
        .first([End::Unchanged, End::Unchanged, End::Changed, End::Unchanged, End::Changed])
        .check("cat /srv/json; ls /srv/json-port", "a \"b\"/srv/json-port"),
        Case::new("a part of JSON that is computed in the run", || {
            let json = exec(r#"echo x >>/srv/split-runs; printf '%s' '{"a":{"b":[1,"two\n"]}}'"#).stdout();
            let part = json.json("a.b.1");
            remote_file("/srv/split").content(part);
            file("/srv/split-after").when(part.is("two\n"));
        })
        .unsure()
        .again(0, End::Changed)
        .first([End::Changed, End::Unchanged, End::Changed, End::Changed])
        .check("cat /srv/split; cat /srv/split-runs; ls /srv/split-after", "two\nx\n/srv/split-after"),
    ]
}

fn attempts() -> Vec<Case> {
    vec![
        Case::new("an action is tried again until it succeeds", || {
            exec("echo x >>/srv/tries; [ $(wc -l </srv/tries) -ge 3 ]")
                .creates("/srv/tries")
                .retries(5, Duration::ZERO);
        })
        .check("wc -l </srv/tries", "3"),
        Case::new("a failure that does not matter", || {
            exec("exit 3").ignore_failure();
            file("/srv/after-failure");
        })
        .unsure()
        .again(0, End::Ignored)
        .first([End::Ignored, End::Changed]),
        Case::new("a command that takes too long is stopped with all it started", || {
            exec("sleep 3601 & sleep 3602; touch /srv/too-late").timeout(Duration::from_secs(1)).ignore_failure();
        })
        .again(0, End::Ignored)
        .first([End::Ignored])
        .check("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[s]leep 36' || true; ls /srv/too-late 2>&1 | wc -l", "0\n1"),
        Case::new("a command that is quick enough leaves no watcher", || {
            exec("touch /srv/in-time").creates("/srv/in-time").timeout(Duration::from_secs(3600));
        })
        .check("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[s]leep 3600' || true", "0"),
        Case::new("umask, which does not stay", || {
            exec("touch /srv/masked").creates("/srv/masked").umask(0o077);
            exec("touch /srv/unmasked").creates("/srv/unmasked");
        })
        .unsure()
        .check("stat -c %a /srv/masked /srv/unmasked", "600\n644"),
    ]
}

fn users(user: &'static str, ids: &'static str, nice: Option<i8>) -> Vec<Case> {
    vec![
        Case::new("as another user, with what the root shell gives", move || {
            directory("/srv/theirs").owner(user);
            let command = exec("echo \"$(id -u) $(id -g) $V $USER\" >/srv/theirs/out; pwd >>/srv/theirs/out; cat >>/srv/theirs/out")
                .run_as(user)
                .env("V", "a 'b'")
                .dir("/srv/theirs")
                .creates("/srv/theirs/out");
            if let Some(niceness) = nice {
                command.nice(niceness);
            }
        })
        .unsure()
        .check(
            "cat /srv/theirs/out; stat -c %U /srv/theirs/out",
            format!("{ids} a 'b' {user}\n/srv/theirs\n{user}"),
        ),
        Case::new("a value of another user's command", move || {
            let value = exec("id -u; exit 0").run_as(user).stdout();
            remote_file("/srv/uid").content(value);
        })
        .unsure()
        .again(0, End::Changed)
        .check("cat /srv/uid", ids.split(' ').next().unwrap_or_default()),
    ]
}

/// What is sensitive appears nowhere, and what a value lacks is named.
#[test]
fn what_is_withheld_and_what_cannot_be_decided() {
    require!("nodes");
    let lab = Lab::new(Machine::debian());
    let report = lab.converge(|| exec("echo canary-6b1f; exit 4").sensitive());
    let seen = format!("{:?}", report.events);
    assert!(!seen.contains("canary-6b1f"), "{seen}");
    assert!(report.troubles().join("\n").contains("withheld"), "{:?}", report.troubles());

    let report = lab.converge(|| {
        let json = exec("echo no json").stdout();
        remote_file("/srv/x").content(json.json("a"));
    });
    assert!(report.troubles().join("\n").contains("the value is not JSON"), "{:?}", report.troubles());

    let report = lab.converge(|| {
        let many = exec("echo many").stdout().number();
        file("/srv/x").when(many.at_most(3));
    });
    assert!(report.troubles().join("\n").contains("is not a number"), "{:?}", report.troubles());
    let report = lab.converge(|| exec("sleep 3700").timeout(Duration::from_secs(1)));
    assert!(report.troubles().join("\n").contains("stopped after 1 s"), "{:?}", report.troubles());
    let report = lab.converge(|| exec("true").run_as("nobody-here"));
    assert!(report.troubles().join("\n").contains("there is no user nobody-here"), "{:?}", report.troubles());
}

#[test]
fn tags_select() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    let phase = || {
        lab::phase(|| {
            let value = output_of("echo needed");
            file("/srv/untagged");
            pallet::graph::tagged("tls", || {
                remote_file("/srv/tls").content(value);
                file("/srv/tls-slow").tags(["slow"]);
            });
            file("/srv/slow").tags(["slow"]);
        })
    };
    let tags = |names: &[&str]| names.iter().map(|name| Tag::new(*name).expect("a valid tag")).collect();
    let request =
        Request { tags: tags(&["tls"]), skip_tags: tags(&["slow"]), ..Request::new(Verb::Converge) };
    let report = lab.run(&request, phase());
    assert_eq!(report.summary().counts.changed, 1, "{:?}", report.outcomes());
    assert_eq!(lab.machine.check("ls /srv; cat /srv/tls").trim(), "tls\nneeded");

    let report = lab.run(&Request { tags: tags(&["tsl"]), ..Request::new(Verb::Plan) }, phase());
    let said = report.troubles().join("\n");
    assert!(said.contains("no action of this run has the tag `tsl`") && said.contains("slow, tls"), "{said}");
}

#[test]
fn a_fact_that_one_phase_publishes_is_there_for_the_next() {
    require!("nodes");
    let lab = Lab::new(Machine::busybox());
    lab.machine.check("mkdir /srv");
    let phases = || {
        let publish = lab::phase(|| {
            let made = exec("printf 'made\n$(here)'").stdout();
            publish_fact("made", made);
            publish_fact("read", output_of("cat /srv/read"));
        });
        let read = lab::phase(|| {
            let node: Node = pallet::extract("node");
            remote_file("/srv/made").content(node.fact("made"));
            remote_file("/srv/copy").content(node.fact("read"));
        });
        [("configure", publish), ("post-configure", read)]
    };
    lab.machine.check("echo known >/srv/read");
    let plan = lab.run_phases(&Request::new(Verb::Plan), phases());
    assert!(format!("{:?}", plan.events).contains("the fact `made` of node-1"), "{:?}", plan.events);
    let report = lab.run_phases(&Request::new(Verb::Converge), phases());
    report.summary();
    assert_eq!(lab.machine.check("cat /srv/made; cat /srv/copy"), "made\n$(here)known");

    let publish = || {
        publish_fact("words", "a word");
        publish_fact("read", output_of("cat /srv/read"));
    };
    // Publishing changes nothing, and what is published in a plan is as certain as what was read.
    cases::run(&lab, [Case::new("published in every run", publish).first([End::Unchanged; 3])]);

    let missing = lab::phase(|| {
        let node: Node = pallet::extract("node");
        remote_file("/srv/never").content(node.fact("nobody's"));
    });
    let report = lab.run(&Request::new(Verb::Converge), missing);
    assert!(
        report.troubles().join("\n").contains("which an earlier phase must publish"),
        "{:?}",
        report.troubles()
    );
}
