//! The files themselves: each is read once, for however many hosts.

use super::ConfigError;
use super::pattern;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whose file it is: decides where relative includes are looked for, and whether others may write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    User,
    System,
}

/// The text of a file, if there is one.
type Text = Option<Arc<str>>;

/// What was found in the file system so far.
#[derive(Debug, Default)]
pub(super) struct Files {
    texts: Mutex<HashMap<(PathBuf, Kind), Text>>,
    named: Mutex<HashMap<PathBuf, Arc<[PathBuf]>>>,
}

impl Files {
    /// Returns the text of a file.
    pub(super) fn text(&self, file: &Path, kind: Kind) -> Result<Text, ConfigError> {
        let key = (file.to_owned(), kind);
        if let Some(text) = lock(&self.texts).get(&key) {
            return Ok(text.clone());
        }
        let text: Text = read(file, kind)?.map(Arc::from);
        lock(&self.texts).insert(key, text.clone());
        Ok(text)
    }

    /// Returns the files that a path with `*` and `?` in its parts names, sorted.
    pub(super) fn named_by(&self, path: PathBuf) -> Arc<[PathBuf]> {
        if let Some(files) = lock(&self.named).get(&path) {
            return files.clone();
        }
        let files: Arc<[PathBuf]> = glob(&path).into();
        lock(&self.named).insert(path, files.clone());
        files
    }
}

fn read(file: &Path, kind: Kind) -> Result<Option<String>, ConfigError> {
    let fail = |message: String| ConfigError { place: Some((file.to_owned(), 0)), message, hint: None };
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error.to_string())),
    };
    if kind == Kind::User && others_may_write(file) {
        let hint = Some(format!("run `chmod go-w '{}'`", file.display()));
        return Err(ConfigError { hint, ..fail("others may write this file".to_owned()) });
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn others_may_write(file: &Path) -> bool {
    let ours = rustix::process::getuid().as_raw();
    fs::metadata(file).is_ok_and(|meta| meta.mode() & 0o022 != 0 || ![0, ours].contains(&meta.uid()))
}

fn glob(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let name = part.as_os_str().to_string_lossy();
        if name.contains(['*', '?']) {
            found = found.iter().flat_map(|folder| entries(folder, &name)).collect();
        } else {
            found.iter_mut().for_each(|folder| folder.push(part));
        }
    }
    found.retain(|file| file.exists());
    found
}

/// Returns the entries of a folder that fit a pattern, sorted. A star does not show hidden ones.
fn entries(folder: &Path, wanted: &str) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let fits =
        |name: &str| pattern::matches(wanted, name) && (!name.starts_with('.') || wanted.starts_with('.'));
    let found = names.filter(|entry| fits(&entry.file_name().to_string_lossy()));
    let mut found: Vec<PathBuf> = found.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// What was found stays usable after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
