//! sshd with settings and nodes that know each other, for real; and plans on paper.

use pallet::Registry;
use pallet::prelude::*;
use pallet_lab::Fleet;
use pallet_ssh::{self as ssh, KnowEachOther, RootLogin, Settings};
use pallet_test::{OfflineNode, require};

fn hardened() -> Settings {
    Settings::new().passwords(false).root_login(RootLogin::KeysOnly).option("MaxAuthTries", 4)
}

group! { Node { name: "node", count: 2, extends: [ssh::server_spec(hardened()), KnowEachOther], configure: keys } }

/// Lets root of each node log in to the others.
#[phase]
fn keys() {
    ssh_key("root");
}

#[test]
fn settings_are_in_force_and_nodes_know_each_other() {
    require!("nodes");
    let fleet = Fleet::start(&[("node", 2)]);
    let registry = || Registry::builder().group(Node::spec()).build().expect("a valid group");
    fleet.converge(registry()).summary();
    let (one, two) = (fleet.node("node-1"), fleet.node("node-2"));
    let effective =
        one.check("sshd -T | grep -E '^(passwordauthentication|permitrootlogin|maxauthtries) ' | sort");
    assert_eq!(effective, "maxauthtries 4\npasswordauthentication no\npermitrootlogin without-password\n");

    // Nobody is asked whether the key is the right one.
    two.check(&format!(
        "echo '{}' >>/root/.ssh/authorized_keys",
        one.check("cat /root/.ssh/id_ed25519.pub").trim()
    ));
    let login = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o HashKnownHosts=no";
    assert_eq!(one.check(&format!("{login} {} hostname", two.address())), two.check("hostname"));
    assert_eq!(fleet.converge(registry()).summary().counts.changed, 0);

    // Another setting: its file, and a reload.
    let stricter =
        GroupSpec::new("node").count(2).extends(ssh::server_spec(hardened().option("MaxAuthTries", 3)));
    let stricter = fleet.converge(Registry::builder().group(stricter).build().expect("a valid group"));
    let on = |node: &str, what: &str| (node.to_owned(), what.to_owned());
    let file = "remote-file /etc/ssh/sshd_config.d/00-pallet.conf";
    assert_eq!(
        stricter.changed(),
        [on("node-1", file), on("node-1", "service ssh"), on("node-2", file), on("node-2", "service ssh")]
    );
    assert_eq!(one.check("sshd -T | grep -x 'maxauthtries .*'"), "maxauthtries 3\n");

    // What sshd does not accept never goes live.
    let before = one.check("cat /etc/ssh/sshd_config.d/00-pallet.conf");
    let broken = GroupSpec::new("node")
        .count(2)
        .phase("configure", || ssh::server(&hardened().option("NoSuchKeyword", "yes")));
    let refused = fleet.converge(Registry::builder().group(broken).build().expect("a valid group"));
    assert!(refused.result.is_err());
    assert!(refused.output().join("\n").to_lowercase().contains("nosuchkeyword"), "{:?}", refused.output());
    assert_eq!(one.check("cat /etc/ssh/sshd_config.d/00-pallet.conf"), before);
}

#[test]
fn mistakes_are_found_when_the_plan_is_made() {
    for (settings, expected) in [
        (Settings::new().ports([22, 0]), "expected 1 to 65535"),
        (Settings::new().allow_users(["a b"]), "is no user that sshd could let in"),
        (Settings::new().option("A B", 1), "is no keyword"),
        (Settings::new().option("Banner", "a\nb"), "is more than a line"),
    ] {
        let refused = OfflineNode::new("debian-12").try_plan(|| ssh::server(&settings)).expect_err(expected);
        assert!(refused.join("\n").contains(expected), "{refused:?}");
    }
}

#[test]
fn the_file_has_the_settings() {
    let node = OfflineNode::new("debian-12").directory("/etc/ssh/sshd_config.d");
    let settings = hardened().ports([22, 2222]).allow_users(["ops", "deploy"]);
    let plan = node.plan(|| ssh::configure(&settings));
    assert_eq!(
        plan.content("/etc/ssh/sshd_config.d/00-pallet.conf").expect("a file"),
        "Port 22\nPort 2222\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nAllowUsers ops deploy\nMaxAuthTries 4\n"
    );
}
