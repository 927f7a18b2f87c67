//! nginx for real: installed, asked over HTTP and HTTPS, configured again, changed.

use pallet::Registry;
use pallet::prelude::*;
use pallet_lab::Fleet;
use pallet_nginx::{self as nginx, Settings, Site, Tls, Upstream};
use pallet_test::require;
use std::sync::atomic::{AtomicU16, Ordering};

/// What the second run changes: the port of the site that is passed on.
static PORT: AtomicU16 = AtomicU16::new(80);

/// nginx answers a reload before its new processes have taken over.
const CURL: &str = "curl -sS --max-time 10 --fail --retry 10 --retry-delay 1 --retry-all-errors";

group! { Apps { name: "app", count: 1, configure: app } }
group! { Front { name: "front", count: 1, configure: front } }

#[phase]
fn app(node: &Node) -> Result {
    let port = PORT.load(Ordering::SeqCst);
    let site = Site::new("app").port(port).text("/name", node.name().as_str());
    nginx::server(&Settings::new().site(site))
}

#[phase]
fn front(apps: NodesIn<Apps>) -> Result {
    directory("/srv/front pages");
    remote_file("/srv/front pages/index.html").content("<h1>front</h1>\n").mode(0o644);
    let plain = Site::new("plain").text("/", "plain").server_name("plain.example.org").port(8080);
    let front = Site::new("front")
        .server_name("front.example.org")
        .tls(Tls::self_signed())
        .static_files("/", "/srv/front pages")
        .proxy("/name", Upstream::nodes(apps.iter(), PORT.load(Ordering::SeqCst)));
    nginx::server(&Settings::new().site(plain).site(front))
}

fn registry() -> Registry {
    Registry::builder().group(Apps::spec()).group(Front::spec()).build().expect("valid groups")
}

#[test]
fn sites_are_served_passed_on_and_changed() {
    require!("nodes");
    let fleet = Fleet::start(&[("app", 1), ("front", 1)]);
    fleet.converge(registry()).summary();
    let node = fleet.node("front-1");
    let ask = "curl -sS --max-time 10 --fail --retry 10 --retry-delay 1 --retry-all-errors --resolve front.example.org:443:127.0.0.1 --cacert /etc/nginx/tls/front.crt";
    assert_eq!(node.check(&format!("{ask} https://front.example.org/")), "<h1>front</h1>\n");
    assert_eq!(node.check(&format!("{ask} https://front.example.org/name")), "app-1");
    let redirected =
        format!("{CURL} -o /dev/null -w '%{{redirect_url}}' -H 'Host: front.example.org' http://127.0.0.1/x");
    assert_eq!(node.check(&redirected), "https://front.example.org/x");
    assert_eq!(node.check(&format!("{CURL} http://127.0.0.1:8080/")), "plain");
    assert_eq!(node.check("stat -c '%a %U' /etc/nginx/tls/front.key"), "600 root\n");

    // Nothing is left to do, and the plan knows that.
    let again = fleet.converge(registry());
    assert_eq!(
        (again.summary().counts.changed, again.summary().counts.failed),
        (0, 0),
        "{:?}",
        again.outcomes()
    );
    assert_eq!(fleet.plan(registry()).summary().counts.changed, 0);

    // Another port: on the app its site, on the front the site that names it, and on both a reload. Nothing else.
    PORT.store(81, Ordering::SeqCst);
    let changed = fleet.converge(registry());
    let changes = changed.changed();
    assert_eq!(
        changes,
        [
            ("app-1".to_owned(), "remote-file /etc/nginx/sites-available/app".to_owned()),
            ("app-1".to_owned(), "service nginx".to_owned()),
            ("front-1".to_owned(), "remote-file /etc/nginx/sites-available/front".to_owned()),
            ("front-1".to_owned(), "service nginx".to_owned()),
        ]
    );
    assert_eq!(node.check(&format!("{ask} https://front.example.org/name")), "app-1");

    // Two sites that are right each, and contradict each other.
    let twice = Registry::builder()
        .group(GroupSpec::new("front").count(1).phase("configure", || {
            let site = |name| Site::new(name).port(8081).default_server();
            nginx::server(&Settings::new().site(site("one")).site(site("two")))
        }))
        .build();
    let refused = fleet.converge(twice.expect("a valid group"));
    let said = format!("{}\n{}", refused.troubles().join("\n"), refused.output().join("\n"));
    assert!(refused.result.is_err() && said.contains("duplicate default server"), "{said}");
    // It is still there in the next run, and found before anything is done.
    let refused = fleet.converge(registry());
    assert!(
        refused.troubles().join("\n").contains("does not accept its configuration"),
        "{:?}",
        refused.troubles()
    );
    node.check("rm /etc/nginx/sites-enabled/one /etc/nginx/sites-enabled/two");
    fleet.converge(registry()).summary();

    // A site that nginx does not accept never goes live.
    let before = node.check("sha256sum </etc/nginx/sites-available/plain");
    let broken = Registry::builder()
        .group(GroupSpec::new("front").count(1).phase("configure", || {
            nginx::server(&Settings::new().site(Site::new("plain").directives("no_such_directive on;")))
        }))
        .build();
    let refused = fleet.converge(broken.expect("a valid group"));
    assert!(refused.result.is_err());
    let said = format!("{}\n{}", refused.troubles().join("\n"), refused.output().join("\n"));
    assert!(said.contains("no_such_directive"), "{said}");
    assert_eq!(node.check("sha256sum </etc/nginx/sites-available/plain"), before);
    assert_eq!(node.check(&format!("{CURL} http://127.0.0.1:8080/")), "plain");
}
