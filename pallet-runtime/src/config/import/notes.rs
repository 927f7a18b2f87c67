//! What could not be carried over, with its place.

use crate::config::Source;
use serde::Serialize;
use std::fmt;

/// How many notes are told of one file.
const MOST_TOLD: usize = 200;

/// Something that could not be carried over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// `file:line:column`, counted from 1.
    pub place: String,
    /// What it is, and why not. Without any value: it may be a secret.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not carried over: {}", self.place, self.message)
    }
}

/// Collects the notes of one file.
pub(super) struct Notes<'a> {
    source: &'a Source,
    found: Vec<(usize, String)>,
}

impl<'a> Notes<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Notes { source, found: Vec::new() }
    }

    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// Notes that what stands at a byte is left out.
    pub(super) fn add(&mut self, at: usize, message: impl Into<String>) {
        self.found.push((at, message.into()));
    }

    /// Returns the notes in the order of the text. Of too many the rest are only counted.
    pub(super) fn finish(mut self) -> Vec<Note> {
        self.found.sort();
        let rest = self.found.get(MOST_TOLD).map(|(at, _)| (*at, self.found.len() - MOST_TOLD));
        self.found.truncate(MOST_TOLD);
        self.found.extend(rest.map(|(at, count)| (at, format!("{count} more things from here on"))));
        let note = |(at, message)| Note { place: self.source.place(at), message };
        self.found.into_iter().map(note).collect()
    }
}
