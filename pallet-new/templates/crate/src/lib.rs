//! __name__ on the nodes of a pallet infrastructure: a server of rsync, with the folders that it shares.
//!
//! ```
//! use pallet::prelude::*;
//! use __crate__::{self as __name_ident__, Settings};
//!
//! fn settings() -> Settings {
//!     Settings::new().share("docs", "/srv/docs").max_connections(10)
//! }
//!
//! group! { pub Mirrors { count: 1, extends: [__name_ident__::server_spec(settings())] } }
//! ```
//!
//! Supported and tested: Debian and Ubuntu.

mod settings;

pub use settings::{Settings, SettingsError};

use pallet::actions::{Package, RemoteFile, Service};
use pallet::graph::Handles;
use pallet::prelude::*;

/// The file that the server reads.
const CONFIG: &str = "/etc/rsyncd.conf";

/// Has the server installed, configured like this, enabled and running.
///
/// # Errors
///
/// When the settings contradict themselves.
#[phase]
pub fn server(#[arg] settings: &Settings) -> Result {
    install();
    let changed = configure(settings)?;
    service(changed);
    Ok(())
}

/// Installs the server.
#[phase]
pub fn install() -> Handle<Package> {
    package("rsync")
}

/// Writes the configuration, and returns what the server must be restarted for.
///
/// # Errors
///
/// When the settings contradict themselves.
#[phase]
pub fn configure(#[arg] settings: &Settings) -> Result<Handle<RemoteFile>> {
    settings.validate()?;
    for path in settings.paths() {
        directory(path);
    }
    Ok(remote_file(CONFIG).content(settings.config()).mode(0o644))
}

/// Has the server enabled and running, and restarted when one of these changes.
#[track_caller]
pub fn service(changed: impl Handles) -> Handle<Service> {
    pallet::prelude::service("rsync")
        .enabled()
        .running()
        .restart_when_changed(changed)
}

/// Returns a server spec with these settings. It publishes them too, so that other nodes of the run can look at
/// them: `settings::of::<__crate__::Settings>(node)`.
pub fn server_spec(settings: Settings) -> ServerSpec {
    let published = settings.clone();
    ServerSpec::new("__name__")
        .role("__name__")
        .phase("settings", move || {
            pallet::settings::publish(published.clone())
        })
        .phase("configure", move || server(&settings))
}
