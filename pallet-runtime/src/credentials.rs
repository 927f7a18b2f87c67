//! The admin user: who logs in to nodes, and what proves it.
//!
//! Everything that can be wrong here without asking a node is found here: a key file that is missing, unreadable,
//! public or locked. Which login comes from where (flag, file, image) is decided elsewhere.

use crate::ssh_config::{AgentSetting, LocalUser, ResolvedHost};
use crate::transport::privilege::Privilege;
use crate::transport::ssh::{KeyError, PrivateKey, agent_holds, public_half, public_line};
use crate::transport::{Stage, TransportError};
use pallet::Secret;
use pallet::spec::Login;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The key files that are looked for in `~/.ssh` when none is named.
pub(crate) const DEFAULT_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// Who logs in to nodes and what proves it, before a host is known.
///
/// Locked keys are opened once and kept, because opening one is slow on purpose.
pub struct AdminUser {
    username: Option<String>,
    key: Option<NamedKey>,
    public_key: Option<PathBuf>,
    passphrase: Option<Secret>,
    password: Option<Secret>,
    privilege: Privilege,
    opened: Mutex<HashMap<PathBuf, Result<PrivateKey, KeyError>>>,
}

/// A key that the user named.
enum NamedKey {
    File(PathBuf),
    Text(Secret),
}

impl AdminUser {
    /// Returns the user of a login. An empty user name means: whoever the SSH configuration says, else the user
    /// that runs pallet.
    pub fn new(login: &Login) -> Self {
        let key = match (&login.private_key, &login.private_key_path) {
            (Some(text), _) => Some(NamedKey::Text(text.clone())),
            (None, Some(path)) => Some(NamedKey::File(path.clone())),
            (None, None) => None,
        };
        AdminUser {
            username: Some(login.username.clone()).filter(|name| !name.is_empty()),
            key,
            public_key: login.public_key_path.clone(),
            passphrase: login.passphrase.clone(),
            password: login.password.clone(),
            privilege: privilege_of(login),
            opened: Mutex::default(),
        }
    }

    /// Returns the name that was given, if one was.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Returns how this user becomes root.
    pub fn privilege(&self) -> &Privilege {
        &self.privilege
    }

    /// Returns the public halves of the keys that this user logs in with, each a line as `authorized_keys` has it: of the
    /// key that was named, else of those in `~/.ssh`. A public key that was named itself wins over both.
    pub fn public_keys(&self, local: &LocalUser) -> Vec<String> {
        let line = |path: &Path| public_line(&std::fs::read_to_string(path).ok()?);
        let of_file = |path: &PathBuf| line(&beside(path)).or_else(|| line(path));
        match (&self.public_key, &self.key) {
            (Some(path), _) => line(&local.expand_home(path)).into_iter().collect(),
            (None, Some(NamedKey::Text(text))) => public_line(text.expose()).into_iter().collect(),
            (None, Some(NamedKey::File(path))) => of_file(&local.expand_home(path)).into_iter().collect(),
            (None, None) => {
                let usual = DEFAULT_KEYS.iter().map(|name| local.home.join(".ssh").join(name));
                usual.filter_map(|path| of_file(&path)).collect()
            }
        }
    }

    /// Checks what was named explicitly, before any node is contacted.
    ///
    /// # Errors
    ///
    /// When a key that was named cannot be used, with [`Stage::Credentials`].
    pub async fn check(&self, local: &LocalUser) -> Result<(), TransportError> {
        let named = self.named_identity(local, local.agent.as_deref()).await;
        named.map(|_| ()).map_err(CredentialsError::into_transport_error)
    }

