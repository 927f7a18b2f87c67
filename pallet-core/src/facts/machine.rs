//! What a machine is made of: disks, mounts, addresses, accounts, and what it runs on.

use std::fmt;
use std::net::IpAddr;

/// An address of a network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InterfaceAddress {
    /// The interface, such as `eth0`.
    pub interface: String,
    /// The address.
    pub address: IpAddr,
    /// How many bits of it are those of its network.
    pub prefix: u8,
}

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Disk {
    /// The kernel's name for it, without `/dev/`: `vda`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// Something that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mount {
    /// The device, or what stands for one.
    pub device: String,
    /// Where it is mounted.
    pub path: String,
    /// The kind of file system: `ext4`.
    pub kind: String,
    /// The options, such as `rw` and `noatime`.
    pub options: Vec<String>,
}

/// An account that can log in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LoginUser {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its primary group.
    pub gid: u32,
    /// Its home directory.
    pub home: String,
    /// Its shell.
    pub shell: String,
}

/// What a virtual machine runs on. The names are those that `systemd-detect-virt` has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Hypervisor {
    /// KVM, or QEMU without it.
    Kvm,
    /// VirtualBox.
    Oracle,
    /// VMware.
    Vmware,
    /// Hyper-V.
    Microsoft,
    /// Xen.
    Xen,
    /// Amazon EC2.
    Amazon,
    /// Google Compute Engine.
    Google,
    /// Parallels.
    Parallels,
    /// bhyve.
    Bhyve,
    /// Apple's virtualization framework.
    Apple,
    /// One that does not say its name.
    Unknown,
}

impl fmt::Display for Hypervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Hypervisor::Kvm => "kvm",
            Hypervisor::Oracle => "oracle",
            Hypervisor::Vmware => "vmware",
            Hypervisor::Microsoft => "microsoft",
            Hypervisor::Xen => "xen",
            Hypervisor::Amazon => "amazon",
            Hypervisor::Google => "google",
            Hypervisor::Parallels => "parallels",
            Hypervisor::Bhyve => "bhyve",
            Hypervisor::Apple => "apple",
            Hypervisor::Unknown => "unknown",
        })
    }
}
