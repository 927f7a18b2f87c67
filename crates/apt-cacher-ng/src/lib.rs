//! A cache of Debian packages (apt-cacher-ng): the server on a node, and nodes that use it, or one on the machine that hosts them.
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_apt_cacher_ng::{self as cache, Settings};
//!
//! group! { pub Cache { count: 1, extends: [cache::server_spec(Settings::new())] } }
//!
//! /// Installs through the cache of the run.
//! #[phase]
//! fn through_the_cache(caches: NodesIn<Cache>) -> Result {
//!     cache::client(caches.first()?.private_ip(), 3142);
//!     Ok(())
//! }
//!
//! /// Installs through a cache on the VirtualBox host.
//! #[phase]
//! fn through_the_host(node: &Node) -> Result {
//!     cache::client(cache::host_of(node)?, 3142);
//!     Ok(())
//! }
//! # let built = pallet::graph::build(&pallet::Context::example(), || cache::server(&Settings::new()).unwrap()).unwrap();
//! # assert_eq!(built.graph.len(), 3);
//! ```
//!
//! Supported: what is built on Debian. Tested on real nodes: Debian.

use pallet::actions::PackageSetting;
use pallet::dispatch::NoSuchCase;
use pallet::facts::OsFamily;
use pallet::prelude::*;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// How the cache is configured.
///
/// | setting | default |
/// |---|---|
/// | [`port`](Settings::port) | 3142 |
/// | [`bind`](Settings::bind) | all addresses |
/// | [`pass_through`](Settings::pass_through) | none: what is fetched by HTTPS is refused |
/// | [`option`](Settings::option) | what the distribution sets |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    port: u16,
    bind: Option<IpAddr>,
    pass_through: Option<String>,
    options: BTreeMap<String, String>,
}

/// Why something about a cache cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheError {
    /// A setting that is none.
    Setting(String),
    /// The machine that hosts a node cannot be told from what the node says of itself.
    NoHost(String),
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CacheError::Setting(message) => f.write_str(message),
            CacheError::NoHost(node) => write!(
                f,
                "the address of the machine that hosts {node} is not known: none of the node's addresses is on a network of \
                 its host's own; give the cache's address itself"
            ),
        }
    }
}

impl std::error::Error for CacheError {}

impl Default for Settings {
    fn default() -> Self {
        Settings { port: 3142, bind: None, pass_through: None, options: BTreeMap::new() }
    }
}

impl Settings {
    /// Returns the defaults.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Sets the port.
    #[must_use]
    pub fn port(self, port: u16) -> Settings {
        Settings { port, ..self }
    }

    /// Sets the address that the cache listens on.
    #[must_use]
    pub fn bind(self, address: IpAddr) -> Settings {
        Settings { bind: Some(address), ..self }
    }

    /// Passes connections by HTTPS through, uncached, to hosts that match this regular expression with their port, such as
    /// `.*:443$`.
    #[must_use]
    pub fn pass_through(self, pattern: impl Into<String>) -> Settings {
        Settings { pass_through: Some(pattern.into()), ..self }
    }

    /// Sets an option of `acng.conf`, such as `ExThreshold` to 4.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl ToString) -> Settings {
        self.options.insert(name.into(), value.to_string());
        self
    }

    /// Checks what can be checked without a node.
    ///
    /// # Errors
    ///
    /// With the first mistake.
    pub fn validate(&self) -> Result<(), CacheError> {
        if self.port == 0 {
            return Err(CacheError::Setting("port of the cache: expected 1 to 65535".to_owned()));
        }
        let own = self.options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let values =
            own.chain(self.pass_through.iter().map(|pattern| ("PassThroughPattern", pattern.as_str())));
        for (name, value) in values {
            let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !plain || value.chars().any(char::is_control) {
                return Err(CacheError::Setting(format!(
                    "{name:?} is no option of the cache with a value of one line"
                )));
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!("Port: {}\n", self.port);
        let bind = self.bind.map(|address| ("BindAddress".to_owned(), address.to_string()));
        let through = self.pass_through.clone().map(|pattern| ("PassThroughPattern".to_owned(), pattern));
        let own = self.options.iter().map(|(name, value)| (name.clone(), value.clone()));
        for (name, value) in bind.into_iter().chain(through).chain(own) {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text
    }
}

/// Has a cache installed, configured like this, enabled and running.
///
/// # Errors
///
/// When a setting is none, or the node's system does not have the package.
#[phase]
pub fn server(node: &Node, #[arg] settings: &Settings) -> Result {
    settings.validate()?;
    only_debian(node)?;
    package("apt-cacher-ng");
    // Files are read in the order of their names; this is the last.
    let config = remote_file("/etc/apt-cacher-ng/zz_pallet.conf").content(settings.text()).mode(0o644);
    service("apt-cacher-ng").enabled().running().restart_when_changed(config);
    Ok(())
}

fn only_debian(node: &Node) -> Result<(), NoSuchCase> {
    by_os(node).when(OsFamily::DebianBase, "*", || ()).otherwise_unsupported()
}

/// Has the node fetch packages through a cache.
#[track_caller]
pub fn client(address: IpAddr, port: u16) -> Handle<PackageSetting> {
    let host = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    package_manager().proxy(format!("http://{host}:{port}"))
}

/// Returns the address of the machine that hosts a node, as the node sees it: the first address of the host-only network, where the
/// controller reaches the node there, or 10.0.2.2 behind VirtualBox's NAT.
///
/// # Errors
///
/// When the node has no address on such a network.
pub fn host_of(node: &Node) -> Result<IpAddr, CacheError> {
    let interfaces = node.facts().interfaces.iter();
    let v4 = interfaces.filter_map(|interface| match interface.address {
        IpAddr::V4(address) => Some((address, interface.prefix)),
        IpAddr::V6(_) => None,
    });
    let mut networks: Vec<(Ipv4Addr, u8)> = v4.filter(|(address, _)| address.is_private()).collect();
    // The network over which the controller comes is the host's own.
    networks.sort_by_key(|(address, _)| IpAddr::V4(*address) != node.primary_ip());
    let host = networks.first().map(|(address, prefix)| {
        let mask = u32::MAX.checked_shl(32 - u32::from((*prefix).min(32))).unwrap_or(0);
        let network = u32::from(*address) & mask;
        let nat = network == u32::from(Ipv4Addr::new(10, 0, 2, 0));
        IpAddr::V4(Ipv4Addr::from(network + if nat { 2 } else { 1 }))
    });
    host.ok_or_else(|| CacheError::NoHost(node.name().to_string()))
}

/// Returns a server spec of a cache with these settings.
pub fn server_spec(settings: Settings) -> ServerSpec {
    ServerSpec::new("apt-cacher-ng").phase("configure", move || server(&settings))
}
