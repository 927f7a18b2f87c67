//! What systems and machines call themselves, and what they are.

use super::{Hypervisor, OsFamily};

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

impl OsFamily {
    /// Returns the family in `ID` and `ID_LIKE` of os-release(5).
    pub(super) fn from_os_release(id: &str, like: &str) -> OsFamily {
        let known = |word: &str| match word {
            "amzn" => Some(OsFamily::Amazon),
            "suse" => Some(OsFamily::SuseBase),
            "sles_sap" => Some(OsFamily::Sles),
            _ if word.starts_with("opensuse-") => Some(OsFamily::OpenSuse),
            _ => OsFamily::ALL.iter().copied().find(|family| family.as_str() == word),
        };
        let base = |family: OsFamily| match family.parent() {
            Some(OsFamily::Linux) | None => family,
            Some(parent) => parent,
        };
        known(id).or_else(|| like.split_whitespace().find_map(known).map(base)).unwrap_or(OsFamily::Linux)
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
