//! Rules of several specs on one node, for real; and plans on paper.

use pallet::Registry;
use pallet::actions::SudoRule;
use pallet::prelude::*;
use pallet_lab::Fleet;
use pallet_sudoers::{self as rules, Rules, Sudoers};
use pallet_test::{OfflineNode, require};
use std::sync::atomic::{AtomicBool, Ordering};

server_spec! { Deployed { extends: [Sudoers], settings: deployers } }
server_spec! { Backed { extends: [Sudoers], settings: backups } }
group! { Node { name: "node", count: 1, extends: [Deployed, Backed], bootstrap: accounts } }

#[phase]
fn accounts() {
    user("deploy");
    user("backup-er");
}

/// Whether those who deploy may do more than at first.
static MORE: AtomicBool = AtomicBool::new(false);

#[phase]
fn deployers() {
    let commands =
        if MORE.load(Ordering::SeqCst) { vec!["/usr/bin/id", "/usr/bin/true"] } else { vec!["/usr/bin/id"] };
    let rule = SudoRule::user("deploy").commands(commands).nopasswd();
    rules::add("deploy", Rules::new().rule(rule).defaults("!requiretty"));
}

#[phase]
fn backups() {
    rules::add(
        "backups",
        Rules::new().rule(SudoRule::user("backup-er").commands(["/usr/bin/true"]).nopasswd()),
    );
}

#[test]
fn each_spec_adds_its_own() {
    require!("nodes");
    let fleet = Fleet::start(&[("node", 1)]);
    let registry = || Registry::builder().group(Node::spec()).build().expect("a valid group");
    fleet.converge(registry()).summary();
    let node = fleet.node("node-1");
    assert_eq!(node.check("runuser -u deploy -- sudo -n id -u"), "0\n");
    node.check("runuser -u backup-er -- sudo -n true");
    assert!(!node.run("runuser -u backup-er -- sudo -n id -u").succeeded(), "the rule of another spec");
    assert_eq!(fleet.converge(registry()).summary().counts.changed, 0);

    // One more command, in the file of those who may.
    MORE.store(true, Ordering::SeqCst);
    let changed = fleet.converge(registry());
    assert_eq!(changed.changed(), [("node-1".to_owned(), "sudoers deploy".to_owned())]);
    node.check("runuser -u deploy -- sudo -n true");
}

#[test]
fn each_name_is_a_file() {
    let node = OfflineNode::new("debian-12").directory("/etc/sudoers.d").package("sudo");
    let rule = || SudoRule::user("ana").commands(["/usr/bin/id"]);
    let plan = node
        .clone()
        .settings(move || rules::add("ops", Rules::new().rule(rule().nopasswd()).defaults("!requiretty")))
        .settings(|| rules::add("old", Rules::absent()))
        .settings(move || rules::add("ana", Rules::new().rule(SudoRule::user("bob"))))
        // Under the same name: the last word counts.
        .settings(move || rules::add("ana", Rules::new().rule(rule())))
        .plan(rules::configure);
    assert_eq!(
        plan.lines(),
        [
            "unchanged package sudo",
            "change sudoers ana: /etc/sudoers.d/ana created",
            "unchanged sudoers old",
            "change sudoers ops: /etc/sudoers.d/ops created"
        ]
    );
    let file = |name: &str| plan.content(&format!("/etc/sudoers.d/{name}")).expect("a file");
    assert_eq!(file("ana"), "# Written by pallet.\nana ALL = (ALL:ALL) /usr/bin/id\n");
    assert_eq!(
        file("ops"),
        "# Written by pallet.\nDefaults !requiretty\nana ALL = (ALL:ALL) NOPASSWD: /usr/bin/id\n"
    );
    // Nothing was added here, nor by the node above.
    assert_eq!(node.plan(rules::configure).lines(), ["unchanged package sudo"]);
}

#[test]
fn rules_are_added_as_settings_only() {
    let node = OfflineNode::new("debian-12");
    let refused = node.try_plan(|| rules::add("ops", Rules::new())).expect_err("another phase");
    assert!(refused.join("\n").contains("in the `settings` phase only"), "{refused:?}");
}
