//! A crate in which pallet has another name, and whose lints are strict.
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]

#[path = "support/rustc.rs"]
mod rustc;

mod reexports {
    //! As a company's own prelude would have it.
    pub(crate) use pallet as infra;
}

use pallet::graph;
use pallet::prelude::*;
use pallet::{Context, DefinesPhase, DefinesServerSpec, RunnablePhase};

/// Installs one package.
#[phase(crate = reexports::infra)]
pub fn install(node: &Node, #[arg] name: &str) -> Result {
    let name: String = name.parse()?;
    package(name).comment(node.hostname());
    Ok(())
}

/// Installs what every node needs.
#[phase(crate = crate::reexports::infra)]
pub fn base() {
    package("curl");
}

node_spec! {
    crate = reexports::infra;
    /// A small node.
    pub Small { hardware: { memory: 512 MiB, vram: 16 }, image: { os_family: debian } }
}

server_spec! {
    crate = reexports::infra;
    /// What all servers are.
    pub Base { configure: base, phases: { more: install("git") }, node_spec: Small }
}

group! {
    crate = reexports::infra;
    /// Some servers.
    pub Servers { count: 1, extends: [Base], network: [nat] }
}

cluster! {
    crate = reexports::infra;
    /// All of them.
    pub Site { groups: [Servers] }
}

#[test]
fn a_renamed_pallet_is_found() {
    let built = graph::build(&Context::example(), || {
        base();
        install("git").expect("no error");
        <base as RunnablePhase>::run().expect("no error");
    });
    assert_eq!(built.expect("a graph").graph.len(), 3);
    assert_eq!(<Base as DefinesServerSpec>::DEF.name(), "Base");
    assert_eq!(<install as DefinesPhase>::DEF.get_doc(), "Installs one package.");
    assert_eq!(Site::spec().groups().len(), 1);
    assert_eq!(Servers::spec().resolve().expect("a valid group").count, Some(1));
}

/// A crate whose `Cargo.toml` says `infra = { package = "pallet", … }`.
const RENAMED: &str = r#"
    use infra::prelude::*;

    #[phase(crate = infra)]
    fn web(node: &Node, #[arg] port: u16) -> Result {
        let page = remote_file("/srv/port").template("{{ port }}", context! { port }).comment(node.hostname());
        service("nginx").reload_when_changed(page);
        Ok(())
    }

    #[phase(crate = infra)]
    fn base() {}

    node_spec! { crate = infra; Small { image: { os_family: debian }, hardware: { memory: 1 GiB, vram: 16 } } }
    server_spec! { crate = infra; Base { configure: base } }
    server_spec! { crate = infra; Web { extends: [Base], configure: web(80), node_spec: Small } }
    group! { crate = infra; Servers { extends: [Web], network: [nat(forward 8080 => 80)] } }
    cluster! { crate = infra; Site { groups: [Servers] } }
"#;

#[test]
fn a_renamed_dependency_is_found() {
    let rustc = rustc::Rustc::new();
    assert_eq!(rustc.errors("infra", RENAMED), [""; 0]);
    let errors = rustc.errors("infra", &RENAMED.replace("#[phase(crate = infra)]", "#[phase]"));
    assert!(
        errors.iter().any(|error| error.contains("`pallet`")),
        "there is no pallet by that name: {errors:?}"
    );
}
