//! `#[phase]`: from a function to a phase.
//!
//! The signature is read; the body is not, so that whatever is half typed in it is rustc's to judge and the
//! editor's to complete. Literals in the body are looked at, and nothing more.

mod check;
mod expand;
mod model;
mod parse;

use crate::diagnostics::{Sink, reporting};
use crate::rules::did_you_mean;
use crate::syntax::{Pallet, items};
use crate::{literals, messages};
use parse::{Item, Stray};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

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
fn crate_path(arguments: TokenStream, sink: &Sink<'_>) -> Pallet {
    if arguments.is_empty() {
        return Pallet::usual();
    }
    let mut given = None;
    for argument in items(arguments, sink) {
        let tokens: Vec<TokenTree> = argument.to_token_stream().into_iter().collect();
        match tokens.as_slice() {
            [TokenTree::Ident(key), ..] if key == "crate" && given.is_some() => {
                sink.report(key, messages::duplicate_key(key, "`#[phase]`"));
            }
            [TokenTree::Ident(key), rest @ ..] if key == "crate" => {
                given = Some(value_of_crate(rest).or_else(|| {
                    sink.report(&argument, messages::phase_crate_path());
                    None
                }));
            }
            [first, ..] => sink.report(first, messages::phase_argument(first, way_out(first))),
            [] => {}
        }
    }
    given.flatten().unwrap_or_else(Pallet::usual)
}

fn value_of_crate(rest: &[TokenTree]) -> Option<Pallet> {
    match rest {
        [TokenTree::Punct(equals), path @ ..] if equals.as_char() == '=' => {
            Pallet::parse(path.iter().cloned().collect()).ok()
        }
        _ => None,
    }
}

fn way_out(argument: &TokenTree) -> &'static str {
    match did_you_mean(&argument.to_string(), ["crate"]) {
        Some(_) => "did you mean `crate`?",
        None => {
            "it takes `crate = path` and nothing else; arguments of the phase are parameters marked `#[arg]`"
        }
    }
}
