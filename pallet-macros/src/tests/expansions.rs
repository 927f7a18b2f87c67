//! The expansions that are checked in, one a file, each after the source it comes from.

use super::expand;
use std::fs;
use std::path::Path;

/// Set to write the expected files instead of comparing with them.
const UPDATE: &str = "PALLET_UPDATE_EXPECTED";

#[track_caller]
fn check(name: &str, source: &str) {
    let source = source.trim();
    let file: syn::File = syn::parse2(expand(source)).expect("the expansion is Rust");
    let commented: String =
        source.lines().map(|line| format!("// {line}").trim_end().to_owned() + "\n").collect();
    let actual = format!("{commented}\n{}", prettyplease::unparse(&file));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expansions").join(format!("{name}.rs"));
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, actual).expect("the expectation can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{} differs; {UPDATE}=1 writes it anew", path.display());
}

#[test]
fn phase() {
    check(
        "phase",
        r#"
#[phase]
/// Serves the application.
///
/// Behind nginx.
pub fn web(node: &Node, db: NodesIn<Databases>, #[arg] port: u16) -> Result {
    let nginx = package("nginx");
    service("nginx").running().after(nginx);
    Ok(())
}
"#,
    );
}

#[test]
fn phase_without_arguments() {
    check(
        "phase_without_arguments",
        r#"
#[phase(crate = infra::pallet)]
#[cfg(unix)]
fn base() {
    package("curl");
}
"#,
    );
}

#[test]
fn phase_refused() {
    check(
        "phase_refused",
        r#"
#[phase]
pub async fn web(node: &Node, #[arg] port: u16) -> Result {
    package("nginx");
    Ok(())
}
"#,
    );
}

#[test]
fn server_spec() {
    check(
        "server_spec",
        r#"
server_spec! {
    /// A web server.
    pub Web {
        extends: [BaseNode, nginx::NginxServer, git::server_spec(2)],
        roles: [web, "app-server"],
        settings: web_settings,
        configure: web,
        phases: { restart: restart_web, tune: tune(8), "pre-configure": || drain() },
        default_phases: [configure],
        node_spec: Small,
        hardware: { memory: 2 GiB, vram: 16 },
    }
}
"#,
    );
}

#[test]
fn group() {
    check(
        "group",
        r#"
group! {
    pub WebServers {
        count: 2,
        image: { os_family: debian, os_version: ">= 12" },
        hardware: { memory: 1024 MiB, cpus: 2 },
        network: [management(host_only), nat(forward 8080 => 80)],
        extends: [Web],
        protect: true,
    }
}
"#,
    );
}

#[test]
fn node_spec() {
    check(
        "node_spec",
        r#"
node_spec! {
    pub Small {
        image: {
            path: "/srv/images/debian-12.vdi",
            os_family: debian,
            os_type: "Debian12_64",
            username: "admin",
            password: (read_password()),
        },
        hardware: small,
        network: local,
    }
}
"#,
    );
}

#[test]
fn cluster() {
    check(
        "cluster",
        r#"
cluster! {
    pub Site {
        groups: [WebServers, Databases],
        extends: [Monitored],
        roles: [site],
        node_spec: (small_nodes()),
    }
}
"#,
    );
}

#[test]
fn what_is_wrong_is_left_out_and_the_rest_stays() {
    check(
        "group_with_mistakes",
        r#"
group! {
    pub WebServers {
        cuont: 2,
        hardware: { memory: 1024 },
        extends: [Web],
    }
}
"#,
    );
}

#[test]
fn a_renamed_pallet_is_named_everywhere() {
    let sources = [
        "#[phase(crate = infra)] pub fn web(node: &Node, #[arg] port: u16) -> Result { }",
        "#[phase(crate = infra)] fn base() { }",
        "#[phase(crate = infra)] async fn refused() { }",
        "server_spec! { crate = infra; Web { extends: [A], configure: b, node_spec: C, image: { os_family: debian } } }",
        "group! { crate = infra; Web { count: 1, hardware: { memory: 1 GiB, x: { y: [1] } }, network: [nat(forward 1 => 2)] } }",
        "node_spec! { crate = infra; S { image: { path: \"/x\", username: \"u\" }, network: bridged(\"e\") } }",
        "cluster! { crate = infra; S { groups: [A], extends: [B], settings: c(1) } }",
    ];
    for source in sources {
        let expansion = expand(source).to_string();
        let words: Vec<&str> = expansion.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        assert!(words.contains(&"infra"), "{expansion}");
        assert!(!words.contains(&"pallet"), "{expansion}");
    }
}
