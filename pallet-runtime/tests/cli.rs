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
    assert_eq!((setup.service_name.as_str(), setup.admin.username.as_str()), ("bench", ""));
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

#[test]
fn what_is_declared_and_what_exists_can_be_listed() {
    let place = Place::new();
    let engine = FakeEngine::untouched();
    assert_eq!(
        place.run(&engine, "groups").stdout,
        "GROUP      COUNT  SPEC              SOURCE\n\
         databases  1      debian-12, small  src/main.rs:30:1\n\
         web        -      debian-12, small  src/main.rs:36:1\n"
    );
    assert_eq!(
        place.run(&engine, "phases").stdout,
        "PHASE      GROUPS\nconfigure  databases, web\nrestart    web\n"
    );
    assert_eq!(
        place.run(&engine, "nodes").stdout,
        "NODE         GROUP      STATE    ADDRESS\n\
         databases-1  databases  running  db.example.org\n\
         web-1        web        running  192.0.2.1\n"
    );
    assert_eq!(
        place.run(&engine, "nodes web -o json").stdout,
        "{\"node\":\"web-1\",\"group\":\"web\",\"state\":\"running\",\"because\":null,\"address\":\"192.0.2.1\",\
         \"private_ip\":\"192.0.2.1\",\"id\":\"web-1\"}\n"
    );
}

#[test]
fn the_doctor_looks_at_every_service_and_says_what_repairs_it() {
    let place = Place::new();
    place.write(
        "project/pallet.toml",
        "[services.good]\nprovider = \"bench\"\n[services.bad]\nprovider = \"bench\"\nsiez = 1\n\
         [services.all]\nprovider = \"hybrid\"\nsub-services = [\"good\", \"bad\"]\n",
    );
    let outcome = place.run(&FakeEngine::untouched(), "doctor");
    assert_eq!(outcome.code, 1, "{}", outcome.show());
    for line in [
        "  ok     state folder: $TEST/home/.local/state/pallet\n",
        "service all\n  ok     configuration: good, bad\n",
        "  broken service: pallet.toml:5:1: unknown option `siez` of service \"bad\"\n         repair: did you mean `size`?\n",
        "service good\n  ok     service: opens\n  ok     list of nodes: 2 nodes\n",
    ] {
        assert!(outcome.stdout.contains(line), "{line:?} in {}", outcome.show());
    }
    let one = place.run(&FakeEngine::untouched(), "doctor --service good -o json");
    assert!(!one.stdout.contains("siez") && one.stdout.contains("\"finding\":\"fine\""), "{}", one.show());
    assert!(!place.folder.path().join("home/.local/state/pallet").exists(), "nothing is left behind");
}

#[test]
fn a_hybrid_service_is_one_inventory() {
    let place = Place::new();
    let hosts = |name: &str, node: &str, group: &str| {
        format!(
            "[services.{name}]\nprovider = \"node-list\"\n\
             nodes = [{{ name = \"{node}\", group = \"{group}\", address = \"192.0.2.7\" }}]\n"
        )
    };
    let config = |hybrid: &str| {
        let parts = [
            hosts("tower", "web-1", "web"),
            hosts("closet", "databases-1", "databases"),
            hosts("attic", "web-1", "web"),
        ];
        format!(
            "default-service = \"lab\"\n[services.lab]\nprovider = \"hybrid\"\n{hybrid}\n{}",
            parts.concat()
        )
    };
    place.write("project/pallet.toml", &config("sub-services = [\"tower\", \"closet\"]"));
    let outcome = place.run(&FakeEngine::untouched(), "nodes -o json");
    assert!(outcome.stdout.contains("\"id\":\"tower/web-1\""), "{}", outcome.show());
    assert!(outcome.stdout.contains("\"id\":\"closet/databases-1\""), "{}", outcome.show());
    for (hybrid, complaint) in [
        (
            "sub-services = [\"tower\", \"attic\"]",
            "the node web-1 exists twice: as tower/web-1 and attic/web-1",
        ),
        ("sub-services = [\"towr\"]", "there is no service `towr`"),
        ("sub-services = [\"lab\"]", "service `lab` consists of `lab`, which is hybrid itself"),
        ("sub-service = [\"tower\"]", "unknown option `sub-service`"),
    ] {
        place.write("project/pallet.toml", &config(hybrid));
        let outcome = place.run(&FakeEngine::untouched(), "nodes");
        assert!(outcome.code == 2 && outcome.stderr.contains(complaint), "{hybrid}: {}", outcome.show());
    }
}

