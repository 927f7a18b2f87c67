//! Which host keys are known: a file of our own that learns, and OpenSSH's files, which are only read.
//!
//! This module knows files and keys, no connection. A key is what SSH sends: a blob of bytes that begins with
//! its type. There is no "accept anything": a host either is known, or is new and may be learned
//! ([`Policy::AcceptNew`]), or it is refused.

mod index;
mod line;

use base64ct::{Base64Unpadded, Encoding};
use index::Indexes;
use line::Marker;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What to do with a host that no file knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Its key is stored at the first contact and must be the same ever after.
    #[default]
    AcceptNew,
    /// It is refused.
    Strict,
}

/// A public key of a host, as SSH sends it.
#[derive(Clone, PartialEq, Eq)]
pub struct HostKey {
    blob: Vec<u8>,
}

impl HostKey {
    /// Returns the key with this encoding, or `None` if it does not even name its type.
    pub fn new(blob: Vec<u8>) -> Option<HostKey> {
        let key = HostKey { blob };
        key.type_name()?;
        Some(key)
    }

    /// Returns the type, such as `ssh-ed25519`.
    pub fn algorithm(&self) -> &str {
        self.type_name().unwrap_or_default()
    }

    /// Returns the fingerprint as OpenSSH prints it: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(&self.blob)))
    }

    fn type_name(&self) -> Option<&str> {
        let length = u32::from_be_bytes(*self.blob.first_chunk()?) as usize;
        std::str::from_utf8(self.blob.get(4..)?.get(..length)?).ok()
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({} {})", self.algorithm(), self.fingerprint())
    }
}

/// Returns the name under which a host's keys are filed: `host`, or `[host]:port` for another port than 22.
pub fn host_name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// Returns the name under which the key of a host is filed that is reached from another, `[user@]name`: an address means
/// something else on every host.
pub(crate) fn name_there(via: &str, host: &str, port: u16) -> String {
    let via = via.rsplit('@').next().unwrap_or(via);
    host_name(&format!("{via}/{host}"), port)
}

/// The files that know hosts.
#[derive(Debug, Clone)]
pub struct KnownHosts {
    /// Ours: searched first, and the only one that is written.
    pub own: PathBuf,
    /// OpenSSH's: searched too, never written.
    pub read_only: Vec<PathBuf>,
    /// What to do with new hosts.
    pub policy: Policy,
    /// What was read of them. Shared by all clones.
    indexes: Arc<Mutex<Indexes>>,
}

/// A key found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The key.
    pub key: HostKey,
    /// The file that has it.
    pub file: PathBuf,
    /// The line there, counted from 1.
    pub line: usize,
}

impl KnownHosts {
    /// Returns what a file of our own knows, which learns new hosts.
    pub fn new(own: PathBuf) -> KnownHosts {
        KnownHosts { own, read_only: Vec::new(), policy: Policy::AcceptNew, indexes: Arc::default() }
    }

    /// Returns the keys that are filed for a host, in the order in which they are searched.
    ///
    /// # Errors
    ///
    /// When a file exists and cannot be read.
    pub fn keys_of(&self, name: &str) -> Result<Vec<Found>, KnownHostsError> {
        let entries = self.entries_of(name)?;
        Ok(entries
            .into_iter()
            .filter(|(marker, _)| *marker == Marker::None)
            .map(|(_, found)| found)
            .collect())
    }

    /// Checks the key that a host presented, and stores the key of a new host where the policy allows it.
    ///
    /// # Errors
    ///
    /// When the key is not the one that is known, is revoked, the host is not known and must be, or a file
    /// cannot be read or written.
    pub fn check(&self, name: &str, key: &HostKey) -> Result<(), KnownHostsError> {
        if self.decide(name, key)? {
            return Ok(());
        }
        match self.policy {
            Policy::Strict => Err(self.unknown(name, key)),
            Policy::AcceptNew => self.learn(name, key),
        }
    }

    /// Removes what our file knows of a host, for a node that is gone.
    ///
    /// # Errors
    ///
    /// When our file cannot be read or written.
    pub fn forget(&self, name: &str) -> Result<(), KnownHostsError> {
        let _lock = self.lock()?;
        let text = read(&self.own)?;
        let kept: String = text
            .split_inclusive('\n')
            .filter(|line| !line::parse(line).is_some_and(|e| e.is_for(name)))
            .collect();
        if kept == text { Ok(()) } else { self.replace(&kept) }
    }

    /// Returns whether the key is known, or an error if it must be refused.
    fn decide(&self, name: &str, key: &HostKey) -> Result<bool, KnownHostsError> {
        let (revoked, known): (Vec<_>, Vec<_>) =
            self.entries_of(name)?.into_iter().partition(|(marker, _)| *marker == Marker::Revoked);
        if let Some((_, found)) = revoked.into_iter().find(|(_, found)| found.key == *key) {
            return Err(KnownHostsError::Revoked { name: name.to_owned(), found });
        }
        // A key of another type than the known ones is no new host: whoever stands in between could present one.
        let same_type = known.iter().find(|(_, found)| found.key.algorithm() == key.algorithm());
        let Some((_, found)) = same_type.or(known.first()) else { return Ok(false) };
        if known.iter().any(|(_, found)| found.key == *key) {
            return Ok(true);
        }
        Err(KnownHostsError::Changed { name: name.to_owned(), found: found.clone(), presented: key.clone() })
    }