    /// Returns what this user shows to a host: what was named, and what the SSH configuration names for it.
    ///
    /// # Errors
    ///
    /// When a key that was named cannot be used.
    pub async fn credentials(
        &self,
        host: &ResolvedHost,
        local: &LocalUser,
    ) -> Result<Credentials, TransportError> {
        let agent = match &host.agent {
            AgentSetting::Default => local.agent.clone(),
            AgentSetting::None => None,
            AgentSetting::Socket(path) => Some(path.clone()),
        };
        let named = self.named_identity(local, agent.as_deref()).await;
        let first: Vec<Identity> =
            named.map_err(CredentialsError::into_transport_error)?.into_iter().collect();
        let mut notes = Vec::new();
        let files = self.key_files(host, local, !first.is_empty());
        let then = files.iter().filter_map(|file| self.found_identity(file, &mut notes)).collect();
        let configured = host.user.clone();
        Ok(Credentials {
            username: self.username.clone().or(configured).unwrap_or_else(|| local.name.clone()),
            first,
            then,
            agent,
            identities_only: host.identities_only,
            password: self.password.clone(),
            notes,
        })
    }

    /// Returns the same user for a jump host: another account, so neither this name nor its password.
    pub(crate) async fn credentials_of_jump(
        &self,
        host: &ResolvedHost,
        local: &LocalUser,
    ) -> Result<Credentials, TransportError> {
        let credentials = self.credentials(host, local).await?;
        let username = host.user.clone().unwrap_or_else(|| local.name.clone());
        Ok(Credentials { username, password: None, ..credentials })
    }

    /// Returns the key that was named. A locked one without passphrase may still be the agent's.
    async fn named_identity(
        &self,
        local: &LocalUser,
        agent: Option<&Path>,
    ) -> Result<Option<Identity>, CredentialsError> {
        let key = match &self.key {
            None => return Ok(None),
            Some(NamedKey::Text(text)) => {
                let key = PrivateKey::decode(text.expose(), self.passphrase.as_ref());
                let key =
                    key.map_err(|error| CredentialsError { source: KeySource::Text, problem: error.into() })?;
                return Ok(Some(Identity { name: "given as text".to_owned(), proof: Proof::Key(key) }));
            }
            Some(NamedKey::File(path)) => local.expand_home(path),
        };
        let name = key.display().to_string();
        let problem = match self.open(&key) {
            Ok(opened) => return Ok(Some(Identity { name, proof: Proof::Key(opened) })),
            Err(problem) => problem,
        };
        if let (Problem::Key(KeyError::Encrypted), Some(agent), Some(blob)) =
            (&problem, agent, public_half_of(&key))
            && agent_holds(agent, &blob).await
        {
            return Ok(Some(Identity { name, proof: Proof::InAgent(blob) }));
        }
        Err(CredentialsError { source: KeySource::File(key), problem })
    }

    /// Returns the key files that were not named to us: those of the SSH configuration, else the usual ones.
    fn key_files(&self, host: &ResolvedHost, local: &LocalUser, named: bool) -> Vec<PathBuf> {
        if host.identity_files.is_empty() && !named {
            return DEFAULT_KEYS.iter().map(|name| local.home.join(".ssh").join(name)).collect();
        }
        host.identity_files.clone()
    }

    /// Returns a key that was not named to us, if it can be used; else what is in its way is noted.
    fn found_identity(&self, file: &Path, notes: &mut Vec<String>) -> Option<Identity> {
        let name = file.display().to_string();
        match self.open(file) {
            Ok(key) => Some(Identity { name, proof: Proof::Key(key) }),
            Err(Problem::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(problem) => {
                notes.push(format!("key {name} was not tried: {problem}"));
                Some(Identity { name, proof: Proof::InAgent(public_half_of(file)?) })
            }
        }
    }

    fn open(&self, file: &Path) -> Result<PrivateKey, Problem> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get(file) {
            return key.clone().map_err(Problem::Key);
        }
        let text = Secret::new(std::fs::read_to_string(file).map_err(Problem::Io)?);
        let key = PrivateKey::decode(text.expose(), self.passphrase.as_ref());
        opened.insert(file.to_owned(), key.clone());
        key.map_err(Problem::Key)
    }
}

impl fmt::Debug for AdminUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminUser").field("username", &self.username).finish_non_exhaustive()
    }
}

