//! A package as it is, compared with what is declared, and as it will be.

use super::Package;
use super::options::Wanted;
use crate::name::PackageName;
use crate::probe::PackageState;
use crate::world::{Known, World};

impl Package {
    pub(super) fn is_so(&self, is: Option<&PackageState>, newer: Option<&str>) -> bool {
        match self.options.wanted {
            Wanted::Installed | Wanted::Latest => is.is_some_and(|is| {
                is.installed
                    && self.version.as_ref().is_none_or(|version| *version == is.version)
                    && newer.is_none()
                    && self.options.hold.is_none_or(|hold| hold == is.held)
            }),
            Wanted::Absent => is.is_none_or(|is| !is.installed),
            Wanted::Purged => is.is_none(),
        }
    }

    pub(super) fn newer<'w>(&self, name: &PackageName, world: &'w World) -> Option<Known<Option<&'w str>>> {
        (self.options.wanted == Wanted::Latest)
            .then(|| world.newer_package(name, self.options.from.as_deref()))
    }

    pub(super) fn describe(
        &self,
        name: &PackageName,
        is: Option<&PackageState>,
        newer: Option<&str>,
    ) -> String {
        let is = is.filter(|is| is.installed);
        match (self.options.wanted, self.version.as_deref().or(newer), is) {
            (Wanted::Absent, ..) => format!("remove {name}"),
            (Wanted::Purged, ..) => format!("purge {name}"),
            (_, Some(version), Some(is)) if is.version != version => {
                format!("{name} {} → {version}", is.version)
            }
            (_, _, Some(_)) => match self.options.hold {
                Some(true) => format!("hold {name}"),
                _ => format!("release {name}"),
            },
            (_, Some(version), None) => format!("install {name} {version}"),
            (_, None, None) => format!("install {name}"),
        }
    }

    /// Returns what becomes of a package.
    pub(super) fn state_after(&self, before: Option<&PackageState>) -> Option<PackageState> {
        let before = before.filter(|is| is.installed).cloned();
        match self.options.wanted {
            Wanted::Installed | Wanted::Latest => {
                let is = before.as_ref().filter(|_| self.options.wanted == Wanted::Installed);
                let version = self.version.clone().or(is.map(|is| is.version.clone())).unwrap_or_default();
                let held = self.options.hold.or(before.map(|is| is.held)).unwrap_or_default();
                Some(PackageState { installed: true, version, held })
            }
            Wanted::Absent => Some(PackageState { installed: false, version: String::new(), held: false }),
            Wanted::Purged => None,
        }
    }
}
