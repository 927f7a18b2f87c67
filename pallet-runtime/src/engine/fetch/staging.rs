//! What a node has sent and what is not in its place yet: a folder with a file for each content.

use pallet::probe::Sha256;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A folder that goes when this is dropped.
pub(super) struct Staging {
    /// The directory that it is in.
    within: PathBuf,
    folder: PathBuf,
    /// How many bytes each content has.
    sizes: Vec<u64>,
    /// The content that comes just now, and how much of it is still to come.
    open: Option<(File, u64)>,
}

impl Staging {
    /// Returns a folder beside a file, on the same file system.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        Staging::make(folder)
    }

    /// Returns a folder within a directory, which is made for this user alone where it is not there.
    pub(super) fn within(path: &Path) -> io::Result<Self> {
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            fs::create_dir_all(above)?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        Staging::make(path)
    }

    fn make(within: &Path) -> io::Result<Self> {
        let token = crate::shell::random_token().map_err(io::Error::other)?;
        let folder = within.join(format!(".pallet-{token}"));
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Staging { within: within.to_owned(), folder, sizes: Vec::new(), open: None })
    }

    /// Begins the next content.
    pub(super) fn next(&mut self, size: u64) -> io::Result<()> {
        self.finish()?;
        let path = self.path(self.sizes.len());
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        self.sizes.push(size);
        self.open = Some((file, size));
        Ok(())
    }

    /// Adds to the content that has begun.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some((file, left)) = &mut self.open else { return Err(moved()) };
        *left = left.checked_sub(bytes.len() as u64).ok_or_else(moved)?;
        file.write_all(bytes)
    }

    /// Ends a content, which must be whole then.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some((_, left)) if left > 0 => Err(moved()),
            _ => Ok(()),
        }
    }

    /// Checks that these contents have arrived, and no other.
    pub(super) fn check(&self, expected: impl Iterator<Item = (u64, Sha256)>) -> io::Result<()> {
        let mut count = 0;
        for (number, expected) in expected.enumerate() {
            count += 1;
            let is_size = self.sizes.get(number) == Some(&expected.0);
            if !is_size || Sha256::read(File::open(self.path(number))?)? != (expected.1, expected.0) {
                return Err(moved());
            }
        }
        if count == self.sizes.len() { Ok(()) } else { Err(moved()) }
    }

    /// Moves the only content to where it belongs.
    pub(super) fn become_file(&self, path: &Path) -> io::Result<()> {
        match self.sizes.len() {
            1 => fs::rename(self.path(0), path),
            _ => Err(moved()),
        }
    }

    /// Returns the directory that the folder is in.
    pub(super) fn directory(&self) -> &Path {
        &self.within
    }

    /// Returns where a content is.
    pub(super) fn path(&self, number: usize) -> PathBuf {
        self.folder.join(number.to_string())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What is left of it helps nobody; that something failed is told already.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn moved() -> io::Error {
    io::Error::other(
        "what the node sent is not what it had; did it change meanwhile? run the same command again",
    )
}
