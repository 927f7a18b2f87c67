//! Packages, and what they come from.

mod debconf;
mod file;
mod manager;
mod minimal;
mod names;
mod options;
mod own_file;
mod source;
mod state;
mod system;
mod transaction;

pub use debconf::{Debconf, debconf};
pub use file::{PackageFile, package_file};
pub use manager::{
    AutoRemove, CacheCleanup, ForeignArchitecture, IndexUpdate, PackageManager, PackageSetting,
    SystemUpgrade, package_manager,
};
pub use minimal::minimal_packages;
pub use names::System;
pub use source::{PackageSource, package_source};

use crate::action::{Action, Batch, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::{ActionId, Handle, RunsPrograms, record};
use crate::name::PackageName;
use crate::probe::Probe;
use crate::script::Script;
use crate::world::{Effects, World};
use names::Names;
use options::{Options, Wanted};
use std::time::Duration;
use transaction::apply_all;

/// Packages that are installed, or absent.
#[derive(Debug)]
pub struct Package {
    names: Names,
    version: Option<String>,
    architecture: Option<String>,
    options: Options,
}

/// Declares that a package is installed.
///
/// | | |
/// |---|---|
/// | checked | whether it is installed, with one process for all packages of the phase (`dpkg-query`, `rpm -q`, `pacman -Q`, `apk info`) |
/// | applied | one transaction for calls that follow each other with the same options, checked package by package afterwards |
/// | changed | it was not installed, or in another version or with another hold than is declared |
/// | systems | apt, dnf, zypper, pacman, apk |
///
/// Names are taken literally: `g++` and `libstdc++6` are names, `libc6:i386` is one with an architecture. A virtual
/// package cannot be declared; the failure names those that provide it.
///
/// Nothing is ever asked. Configuration files that were edited stay. A transaction that would remove other packages
/// fails and removes none. When somebody else is using the package manager it is waited for, ten minutes at
/// most, and the output says for whom; what an interrupted dpkg left is finished first.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("nginx");
/// package("g++").version("4:12.2.0-3").held();
/// package("telnetd").purged();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn package(name: impl Into<String>) -> Handle<Package> {
    packages([name])
}

/// Declares that packages are installed, in one transaction: see [`package`].
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// packages(["git", "curl", "tmux"]).no_recommends();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn packages<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Handle<Package> {
    Package::recorded(Names::given(names))
}

/// Declares that packages are installed whose names differ from system to system: see [`package`].
///
/// Of the entries the one of the nearest family counts: for Ubuntu that of `ubuntu` before that of `debian-base`. A
/// package manager stands for all systems that use it and counts least. A node for which there is no entry is a
/// mistake, found before it is touched, that names the node; an empty list says that nothing is needed there. The
/// plan of a node that does not exist yet shows all names.
///
/// ```
/// # use pallet::prelude::*;
/// use pallet::facts::{OsFamily, PackageManagerKind};
/// # let built = pallet::graph::build(&pallet::Context::example(), || {
/// packages_for([
///     (OsFamily::DebianBase.into(), vec!["apache2"]),
///     (OsFamily::RhBase.into(), vec!["httpd", "mod_ssl"]),
///     (PackageManagerKind::Apk.into(), vec!["apache2"]),
/// ]);
/// # })?;
/// # let labels: Vec<String> = built.graph.in_order().map(|(_, action)| action.label()).collect();
/// # assert_eq!(labels, ["package apache2"]);
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn packages_for<S: Into<String>>(entries: impl IntoIterator<Item = (System, Vec<S>)>) -> Handle<Package> {
    let entries =
        entries.into_iter().map(|(system, names)| (system, names.into_iter().map(Into::into).collect()));
    Package::recorded(Names::for_this_node(entries.collect()))
}

impl Handle<Package> {
    /// Declares that the package is installed in exactly this version, whole and as the package manager spells it:
    /// `4:12.2.0-3`. An older one is installed in the place of a newer one, too. Only for a single package.
    #[track_caller]
    pub fn version(self, version: impl Into<String>) -> Self {
        self.edit(|package| package.version = Some(version.into()))
    }

    /// Declares that the package is installed for this architecture, as the package manager spells it: `i386` with
    /// apt, `i686` with dnf and zypper. The same as `name:architecture`.
    ///
    /// With apt, the node must know the architecture:
    /// [`foreign_architecture`](PackageManager::foreign_architecture).
    #[track_caller]
    pub fn architecture(self, architecture: impl Into<String>) -> Self {
        self.edit(|package| package.architecture = Some(architecture.into()))
    }

