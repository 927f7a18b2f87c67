//! Settings and facts, and the plan that they give. Nothing is contacted.

use __crate__::{self as __name_ident__, Settings};
use pallet_test::OfflineNode;

fn node() -> OfflineNode {
    OfflineNode::new("debian-12")
        .package("rsync")
        .running("rsync")
        .directory("/etc")
        .directory("/srv")
}

#[test]
fn the_file_has_the_settings() {
    let settings = Settings::new()
        .port(8730)
        .max_connections(3)
        .share("docs", "/srv/docs");
    let plan = node().plan(|| __name_ident__::server(&settings));
    let text = plan.content("/etc/rsyncd.conf").expect("a file");
    assert_eq!(
        text,
        "port = 8730\nmax connections = 3\n\n[docs]\npath = /srv/docs\nread only = true\n"
    );
}

#[test]
fn a_node_that_is_as_declared_is_left_alone() {
    let node = node().file("/etc/rsyncd.conf", "port = 873\n");
    let lines = node.plan(|| __name_ident__::server(&Settings::new())).lines();
    assert!(
        lines.iter().all(|line| line.starts_with("unchanged")),
        "{lines:?}"
    );
}

#[test]
fn mistakes_are_found_when_the_plan_is_made() {
    for (settings, expected) in [
        (Settings::new().port(0), "expected 1 to 65535"),
        (Settings::new().max_connections(0), "expected at least 1"),
        (
            Settings::new().share("a b", "/srv"),
            "cannot be the name of a share",
        ),
        (Settings::new().share("docs", "srv"), "is not absolute"),
    ] {
        let refused = node()
            .try_plan(|| __name_ident__::server(&settings))
            .expect_err(expected);
        assert!(
            refused.join("\n").contains(expected),
            "{refused:?}: expected {expected}"
        );
    }
}

#[test]
fn a_spec_publishes_its_settings() {
    let spec = __name_ident__::server_spec(Settings::new())
        .resolve()
        .expect("a valid spec");
    assert_eq!(
        spec.phases
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["configure", "settings"]
    );
}
