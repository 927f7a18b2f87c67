//! Reads the files on the controller that actions give as contents. `pallet` itself does no input or output.
//!
//! A run builds the graph of a phase several times and for many nodes, so a file is hashed once in a run, unless it
//! changes meanwhile.

use super::{fetch, local_tree};
use pallet::actions::{LocalContent, LocalDirectory, RemoteDirectory, RemoteFile};
use pallet::context::Context;
use pallet::graph::ActionGraph;
use pallet::probe::Sha256;
use pallet::script::INLINE_LIMIT;
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What was learned in this run about files on the controller.
#[derive(Debug, Default)]
pub(super) struct LocalFiles {
    hashes: Mutex<HashMap<Stamp, Sha256>>,
}

/// What tells a content from all others: the file's identity, its size, and when it was changed last.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl LocalFiles {
    /// Reads what the actions of a graph need, and tells them.
    pub(super) fn read(&self, graph: &ActionGraph, context: &Context) {
        for (_, node) in graph.in_order() {
            let action: &dyn std::any::Any = node.action();
            if let Some(file) = action.downcast_ref::<RemoteFile>()
                && let Some(path) = file.local_path()
            {
                file.set_local_content(self.content(path).map_err(|error| error.to_string()));
            } else if let Some(directory) = action.downcast_ref::<RemoteDirectory>()
                && let Some(path) = directory.local_path()
            {
                directory.set_local_content(self.content(path).map_err(|error| error.to_string()));
            } else if let Some(directory) = action.downcast_ref::<LocalDirectory>()
                && let Some(path) = directory.local_path()
            {
                directory.set_local_tree(local_tree::read(self, path, |name| directory.leaves_out(name)));
            } else {
                fetch::resolve(self, action, context);
            }
        }
    }

    /// Reads a file, or what must be known of one that is too large for a script.
    fn content(&self, path: &Path) -> io::Result<LocalContent> {
        let file = File::open(path)?;
        if file.metadata()?.len() <= INLINE_LIMIT {
            return fs::read(path).map(|bytes| LocalContent::Bytes(bytes.into()));
        }
        let (hash, size) = self.hash(file)?;
        Ok(LocalContent::Large { hash, size })
    }

    /// Returns the hash of a file and its size.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn hash(&self, file: File) -> io::Result<(Sha256, u64)> {
        let before = Stamp::of(&file.metadata()?);
        let known = self.hashes.lock().unwrap_or_else(PoisonError::into_inner).get(&before).copied();
        if let Some(hash) = known {
            return Ok((hash, before.size));
        }
        let (hash, size) = Sha256::read(&file)?;
        // Of one that changes while it is read nothing is known.
        if Stamp::of(&file.metadata()?) == before && size == before.size {
            self.hashes.lock().unwrap_or_else(PoisonError::into_inner).insert(before, hash);
        }
        Ok((hash, size))
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Stamp {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hashed_again_when_it_has_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("large");
        let files = LocalFiles::default();
        let large = |byte: u8| vec![byte; INLINE_LIMIT as usize + 1];
        for byte in [b'a', b'a', b'b'] {
            if fs::read(&path).ok() != Some(large(byte)) {
                // Another file, so that no clock decides.
                fs::write(folder.path().join("new"), large(byte)).expect("a file");
                fs::rename(folder.path().join("new"), &path).expect("a file");
            }
            let hash = Sha256::of(&large(byte));
            let expected = LocalContent::Large { hash, size: INLINE_LIMIT + 1 };
            assert_eq!(files.content(&path).expect("a file"), expected);
        }
        assert_eq!(files.hashes.lock().expect("no panic").len(), 2);
    }

    #[test]
    fn a_short_file_is_read_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("short");
        let files = LocalFiles::default();
        for content in [&b"one"[..], b"two", b""] {
            fs::write(&path, content).expect("a file");
            assert_eq!(files.content(&path).expect("a file"), LocalContent::Bytes(content.to_vec().into()));
        }
        assert!(files.content(&folder.path().join("none")).is_err());
    }
}
