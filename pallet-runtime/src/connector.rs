//! Opens root shells on nodes, whatever their endpoint: the one place where transports are chosen.

use crate::credentials::AdminUser;
use crate::engine::{Connection, Connector, LoginAs};
use crate::hosts::Hosts;
use crate::known_hosts::{KnownHosts, host_name, name_there};
use crate::ssh_config::{LocalUser, SshConfig};
use crate::transport::local::{CommandTransport, LocalTransport};
use crate::transport::privilege::{Privilege, open_root};
use crate::transport::ssh::{Route, SshTransport, Timing};
use crate::transport::{Stage, Transport, TransportError};
use pallet::compute::{BoxFuture, Endpoint, NodeRecord};
use pallet::spec::Login;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a machine that was made or started just now may refuse us, unless something else is said. It is Vagrant's default, too.
pub(crate) const DEFAULT_BOOT_TIMEOUT: Duration = Duration::from_secs(300);

/// How long a machine that should run already may refuse us: long enough for an sshd that is being restarted.
const RESTART_WINDOW: Duration = Duration::from_secs(5);

/// The port of SSH.
const STANDARD_PORT: u16 = 22;

/// Reaches nodes with the credentials of the admin user, or of their image.
pub struct Reach {
    admin: AdminUser,
    login: Login,
    config: SshConfig,
    known_hosts: KnownHosts,
    hosts: Option<Arc<Hosts>>,
    boot_timeout: Duration,
}

impl Reach {
    /// Returns the way to nodes for an admin user. `own_known_hosts` is where host keys are learned.
    pub fn new(login: Login, ssh_config: Option<PathBuf>, own_known_hosts: PathBuf) -> Self {
        let local = LocalUser::current();
        let config = match ssh_config {
            Some(_) => SshConfig::new(local),
            None => SshConfig::empty(local),
        };
        Reach {
            admin: AdminUser::new(&login),
            login,
            config,
            known_hosts: KnownHosts::new(own_known_hosts),
            hosts: None,
            boot_timeout: DEFAULT_BOOT_TIMEOUT,
        }
    }

    /// Sets how long a machine that was made or started just now may refuse us.
    #[must_use]
    pub fn boot_timeout(self, boot_timeout: Duration) -> Self {
        Reach { boot_timeout, ..self }
    }

    /// Reaches nodes of services on other machines through these.
    #[must_use]
    pub fn through(mut self, hosts: Arc<Hosts>) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Returns the admin user as phases see it: by name, and with the public halves of the keys.
    pub fn admin_user(&self) -> pallet::AdminUser {
        let local = self.config.local();
        let username = self.admin.username().unwrap_or(&local.name);
        pallet::AdminUser::new(username, self.admin.public_keys(local))
    }

    /// Checks what can be checked of the credentials before any node is contacted.
    ///
    /// # Errors
    ///
    /// When a key that was named cannot be used.
    pub async fn check(&self) -> Result<(), TransportError> {
        self.admin.check(self.config.local()).await
    }

    async fn over_ssh(
        &self,
        host: &str,
        port: u16,
        user: &AdminUser,
        boot_window: Duration,
    ) -> Result<Connection, TransportError> {
        // The standard port is what an endpoint has when nobody named one: the configuration may name another.
        let named = Some(port).filter(|port| *port != STANDARD_PORT);
        let route = Route::to(&self.config, host, named, user, &self.known_hosts).await?;
        let timing = Timing { boot_window, ..Timing::default() };
        let transport = SshTransport::connect(&route, &timing).await?;
        become_root(Box::new(transport), user.privilege()).await
    }

    async fn through_host(
        &self,
        (via, host, port): (&str, &str, u16),
        user: &AdminUser,
        boot_window: Duration,
    ) -> Result<Connection, TransportError> {
        let Some(hosts) = &self.hosts else { return Err(no_hosts(via)) };
        let from = hosts.connection(via).await?;
        let route = Route::to(&self.config, host, Some(port), user, &self.known_hosts).await?;
        let timing = Timing { boot_window, ..Timing::default() };
        let transport = SshTransport::connect_from(&from, &route.hop_there(via), &timing).await?;
        become_root(Box::new(transport), user.privilege()).await
    }

    /// Returns the user that a login is about, unless it is the admin user.
    fn other_user(&self, node: &NodeRecord, login: LoginAs) -> Option<AdminUser> {
        let image = node.image_login.as_ref().filter(|_| login == LoginAs::Image);
        image.map(|image| self.image_user(image))
    }

