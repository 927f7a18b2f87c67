//! The places that generated code gets in the user's source: for rustc, which underlines them, and for editors.
//!
//! An editor that is asked about a token of the user's answers for everything in the expansion that is in exactly
//! its place. So only the token itself is put there. Words that are generated around it get the empty places at
//! its ends: what begins before the token and ends after it is underlined as the token is.

use proc_macro2::{Ident, Span};

/// Returns a span for generated code that stands where the user's token stands. Lints know that it is generated.
pub(crate) fn generated_at(at: Span) -> Span {
    Span::call_site().located_at(at)
}

/// Returns the place at the beginning of a token.
pub(crate) fn before(at: Span) -> Span {
    edge(at, proc_macro::Span::start)
}

/// Returns the place at the end of a token.
pub(crate) fn after(at: Span) -> Span {
    edge(at, proc_macro::Span::end)
}

/// Returns the name for generated code that mentions the item, so that an editor knows it by its declaration only.
pub(crate) fn mention(name: &Ident) -> Ident {
    let mut name = name.clone();
    name.set_span(after(name.span()));
    name
}

fn edge(at: Span, edge: fn(&proc_macro::Span) -> proc_macro::Span) -> Span {
    // Unit tests run without a compiler, where a span has no ends.
    if proc_macro::is_available() { edge(&at.unwrap()).into() } else { at }
}
