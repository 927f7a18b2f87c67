//! What goes wrong in the middle, and the run after it.

use pallet_test::nodes::Node;
use pallet_test::require;
use pallet_tests_e2e::cluster::{Cluster, program};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_failure_stops_its_node_and_the_next_phase() {
    require!("nodes");
    let cluster = Cluster::start(2);
    cluster.ask(cluster.web(2), "fail");
    let failed = cluster.run("converge").expect(1);
    assert_eq!(failed.summary()["failed_nodes"].to_string(), r#"["webs-2"]"#);
    assert_eq!(failed.number("failed"), 1);

    let failure = failed.failure_of("webs-2");
    let source = failure["source"].as_str().unwrap_or_default();
    assert!(source.contains("cluster.rs:"), "{failure}");
    let (_, line) = source.split_once("cluster.rs:").unwrap_or_default();
    let line: usize = line.split(':').next().and_then(|line| line.parse().ok()).unwrap_or(0);
    let written = include_str!("../../src/cluster.rs").lines().nth(line - 1).unwrap_or_default();
    assert!(written.contains("echo the reason >&2; exit 3"), "{source}: {written}");
    assert!(
        failure.to_string().contains("the reason") && failure.to_string().contains("exit code 3"),
        "{failure}"
    );

    let ends = failed.ends_on("webs-2");
    assert!(ends.contains(&("/srv/e2e/last".to_owned(), "skipped".to_owned())), "{ends:?}");
    let skipped = failed.events_of("action-finished");
    let skipped = skipped.iter().filter(|event| event["outcome"]["outcome"] == "skipped");
    for event in skipped {
        let because = event["outcome"]["because"].as_str().unwrap_or_default();
        assert!(because.contains("exec echo the reason"), "{event}");
    }
    // The others finish the phase; the next one does not start anywhere.
    cluster.web(1).check("test -e /srv/e2e/last && [ ! -e /srv/e2e-after ]");
    cluster.database().check("[ ! -e /srv/e2e/database.checked ]");

    let plain = cluster.place.run(program(), &format!("converge {}", cluster.groups())).expect(1);
    assert!(plain.stdout.contains("cluster.rs:") && plain.stdout.contains("the reason"), "{}", plain.stdout);

    cluster.ask_no_more(cluster.web(2), "fail");
    cluster.converge_to_the_end();
}

#[test]
fn a_lost_connection_leaves_the_action_unknown_and_the_next_run_finishes() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let node = cluster.web(1);
    cluster.converge_to_the_end();
    change_the_configuration(node);
    // The user whose sshd can be killed is root itself: nothing of sudo stands between.
    cluster.ask(node, "kill");
    let failed = cluster.run("converge").expect(1);
    let failure = failed.failure_of("webs-1");
    let message = failure["message"].as_str().unwrap_or_default();
    assert!(message.contains("whether it was done is not known"), "{failure}");
    assert!(failure["hint"].as_str().unwrap_or_default().contains("run the same command again"), "{failure}");
    assert_eq!(node.check("ls /var/lib/pallet/owed; cat /srv/log"), "reload-e2e\n");

    cluster.ask_no_more(node, "kill");
    cluster.converge_to_the_end();
    assert_eq!(node.check("ls /var/lib/pallet/owed; cat /srv/log"), "reload\n");
}

#[test]
fn what_a_killed_controller_owes_is_made_up_for() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let node = cluster.web(1);
    cluster.converge_to_the_end();
    change_the_configuration(node);
    cluster.ask(node, "wait");
    let line = format!("converge {} --output json", cluster.groups());
    let mut controller = cluster
        .place
        .command(Path::new(env!("CARGO_BIN_EXE_e2e-infra")), &line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    cluster.until_it_waits(node);
    controller.kill().expect("killed");
    controller.wait().expect("ended");
    cluster.ask_no_more(node, "wait");

    cluster.converge_to_the_end();
    assert_eq!(node.check("ls /var/lib/pallet/owed"), "");
    assert!(node.check("cat /srv/log").starts_with("reload\n"), "what was owed was done");
    assert_eq!(node.check("find / -xdev -name '.pallet-*'"), "");
}

