//! What the architecture tests look at: the workspace's packages and its files, as plain values.
//!
//! A rule is a test in `tests/`, one file for each subject. It collects every offence before it fails, and each
//! offence names the file and the rule. Rules about things that do not exist hold.

mod files;
mod packages;
mod paths;

pub use files::{File, files, rust_files};
pub use packages::{Dependency, Package, packages};
pub use paths::std_paths;

use std::path::{Path, PathBuf};

/// Returns the root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this package is two folders below the root").to_owned()
}

/// Fails with the list of what breaks a rule, if there is anything.
///
/// # Panics
///
/// When there is an offence.
#[track_caller]
pub fn assert_none(rule: &str, offences: impl IntoIterator<Item = String>) {
    let offences: Vec<String> = offences.into_iter().collect();
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}
