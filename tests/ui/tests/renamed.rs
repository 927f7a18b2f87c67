//! A crate in which pallet has another name, and whose lints are strict.
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]

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
