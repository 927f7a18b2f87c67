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

/// What firmware calls itself under each hypervisor.
const FIRMWARE: &[(&str, Hypervisor)] = &[
    ("VirtualBox", Hypervisor::Oracle),
    ("innotek GmbH", Hypervisor::Oracle),
    ("VMware", Hypervisor::Vmware),
    ("Amazon EC2", Hypervisor::Amazon),
    ("Google Compute Engine", Hypervisor::Google),
    ("Parallels", Hypervisor::Parallels),
    ("BHYVE", Hypervisor::Bhyve),
    ("Apple Virtualization", Hypervisor::Apple),
    // Hyper-V. Microsoft's own computers have other names.
    ("Virtual Machine", Hypervisor::Microsoft),
    ("Xen", Hypervisor::Xen),
    ("HVM domU", Hypervisor::Xen),
    ("KVM", Hypervisor::Kvm),
    ("QEMU", Hypervisor::Kvm),
    ("Bochs", Hypervisor::Kvm),
    ("OpenStack", Hypervisor::Kvm),
    ("KubeVirt", Hypervisor::Kvm),
    ("DigitalOcean", Hypervisor::Kvm),
    ("Hetzner", Hypervisor::Kvm),
];

impl Hypervisor {
    /// Returns the hypervisor that shows itself in the names that the firmware has, or the kernel.
    pub(super) fn detect(firmware: &[&str], kernel: Option<&str>) -> Option<Hypervisor> {
        let named = FIRMWARE.iter().find(|(name, _)| firmware.iter().any(|said| said.starts_with(name)));
        match (named, kernel) {
            (Some((_, hypervisor)), _) => Some(*hypervisor),
            (None, Some("xen")) => Some(Hypervisor::Xen),
            (None, Some(_)) => Some(Hypervisor::Unknown),
            (None, None) => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hypervisors_are_known_by_what_their_firmware_says() {
        let detect = |firmware: &[&str]| Hypervisor::detect(firmware, None);
        assert_eq!(detect(&["innotek GmbH", "VirtualBox", "Oracle Corporation"]), Some(Hypervisor::Oracle));
        assert_eq!(detect(&["QEMU", "Standard PC (Q35 + ICH9, 2009)"]), Some(Hypervisor::Kvm));
        assert_eq!(detect(&["Microsoft Corporation", "Virtual Machine"]), Some(Hypervisor::Microsoft));
        assert_eq!(detect(&["Microsoft Corporation", "Surface Pro"]), None);
        assert_eq!(detect(&["LENOVO", "20KHCTO1WW"]), None);
        assert_eq!(Hypervisor::detect(&[], Some("xen")), Some(Hypervisor::Xen));
        assert_eq!(Hypervisor::detect(&[], Some("unknown")), Some(Hypervisor::Unknown));
    }
}
