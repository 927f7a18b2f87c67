//! What is set for a server.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// A server: what it shares, and with how many at once.
///
/// | setting | default |
/// |---|---|
/// | [`port`](Settings::port) | 873 |
/// | [`max_connections`](Settings::max_connections) | no limit |
/// | [`share`](Settings::share) | none |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    port: u16,
    max_connections: Option<u32>,
    shares: BTreeMap<String, String>,
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    message: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SettingsError {}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            port: 873,
            max_connections: None,
            shares: BTreeMap::new(),
        }
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

    /// Sets how many may be connected at once.
    #[must_use]
    pub fn max_connections(self, limit: u32) -> Settings {
        Settings {
            max_connections: Some(limit),
            ..self
        }
    }

    /// Adds a folder that everybody may read.
    #[must_use]
    pub fn share(mut self, name: impl Into<String>, path: impl Into<String>) -> Settings {
        self.shares.insert(name.into(), path.into());
        self
    }

    /// Says what is wrong.
    pub(crate) fn validate(&self) -> Result<(), SettingsError> {
        if self.port == 0 {
            return Err(refused("the port is 0: expected 1 to 65535".to_owned()));
        }
        if self.max_connections == Some(0) {
            return Err(refused(
                "max_connections is 0: expected at least 1, or nothing for no limit".to_owned(),
            ));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        for (name, path) in &self.shares {
            if name.is_empty() || name == "global" || !name.chars().all(plain) {
                return Err(refused(format!(
                    "{name:?} cannot be the name of a share: it has letters, digits, - and _"
                )));
            }
            if !path.starts_with('/') || path.contains(|c: char| c.is_control() || c == '%') {
                return Err(refused(format!(
                    "the path of the share {name:?} is not absolute, or has a % in it: {path:?}"
                )));
            }
        }
        Ok(())
    }

    /// Returns the folders that are shared.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.shares.values().map(String::as_str)
    }

    /// Returns the text of the configuration.
    pub(crate) fn config(&self) -> String {
        let mut text = format!("port = {}\n", self.port);
        if let Some(limit) = self.max_connections {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "max connections = {limit}");
        }
        for (name, path) in &self.shares {
            let _ = write!(text, "\n[{name}]\npath = {path}\nread only = true\n");
        }
        text
    }
}

fn refused(message: String) -> SettingsError {
    SettingsError { message }
}
