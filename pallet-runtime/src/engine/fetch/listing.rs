//! Reads a directory of the controller that something of a node comes to.

use crate::engine::local_files::LocalFiles;
use pallet::actions::{FetchedEntry, Listing};
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Returns what is in a directory, if it is there. Links are not followed, but for the directory itself.
///
/// # Errors
///
/// What cannot be read.
pub(super) fn read(
    files: &LocalFiles,
    path: &Path,
    leaves_out: impl Fn(&[u8]) -> bool,
) -> Result<Listing, String> {
    let mut listing = Listing::new();
    let mut open = vec![(path.to_owned(), Vec::new())];
    while let Some((path, prefix)) = open.pop() {
        let at = |error: io::Error| match prefix.as_slice() {
            [] => error.to_string(),
            name => format!("{}: {error}", String::from_utf8_lossy(name)),
        };
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && prefix.is_empty() => break,
            entries => entries.map_err(at)?,
        };
        for entry in entries {
            let entry = entry.map_err(at)?;
            let own = entry.file_name();
            let separator: &[u8] = if prefix.is_empty() { b"" } else { b"/" };
            let name = [prefix.as_slice(), separator, own.as_bytes()].concat();
            if leaves_out(&name) {
                continue;
            }
            let found = read_entry(files, &entry).map_err(at)?;
            if matches!(found, FetchedEntry::Directory { .. }) {
                open.push((entry.path(), name.clone()));
            }
            listing.insert(name, found);
        }
    }
    Ok(listing)
}

fn read_entry(files: &LocalFiles, entry: &DirEntry) -> io::Result<FetchedEntry> {
    let kind = entry.file_type()?;
    let mode = || entry.metadata().map(|metadata| metadata.permissions().mode() & 0o7777);
    Ok(if kind.is_dir() {
        FetchedEntry::Directory { mode: mode()? }
    } else if kind.is_symlink() {
        FetchedEntry::Link { target: fs::read_link(entry.path())?.into_os_string().into_vec() }
    } else if kind.is_file() {
        FetchedEntry::File { hash: files.hash(File::open(entry.path())?)?.0, mode: mode()? }
    } else {
        FetchedEntry::Other
    })
}
