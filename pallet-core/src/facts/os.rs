//! Operating systems: which distribution, and what it is a kind of.

use super::Version;
use crate::name::InvalidName;
use std::fmt;

/// An operating system and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Os {
    /// The family it belongs to.
    pub family: OsFamily,
    /// Its own identifier (`ID` of os-release), such as `debian` or `linuxmint`.
    pub id: String,
    /// Its version (`VERSION_ID`), empty for rolling releases.
    pub version: Version,
    /// Its code name (`VERSION_CODENAME`), such as `bookworm`.
    pub codename: Option<String>,
    /// What people call it (`PRETTY_NAME`).
    pub description: String,
}

macro_rules! families {
    ($($(#[$doc:meta])* $variant:ident = $text:literal $(< $parent:ident)?;)*) => {
        /// A family of operating systems, as a tree: Debian and Ubuntu are kinds of `debian-base`, as in Pallet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum OsFamily { $($(#[$doc])* $variant,)* }

        impl OsFamily {
            /// Every family there is.
            pub const ALL: &[OsFamily] = &[$(OsFamily::$variant),*];

            /// Returns the family's name as it is written in specs and configurations.
            pub const fn as_str(self) -> &'static str {
                match self { $(OsFamily::$variant => $text,)* }
            }

            /// Returns the family that this one is a kind of.
            pub const fn parent(self) -> Option<OsFamily> {
                match self { $(OsFamily::$variant => families!(@parent $($parent)?),)* }
            }
        }
    };
    (@parent) => { None };
    (@parent $parent:ident) => { Some(OsFamily::$parent) };
}

families! {
    /// Any Linux.
    Linux = "linux";
    /// Debian and everything built on it.
    DebianBase = "debian-base" < Linux;
    /// Debian itself.
    Debian = "debian" < DebianBase;
    /// Ubuntu.
    Ubuntu = "ubuntu" < DebianBase;
    /// Red Hat Enterprise Linux and everything built like it.
    RhBase = "rh-base" < Linux;
    /// Red Hat Enterprise Linux.
    Rhel = "rhel" < RhBase;
    /// CentOS.
    Centos = "centos" < RhBase;
    /// Rocky Linux.
    Rocky = "rocky" < RhBase;
    /// AlmaLinux.
    Alma = "almalinux" < RhBase;
    /// Fedora.
    Fedora = "fedora" < RhBase;
    /// Oracle Linux.
    Oracle = "ol" < RhBase;
    /// Amazon Linux.
    Amazon = "amzn-linux" < RhBase;
    /// SUSE's distributions and everything built on them.
    SuseBase = "suse-base" < Linux;
    /// SUSE Linux Enterprise.
    Sles = "sles" < SuseBase;
    /// openSUSE, Leap and Tumbleweed.
    OpenSuse = "opensuse" < SuseBase;
    /// Arch Linux and everything built on it.
    ArchBase = "arch-base" < Linux;
    /// Arch Linux itself.
    Arch = "arch" < ArchBase;
    /// Gentoo and everything built on it.
    GentooBase = "gentoo-base" < Linux;
    /// Gentoo itself.
    Gentoo = "gentoo" < GentooBase;
    /// Alpine Linux.
    Alpine = "alpine" < Linux;
}

impl OsFamily {
    /// Tells whether this family is `other` or a kind of it.
    pub fn is(self, other: OsFamily) -> bool {
        self == other || self.parent().is_some_and(|parent| parent.is(other))
    }

    /// Returns how many families this one is a kind of: the more, the more is said by it.
    pub(crate) fn depth(self) -> usize {
        self.parent().map_or(0, |parent| parent.depth() + 1)
    }
}

impl fmt::Display for OsFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for OsFamily {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        OsFamily::ALL.iter().copied().find(|family| family.as_str() == text).ok_or_else(|| {
            InvalidName::new(
                "OS family",
                text,
                "one of debian, ubuntu, rhel, centos, rocky, almalinux, fedora, alpine, …",
            )
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for OsFamily {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for OsFamily {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_belong_to_the_base_of_what_they_are_like() {
        let family = OsFamily::from_os_release;
        assert_eq!(family("linuxmint", "ubuntu debian"), OsFamily::DebianBase);
        assert_eq!(family("eurolinux", "rhel fedora"), OsFamily::RhBase);
        assert_eq!(family("ol", "fedora"), OsFamily::Oracle);
        assert_eq!(family("rocky", "rhel centos fedora"), OsFamily::Rocky);
        assert_eq!(family("opensuse-leap", "suse opensuse"), OsFamily::OpenSuse);
        assert_eq!(family("manjaro", "arch"), OsFamily::ArchBase);
        assert_eq!(family("void", ""), OsFamily::Linux);
        assert!(OsFamily::Ubuntu.is(OsFamily::DebianBase));
        assert!(!OsFamily::Ubuntu.is(OsFamily::Debian));
    }

    #[test]
    fn every_family_is_a_kind_of_linux_and_can_be_written() {
        for family in OsFamily::ALL {
            assert!(family.is(OsFamily::Linux), "{family}");
            assert_eq!(family.as_str().parse(), Ok(*family));
        }
    }
}
