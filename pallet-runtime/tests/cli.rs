//! The command line, run as a whole with an engine that follows a script.

mod support;

use pallet_runtime::event::{Counts, Event, Failure, Summary, Verb};
use pallet_runtime::request::RunError;
use support::{FakeEngine, Place};

fn summary(verb: Verb) -> Summary {
    Summary {
        verb,
        ok: true,
        created: 0,
        destroyed: 0,
        counts: Counts { unchanged: 3, ..Counts::default() },
        failed_nodes: vec![],
        round_trips: 2,
        bytes_sent: 2048,
        seconds: 0.25,
    }
}

fn idle() -> FakeEngine {
    FakeEngine::new(|setup, request| {
        let summary = summary(request.verb);
        setup.listener.event(&Event::Started {
            format: 1,
            verb: request.verb,
            service: setup.service_name.to_string(),
        });
        setup.listener.event(&Event::Finished(summary.clone()));
        Ok(summary)
    })
}

#[test]
fn a_command_becomes_a_request() {
    let (place, engine) = (Place::new(), idle());
    let outcome = place
        .run(&engine, "converge web=3 databases --phase configure,restart --require-all --parallel 7 --yes");
    assert_eq!(outcome.code, 0, "{}", outcome.show());
    let (setup, request) = engine.asked();
    let groups: Vec<_> = request.groups.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(groups, [("web", Some(3)), ("databases", None)]);
    assert_eq!(request.phases.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["configure", "restart"]);
    assert!(request.require_all && !request.allow_destroy && !request.overwrite_edits && request.diffs);
    assert_eq!((request.verb, request.parallel), (Verb::Converge, 7));
    assert_eq!((setup.service_name.as_str(), setup.admin.username.as_str()), ("bench", "tester"));
    assert!(setup.confirm.confirm("destroy all?"));
}

#[test]
fn json_has_an_event_a_line_and_finished_last() {
    let outcome = Place::new().run(&idle(), "lift -o json");
    let lines: Vec<serde_json::Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["event"], "started");
    let last = lines.last().expect("a line");
    assert_eq!(last["event"], "finished");
    for key in ["created", "destroyed", "changed", "unchanged", "failed", "skipped", "round_trips", "seconds"]
    {
        assert!(last[key].is_number(), "{key} in {last}");
    }
}

#[test]
fn json_is_finished_even_when_the_engine_gives_up() {
    let engine = FakeEngine::new(|setup, request| {
        setup.listener.event(&Event::Started { format: 1, verb: request.verb, service: "bench".to_owned() });
        Err(RunError::Input(vec![Failure {
            message: "no image `debian-99`".to_owned(),
            source: Some("src/main.rs:36:1".to_owned()),
            output: vec![],
            hint: Some("images: debian-12".to_owned()),
        }]))
    });
    let outcome = Place::new().run(&engine, "converge --output json");
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr,
        "error: no image `debian-99`\n  --> src/main.rs:36:1\n  hint: images: debian-12\n"
    );
    let last: serde_json::Value =
        serde_json::from_str(outcome.stdout.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["event"], &last["ok"]), (&"finished".into(), &false.into()));
}

#[test]
fn what_is_wrong_on_the_command_line_touches_nothing() {
    let cases = [
        (
            "converge wbe",
            "error: there is no group `wbe`\n  hint: did you mean `web`? (groups: databases, web)\n",
        ),
        (
            "converge web=many",
            "error: `many` is not a count in `web=many`\n  hint: write a whole number: `web=3`\n",
        ),
        ("converge web web=2", "error: group `web` is named twice\n  hint: name it once\n"),
        (
            "destroy web=0",
            "error: `destroy` takes no count: `web=0`\n  hint: write `web`; only converge and plan take counts\n",
        ),
        (
            "lift --phase restrat",
            "error: there is no phase `restrat`\n  hint: did you mean `restart`? (phases: configure, restart)\n",
        ),
        (
            "plan --service becnh",
            "error: there is no service `becnh`\n  hint: did you mean `bench`? (services: bench, node-list, localhost)\n",
        ),
        (
            "converge --config no.toml",
            "error: there is no configuration no.toml\n  hint: check `--config` and PALLET_CONFIG\n",
        ),
        (
            "converge --ask-pass",
            "error: `--ask-pass` needs a terminal to ask at\n  hint: give the secret in PALLET_PASSWORD, or in [admin-user] of pallet.toml\n",
        ),
        (
            "converge -i no-key",
            "error: cannot read the private key $TEST/project/no-key: No such file or directory (os error 2)\n  --> --identity-file\n  hint: name an existing key file, or none to use the agent and the keys in ~/.ssh\n",
        ),
    ];
    for (line, expected) in cases {
        let place = Place::new();
        let outcome = place.run(&FakeEngine::untouched(), line);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()),
            (2, "", expected),
            "{line}"
        );
        assert!(!place.folder.path().join("home/.local").exists(), "{line} left something behind");
    }
}

#[test]
fn unknown_commands_and_flags_are_answered_with_the_known_ones() {
    let outcome = Place::new().run(&FakeEngine::untouched(), "convrege");
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.starts_with(
            "error: unknown command `convrege`\n  hint: did you mean `converge`? (commands: converge, plan, "
        ),
        "{}",
        outcome.stderr
    );
    let outcome = Place::new().run(&FakeEngine::untouched(), "converge --paralel 3");
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.starts_with(
            "error: unknown flag `--paralel`\n  hint: did you mean `--parallel`? (flags: --phase, "
        ),
        "{}",
        outcome.stderr
    );
    let outcome = Place::new().run(&FakeEngine::untouched(), "groups web");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
}
