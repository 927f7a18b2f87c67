//! The nodes of a run know each other by name, through `/etc/hosts`.
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_etc_hosts::{self as etc_hosts, EtcHosts, Settings};
//!
//! group! { pub Web { count: 2, extends: [EtcHosts] } }
//! group! { pub Db { count: 1, extends: [etc_hosts::server_spec(Settings::new().domain("lab.internal"))] } }
//! # use pallet::DefinesGroup;
//! # assert_eq!(Db::spec().resolve().unwrap().phases.len(), 1);
//! ```
//!
//! Every node of the run is in the block that pallet keeps in the file; what stands outside of it stays. A node that is not part of
//! the run is not in it, so converge all groups, or those that must know each other, together. Supported: every system.
//! Tested on real nodes: Debian.

use pallet::actions::Hosts;
use pallet::prelude::*;
use std::fmt;

/// Under which names nodes are known.
///
/// | setting | default |
/// |---|---|
/// | [`domain`](Settings::domain) | none: the bare host names |
/// | [`only_role`](Settings::only_role) | none: all nodes of the run |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    domain: Option<String>,
    role: Option<String>,
}

/// A domain that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDomain(String);

impl fmt::Display for InvalidDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no domain: expected letters, digits, `-` and `.`, such as `lab.internal`", self.0)
    }
}

impl std::error::Error for InvalidDomain {}

impl Settings {
    /// Returns the defaults.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Gives every node a canonical name in this domain, before its bare one.
    #[must_use]
    pub fn domain(self, domain: impl Into<String>) -> Settings {
        Settings { domain: Some(domain.into()), ..self }
    }

    /// Leaves out nodes without this role.
    #[must_use]
    pub fn only_role(self, role: impl Into<String>) -> Settings {
        Settings { role: Some(role.into()), ..self }
    }

    /// Checks the domain.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn validate(&self) -> Result<(), InvalidDomain> {
        let label =
            |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match &self.domain {
            Some(domain) if !domain.split('.').all(label) => Err(InvalidDomain(domain.clone())),
            _ => Ok(()),
        }
    }

    fn names(&self, node: &Node) -> Vec<String> {
        let bare = node.hostname().to_owned();
        match &self.domain {
            Some(domain) => vec![format!("{bare}.{domain}"), bare],
            None => vec![bare],
        }
    }
}

server_spec! {
    /// A node that knows all others of the run by their host names.
    pub EtcHosts { configure: all_nodes }
}

/// Has all nodes of the run in `/etc/hosts`, by their host names.
#[phase]
pub fn all_nodes(nodes: Nodes) -> Handle<Hosts> {
    hosts("pallet-nodes", nodes.iter())
}

/// Has nodes of the run in `/etc/hosts`, under these names.
///
/// # Errors
///
/// When the domain is none.
#[phase]
pub fn configure(nodes: Nodes, #[arg] settings: &Settings) -> Result<Handle<Hosts>> {
    settings.validate()?;
    let mut block = hosts("pallet-nodes", []);
    for node in nodes.iter().filter(|node| settings.role.as_ref().is_none_or(|role| node.has_role(role))) {
        block = block.entry(node.private_ip(), settings.names(node));
    }
    Ok(block)
}

/// Returns a server spec with these settings.
pub fn server_spec(settings: Settings) -> ServerSpec {
    ServerSpec::new("etc-hosts").phase("configure", move || configure(&settings))
}
