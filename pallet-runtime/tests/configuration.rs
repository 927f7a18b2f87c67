//! Configuration files, read through the command line.

mod support;

use insta::assert_snapshot;
use pallet_runtime::config::{ConfigFiles, load};
use pallet_runtime::event::{Counts, Event, Summary, Verb};
use pallet_runtime::report::Paint;
use pallet_runtime::request::RunError;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::{FakeEngine, Place};

fn idle() -> FakeEngine {
    FakeEngine::new(|setup, request| {
        let service = setup.service_name.to_string();
        setup.listener.event(&Event::Started { format: 1, verb: request.verb, service });
        idle_summary(request.verb)
    })
}

/// Returns what a project's configuration is answered with, when it is wrong.
fn refused(config: &str) -> String {
    let place = Place::new();
    place.write("project/pallet.toml", config);
    let outcome = place.run(&FakeEngine::untouched(), "converge");
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
    assert!(!place.folder.path().join("home/.local/state/pallet/services").exists());
    outcome.stderr
}

/// Returns configurations with what they are answered with.
fn answers(configs: &[&str]) -> String {
    let answer = |config: &&str| format!("{config}\n{}", refused(config));
    configs.iter().map(answer).collect::<Vec<_>>().join("----\n")
}

#[test]
fn a_mistake_is_shown_where_it_was_written() {
    assert_snapshot!(answers(&[
        "defualt-service = \"lab\"",
        "[admin-user]\nno-sudo = \"yes\"",
        "[services.lab\nprovider = \"bench\"",
        "[services.lab]\nsize = 3",
        "[services.\"a lab\"]\nprovider = \"bench\"",
        "[services.lab]\nprovider = \"wrokbench\"",
        "default-service = \"lba\"\n[services.lab]\nprovider = \"bench\"",
        "[services.lab]\nprovider = \"bench\"\nsince = 2026-01-01",
        "[services.a]\nprovider = \"bench\"\n[services.b]\nprovider = \"bench\"",
    ]));
}

#[test]
fn a_providers_complaint_points_into_the_configuration() {
    let node =
        |keys: &str| format!("[services.lab]\nprovider = \"node-list\"\nnodes = [\n  {{ {keys} }},\n]");
    let twice = "name = \"a\", group = \"web\", address = \"b\" },\n  { name = \"a\", group = \"web\", address = \"c\"";
    assert_snapshot!(answers(&[
        "[services.lab]\nprovider = \"workbench\"\nszie = 3",
        "[services.lab]\nprovider = \"bench\"\nsize = 300",
        "[services.lab]\nprovider = \"node-list\"",
        &node("name = \"web-1\", gruop = \"web\", address = \"192.0.2.1\""),
        &node("name = \"web-1\", group = \"web\", address = \"192.0.2.1\", prot = 22"),
        &node("name = \"web-1\", group = \"web\", address = \"-oProxyCommand=x\""),
        &node(twice),
        "[services.lab]\nprovider = \"localhost\"",
    ]));
}

#[test]
fn paths_and_secrets_that_are_not_there_are_named() {
    assert_snapshot!(answers(&[
        "[admin-user]\nprivate-key-path = \"keys/id\"",
        "[admin-user]\nprivate-key-path = \"$NOWHERE/id\"",
        "[admin-user]\npassword = { env = \"NOT_SET\" }",
        "[admin-user]\npassword = { command = [\"false\"] }",
        "[admin-user]\npassword = { command = [] }",
        "[admin-user]\npassword = { file = \"~/none\" }",
        "[admin-user]\npassword = { env = \"A\", file = \"b\" }",
    ]));
}

#[test]
fn a_line_with_a_secret_is_never_shown() {
    for config in [
        "[admin-user]\npassword = 5canary\n",
        "[admin-user]\npassword = { canary = \"canary\" }\n",
        "[admin-user]\nsudo-password = \"canary\nusername = 3\n",
        "[admin-user]\npassphrase = \"canary\" username = 3\n",
    ] {
        let answer = refused(config);
        assert!(answer.contains("pallet.toml:2:"), "{answer}");
        assert!(!answer.contains("5canary") && !answer.contains("\"canary"), "{answer}");
    }
}

