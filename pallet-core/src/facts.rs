//! What is known about a node's system: read in one script when a connection is opened, typed, and pure to
//! parse.

#[cfg(feature = "engine")]
mod assumed;
#[cfg(feature = "engine")]
mod detect;
mod machine;
mod os;
#[cfg(feature = "engine")]
mod parse;
mod software;
mod version;

pub use machine::{Disk, Hypervisor, InterfaceAddress, LoginUser, Mount};
pub use os::{Os, OsFamily};
#[cfg(feature = "engine")]
pub use parse::{FactsError, MissingUtilities};
pub use software::{InitSystem, PackageManagerKind, Utilities};
pub use version::{Version, VersionReq};

use std::net::IpAddr;

/// What pallet knows about a node's operating system and hardware.
///
/// Read from `/etc/os-release`, `/proc`, `/sys` and the like when the connection is opened, at no extra round trip.
/// It comes from the node, and so is believed only as far as it has the form that was asked for: what has not is
/// left out.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Facts {
    /// The distribution, such as `debian`.
    pub os: Os,
    /// The machine's name for its processor architecture, such as `x86_64` (`uname -m`).
    pub architecture: String,
    /// The kernel's release (`uname -r`).
    pub kernel: String,
    /// The node's own idea of its host name.
    pub hostname: String,
    /// The number of processors online.
    pub cpus: u32,
    /// Main memory in KiB.
    pub memory_kib: u64,
    /// Swap in KiB.
    pub swap_kib: u64,
    /// The addresses of all interfaces that are up, without loopback.
    pub addresses: Vec<IpAddr>,
    /// The same with interface and prefix, where the node has `ip`.
    pub interfaces: Vec<InterfaceAddress>,
    /// The disks, virtual ones that stand on other disks left out. A container shows those of its host.
    pub disks: Vec<Disk>,
    /// What is mounted, without what the kernel itself shows as files.
    pub mounts: Vec<Mount>,
    /// The accounts of `/etc/passwd` that can log in: root, and those with a number of 1000 or more and a shell.
    pub users: Vec<LoginUser>,
    /// Under which hypervisor the machine runs; `None` when it seems to be a real one.
    pub hypervisor: Option<Hypervisor>,
    /// What kind of container the node is, such as `docker` or `systemd-nspawn`; `None` for a machine with a kernel
    /// of its own. A container shares the kernel of its host, and what would change that is refused.
    pub container: Option<String>,
    /// What starts and stops services.
    pub init: InitSystem,
    /// What installs packages; `None` when none that pallet knows is there.
    pub package_manager: Option<PackageManagerKind>,
    /// Seconds since 1970 by the node's clock.
    pub clock: u64,
    /// For how many seconds it has been up.
    pub uptime: u64,
    /// The kernel's identifier of this boot: another one after each reboot. Empty where the kernel has none.
    pub boot_id: String,
    /// The time zone, as far as `/etc/timezone` tells.
    pub timezone: Option<String>,
    /// The locale of the system (`LANG`), such as `C.UTF-8`.
    pub locale: Option<String>,
    /// Which utilities the node has: those of GNU or of busybox.
    pub utilities: Utilities,
    /// The version of what pallet left on the node in earlier runs, as it is written there; `None` on a new node.
    pub state_version: Option<String>,
}

impl Facts {
    /// The script that reads the facts: POSIX `sh`, few processes.
    pub const SCRIPT: &'static str = include_str!("facts.sh");

    /// The version of what this version of pallet leaves on a node, below `/var/lib/pallet`.
    pub const STATE_VERSION: &'static str = "1";

    /// The utilities without which a node cannot be configured. The fact script checks them first.
    pub const REQUIRED: &'static [&'static str] = &[
        "cat",
        "chmod",
        "chown",
        "cp",
        "date",
        "id",
        "ln",
        "mkdir",
        "mv",
        "rm",
        "sha256sum",
        "stat",
        "uname",
    ];

    /// Returns the facts of a Debian 12 machine, for tests and for looking at graphs and plans without a node.
    pub fn example() -> Facts {
        let address = IpAddr::from([192, 0, 2, 1]);
        Facts {
            os: Os {
                family: OsFamily::Debian,
                id: "debian".to_owned(),
                version: Version::parse("12"),
                codename: Some("bookworm".to_owned()),
                description: "Debian GNU/Linux 12 (bookworm)".to_owned(),
            },
            architecture: "x86_64".to_owned(),
            kernel: "6.1.0".to_owned(),
            hostname: "example-1".to_owned(),
            cpus: 2,
            memory_kib: 2_097_152,
            swap_kib: 0,
            addresses: vec![address],
            interfaces: vec![InterfaceAddress { interface: "eth0".to_owned(), address, prefix: 24 }],
            disks: vec![Disk { name: "vda".to_owned(), bytes: 20 << 30 }],
            mounts: Vec::new(),
            users: Vec::new(),
            hypervisor: Some(Hypervisor::Kvm),
            container: None,
            init: InitSystem::Systemd,
            package_manager: Some(PackageManagerKind::Apt),
            clock: 1_700_000_000,
            uptime: 3600,
            boot_id: "00000000-0000-4000-8000-000000000000".to_owned(),
            timezone: Some("Etc/UTC".to_owned()),
            locale: Some("C.UTF-8".to_owned()),
            utilities: Utilities::Gnu,
            state_version: None,
        }
    }

    /// Returns the kernel's version: the numbers that its release begins with.
    pub fn kernel_version(&self) -> Version {
        Version::parse(&self.kernel)
    }

    /// Returns when the node was booted, in seconds since 1970 by its clock.
    pub fn booted(&self) -> u64 {
        self.clock.saturating_sub(self.uptime)
    }

    /// Returns the first address of an interface.
    pub fn address_of(&self, interface: &str) -> Option<IpAddr> {
        let found = self.interfaces.iter().find(|address| address.interface == interface);
        found.map(|found| found.address)
    }

    /// Returns what is mounted at a path itself.
    pub fn mount_at(&self, path: &str) -> Option<&Mount> {
        // What was mounted last covers what was there before.
        self.mounts.iter().rev().find(|mount| mount.path == path)
    }
}
