//! What the controller remembers of machines, in files of the service's own folder.
//!
//! A machine is written down before it is made: its UUID, which we choose, its name and its group. So a creation that
//! was killed at any point is recognised. While the creating process lives it holds a lock on the file, and the file goes
//! when the machine is complete.
//!
//! What a machine is stands in the registry (see [`tags`](crate::tags)); this is only what that cannot tell: whether
//! the process that makes it still lives. So it is on the controller, wherever the machines are.

use crate::machine::MachineId;
use pallet::compute::ComputeError;
use pallet::name::{GroupName, NodeName};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::PathBuf;

/// The files of one service.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    folder: PathBuf,
}

/// A machine that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: MachineId,
    pub(crate) name: NodeName,
    /// The node's group; a machine that holds a model has none.
    pub(crate) group: Option<GroupName>,
}

/// A creation under way, or one that was found abandoned. While this lives, no other process takes it for abandoned.
#[derive(Debug)]
pub(crate) struct Making {
    pub(crate) entry: Entry,
    ledger: Ledger,
    _lock: File,
}

impl Ledger {
    /// Returns the ledger in a folder, which need not exist.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Ledger { folder }
    }

    fn making(&self) -> PathBuf {
        self.folder.join("making")
    }

    /// Writes down that a machine is about to be made.
    pub(crate) fn begin(&self, entry: Entry) -> Result<Making, ComputeError> {
        self.write(&entry)
            .map(|lock| Making { entry, ledger: self.clone(), _lock: lock })
            .map_err(|error| self.unusable(error))
    }

    fn write(&self, entry: &Entry) -> io::Result<File> {
        fs::create_dir_all(self.making())?;
        // Under its own name only when it is locked: else another process could find it unlocked and take it for
        // abandoned. The list skips hidden files.
        let hidden = self.making().join(format!(".{}", entry.id));
        let mut file = File::create_new(&hidden)?;
        file.lock()?;
        writeln!(file, "{}\n{}", entry.name, entry.group.as_ref().map_or("", GroupName::as_str))?;
        file.sync_all()?;
        fs::rename(hidden, self.making().join(entry.id.as_str()))?;
        Ok(file)
    }

    /// Returns the creations that were begun and whose process is gone.
    pub(crate) fn abandoned(&self) -> Result<Vec<Making>, ComputeError> {
        let found = read_folder(&self.making()).map_err(|error| self.unusable(error))?;
        Ok(found.into_iter().filter_map(|entry| self.take(entry)).collect())
    }

    /// Tells whether a creation of this machine was begun and has not ended.
    pub(crate) fn has(&self, id: &MachineId) -> bool {
        self.making().join(id.as_str()).exists()
    }

    /// Takes over a creation, unless its process lives or somebody else has dealt with it.
    fn take(&self, entry: Entry) -> Option<Making> {
        let path = self.making().join(entry.id.as_str());
        let file = File::options().append(true).open(&path).ok()?;
        match file.try_lock() {
            Ok(()) if path.exists() => Some(Making { entry, ledger: self.clone(), _lock: file }),
            Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
        }
    }

    /// Forgets a machine, because it is complete or gone.
    pub(crate) fn forget(&self, id: &MachineId) -> Result<(), ComputeError> {
        ignore_missing(fs::remove_file(self.making().join(id.as_str()))).map_err(|error| self.unusable(error))
    }

    fn unusable(&self, error: io::Error) -> ComputeError {
        ComputeError::input(format!("cannot use the folder {}", self.folder.display())).source(error)
    }
}

impl Making {
    /// Takes note that the machine is complete.
    pub(crate) fn complete(&self) -> Result<(), ComputeError> {
        self.ledger.forget(&self.entry.id)
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn read_folder(folder: &PathBuf) -> io::Result<Vec<Entry>> {
    let files = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        other => other?,
    };
    let mut entries = Vec::new();
    for file in files {
        let file = file?;
        let Some(id) = file.file_name().to_str().and_then(MachineId::parse) else { continue };
        // Gone meanwhile: another process has dealt with it.
        let Ok(text) = fs::read_to_string(file.path()) else { continue };
        entries.extend(parse(id, &text));
    }
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(entries)
}

fn parse(id: MachineId, text: &str) -> Option<Entry> {
    let mut lines = text.lines();
    let name = NodeName::new(lines.next()?).ok()?;
    Some(Entry { id, name, group: lines.next().and_then(|group| GroupName::new(group).ok()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry {
        Entry {
            id: MachineId::random(),
            name: NodeName::new(name).expect("a name"),
            group: GroupName::new("web").ok(),
        }
    }

    #[test]
    fn a_creation_is_abandoned_when_its_process_is_gone() {
        let folder = std::env::temp_dir().join(format!("pallet-vbox-ledger-{}", std::process::id()));
        let ledger = Ledger::new(folder.clone());
        assert!(ledger.abandoned().expect("no folder is an empty one").is_empty());

        let making = ledger.begin(entry("web-1")).expect("a first creation");
        assert!(ledger.abandoned().expect("a list").is_empty(), "it is under way");
        let id = making.entry.id.clone();
        drop(making);
        let [found] = &ledger.abandoned().expect("a list")[..] else { panic!("one abandoned creation") };
        assert_eq!((&found.entry.id, found.entry.name.as_str()), (&id, "web-1"));
        assert!(ledger.abandoned().expect("a list").is_empty(), "somebody is dealing with it");

        let made = ledger.begin(entry("web-2")).expect("a second creation");
        made.complete().expect("a removal");
        made.complete().expect("a second removal");
        ledger.forget(&id).expect("a removal");
        drop((made, found));
        assert!(ledger.abandoned().expect("a list").is_empty());
        fs::remove_dir_all(folder).expect("our own folder");
    }
}
