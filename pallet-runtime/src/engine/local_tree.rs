//! Reads a directory of the controller that is to be on a node.

use super::local_files::LocalFiles;
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
pub(super) fn read(
    files: &LocalFiles,
    path: &Path,
    leaves_out: impl Fn(&str) -> bool,
) -> Result<LocalTree, String> {
    let mut reader = Reader { files, tree: LocalTree::default(), room: INLINE_LIMIT, leaves_out };
    reader.directory(path, "")?;
    Ok(reader.tree)
}

struct Reader<'a, F> {
    files: &'a LocalFiles,
    tree: LocalTree,
    /// How many bytes of contents may still be kept.
    room: u64,
    leaves_out: F,
}

impl<F: Fn(&str) -> bool> Reader<'_, F> {
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
            let (hash, size) = self.files.hash(file)?;
            return Ok(LocalEntry::File { hash, size, executable, bytes: None });
        }
        let bytes = fs::read(path)?;
        let size = bytes.len() as u64;
        self.room = self.room.saturating_sub(size);
        Ok(LocalEntry::File { hash: Sha256::of(&bytes), size, executable, bytes: Some(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    fn tree(path: &Path) -> Result<LocalTree, String> {
        read(&LocalFiles::default(), path, |name| name == "left" || name.ends_with(".tmp"))
    }

    fn file(content: &[u8], executable: bool, kept: bool) -> LocalEntry {
        let bytes = kept.then(|| content.to_vec());
        LocalEntry::File { hash: Sha256::of(content), size: content.len() as u64, executable, bytes }
    }

    fn expected(entries: impl IntoIterator<Item = (&'static str, LocalEntry)>) -> LocalTree {
        let mut tree = LocalTree::default();
        for (name, entry) in entries {
            tree.add(name, entry).expect("a valid name");
        }
        tree
    }

    #[test]
    fn all_kinds_are_read_and_links_are_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("a/b")).expect("a folder");
        fs::create_dir(at("left")).expect("a folder");
        for (name, content) in [("a/b/x", "x"), ("run", "#!/bin/sh\n"), ("left/y", "y"), ("a/z.tmp", "z")] {
            fs::write(at(name), content).expect("a file");
        }
        fs::set_permissions(at("run"), fs::Permissions::from_mode(0o700)).expect("a mode");
        symlink("a", at("link")).expect("a link");
        symlink("../nowhere", at("a/lost")).expect("a link");
        let link = |target: &str| LocalEntry::Link { target: target.to_owned() };
        let whole = expected([
            ("a", LocalEntry::Directory),
            ("a/b", LocalEntry::Directory),
            ("a/b/x", file(b"x", false, true)),
            ("a/lost", link("../nowhere")),
            ("link", link("a")),
            ("run", file(b"#!/bin/sh\n", true, true)),
        ]);
        assert_eq!(tree(folder.path()), Ok(whole));
        // The directory itself may be reached through a link.
        let below = expected([
            ("b", LocalEntry::Directory),
            ("b/x", file(b"x", false, true)),
            ("lost", link("../nowhere")),
        ]);
        assert_eq!(tree(&at("link")), Ok(below));
    }

    #[test]
    fn contents_are_kept_as_long_as_there_is_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let large = vec![b'l'; INLINE_LIMIT as usize + 1];
        fs::write(folder.path().join("large"), &large).expect("a file");
        fs::write(folder.path().join("small"), "s").expect("a file");
        let whole = expected([("large", file(&large, false, false)), ("small", file(b"s", false, true))]);
        assert_eq!(tree(folder.path()), Ok(whole));
    }

    #[test]
    fn what_cannot_be_the_same_on_a_node_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&at).status().expect("mkfifo").success());
        assert!(tree(folder.path()).expect_err("a pipe").starts_with("pipe: neither a file"));
        fs::remove_file(&at).expect("a pipe");
        fs::write(folder.path().join("a\nb"), "").expect("a file");
        assert!(tree(folder.path()).expect_err("a name").contains("control character"));
        assert!(tree(&folder.path().join("none")).expect_err("none").contains("No such file"));
    }
}
