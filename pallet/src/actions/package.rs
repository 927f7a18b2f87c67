//! Packages and the package index.

use crate::action::{Action, Batch, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::{ActionId, Handle, record};
use crate::name::{PackageName, RemotePath};
use crate::probe::{PackageState, PathKind, PathState, Probe};
use crate::script::{APT, Script};
use crate::world::{Effects, World};
use std::time::Duration;

/// Packages that are installed, or absent.
#[derive(Debug)]
pub struct Package {
    names: Vec<String>,
    version: Option<String>,
    state: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Installed,
    Absent,
    Purged,
}

/// Declares that a package is installed.
///
/// Calls that follow each other directly are one transaction. Never asks; configuration files that were edited
/// stay; a transaction that would remove other packages fails and removes none. Checked by `dpkg-query`, before and
/// after. Systems: those with apt.
#[track_caller]
pub fn package(name: impl Into<String>) -> Handle<Package> {
    packages([name])
}

/// Declares that packages are installed, in one transaction.
#[track_caller]
pub fn packages<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Handle<Package> {
    let names = names.into_iter().map(Into::into).collect();
    record(Package { names, version: None, state: Wanted::Installed })
}

impl Handle<Package> {
    /// Declares that the package is installed in exactly this version, as the package manager spells it:
    /// `4:12.2.0-3`. Only for a single package.
    #[track_caller]
    pub fn version(self, version: impl Into<String>) -> Self {
        self.edit(|package| package.version = Some(version.into()))
    }

    /// Declares that the package is not installed. Its configuration files may stay.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|package| package.state = Wanted::Absent)
    }

    /// Declares that the package is not installed and that nothing of its configuration is left.
    #[track_caller]
    pub fn purged(self) -> Self {
        self.edit(|package| package.state = Wanted::Purged)
    }
}

impl Package {
    fn names(&self) -> impl Iterator<Item = PackageName> + '_ {
        self.names.iter().filter_map(|name| PackageName::new(name).ok())
    }

    fn is_so(&self, is: Option<&PackageState>) -> bool {
        match (self.state, is) {
            (Wanted::Installed, Some(is)) => {
                is.installed && self.version.as_ref().is_none_or(|version| *version == is.version)
            }
            (Wanted::Installed, None) => false,
            (Wanted::Absent, is) => is.is_none_or(|is| !is.installed),
            (Wanted::Purged, is) => is.is_none(),
        }
    }

    fn describe(&self, name: &PackageName, is: Option<&PackageState>) -> String {
        match (self.state, &self.version, is.filter(|is| is.installed)) {
            (Wanted::Installed, Some(version), Some(is)) => format!("{name} {} → {version}", is.version),
            (Wanted::Installed, Some(version), None) => format!("install {name} {version}"),
            (Wanted::Installed, None, _) => format!("install {name}"),
            (Wanted::Absent, ..) => format!("remove {name}"),
            (Wanted::Purged, ..) => format!("purge {name}"),
        }
    }

    fn claims(&self, name: &str) -> Vec<Claim> {
        let thing = || Thing::Package(name.to_owned());
        match (self.state, &self.version) {
            (Wanted::Installed, None) => vec![Claim::existence(thing(), "installed")],
            (Wanted::Installed, Some(version)) => {
                vec![Claim::existence(thing(), "installed"), Claim::new(thing(), "version", version.as_str())]
            }
            (Wanted::Absent, _) => vec![Claim::absent(thing())],
            (Wanted::Purged, _) => {
                vec![Claim::absent(thing()), Claim::new(thing(), "configuration", "none").shown("purged")]
            }
        }
    }

    /// Returns `id=name` or `id=name=version` for every package: see `apply.sh`.
    fn words(&self, id: ActionId) -> impl Iterator<Item = String> + '_ {
        let version = self.version.as_ref().map(|version| format!("={version}")).unwrap_or_default();
        self.names.iter().map(move |name| format!("{}={name}{version}", id.0))
    }
}

