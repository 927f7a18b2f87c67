//! Nodes that reach each other by name, for real.

use pallet::Registry;
use pallet::prelude::*;
use pallet_etc_hosts::{self as etc_hosts, EtcHosts, Settings};
use pallet_lab::Fleet;
use pallet_test::{OfflineNode, require};

group! { Web { count: 1, extends: [EtcHosts] } }
group! { Db { count: 1, extends: [etc_hosts::server_spec(Settings::new().domain("lab.internal"))] } }

#[test]
fn nodes_know_each_other_by_name() {
    require!("nodes");
    let fleet = Fleet::start(&[("web", 1), ("db", 1)]);
    let registry = || Registry::builder().group(Web::spec()).group(Db::spec()).build().expect("valid groups");
    fleet.converge(registry()).summary();
    fleet.node("web-1").check("getent ahostsv4 db-1");
    assert!(fleet.node("db-1").check("getent hosts web-1").contains("web-1.lab.internal"));
    fleet.node("web-1").check("getent ahostsv4 localhost");
    assert_eq!(fleet.converge(registry()).summary().counts.changed, 0);

    // Another domain, for the one group that has one.
    let db = GroupSpec::new("db").count(1);
    let db = db.extends(etc_hosts::server_spec(Settings::new().domain("lab.example")));
    let moved = Registry::builder().group(Web::spec()).group(db).build().expect("valid groups");
    let moved = fleet.converge(moved);
    assert_eq!(moved.changed(), [("db-1".to_owned(), "hosts pallet-nodes".to_owned())]);
    assert!(fleet.node("db-1").check("getent hosts web-1").contains("web-1.lab.example"));
}

#[test]
fn what_is_no_domain_is_refused() {
    for domain in ["", "a b", "a..b", "-\n"] {
        let settings = Settings::new().domain(domain);
        let refused = OfflineNode::new("debian-12").try_plan(|| etc_hosts::configure(&settings));
        assert!(refused.expect_err(domain).join("\n").contains("is no domain"));
    }
}

#[test]
fn a_node_is_known_by_its_name_in_the_domain() {
    let node = OfflineNode::new("debian-12").file("/etc/hosts", "127.0.0.1 localhost\n");
    let plan = node.plan(|| etc_hosts::configure(&Settings::new().domain("lab.internal")));
    assert_eq!(plan.lines().len(), 1, "{:?}", plan.lines());
    let line = "192.0.2.1 node-1.lab.internal node-1\n";
    assert!(plan.script().is_some_and(|script| script.contains(line)), "{:?}", plan.script());
}
