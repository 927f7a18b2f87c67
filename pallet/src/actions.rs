//! The actions: functions that phases call. One file a kind.
//!
//! | function | declares |
//! |---|---|
//! | [`package`], [`packages`], [`packages_for`] | packages installed, upgraded, held, or absent |
//! | [`package_file`] | a package from a file |
//! | [`debconf`](debconf()) | an answer for a package that asks |
//! | [`package_source`] | a repository, with its key |
//! | [`package_manager`] | the package index refreshed, everything upgraded, the package manager configured |
//! | [`remote_file`] | a file with this content |
//! | [`file`](file()) | a file that exists, whatever its content, or does not |
//! | [`directory`](directory()) | a directory that exists, or does not |
//! | [`symbolic_link`](symbolic_link()) | a symbolic link |
//! | [`exec`](exec()) | a command that is run |
//! | [`output_of`] | what a command writes, as a value |
//! | [`service`](service()) | a service enabled, running, reloaded when something changed |
//! | [`user`], [`group`] | an account |

mod account;
mod attributes;
mod directory;
mod exec;
mod file;
mod package;
mod remote_file;
mod service;
mod symbolic_link;

pub use account::{Group, User, group, user};
pub use attributes::Attributes;
pub use directory::{Directory, directory};
pub use exec::{Exec, OutputOf, exec, output_of};
pub use file::{File, file};
pub use package::{
    AutoRemove, CacheCleanup, Debconf, ForeignArchitecture, IndexUpdate, Package, PackageFile,
    PackageManager, PackageSetting, PackageSource, System, SystemUpgrade, debconf, package, package_file,
    package_manager, package_source, packages, packages_for,
};
pub use remote_file::{NewFile, RemoteFile, remote_file};
pub use service::{Service, service};
pub use symbolic_link::{SymbolicLink, symbolic_link};
