//! The package manager itself: its index, what it upgrades, how it is configured, what it leaves behind.

mod cleanup;
mod index;
mod setting;
mod upgrade;

pub use cleanup::{AutoRemove, CacheCleanup};
pub use index::IndexUpdate;
pub(super) use index::refreshed;
pub use setting::{ForeignArchitecture, PackageSetting};
pub use upgrade::SystemUpgrade;

use crate::graph::{Handle, record};
use crate::text::Text;

/// The node's package manager: the way to its actions.
#[derive(Debug, Clone, Copy)]
pub struct PackageManager(());

/// Returns the way to the actions of the package manager itself.
///
/// ```
/// # use pallet::prelude::*;
/// # use std::time::Duration;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package_manager().proxy("http://proxy.example.org:3128");
/// package_manager().update().max_age(Duration::from_secs(3600));
/// package_manager().upgrade();
/// package_manager().autoremove();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[must_use = "by itself it declares nothing; call `update`, `upgrade`, `configure` or the like"]
pub fn package_manager() -> PackageManager {
    PackageManager(())
}

impl PackageManager {
    /// Refreshes the index of available packages (`apt-get update`, `dnf makecache`, `zypper refresh`, `pacman -Sy`,
    /// `apk update`). That is reported as *refreshed*, not as changed.
    ///
    /// A source that cannot be read is a failure. Systems: all.
    #[track_caller]
    pub fn update(self) -> Handle<IndexUpdate> {
        record(IndexUpdate::default())
    }

    /// Upgrades all packages to the newest versions that the index knows.
    ///
    /// Checked: whether the package manager would upgrade anything, by its own simulation. Changed: it did. Packages
    /// that are held back stay. Systems: all.
    #[track_caller]
    pub fn upgrade(self) -> Handle<SystemUpgrade> {
        record(SystemUpgrade::default())
    }

    /// Removes packages that were installed because others needed them, which nothing needs any more.
    ///
    /// Checked: whether the package manager would remove anything. Systems: apt, dnf, pacman.
    #[track_caller]
    pub fn autoremove(self) -> Handle<AutoRemove> {
        record(AutoRemove(()))
    }

    /// Removes the packages that were downloaded to be installed.
    ///
    /// Checked: whether there are any. Systems: all.
    #[track_caller]
    pub fn clean(self) -> Handle<CacheCleanup> {
        record(CacheCleanup(()))
    }

    /// Sets an option of the package manager.
    ///
    /// | system | where | example of a key |
    /// |---|---|---|
    /// | apt | `/etc/apt/apt.conf.d/50pallet-KEY` | `APT::Install-Recommends` |
    /// | dnf | `[main]` of `/etc/dnf/dnf.conf` | `installonly_limit` |
    /// | zypper | `[main]` of `/etc/zypp/zypp.conf` | `solver.onlyRequires` |
    /// | pacman | `[options]` of `/etc/pacman.conf` | `ParallelDownloads` |
    ///
    /// Checked: the value in that file. The rest of the file stays as it is. apk has no configuration of this kind.
    ///
    /// ```
    /// # use pallet::prelude::*;
    /// # pallet::graph::build(&pallet::Context::example(), || {
    /// package_manager().configure("APT::Install-Recommends", "false");
    /// # })?;
    /// # Ok::<(), pallet::graph::GraphError>(())
    /// ```
    #[track_caller]
    pub fn configure(self, key: impl Into<String>, value: impl Into<Text>) -> Handle<PackageSetting> {
        record(PackageSetting::new(key.into(), value.into()))
    }

    /// Lets the package manager fetch packages through a proxy. The address may have a password in it, as a
    /// [`Secret`](crate::Secret).
    ///
    /// Checked and applied as [`configure`](PackageManager::configure) does. Systems: apt and dnf; the others take
    /// the proxy from the environment.
    #[track_caller]
    pub fn proxy(self, url: impl Into<Text>) -> Handle<PackageSetting> {
        record(PackageSetting::proxy(url.into()))
    }

    /// Lets dpkg accept packages for another architecture, such as `i386`, and refreshes the index if that is new.
    ///
    /// Checked: `/var/lib/dpkg/arch`. Systems: apt.
    #[track_caller]
    pub fn foreign_architecture(self, architecture: impl Into<String>) -> Handle<ForeignArchitecture> {
        record(ForeignArchitecture::new(architecture.into()))
    }
}
