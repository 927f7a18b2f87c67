//! MariaDB and MySQL on the nodes of a pallet infrastructure: servers, databases, users with passwords and grants.
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_mysql::{self as mysql, Database, Grant, Settings, User};
//!
//! #[phase]
//! fn shop_database(node: &Node) -> Result {
//!     let password = Secret::from("from somewhere safe");
//!     let settings = Settings::new()
//!         .bind(node.private_ip())
//!         .option("innodb_buffer_pool_size", "512M")
//!         .database(Database::new("shop"))
//!         .user(User::new("shop", password).host("10.0.0.%").grant(Grant::all_on("shop")));
//!     mysql::server(&settings)
//! }
//!
//! group! { pub Databases { count: 1, configure: shop_database, protect: true } }
//! # let built = pallet::graph::build(&pallet::Context::example(), || {
//! #     let settings = Settings::new().database(Database::new("shop"));
//! #     mysql::server(&settings).expect("valid settings");
//! # }).unwrap();
//! # assert_eq!(built.graph.len(), 4);
//! ```
//!
//! The server comes from the distribution. Root of the node is root of the server, over its socket and without a
//! password, as packages set it up. Passwords of users stay on the controller: the server is given what it would keep
//! of them. What is the same on all nodes of a kind is put into a server spec with [`server_spec`]; the parts of
//! [`server`] are [`install`], [`configure`], [`service`], [`database`] and [`user`].
//!
//! Supported: MariaDB on what is built on Debian, Red Hat Enterprise Linux and SUSE; MySQL on what is built on the first two.
//! Tested on real nodes: MariaDB 10.11 on Debian. The statements and the hashes were compared with MySQL 9.7.

mod answer;
mod database;
mod grants;
mod layout;
mod names;
mod password;
mod settings;
mod user;

pub use database::{Database, database};
pub use grants::Grant;
pub use names::InvalidName;
pub use settings::{Flavour, Settings, SettingsError};
pub use user::{User, user};

use layout::Layout;
use pallet::actions::{Package, RemoteFile, Service};
use pallet::dispatch::NoSuchCase;
use pallet::graph::Handles;
use pallet::prelude::*;
use pallet::script::Library;

pub(crate) static SQL: Library = Library::new("pallet-mysql", include_str!("sql.sh"), &[]);

/// Has a server installed, configured like this, enabled and running, with its databases and users. It is restarted when
/// its options change.
///
/// # Errors
///
/// When the settings contradict themselves or the node's operating system is not supported.
#[phase]
pub fn server(node: &Node, #[arg] settings: &Settings) -> Result {
    settings.validate()?;
    install(settings.flavour_of())?;
    let options = configure(settings)?;
    service(node, settings.flavour_of(), options)?;
    settings.databases().iter().cloned().for_each(|it| _ = database(it));
    settings.users().iter().cloned().for_each(|it| _ = user(it));
    Ok(())
}

/// Installs the server.
///
/// # Errors
///
/// When the node's operating system is not supported.
#[phase]
pub fn install(node: &Node, #[arg] flavour: Flavour) -> Result<Handle<Package>> {
    Ok(package(Layout::of(node, flavour)?.server))
}

/// Installs the client alone.
///
/// # Errors
///
/// When the node's operating system is not supported.
#[phase]
pub fn client(node: &Node, #[arg] flavour: Flavour) -> Result<Handle<Package>> {
    Ok(package(Layout::of(node, flavour)?.client))
}

/// Writes the server's options, and returns the file, for what must answer to it.
///
/// # Errors
///
/// When the settings contradict themselves or the node's operating system is not supported.
#[phase]
pub fn configure(node: &Node, #[arg] settings: &Settings) -> Result<Handle<RemoteFile>> {
    settings.validate()?;
    let layout = Layout::of(node, settings.flavour_of())?;
    Ok(remote_file(layout.options).content(settings.option_file()).mode(0o644))
}

/// Has the server enabled and running, and restarted when one of these changes.
///
/// # Errors
///
/// When the node's operating system is not supported.
#[track_caller]
pub fn service(node: &Node, flavour: Flavour, changed: impl Handles) -> Result<Handle<Service>, NoSuchCase> {
    let name = Layout::of(node, flavour)?.service;
    Ok(pallet::prelude::service(name).enabled().running().restart_when_changed(changed))
}

/// Returns a server spec of a server with these settings. It publishes them too, so that other nodes of the run can look
/// at them: `settings::of::<pallet_mysql::Settings>(node)`.
pub fn server_spec(settings: Settings) -> ServerSpec {
    let published = settings.clone();
    ServerSpec::new("mysql")
        .role("database")
        .phase("settings", move || pallet::settings::publish(published.clone()))
        .phase("configure", move || server(&settings))
}
