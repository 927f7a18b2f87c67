//! The SSH server of nodes, and host keys that nodes know of each other.
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_ssh::{self as ssh, KnowEachOther, RootLogin, Settings};
//!
//! fn hardened() -> Settings {
//!     Settings::new().passwords(false).root_login(RootLogin::KeysOnly).allow_users(["ops", "deploy"])
//! }
//!
//! group! { pub Web { count: 2, extends: [ssh::server_spec(hardened()), KnowEachOther] } }
//! # use pallet::DefinesGroup;
//! # assert_eq!(Web::spec().resolve().unwrap().phases.len(), 2);
//! ```
//!
//! The settings are in a file of their own, which sshd reads before its own; sshd checks its whole configuration with it before it goes
//! live, and is reloaded, so that open connections stay. A run that was let in by a user or a way that the settings shut out has no
//! way back: try them on one node first. Keys of users are the actions `ssh_key`, `authorized_keys` and `known_host`.
//!
//! Supported: systems whose `sshd_config` includes `/etc/ssh/sshd_config.d` (Debian 11, Ubuntu 20.04, RHEL 9, Fedora, openSUSE, and
//! what came after them). Tested on real nodes: Debian.

use pallet::actions::RemoteFile;
use pallet::facts::OsFamily;
use pallet::prelude::*;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// The file of the settings. sshd takes the first value that it finds, so this must be the first file.
const FILE: &str = "/etc/ssh/sshd_config.d/00-pallet.conf";

/// The name of the published fact with a node's host key.
const HOST_KEY: &str = "ssh-host-key";

/// How sshd is configured. What is not said here is as the distribution has it.
///
/// | setting | default |
/// |---|---|
/// | [`ports`](Settings::ports) | those of the distribution: 22 |
/// | [`root_login`](Settings::root_login) | that of the distribution: keys only |
/// | [`passwords`](Settings::passwords) | that of the distribution: allowed |
/// | [`allow_users`](Settings::allow_users) | everybody |
/// | [`option`](Settings::option) | none |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    ports: Vec<u16>,
    root_login: Option<RootLogin>,
    passwords: Option<bool>,
    users: Vec<String>,
    options: BTreeMap<String, String>,
}

/// Whether root may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootLogin {
    /// With keys and passwords.
    Allowed,
    /// With keys alone.
    KeysOnly,
    /// Never. pallet then needs another user who may become root.
    Forbidden,
}

/// A setting that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Returns settings that change nothing.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Sets the ports that sshd listens on.
    #[must_use]
    pub fn ports(self, ports: impl IntoIterator<Item = u16>) -> Settings {
        Settings { ports: ports.into_iter().collect(), ..self }
    }

    /// Sets whether root may log in.
    #[must_use]
    pub fn root_login(self, allowed: RootLogin) -> Settings {
        Settings { root_login: Some(allowed), ..self }
    }

    /// Sets whether anybody may log in with a password.
    #[must_use]
    pub fn passwords(self, allowed: bool) -> Settings {
        Settings { passwords: Some(allowed), ..self }
    }

    /// Lets these users in and nobody else; patterns of sshd_config(5) are allowed.
    #[must_use]
    pub fn allow_users<S: Into<String>>(self, users: impl IntoIterator<Item = S>) -> Settings {
        Settings { users: users.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets a keyword of sshd_config(5), such as `MaxAuthTries` to 3.
    #[must_use]
    pub fn option(mut self, keyword: impl Into<String>, value: impl ToString) -> Settings {
        self.options.insert(keyword.into(), value.to_string());
        self
    }

    /// Checks what can be checked without a node.
    ///
    /// # Errors
    ///
    /// With the first mistake.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let wrong = |message: String| Err(SettingsError(message));
        if self.ports.contains(&0) {
            return wrong("port of sshd: expected 1 to 65535".to_owned());
        }
        let name =
            |user: &String| !user.is_empty() && !user.chars().any(|c| c.is_whitespace() || c.is_control());
        if let Some(bad) = self.users.iter().find(|user| !name(user)) {
            return wrong(format!("{bad:?} is no user that sshd could let in"));
        }
        for (keyword, value) in &self.options {
            if keyword.is_empty() || !keyword.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return wrong(format!("{keyword:?} is no keyword of sshd_config"));
            }
            if value.chars().any(char::is_control) {
                return wrong(format!("the value of {keyword} is more than a line"));
            }
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |keyword: &str, value: &dyn fmt::Display| {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{keyword} {value}");
        };
        self.ports.iter().for_each(|port| line("Port", port));
        if let Some(allowed) = self.root_login {
            let value = match allowed {
                RootLogin::Allowed => "yes",
                RootLogin::KeysOnly => "prohibit-password",
                RootLogin::Forbidden => "no",
            };
            line("PermitRootLogin", &value);
        }
        if let Some(allowed) = self.passwords {
            let value = if allowed { "yes" } else { "no" };
            line("PasswordAuthentication", &value);
            line("KbdInteractiveAuthentication", &value);
        }
        if !self.users.is_empty() {
            line("AllowUsers", &self.users.join(" "));
        }
        self.options.iter().for_each(|(keyword, value)| line(keyword, value));
        text
    }
}

/// Has an SSH server installed, configured like this, enabled and running. It is reloaded when the settings change.
///
/// # Errors
///
/// When a setting is none.
#[phase]
pub fn server(node: &Node, #[arg] settings: &Settings) -> Result {
    package("openssh-server");
    let config = configure(settings)?;
    let name = by_os(node).when(OsFamily::DebianBase, "*", || "ssh").otherwise(|| "sshd")?;
    service(name).enabled().running().reload_when_changed(config);
    Ok(())
}

/// Writes the settings, and returns the file, for what must answer to it.
///
/// # Errors
///
/// When a setting is none.
#[phase]
pub fn configure(#[arg] settings: &Settings) -> Result<Handle<RemoteFile>> {
    settings.validate()?;
    // As it will be read: what comes first counts, and the distribution's own file includes this one at its top.
    let check = "{ cat \"$1\"; grep -v '^[[:space:]]*Include' /etc/ssh/sshd_config; } >\"$1.all\" && \
        mkdir -p /run/sshd && sshd -t -f \"$1.all\"; status=$?; rm -f \"$1.all\"; exit $status";
    Ok(remote_file(FILE).content(settings.text()).mode(0o600).verify(check))
}

server_spec! {
    /// A node whose host key all others of the run know, and that knows theirs. The keys are read in `pre-configure`, and
    /// known from `configure` on.
    pub KnowEachOther { configure: know_each_other, phases: { "pre-configure": tell_host_key } }
}

/// Tells the other nodes of the run this node's host key.
#[phase]
pub fn tell_host_key() {
    publish_fact(HOST_KEY, output_of("cat /etc/ssh/ssh_host_ed25519_key.pub"));
}

/// Has the host keys of all nodes of the run known to all users of this one, by host name and address.
#[phase]
pub fn know_each_other(nodes: Nodes) {
    for node in nodes.iter() {
        let line = node.fact(HOST_KEY);
        // The comment at its end is not part of the key.
        let key: Vec<&str> = line.split_whitespace().take(2).collect();
        known_host(node.hostname(), key.join(" "));
        known_host(node.private_ip().to_string(), key.join(" "));
    }
}

/// Returns a server spec of an SSH server with these settings.
pub fn server_spec(settings: Settings) -> ServerSpec {
    ServerSpec::new("ssh").phase("configure", move || server(&settings))
}
