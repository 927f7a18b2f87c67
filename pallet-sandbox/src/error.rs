//! Turns what the system refused into a [`ComputeError`] that says what was being done.

use pallet::compute::ComputeError;
use std::io;

pub(crate) type Result<T, E = ComputeError> = std::result::Result<T, E>;

/// Adds to a failed system call what it was for.
pub(crate) trait Context<T> {
    /// Returns the error as one of the world's, described by `what`: "cannot create the bridge".
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let full = error.kind() == io::ErrorKind::StorageFull;
            let failed = ComputeError::failed(what()).source(error);
            if full { failed.hint("free some space on that file system and run again") } else { failed }
        })
    }
}

impl<T> Context<T> for rustix::io::Result<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(io::Error::from).context(what)
    }
}
