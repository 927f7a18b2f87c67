//! nginx on the nodes of a pallet infrastructure: static sites, reverse proxies over the nodes of another group, TLS.
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_nginx::{self as nginx, Settings, Site, Tls, Upstream};
//!
//! group! { pub Apps { name: "app", count: 3 } }
//!
//! #[phase]
//! fn web(apps: NodesIn<Apps>) -> Result {
//!     let site = Site::new("shop")
//!         .server_name("shop.example.org")
//!         .tls(Tls::self_signed())
//!         .static_files("/assets/", "/srv/shop/assets")
//!         .proxy("/", Upstream::nodes(apps.iter(), 8080));
//!     nginx::server(&Settings::new().client_max_body_mib(64).site(site))
//! }
//!
//! group! { pub Web { count: 2, configure: web } }
//! # let built = pallet::graph::build(&pallet::Context::example(), || {
//! #     let site = Site::new("shop").tls(Tls::self_signed()).static_files("/", "/srv/shop");
//! #     nginx::server(&Settings::new().site(site)).expect("valid settings");
//! # }).unwrap();
//! # assert!(built.graph.len() > 4);
//! ```
//!
//! What is the same on all nodes of a kind is put into a server spec with [`server_spec`]. The parts of [`server`]
//! are [`install`], [`configure`] and [`service`], for what must happen between them.
//!
//! nginx comes from the distribution. Its `nginx.conf` is replaced by one that has the settings and includes the
//! sites; each site is checked by `nginx -t` before it goes live, and all of them together before nginx is told. A site
//! that is no longer declared stays: say [`Settings::without_site`].
//!
//! Supported: what is built on Debian, Red Hat Enterprise Linux, SUSE, Arch and Alpine. Tested on real nodes: Debian.

mod check;
mod layout;
mod settings;
mod site;
mod syntax;
mod tls;

pub use settings::{Settings, SettingsError, Workers};
pub use site::{Site, Upstream};
pub use tls::Tls;

use layout::Layout;
use pallet::actions::{Package, Service};
use pallet::graph::{AnyHandle, Handles};
use pallet::prelude::*;

/// Has nginx installed, configured like this, enabled and running; it is reloaded when its configuration changes.
///
/// # Errors
///
/// When the settings contradict themselves or the node's operating system is not supported.
#[phase]
pub fn server(#[arg] settings: &Settings) -> Result {
    install();
    let changed = configure(settings)?;
    service(changed);
    Ok(())
}

/// Installs nginx.
#[phase]
pub fn install() -> Handle<Package> {
    package("nginx")
}

/// Writes the configuration, and returns what nginx must be reloaded for.
///
/// # Errors
///
/// When the settings contradict themselves or the node's operating system is not supported.
#[phase]
pub fn configure(node: &Node, #[arg] settings: &Settings) -> Result<Vec<AnyHandle>> {
    settings.validate()?;
    let layout = Layout::of(node)?;
    let mut changed = vec![
        remote_file("/etc/nginx/nginx.conf")
            .content(settings.main_config(&layout))
            .mode(0o644)
            .verify("nginx -t -q -c \"$1\"")
            .any(),
    ];
    for name in settings.unwanted_sites() {
        changed.extend(layout.remove(name));
    }
    for site in settings.sites() {
        changed.extend(tls::provide(site));
        changed.extend(layout.enable(site));
    }
    check::check(changed.clone());
    Ok(changed)
}

/// Has nginx enabled and running, and reloaded when one of these changes.
#[track_caller]
pub fn service(changed: impl Handles) -> Handle<Service> {
    pallet::prelude::service("nginx").enabled().running().reload_when_changed(changed)
}

/// Returns a server spec of nginx with these settings. It publishes them too, so that other nodes of the run can
/// look at them: `settings::of::<pallet_nginx::Settings>(node)`.
///
/// ```
/// use pallet::prelude::*;
/// use pallet_nginx::{self as nginx, Settings, Site};
///
/// fn docs() -> Settings {
///     Settings::new().site(Site::new("docs").static_files("/", "/srv/docs"))
/// }
///
/// group! { pub Docs { count: 1, extends: [nginx::server_spec(docs())] } }
/// # use pallet::DefinesGroup;
/// # assert_eq!(Docs::spec().resolve().unwrap().phases.len(), 2);
/// ```
pub fn server_spec(settings: Settings) -> ServerSpec {
    let published = settings.clone();
    ServerSpec::new("nginx")
        .role("nginx")
        .phase("settings", move || pallet::settings::publish(published.clone()))
        .phase("configure", move || server(&settings))
}
