//! The error that a phase may end with.

use std::fmt;

/// Why a phase could not be built: any error, or a message.
///
/// Like `anyhow::Error`, without being one: `?` converts every standard error into it.
pub struct Error(Box<dyn std::error::Error + Send + Sync>);

/// What a phase that can fail returns: `fn web() -> Result`.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

impl Error {
    /// Returns an error with this message.
    pub fn msg(message: impl fmt::Display) -> Self {
        Error(message.to_string().into())
    }

    /// Returns the messages of the error and of everything it came from, outermost first, separated by colons.
    pub fn chain(&self) -> String {
        let mut text = self.0.to_string();
        let mut source = self.0.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Error(Box::new(error))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
