//! The checkout of pallet that this program was built from.

use crate::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of this package when it was built.
const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the folder of the checkout.
///
/// # Errors
///
/// When it has gone since.
pub(crate) fn root() -> Result<PathBuf, Error> {
    let root = Path::new(PACKAGE).parent().unwrap_or(Path::new(PACKAGE));
    match root.join("pallet-runtime/Cargo.toml").is_file() {
        true => Ok(root.to_owned()),
        false => Err(Error::new(format!("pallet is no longer in {}", root.display()))
            .hint("build pallet-new again where the checkout is now, or name a repository with --git")),
    }
}

/// Returns its lock file, if it is there: a project that begins with it builds the dependencies that pallet is
/// tested with.
pub(crate) fn lock() -> Option<String> {
    fs::read_to_string(root().ok()?.join("Cargo.lock")).ok()
}
