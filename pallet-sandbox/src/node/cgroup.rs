//! The branch of the host's cgroup tree that a node with systemd lives in. `nspawn.sh` makes it; it outlives the
//! node's processes and is removed here.

use crate::error::{Context, Result};
use rustix::fs::{Access, access};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

const TOP: &str = "/sys/fs/cgroup";
/// The kernel counts a process as there for a moment after it has ended.
const REMOVE_LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Returns the name of a node's branch.
pub(super) fn name(id: &str) -> String {
    format!("pallet-{id}")
}

/// Returns the hierarchies that systemd uses: the only one, or of the older kind its own and the one beside it.
pub(super) fn hierarchies() -> Vec<PathBuf> {
    let top = Path::new(TOP);
    if top.join("cgroup.controllers").exists() {
        return vec![top.to_owned()];
    }
    let parts = ["systemd", "unified"].map(|part| top.join(part));
    parts.into_iter().filter(|part| part.join("cgroup.procs").exists()).collect()
}

/// Tells whether nodes can have branches here. In a container the tree is often missing, or read-only.
pub(super) fn available() -> bool {
    let hierarchies = hierarchies();
    !hierarchies.is_empty() && hierarchies.iter().all(|top| access(top, Access::WRITE_OK).is_ok())
}

/// Removes a node's branch, whose processes have ended. None is no error.
pub(crate) fn remove(id: &str) -> Result<()> {
    for top in hierarchies() {
        let branch = top.join(name(id));
        remove_branch(&branch).context(|| format!("cannot remove {}", branch.display()))?;
    }
    Ok(())
}

fn remove_branch(branch: &Path) -> io::Result<()> {
    let deadline = Instant::now() + REMOVE_LIMIT;
    loop {
        match remove_once(branch) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < deadline => {
                thread::sleep(PAUSE);
            }
            other => return other,
        }
    }
}

/// Removes folders only: the files in them are the kernel's and go with them.
fn remove_once(branch: &Path) -> io::Result<()> {
    for entry in fs::read_dir(branch)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_once(&entry.path())?;
        }
    }
    fs::remove_dir(branch)
}
