//! Locks between processes: files in the service's own folder.

use pallet::compute::ComputeError;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a lock is waited for. What is done under one takes a second.
const LIMIT: Duration = Duration::from_secs(120);

/// A lock that is held. It is given back when this is dropped, and by the system when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Not left to the closing of the file: a program that is being started at this moment has the file open as well, until it is
    /// executed, and the lock would be held for as long.
    fn drop(&mut self) {
        // What cannot be unlocked is given back when it is closed.
        let _ = self.file.unlock();
    }
}

/// Waits for a lock. It also keeps apart what runs in one process: each call opens the file anew.
pub(crate) async fn acquire(path: &Path) -> Result<Lock, ComputeError> {
    let deadline = Instant::now() + LIMIT;
    loop {
        match try_acquire(path).map_err(|error| unusable(path, error))? {
            Some(lock) => return Ok(lock),
            None if Instant::now() >= deadline => return Err(held(path)),
            None => sleep(Duration::from_millis(50)).await,
        }
    }
}

fn try_acquire(path: &Path) -> io::Result<Option<Lock>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = File::options().create(true).append(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn unusable(path: &Path, error: io::Error) -> ComputeError {
    let path: PathBuf = path.into();
    ComputeError::input(format!("cannot use the lock file {}", path.display())).source(error)
}

fn held(path: &Path) -> ComputeError {
    ComputeError::failed(format!(
        "another process holds {} for more than {} s",
        path.display(),
        LIMIT.as_secs()
    ))
    .hint("wait for the other run of pallet on this service to end, or end it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_given_back() {
        let folder = std::env::temp_dir().join(format!("pallet-vbox-lock-{}", std::process::id()));
        let path = folder.join("model.lock");
        let first = try_acquire(&path).expect("a lock file");
        assert!(first.is_some());
        assert!(try_acquire(&path).expect("a lock file").is_none());
        drop(first);
        assert!(try_acquire(&path).expect("a lock file").is_some());
        std::fs::remove_dir_all(folder).expect("our own folder");
    }
}
