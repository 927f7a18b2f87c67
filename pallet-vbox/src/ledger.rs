//! What the controller remembers of machines, in files of the service's own folder.
//!
//! A machine is written down before it is made: its UUID, which we choose, its name and its group. So a creation that
//! was killed at any point is recognised, also before the machine had a tag. While the creating process lives it holds
//! a lock on the file. The files of complete machines stay until the machine goes: VirtualBox tells neither tags nor
//! name of a machine whose settings it cannot read.
//!
//! The tags of the machines are the truth; this is only what they cannot tell.

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

    fn made(&self) -> PathBuf {
        self.folder.join("made")
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

    /// Takes over a creation, unless its process lives or somebody else has dealt with it.
    fn take(&self, entry: Entry) -> Option<Making> {
        let path = self.making().join(entry.id.as_str());
        let file = File::options().append(true).open(&path).ok()?;
        match file.try_lock() {
            Ok(()) if path.exists() => Some(Making { entry, ledger: self.clone(), _lock: file }),
            Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
        }
    }

    /// Returns the complete machines that were written down here.
    pub(crate) fn complete(&self) -> Result<Vec<Entry>, ComputeError> {
        read_folder(&self.made()).map_err(|error| self.unusable(error))
    }

    /// Tells whether a machine was begun, and not noted as complete.
    pub(crate) fn is_under_way(&self, id: &MachineId) -> bool {
        self.making().join(id.as_str()).exists()
    }

    /// Forgets a machine that is gone.
    pub(crate) fn forget(&self, id: &MachineId) -> Result<(), ComputeError> {
        [self.making(), self.made()]
            .into_iter()
            .try_for_each(|folder| ignore_missing(fs::remove_file(folder.join(id.as_str()))))
            .map_err(|error| self.unusable(error))
    }

    fn unusable(&self, error: io::Error) -> ComputeError {
        ComputeError::input(format!("cannot use the folder {}", self.folder.display())).source(error)
    }
}

impl Making {
    /// Writes down that the machine is complete.
    pub(crate) fn complete(&self) -> Result<(), ComputeError> {
        let id = self.entry.id.as_str();
        let (from, to) = (self.ledger.making().join(id), self.ledger.made().join(id));
        fs::create_dir_all(self.ledger.made())
            .and_then(|()| ignore_missing(fs::rename(from, to)))
            .map_err(|error| self.ledger.unusable(error))
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
        let complete = made.entry.clone();
        made.complete().expect("a rename");
        assert_eq!(ledger.complete().expect("a list"), std::slice::from_ref(&complete));
        ledger.forget(&complete.id).expect("a removal");
        ledger.forget(&complete.id).expect("a second removal");
        assert_eq!(ledger.complete().expect("a list"), []);
        fs::remove_dir_all(folder).expect("our own folder");
    }
}
