//! Why a node could not be made, started or removed.

use std::fmt;
use std::io;

/// A failure of the test nodes themselves: what was being done, and what stood in the way.
#[derive(Debug)]
pub struct Error {
    doing: String,
    why: String,
}

impl Error {
    pub(super) fn new(doing: impl Into<String>, why: impl Into<String>) -> Self {
        Error { doing: doing.into(), why: why.into() }
    }

    /// Returns a function for `map_err` that says what the operating system refused.
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        move |error| Error::new(doing, error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.why.trim_end())
    }
}

impl std::error::Error for Error {}