fn privilege_of(login: &Login) -> Privilege {
    if login.no_sudo {
        return Privilege::None;
    }
    Privilege::Auto { password: login.sudo_password.clone().or_else(|| login.password.clone()) }
}

/// Returns the public half of a key file, from the file itself or from the one beside it.
fn public_half_of(file: &Path) -> Option<Vec<u8>> {
    [file, &beside(file)].iter().find_map(|file| public_half(&std::fs::read_to_string(file).ok()?))
}

/// Returns where the public half of a key file usually is.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// What is shown to one host.
pub struct Credentials {
    pub(crate) username: String,
    /// What the user named.
    pub(crate) first: Vec<Identity>,
    /// What was found beside that.
    pub(crate) then: Vec<Identity>,
    /// The socket of the agent.
    pub(crate) agent: Option<PathBuf>,
    /// Whether the agent's other keys are kept back.
    pub(crate) identities_only: bool,
    pub(crate) password: Option<Secret>,
    /// What may have stood in the way, for the hint of a refusal.
    pub(crate) notes: Vec<String>,
}

impl Credentials {
    /// Returns the account to log in to.
    pub fn username(&self) -> &str {
        &self.username
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.first.iter().chain(&self.then).map(|key| key.name.as_str()).collect();
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("keys", &names)
            .finish_non_exhaustive()
    }
}

/// A key and where it is.
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) proof: Proof,
}

/// What signs for a key.
pub(crate) enum Proof {
    /// We do.
    Key(PrivateKey),
    /// The agent, if it holds the key with this public half.
    InAgent(Vec<u8>),
}

impl Proof {
    /// Returns the public half as SSH sends it.
    pub(crate) fn blob(&self) -> Vec<u8> {
        match self {
            Proof::Key(key) => key.public_blob(),
            Proof::InAgent(blob) => blob.clone(),
        }
    }
}

/// Why a key that was named cannot be used.
struct CredentialsError {
    source: KeySource,
    problem: Problem,
}

enum KeySource {
    File(PathBuf),
    Text,
}

enum Problem {
    Io(io::Error),
    Key(KeyError),
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        Problem::Key(error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Io(error) => fmt::Display::fmt(error, f),
            Problem::Key(KeyError::Encrypted) => {
                f.write_str("it is locked with a passphrase and none was given")
            }
            Problem::Key(KeyError::WrongPassphrase) => f.write_str("the passphrase does not open it"),
            Problem::Key(KeyError::Public) => f.write_str("it is a public key"),
            Problem::Key(KeyError::Malformed(words)) => write!(f, "it is no private key: {words}"),
        }
    }
}

impl CredentialsError {
    fn into_transport_error(self) -> TransportError {
        let key = match &self.source {
            KeySource::File(path) => format!("private key {}", path.display()),
            KeySource::Text => "private key given as text".to_owned(),
        };
        TransportError {
            stage: Stage::Credentials,
            message: format!("{key} cannot be used: {}", self.problem),
            hint: self.hint(),
            transient: false,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            Problem::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                "check the path, or make a key with `ssh-keygen -t ed25519`".to_owned()
            }
            Problem::Key(KeyError::Encrypted) => {
                "give its passphrase, or add the key to a running agent with `ssh-add`".to_owned()
            }
            Problem::Key(KeyError::WrongPassphrase) => self.passphrase_hint(),
            Problem::Key(KeyError::Public) => "name the file without `.pub`".to_owned(),
            Problem::Io(_) | Problem::Key(KeyError::Malformed(_)) => return None,
        };
        Some(hint)
    }

    fn passphrase_hint(&self) -> String {
        match &self.source {
            KeySource::File(path) => {
                let path = path.display();
                format!(
                    "check it with `ssh-keygen -y -f '{path}'`; if it opens there, `ssh-keygen -p -f '{path}'` renews the format"
                )
            }
            KeySource::Text => "check it with `ssh-keygen -y`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
