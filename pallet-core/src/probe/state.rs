//! What a probe found, as values.

use super::Tree;
use crate::graph::ActionId;
use crate::name::{AccountName, PackageName, RemotePath, UnitName};
use crate::secret::Secret;
use crate::sorted::{Map, Set};
use std::fmt;

/// The SHA-256 of a content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Returns the hash of `content`.
    pub fn of(content: &[u8]) -> Self {
        Sha256(hmac_sha256::Hash::hash(content))
    }

    /// Returns the hash of all that a reader gives, and how many bytes that is.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub fn read(mut reader: impl std::io::Read) -> std::io::Result<(Self, u64)> {
        let (mut hasher, mut size) = (hmac_sha256::Hash::new(), 0);
        let mut buffer = vec![0; 64 << 10];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok((Sha256(hasher.finalize()), size)),
                n => {
                    hasher.update(&buffer[..n]);
                    size += n as u64;
                }
            }
        }
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
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        // In one piece: every file of every node is compared by its hash, in each build again.
        let text: String = digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect();
        f.write_str(&text)
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
    pub paths: Map<RemotePath, PathState>,
    /// The contents of the files that were asked for as texts and are there, up to the limit.
    pub texts: Map<RemotePath, Vec<u8>>,
    /// The first lines of the files that were asked for and can be read.
    pub lines: Map<RemotePath, String>,
    /// Those of the files above that cannot be written even by root: the kernel's settings in a container.
    pub locked: Set<RemotePath>,
    /// All lines of the files that were asked for as listings and can be read.
    pub listings: Map<RemotePath, Vec<String>>,
    /// The directories that were asked for and contain something.
    pub full: Set<RemotePath>,
    /// The packages that were asked for and are there in some way.
    pub packages: Map<PackageName, PackageState>,
    /// The newer versions that the node's index has for packages that were asked for, by the release that they were
    /// asked of.
    pub newer: Map<(Option<String>, PackageName), String>,
    /// The answers of debconf that were asked for and are stored, by question.
    pub debconf: Map<String, String>,
    /// The services that were asked for.
    pub units: Map<UnitName, UnitState>,
    /// The users that were asked for and exist.
    pub users: Map<AccountName, Account>,
    /// The groups that were asked for and exist, and those of which such a user is a member.
    pub groups: Map<AccountName, AccountGroup>,
    /// What is secret about the users of whom that was asked, as far as they have it.
    pub shadows: Map<AccountName, Shadow>,
    /// The SSH keys of the users of whom they were asked.
    pub keys: Map<AccountName, AuthorizedKeys>,
    /// The results of commands, by action and number.
    pub commands: Map<(ActionId, u8), CommandResult>,
    /// The hashes of what pallet wrote to each path, the last one last.
    pub written: Map<RemotePath, Vec<Sha256>>,
    /// What is in the directories that were asked for as trees, by action.
    pub trees: Map<ActionId, Tree>,
    /// Where what stands at a path came from last, and which content that was, both as hashes.
    pub origins: Map<RemotePath, (Sha256, Sha256)>,
    /// Restarts and reloads that an earlier run still owed: `reload-nginx`.
    pub owed: Set<String>,
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
    /// A named pipe.
    Fifo,
    /// A device or a socket.
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
    /// Whether it is held back from upgrades, if that was asked for.
    pub held: bool,
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
    /// Whether it is masked, so that nothing can start it.
    pub masked: bool,
    /// Whether it is known that it cannot be reloaded.
    pub no_reload: bool,
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

/// What `shadow` has about a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadow {
    /// The hash of the password, or a text that is no hash, such as `!` or `*`, where no password lets the user in.
    pub password: Secret,
    /// The day on which the account expires, counted from 1970.
    pub expires: Option<u32>,
}

/// The SSH keys that a user accepts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorizedKeys {
    /// The permission bits of `.ssh`, if it is there.
    pub folder: Option<u32>,
    /// The permission bits of `authorized_keys`, if it is there.
    pub file: Option<u32>,
    /// The lines of that file.
    pub lines: Vec<String>,
}

/// A group, as `group` has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountGroup {
    /// The number.
    pub gid: u32,
    /// Its further members.
    pub members: Set<String>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandResult {
    /// Its exit code.
    pub status: u32,
    /// What it wrote, if that was asked for, without the newlines at the end.
    pub output: Vec<u8>,
}
