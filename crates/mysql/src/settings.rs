//! What is set for a server.

use crate::{Database, User, names};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::net::IpAddr;

/// A server: which program, how it listens, its options, databases and users.
///
/// | setting | default |
/// |---|---|
/// | [`flavour`](Settings::flavour) | MariaDB |
/// | [`bind`](Settings::bind) | 127.0.0.1: reached from the node alone |
/// | [`port`](Settings::port) | 3306 |
/// | [`option`](Settings::option) | what the distribution sets |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    flavour: Flavour,
    bind: IpAddr,
    port: u16,
    options: BTreeMap<String, String>,
    databases: Vec<Database>,
    users: Vec<User>,
}

/// Which program serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// MariaDB.
    MariaDb,
    /// MySQL, where the distribution has it.
    MySql,
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
            flavour: Flavour::MariaDb,
            bind: IpAddr::from([127, 0, 0, 1]),
            port: 3306,
            options: BTreeMap::new(),
            databases: Vec::new(),
            users: Vec::new(),
        }
    }
}

impl Settings {
    /// Returns the defaults, without databases and users.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Sets which program serves.
    #[must_use]
    pub fn flavour(self, flavour: Flavour) -> Settings {
        Settings { flavour, ..self }
    }

    /// Sets the address of the node that the server listens on; `0.0.0.0` for all.
    #[must_use]
    pub fn bind(self, address: IpAddr) -> Settings {
        Settings { bind: address, ..self }
    }

    /// Sets the port.
    #[must_use]
    pub fn port(self, port: u16) -> Settings {
        Settings { port, ..self }
    }

    /// Sets an option of the server, such as `innodb_buffer_pool_size` to `512M`.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl ToString) -> Settings {
        self.options.insert(name.into(), value.to_string());
        self
    }

    /// Adds a database.
    #[must_use]
    pub fn database(mut self, database: Database) -> Settings {
        self.databases.push(database);
        self
    }

    /// Adds a user.
    #[must_use]
    pub fn user(mut self, user: User) -> Settings {
        self.users.push(user);
        self
    }

    /// Returns the port.
    pub fn port_of(&self) -> u16 {
        self.port
    }

    pub(crate) fn flavour_of(&self) -> Flavour {
        self.flavour
    }

    pub(crate) fn databases(&self) -> &[Database] {
        &self.databases
    }

    pub(crate) fn users(&self) -> &[User] {
        &self.users
    }

    /// Checks what can be checked without a node.
    ///
    /// # Errors
    ///
    /// With the first mistake.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let wrong = |message: String| SettingsError { message };
        if self.port == 0 {
            return Err(wrong("port of the database server: expected 1 to 65535".to_owned()));
        }
        for (name, value) in &self.options {
            names::option(name).map_err(|error| wrong(error.to_string()))?;
            if ["bind-address", "bind_address", "port"].contains(&name.as_str()) {
                return Err(wrong(format!(
                    "option {name} of the database server: use `.bind(..)` and `.port(..)`"
                )));
            }
            if value.chars().any(char::is_control) {
                return Err(wrong(format!(
                    "option {name} of the database server: the value is more than a line"
                )));
            }
        }
        let parts = self.databases.iter().map(Database::problem).chain(self.users.iter().map(User::problem));
        parts.collect::<Result<(), String>>().map_err(wrong)
    }

    /// Returns the text of the option file.
    pub(crate) fn option_file(&self) -> String {
        let mut text = format!("[mysqld]\nbind-address = {}\nport = {}\n", self.bind, self.port);
        for (name, value) in &self.options {
            let quoted = format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
            let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:,@%+*".contains(&b));
            // Writing to a String does not fail.
            let _ = writeln!(text, "{name} = {}", if plain { value } else { &quoted });
        }
        text
    }
}
