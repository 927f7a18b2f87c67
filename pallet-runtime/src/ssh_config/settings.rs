//! The options that are understood, each with the first value found for it.

use super::words;
use std::time::Duration;

/// Values as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `HostName`.
    pub hostname: Option<String>,
    /// `User`.
    pub user: Option<String>,
    /// `Port`.
    pub port: Option<u16>,
    /// `IdentityFile`: all of them, in order; `none` is one of them.
    pub identity_files: Vec<String>,
    /// `IdentityAgent`.
    pub identity_agent: Option<String>,
    /// `IdentitiesOnly`.
    pub identities_only: Option<bool>,
    /// `UserKnownHostsFile`.
    pub known_hosts: Option<Vec<String>>,
    /// `HostKeyAlias`.
    pub host_key_alias: Option<String>,
    /// Whether `StrictHostKeyChecking` is `yes`.
    pub strict: Option<bool>,
    /// `ConnectTimeout`.
    pub connect_timeout: Option<Duration>,
    /// `ServerAliveInterval`.
    pub keepalive: Option<Duration>,
    /// `ServerAliveCountMax`.
    pub keepalive_max: Option<usize>,
    pub(super) proxy: Option<SetProxy>,
}

impl Settings {
    /// Returns the hosts of `ProxyJump`, the nearest first.
    pub fn proxy_jump(&self) -> &[Jump] {
        match &self.proxy {
            Some(SetProxy::Jump(jumps)) => jumps,
            _ => &[],
        }
    }

    /// Returns `ProxyCommand`.
    pub fn proxy_command(&self) -> Option<&str> {
        match &self.proxy {
            Some(SetProxy::Command(command)) => Some(command),
            _ => None,
        }
    }
}

/// `ProxyJump` or `ProxyCommand`, whichever comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SetProxy {
    None,
    Jump(Vec<Jump>),
    Command(String),
}

/// A host to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// The user, if one is given.
    pub user: Option<String>,
    /// The host, by whatever name the configuration knows it.
    pub host: String,
    /// The port, if one is given.
    pub port: Option<u16>,
}

impl Jump {
    /// Reads `[user@]host[:port]`, `[address]:port`, or the same as a URI.
    ///
    /// # Errors
    ///
    /// When the text is nothing of this form, in words.
    pub fn parse(text: &str) -> Result<Jump, String> {
        jump(text)
    }
}

/// Keeps the value of an option, if it is one that is understood and has none yet.
///
/// # Errors
///
/// When the value cannot be one of this option.
pub(super) fn apply(settings: &mut Settings, keyword: &str, rest: &str) -> Result<(), String> {
    match keyword {
        "hostname" => first(&mut settings.hostname, one(rest)?),
        "user" => first(&mut settings.user, one(rest)?),
        "port" => first(&mut settings.port, port(&one(rest)?)?),
        "identityfile" => {
            let file = one(rest)?;
            if !settings.identity_files.contains(&file) {
                settings.identity_files.push(file);
            }
        }
        "identityagent" => first(&mut settings.identity_agent, one(rest)?),
        "identitiesonly" => first(&mut settings.identities_only, yes_or_no(&one(rest)?)?),
        "userknownhostsfile" => first(&mut settings.known_hosts, words::arguments(rest)?),
        "hostkeyalias" => first(&mut settings.host_key_alias, one(rest)?),
        "stricthostkeychecking" => {
            first(&mut settings.strict, matches!(one(rest)?.to_ascii_lowercase().as_str(), "yes" | "true"));
        }
        "connecttimeout" => apply_timeout(settings, &one(rest)?)?,
        "serveraliveinterval" => first(&mut settings.keepalive, duration(&one(rest)?)?),
        "serveralivecountmax" => {
            let value = one(rest)?;
            let count = value.parse().map_err(|_| format!("`{value}` is no number"))?;
            first(&mut settings.keepalive_max, count);
        }
        "proxyjump" => first(&mut settings.proxy, jumps(&one(rest)?)?),
        "proxycommand" => first(&mut settings.proxy, command(rest)),
        "canonicalizehostname" => refuse_canonical(&one(rest)?)?,
        _ => {}
    }
    Ok(())
}

fn first<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

/// Returns the only argument.
fn one(rest: &str) -> Result<String, String> {
    match words::arguments(rest)?.as_slice() {
        [value] if !value.is_empty() => Ok(value.clone()),
        [] | [_] => Err("a value is missing".to_owned()),
        [_, extra, ..] => Err(format!("one value is expected; `{extra}` is too many")),
    }
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("`{text}` is no port"))
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!("`{text}` is neither yes nor no")),
    }
}

fn apply_timeout(settings: &mut Settings, text: &str) -> Result<(), String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(());
    }
    first(&mut settings.connect_timeout, duration(text)?);
    Ok(())
}

/// Reads OpenSSH's times: a number of seconds, or numbers with units: `1m30s`.
fn duration(text: &str) -> Result<Duration, String> {
    let fail = || format!("`{text}` is no time such as 30 or 1m30s");
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let mut units = after.chars();
        let factor: u64 = match units.next().map(|unit| unit.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 60 * 60,
            Some('d') => 24 * 60 * 60,
            Some('w') => 7 * 24 * 60 * 60,
            Some(_) => return Err(fail()),
        };
        let number: u64 = number.parse().map_err(|_| fail())?;
        total = number.checked_mul(factor).and_then(|part| total.checked_add(part)).ok_or_else(fail)?;
        rest = units.as_str();
    }
    if text.is_empty() { Err(fail()) } else { Ok(Duration::from_secs(total)) }
}

fn jumps(text: &str) -> Result<SetProxy, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(SetProxy::None);
    }
    text.split(',').map(jump).collect::<Result<_, _>>().map(SetProxy::Jump)
}

/// Reads `[user@]host[:port]`, `[address]:port`, or the same as a URI.
fn jump(text: &str) -> Result<Jump, String> {
    let fail = || format!("`{text}` is no jump host such as user@host:22");
    let inner = text.strip_prefix("ssh://").map(|uri| uri.trim_end_matches('/')).unwrap_or(text);
    let (user, place) = match inner.rsplit_once('@') {
        Some((user, place)) => (Some(user).filter(|user| !user.is_empty()).ok_or_else(fail)?.into(), place),
        None => (None, inner),
    };
    let (host, after) = match place.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').ok_or_else(fail)?,
        // More than one colon without brackets: an IPv6 address, no port.
        None if place.matches(':').count() > 1 => (place, ""),
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    if host.is_empty() || host.starts_with('-') {
        return Err(fail());
    }
    let number = match after.strip_prefix(':') {
        Some(number) => Some(port(number)?),
        None if after.is_empty() => None,
        None => return Err(fail()),
    };
    Ok(Jump { user: user.map(str::to_owned), host: host.to_owned(), port: number })
}

/// The rest of the line is the command, quotes and all.
fn command(rest: &str) -> SetProxy {
    if rest.eq_ignore_ascii_case("none") { SetProxy::None } else { SetProxy::Command(rest.to_owned()) }
}

fn refuse_canonical(text: &str) -> Result<(), String> {
    match text.to_ascii_lowercase().as_str() {
        "no" | "false" | "none" => Ok(()),
        _ => Err("CanonicalizeHostname is not supported: write the full name into HostName".to_owned()),
    }
}
