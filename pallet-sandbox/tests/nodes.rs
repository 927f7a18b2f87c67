//! Real nodes on this host. Needs root: without it every test shows as ignored, or fails if
//! `PALLET_TEST_REQUIRE=1`.

mod support;

use libtest_mimic::Arguments;
use pallet::compute::NodeState;
use support::{Lab, sh};

fn main() {
    let mut arguments = Arguments::from_args();
    // The tests compare the host before and after, so they take turns.
    arguments.test_threads = Some(1);
    let tests: [(&str, fn(&Lab)); 1] = [("nodes_side_by_side", nodes_side_by_side)];
    let trials = tests.into_iter().map(|(name, test)| support::trial(name, test)).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn nodes_side_by_side(lab: &Lab) {
    let nodes = lab.create(&["web-1", "web-2", "db-1"]);
    for node in &nodes {
        assert_eq!(node.state, NodeState::Running);
        assert_eq!(sh(node, "cat /proc/sys/kernel/hostname").trim(), node.name.as_str());
    }
}
