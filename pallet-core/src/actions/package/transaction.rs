//! Packages with the same options that follow each other: one transaction.

use super::options::Wanted;
use super::{Package, system};
use crate::action::Member;
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::ActionId;
use crate::script::Script;

/// Applies packages with equal options.
pub(super) fn apply_all(facts: &Facts, members: &[Member<'_>]) -> Script {
    // A node without a package manager has been refused.
    let Ok(manager) = system::manager(facts) else { return Script::new() };
    let packages: Vec<(ActionId, &Package)> = members
        .iter()
        .filter_map(|(id, action)| {
            let action: &dyn std::any::Any = *action;
            action.downcast_ref().map(|package| (*id, package))
        })
        .collect();
    let Some((_, first)) = packages.first() else { return Script::new() };
    let words = packages.iter().flat_map(|(id, package)| package.words(*id, manager));
    let words = first.options.words().into_iter().chain(["--".to_owned()]).chain(words);
    let command = match first.options.wanted {
        Wanted::Installed => "p_pkg_install install",
        Wanted::Latest => "p_pkg_install latest",
        Wanted::Absent => "p_pkg_remove remove",
        Wanted::Purged => "p_pkg_remove purge",
    };
    // Code and a word: `call` puts a blank between them.
    Script::new().library(system::library(manager)).call(command, words)
}

impl Package {
    /// Returns `id=name` or `id=name=version` for every package: see `packages.sh`.
    fn words(&self, id: ActionId, manager: PackageManagerKind) -> impl Iterator<Item = String> + '_ {
        let version = self.version.as_ref().map(|version| format!("={version}")).unwrap_or_default();
        self.names().map(move |name| format!("{}={}{version}", id.0, manager.spells(&name)))
    }
}
