//! With what a node starts services and installs packages.

use std::fmt;

/// What starts and stops services on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum InitSystem {
    /// systemd runs as PID 1.
    Systemd,
    /// Scripts in `/etc/init.d`, with `service` or `update-rc.d` around them.
    Sysv,
    /// OpenRC, whether or not it is PID 1 itself.
    OpenRc,
    /// runit, or its supervisor alone, is PID 1.
    Runit,
    /// None of these.
    Unknown,
}

impl fmt::Display for InitSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            InitSystem::Systemd => "systemd",
            InitSystem::Sysv => "sysv",
            InitSystem::OpenRc => "openrc",
            InitSystem::Runit => "runit",
            InitSystem::Unknown => "none",
        })
    }
}

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum PackageManagerKind {
    /// apt-get and dpkg.
    Apt,
    /// dnf and rpm.
    Dnf,
    /// pacman.
    Pacman,
    /// zypper and rpm.
    Zypper,
    /// apk.
    Apk,
}

impl fmt::Display for PackageManagerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            PackageManagerKind::Apt => "apt",
            PackageManagerKind::Dnf => "dnf",
            PackageManagerKind::Pacman => "pacman",
            PackageManagerKind::Zypper => "zypper",
            PackageManagerKind::Apk => "apk",
        })
    }
}

/// Whose `stat`, `readlink` and so on a node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Utilities {
    /// GNU coreutils.
    Gnu,
    /// busybox.
    Busybox,
}
