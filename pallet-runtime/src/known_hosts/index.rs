//! The lines of known hosts files, found by the names that they are for.
//!
//! A run with many nodes asks for each of them several times: a file is read again only when it has changed.

use super::line::{self, Entry};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The files that were read so far.
#[derive(Debug, Default)]
pub(super) struct Indexes(HashMap<PathBuf, Index>);

impl Indexes {
    /// Returns what a file says now. One that is not there says nothing.
    pub(super) fn of(&mut self, file: &Path) -> io::Result<&mut Index> {
        let stamp = Stamp::of(file)?;
        let index = self.0.entry(file.to_owned()).or_default();
        if index.stamp != stamp {
            *index = Index::read(file)?;
        }
        Ok(index)
    }
}

/// A file as it was when it was read.
#[derive(Debug, Default)]
pub(super) struct Index {
    stamp: Option<Stamp>,
    /// How many lines there are.
    lines: usize,
    /// Whether the last one lacks its end.
    open: bool,
    /// By line, which are counted from 1.
    entries: Vec<(usize, Entry)>,
    /// Positions in `entries` by name.
    named: HashMap<String, Vec<usize>>,
    /// Positions in `entries` of those that must be asked: patterns and hashes.
    others: Vec<usize>,
}

impl Index {
    fn read(file: &Path) -> io::Result<Index> {
        // Before the content: a file that changes in between is read once more.
        let Some(stamp) = Stamp::of(file)? else { return Ok(Index::default()) };
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Index::default()),
            Err(error) => return Err(error),
        };
        let mut index = Index { stamp: Some(stamp), ..Index::default() };
        // Lossily: a line that is not UTF-8 is no entry.
        index.add(&String::from_utf8_lossy(&bytes));
        Ok(index)
    }

    /// Returns the entries for a host and their lines, in the order of the file.
    pub(super) fn entries_for(&self, name: &str) -> Vec<(usize, &Entry)> {
        let named = self.named.get(name).into_iter().flatten().copied();
        let asked = self.others.iter().copied().filter(|at| self.entries[*at].1.is_for(name));
        let mut at: Vec<usize> = named.chain(asked).collect();
        at.sort_unstable();
        at.dedup();
        at.into_iter().map(|at| (self.entries[at].0, &self.entries[at].1)).collect()
    }

    /// Tells whether the last line lacks its end.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Takes down what was added to the end of the file, which was as this says before.
    pub(super) fn appended(&mut self, text: &str, metadata: &Metadata) {
        self.stamp = Some(Stamp::new(metadata));
        self.add(text);
    }

    fn add(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            // The rest of a line that was open belongs to it; all that is ever added there is its end.
            self.lines += usize::from(!self.open);
            self.open = !line.ends_with('\n');
            let Some(entry) = line::parse(line) else { continue };
            let at = self.entries.len();
            match entry.plain_names() {
                Some(names) => {
                    for name in names {
                        self.named.entry(name.clone()).or_default().push(at);
                    }
                }
                None => self.others.push(at),
            }
            self.entries.push((self.lines, entry));
        }
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn new(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    fn of(file: &Path) -> io::Result<Option<Stamp>> {
        match fs::metadata(file) {
            Ok(metadata) => Ok(Some(Stamp::new(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