#[test]
fn the_nearest_layer_wins() {
    let place = Place::new();
    let key = place.write("home/.config/pallet/keys/id", "a key");
    place.write(
        "home/.config/pallet/config.toml",
        "default-service = \"far\"\n[admin-user]\nusername = \"far\"\nprivate-key-path = \"keys/id\"\npassword = { env = \"FAR\" }\n\
         [services.far]\nprovider = \"bench\"\n[services.lab]\nprovider = \"nothing\"\n",
    );
    place.write("home/.config/pallet/services/lab.toml", "provider = \"node-list\"\nnodes = []\n");
    let (place, engine) = (place.var("FAR", "secret"), idle());
    assert_eq!(place.run(&engine, "lift").code, 0);
    let (setup, _) = engine.asked();
    assert_eq!((setup.service_name.as_str(), setup.admin.username.as_str()), ("far", "far"));
    assert_eq!(setup.admin.password.expect("a password").expose(), "secret");

    place.write("pallet.toml", "default-service = \"lab\"\n[admin-user]\nusername = \"near\"\n");
    assert_eq!(place.run(&engine, "lift").code, 0);
    let (setup, _) = engine.asked();
    assert_eq!((setup.service_name.as_str(), setup.admin.username.as_str()), ("lab", "near"));
    assert_eq!(setup.admin.private_key_path, Some(key), "a key is the person's");
    assert_eq!(setup.admin.password, None, "the password belongs to another account");

    let place = place.var("PALLET_SERVICE", "bench").var("PALLET_PASSWORD", "from the environment");
    assert_eq!(place.run(&engine, "lift --user root").code, 0);
    let (setup, _) = engine.asked();
    assert_eq!((setup.service_name.as_str(), setup.admin.username.as_str()), ("bench", "root"));
    assert_eq!(setup.admin.password.expect("a password").expose(), "from the environment");
    assert_eq!(place.run(&engine, "lift --service far").code, 0);
    assert_eq!(engine.asked().0.service_name.as_str(), "far");
}

#[test]
fn what_counts_is_shown_with_the_place_where_it_was_written() {
    let place = Place::new();
    place.write(
        "home/.config/pallet/config.toml",
        "default-service = \"far\"\n[admin-user]\nusername = \"far\"\nprivate-key-path = \"keys/id\"\npassword = \"canary\"\n\
         [services.far]\nprovider = \"bench\"\n[services.lab]\nprovider = \"nothing\"\n",
    );
    place.write(
        "home/.config/pallet/services/lab.toml",
        "provider = \"node-list\"\nnodes = [{ name = \"a\", api-token = \"canary\" }]\n[deep.er]\npassword = \"canary\"\n",
    );
    place.write(
        "project/pallet.toml",
        "default-service = \"lab\"\n[admin-user]\nno-sudo = true\nsudo-password = { command = [\"pass\", \"show\"] }\n",
    );
    fs::set_permissions(
        place.folder.path().join("home/.config/pallet/config.toml"),
        fs::Permissions::from_mode(0o600),
    )
    .expect("permitted");
    let shown = place.run(&FakeEngine::untouched(), "config show");
    assert!(!shown.show().contains("canary"), "{}", shown.show());
    // The width of a column is that of a path which is another one in every run.
    let words = |line: &str| {
        line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect::<Vec<_>>().join("  ")
    };
    assert_snapshot!("config_show", shown.show().lines().map(words).collect::<Vec<_>>().join("\n"));
    // What comes before the files is told as well.
    let first = |outcome: support::Outcome| outcome.stdout.lines().nth(1).unwrap_or_default().to_owned();
    assert_eq!(
        first(place.run(&FakeEngine::untouched(), "config show --service far"))
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["default-service", "far", "--service"]
    );
    let json = place.run(&FakeEngine::untouched(), "config show -o json").stdout;
    assert!(
        json.starts_with("{\"key\":\"default-service\",\"value\":\"lab\",\"from\":\"pallet.toml:1:19\"}\n"),
        "{json}"
    );
}

#[test]
fn without_a_configuration_the_folders_that_were_looked_in_are_told() {
    let shown = Place::new().run(&FakeEngine::untouched(), "config show");
    assert_snapshot!("config_show_nothing", shown.show());
}

#[test]
fn secrets_stay_where_they_are_kept_until_they_are_needed() {
    let place = Place::new();
    place.write("project/secret", "from a file\nand a remark\n");
    place.write(
        "project/pallet.toml",
        "[admin-user]\npassword = { file = \"secret\" }\nsudo-password = { command = [\"printf\", \"%s\", \"from a program\"] }\n",
    );
    let engine = idle();
    let outcome = place.run(&engine, "converge");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let (setup, _) = engine.asked();
    assert_eq!(setup.admin.password.expect("a password").expose(), "from a file");
    assert_eq!(setup.admin.sudo_password.expect("a password").expose(), "from a program");
    fs::remove_file(place.project().join("secret")).expect("removed");
    assert_eq!(place.run(&engine, "nodes").code, 0, "a listing needs no password");
}

