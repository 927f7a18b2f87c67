//! Keys with values, `key: value, key: value`, and plain lists: both separated by commas, both read to the end
//! whatever is wrong in the middle.

use super::value::{Written, closure_parameters};
use crate::diagnostics::Sink;
use crate::messages;
use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;

/// A key with its value, as written.
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: Key,
    /// The value.
    pub(crate) value: Written,
}

/// A key as written: an identifier or a text.
pub(crate) struct Key {
    /// What it says.
    pub(crate) name: String,
    token: TokenTree,
}

impl Key {
    /// Returns the place where the key stands.
    pub(crate) fn span(&self) -> Span {
        self.token.span()
    }

    fn read(token: &TokenTree) -> Option<Key> {
        let name = match token {
            TokenTree::Ident(ident) => ident.unraw().to_string(),
            TokenTree::Literal(literal) => match syn::Lit::new(literal.clone()) {
                syn::Lit::Str(text) => text.value(),
                _ => return None,
            },
            _ => return None,
        };
        Some(Key { name, token: token.clone() })
    }
}

impl ToTokens for Key {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.token.to_tokens(tokens);
    }
}

/// Reads keys with values. What cannot be read is reported and passed over up to the next comma.
pub(crate) fn entries(stream: TokenStream, place: &str, sink: &Sink<'_>) -> Vec<Entry> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut entries = Vec::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        if is_comma(first) {
            sink.report(first, messages::empty_item());
            rest = after;
            continue;
        }
        let (entry, next) = read_entry(rest, place, sink);
        entries.extend(entry);
        rest = next;
    }
    entries
}

/// Reads one entry and returns what follows it, and its comma.
fn read_entry<'t>(tokens: &'t [TokenTree], place: &str, sink: &Sink<'_>) -> (Option<Entry>, &'t [TokenTree]) {
    let Some(key) = Key::read(&tokens[0]) else {
        sink.report(&tokens[0], messages::expected_key(place));
        return (None, split_at_comma(tokens).1);
    };
    if !begins_entry(tokens) {
        sink.report(&key, messages::key_without_value(&key.name));
        return (None, split_at_comma(tokens).1);
    }
    let (value, next) = split_value(&tokens[2..], sink);
    if value.is_empty() {
        sink.report(&key, messages::key_without_value(&key.name));
        return (None, next);
    }
    (Some(Entry { key, value: Written::new(value) }), next)
}

/// Returns the value at the beginning of `tokens`. It ends at a comma, or where a comma was forgotten: no value
/// has an identifier followed by a single colon inside, but for the parameters of a closure.
fn split_value<'t>(tokens: &'t [TokenTree], sink: &Sink<'_>) -> (&'t [TokenTree], &'t [TokenTree]) {
    let head = closure_parameters(tokens).map_or(0, |parameters| parameters.end);
    let end = head + split_at_comma(&tokens[head..]).0.len();
    let (value, next) = (&tokens[..end], tokens.get(end + 1..).unwrap_or_default());
    let forgotten = (head..value.len()).find(|&i| begins_entry(&value[i..]));
    match forgotten {
        // `image: hardware: small`: it is the value that is missing.
        Some(0) => (&[], tokens),
        Some(i) => {
            sink.report(&tokens[i], messages::missing_comma(&tokens[i]));
            (&tokens[..i], &tokens[i..])
        }
        None => (value, next),
    }
}

/// Reads a list of values, and reports commas that separate nothing.
pub(crate) fn items(stream: TokenStream, sink: &Sink<'_>) -> Vec<Written> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut after_comma = true;
    for token in &tokens {
        if is_comma(token) && after_comma {
            sink.report(token, messages::empty_item());
        }
        after_comma = is_comma(token);
    }
    arguments(&tokens).collect()
}

/// Reads the arguments of a call in ordinary Rust, where commas are rustc's to judge.
pub(crate) fn arguments(tokens: &[TokenTree]) -> impl Iterator<Item = Written> {
    tokens.split(is_comma).filter(|item| !item.is_empty()).map(Written::new)
}

fn split_at_comma(tokens: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    match tokens.iter().position(is_comma) {
        Some(comma) => (&tokens[..comma], &tokens[comma + 1..]),
        None => (tokens, &[]),
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

/// Tells whether the tokens are a key and a colon, and the colon is not the first half of `::`.
fn begins_entry(tokens: &[TokenTree]) -> bool {
    let is_colon =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    let [key, TokenTree::Punct(colon), after @ ..] = tokens else { return false };
    let is_path = colon.spacing() == Spacing::Joint && is_colon(after.first());
    matches!(key, TokenTree::Ident(_) | TokenTree::Literal(_)) && colon.as_char() == ':' && !is_path
}
