//! The actions: functions that phases call. One file a kind.
//!
//! | function | declares |
//! |---|---|
//! | [`package`], [`packages`] | packages installed, or absent |
//! | [`package_manager`] | the package index refreshed |
//! | [`remote_file`] | a file with this content |
//! | [`file`](file()) | a file that exists, whatever its content, or does not |
//! | [`line_in_file`], [`block_in_file`], [`replace_in_file`] | a part of a file that others write as well |
//! | [`directory`](directory()) | a directory that exists, or does not |
//! | [`fifo`](fifo()) | a named pipe |
//! | [`symbolic_link`](symbolic_link()) | a symbolic link |
//! | [`exec`](exec()) | a command that is run |
//! | [`output_of`] | what a command writes, as a value |
//! | [`publish_fact`] | a value of the node, for later phases of any node |
//! | [`service`](service()) | a service enabled, running, masked, reloaded when something changed |
//! | [`unit_file`], [`unit_drop_in`], [`init_script`] | a file that defines a service, or adds to its definition |
//! | [`user`], [`group`] | an account |

mod account;
mod attributes;
mod directory;
mod edit;
mod exec;
mod fifo;
mod file;
#[cfg(feature = "json")]
mod json;
mod package;
mod publish_fact;
mod remote_file;
mod service;
mod symbolic_link;

pub use account::{Group, User, group, user};
pub use attributes::Attributes;
pub use directory::{Directory, directory};
pub use edit::{
    BlockInFile, FileEdit, LineInFile, ReplaceInFile, block_in_file, line_in_file, replace_in_file,
};
pub use exec::{Exec, OutputOf, exec, output_of};
pub use fifo::{Fifo, fifo};
pub use file::{File, file};
#[cfg(feature = "json")]
pub use json::JsonPart;
pub use package::{IndexUpdate, Package, PackageManager, package, package_manager, packages};
pub use publish_fact::{PublishFact, publish_fact};
pub use remote_file::{LocalContent, NewDownload, NewFile, RemoteFile, remote_file};
pub use service::{Service, ServiceAnswer, UnitFile, init_script, service, unit_drop_in, unit_file};
pub use symbolic_link::{SymbolicLink, symbolic_link};