    /// Declares that the package is installed in the newest version that the node's index knows.
    ///
    /// Checked with one process for all such packages (`apt-cache policy`, `dnf check-update`, `zypper list-updates`,
    /// `pacman -Qu`, `apk version`). The index is as old as its last refresh, so call
    /// [`package_manager().update()`](PackageManager::update) before.
    ///
    /// ```
    /// # use pallet::prelude::*;
    /// # use std::time::Duration;
    /// # pallet::graph::build(&pallet::Context::example(), || {
    /// package_manager().update().max_age(Duration::from_secs(3600));
    /// package("openssl").latest();
    /// # })?;
    /// # Ok::<(), pallet::graph::GraphError>(())
    /// ```
    #[track_caller]
    pub fn latest(self) -> Self {
        self.edit(|package| package.options.wanted = Wanted::Latest)
    }

    /// Declares that the package is not installed. Its configuration files may stay. Packages that need it are
    /// removed with it, except with pacman, which refuses.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|package| package.options.wanted = Wanted::Absent)
    }

    /// Declares that the package is not installed and that nothing of its configuration is left, as far as the
    /// package manager tells the two apart: apt, pacman and apk do.
    #[track_caller]
    pub fn purged(self) -> Self {
        self.edit(|package| package.options.wanted = Wanted::Purged)
    }

    /// Declares that the package is held back from upgrades. What is declared here beside it, such as another
    /// [`version`](Handle::<Package>::version), still happens: it is released for that, and held again.
    ///
    /// Systems: apt (`apt-mark`), dnf with its plugin versionlock, zypper (locks).
    #[track_caller]
    pub fn held(self) -> Self {
        self.edit(|package| package.options.hold = Some(true))
    }

    /// Declares that the package is not held back from upgrades. Systems: see [`held`](Handle::<Package>::held).
    #[track_caller]
    pub fn released(self) -> Self {
        self.edit(|package| package.options.hold = Some(false))
    }

    /// Takes the package, when it is installed or upgraded, from this release (apt: `bookworm-backports`) or
    /// repository (dnf, zypper, pacman; apk: a tag). A package that is there already is as declared wherever it came
    /// from.
    #[track_caller]
    pub fn from(self, release: impl Into<String>) -> Self {
        self.edit(|package| package.options.from = Some(release.into()))
    }

    /// Uses a repository that is disabled, for this transaction. Systems: dnf.
    #[track_caller]
    pub fn enabling(self, repository: impl Into<String>) -> Self {
        self.edit(|package| package.options.enable.push(repository.into()))
    }

    /// Does not use a repository, for this transaction. Systems: dnf.
    #[track_caller]
    pub fn disabling(self, repository: impl Into<String>) -> Self {
        self.edit(|package| package.options.disable.push(repository.into()))
    }

    /// Leaves a package out of this transaction that would be installed or upgraded with it. Systems: dnf.
    #[track_caller]
    pub fn excluding(self, name: impl Into<String>) -> Self {
        self.edit(|package| package.options.exclude.push(name.into()))
    }

    /// Installs what the package recommends with it. Systems: apt, dnf, zypper.
    #[track_caller]
    pub fn recommends(self) -> Self {
        self.edit(|package| package.options.recommends = Some(true))
    }

    /// Does not install what the package recommends with it: with pacman and apk that is always so.
    #[track_caller]
    pub fn no_recommends(self) -> Self {
        self.edit(|package| package.options.recommends = Some(false))
    }

    /// Lets no package of the transaction start or stop a service, by a `/usr/sbin/policy-rc.d` that is removed
    /// afterwards. One that is there already is left as it is, and decides. With other package managers than apt no
    /// package starts a service by itself.
    #[track_caller]
    pub fn without_starting_services(self) -> Self {
        self.edit(|package| package.options.quiet = true)
    }

    /// Installs, upgrades or removes through `aptitude` in the place of `apt-get`, for those who rely on its way to
    /// solve conflicts. The package aptitude must be there before. As with apt-get, a transaction that would remove
    /// other packages fails and removes none; what nothing needs any more stays. Systems: apt.
    ///
    /// ```
    /// # use pallet::prelude::*;
    /// # pallet::graph::build(&pallet::Context::example(), || {
    /// package("aptitude");
    /// packages(["postgresql", "pgbouncer"]).with_aptitude();
    /// # })?;
    /// # Ok::<(), pallet::graph::GraphError>(())
    /// ```
    #[track_caller]
    pub fn with_aptitude(self) -> Self {
        self.edit(|package| package.options.aptitude = true)
    }

    /// Accepts packages that nobody signed. Systems: apt, dnf, zypper, apk; with pacman
    /// [`unsigned`](Handle::<PackageSource>::unsigned) sources do it.
    #[track_caller]
    pub fn allow_unsigned(self) -> Self {
        self.edit(|package| package.options.unsigned = true)
    }

    /// Waits this long for somebody else who is using the package manager; ten minutes if it is not set.
    #[track_caller]
    pub fn lock_timeout(self, limit: Duration) -> Self {
        self.edit(|package| package.options.limit = Some(limit.as_secs()))
    }
}

