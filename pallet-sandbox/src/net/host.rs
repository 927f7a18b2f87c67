//! Settings of the host that sandboxes share, and how they were before the first one.
//!
//! Forwarding belongs to the whole host, so all services of all controllers keep one record of it, in `/run`:
//! a reboot forgets the record and the settings together.

use crate::error::{Context, Result};
use crate::store::{Lock, Stored, read_versioned, write_versioned};
use pallet::compute::ComputeError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const DIRECTORY: &str = "/run/pallet-sandbox";
const SETTINGS: &str = "/proc/sys/net/ipv4";

/// The record, locked: whoever holds it is the only one to change the host's settings.
pub(crate) struct Host {
    record: Record,
    _lock: Lock,
}

#[derive(Default, Serialize, Deserialize)]
struct Record {
    /// The settings that we change, as they were, by their paths below [`SETTINGS`].
    before: BTreeMap<String, String>,
    /// The bridge of each service that has nodes, and the service's folder.
    services: BTreeMap<String, PathBuf>,
}

impl Stored for Record {
    const VERSION: u32 = 1;
}

impl Host {
    pub(crate) fn lock() -> Result<Self> {
        let lock = Lock::take(Path::new(DIRECTORY))?;
        let record = read_versioned(&record_file())?.unwrap_or_default();
        Ok(Host { record, _lock: lock })
    }

    /// Switches forwarding on for a service, and remembers how it was.
    ///
    /// # Errors
    ///
    /// When another service has a bridge of this name.
    pub(crate) fn enter(&mut self, bridge: &str, state_dir: &Path) -> Result<()> {
        match self.record.services.get(bridge) {
            Some(other) if other != state_dir && other.exists() => {
                let message = format!("the bridge {bridge} belongs to the service in {}", other.display());
                return Err(ComputeError::failed(message).hint("give one of the two another state directory"));
            }
            _ => {}
        }
        if self.record.before.is_empty() {
            self.record.before = forwarding_settings()?;
        }
        self.record.services.insert(bridge.to_owned(), state_dir.to_owned());
        write_versioned(&record_file(), &self.record)?;
        set("ip_forward", "1")
    }

    /// Takes a service off the record. After the last one the settings are as they were, and the record is gone.
    pub(crate) fn leave(mut self, bridge: &str) -> Result<()> {
        self.record.services.remove(bridge);
        self.record.services.retain(|_, state_dir| state_dir.exists());
        if !self.record.services.is_empty() {
            return write_versioned(&record_file(), &self.record);
        }
        restore(&self.record.before)?;
        fs::remove_dir_all(DIRECTORY).context(|| format!("cannot remove {DIRECTORY}"))
    }
}

fn record_file() -> PathBuf {
    Path::new(DIRECTORY).join("host.json")
}

/// Returns all settings that the kernel changes when forwarding is switched on: the switch itself, that of each
/// interface, and whether redirects are accepted.
fn forwarding_settings() -> Result<BTreeMap<String, String>> {
    let mut names = vec!["ip_forward".to_owned(), "conf/all/accept_redirects".to_owned()];
    let interfaces =
        fs::read_dir(Path::new(SETTINGS).join("conf")).context(|| format!("cannot read {SETTINGS}"))?;
    for interface in interfaces.flatten() {
        names.push(format!("conf/{}/forwarding", interface.file_name().to_string_lossy()));
    }
    names.into_iter().map(|name| get(&name).map(|value| (name, value))).collect()
}

/// Puts the settings back. The common switch goes first, because it sets all the others.
fn restore(before: &BTreeMap<String, String>) -> Result<()> {
    let (switch, others): (Vec<_>, Vec<_>) = before.iter().partition(|(name, _)| *name == "ip_forward");
    for (name, value) in switch.into_iter().chain(others) {
        let interface_is_gone = !Path::new(SETTINGS).join(name).exists();
        if !interface_is_gone && get(name)? != *value {
            set(name, value)?;
        }
    }
    Ok(())
}

fn get(name: &str) -> Result<String> {
    let path = Path::new(SETTINGS).join(name);
    let value = fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
    Ok(value.trim().to_owned())
}

fn set(name: &str, value: &str) -> Result<()> {
    let path = Path::new(SETTINGS).join(name);
    match fs::read_to_string(&path) {
        Ok(now) if now.trim() == value => Ok(()),
        _ => fs::write(&path, value)
            .or_else(allow_vanished)
            .context(|| format!("cannot write {}", path.display())),
    }
}

/// An interface may go away between the look and the write.
fn allow_vanished(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