#[test]
fn a_bootstrap_that_failed_is_run_again_and_one_that_did_not_is_not() {
    require!("nodes");
    let cluster = Cluster::start(2);
    cluster.ask(cluster.web(2), "fail-bootstrap");
    let failed = cluster.run("converge").expect(1);
    assert_eq!(failed.failure_of("webs-2")["message"], "exec exit 4: exit code 4");
    cluster.web(1).check("[ ! -e /srv/e2e ]");
    cluster.ask_no_more(cluster.web(2), "fail-bootstrap");
    cluster.converge_to_the_end();
    for number in [1, 2] {
        assert_eq!(cluster.web(number).check("cat /srv/bootstrap"), "bootstrapped by root\n");
    }
}

#[test]
fn an_interrupted_run_ends_what_it_does_and_begins_nothing_else() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let node = cluster.web(1);
    cluster.ask(node, "wait");
    let line = format!("converge {} --output json", cluster.groups());
    let mut command = cluster.place.command(Path::new(env!("CARGO_BIN_EXE_e2e-infra")), &line);
    let controller =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    cluster.until_it_waits(node);
    let interrupted = Command::new("kill").args(["-INT", &controller.id().to_string()]).status();
    assert!(interrupted.expect("kill runs").success());
    cluster.ask_no_more(node, "wait");
    let ended = controller.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.lines().last().is_some_and(|line| line.contains(r#""event":"finished""#)), "{said}");
    node.check("[ -e /srv/e2e/last ] && [ ! -e /srv/e2e-after ]");
    cluster.converge_to_the_end();
}

#[test]
fn a_node_that_loses_its_power_is_finished_by_the_next_run() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let node = cluster.web(1);
    cluster.converge_to_the_end();
    change_the_configuration(node);
    cluster.ask(node, "wait");
    let failed = std::thread::scope(|scope| {
        let run = scope.spawn(|| cluster.run("converge"));
        cluster.until_it_waits(node);
        node.crash().expect("up again");
        run.join().expect("no panic")
    });
    let failed = failed.expect(1);
    let message = failed.failure_of("webs-1")["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("whether it was done is not known"), "{message}");
    assert_eq!(node.check("ls /var/lib/pallet/owed"), "reload-e2e\n");
    cluster.converge_to_the_end();
    assert_eq!(node.check("ls /var/lib/pallet/owed"), "");
}

#[test]
fn a_run_that_holds_the_service_keeps_another_out() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let node = cluster.web(1);
    cluster.ask(node, "wait");
    let line = format!("converge {} --output json", cluster.groups());
    let program = Path::new(env!("CARGO_BIN_EXE_e2e-infra"));
    let mut first =
        cluster.place.command(program, &line).stdout(Stdio::null()).spawn().expect("the program starts");
    cluster.until_it_waits(node);
    let second = cluster.run("converge").expect(2);
    assert!(second.stderr.contains("converge"), "{}", second.stderr);
    let _ = cluster.run("plan").expect(0);
    cluster.ask_no_more(node, "wait");
    assert!(first.wait().expect("ended").success());
    cluster.converge_to_the_end();
}

/// Makes the next converge change the file that the service is reloaded for.
fn change_the_configuration(node: &Node) {
    node.check("rm /srv/e2e/web.conf; : >/srv/log");
}

/// Nothing tells two controllers of each other. Each may fail; together they do no harm.
#[test]
fn two_controllers_at_once_are_finished_by_the_next_run() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let node = cluster.web(1);
    let other = cluster.other_place();
    let line = format!("converge {} --output json", cluster.groups());
    for _ in 0..3 {
        node.check("rm -rf /srv/e2e /srv/e2e-after; : >/srv/log");
        let (first, second) = std::thread::scope(|scope| {
            let first = scope.spawn(|| cluster.run("converge"));
            let second = scope.spawn(|| other.run(program(), &line));
            (first.join().expect("no panic"), second.join().expect("no panic"))
        });
        // Whatever each of them came upon, it says so and ends.
        assert!(first.code <= 1 && second.code <= 1, "{first:?}\n{second:?}");
        cluster.converge_to_the_end();
        let address = cluster.database().address();
        assert_eq!(node.check("cat /srv/e2e/web.conf"), format!("webs-1 uses {address}:5432\n"));
        assert_eq!(node.check("find / -xdev -name '.pallet-*'; ls /var/lib/pallet/owed"), "");
    }
}
