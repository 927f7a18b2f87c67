//! The packages that pallet's own actions stand on.

use super::{Package, package_manager, packages};
use crate::graph::Handle;
use std::time::Duration;

/// What a system for containers or a small image may lack.
const MINIMAL: [&str; 5] = ["ca-certificates", "coreutils", "curl", "sudo", "tar"];

/// How old the index of packages may be, if nothing else is said.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Declares the packages that pallet's own actions stand on where a system has next to nothing: `coreutils`, `sudo`,
/// `tar`, and for downloads `curl` with `ca-certificates`. The package index is refreshed first, when pallet did that
/// longer than a day ago. It is meant for the phase `bootstrap`, which root runs.
///
/// Checked, applied, changed and systems: see [`package`](super::package()) and
/// [`update`](super::PackageManager::update).
///
/// ```
/// # use pallet::prelude::*;
/// #[phase]
/// fn bootstrap() {
///     minimal_packages();
/// }
/// # let built = pallet::graph::build(&pallet::Context::example(), || {
/// #     minimal_packages();
/// # })?;
/// # let labels: Vec<String> = built.graph.in_order().map(|(_, action)| action.label()).collect();
/// # assert_eq!(labels, ["package-manager update", "package ca-certificates, coreutils, curl, sudo, tar"]);
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn minimal_packages() -> Handle<Package> {
    package_manager().update().max_age(DAY);
    packages(MINIMAL)
}
