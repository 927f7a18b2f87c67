//! A cluster from nothing to nothing left to do.

use pallet::prelude::*;
use pallet_test::nodes::Bench;
use pallet_test::require;
use pallet_tests_e2e::cluster::{Cluster, program};
use pallet_tests_e2e::place::Place;

#[test]
fn everything_is_done_once_and_in_order() {
    require!("nodes");
    let cluster = Cluster::start(2);
    let temporary = "ls -A /tmp /var/tmp";
    let before = cluster.web(1).check(temporary);
    let plan = cluster.run("plan --detailed-exit-code").expect(3);
    assert_eq!(plan.events_of("node-planned").len(), 3);
    assert!(!cluster.web(1).run("ls /srv/e2e").succeeded(), "a plan touches nothing");

    let first = cluster.run("converge").expect(0);
    assert_eq!((first.number("created"), first.number("failed"), first.number("skipped")), (0, 0, 0));
    let phases: Vec<String> = first
        .events_of("phase-started")
        .iter()
        .map(|event| format!("{} on {}", event["phase"].as_str().unwrap_or("?"), event["nodes"]))
        .collect();
    assert_eq!(
        phases,
        [
            r#"bootstrap on ["databases-1","webs-1","webs-2"]"#,
            r#"pre-configure on ["webs-1","webs-2"]"#,
            r#"configure on ["databases-1","webs-1","webs-2"]"#,
            r#"post-configure on ["databases-1","webs-1","webs-2"]"#,
        ]
    );
    // Inherited by two ways, the base still is once in the phase.
    let named = first.ends_on("webs-1").iter().filter(|(subject, _)| subject == "/srv/e2e/name").count();
    assert_eq!(named, 1);
    for (number, node) in [(1, cluster.web(1)), (2, cluster.web(2))] {
        let address = cluster.database().address();
        assert_eq!(node.check("cat /srv/e2e/web.conf"), format!("webs-{number} uses {address}:5432\n"));
        assert_eq!(node.check("systemctl is-enabled e2e; systemctl is-active e2e"), "enabled\nactive\n");
    }

    let again = cluster.run("converge").expect(0);
    assert_eq!((again.number("changed"), again.number("refreshed"), again.number("unknown")), (0, 0, 0));
    // A node costs one round trip for its facts and one for each phase: three for a web server, two for the database.
    assert_eq!(again.number("round_trips"), (1 + 3) * 2 + (1 + 2), "{}", again.stdout);
    assert_eq!(cluster.web(1).check("cat /srv/bootstrap"), "bootstrapped by root\n");
    assert_eq!(cluster.web(1).check("cat /srv/log"), "start\n", "a service that was started is not reloaded");

    let plan = cluster.run("plan --detailed-exit-code").expect(0);
    assert_eq!((plan.number("changed"), plan.number("unknown")), (0, 0), "{}", plan.stdout);
    assert_eq!(cluster.web(1).check(temporary), before);
    assert_eq!(cluster.web(1).check("find / -xdev -name '.pallet-*'"), "");
}

#[test]
fn lift_runs_what_is_asked_where_it_is_declared() {
    require!("nodes");
    let cluster = Cluster::start(1);
    cluster.converge_to_the_end();
    let lifted = cluster.run("lift --phase restart").expect(0);
    assert_eq!(lifted.number("changed"), 1);
    assert_eq!(lifted.events_of("phase-started")[0]["nodes"].to_string(), r#"["webs-1"]"#);
    assert_eq!(cluster.web(1).check("cat /srv/restarts"), "restarted\n");

    let facts = cluster.place.run(program(), "facts webs --output json").expect(0).events();
    assert_eq!(
        (facts.len(), &facts[0]["node"], &facts[0]["facts"]["os"]["id"]),
        (1, &"webs-1".into(), &"debian".into())
    );
    cluster.database().check("[ ! -e /srv/restarts ]");

    // A group alone still knows where the other one's nodes are.
    cluster.web(1).check("rm /srv/e2e/web.conf");
    let alone = cluster.place.run(program(), "converge webs=1 --output json").expect(0);
    assert_eq!(alone.events_of("inventory")[0]["nodes"].as_array().map(Vec::len), Some(1));
    let address = cluster.database().address().to_string();
    assert_eq!(cluster.web(1).check("cat /srv/e2e/web.conf"), format!("webs-1 uses {address}:5432\n"));
    assert_eq!(cluster.run("converge").expect(0).number("changed"), 0);
}

#[test]
fn a_changed_file_reloads_the_service() {
    require!("nodes");
    let cluster = Cluster::start(1);
    cluster.converge_to_the_end();
    let node = cluster.web(1);
    node.check("rm /srv/e2e/web.conf; : >/srv/log");
    // The commands that look at the node between the file and the service make the reload a guess.
    let plan = cluster.run("plan").expect(0);
    assert_eq!(plan.number("changed"), 1, "{}", plan.stdout);
    let converged = cluster.run("converge").expect(0);
    assert_eq!(converged.number("changed"), 2, "{}", converged.stdout);
    assert_eq!(node.check("cat /srv/log"), "reload\n");
    // Facts, pre-, main and post-phase of one node, facts and two phases of the other, and one application.
    assert_eq!(converged.number("round_trips"), 4 + 3 + 1);
}

#[test]
fn the_login_of_the_image_makes_the_admin_user_and_is_used_no_more() {
    require!("nodes");
    let bench = Bench::start(1).expect("a node");
    let node = &bench.nodes()[0];
    let key = std::fs::read_to_string(format!("{}.pub", node.key_path().display())).expect("a public key");
    let bootstrap = move || {
        user("ops").shell("/bin/bash");
        directory("/home/ops/.ssh").owner("ops").group("ops").mode(0o700);
        remote_file("/home/ops/.ssh/authorized_keys").content(&key).owner("ops").mode(0o600);
        remote_file("/etc/sudoers.d/ops").content("ops ALL=(ALL) NOPASSWD: ALL\n").mode(0o440);
        exec("echo bootstrapped by ${SUDO_USER:-root} >>/srv/by");
    };
    let configure =
        || exec("echo configured by ${SUDO_USER:-root} >>/srv/by").unless("grep -q configured /srv/by");
    let program = || {
        let group = GroupSpec::new("fresh").count(1);
        let group = group.phase("bootstrap", bootstrap.clone()).phase("configure", configure);
        pallet_runtime::main_of(move || pallet::Registry::builder().group(group.clone()).build())
    };
    let place = Place::new(&format!(
        "[admin-user]\nusername = \"ops\"\nprivate-key-path = \"{}\"\n\n[services.lab]\nprovider = \"node-list\"\n\
         nodes = [{{ name = \"fresh-1\", group = \"fresh\", address = \"{}\", image-user = \"root\" }}]\n",
        node.key_path().display(),
        node.address()
    ));
    let _ = place.run(program(), "converge --output json").expect(0);
    // Whoever locks the first account out is not locked out.
    node.check("rm /root/.ssh/authorized_keys");
    let again = place.run(program(), "converge --output json").expect(0);
    assert_eq!(again.number("changed"), 0, "{}", again.stdout);
    assert_eq!(node.check("cat /srv/by"), "bootstrapped by root\nconfigured by ops\n");
}
