//! Settings and facts, and the plan that they give. Nothing is contacted.

use pallet::facts::{Facts, Os, OsFamily};
use pallet_nginx::{self as nginx, Settings, Site, Tls, Upstream, Workers};
use pallet_test::OfflineNode;

fn node(system: &str) -> OfflineNode {
    [
        "/etc/nginx",
        "/etc/nginx/sites-available",
        "/etc/nginx/sites-enabled",
        "/etc/nginx/conf.d",
        "/etc/nginx/http.d",
    ]
    .into_iter()
    .fold(OfflineNode::new(system).package("nginx").running("nginx"), OfflineNode::directory)
}

fn content(system: &str, settings: &Settings, path: &str) -> String {
    let plan = node(system).plan(|| nginx::server(settings));
    plan.content(path).unwrap_or_else(|| panic!("no {path}: {:?}", plan.lines()))
}

#[test]
fn sites_go_where_the_distribution_looks_for_them() {
    let settings = Settings::new().site(Site::new("docs").static_files("/", "/srv/docs"));
    for (system, file, unwanted) in [
        ("debian-12", "/etc/nginx/sites-available/docs", "symbolic-link /etc/nginx/sites-enabled/default"),
        ("ubuntu-24.04", "/etc/nginx/sites-available/docs", "symbolic-link /etc/nginx/sites-enabled/default"),
        ("rocky-9", "/etc/nginx/conf.d/docs.conf", "file /etc/nginx/conf.d/default.conf"),
        ("fedora-41", "/etc/nginx/conf.d/docs.conf", "file /etc/nginx/conf.d/default.conf"),
        ("arch", "/etc/nginx/conf.d/docs.conf", "file /etc/nginx/conf.d/default.conf"),
        ("alpine-3.20", "/etc/nginx/http.d/docs.conf", "file /etc/nginx/http.d/default.conf"),
    ] {
        let plan = node(system).plan(|| nginx::server(&settings));
        let lines = plan.lines();
        assert_eq!(lines[0], "unchanged package nginx", "{system}");
        assert!(
            lines.iter().any(|line| line.starts_with(&format!("change remote-file {file}"))),
            "{system}: {lines:?}"
        );
        assert!(lines.contains(&format!("unchanged {unwanted}")), "{system}: {lines:?}");
        assert!(
            lines.last().is_some_and(|line| line.starts_with("change service nginx: reload")),
            "{lines:?}"
        );
    }
}

#[test]
fn other_systems_are_refused_by_name() {
    let refused = OfflineNode::with_facts(Facts {
        os: Os { family: OsFamily::Gentoo, ..Facts::example().os },
        ..Facts::example()
    })
    .try_plan(|| nginx::server(&Settings::new()))
    .expect_err("not supported");
    let message = refused.join("\n");
    assert!(message.contains("gentoo") && message.contains("debian-base"), "{message}");
}

