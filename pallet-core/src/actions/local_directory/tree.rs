//! A directory on the controller, as it was read.

use crate::claim;
use crate::probe::Sha256;
use std::collections::BTreeMap;

/// What is in a directory on the controller, by the path from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalTree {
    entries: BTreeMap<String, LocalEntry>,
}

/// Something in a directory on the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalEntry {
    /// A directory.
    Directory,
    /// A file.
    File {
        /// The hash of its content.
        hash: Sha256,
        /// How many bytes it has.
        size: u64,
        /// Whether its owner may execute it.
        executable: bool,
        /// Its content, if it is short. Others are read again when they travel.
        bytes: Option<Vec<u8>>,
    },
    /// A symbolic link.
    Link {
        /// Where it leads.
        target: String,
    },
}

impl LocalTree {
    /// Adds something. `name` is its path from the directory; what it is in is added as well.
    ///
    /// # Errors
    ///
    /// When the name has characters in it that no path of pallet has.
    pub fn add(&mut self, name: impl Into<String>, entry: LocalEntry) -> Result<(), String> {
        let name = name.into();
        if name.chars().any(char::is_control) {
            return Err(format!(
                "the name {name:?} has a control character in it; leave it out with `.exclude(…)`"
            ));
        }
        self.entries.insert(name, entry);
        Ok(())
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &LocalEntry)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    pub(super) fn has(&self, name: &[u8]) -> bool {
        std::str::from_utf8(name).is_ok_and(|name| self.entries.contains_key(name))
    }

    /// Returns a hash by which two trees can be compared.
    pub(super) fn hash(&self) -> Sha256 {
        let lines = self.entries().map(|(name, entry)| match entry {
            LocalEntry::Directory => format!("d {name}\n"),
            LocalEntry::File { hash, executable, .. } => format!("f {hash} {executable} {name}\n"),
            LocalEntry::Link { target } => format!("l {target:?} {name}\n"),
        });
        Sha256::of(lines.collect::<String>().as_bytes())
    }
}

impl LocalEntry {
    /// Returns what it is, as a state of [`Claim::existence`](crate::claim::Claim::existence).
    pub(super) fn kind(&self) -> &'static str {
        match self {
            LocalEntry::Directory => claim::DIRECTORY,
            LocalEntry::File { .. } => claim::FILE,
            LocalEntry::Link { .. } => claim::LINK,
        }
    }

    /// Returns the mode that it has on the node; links have none that means anything.
    pub(super) fn mode(&self) -> Option<u32> {
        match self {
            LocalEntry::Directory | LocalEntry::File { executable: true, .. } => Some(0o755),
            LocalEntry::File { .. } => Some(0o644),
            LocalEntry::Link { .. } => None,
        }
    }
}
