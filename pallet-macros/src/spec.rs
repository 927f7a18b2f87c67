//! The function-like macros: `server_spec!`, `group!`, `node_spec!` and `cluster!`.
//!
//! They are one macro with four tables of keys. A spec is read as written ([`Item`]), checked into a [`Spec`], and
//! expanded to a unit struct, its definition, a function that builds it through the same builder that users
//! have, and its registration.

mod check;
mod expand;
mod hardware;
mod image;
mod keys;
mod model;
mod network;
mod phases;

use crate::diagnostics::reporting;
use crate::syntax::Item;
use proc_macro2::TokenStream;

pub(crate) use expand::place;
pub(crate) use keys::Kind;
#[cfg(test)]
pub(crate) use keys::{HARDWARE_BLOCK, IMAGE_BLOCK, Keys};
#[cfg(test)]
pub(crate) use network::{ADAPTERS, NETWORKS};

/// Expands one item. Keys that are wrong are reported and left out, so that what the others name is still
/// resolved by the compiler and by editors.
pub(crate) fn define(kind: Kind, input: TokenStream) -> TokenStream {
    reporting(|sink| {
        let Some(item) = Item::parse(kind.form(), kind.noun(), input, sink) else {
            return TokenStream::new();
        };
        expand::item(&check::item(kind, item, sink))
    })
}
