//! The configuration: which compute services there are, and who the admin user is.
//!
//! Three layers, each laid over the next: the project's `pallet.toml`, the files in `services/` of the user's
//! configuration folder, and the user's `config.toml`. Command line and environment come before all of them;
//! they are not read here. Every value remembers the place where it was written.

mod admin;
mod expand;
mod layers;
mod secret;
mod section;
mod services;
mod source;

pub use admin::{AdminConfig, LoginOverrides};
pub use layers::{ConfigFiles, load};
pub use services::{Service, ServiceTable};
pub use source::Source;

use crate::error::Excerpt;
use pallet::name::ServiceName;

/// The merged configuration.
#[derive(Debug, Default)]
pub struct Config {
    /// The service to use when none is named.
    pub default_service: Option<Located<ServiceName>>,
    /// The account under which nodes are configured.
    pub admin: AdminConfig,
    /// The compute services.
    pub services: ServiceTable,
    /// What was found odd, such as a secret that everybody can read.
    pub warnings: Vec<String>,
    /// The files that were read, first the one that wins.
    pub sources: Vec<Source>,
}

/// A value with the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub at: Excerpt,
}
