//! The folder of a bench below `/run`, whose number makes every name of the bench: its bridge, its addresses, its
//! cgroups. And the janitor that removes what has these names.

use super::Error;
use super::host::{self, Process};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStderr, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where all benches of the machine have their folders.
const TOP: &str = "/run/pallet-test";

const JANITOR: &str = include_str!("janitor.sh");

/// A bench's folder and number. Dropping it removes everything of that number.
#[derive(Debug)]
pub(super) struct RunDir {
    number: u8,
    janitor: Option<Child>,
}

impl RunDir {
    /// Takes the lowest number that is free and starts its janitor.
    pub(super) fn claim() -> Result<RunDir, Error> {
        let number = claim_number()?;
        // From here on the folder exists, so the janitor must run even if the rest fails.
        let janitor = spawn_janitor(number)?;
        Ok(RunDir { number, janitor: Some(janitor) })
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

/// Removes what benches have left whose process is gone and whose janitor is, too.
pub(super) fn sweep() -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(TOP) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Ok(number) = name.parse::<u8>()
            && !owner_lives(&entry.path())
        {
            finish(spawn_janitor(number)?, number)?;
        } else if name.starts_with(".new-") && !owner_lives(&entry.path()) {
            // Its maker was killed between two lines of `claim_number`.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn folder(number: u8) -> PathBuf {
    Path::new(TOP).join(number.to_string())
}

/// Makes a folder that says whose it is, and renames it to the lowest free number. A rename to a folder that is
/// not empty fails, so no number is given away twice, and no folder is ever seen without its owner.
fn claim_number() -> Result<u8, Error> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let own =
        Path::new(TOP).join(format!(".new-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    let doing = || Error::io(format!("make {}", own.display()));
    // The last bench to go removes the folder above, perhaps just now.
    host::wait_for(Duration::from_secs(5), || fs::create_dir_all(&own).ok())
        .ok_or_else(|| Error::new(format!("make {}", own.display()), "not possible"))?;
    fs::write(own.join("owner"), owner()).map_err(doing())?;
    for number in 1..=250 {
        match fs::rename(&own, folder(number)) {
            Ok(()) => return Ok(number),
            Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => {
            }
            Err(error) => return Err(doing()(error)),
        }
    }
    let _ = fs::remove_dir_all(&own);
    Err(Error::new("find a number for the nodes", format!("all in {TOP} are taken")))
}

/// Returns the identity of this process.
fn owner() -> String {
    let started = Process::find(process::id()).map_or(0, |own| own.started);
    format!("{} {started}", process::id())
}

/// Whether the process that made a folder still runs. A folder without owner is about to get one.
fn owner_lives(folder: &Path) -> bool {
    let Ok(owner) = fs::read_to_string(folder.join("owner")) else { return true };
    let mut words = owner.split(' ').map(str::parse::<u64>);
    match (words.next(), words.next()) {
        (Some(Ok(id)), Some(Ok(started))) => {
            u32::try_from(id).ok().and_then(Process::find).is_some_and(|process| process.started == started)
        }
        _ => false,
    }
}

/// The cgroup hierarchies that a node's systemd needs folders in.
fn hierarchies() -> Vec<PathBuf> {
    let top = Path::new("/sys/fs/cgroup");
    if top.join("cgroup.controllers").exists() {
        return vec![top.to_owned()];
    }
    ["systemd", "unified"].map(|name| top.join(name)).into_iter().filter(|folder| folder.exists()).collect()
}

fn spawn_janitor(number: u8) -> Result<Child, Error> {
    host::command("sh")
        .args(["-c", JANITOR, "janitor", TOP, &number.to_string()])
        .args(hierarchies())
        .current_dir("/")
        // Ctrl-C in a terminal goes to the test's process group; the janitor must outlive it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
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
    std::io::read_to_string(stderr).unwrap_or_else(|error| error.to_string())
}