impl Action for Package {
    fn kind(&self) -> &'static str {
        "package"
    }

    fn subject(&self) -> String {
        self.names.join(" ")
    }

    fn check(&self) -> Result<(), String> {
        for name in &self.names {
            PackageName::new(name).map_err(|error| match name.split_once('=') {
                Some((name, version)) => {
                    format!("{error}; for a version write `package(\"{name}\").version(\"{version}\")`")
                }
                None => error.to_string(),
            })?;
        }
        let Some(version) = &self.version else { return Ok(()) };
        if self.names.len() != 1 || self.state != Wanted::Installed {
            return Err("a version is for a single package that is installed".to_owned());
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".+-:~_^".contains(&b);
        if version.is_empty() || !version.bytes().all(plain) {
            return Err(format!("{version:?} is not a version of a package"));
        }
        Ok(())
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        needs_apt(facts)?;
        self.names().for_each(|name| probe.package(&name));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        for name in self.names() {
            let known = view.world.package(&name);
            if !self.is_so(known.is) {
                diff.change(self.describe(&name, known.is));
            }
            diff.doubt(known.doubt);
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        apply_all(&[(view.id, self)])
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        for name in self.names() {
            let state = match self.state {
                Wanted::Installed => {
                    let version = self.version.clone().unwrap_or_default();
                    Some(PackageState { installed: true, version })
                }
                Wanted::Absent => Some(PackageState { installed: false, version: String::new() }),
                Wanted::Purged => None,
            };
            world.set_package(&name, state);
        }
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Packages)
    }

    fn declares(&self) -> Vec<Claim> {
        self.names.iter().flat_map(|name| self.claims(name)).collect()
    }

    fn batch(&self) -> Option<Batch> {
        Some(Batch { key: format!("package {:?}", self.state), apply: apply_all })
    }
}

fn apply_all(members: &[(ActionId, &dyn Action)]) -> Script {
    let packages: Vec<(ActionId, &Package)> = members
        .iter()
        .filter_map(|(id, action)| {
            let action: &dyn std::any::Any = *action;
            action.downcast_ref().map(|package| (*id, package))
        })
        .collect();
    let words: Vec<String> = packages.iter().flat_map(|(id, package)| package.words(*id)).collect();
    match packages.first().map(|(_, package)| package.state) {
        Some(Wanted::Absent) => Script::new().library(&APT).code("p_apt_remove remove").call("", words),
        Some(Wanted::Purged) => Script::new().library(&APT).code("p_apt_remove purge").call("", words),
        _ => Script::new().library(&APT).call("p_apt_install", words),
    }
}

fn needs_apt(facts: &Facts) -> Result<(), String> {
    match facts.package_manager {
        Some(PackageManagerKind::Apt) => Ok(()),
        Some(other) => {
            Err(format!("packages are supported with apt; this node has {other} ({})", facts.os.description))
        }
        None => Err(format!(
            "packages are supported with apt; this node has no package manager ({})",
            facts.os.description
        )),
    }
}

/// The node's package manager: the way to its actions.
#[derive(Debug, Clone, Copy)]
pub struct PackageManager(());

/// Returns the way to the actions of the package manager itself.
#[must_use = "by itself it declares nothing; call `update`"]
pub fn package_manager() -> PackageManager {
    PackageManager(())
}

impl PackageManager {
    /// Refreshes the index of available packages. That is reported as *refreshed*, not as changed.
    ///
    /// A source that cannot be read is a failure. Systems: those with apt.
    #[track_caller]
    pub fn update(self) -> Handle<IndexUpdate> {
        record(IndexUpdate { max_age: None })
    }
}

/// The index of available packages, refreshed.
#[derive(Debug)]
pub struct IndexUpdate {
    max_age: Option<Duration>,
}

/// Touched by `apply.sh` after every refresh.
const REFRESHED: &str = "/var/lib/pallet/apt-updated";

impl Handle<IndexUpdate> {
    /// Refreshes only when pallet's last refresh is older than this, by the node's clock.
    #[track_caller]
    pub fn max_age(self, age: Duration) -> Self {
        self.edit(|update| update.max_age = Some(age))
    }
}

impl IndexUpdate {
    fn stamp() -> RemotePath {
        RemotePath::new(REFRESHED).expect("a valid path")
    }
}

impl Action for IndexUpdate {
    fn kind(&self) -> &'static str {
        "package-manager"
    }

    fn subject(&self) -> String {
        "update".to_owned()
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        needs_apt(facts)?;
        if self.max_age.is_some() {
            probe.path(&Self::stamp());
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff { refresh: true, ..Diff::none() };
        let fresh = self.max_age.is_some_and(|age| {
            let stamp = view.world.path(&Self::stamp()).is;
            stamp.kind != PathKind::Absent && view.facts.clock.saturating_sub(stamp.modified) <= age.as_secs()
        });
        if !fresh {
            diff.change("refresh the package index");
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        Script::new().library(&APT).code(format!("p_apt_update || return\np_did=\"$p_did {}\"\n", view.id.0))
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let mut stamp = PathState::absent();
        stamp.kind = PathKind::Other;
        stamp.modified = u64::MAX;
        world.set_path(&Self::stamp(), stamp);
    }

    fn effects(&self) -> Option<Effects> {
        // Otherwise no plan of a phase that refreshes first would be certain of any command.
        Some(Effects::Nothing)
    }
}