    fn learn(&self, name: &str, key: &HostKey) -> Result<(), KnownHostsError> {
        let _lock = self.lock()?;
        // Another run may have been faster.
        if self.decide(name, key)? {
            return Ok(());
        }
        let line = line::render(name, key.algorithm(), &key.blob);
        self.append(&line).map_err(|error| KnownHostsError::Io { file: self.own.clone(), error })
    }

    /// Adds a line to our file. What a power cut leaves of it is no entry, so that the host is learned again.
    fn append(&self, line: &str) -> io::Result<()> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let index = indexes.of(&self.own)?;
        let text = if index.is_open() { format!("\n{line}") } else { line.to_owned() };
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.own)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        // In one piece: who reads meanwhile sees all of it or nothing.
        file.write_all(text.as_bytes())?;
        index.appended(&text, &file.metadata()?);
        Ok(())
    }

    fn unknown(&self, name: &str, key: &HostKey) -> KnownHostsError {
        KnownHostsError::Unknown { name: name.to_owned(), presented: key.clone(), own: self.own.clone() }
    }

    fn entries_of(&self, name: &str) -> Result<Vec<(Marker, Found)>, KnownHostsError> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Vec::new();
        for file in std::iter::once(&self.own).chain(&self.read_only) {
            let index =
                indexes.of(file).map_err(|error| KnownHostsError::Io { file: file.clone(), error })?;
            for (line, entry) in index.entries_for(name) {
                entries.push((entry.marker, Found { key: entry.key.clone(), file: file.clone(), line }));
            }
        }
        Ok(entries)
    }

    /// Keeps other runs from writing until the returned file is dropped.
    fn lock(&self) -> Result<File, KnownHostsError> {
        let path = beside(&self.own, "lock");
        let open = || -> io::Result<File> {
            if let Some(folder) = self.own.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|error| KnownHostsError::Io { file: path.clone(), error })
    }

    /// Replaces our file in one step, so that a reader or a crash never sees half of it.
    fn replace(&self, text: &str) -> Result<(), KnownHostsError> {
        let new = beside(&self.own, "new");
        let write = || -> io::Result<()> {
            let mut file =
                OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &self.own)
        };
        write().map_err(|error| KnownHostsError::Io { file: self.own.clone(), error })
    }
}

/// Returns `path` with another ending after its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Returns a file's text, lossily: a line that is not UTF-8 is no entry. A file that is not there is empty.
fn read(file: &Path) -> Result<String, KnownHostsError> {
    match fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(KnownHostsError::Io { file: file.to_owned(), error }),
    }
}

/// Why a host key is refused.
#[derive(Debug)]
pub enum KnownHostsError {
    /// Another key is known for this host.
    Changed {
        /// The name under which it is filed.
        name: String,
        /// The key that is known.
        found: Found,
        /// The key that was presented.
        presented: HostKey,
    },
    /// The key is marked as revoked.
    Revoked {
        /// The name under which it is filed.
        name: String,
        /// The mark.
        found: Found,
    },
    /// The host is not known, and the policy is strict.
    Unknown {
        /// The name under which it would be filed.
        name: String,
        /// The key that was presented.
        presented: HostKey,
        /// Our file.
        own: PathBuf,
    },
    /// A file cannot be read or written.
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl KnownHostsError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            KnownHostsError::Changed { name, found, .. } => Some(format!(
                "if the machine was made anew, run `ssh-keygen -R '{name}' -f '{}'`; if not, somebody may be \
                 answering in its place",
                found.file.display()
            )),
            KnownHostsError::Revoked { .. } => None,
            KnownHostsError::Unknown { name, presented, own } => Some(format!(
                "compare the fingerprint with the machine's own, then add its key as {} of {name} to {}",
                presented.algorithm(),
                own.display()
            )),
            KnownHostsError::Io { .. } => None,
        }
    }
}

impl fmt::Display for KnownHostsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KnownHostsError::Changed { name, found, presented } => write!(
                f,
                "host key of {name} has changed: presented {} {}, known {} {} ({}:{})",
                presented.algorithm(),
                presented.fingerprint(),
                found.key.algorithm(),
                found.key.fingerprint(),
                found.file.display(),
                found.line
            ),
            KnownHostsError::Revoked { name, found } => write!(
                f,
                "host key of {name} is revoked: {} {} ({}:{})",
                found.key.algorithm(),
                found.key.fingerprint(),
                found.file.display(),
                found.line
            ),
            KnownHostsError::Unknown { name, presented, .. } => write!(
                f,
                "host key of {name} is not known: presented {} {}",
                presented.algorithm(),
                presented.fingerprint()
            ),
            KnownHostsError::Io { file, error } => write!(f, "known hosts file {}: {error}", file.display()),
        }
    }
}

impl std::error::Error for KnownHostsError {}

#[cfg(test)]
mod tests;
