//! What a machine is: its identity, its state, and what `showvminfo` tells about it.

use pallet::compute::NodeState;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

/// The UUID of a machine: the only identity it has. Names are ambiguous as soon as two machines share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MachineId(String);

/// The UUID of a disk image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MediumId(String);

impl MachineId {
    /// Returns the identity in a text, or `None` if it is no UUID: a name must never be taken for one.
    pub(crate) fn parse(text: &str) -> Option<MachineId> {
        is_uuid(text).then(|| MachineId(text.to_ascii_lowercase()))
    }

    /// Returns an identity that no machine has.
    ///
    /// We choose it ourselves, so that it can be written down before the machine exists.
    pub(crate) fn random() -> MachineId {
        // The keys of a `RandomState` are random: that is what it is for. Two of them make 128 bits.
        let word = || RandomState::new().build_hasher().finish();
        let (a, b) = (word(), word());
        MachineId(format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48) & 0x3fff,
            b & 0xffff_ffff_ffff
        ))
    }

    /// Returns the UUID as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl MediumId {
    /// Returns the identity in a text, or `None` if it is no UUID.
    pub(crate) fn parse(text: &str) -> Option<MediumId> {
        is_uuid(text).then(|| MediumId(text.to_ascii_lowercase()))
    }

    /// Returns the UUID as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of a network card, however it is written: `0800271EAF2E`, `08:00:27:1e:af:2e`, on macOS `8:0:27:1e:af:2e`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mac([u8; 6]);

impl Mac {
    /// Returns the address in a text, or `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Mac> {
        let byte = |digits: &str| {
            let is_byte = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_hexdigit());
            is_byte.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
        };
        let bytes: Option<Vec<u8>> = match text.contains(':') {
            true => text.split(':').map(byte).collect(),
            false if text.len() == 12 && text.is_ascii() => {
                (0..6).map(|i| byte(&text[2 * i..2 * i + 2])).collect()
            }
            false => None,
        };
        bytes?.try_into().ok().map(Mac)
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for MediumId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a machine is doing, by VirtualBox's names (`VMState`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VmState {
    /// Switched off, by itself, by us, or by a crash of the host.
    Off,
    /// Its memory is in a file and it is not running.
    Saved,
    /// It runs.
    Running,
    /// It is in memory and stands still.
    Paused,
    /// It hit an error in the hypervisor and can only be switched off.
    Stuck,
    /// It is on the way from one state to another (`starting`, `saving`, `deletingsnapshot` …).
    Changing(String),
}

impl VmState {
    /// Returns the state of this name.
    pub(crate) fn parse(name: &str) -> VmState {
        match name {
            "poweroff" | "aborted" | "teleported" => VmState::Off,
            "saved" | "aborted-saved" => VmState::Saved,
            "running" => VmState::Running,
            "paused" => VmState::Paused,
            "gurumeditation" | "stuck" => VmState::Stuck,
            other => VmState::Changing(other.to_owned()),
        }
    }
}

impl fmt::Display for VmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            VmState::Off => "switched off",
            VmState::Saved => "saved",
            VmState::Running => "running",
            VmState::Paused => "paused",
            VmState::Stuck => "stuck",
            VmState::Changing(name) => name,
        })
    }
}

impl From<&VmState> for NodeState {
    fn from(state: &VmState) -> NodeState {
        match state {
            VmState::Off => NodeState::Stopped,
            VmState::Saved | VmState::Paused => NodeState::Suspended,
            VmState::Running => NodeState::Running,
            VmState::Stuck => NodeState::Inaccessible(
                "the hypervisor gave up on it (guru meditation); stop it and start it again".to_owned(),
            ),
            VmState::Changing(name) => {
                NodeState::Inaccessible(format!("it is {name}; wait until that is over"))
            }
        }
    }
}

/// What `showvminfo` tells about a machine, as far as we need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MachineInfo {
    pub(crate) id: MachineId,
    pub(crate) name: String,
    pub(crate) settings_file: PathBuf,
    pub(crate) state: VmState,
    /// When it got into its state: UTC, in a form that compares as text.
    pub(crate) changed: String,
    pub(crate) adapters: Vec<AdapterInfo>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) has_snapshots: bool,
    /// The file that its first serial port writes to.
    pub(crate) console: Option<PathBuf>,
    /// How it shows itself when it is started, if it has a way of its own.
    pub(crate) frontend: Option<String>,
    /// Whether it has a drive for CDs on our controller, with one in it or not.
    pub(crate) has_cd_drive: bool,
}

/// A network adapter of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdapterInfo {
    /// 1 to 8.
    pub(crate) slot: u8,
    /// `nat`, `hostonly`, `bridged` and so on.
    pub(crate) kind: String,
    /// Twelve upper-case hexadecimal digits.
    pub(crate) mac: String,
    /// The host's interface, if it is attached to a host-only one.
    pub(crate) interface: Option<String>,
    pub(crate) forwards: Vec<ForwardRule>,
}

/// A forwarded port of a NAT adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ForwardRule {
    pub(crate) name: String,
    pub(crate) host_port: u16,
    pub(crate) guest_port: u16,
}

/// A medium in one of a machine's drives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) controller: String,
    pub(crate) port: u32,
    pub(crate) device: u32,
    pub(crate) location: PathBuf,
    pub(crate) medium: MediumId,
}

impl MachineInfo {
    /// Returns the folder that belongs to the machine alone.
    pub(crate) fn folder(&self) -> &Path {
        self.settings_file.parent().unwrap_or(&self.settings_file)
    }

    /// Tells whether a file lies in the machine's own folder.
    pub(crate) fn owns(&self, file: &Path) -> bool {
        lies_in(self.folder(), file)
    }

    /// Returns the adapter in a slot.
    pub(crate) fn adapter(&self, slot: u8) -> Option<&AdapterInfo> {
        self.adapters.iter().find(|adapter| adapter.slot == slot)
    }
}

/// Tells whether a file lies in a folder, or in one below it.
pub(crate) fn lies_in(folder: &Path, file: &Path) -> bool {
    file.starts_with(folder) && !file.components().any(|part| part.as_os_str() == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_identity_is_a_uuid_of_its_own() {
        let (a, b) = (MachineId::random(), MachineId::random());
        assert_ne!(a, b);
        for id in [a, b] {
            assert_eq!(MachineId::parse(id.as_str()).as_ref(), Some(&id));
            assert_eq!(&id.as_str()[14..15], "4");
        }
    }

    #[test]
    fn a_name_is_no_identity() {
        for text in
            ["", "web-1", "11111111-2222-4333-8444-55555555555g", "--11111-2222-4333-8444-555555555555"]
        {
            assert_eq!(MachineId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_state_that_was_never_seen_is_no_running_node() {
        assert!(matches!(NodeState::from(&VmState::parse("dreaming")), NodeState::Inaccessible(_)));
        assert_eq!(NodeState::from(&VmState::parse("aborted")), NodeState::Stopped);
        assert_eq!(NodeState::from(&VmState::parse("saved")), NodeState::Suspended);
    }
}
