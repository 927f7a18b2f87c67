//! The folders of a service's nodes.

use crate::error::{Context, Result};
use crate::node::NodeState;
use crate::node::disk::make_private;
use crate::store::Lock;
use pallet::compute::NodeId;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The folder that holds one folder for each node.
pub(crate) struct Nodes(pub(crate) PathBuf);

/// A node and its folder, locked: nobody else changes it.
pub(crate) struct Held {
    pub(crate) folder: PathBuf,
    pub(crate) state: NodeState,
    /// Held, not used.
    #[expect(dead_code, reason = "the lock is what it does when it is dropped")]
    pub(crate) lock: Lock,
}

impl Nodes {
    /// Finds a node and locks it. Other nodes are looked at, not waited for.
    pub(crate) fn hold(&self, id: &NodeId) -> Result<Option<Held>> {
        for folder in self.folders()?.into_iter().filter(|folder| !is_hidden(folder)) {
            if read_unless_gone(&folder)?.is_none_or(|state| state.id != id.0) {
                continue;
            }
            let Some(lock) = Lock::of_existing(&folder)? else { return Ok(None) };
            // Read again: whoever held the lock may have changed it.
            return Ok(read_unless_gone(&folder)?.map(|state| Held { folder, state, lock }));
        }
        Ok(None)
    }

    pub(crate) fn states(&self) -> Result<Vec<NodeState>> {
        self.folders()?.iter().map(|folder| NodeState::read(folder)).collect()
    }

    /// Returns the folders of all nodes, sorted, those of half made or half removed ones too.
    pub(crate) fn folders(&self) -> Result<Vec<PathBuf>> {
        let what = || format!("cannot read {}", self.0.display());
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.context(what)?,
        };
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>().context(what)?;
        paths.sort();
        Ok(paths)
    }

    /// Makes a node's folder under a hidden name and then gives it its own: it is never seen without its state.
    pub(crate) fn make(&self, folder: &Path, state: &NodeState, lower: &Path) -> Result<Lock> {
        let what = || format!("cannot make the folder {}", folder.display());
        let new = self.0.join(format!(".new-{}", state.id));
        fs::create_dir_all(&self.0).and_then(|()| make_private(&new)).context(what)?;
        fs::create_dir(new.join("root")).context(what)?;
        // The overlay is mounted with relative paths, so the image is found through a link.
        symlink(lower, new.join("lower")).context(what)?;
        state.write(&new)?;
        let lock = Lock::take(&new)?;
        fs::rename(&new, folder).context(what)?;
        Ok(lock)
    }
}

/// Tells whether a folder is that of a node which is not yet, or no longer.
pub(crate) fn is_hidden(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Returns a node's state, or `None` if its folder went away meanwhile.
fn read_unless_gone(folder: &Path) -> Result<Option<NodeState>> {
    match NodeState::read(folder) {
        Err(_) if !folder.exists() => Ok(None),
        other => other.map(Some),
    }
}
