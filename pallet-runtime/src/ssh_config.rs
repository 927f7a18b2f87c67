//! OpenSSH's client configuration: what `~/.ssh/config` and `/etc/ssh/ssh_config` say about a host.
//!
//! Read for the options that decide whom we reach and as whom; all others are skipped, so a newer OpenSSH's
//! options do no harm. What would change *where* we connect and is not understood is an error with file and line,
//! never skipped. The first value found wins, as there.

mod files;
mod local;
pub(crate) mod pattern;
mod read;
mod settings;
mod tokens;
mod words;

pub use local::LocalUser;
pub use settings::{Jump, Settings};

use files::{Files, Kind};
use settings::SetProxy;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokens::Tokens;

/// The configuration files, and the user they are read for. What is in a file when it is needed first holds for all hosts.
#[derive(Debug, Clone)]
pub struct SshConfig {
    local: LocalUser,
    user_file: Option<PathBuf>,
    system_file: Option<PathBuf>,
    files: Arc<Files>,
}

impl SshConfig {
    /// Returns the usual files of a user: `~/.ssh/config`, then `/etc/ssh/ssh_config`. They need not exist.
    pub fn new(local: LocalUser) -> Self {
        let user_file = Some(local.home.join(".ssh/config"));
        let system_file = Some(PathBuf::from("/etc/ssh/ssh_config"));
        SshConfig { local, user_file, system_file, files: Arc::default() }
    }

    /// Returns one file alone, as `ssh -F` reads it.
    pub fn from_file(local: LocalUser, file: impl Into<PathBuf>) -> Self {
        SshConfig { local, user_file: Some(file.into()), system_file: None, files: Arc::default() }
    }

    /// Returns a configuration that says nothing.
    pub fn empty(local: LocalUser) -> Self {
        SshConfig { local, user_file: None, system_file: None, files: Arc::default() }
    }

    /// Returns the user that the files are read for.
    pub fn local(&self) -> &LocalUser {
        &self.local
    }

    /// Returns what the files say about a host, as it was written or typed.
    ///
    /// # Errors
    ///
    /// When a file that is there cannot be read, or says something that is not understood.
    pub fn resolve(&self, host: &str) -> Result<ResolvedHost, ConfigError> {
        self.resolve_as(host, None, None)
    }

    /// Returns what the files say about a host when user or port are given already, which then win.
    ///
    /// # Errors
    ///
    /// As for [`resolve`](SshConfig::resolve).
    pub fn resolve_as(
        &self,
        host: &str,
        user: Option<&str>,
        port: Option<u16>,
    ) -> Result<ResolvedHost, ConfigError> {
        let given = Settings { user: user.map(str::to_owned), port, ..Settings::default() };
        let settings = self.settings(host, given)?;
        ResolvedHost::new(host, settings, &self.local)
    }

    /// Returns the values as they are written, with the host's name put in: what `ssh -G` shows.
    ///
    /// # Errors
    ///
    /// As for [`resolve`](SshConfig::resolve).
    pub fn settings(&self, host: &str, given: Settings) -> Result<Settings, ConfigError> {
        let mut settings = given;
        let again = self.read_files(host, host, false, &mut settings)?;
        let name = host_name(host, &settings)?;
        if again {
            settings.hostname = Some(name.clone());
            self.read_files(&name, host, true, &mut settings)?;
        }
        settings.hostname = Some(name);
        Ok(settings)
    }

    /// Returns whether a `Match final` asks for a second reading.
    fn read_files(
        &self,
        host: &str,
        original: &str,
        last: bool,
        settings: &mut Settings,
    ) -> Result<bool, ConfigError> {
        let mut reader = read::Reader::new(host, original, last, &self.files, &self.local, settings);
        if let Some(file) = &self.user_file {
            reader.read(file, Kind::User)?;
        }
        if let Some(file) = &self.system_file {
            reader.read(file, Kind::System)?;
        }
        Ok(reader.wants_final)
    }
}

/// Returns the name to connect to: `HostName` with `%h` filled in, or the host as typed; in lower case.
fn host_name(host: &str, settings: &Settings) -> Result<String, ConfigError> {
    let name =
        match &settings.hostname {
            Some(template) => Tokens::new().with('h', host).expand(template).map_err(|words| {
                ConfigError { place: None, message: format!("HostName {template}: {words}"), hint: None }
            })?,
            None => host.to_owned(),
        };
    Ok(name.to_ascii_lowercase())
}

/// What to know about a host before connecting to it: names and paths are complete, nothing is left to expand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedHost {
    /// The host as it was written or typed.
    pub original: String,
    /// The name or address to connect to.
    pub hostname: String,
    /// The port.
    pub port: u16,
    /// The user to log in as, if one is given.
    pub user: Option<String>,
    /// The key files that are named.
    pub identity_files: Vec<PathBuf>,
    /// Whether only the named keys are offered, also from the agent.
    pub identities_only: bool,
    /// Which agent to ask.
    pub agent: AgentSetting,
    /// How to get there.
    pub proxy: Proxy,
    /// OpenSSH's known hosts files, to be read only.
    pub known_hosts: Vec<PathBuf>,
    /// The name under which the host's key is filed, if it is another one.
    pub host_key_alias: Option<String>,
    /// Whether only known hosts will do (`StrictHostKeyChecking yes`).
    pub strict: bool,
    /// How long connecting may take.
    pub connect_timeout: Option<Duration>,
    /// How long the connection may be silent before it is probed.
    pub keepalive: Option<Duration>,
    /// How many probes may stay unanswered.
    pub keepalive_max: Option<usize>,
}

