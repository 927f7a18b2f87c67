//! Reads a directory of the controller that is to be on a node.

use pallet::actions::{LocalEntry, LocalTree};
use pallet::probe::Sha256;
use pallet::script::INLINE_LIMIT;
use std::fs::{self, DirEntry, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Reads all of a directory but what is left out. Links are not followed, but for the directory itself.
///
/// # Errors
///
/// What cannot be read or cannot be the same on a node, and why.
pub(super) fn read(path: &Path, leaves_out: impl Fn(&str) -> bool) -> Result<LocalTree, String> {
    let mut reader = Reader { tree: LocalTree::default(), room: INLINE_LIMIT, leaves_out };
    reader.directory(path, "")?;
    Ok(reader.tree)
}

struct Reader<F> {
    tree: LocalTree,
    /// How many bytes of contents may still be kept.
    room: u64,
    leaves_out: F,
}

impl<F: Fn(&str) -> bool> Reader<F> {
    fn directory(&mut self, path: &Path, prefix: &str) -> Result<(), String> {
        let at = |error: std::io::Error| match prefix {
            "" => error.to_string(),
            name => format!("{name}: {error}"),
        };
        for entry in fs::read_dir(path).map_err(at)? {
            let entry = entry.map_err(at)?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| format!("the name {name:?} is not UTF-8"))?;
            let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            if !(self.leaves_out)(&name) {
                let found = self.entry(&entry).map_err(|error| format!("{name}: {error}"))?;
                let is_directory = found == LocalEntry::Directory;
                self.tree.add(&name, found)?;
                if is_directory {
                    self.directory(&entry.path(), &name)?;
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry) -> Result<LocalEntry, String> {
        let kind = entry.file_type().map_err(|error| error.to_string())?;
        if kind.is_dir() {
            return Ok(LocalEntry::Directory);
        }
        if kind.is_symlink() {
            let target = fs::read_link(entry.path()).map_err(|error| error.to_string())?;
            let target = target.into_os_string().into_string();
            return target
                .map(|target| LocalEntry::Link { target })
                .map_err(|_| "where the link leads is not UTF-8".to_owned());
        }
        if !kind.is_file() {
            return Err(
                "neither a file nor a directory nor a link; leave it out with `.exclude(…)`".to_owned()
            );
        }
        self.file(&entry.path()).map_err(|error| error.to_string())
    }

    fn file(&mut self, path: &Path) -> std::io::Result<LocalEntry> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let executable = metadata.permissions().mode() & 0o100 != 0;
        if metadata.len() > self.room {
            let (hash, size) = Sha256::read(file)?;
            return Ok(LocalEntry::File { hash, size, executable, bytes: None });
        }
        let bytes = fs::read(path)?;
        let size = bytes.len() as u64;
        self.room = self.room.saturating_sub(size);
        Ok(LocalEntry::File { hash: Sha256::of(&bytes), size, executable, bytes: Some(bytes) })
    }
}
