//! `#[phase]`: from a function to a phase.
//!
//! The signature is read; the body is not, so that whatever is half typed in it is rustc's to judge and the
//! editor's to complete. Literals in the body are looked at, and nothing more.

mod check;
mod expand;
mod model;
mod parse;

use crate::diagnostics::{Sink, reporting};
use crate::syntax::{items, pallet_path, spelling};
use crate::{literals, messages};
use parse::{Item, Stray};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Path, Token};

/// Expands the attribute.
pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    reporting(|sink| {
        let pallet = crate_path(arguments, sink);
        match parse::item(item, sink) {
            Item::Function(function) => {
                literals::check(&function.body, sink);
                match check::signature(&function, sink) {
                    Some(phase) => expand::phase(&function, &phase, &pallet),
                    None => expand::stub(&function, &pallet),
                }
            }
            Item::Stray(Stray(tokens)) => tokens,
        }
    })
}

/// Reads the arguments of the attribute: `crate = path`, or nothing.
fn crate_path(arguments: TokenStream, sink: &Sink<'_>) -> Path {
    let mut pallet = syn::parse_quote!(::pallet);
    for argument in items(arguments, sink) {
        match read_crate.parse2(argument.to_token_stream()) {
            Ok(path) => pallet = path,
            Err(_) => {
                sink.report(&argument, messages::phase_argument(spelling(&argument)));
            }
        }
    }
    pallet
}

fn read_crate(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![crate]>()?;
    input.parse::<Token![=]>()?;
    pallet_path(input.parse()?)
}
