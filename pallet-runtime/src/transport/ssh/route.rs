//! The way to a node: the node itself and the hosts before it, each with what its own configuration says.

use super::Timing;
use crate::credentials::{AdminUser, Credentials};
use crate::known_hosts::{self, KnownHosts, Policy};
use crate::ssh_config::{ConfigError, Jump, Proxy, ResolvedHost, SshConfig};
use crate::transport::{Stage, TransportError};
use std::path::PathBuf;
use std::time::Duration;

/// More jump hosts than this are a circle.
const LIMIT: usize = 8;
/// What the administrator of the controller says about hosts.
const SYSTEM_KNOWN_HOSTS: &str = "/etc/ssh/ssh_known_hosts";

/// The hosts to connect to one through the other; the last one is the node.
#[derive(Debug)]
pub struct Route {
    before: Vec<Hop>,
    last: Hop,
}

/// One host on the way.
#[derive(Debug)]
pub struct Hop {
    /// Its name or address, as the host before it knows it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The name under which its key is filed.
    pub key_name: String,
    /// How it is reached from the host before it.
    pub via: Via,
    /// What is shown to it.
    pub credentials: Credentials,
    /// Where its key is looked up.
    pub known_hosts: KnownHosts,
    /// What its configuration says about patience.
    pub limits: Limits,
}

/// How a host is reached from the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// Over the network.
    Network,
    /// Through the streams of a command on the controller.
    Command(String),
}

/// What a host's configuration says about patience; what it does not say is up to the caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// `ConnectTimeout`.
    pub connect: Option<Duration>,
    /// `ServerAliveInterval`.
    pub keepalive: Option<Duration>,
    /// `ServerAliveCountMax`.
    pub keepalive_max: Option<usize>,
}

impl Route {
    /// Returns the way to a host for a user, as the SSH configuration has it. Nothing is contacted.
    ///
    /// `port` is the one that is given for the host, if one is; else the configuration's counts. `own` is where host
    /// keys are learned.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong, the jump hosts go in a circle, or a key that was named cannot be used.
    pub async fn to(
        config: &SshConfig,
        host: &str,
        port: Option<u16>,
        user: &AdminUser,
        own: &KnownHosts,
    ) -> Result<Route, TransportError> {
        let node = config.resolve_as(host, user.username(), port).map_err(misconfigured)?;
        let credentials = user.credentials(&node, config.local()).await?;
        let before = hops_before(config, host, &node, user, own).await?;
        Ok(Route { before, last: Hop::new(node, credentials, own) })
    }

    /// Returns the way to the host of a service, `[user@]name[:port]`, which is logged in to like a jump host.
    ///
    /// # Errors
    ///
    /// As [`Route::to`], and when `host` is nothing of this form.
    pub async fn to_host(
        config: &SshConfig,
        host: &str,
        user: &AdminUser,
        own: &KnownHosts,
    ) -> Result<Route, TransportError> {
        let jump = Jump::parse(host).map_err(|message| TransportError {
            stage: Stage::Credentials,
            message,
            hint: Some("`host` of a service is `[user@]name[:port]`".to_owned()),
            transient: false,
        })?;
        let resolved = resolve_jump(config, &jump)?;
        let credentials = user.credentials_of_jump(&resolved, config.local()).await?;
        let before = hops_before(config, host, &resolved, user, own).await?;
        Ok(Route { before, last: Hop::new(resolved, credentials, own) })
    }

    /// Returns the last host of the way as one that is reached from another connection, `via`, whatever way there would be
    /// from here. Its key is filed under both names: addresses mean something else on every host.
    pub(crate) fn hop_there(mut self, via: &str) -> Hop {
        self.last.key_name = known_hosts::name_there(via, &self.last.host, self.last.port);
        self.last.via = Via::Network;
        self.last
    }

    /// Returns the node and the hosts before it, the nearest first.
    pub fn split(&self) -> (&Hop, &[Hop]) {
        (&self.last, &self.before)
    }
}

/// Returns the jump hosts before a host, the nearest first.
async fn hops_before(
    config: &SshConfig,
    host: &str,
    node: &ResolvedHost,
    user: &AdminUser,
    own: &KnownHosts,
) -> Result<Vec<Hop>, TransportError> {
    let mut before = Vec::new();
    let mut next = jumps_of(node);
    // From the node backwards. The jumps named for a host come before those that its jump host has of its own.
    while let Some(jump) = next.pop() {
        if before.len() == LIMIT {
            return Err(circle(host));
        }
        let resolved = resolve_jump(config, &jump)?;
        if next.is_empty() {
            next = jumps_of(&resolved);
        }
        let credentials = user.credentials_of_jump(&resolved, config.local()).await?;
        before.push(Hop::new(resolved, credentials, own));
    }
    before.reverse();
    Ok(before)
}

impl Hop {
    fn new(host: ResolvedHost, credentials: Credentials, own: &KnownHosts) -> Hop {
        let mut known_hosts = own.clone();
        known_hosts.read_only.extend(host.known_hosts);
        known_hosts.read_only.push(PathBuf::from(SYSTEM_KNOWN_HOSTS));
        if host.strict {
            known_hosts.policy = Policy::Strict;
        }
        let name = || known_hosts::host_name(&host.hostname, host.port);
        Hop {
            key_name: host.host_key_alias.map_or_else(name, |alias| alias.to_ascii_lowercase()),
            host: host.hostname,
            port: host.port,
            via: match host.proxy {
                Proxy::Command(command) => Via::Command(command),
                Proxy::None | Proxy::Jump(_) => Via::Network,
            },
            credentials,
            known_hosts,
            limits: Limits {
                connect: host.connect_timeout,
                keepalive: host.keepalive,
                keepalive_max: host.keepalive_max,
            },
        }
    }

    /// Returns how patient to be with this host.
    pub(super) fn timing(&self, timing: &Timing) -> Timing {
        // `ServerAliveInterval 0` switches the question off in OpenSSH; a node that is gone must be noticed here.
        let keepalive = self.limits.keepalive.filter(|interval| !interval.is_zero());
        Timing {
            connect: self.limits.connect.unwrap_or(timing.connect),
            keepalive: keepalive.unwrap_or(timing.keepalive),
            keepalive_max: self.limits.keepalive_max.unwrap_or(timing.keepalive_max),
            ..*timing
        }
    }
}

fn jumps_of(host: &ResolvedHost) -> Vec<Jump> {
    match &host.proxy {
        Proxy::Jump(jumps) => jumps.clone(),
        Proxy::None | Proxy::Command(_) => Vec::new(),
    }
}

fn resolve_jump(config: &SshConfig, jump: &Jump) -> Result<ResolvedHost, TransportError> {
    config.resolve_as(&jump.host, jump.user.as_deref(), jump.port).map_err(misconfigured)
}

fn misconfigured(error: ConfigError) -> TransportError {
    let message = error.to_string();
    TransportError { stage: Stage::Credentials, message, hint: error.hint, transient: false }
}

fn circle(host: &str) -> TransportError {
    TransportError {
        stage: Stage::Credentials,
        message: format!("the jump hosts on the way to {host} are more than {LIMIT}"),
        hint: Some("set `ProxyJump none` for the host that is reached directly".to_owned()),
        transient: false,
    }
}
