//! The admin user: the account under which nodes are configured.

use super::secret::SecretSource;
use super::section::Section;
use super::{Located, expand};
use crate::error::{Excerpt, InputError};
use pallet::Secret;
use pallet::spec::Login;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The `[admin-user]` section, or several laid over each other.
#[derive(Debug, Clone, Default)]
pub struct AdminConfig {
    username: Option<Located<String>>,
    private_key_path: Option<Located<PathBuf>>,
    public_key_path: Option<Located<PathBuf>>,
    passphrase: Option<Located<SecretSource>>,
    password: Option<Located<SecretSource>>,
    sudo_password: Option<Located<SecretSource>>,
    no_sudo: Option<Located<bool>>,
}

/// What the command line and the environment say about the admin user.
#[derive(Debug, Clone, Default)]
pub struct LoginOverrides {
    /// The account.
    pub username: Option<String>,
    /// A private key file, as an absolute path.
    pub private_key_path: Option<PathBuf>,
    /// The account's password.
    pub password: Option<Secret>,
    /// The password that sudo asks for.
    pub sudo_password: Option<Secret>,
}

impl AdminConfig {
    pub(crate) fn parse(section: &Section<'_>, vars: &BTreeMap<String, String>) -> Result<Self, InputError> {
        let admin = AdminConfig {
            username: section.text("username")?,
            private_key_path: key_path(section, "private-key-path", vars)?,
            public_key_path: key_path(section, "public-key-path", vars)?,
            passphrase: Located::parse(section, "passphrase", vars)?,
            password: Located::parse(section, "password", vars)?,
            sudo_password: Located::parse(section, "sudo-password", vars)?,
            no_sudo: section.bool("no-sudo")?,
        };
        section.finish()?;
        Ok(admin)
    }

    /// Returns this section laid over `base`, key by key.
    ///
    /// A username of its own leaves nothing of the passwords of another user: those would be sent to an account
    /// that they do not belong to. A key is the person's and stays.
    pub(crate) fn over(self, base: AdminConfig) -> AdminConfig {
        let other_user = match (&self.username, &base.username) {
            (Some(own), Some(other)) => own.value != other.value,
            (Some(_), None) | (None, _) => false,
        };
        let (password, sudo_password) =
            if other_user { (None, None) } else { (base.password, base.sudo_password) };
        // A passphrase and a public half belong to their key: they never come from a layer below that key's.
        let (private_key_path, public_key_path, passphrase) = match self.private_key_path {
            Some(path) => (Some(path), self.public_key_path, self.passphrase),
            None => (
                base.private_key_path,
                self.public_key_path.or(base.public_key_path),
                self.passphrase.or(base.passphrase),
            ),
        };
        AdminConfig {
            username: self.username.or(base.username),
            private_key_path,
            public_key_path,
            passphrase,
            password: self.password.or(password),
            sudo_password: self.sudo_password.or(sudo_password),
            no_sudo: self.no_sudo.or(base.no_sudo),
        }
    }

    /// Returns each key with its value and its place, in the order in which they are documented. Secrets are `***`.
    pub(crate) fn entries(&self) -> Vec<(&'static str, String, &str)> {
        fn row<'a, T>(
            key: &'static str,
            field: &'a Option<Located<T>>,
            show: impl Fn(&T) -> String,
        ) -> Option<(&'static str, String, &'a str)> {
            field.as_ref().map(|field| (key, show(&field.value), field.at.place.as_str()))
        }
        let path = |path: &PathBuf| path.display().to_string();
        [
            row("username", &self.username, Clone::clone),
            row("private-key-path", &self.private_key_path, path),
            row("public-key-path", &self.public_key_path, path),
            row("passphrase", &self.passphrase, SecretSource::masked),
            row("password", &self.password, SecretSource::masked),
            row("sudo-password", &self.sudo_password, SecretSource::masked),
            row("no-sudo", &self.no_sudo, bool::to_string),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Tells whether a secret is written out in the section.
    pub(crate) fn holds_secret(&self) -> bool {
        [&self.passphrase, &self.password, &self.sudo_password]
            .into_iter()
            .flatten()
            .any(|secret| matches!(secret.value, SecretSource::Literal(_)))
    }

    /// Returns the login to use, with all its secrets at hand. The username is empty when nobody says whom to log in
    /// as: the SSH configuration may, host by host.
    ///
    /// # Errors
    ///
    /// When the key file is missing, or a secret is not where it should be.
    pub fn login(
        &self,
        overrides: LoginOverrides,
        vars: &BTreeMap<String, String>,
    ) -> Result<Login, InputError> {
        let configured = self.username.as_ref().map(|name| name.value.clone());
        let other_user = matches!((&overrides.username, &configured), (Some(a), Some(b)) if a != b);
        let other_key = overrides.private_key_path.is_some();
        let fetch = |secret: &Option<Located<SecretSource>>, unwanted: bool| match secret {
            Some(secret) if !unwanted => secret.fetch(vars).map(Some),
            _ => Ok(None),
        };
        let password = match overrides.password {
            Some(password) => Some(password),
            None => fetch(&self.password, other_user)?,
        };
        let sudo_password = match overrides.sudo_password {
            Some(password) => Some(password),
            None => fetch(&self.sudo_password, other_user)?,
        };
        let public_key_path = match &self.public_key_path {
            Some(path) if !other_key => Some(public_key(path)?),
            _ => None,
        };
        Ok(Login {
            username: overrides.username.or(configured).unwrap_or_default(),
            password,
            private_key_path: self.key_file(overrides.private_key_path)?,
            public_key_path,
            private_key: None,
            passphrase: fetch(&self.passphrase, other_key)?,
            sudo_password,
            no_sudo: self.no_sudo.as_ref().is_some_and(|no_sudo| no_sudo.value),
        })
    }

    fn key_file(&self, given: Option<PathBuf>) -> Result<Option<PathBuf>, InputError> {
        let (path, at) = match (given, &self.private_key_path) {
            (Some(path), _) => (path, Excerpt::place("--identity-file")),
            (None, Some(configured)) => (configured.value.clone(), configured.at.clone()),
            (None, None) => return Ok(None),
        };
        match std::fs::File::open(&path) {
            Ok(_) => Ok(Some(path)),
            Err(error) => Err(InputError::new(format!("cannot read the private key {}", path.display()))
                .source(error)
                .at(at)
                .hint("name an existing key file, or none to use the agent and the keys in ~/.ssh")),
        }
    }
}

/// Returns the file of a public key, if it can be read.
fn public_key(path: &Located<PathBuf>) -> Result<PathBuf, InputError> {
    match std::fs::File::open(&path.value) {
        Ok(_) => Ok(path.value.clone()),
        Err(error) => Err(InputError::new(format!("cannot read the public key {}", path.value.display()))
            .source(error)
            .at(path.at.clone())
            .hint("name an existing file, or leave the key out where it is beside the private one")),
    }
}

fn key_path(
    section: &Section<'_>,
    key: &'static str,
    vars: &BTreeMap<String, String>,
) -> Result<Option<Located<PathBuf>>, InputError> {
    let Some(text) = section.text(key)? else { return Ok(None) };
    match expand::path(&text.value, section.source().path(), vars) {
        Ok(path) => Ok(Some(Located { value: path, at: text.at })),
        Err(why) => Err(InputError::new(why).at(text.at)),
    }
}
