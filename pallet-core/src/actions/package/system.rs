//! What the package managers have in common, and what they have not.

use crate::facts::{Facts, PackageManagerKind};
use crate::script::{APK, APT, DNF, Library, PACMAN, ZYPPER};

pub(super) const APT_ONLY: &[PackageManagerKind] = &[PackageManagerKind::Apt];
pub(super) const APT_AND_DNF: &[PackageManagerKind] = &[PackageManagerKind::Apt, PackageManagerKind::Dnf];
pub(super) const DNF_ONLY: &[PackageManagerKind] = &[PackageManagerKind::Dnf];
pub(super) const WITH_ARCHITECTURES: &[PackageManagerKind] =
    &[PackageManagerKind::Apt, PackageManagerKind::Dnf, PackageManagerKind::Zypper];
pub(super) const WITH_HOLDS: &[PackageManagerKind] = WITH_ARCHITECTURES;
pub(super) const WITH_RECOMMENDATIONS: &[PackageManagerKind] = WITH_ARCHITECTURES;
pub(super) const ALL_BUT_PACMAN: &[PackageManagerKind] =
    &[PackageManagerKind::Apt, PackageManagerKind::Dnf, PackageManagerKind::Zypper, PackageManagerKind::Apk];

/// Under which key it is written down on the node that sources changed and the index must be read again.
pub(super) const OWED_INDEX: &str = "package-index";

/// Returns the node's package manager, or why it can have no packages.
pub(super) fn manager(facts: &Facts) -> Result<PackageManagerKind, String> {
    facts.package_manager.ok_or_else(|| {
        format!(
            "packages are supported with apt, dnf, zypper, pacman and apk; this node has no package manager ({})",
            facts.os.description
        )
    })
}

/// Refuses what only some package managers can do.
pub(super) fn only(facts: &Facts, what: &str, kinds: &[PackageManagerKind]) -> Result<(), String> {
    let manager = manager(facts)?;
    if kinds.contains(&manager) {
        return Ok(());
    }
    let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    let system = &facts.os.description;
    Err(format!("{what} is supported with {}; this node has {manager} ({system})", kinds.join(", ")))
}

/// Returns the shell functions for a package manager.
pub(super) fn library(manager: PackageManagerKind) -> &'static Library {
    match manager {
        PackageManagerKind::Apt => &APT,
        PackageManagerKind::Dnf => &DNF,
        PackageManagerKind::Pacman => &PACMAN,
        PackageManagerKind::Zypper => &ZYPPER,
        PackageManagerKind::Apk => &APK,
    }
}