impl Package {
    #[track_caller]
    fn recorded(names: Names) -> Handle<Package> {
        record(Package { names, version: None, architecture: None, options: Options::default() })
    }

    /// Returns the names, with the architecture if one is declared.
    fn names(&self) -> impl Iterator<Item = PackageName> + '_ {
        let full = |name: &String| match &self.architecture {
            Some(architecture) => PackageName::new(format!("{name}:{architecture}")),
            None => PackageName::new(name),
        };
        self.names.list().iter().filter_map(move |name| full(name).ok())
    }

    fn check_version(&self) -> Result<(), String> {
        let Some(version) = &self.version else { return Ok(()) };
        if self.options.wanted == Wanted::Latest {
            return Err("a package cannot be in one version and in the newest".to_owned());
        }
        if self.names.list().len() != 1 || self.options.wanted != Wanted::Installed {
            return Err("a version is for a single package that is installed".to_owned());
        }
        options::check_version(version)
    }
}

impl RunsPrograms for Package {}

impl Action for Package {
    fn kind(&self) -> &'static str {
        "package"
    }

    fn subject(&self) -> String {
        self.names.to_string()
    }

    fn check(&self) -> Result<(), String> {
        self.names.check()?;
        if let Some(architecture) = &self.architecture {
            PackageName::new(format!("x:{architecture}")).map_err(|_| {
                format!("{architecture:?} is not an architecture: letters, digits, hyphens and underscores")
            })?;
        }
        self.check_version()?;
        self.options.check()
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        let manager = system::manager(facts)?;
        self.options.supported(facts)?;
        for name in self.names() {
            if name.as_str().contains(':') {
                system::only(facts, "an architecture of a package", system::WITH_ARCHITECTURES)?;
            }
            probe.package(&name);
            if self.options.wanted == Wanted::Latest {
                let from = self.options.from.as_deref().filter(|_| manager == PackageManagerKind::Apt);
                probe.newer_package(&name, from);
            }
        }
        if self.options.hold.is_some() {
            probe.held_packages();
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        for name in self.names() {
            let known = view.world.package(&name);
            let newer = self.newer(&name, view.world);
            let newer_version = newer.and_then(|newer| newer.is);
            if !self.is_so(known.is, newer_version) {
                diff.change(self.describe(&name, known.is, newer_version));
            }
            diff.doubt(known.doubt);
            // What is not there at all is installed, in whatever version.
            if known.is.is_some_and(|is| is.installed) {
                diff.doubt(newer.and_then(|newer| newer.doubt));
            }
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        apply_all(view.facts, &[(view.id, self)])
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        for name in self.names() {
            let state = self.state_after(world.package(&name).is);
            world.set_package(&name, state);
            if self.options.wanted == Wanted::Latest {
                world.set_newest_package(&name);
            }
        }
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Packages)
    }

    fn declares(&self) -> Vec<Claim> {
        let about = |name: PackageName| {
            let thing = || Thing::Package(name.as_str().to_owned());
            let mut claims = match self.options.wanted {
                Wanted::Installed | Wanted::Latest => vec![Claim::existence(thing(), "installed")],
                Wanted::Absent => vec![Claim::absent(thing())],
                Wanted::Purged => {
                    vec![Claim::absent(thing()), Claim::new(thing(), "configuration", "none").shown("purged")]
                }
            };
            if self.options.wanted == Wanted::Latest {
                claims.push(Claim::new(thing(), "version", "the newest"));
            }
            claims.extend(self.version.iter().map(|version| Claim::new(thing(), "version", version)));
            if let Some(hold) = self.options.hold {
                claims.push(Claim::new(thing(), "hold", if hold { "held" } else { "released" }));
            }
            claims
        };
        self.names().flat_map(about).collect()
    }

    fn batch(&self) -> Option<Batch> {
        Some(Batch { key: format!("package {:?}", self.options), apply: apply_all })
    }
}

#[cfg(test)]
mod tests;