#[test]
fn paths_of_a_service_elsewhere_are_paths_there() {
    let place = Place::new();
    for path in ["models", "~/models", "$HOME/models"] {
        place.write(
            "project/pallet.toml",
            &format!("[services.lab]\nprovider = \"bench\"\nhost = \"ops@tower\"\nmodel-path = \"{path}\"\n"),
        );
        let outcome = place.run(&FakeEngine::untouched(), "nodes");
        assert!(outcome.stderr.contains("is a path there, which begins with `/`"), "{}", outcome.show());
    }
    // What belongs to the program stays with it, and what lies in a node's folder has no other.
    place.write(
        "project/pallet.toml",
        "[services.lab]\nprovider = \"bench\"\nhost = \"ops@tower\"\nhardware-models-file = \"hardware.toml\"\n\
         hardware-model-path = \"~/hardware\"\nimages = { x = { public-key-path = \"keys/x.pub\" } }\n\
         hardware-models = { db = { console-file = \"console.log\", snapshot-folder = \"kept\" } }\n",
    );
    let outcome = place.run(&FakeEngine::untouched(), "nodes");
    assert!(!outcome.stderr.contains("is a path there"), "{}", outcome.show());
}

#[test]
fn a_question_is_answered_by_the_user_or_beforehand() {
    let asking = || {
        FakeEngine::new(|setup, request| match setup.confirm.confirm("destroy web-1 and its disk?") {
            true => Ok(summary(request.verb)),
            false => Err(RunError::Declined),
        })
    };
    for (answer, code) in [("y", 0), ("yes", 0), ("", 1), ("n", 1), ("what?", 1)] {
        let place = Place::new();
        place.answers.prepare(answer);
        assert_eq!(place.run(&asking(), "destroy").code, code, "{answer:?}");
        let questions = place.answers.questions.lock().expect("nobody panicked").clone();
        assert_eq!(questions, ["destroy web-1 and its disk? [y/N]"]);
    }
    let outcome = Place::new().run(&asking(), "destroy");
    assert_eq!(outcome.code, 1);
    assert_eq!(
        outcome.stderr,
        "destroy web-1 and its disk?\nnobody is there to answer: `--yes` answers every question with yes\n\
         declined: nothing was changed\n"
    );
    assert_eq!(Place::new().run(&asking(), "destroy --yes").code, 0);
}

#[test]
fn passwords_are_asked_for_and_come_before_those_of_the_environment() {
    let place = Place::new().var("PALLET_SUDO_PASSWORD", "from the environment");
    place.answers.prepare("typed");
    let engine = idle();
    assert_eq!(place.run(&engine, "lift --ask-pass").code, 0);
    let admin = engine.asked().0.admin;
    assert_eq!(admin.password.expect("a password").expose(), "typed");
    assert_eq!(admin.sudo_password.expect("a password").expose(), "from the environment");
}

#[test]
fn every_command_takes_yes_and_has_help() {
    for command in ["converge", "plan", "lift", "destroy", "nodes", "doctor", "groups", "phases", "graph"] {
        assert_eq!(Place::new().run(&idle(), &format!("{command} --yes")).code, 0, "{command}");
        let help = Place::new().run(&FakeEngine::untouched(), &format!("{command} --help"));
        assert!(help.code == 0 && help.stdout.contains("Usage: infra "), "{}", help.show());
    }
    let script = Place::new().run(&FakeEngine::untouched(), "completions bash --yes");
    assert!(script.code == 0 && script.stdout.contains("--allow-destroy"), "{}", script.show());
}

#[test]
fn the_help_is_worth_reading() {
    insta::assert_snapshot!("help", Place::new().run(&FakeEngine::untouched(), "--help").stdout);
    insta::assert_snapshot!(
        "help_converge",
        Place::new().run(&FakeEngine::untouched(), "converge --help").stdout
    );
}

#[test]
fn mistakes_in_the_source_are_all_told_before_anything_else() {
    let failure = |message: &str, line: u32| Failure {
        message: message.to_owned(),
        source: Some(format!("src/main.rs:{line}:1")),
        output: vec![],
        hint: None,
    };
    let engine = FakeEngine {
        catalogue: Err(vec![
            failure("group `web` is declared twice", 3),
            failure("spec `Web` extends itself", 9),
        ]),
        ..FakeEngine::untouched()
    };
    let outcome = Place::new().run(&engine, "converge");
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr,
        "error: group `web` is declared twice\n  --> src/main.rs:3:1\n\nerror: spec `Web` extends itself\n  --> \
         src/main.rs:9:1\n"
    );
}

#[test]
fn a_failed_run_says_how_to_run_it_again() {
    let failed = || FakeEngine::telling(support::runs::unreachable());
    let outcome = Place::new().run(&failed(), "converge web=2 --phase configure");
    assert!(
        outcome.stdout.ends_with("\nretry: infra converge web=2 --phase configure\n"),
        "{}",
        outcome.show()
    );
    let place = Place::new().var("CARGO", "/bin/cargo").var("CARGO_PKG_NAME", "quickstart");
    let outcome = place.run(&failed(), "converge");
    assert!(outcome.stdout.ends_with("\nretry: cargo run -p quickstart -- converge\n"), "{}", outcome.show());
}
