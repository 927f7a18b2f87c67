//! One run at a time for each compute service.
//!
//! The lock is the operating system's, on a file: it goes with the process that holds it, however that ends,
//! so there are no stale locks. What the file says is only for the message to whoever comes second.

use crate::error::InputError;
use crate::home::create_private_dir;
use pallet::name::ServiceName;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often a lock file may vanish between opening and locking it before we give up.
const ATTEMPTS: usize = 100;

/// The right to change the nodes of a service, held until it is dropped.
#[derive(Debug)]
pub struct ServiceLock {
    // The lock is released when the file is closed.
    _file: File,
    path: PathBuf,
}

impl ServiceLock {
    /// Takes the lock of a service for a command. `state` is the folder of all services' state.
    ///
    /// # Errors
    ///
    /// When another run holds it, which the error names, or the file cannot be written.
    pub fn take(state: &Path, service: &ServiceName, verb: &str) -> Result<ServiceLock, InputError> {
        let folder = state.join("locks");
        let path = folder.join(format!("{service}.lock"));
        for _ in 0..ATTEMPTS {
            create_private_dir(&folder)?;
            let mut file = match open(&path) {
                Ok(file) => file,
                // The folder went with the last lock in it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unusable(&path, error)),
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {}
                // Its holder removed it after we had opened it: what we locked is nobody's any more.
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) => return Err(held(&mut file, service)),
                Err(TryLockError::Error(error)) => return Err(unusable(&path, error)),
            }
            write_holder(&mut file, &Holder::this_process(verb)).map_err(|error| unusable(&path, error))?;
            return Ok(ServiceLock { _file: file, path });
        }
        Err(unusable(&path, io::Error::other("it is removed again and again")))
    }
}

impl Drop for ServiceLock {
    /// Leaves nothing behind: the file goes while it is locked, and the folders go if nothing else is in them.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let Some(folder) = self.path.parent() else { return };
        let _ = fs::remove_dir(folder);
        if let Some(state) = folder.parent() {
            let _ = fs::remove_dir(state.join("services"));
            let _ = fs::remove_dir(state);
        }
    }
}

/// Tells whether a file is still the one at its path.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Who holds a lock, as the lock file says it.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    verb: String,
    /// Seconds since 1970.
    since: u64,
}

impl Holder {
    fn this_process(verb: &str) -> Holder {
        Holder { pid: std::process::id(), host: host_name(), verb: verb.to_owned(), since: now() }
    }

    fn describe(&self) -> String {
        let running = Duration::from_secs(now().saturating_sub(self.since));
        format!(
            "{} by process {} on {} for {}",
            self.verb,
            self.pid,
            self.host,
            crate::report::text::duration(running.as_secs_f64())
        )
    }
}

/// Describes this process to whoever comes second, in the form of lock files.
pub(crate) fn holder(verb: &str) -> String {
    toml::to_string(&Holder::this_process(verb)).unwrap_or_default()
}

/// Returns in words what a lock file says.
pub(crate) fn described(text: &str) -> String {
    toml::from_str(text).map_or_else(|_| "another run".to_owned(), |holder: Holder| holder.describe())
}

/// Returns the error about a service that somebody else works on.
pub(crate) fn in_use(service: &ServiceName, by: &str) -> InputError {
    InputError::new(format!("service `{service}` is in use: {by}"))
        .hint("wait for that run to end; `plan` works meanwhile")
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    let text = toml::to_string(holder).map_err(io::Error::other)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

/// The holder may not have written its name yet; the message then does without.
fn held(file: &mut File, service: &ServiceName) -> InputError {
    let mut text = String::new();
    // What cannot be read is as good as what was not written.
    let _ = file.take(4096).read_to_string(&mut text);
    in_use(service, &described(&text))
}

fn unusable(path: &Path, error: io::Error) -> InputError {
    InputError::new(format!("cannot use the lock file {}", path.display()))
        .source(error)
        .hint("set PALLET_HOME to a folder that you may write")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn host_name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this host".to_owned())
}