/// Which agent to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentSetting {
    /// The one in `SSH_AUTH_SOCK`.
    Default,
    /// None.
    None,
    /// The one that listens here.
    Socket(PathBuf),
}

/// How to get to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    /// Over the network.
    None,
    /// Through these hosts, the nearest first.
    Jump(Vec<Jump>),
    /// Through the streams of this command.
    Command(String),
}

impl ResolvedHost {
    fn new(original: &str, settings: Settings, local: &LocalUser) -> Result<Self, ConfigError> {
        let hostname = settings.hostname.clone().unwrap_or_else(|| original.to_owned());
        let filler = Filler { tokens: tokens_of(original, &hostname, &settings, local), local };
        let usual = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"].map(str::to_owned);
        let known_hosts = settings.known_hosts.as_deref().unwrap_or(&usual);
        Ok(ResolvedHost {
            original: original.to_owned(),
            identity_files: filler.paths("IdentityFile", &settings.identity_files)?,
            agent: filler.agent(settings.identity_agent.as_deref())?,
            proxy: filler.proxy(settings.proxy)?,
            known_hosts: filler.paths("UserKnownHostsFile", known_hosts)?,
            hostname,
            port: settings.port.unwrap_or(22),
            user: settings.user,
            identities_only: settings.identities_only.unwrap_or(false),
            host_key_alias: settings.host_key_alias,
            strict: settings.strict.unwrap_or(false),
            connect_timeout: settings.connect_timeout,
            keepalive: settings.keepalive,
            keepalive_max: settings.keepalive_max,
        })
    }
}

/// Fills in what stands for something else in values.
struct Filler<'a> {
    tokens: Tokens,
    local: &'a LocalUser,
}

impl Filler<'_> {
    fn text(
        &self,
        option: &str,
        text: &str,
        also: fn(&str) -> Result<String, String>,
    ) -> Result<String, ConfigError> {
        let filled = self.tokens.expand(text).and_then(|text| also(&text));
        filled.map_err(|words| ConfigError {
            place: None,
            message: format!("{option} {text}: {words}"),
            hint: None,
        })
    }

    fn path(&self, option: &str, text: &str) -> Result<PathBuf, ConfigError> {
        Ok(self.local.expand_home(Path::new(&self.text(option, text, tokens::expand_variables)?)))
    }

    fn paths(&self, option: &str, texts: &[String]) -> Result<Vec<PathBuf>, ConfigError> {
        let named = texts.iter().filter(|text| !text.eq_ignore_ascii_case("none"));
        named.map(|text| self.path(option, text)).collect()
    }

    fn agent(&self, text: Option<&str>) -> Result<AgentSetting, ConfigError> {
        Ok(match text {
            None | Some("SSH_AUTH_SOCK") => AgentSetting::Default,
            Some(none) if none.eq_ignore_ascii_case("none") => AgentSetting::None,
            Some(variable) if variable.starts_with('$') && !variable.starts_with("${") => {
                let socket = std::env::var_os(&variable[1..]);
                socket.map_or(AgentSetting::None, |path| AgentSetting::Socket(path.into()))
            }
            Some(path) => AgentSetting::Socket(self.path("IdentityAgent", path)?),
        })
    }

    fn proxy(&self, proxy: Option<SetProxy>) -> Result<Proxy, ConfigError> {
        Ok(match proxy {
            None | Some(SetProxy::None) => Proxy::None,
            Some(SetProxy::Jump(jumps)) => Proxy::Jump(jumps),
            // Its variables are left to the shell that runs it.
            Some(SetProxy::Command(command)) => {
                Proxy::Command(self.text("ProxyCommand", &command, |text| Ok(text.to_owned()))?)
            }
        })
    }
}

/// Returns what `%` and a letter stand for once everything about a host is known.
fn tokens_of(original: &str, hostname: &str, settings: &Settings, local: &LocalUser) -> Tokens {
    let port = settings.port.unwrap_or(22).to_string();
    let user = settings.user.as_deref().unwrap_or(&local.name);
    Tokens::new()
        .with('C', &tokens::connection_hash(&[&local.hostname, hostname, &port, user]))
        .with('d', &local.home.to_string_lossy())
        .with('h', hostname)
        .with('i', &local.uid.to_string())
        .with('k', settings.host_key_alias.as_deref().unwrap_or(hostname))
        .with('L', local.hostname.split('.').next().unwrap_or_default())
        .with('l', &local.hostname)
        .with('n', original)
        .with('p', &port)
        .with('r', user)
        .with('u', &local.name)
}

/// Why the configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, and the line counted from 1.
    pub place: Option<(PathBuf, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((file, 0)) => write!(f, "{}: {}", file.display(), self.message),
            Some((file, line)) => write!(f, "{}:{line}: {}", file.display(), self.message),
            None => write!(f, "ssh configuration: {}", self.message),
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests;
