//! Nodes that cannot be used as they are, and requests that cannot be meant.

use pallet_test::nodes::{Node, PASSWORD};
use pallet_test::require;
use pallet_tests_e2e::cluster::{Cluster, program};
use std::process::Command;

/// Returns the message and the hint of why a node failed.
fn words(failure: &serde_json::Value) -> String {
    let text = |key: &str| failure[key].as_str().unwrap_or_default().to_owned();
    format!("{} / {}", text("message"), text("hint"))
}

fn fingerprint(host_key: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key.pub");
    std::fs::write(&file, host_key).expect("written");
    let output = Command::new("ssh-keygen").arg("-lf").arg(file).output().expect("ssh-keygen runs");
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn is_untouched(node: &Node) {
    node.check("[ ! -e /srv/e2e ] && [ ! -e /srv/e2e-before ] && [ ! -e /srv/bootstrap ] && [ ! -e /var/lib/pallet ]");
}

#[test]
fn logins_that_are_refused_say_what_was_tried() {
    require!("nodes", "ssh-keygen");
    let cluster = Cluster::start(1);
    let (node, key) = (cluster.web(1), cluster.web(1).key_path().to_owned());

    let stranger = cluster.place.path("stranger");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", ""]).arg("-f").arg(&stranger).status();
    assert!(made.expect("ssh-keygen runs").success());
    cluster.log_in(&stranger, "deploy", "");
    let said = words(&cluster.run("converge").expect(1).failure_of("webs-1"));
    assert!(said.contains("login as deploy refused; tried: key"), "{said}");
    assert!(said.contains("authorized_keys"), "{said}");

    cluster.log_in(&key, "withpass", "");
    let said = words(&cluster.run("converge").expect(1).failure_of("webs-1"));
    assert!(said.contains("sudo") && said.contains("password") && said.contains("NOPASSWD"), "{said}");

    cluster.log_in(&key, "withpass", "sudo-password = \"wrong\"");
    let said = words(&cluster.run("converge").expect(1).failure_of("webs-1"));
    assert!(said.contains("password"), "{said}");
    is_untouched(node);

    cluster.log_in(&key, "withpass", &format!("sudo-password = \"{PASSWORD}\""));
    cluster.converge_to_the_end();
    cluster.log_in(&key, "root", "");
    assert_eq!(cluster.run("converge").expect(0).number("changed"), 0);

    let before = fingerprint(&node.host_key());
    node.check("rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh");
    let after = fingerprint(&node.host_key());
    let said = words(&cluster.run("converge").expect(1).failure_of("webs-1"));
    assert_ne!(before, after);
    assert!(said.contains(&before) && said.contains(&after), "{before} and {after}: {said}");
}

#[test]
fn a_node_without_what_is_needed_fails_before_anything_is_done_there() {
    require!("nodes");
    let cluster = Cluster::start(2);
    let (whole, lacking) = (cluster.web(1), cluster.web(2));
    lacking.check("mv /usr/bin/sha256sum /usr/bin/gone");
    let failed = cluster.run("converge --require-all").expect(1);
    let said = words(&failed.failure_of("webs-2"));
    assert!(said.contains("the node lacks sha256sum"), "{said}");
    for node in [cluster.database(), whole, lacking] {
        is_untouched(node);
    }

    let failed = cluster.run("converge").expect(1);
    assert_eq!(failed.summary()["failed_nodes"].to_string(), r#"["webs-2"]"#);
    is_untouched(lacking);

    lacking.check("mv /usr/bin/gone /usr/bin/sha256sum");
    cluster.converge_to_the_end();
}

#[test]
fn a_dead_host_fails_alone() {
    require!("nodes");
    let cluster = Cluster::start(2);
    cluster.web(2).check(
        "systemctl stop ssh.socket ssh.service 2>/dev/null; systemctl kill ssh.service 2>/dev/null; true",
    );
    let failed = cluster.run("converge").expect(1);
    assert_eq!(failed.summary()["failed_nodes"].to_string(), r#"["webs-2"]"#);
    assert!(failed.summary()["changed"].as_u64() > Some(0), "the others are configured all the same");
    let said = words(&failed.failure_of("webs-2"));
    assert!(said.contains(&cluster.web(2).address().to_string()), "{said}");
    cluster.web(2).check("systemctl start ssh");
    cluster.converge_to_the_end();
}

#[test]
fn what_is_wrong_with_a_request_is_said_before_anything_is_touched() {
    require!("nodes");
    let cluster = Cluster::start(1);
    let refused = |line: &str, words: &[&str]| {
        let refused = cluster.place.run(program(), line).expect(2);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        for word in words {
            assert!(said.contains(word), "{line}: {word} in {said}");
        }
        is_untouched(cluster.web(1));
    };
    refused("converge webs=3", &["does not create any", "group `webs` wants 3 nodes", "pallet.toml"]);
    refused("converge", &["webs has no count", "cluster.rs:"]);
    refused("converge wbes=1", &["wbes", "webs"]);
    refused("converge webs=1 --phase configrue", &["configrue", "configure"]);
    refused("converge webs=0 --yes", &["webs-1"]);
    refused("destroy --yes", &["webs-1"]);
    refused("converge webs=1 --service lba", &["lba", "lab"]);
    refused("converge webs=1 --identity-file nowhere", &["nowhere"]);
    cluster.place.write("pallet.toml", "[services.lab]\nprovider = \"node-list\"\nnodse = []\n");
    refused("converge webs=1", &["nodse", "nodes", "pallet.toml:3"]);
}
