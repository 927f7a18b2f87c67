//! The macros of pallet: source in, calls on `pallet` out.
//!
//! This crate knows the names of `pallet`'s items and nothing else of it. Each macro goes through the same
//! stages, one a file: parse (as written), check (into the model), expand. Mistakes are collected on the way and
//! all reported at once; what was right is expanded all the same, so that one mistake is one error.
//!
//! The documentation of the macros sits on their re-exports in `pallet`, where its examples can name the library.
//! Editors look for it at the macros themselves, so its first words are there, and for editors only: rustdoc would
//! print them a second time.

mod diagnostics;
mod literals;
mod messages;
mod phase;
mod rules;
mod spans;
mod spec;
mod syntax;
#[cfg(test)]
mod tests;

use crate::spec::Kind;
use proc_macro::TokenStream;

#[cfg_attr(rust_analyzer, doc = "Makes a function a phase: what it says is done to a node.")]
#[allow(missing_docs)]
#[proc_macro_attribute]
pub fn phase(arguments: TokenStream, item: TokenStream) -> TokenStream {
    phase::attribute(arguments.into(), item.into()).into()
}

#[cfg_attr(
    rust_analyzer,
    doc = "Defines a server spec: phases, roles and requirements, as a bundle that others extend."
)]
#[allow(missing_docs)]
#[proc_macro]
pub fn server_spec(input: TokenStream) -> TokenStream {
    spec::define(Kind::ServerSpec, input.into()).into()
}

#[cfg_attr(rust_analyzer, doc = "Defines a group: a named set of identical nodes.")]
#[allow(missing_docs)]
#[proc_macro]
pub fn group(input: TokenStream) -> TokenStream {
    spec::define(Kind::Group, input.into()).into()
}

#[cfg_attr(rust_analyzer, doc = "Defines a node spec: from what a node is made.")]
#[allow(missing_docs)]
#[proc_macro]
pub fn node_spec(input: TokenStream) -> TokenStream {
    spec::define(Kind::NodeSpec, input.into()).into()
}

#[cfg_attr(rust_analyzer, doc = "Defines a cluster: several groups under one name, with what they share.")]
#[allow(missing_docs)]
#[proc_macro]
pub fn cluster(input: TokenStream) -> TokenStream {
    spec::define(Kind::Cluster, input.into()).into()
}
