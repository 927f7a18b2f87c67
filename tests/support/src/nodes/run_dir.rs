//! The folder of a bench below `/run`, whose number makes every name of the bench: its bridge, its addresses, its
//! cgroups. And the janitor that removes what has these names.

use super::Error;
use super::host;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStderr, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where all benches of the machine have their folders.
const TOP: &str = "/run/pallet-test";

const JANITOR: &str = include_str!("janitor.sh");

/// The file in a bench's folder that is locked for as long as the bench's process or its janitor lives. It says
/// which process that is.
const LOCK: &str = "lock";

/// A bench's folder and number. Dropping it removes everything of that number.
#[derive(Debug)]
pub(super) struct RunDir {
    number: u8,
    janitor: Option<Child>,
    /// Held, so that nobody else tidies up.
    _lock: File,
}

impl RunDir {
    /// Takes the lowest number that is free and starts its janitor.
    pub(super) fn claim() -> Result<RunDir, Error> {
        let (number, lock) = claim_number()?;
        let janitor = spawn_janitor(number, &lock)?;
        Ok(RunDir { number, janitor: Some(janitor), _lock: lock })
    }

    pub(super) fn number(&self) -> u8 {
        self.number
    }

    pub(super) fn path(&self) -> PathBuf {
        folder(self.number)
    }

    /// Returns the folders of a node's cgroups, one for each hierarchy that a node's systemd writes to.
    pub(super) fn cgroups(&self, node: usize) -> Vec<PathBuf> {
        let name = format!("pallet-test-{}-{node}", self.number);
        hierarchies().into_iter().map(|hierarchy| hierarchy.join(&name)).collect()
    }

    /// Runs something while no other bench of this machine looks at the settings they share.
    pub(super) fn locked<T>(&self, f: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
        let lock = File::open(TOP)
            .and_then(|top| top.lock().map(|()| top))
            .map_err(Error::io(format!("lock {TOP}")))?;
        let result = f(Path::new(TOP));
        drop(lock);
        result
    }

    /// Has the janitor do its work and waits for it.
    pub(super) fn remove(&mut self) -> Result<(), Error> {
        match self.janitor.take() {
            Some(janitor) => finish(janitor, self.number),
            None => Ok(()),
        }
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("{error}");
        }
    }
}

/// Removes what benches have left whose process and whose janitor are gone.
pub(super) fn sweep() -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(TOP) else { return Ok(()) };
    for entry in entries.flatten() {
        let Some(lock) = abandoned(&entry.path()) else { continue };
        match entry.file_name().to_string_lossy().parse() {
            Ok(number) => finish(spawn_janitor(number, &lock)?, number)?,
            // It has no number yet: its maker was killed in the middle of `claim_number`.
            Err(_) => drop(fs::remove_dir_all(entry.path())),
        }
    }
    Ok(())
}

/// Returns the lock of a bench's folder, now ours, if nobody held it.
fn abandoned(folder: &Path) -> Option<File> {
    let path = folder.join(LOCK);
    let lock = File::open(&path).ok()?;
    lock.try_lock().ok()?;
    // While the lock was waited for its folder may have been removed, and the number given to another bench.
    let still_there = fs::metadata(&path).ok()?.ino() == lock.metadata().ok()?.ino();
    still_there.then_some(lock)
}

fn folder(number: u8) -> PathBuf {
    Path::new(TOP).join(number.to_string())
}

/// Makes a folder with a lock that is held, and renames it to the lowest free number. A rename to a folder that
/// is not empty fails, so no number is given away twice, and no folder with a number is ever seen without its
/// lock.
fn claim_number() -> Result<(u8, File), Error> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let own =
        Path::new(TOP).join(format!(".new-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    // The last bench to go removes the folder above, perhaps just now.
    let lock = host::wait_for(Duration::from_secs(5), || locked_folder(&own).ok())
        .ok_or_else(|| Error::new(format!("make {}", own.display()), "the system refuses"))?;
    for number in 1..=250 {
        match fs::rename(&own, folder(number)) {
            Ok(()) => return Ok((number, lock)),
            Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
            }
            Err(error) => return Err(Error::io(format!("rename {}", own.display()))(error)),
        }
    }
    let _ = fs::remove_dir_all(&own);
    Err(Error::new("find a number for the nodes", format!("all in {TOP} are taken")))
}

/// Makes a folder with a lock that is held. Fails if it was swept up before it was locked.
fn locked_folder(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let path = folder.join(LOCK);
    let mut lock = File::create(&path)?;
    lock.lock()?;
    lock.write_all(process::id().to_string().as_bytes())?;
    fs::metadata(&path)?;
    Ok(lock)
}

/// The cgroup hierarchies that a node's systemd needs folders in.
fn hierarchies() -> Vec<PathBuf> {
    let top = Path::new("/sys/fs/cgroup");
    if top.join("cgroup.controllers").exists() {
        return vec![top.to_owned()];
    }
    ["systemd", "unified"].map(|name| top.join(name)).into_iter().filter(|folder| folder.exists()).collect()
}

/// Starts a janitor, which holds the lock as its standard output.
fn spawn_janitor(number: u8, lock: &File) -> Result<Child, Error> {
    let lock = lock.try_clone().map_err(Error::io("start the janitor"))?;
    host::command("sh")
        .args(["-c", JANITOR, "janitor", TOP, &number.to_string()])
        .args(hierarchies())
        .current_dir("/")
        // Ctrl-C in a terminal goes to the test's process group; the janitor must outlive it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(lock)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io("start the janitor"))
}

/// Ends a janitor's standard input, on which it begins, and reports what it complains about.
fn finish(mut janitor: Child, number: u8) -> Result<(), Error> {
    drop(janitor.stdin.take());
    let complaints = janitor.stderr.take().map(read).unwrap_or_default();
    host::reap(&mut janitor, Duration::from_secs(60));
    if complaints.is_empty() && !folder(number).exists() {
        return Ok(());
    }
    Err(Error::new(format!("remove what test nodes left in {}", folder(number).display()), complaints))
}

fn read(stderr: ChildStderr) -> String {
    io::read_to_string(stderr).unwrap_or_else(|error| error.to_string())
}
