//! Collecting mistakes, so that one compile reports all of them.
//!
//! A macro has sections that can fail apart: a mistake in one key must not hide a mistake in the next, and what
//! depends on a failed section must not be generated. So there is a tree of [`Sink`]s, each of which knows whether
//! anything went wrong at or below it. The root exists only inside [`reporting`], which appends what was found to
//! the output: there is no way to collect a mistake and forget to report it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::cell::{Cell, RefCell};
use std::fmt::Display;

/// Runs a macro and returns its output, followed by one `compile_error!` for each mistake it reported.
///
/// The output comes first because rust-analyzer takes the first occurrence of the user's tokens for the real one.
pub(crate) fn reporting(run: impl FnOnce(&Sink<'_>) -> TokenStream) -> TokenStream {
    let sink = Sink::root();
    let mut output = run(&sink);
    output.extend(sink.found.into_inner().iter().map(syn::Error::to_compile_error));
    output
}

/// A place to report mistakes to, within the one it was opened in.
pub(crate) struct Sink<'parent> {
    parent: Option<&'parent Sink<'parent>>,
    failed: Cell<bool>,
    // Filled in the root only. Behind a cell because sinks are shared by reference: a section and the sections
    // within it report to the same place.
    found: RefCell<Vec<syn::Error>>,
}

impl<'parent> Sink<'parent> {
    fn root() -> Self {
        Sink { parent: None, failed: Cell::new(false), found: RefCell::default() }
    }

    /// Opens a section whose failure can be told from that of its neighbours.
    pub(crate) fn section<'this>(&'this self) -> Sink<'this> {
        Sink { parent: Some(self), ..Sink::root() }
    }

    /// Reports a mistake at exactly these tokens.
    pub(crate) fn report(&self, at: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(at, message));
    }

    /// Reports a mistake at a place.
    pub(crate) fn report_at(&self, at: Span, message: impl Display) {
        self.push(syn::Error::new(at, message));
    }

    /// Returns what was parsed, or reports why it could not be.
    pub(crate) fn accept<T>(&self, parsed: syn::Result<T>) -> Option<T> {
        parsed.map_err(|error| self.push(error)).ok()
    }

    /// Tells whether anything was reported here or in a section below.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    fn push(&self, error: syn::Error) {
        self.failed.set(true);
        match self.parent {
            Some(parent) => parent.push(error),
            None => self.found.borrow_mut().push(error),
        }
    }
}
