//! Tags of nodes whose provider has no place of its own to keep them: a file in the service's state folder.

use crate::home::create_private_dir;
use pallet::compute::{ComputeError, NodeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The version of the file's format.
const VERSION: u32 = 1;

/// Tags, by node.
type Tags = BTreeMap<String, BTreeMap<String, String>>;

/// The file that keeps the tags of a service's nodes.
pub(crate) struct TagStore {
    folder: PathBuf,
    /// Serialises the changes of this process; other processes are kept out by the lock of the service.
    writing: Mutex<()>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct TagFile {
    version: u32,
    #[serde(default)]
    tags: Tags,
}

/// Read first and alone: what else a newer file says is not for us to judge.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl TagStore {
    pub(crate) fn new(folder: PathBuf) -> Self {
        TagStore { folder, writing: Mutex::new(()) }
    }

    /// Returns the tags of all nodes.
    pub(crate) fn read(&self) -> Result<Tags, ComputeError> {
        let path = self.path();
        match fs::read_to_string(&path) {
            Ok(text) => parse(&text).map_err(|error| error.in_file(&path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Tags::new()),
            Err(error) => Err(ComputeError::failed(format!("cannot read {}", path.display())).source(error)),
        }
    }

    /// Sets or removes a tag of these nodes: of all, or of none if that fails.
    pub(crate) fn write(&self, ids: &[&NodeId], key: &str, value: Option<&str>) -> Result<(), ComputeError> {
        let _guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tags = self.read()?;
        for id in ids {
            let of_node = tags.entry(id.0.clone()).or_default();
            match value {
                Some(value) => of_node.insert(key.to_owned(), value.to_owned()),
                None => of_node.remove(key),
            };
        }
        tags.retain(|_, tags| !tags.is_empty());
        self.replace(tags)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("tags.toml")
    }

    fn replace(&self, tags: Tags) -> Result<(), ComputeError> {
        create_private_dir(&self.folder).map_err(|error| ComputeError::input(crate::error::chain(&error)))?;
        let path = self.path();
        let text = toml::to_string(&TagFile { version: VERSION, tags });
        text.map_err(io::Error::other)
            .and_then(|text| replace_file(&path, &text))
            .map_err(|error| ComputeError::failed(format!("cannot write {}", path.display())).source(error))
    }
}

enum Unreadable {
    Newer(u32),
    Damaged(toml::de::Error),
}

impl Unreadable {
    fn in_file(self, path: &Path) -> ComputeError {
        let path = path.display();
        match self {
            Unreadable::Newer(version) => {
                ComputeError::input(format!("{path} has format {version}; this program knows {VERSION}"))
                    .hint("use the newer program that wrote it")
            }
            Unreadable::Damaged(error) => {
                ComputeError::input(format!("{path} is damaged: {}", error.message()))
                    .hint("remove it; nodes then count as not bootstrapped")
            }
        }
    }
}

fn parse(text: &str) -> Result<Tags, Unreadable> {
    let Version { version } = toml::from_str(text).map_err(Unreadable::Damaged)?;
    if version > VERSION {
        return Err(Unreadable::Newer(version));
    }
    toml::from_str(text).map(|file: TagFile| file.tags).map_err(Unreadable::Damaged)
}

/// A reader sees the old file or the new one, also after a power cut.
fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("toml.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_kept_and_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (NodeId("a".to_owned()), NodeId("b".to_owned()));
        let store = TagStore::new(folder.path().join("lab"));
        assert!(store.read().expect("no file is no tags").is_empty());
        store.write(&[&one], "bootstrapped", Some("yes")).expect("written");
        store.write(&[&one, &two], "x", Some("y")).expect("written");
        store.write(&[&one, &two], "x", None).expect("removed");
        let again = TagStore::new(folder.path().join("lab")).read().expect("readable");
        assert_eq!(
            again,
            Tags::from([("a".to_owned(), BTreeMap::from([("bootstrapped".to_owned(), "yes".to_owned())]))])
        );
    }

    #[test]
    fn a_newer_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tags.toml");
        fs::write(&path, "version = 2\nnew = \"thing\"\n").expect("written");
        let store = TagStore::new(folder.path().to_owned());
        let error = store.write(&[&NodeId("a".to_owned())], "x", Some("y")).expect_err("a newer format");
        assert!(error.message.ends_with("has format 2; this program knows 1"), "{}", error.message);
        assert_eq!(fs::read_to_string(&path).expect("still there"), "version = 2\nnew = \"thing\"\n");
    }
}