#[test]
fn the_main_file_has_the_settings() {
    let settings = Settings::new()
        .workers(Workers::Exactly(3))
        .worker_connections(2048)
        .client_max_body_mib(64)
        .gzip(false)
        .http_directives("map_hash_bucket_size 128;");
    let text = content("debian-12", &settings, "/etc/nginx/nginx.conf");
    for line in [
        "user www-data;",
        "worker_processes 3;",
        "    worker_connections 2048;",
        "    client_max_body_size 64m;",
        "    gzip off;",
        "    server_tokens off;",
        "    map_hash_bucket_size 128;",
        "    include /etc/nginx/sites-enabled/*;",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(content("alpine-3.20", &settings, "/etc/nginx/nginx.conf").contains("user nginx;"));
}

#[test]
fn a_proxy_names_its_servers_in_one_order() {
    let servers = |order: [&str; 2]| Upstream::new(order.map(|text| text.parse().expect("an address")));
    let site = |upstream| Settings::new().site(Site::new("my-app").proxy("/", upstream));
    let one = site(servers(["10.0.0.2:80", "10.0.0.1:80"]));
    assert_eq!(one, site(servers(["10.0.0.1:80", "10.0.0.2:80"])));
    let text = content("debian-12", &one, "/etc/nginx/sites-available/my-app");
    let expected = "\
upstream my_2dapp_0 {
    server 10.0.0.1:80;
    server 10.0.0.2:80;
    keepalive 16;
}
server {
    listen 80;
    listen [::]:80;
    server_name _;
    location / {
        proxy_pass http://my_2dapp_0;
        proxy_http_version 1.1;
        proxy_set_header Connection \"\";
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
}
";
    assert_eq!(text, expected);
}

#[test]
fn tls_sends_requests_without_it_there() {
    let tls = Tls::given("-----BEGIN CERTIFICATE-----\nx\n", "the key");
    let site = Site::new("shop").server_name("shop.example.org").tls(tls).port(8443).text("/health", "well");
    let settings = Settings::new().site(site);
    let plan = node("debian-12").plan(|| nginx::server(&settings));
    let text = plan.content("/etc/nginx/sites-available/shop").expect("a site");
    assert!(
        text.contains("listen 8443 ssl;") && text.contains("return 301 https://$host:8443$request_uri;"),
        "{text}"
    );
    assert!(text.contains("ssl_certificate_key /etc/nginx/tls/shop.key;"), "{text}");
    let script = plan.script().expect("something to do");
    assert!(!script.contains("the key") && plan.content("/etc/nginx/tls/shop.key").is_none(), "{script}");
}

#[test]
fn mistakes_are_found_when_the_plan_is_made() {
    let site = || Site::new("app");
    let no_server: [std::net::SocketAddr; 0] = [];
    for (settings, expected) in [
        (Settings::new().workers(Workers::Exactly(0)), "workers of nginx: expected at least 1"),
        (Settings::new().worker_connections(0), "expected 1 to 1000000"),
        (Settings::new().site(Site::new("../etc")), "the name of a site has letters"),
        (Settings::new().site(site()).site(site()), "\"app\" of nginx is declared twice"),
        (Settings::new().site(site()).without_site("app"), "\"app\" of nginx is declared twice"),
        (Settings::new().without_site("a/b"), "the name of a site has letters"),
        (Settings::new().site(site().port(0)), "a port is 1 to 65535"),
        (Settings::new().site(site().http2()), "over TLS only"),
        (Settings::new().site(site().server_name("a b")), "\"a b\" is no host name"),
        (Settings::new().site(site().static_files("/", "srv")), "is not an absolute path"),
        (Settings::new().site(site().static_files("/", "/srv/$x")), "nginx takes `$` for the beginning"),
        (Settings::new().site(site().text("/", "a").text("/", "b")), "\"/\" is served twice"),
        (Settings::new().site(site().proxy("/", Upstream::new(no_server))), "does the group have nodes"),
        (Settings::new().site(site().tls(Tls::given("x", "y"))), "the certificate is not in PEM"),
    ] {
        let refused = node("debian-12").try_plan(|| nginx::server(&settings)).expect_err(expected);
        assert!(refused.join("\n").contains(expected), "{refused:?}: expected {expected}");
    }
}

#[test]
fn a_node_without_nginx_gets_everything() {
    let settings = Settings::new().site(Site::new("docs").static_files("/", "/srv/docs"));
    let lines = OfflineNode::new("debian-12").plan(|| nginx::server(&settings)).lines();
    assert_eq!(lines[0], "change package nginx: install nginx");
    // The check changes nothing, whatever it finds.
    let unsure = |line: &String| line.starts_with("unknown") || line == "unchanged nginx-check /etc/nginx";
    assert!(lines[1..].iter().all(unsure), "{lines:?}");
}

#[test]
fn a_spec_publishes_its_settings() {
    let spec = nginx::server_spec(Settings::new()).resolve().expect("a valid spec");
    assert_eq!(spec.phases.keys().map(ToString::to_string).collect::<Vec<_>>(), ["configure", "settings"]);
}
