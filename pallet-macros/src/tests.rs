//! What the macros give for right, wrong and half-typed input.
//!
//! The expansions that `tests/expansions` holds are for reading; after a change that is meant, write them anew with
//! `PALLET_UPDATE_EXPECTED=1 cargo test -p pallet-macros`.

mod errors;
mod expansions;
mod half_typed;
mod reference;

use crate::spec::{self, Kind};
use proc_macro2::{Spacing, TokenStream, TokenTree};
use std::str::FromStr;

/// One use of one of the macros.
enum Use {
    /// The arguments and the item of `#[phase]`.
    Phase(TokenStream, TokenStream),
    /// What stands between the braces.
    Spec(Kind, TokenStream),
}

impl Use {
    fn parse(source: &str) -> Use {
        let source = source.trim();
        if let Some((arguments, item)) = source.strip_prefix("#[phase").and_then(|rest| rest.split_once(']'))
        {
            let arguments = arguments.trim_start_matches('(').trim_end_matches(')');
            return Use::Phase(tokens(arguments), tokens(item));
        }
        let (form, input) = source.split_once('!').expect("a macro");
        let kinds = [Kind::ServerSpec, Kind::Group, Kind::NodeSpec, Kind::Cluster];
        let kind = kinds.into_iter().find(|kind| kind.form() == form).expect("one of the macros");
        let input = input.trim().strip_prefix('{').and_then(|input| input.strip_suffix('}')).expect("braces");
        Use::Spec(kind, tokens(input))
    }

    fn expand(self) -> TokenStream {
        match self {
            Use::Phase(arguments, item) => crate::phase::attribute(arguments, item),
            Use::Spec(kind, input) => spec::define(kind, input),
        }
    }
}

/// Returns what `source`, one use of one of the macros, expands to.
fn expand(source: &str) -> TokenStream {
    Use::parse(source).expand()
}

fn tokens(source: &str) -> TokenStream {
    TokenStream::from_str(source).expect("tokens with matching brackets")
}

/// Returns the errors in an expansion: the first line of each, after the text of the token it points at.
fn errors(expansion: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = expansion.into_iter().collect();
    let mut errors = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let (TokenTree::Ident(name), Some(TokenTree::Group(message))) = (token, tokens.get(i + 2)) else {
            continue;
        };
        if name == "compile_error" {
            let text: syn::LitStr = syn::parse2(message.stream()).expect("a message");
            let line = text.value().lines().next().unwrap_or_default().to_owned();
            let at = name.span().source_text().unwrap_or_default();
            errors.push(format!("{at}: {line}"));
        }
    }
    errors
}

/// Returns the expansion as text, with one blank between tokens that may not touch.
fn plain(expansion: &TokenStream) -> String {
    let mut text = String::new();
    for token in expansion.clone() {
        let joint = matches!(&token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
        text.push_str(&token.to_string());
        if !joint {
            text.push(' ');
        }
    }
    text
}
