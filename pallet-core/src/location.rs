//! Lines of the user's source.

use std::fmt;

/// A place in the user's source: every action, phase and spec remembers the one that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    file: &'static str,
    line: u32,
    column: u32,
}

impl Location {
    /// Returns a location from `file!()`, `line!()` and `column!()`.
    pub const fn new(file: &'static str, line: u32, column: u32) -> Self {
        Location { file, line, column }
    }

    /// Returns the place where the function that calls this one was called.
    #[track_caller]
    pub fn caller() -> Self {
        let caller = std::panic::Location::caller();
        Location { file: caller.file(), line: caller.line(), column: caller.column() }
    }

    /// Returns the file, as the compiler was given it.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// Returns the line, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Tells whether it cannot be of the statement that begins at `start`: what belongs to a statement and is on a later line
    /// is indented, as rustfmt does it. Of what is in another file nothing can be told.
    #[cfg(feature = "engine")]
    pub(crate) fn is_behind(&self, start: Location) -> bool {
        self.file == start.file && self.line > start.line && self.column <= start.column
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
