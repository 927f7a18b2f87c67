//! A cache and a node that installs through it, for real; and plans on paper.

use pallet::Registry;
use pallet::facts::{Facts, InterfaceAddress};
use pallet::prelude::*;
use pallet_apt_cacher_ng::{self as cache, Settings};
use pallet_lab::Fleet;
use pallet_test::{OfflineNode, require};
use std::net::IpAddr;

group! { Cache { count: 1, extends: [cache::server_spec(Settings::new().port(3143).pass_through(".*:443$"))] } }
group! { Client { count: 1, configure: through_the_cache } }

#[phase]
fn through_the_cache(caches: NodesIn<Cache>) -> Result {
    cache::client(caches.first()?.private_ip(), 3143);
    package_manager().update();
    package("tree");
    Ok(())
}

#[test]
fn packages_come_through_the_cache() {
    require!("nodes");
    let fleet = Fleet::start(&[("cache", 1), ("client", 1)]);
    let only = |group| Registry::builder().group(group).build().expect("a valid group");
    fleet.converge(only(Cache::spec())).summary();
    let both =
        || Registry::builder().group(Cache::spec()).group(Client::spec()).build().expect("valid groups");
    let report = fleet.converge(both());
    report.summary();
    fleet.node("client-1").check("tree --version");
    let report = "curl -sS --fail --max-time 10 http://127.0.0.1:3143/acng-report.html";
    assert!(fleet.node("cache-1").check(report).contains("Apt-Cacher"));
    // What the mirror serves by HTTPS is passed through, and not kept.
    let by_http = "grep -rqsE '^[^#]*http://' /etc/apt/sources.list /etc/apt/sources.list.d";
    if fleet.node("client-1").run(by_http).succeeded() {
        fleet.node("cache-1").check("find /var/cache/apt-cacher-ng -name '*Release*' | grep -q .");
    }
    assert_eq!(fleet.converge(both()).summary().counts.changed, 0);

    // Another setting: its file, and a restart.
    let settings = Settings::new().port(3143).pass_through(".*:443$").option("ExThreshold", 5);
    let changed =
        fleet.converge(only(GroupSpec::new("cache").count(1).extends(cache::server_spec(settings))));
    let on = |what: &str| ("cache-1".to_owned(), what.to_owned());
    assert_eq!(
        changed.changed(),
        [on("remote-file /etc/apt-cacher-ng/zz_pallet.conf"), on("service apt-cacher-ng")]
    );
    fleet.node("client-1").check("apt-get -qq update");
}

#[test]
fn a_setting_changes_the_file_and_restarts_the_cache() {
    const FILE: &str = "/etc/apt-cacher-ng/zz_pallet.conf";
    let node = OfflineNode::new("debian-12").directory("/etc/apt-cacher-ng").package("apt-cacher-ng");
    let node = node.running("apt-cacher-ng").file(FILE, "Port: 3142\n");
    let verdicts = |settings: Settings| {
        let plan = node.plan(|| cache::server(&settings));
        let verdict = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
        (plan.lines().iter().map(verdict).collect::<Vec<_>>(), plan.content(FILE))
    };
    assert_eq!(verdicts(Settings::new()).0, ["unchanged"; 3]);
    let changed = Settings::new()
        .port(3143)
        .bind([127, 0, 0, 1].into())
        .pass_through(".*:443$")
        .option("ExThreshold", 4);
    let (lines, content) = verdicts(changed);
    assert_eq!(lines, ["unchanged", "change", "change"]);
    let expected = "Port: 3143\nBindAddress: 127.0.0.1\nPassThroughPattern: .*:443$\nExThreshold: 4\n";
    assert_eq!(content.as_deref(), Some(expected));
}

/// Names the host, so that the plan shows it.
#[phase]
fn host_as_seen(node: &Node) -> Result {
    exec(format!("/{}", cache::host_of(node)?));
    Ok(())
}

#[test]
fn the_host_is_where_the_network_says() {
    let host = |address: [u8; 4], prefix| {
        let address = IpAddr::from(address);
        let interfaces = vec![InterfaceAddress { interface: "eth0".to_owned(), address, prefix }];
        let node = OfflineNode::with_facts(Facts { interfaces, ..Facts::example() });
        node.try_plan(host_as_seen).map(|plan| plan.lines())
    };
    assert!(host([192, 168, 56, 101], 24).is_ok_and(|lines| lines[0].contains("/192.168.56.1")));
    assert!(host([10, 0, 2, 15], 24).is_ok_and(|lines| lines[0].contains("/10.0.2.2")));
    assert!(host([203, 0, 113, 5], 24).is_err_and(|why| why[0].contains("give the cache's address itself")));
}

#[test]
fn mistakes_are_found_when_the_plan_is_made() {
    for (settings, expected) in [
        (Settings::new().port(0), "expected 1 to 65535"),
        (Settings::new().option("a b", 1), "is no option of the cache"),
        (Settings::new().option("ExThreshold", "1\n2"), "is no option of the cache"),
    ] {
        let refused =
            OfflineNode::new("debian-12").try_plan(|| cache::server(&settings)).expect_err(expected);
        assert!(refused.join("\n").contains(expected), "{refused:?}");
    }
    let refused = OfflineNode::new("alpine-3.20").try_plan(|| cache::server(&Settings::new()));
    assert!(refused.expect_err("no package").join("\n").contains("alpine"));
}