#[test]
fn a_secret_that_everybody_can_read_is_warned_of() {
    let place = Place::new();
    let config = place.write("project/pallet.toml", "[admin-user]\npassword = \"hunter2\"\n");
    let mode = |mode| fs::set_permissions(&config, fs::Permissions::from_mode(mode)).expect("permitted");
    mode(0o644);
    let outcome = place.run(&idle(), "converge");
    assert_eq!(outcome.code, 0);
    assert!(
        outcome.stdout.contains("\nnote - pallet.toml holds a secret and everybody"),
        "{}",
        outcome.stdout
    );
    let listing = place.run(&idle(), "nodes").stderr;
    assert!(listing.starts_with("warning: pallet.toml holds a secret"), "{listing}");
    mode(0o600);
    let outcome = place.run(&idle(), "converge");
    assert!(!outcome.stdout.contains("note"), "{}", outcome.stdout);
    assert_eq!(place.run(&idle(), "nodes").stderr, "");
    // A service has some as well, such as those of its images.
    place.write(
        "project/pallet.toml",
        "default-service = \"bench\"\n[services.lab]\nprovider = \"vbox\"\nimages.a.password = \"hunter2\"\n",
    );
    mode(0o644);
    let listing = place.run(&idle(), "nodes").stderr;
    assert!(listing.starts_with("warning: pallet.toml holds a secret"), "{listing}");
}

#[test]
fn a_second_run_is_refused_with_the_name_of_the_first() {
    let place = Place::new();
    let home = place.folder.path().join("pallet-home");
    let place = place.var("PALLET_HOME", home.to_str().expect("a path in text"));
    let vars = place.vars.clone();
    let engine = FakeEngine::new(move |_, request| {
        let vars = vars.clone();
        // Another thread, because a run brings its own runtime and the engine is in one.
        std::thread::spawn(|| meanwhile(vars)).join().expect("what happens meanwhile is as expected");
        idle_summary(request.verb)
    });
    assert_eq!(place.run(&engine, "converge").code, 0);
    assert_eq!(place.run(&idle(), "converge").code, 0, "the lock is gone with its run");
    assert!(!home.join("state").exists(), "nothing is left of either");
}

/// Other runs, while one holds the lock.
fn meanwhile(vars: BTreeMap<String, String>) {
    let state = Path::new(&vars["PALLET_HOME"]).join("state");
    let mode = fs::metadata(state).expect("the state folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let place = Place { vars, ..Place::new() };
    let second = place.run(&FakeEngine::untouched(), "destroy --yes");
    let holder = format!("error: service `bench` is in use: converge by process {} on ", std::process::id());
    assert_eq!(second.code, 2);
    assert!(second.stderr.starts_with(&holder), "{}", second.stderr);
    assert_eq!(place.run(&idle(), "plan").code, 0, "a plan only reads");
    assert_eq!(place.run(&idle(), "converge --service localhost web").code, 0, "another service is free");
}

fn idle_summary(verb: Verb) -> Result<Summary, RunError> {
    Ok(Summary {
        verb,
        ok: true,
        created: 0,
        destroyed: 0,
        counts: Counts::default(),
        failed_nodes: vec![],
        round_trips: 0,
        bytes_sent: 0,
        seconds: 0.0,
    })
}

#[test]
fn no_damage_to_a_file_is_more_than_an_error() {
    const WHOLE: &str = "default-service = \"lab\"\n[admin-user]\nusername = \"jörg\"\npassword = { env = \"X\" }\n\
                         [services.lab]\nprovider = \"node-list\"\nnodes = [{ name = \"wëb-1\", port = 0x16 }]\n";
    let place = Place::new();
    let path = place.folder.path().join("pallet.toml");
    let try_out = |text: &str| {
        fs::write(&path, text).expect("written");
        let files =
            ConfigFiles { named: Some(path.clone()), cwd: place.folder.path(), user: place.folder.path() };
        if let Err(error) = load(&files, &place.vars) {
            assert!(error.render(Paint::plain()).contains("pallet.toml"), "{text}");
        }
    };
    try_out(WHOLE);
    for (at, old) in WHOLE.char_indices() {
        try_out(&WHOLE[..at]);
        for new in ["", "\"", "ü", "\n", "[", "=", "\u{0}", "\t"] {
            try_out(&format!("{}{new}{}", &WHOLE[..at], &WHOLE[at + old.len_utf8()..]));
        }
    }
}
