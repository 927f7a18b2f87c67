//! One run at a time for each compute service.
//!
//! The lock is the operating system's, on a file: it goes with the process that holds it, however that ends,
//! so there are no stale locks. What the file says is only for the message to whoever comes second.

use crate::error::InputError;
use crate::event::Verb;
use crate::home::create_private_dir;
use pallet::name::ServiceName;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The right to change the nodes of a service, held until it is dropped.
#[derive(Debug)]
pub struct ServiceLock {
    // The lock is released when the file is closed. The file itself stays: removing it would let a third run
    // lock a new file while a second one waits on the old.
    _file: File,
}

impl ServiceLock {
    /// Takes the lock of a service. `state` is the folder of all services' state.
    ///
    /// # Errors
    ///
    /// When another run holds it, which the error names, or the file cannot be written.
    pub fn take(state: &Path, service: &ServiceName, verb: Verb) -> Result<ServiceLock, InputError> {
        let folder = state.join("locks");
        create_private_dir(&folder)?;
        let path = folder.join(format!("{service}.lock"));
        let mut file = open(&path).map_err(|error| unusable(&path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file, service)),
            Err(TryLockError::Error(error)) => return Err(unusable(&path, error)),
        }
        write_holder(&mut file, &Holder::this_process(verb)).map_err(|error| unusable(&path, error))?;
        Ok(ServiceLock { _file: file })
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
    fn this_process(verb: Verb) -> Holder {
        Holder { pid: std::process::id(), host: host_name(), verb: verb.word().to_owned(), since: now() }
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
fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text).ok()?;
    toml::from_str(&text).ok()
}

fn held(file: &mut File, service: &ServiceName) -> InputError {
    let holder = read_holder(file).map_or_else(|| "another run".to_owned(), |holder| holder.describe());
    InputError::new(format!("service `{service}` is in use: {holder}"))
        .hint("wait for that run to end; `plan` works meanwhile")
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
