//! Puts what a node has sent into a directory. A path is walked name by name, and no link is followed on the way: one
//! that is there, or that comes just now, leads nowhere.

use super::staging::Staging;
use pallet::actions::Arrival;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, mkdirat, openat, renameat, symlinkat, unlinkat};
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Does everything in the directory that the staging is in.
pub(super) fn all(staging: &Staging, arrivals: &[Arrival]) -> io::Result<()> {
    let root = Root(openat(CWD, staging.directory(), DIRECTORY, Mode::empty())?);
    let mut number = 0;
    for arrival in arrivals {
        root.put(arrival, &staging.path(number)).map_err(|error| {
            let name = crate::shell::visible(&String::from_utf8_lossy(name(arrival)));
            io::Error::new(error.kind(), format!("{name}: {error}"))
        })?;
        number += usize::from(matches!(arrival, Arrival::File { .. }));
    }
    Ok(())
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A directory on the controller.
struct Root(OwnedFd);

impl Root {
    fn put(&self, arrival: &Arrival, staged: &Path) -> io::Result<()> {
        let (folder, last) = self.walk(name(arrival))?;
        match arrival {
            Arrival::Removal { directory, .. } => {
                let flags = if *directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
                unlinkat(folder, last, flags)?;
            }
            Arrival::Directory { mode, .. } => {
                mkdirat(&folder, last, Mode::RWXU)?;
                set_mode(&folder, last, *mode)?;
            }
            Arrival::File { mode, .. } => {
                File::open(staged)?.set_permissions(Permissions::from_mode(*mode))?;
                renameat(CWD, staged, folder, last)?;
            }
            Arrival::Link { target, .. } => {
                let made = staged.with_extension("link");
                symlinkat(OsStr::from_bytes(target), CWD, &made)?;
                renameat(CWD, &made, folder, last)?;
            }
            Arrival::Mode { mode, .. } => set_mode(&folder, last, *mode)?,
        }
        Ok(())
    }

    /// Returns the directory that something is in, and its name there.
    fn walk<'a>(&self, name: &'a [u8]) -> io::Result<(OwnedFd, &'a OsStr)> {
        let mut folder = self.0.try_clone()?;
        let mut parts = name.split(|byte| *byte == b'/').map(OsStr::from_bytes).peekable();
        while let Some(part) = parts.next() {
            if matches!(part.as_bytes(), b"" | b"." | b"..") {
                break;
            }
            if parts.peek().is_none() {
                return Ok((folder, part));
            }
            folder = openat(&folder, part, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no name of a file"))
    }
}

fn set_mode(folder: &OwnedFd, name: &OsStr, mode: u32) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(folder, name, flags, Mode::empty())?;
    Ok(fchmod(file, Mode::from_raw_mode(mode))?)
}

fn name(arrival: &Arrival) -> &[u8] {
    match arrival {
        Arrival::Removal { name, .. }
        | Arrival::Directory { name, .. }
        | Arrival::File { name, .. }
        | Arrival::Link { name, .. }
        | Arrival::Mode { name, .. } => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::probe::Sha256;
    use std::fs;

    fn staged(root: &Path, contents: &[&str]) -> Staging {
        let mut staging = Staging::within(root).expect("a folder");
        for content in contents {
            staging.next(content.len() as u64).expect("room");
            staging.write(content.as_bytes()).expect("room");
        }
        staging.finish().expect("whole");
        staging
    }

    fn file(name: &str, content: &str) -> Arrival {
        let hash = Sha256::of(content.as_bytes());
        Arrival::File { name: name.into(), mode: 0o640, size: content.len() as u64, hash }
    }

    #[test]
    fn everything_comes_into_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("new/root");
        let staging = staged(&root, &["one", "two"]);
        let arrivals = [
            Arrival::Directory { name: b"d".to_vec(), mode: 0o750 },
            file("d/one", "one"),
            Arrival::Link { name: b"l".to_vec(), target: b"d/one".to_vec() },
            file("two", "two"),
            Arrival::Mode { name: b"two".to_vec(), mode: 0o600 },
        ];
        staging.check(super::super::files(&arrivals)).expect("what was expected");
        all(&staging, &arrivals).expect("placed");
        drop(staging);
        let mode = |name: &str| fs::metadata(root.join(name)).expect("there").permissions().mode() & 0o7777;
        assert_eq!((mode("."), mode("d"), mode("l"), mode("two")), (0o700, 0o750, 0o640, 0o600));
        assert_eq!(fs::read_to_string(root.join("l")).expect("there"), "one");
        assert_eq!(fs::read_dir(&root).expect("there").count(), 3, "nothing of ours is left");
    }

    #[test]
    fn nothing_is_written_through_links_or_above_the_directory() {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
        fs::create_dir(&outside).expect("made");
        let staging = staged(&root, &["x"]);
        std::os::unix::fs::symlink(&outside, root.join("link")).expect("made");
        for name in ["link/x", "../outside/x", "/tmp/x", "a/../../outside/x", ".."] {
            assert!(all(&staging, &[file(name, "x")]).is_err(), "{name}");
        }
        assert!(all(&staging, &[Arrival::Mode { name: b"link".to_vec(), mode: 0o777 }]).is_err());
        // A link that arrives is one as well.
        let link = Arrival::Link { name: b"later".to_vec(), target: outside.as_os_str().as_bytes().to_vec() };
        assert!(all(&staging, &[link, file("later/x", "x")]).is_err());
        assert_eq!(fs::read_dir(&outside).expect("there").count(), 0);
    }

    #[test]
    fn what_is_too_much_or_too_little_or_something_else_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut staging = Staging::within(folder.path()).expect("a folder");
        staging.next(2).expect("room");
        assert!(staging.write(b"abc").is_err());
        let mut staging = Staging::within(folder.path()).expect("a folder");
        staging.next(2).expect("room");
        staging.write(b"a").expect("room");
        assert!(staging.finish().is_err());
        let staging = staged(folder.path(), &["x", "y"]);
        let expected = |contents: &[&str]| {
            let contents: Vec<_> = contents.iter().map(|text| (1, Sha256::of(text.as_bytes()))).collect();
            staging.check(contents.into_iter())
        };
        assert!(expected(&["x", "y"]).is_ok());
        assert!(expected(&["x"]).is_err() && expected(&["x", "z"]).is_err());
        assert!(expected(&["x", "y", "z"]).is_err());
    }
}
