//! Rules of several specs on one node, for real.

use pallet::Registry;
use pallet::actions::SudoRule;
use pallet::prelude::*;
use pallet_lab::Fleet;
use pallet_sudoers::{self as rules, Rules, Sudoers};
use pallet_test::require;

server_spec! { Deployed { extends: [Sudoers], settings: deployers } }
server_spec! { Backed { extends: [Sudoers], settings: backups } }
group! { Node { name: "node", count: 1, extends: [Deployed, Backed], bootstrap: accounts } }

#[phase]
fn accounts() {
    user("deploy");
    user("backup-er");
}

#[phase]
fn deployers() {
    let rule = SudoRule::user("deploy").commands(["/usr/bin/id"]).nopasswd();
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
}