    /// Returns the account that an image came with. Where nothing is said of how it is entered, it lets in the key
    /// that it was given when the machine was made, which is the admin user's.
    fn image_user(&self, image: &Login) -> AdminUser {
        let has_own =
            image.password.is_some() || image.private_key.is_some() || image.private_key_path.is_some();
        if has_own {
            return AdminUser::new(image);
        }
        AdminUser::new(&Login {
            private_key_path: self.login.private_key_path.clone(),
            private_key: self.login.private_key.clone(),
            passphrase: self.login.passphrase.clone(),
            ..image.clone()
        })
    }

    /// Without a word about it, whoever runs pallet is root already or becomes it.
    fn local_privilege(&self) -> Privilege {
        let password = self.login.sudo_password.clone().or_else(|| self.login.password.clone());
        if self.login.no_sudo { Privilege::None } else { Privilege::Auto { password } }
    }
}

fn no_hosts(via: &str) -> TransportError {
    TransportError {
        stage: Stage::Connect,
        message: format!("there is no way to the host {via}, through which the node is reached"),
        hint: None,
        transient: false,
    }
}

/// Says where to look when a node does not let us in though nothing but time seems to stand in the way.
fn with_advice(error: TransportError, booting: bool) -> TransportError {
    if !error.transient || error.hint.is_some() {
        return error;
    }
    let hint = match booting {
        true => {
            "it was just started: look at its screen whether its system boots, asks for an address and starts an SSH \
             server; the same command goes on with it when it does, and `--boot-timeout` waits longer"
        }
        false => "does it run, and its SSH server? `nodes` shows its state and its address",
    };
    TransportError { hint: Some(hint.to_owned()), ..error }
}

async fn become_root(
    transport: Box<dyn Transport>,
    privilege: &Privilege,
) -> Result<Connection, TransportError> {
    let channel = open_root(&*transport, privilege, "exec sh").await?;
    Ok(Connection { transport, channel })
}

impl Connector for Reach {
    fn connect<'a>(
        &'a self,
        node: &'a NodeRecord,
        login: LoginAs,
        booting: bool,
    ) -> BoxFuture<'a, Result<Connection, TransportError>> {
        Box::pin(async move {
            let boot_window = if booting { self.boot_timeout } else { RESTART_WINDOW };
            let other = self.other_user(node, login);
            let user = other.as_ref().unwrap_or(&self.admin);
            let connection = match &node.endpoint {
                Some(Endpoint::Ssh { host, port }) => self.over_ssh(host, *port, user, boot_window).await,
                Some(Endpoint::Through { via, host, port }) => {
                    self.through_host((via, host, *port), user, boot_window).await
                }
                Some(Endpoint::Command { program, args }) => {
                    let transport = CommandTransport::new(program, args.iter().cloned());
                    become_root(Box::new(transport), &Privilege::None).await
                }
                Some(Endpoint::Local) => become_root(Box::new(LocalTransport), &self.local_privilege()).await,
                None => Err(TransportError {
                    stage: Stage::Resolve,
                    message: format!("{} has no address", node.name),
                    hint: Some("does it run? `nodes` tells".to_owned()),
                    transient: false,
                }),
            };
            connection.map_err(|error| with_advice(error, booting))
        })
    }

    fn forget(&self, node: &NodeRecord) {
        let name = match &node.endpoint {
            Some(Endpoint::Ssh { host, port }) => host_name(host, *port),
            Some(Endpoint::Through { via, host, port }) => name_there(via, host, *port),
            _ => return,
        };
        // A file that cannot be written is reported when the key is checked.
        let _ = self.known_hosts.forget(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_in_vain_is_told_where_to_look() {
        let error = |hint: Option<&str>, transient| TransportError {
            stage: Stage::Connect,
            message: String::new(),
            hint: hint.map(str::to_owned),
            transient,
        };
        let hint = |error, booting| with_advice(error, booting).hint.unwrap_or_default();
        assert!(hint(error(None, true), true).contains("its screen"));
        assert!(hint(error(None, true), false).contains("`nodes`"));
        assert_eq!(hint(error(Some("known better"), true), true), "known better");
        assert_eq!(hint(error(None, false), true), "", "time would not help");
    }
}
