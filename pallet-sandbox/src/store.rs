//! What a service remembers on disk: who may write, in which version, and atomically.

use crate::error::{Context, Result};
use pallet::compute::ComputeError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// The version of every file that this crate writes. A change that older code would misread raises it: older
/// code than 2 would look for the inside of a node with systemd in the wrong process.
const VERSION: u32 = 2;

/// The right to change what is in a folder, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the right to change a folder, and makes the folder if there is none.
    pub(crate) fn take(directory: &Path) -> Result<Self> {
        loop {
            fs::create_dir_all(directory)
                .context(|| format!("cannot make the folder {}", directory.display()))?;
            // There is none if the holder before us has removed the folder.
            if let Some(lock) = Lock::of_existing(directory)? {
                return Ok(lock);
            }
        }
    }

    /// Waits for the right to change a folder, or returns `None` if there is no such folder.
    pub(crate) fn of_existing(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join("lock");
        let what = || format!("cannot lock {}", directory.display());
        loop {
            let file = match OpenOptions::new().create(true).append(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                other => other.context(what)?,
            };
            file.lock().context(what)?;
            // The holder before us may have removed the file: then this lock is worth nothing.
            let current = fs::metadata(&path).ok().map(|found| found.ino());
            if current == file.metadata().ok().map(|held| held.ino()) {
                return Ok(Some(Lock { _file: file }));
            }
        }
    }
}

/// Reads a file that [`write_versioned`] wrote, or returns `None` if there is none.
///
/// # Errors
///
/// When a newer version wrote it, or it is damaged.
pub(crate) fn read_versioned<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.context(|| format!("cannot read {}", path.display()))?,
    };
    parse(&text, path).map(Some)
}

/// Writes a file so that a reader, also after a crash, finds the old or the new content whole.
pub(crate) fn write_versioned<T: Serialize>(path: &Path, content: &T) -> Result<()> {
    let text = serde_json::to_vec_pretty(&Versioned { version: VERSION, content })
        .expect("our types have text keys and no failing serializers");
    let next = path.with_extension("next");
    File::create(&next)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&next, path))
        .context(|| format!("cannot write {}", path.display()))
}

#[derive(Serialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    content: T,
}

#[derive(Deserialize)]
struct OnlyVersion {
    version: u32,
}

/// The version is read first: a newer file may have any form.
fn parse<T: DeserializeOwned>(text: &[u8], path: &Path) -> Result<T> {
    let damaged = |error| {
        ComputeError::failed(format!("{} is damaged", path.display()))
            .source(error)
            .hint("restore the file, or remove the folder it is in to give up what it describes")
    };
    let OnlyVersion { version } = serde_json::from_slice(text).map_err(damaged)?;
    if version > VERSION {
        return Err(ComputeError::input(format!(
            "{} was written by a newer pallet-sandbox (version {version} of the format; this one knows {VERSION})",
            path.display()
        ))
        .hint("update pallet-sandbox, or use the newer one"));
    }
    serde_json::from_slice(text).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::compute::ErrorKind;
    use std::collections::BTreeMap;

    type Content = BTreeMap<String, serde_json::Value>;

    #[test]
    fn what_is_written_is_read_and_absence_is_no_error() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("a.json");
        assert!(read_versioned::<Content>(&path).expect("absent is fine").is_none());
        write_versioned(&path, &Content::from([("key".to_owned(), "value".into())])).expect("written");
        let read = read_versioned::<Content>(&path).expect("read").expect("present");
        assert_eq!(read["key"], "value");
    }

    #[test]
    fn a_newer_format_is_the_users_turn_and_damage_is_named() {
        let path = Path::new("/x/node.json");
        let newer = parse::<Content>(br#"{"version": 99, "all": "different"}"#, path).expect_err("too new");
        assert_eq!(newer.kind, ErrorKind::Input);
        assert!(newer.message.contains("version 99"), "{newer}");
        let damaged = parse::<Content>(b"{\"version\": 1", path).expect_err("cut");
        assert!(damaged.message.contains("/x/node.json is damaged"), "{damaged}");
    }

    #[test]
    fn a_lock_whose_file_was_removed_is_not_shared() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let first = Lock::take(dir.path()).expect("free");
        fs::remove_file(dir.path().join("lock")).expect("removed while held");
        let second = Lock::take(dir.path()).expect("a new file, a new lock");
        drop((first, second));
    }
}
