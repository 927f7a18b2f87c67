//! Writing a project: all of it, or nothing.

use crate::error::Error;
use crate::name::ProjectName;
use crate::source::Source;
use crate::template::Kind;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// A project to be made.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) kind: Kind,
    pub(crate) name: ProjectName,
    pub(crate) source: Source,
    /// The lock file to begin with.
    pub(crate) lock: Option<String>,
}

impl Project {
    /// Writes the files to a folder that is new or empty.
    ///
    /// # Errors
    ///
    /// When there is something already, or it cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        refuse_what_is_there(folder)?;
        for (path, text) in self.kind.fill(&self.name, &self.source) {
            create(&folder.join(path), &text)?;
        }
        match &self.lock {
            Some(lock) => create(&folder.join("Cargo.lock"), lock),
            None => Ok(()),
        }
    }
}

fn refuse_what_is_there(folder: &Path) -> Result<(), Error> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(false) => Err(Error::new(format!("{} is not empty", folder.display()))
            .hint("nothing is overwritten: take another path, or remove what is there")),
        Err(error) => Err(cannot("read", folder, &error)),
    }
}

/// Writes a file that does not exist.
fn create(path: &Path, text: &str) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| cannot("make", parent, &error))?;
    }
    let mut file = File::create_new(path).map_err(|error| cannot("make", path, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot {what} {}: {error}", path.display()))
}
