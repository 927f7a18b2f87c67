//! The machines that compute services are on, where that is not the controller: one connection each, over which
//! programs run, nodes are reached and a lock is held.
//!
//! A provider knows nothing of this. It runs its programs through the [`SshRunner`] that it is given, and says of its
//! nodes that they are reached [through](pallet::compute::Endpoint::Through) that host.

mod lock;
mod runner;

pub use lock::{HostLock, NotLocked};
pub use runner::SshRunner;

use crate::credentials::AdminUser;
use crate::known_hosts::KnownHosts;
use crate::ssh_config::{LocalUser, SshConfig};
use crate::transport::TransportError;
use crate::transport::ssh::{Route, SshTransport, Timing};
use pallet::spec::Login;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

/// How many commands run at once over one connection. OpenSSH's own limit is 10 (`MaxSessions`), and the lock needs one.
const SESSIONS: usize = 8;

/// The connections to hosts. They are made when they are needed, and again when they are lost.
pub struct Hosts {
    user: AdminUser,
    config: SshConfig,
    known_hosts: KnownHosts,
    links: Mutex<HashMap<String, Arc<Link>>>,
}

/// The way to one host.
struct Link {
    transport: AsyncMutex<Option<Arc<SshTransport>>>,
    sessions: Semaphore,
}

impl Hosts {
    /// Returns the hosts of whoever runs pallet. A host is logged in to like a jump host: with the key of `login`, under
    /// the name that the option `host` or the SSH configuration gives. `known_hosts` is where host keys are learned.
    pub fn new(login: &Login, ssh_config: Option<PathBuf>, known_hosts: PathBuf) -> Self {
        let local = LocalUser::current();
        Hosts::with(
            AdminUser::new(login),
            ssh_config.map_or_else(|| SshConfig::empty(local.clone()), |_| SshConfig::new(local.clone())),
            KnownHosts::new(known_hosts),
        )
    }

    /// Returns hosts that are reached with this user, this configuration and these host keys.
    pub fn with(user: AdminUser, config: SshConfig, known_hosts: KnownHosts) -> Self {
        Hosts { user, config, known_hosts, links: Mutex::default() }
    }

    /// Returns what runs programs on a host: `[user@]name[:port]`, where `name` may be one of the SSH configuration.
    pub fn runner(self: &Arc<Self>, host: &str) -> SshRunner {
        SshRunner::new(Arc::clone(self), host)
    }

    /// Returns the connection to a host: the one that is open, or a new one.
    ///
    /// # Errors
    ///
    /// When there is none and none can be made.
    pub async fn connection(&self, host: &str) -> Result<Arc<SshTransport>, TransportError> {
        let link = self.link(host);
        let mut transport = link.transport.lock().await;
        if let Some(open) = transport.as_ref().filter(|open| !open.is_over()) {
            return Ok(Arc::clone(open));
        }
        let route = Route::to_host(&self.config, host, &self.user, &self.known_hosts).await?;
        let connected = SshTransport::connect(&route, &Timing::default()).await;
        let connected = connected.map_err(|error| TransportError {
            message: format!("the host {host} of the service: {}", error.message),
            ..error
        })?;
        let connected = Arc::new(connected);
        *transport = Some(Arc::clone(&connected));
        Ok(connected)
    }

    fn link(&self, host: &str) -> Arc<Link> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Link { transport: AsyncMutex::default(), sessions: Semaphore::new(SESSIONS) };
        Arc::clone(links.entry(host.to_owned()).or_insert_with(|| Arc::new(new())))
    }
}
