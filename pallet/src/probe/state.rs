//! What a probe found, as values.

use crate::graph::ActionId;
use crate::name::{AccountName, PackageName, RemotePath, UnitName};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The SHA-256 of a content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Returns the hash of `content`.
    pub fn of(content: &[u8]) -> Self {
        Sha256(hmac_sha256::Hash::hash(content))
    }

    /// Returns the hash that is written as 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Sha256(bytes))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is known about a node: what a probe read, or what will be there once earlier actions have run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What stands at each path that was asked for.
    pub paths: BTreeMap<RemotePath, PathState>,
    /// The contents of the files that were asked for as texts and are there, up to the limit.
    pub texts: BTreeMap<RemotePath, Vec<u8>>,
    /// The first lines of the files that were asked for and can be read.
    pub lines: BTreeMap<RemotePath, String>,
    /// The packages that were asked for and are there in some way.
    pub packages: BTreeMap<PackageName, PackageState>,
    /// The services that were asked for.
    pub units: BTreeMap<UnitName, UnitState>,
    /// The users that were asked for and exist.
    pub users: BTreeMap<AccountName, Account>,
    /// The groups that were asked for and exist, and those of which such a user is a member.
    pub groups: BTreeMap<AccountName, AccountGroup>,
    /// The results of commands, by action and number.
    pub commands: BTreeMap<(ActionId, u8), CommandResult>,
    /// The hashes of what pallet wrote to each path, the last one last.
    pub written: BTreeMap<RemotePath, Vec<Sha256>>,
    /// Restarts and reloads that an earlier run still owed: `reload-nginx`.
    pub owed: BTreeSet<String>,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathState {
    /// What kind of thing.
    pub kind: PathKind,
    /// The permission bits.
    pub mode: u32,
    /// The owner's name, or number if it has no name.
    pub owner: String,
    /// The owner's number, when it is known.
    pub uid: Option<u32>,
    /// The group's name, or number if it has no name.
    pub group: String,
    /// The group's number, when it is known.
    pub gid: Option<u32>,
    /// The size in bytes.
    pub size: u64,
    /// When it was changed last, in seconds since 1970 by the node's clock.
    pub modified: u64,
}

impl PathState {
    /// Returns the state of a path where nothing stands.
    pub fn absent() -> Self {
        PathState {
            kind: PathKind::Absent,
            mode: 0,
            owner: String::new(),
            uid: None,
            group: String::new(),
            gid: None,
            size: 0,
            modified: 0,
        }
    }
}

/// What kind of thing stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathKind {
    /// Nothing.
    Absent,
    /// A regular file.
    File(Contents),
    /// A directory.
    Directory,
    /// A symbolic link to this target.
    Link(String),
    /// A device, a socket, a pipe.
    Other,
}

/// What is known about the content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Its hash.
    Hash(Sha256),
    /// Nobody asked.
    NotRead,
}

/// What is known about a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageState {
    /// Whether it is installed completely.
    pub installed: bool,
    /// Its version, if it is installed.
    pub version: String,
}

/// What is known about a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnitState {
    /// Whether there is such a service.
    pub exists: bool,
    /// Whether it starts with the system.
    pub enabled: bool,
    /// Whether that cannot be changed: a static unit of systemd, which others start.
    pub fixed: bool,
    /// Whether it runs.
    pub running: bool,
}

/// A user, as `passwd` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The number.
    pub uid: u32,
    /// The primary group's number.
    pub gid: u32,
    /// The full name or comment.
    pub gecos: String,
    /// The home directory.
    pub home: String,
    /// The login shell.
    pub shell: String,
}

/// A group, as `group` has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountGroup {
    /// The number.
    pub gid: u32,
    /// Its further members.
    pub members: BTreeSet<String>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandResult {
    /// Its exit code.
    pub status: u32,
    /// What it wrote, if that was asked for, without the newlines at the end.
    pub output: Vec<u8>,
}
