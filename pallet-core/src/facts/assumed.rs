//! Facts of a machine that nobody has asked: for looking at graphs and plans without one.

use super::{Facts, InitSystem, Os, OsFamily, PackageManagerKind, Utilities, Version};
use crate::name::InvalidName;

impl Facts {
    /// Returns the facts that a usual machine with this system has: `debian-12`, `ubuntu-24.04`, `rocky-9`.
    ///
    /// # Errors
    ///
    /// When the name is not that of a system and its version.
    ///
    /// ```
    /// use pallet::facts::{Facts, PackageManagerKind};
    /// let facts = Facts::assumed("ubuntu-24.04")?;
    /// assert_eq!(facts.os.description, "Ubuntu 24.04 (noble)");
    /// assert_eq!(facts.package_manager, Some(PackageManagerKind::Apt));
    /// # Ok::<(), pallet::name::InvalidName>(())
    /// ```
    pub fn assumed(system: &str) -> Result<Facts, InvalidName> {
        let rule =
            "a system and its version, such as debian-12, ubuntu-24.04, rocky-9, fedora-42 or alpine-3.22";
        let error = || InvalidName::new("system", system, rule);
        let (id, version) = match system.rsplit_once('-') {
            Some((id, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => (id, version),
            _ => (system, ""),
        };
        let family = OsFamily::from_os_release(id, "");
        let package_manager = package_manager(family).ok_or_else(error)?;
        let rolling = family.is(OsFamily::ArchBase);
        let plain = version.split('.').all(|part| part.parse::<u64>().is_ok());
        if (version.is_empty() != rolling) || !(plain || rolling) {
            return Err(error());
        }
        let codename = codename(family, version);
        let shown = codename.map(|name| format!(" ({name})")).unwrap_or_default();
        let alpine = family == OsFamily::Alpine;
        Ok(Facts {
            os: Os {
                family,
                id: id.to_owned(),
                version: Version::parse(version),
                codename: codename.map(str::to_owned),
                description: format!("{} {version}{shown}", title(family)).trim_end().to_owned(),
            },
            init: if alpine { InitSystem::OpenRc } else { InitSystem::Systemd },
            package_manager: Some(package_manager),
            utilities: if alpine { Utilities::Busybox } else { Utilities::Gnu },
            ..Facts::example()
        })
    }
}

fn package_manager(family: OsFamily) -> Option<PackageManagerKind> {
    [
        (OsFamily::DebianBase, PackageManagerKind::Apt),
        (OsFamily::RhBase, PackageManagerKind::Dnf),
        (OsFamily::SuseBase, PackageManagerKind::Zypper),
        (OsFamily::ArchBase, PackageManagerKind::Pacman),
        (OsFamily::Alpine, PackageManagerKind::Apk),
    ]
    .into_iter()
    .find_map(|(base, manager)| family.is(base).then_some(manager))
}

fn title(family: OsFamily) -> &'static str {
    match family {
        OsFamily::Debian => "Debian GNU/Linux",
        OsFamily::Ubuntu => "Ubuntu",
        OsFamily::Rhel => "Red Hat Enterprise Linux",
        OsFamily::Centos => "CentOS",
        OsFamily::Rocky => "Rocky Linux",
        OsFamily::Alma => "AlmaLinux",
        OsFamily::Fedora => "Fedora",
        OsFamily::Amazon => "Amazon Linux",
        OsFamily::Oracle => "Oracle Linux Server",
        OsFamily::Sles => "SUSE Linux Enterprise Server",
        OsFamily::OpenSuse => "openSUSE",
        OsFamily::Arch => "Arch Linux",
        OsFamily::Alpine => "Alpine Linux",
        other => other.as_str(),
    }
}

fn codename(family: OsFamily, version: &str) -> Option<&'static str> {
    Some(match (family, version) {
        (OsFamily::Debian, "11") => "bullseye",
        (OsFamily::Debian, "12") => "bookworm",
        (OsFamily::Debian, "13") => "trixie",
        (OsFamily::Ubuntu, "20.04") => "focal",
        (OsFamily::Ubuntu, "22.04") => "jammy",
        (OsFamily::Ubuntu, "24.04") => "noble",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_what_is_assumed_of_debian_12() {
        assert_eq!(Facts::assumed("debian-12").expect("known"), Facts::example());
    }

    #[test]
    fn systems_are_known_by_their_id_and_version() {
        let of = |system: &str| Facts::assumed(system).expect("known");
        assert_eq!(of("rocky-9").package_manager, Some(PackageManagerKind::Dnf));
        assert_eq!(of("alpine-3.22").utilities, Utilities::Busybox);
        assert_eq!(of("arch").os.description, "Arch Linux");
        for wrong in ["", "debian", "debian-", "debian-twelve", "debian-12.x", "windows-11", "linux-6"] {
            assert!(Facts::assumed(wrong).is_err(), "{wrong:?}");
        }
    }
}
