//! The configuration: which compute services there are, and who the admin user is.
//!
//! Three layers, each laid over the next: the project's `pallet.toml`, the files in `services/` of the user's
//! configuration folder, and the user's `config.toml`. Command line and environment come before all of them;
//! they are not read here. Every value remembers the place where it was written.
//!
//! ```toml
//! default-service = "lab"
//!
//! [admin-user]
//! username = "deploy"                              # by default whom the SSH configuration says
//! private-key-path = "~/.ssh/id_ed25519"           # by default the agent and the usual files
//! public-key-path = "~/keys/id.pub"                # by default the one beside the private key
//! passphrase = { command = ["pass", "show", "ssh"] }
//! sudo-password = { env = "SUDO_PASSWORD" }        # or { file = "~/secret" }, or a text; also `password`
//! no-sudo = false
//!
//! [services.lab]
//! provider = "node-list"                           # all other keys are the provider's
//! nodes = [{ name = "web-1", group = "web", address = "10.0.0.7" }]
//! ```
//!
//! A service that has a `host` is on another machine: its paths are absolute ones there, nothing in them is replaced, and only
//! `private-key…` means a file here.
//!
//! A service of one name in several layers is taken whole from the strongest; the keys of `[admin-user]` are
//! taken one by one, except that passwords stay with the username beside them. Without `default-service` the only
//! service is the default; without any, the first provider of `main()`, under its own name.
//!
//! Relative paths belong to the folder of the file that names them. `~/` is the home folder everywhere; `$NAME`
//! and `${NAME}` are replaced in paths: the keys whose last word is path, file, dir, folder, root or home.

mod admin;
mod expand;
mod import;
mod layers;
mod secret;
mod section;
mod services;
mod source;

pub use admin::{AdminConfig, LoginOverrides};
pub use import::{Import, NewFile, Note, import};
pub use layers::{ConfigFiles, load};
pub use services::{Service, ServiceTable};
pub use source::Source;

pub(crate) use secret::names_secret;

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
