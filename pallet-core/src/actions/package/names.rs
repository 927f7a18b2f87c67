//! The names of packages, and which of them are those of a node's system.

use crate::facts::{Facts, OsFamily, PackageManagerKind};
use crate::graph::{building_node, refuse};
use crate::location::Location;
use crate::name::PackageName;
use std::fmt;

/// Systems that share names of packages: a family of systems, or all that use a package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// A family of operating systems, with all that are kinds of it.
    Family(OsFamily),
    /// All systems with this package manager.
    Manager(PackageManagerKind),
}

impl From<OsFamily> for System {
    fn from(family: OsFamily) -> Self {
        System::Family(family)
    }
}

impl From<PackageManagerKind> for System {
    fn from(manager: PackageManagerKind) -> Self {
        System::Manager(manager)
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            System::Family(family) => fmt::Display::fmt(family, f),
            System::Manager(manager) => fmt::Display::fmt(manager, f),
        }
    }
}

impl System {
    /// Returns how near the entry of this system is to a node, the nearer the higher.
    fn nearness(self, facts: &Facts) -> Option<usize> {
        match self {
            System::Manager(manager) => (facts.package_manager == Some(manager)).then_some(0),
            System::Family(family) => facts.os.family.is(family).then(|| 1 + depth(family)),
        }
    }
}

fn depth(family: OsFamily) -> usize {
    family.parent().map_or(0, |parent| 1 + depth(parent))
}

/// The names that an action is about.
#[derive(Debug)]
pub(super) enum Names {
    /// These.
    These(Vec<String>),
    /// One of several lists; which, is known once the node is.
    Later(Vec<(System, Vec<String>)>),
}

impl Names {
    pub(super) fn given<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Names {
        Names::These(names.into_iter().map(Into::into).collect())
    }

    /// Chooses the names for the node whose phase is being built. That there are none is a mistake at this line.
    #[track_caller]
    pub(super) fn for_this_node(entries: Vec<(System, Vec<String>)>) -> Names {
        let location = Location::caller();
        let node = building_node();
        let Some((node, facts)) = node.as_ref().and_then(|node| Some((node, node.try_facts()?))) else {
            return Names::Later(entries);
        };
        match choose(&entries, facts) {
            Some(names) => Names::These(names.to_vec()),
            None => {
                let hint = "add an entry for it; an empty one says that nothing is needed there";
                refuse(location, format!("{}: {}", node.name(), missing(&entries, facts)), Some(hint));
                Names::These(Vec::new())
            }
        }
    }

    /// Returns the names, none if they are not known yet.
    pub(super) fn list(&self) -> &[String] {
        match self {
            Names::These(names) => names,
            Names::Later(_) => &[],
        }
    }

    /// Refuses names that no system has.
    pub(super) fn check(&self) -> Result<(), String> {
        let all: Vec<&String> = match self {
            Names::These(names) => names.iter().collect(),
            Names::Later(entries) => entries.iter().flat_map(|(_, names)| names).collect(),
        };
        all.into_iter().try_for_each(|name| check_name(name))
    }
}

fn check_name(name: &str) -> Result<(), String> {
    PackageName::new(name).map(drop).map_err(|error| match name.split_once('=') {
        Some((name, version)) => {
            format!("{error}; for a version write `package(\"{name}\").version(\"{version}\")`")
        }
        None => error.to_string(),
    })
}

fn choose<'a>(entries: &'a [(System, Vec<String>)], facts: &Facts) -> Option<&'a [String]> {
    let near = entries.iter().filter_map(|(system, names)| Some((system.nearness(facts)?, names)));
    near.max_by_key(|(nearness, _)| *nearness).map(|(_, names)| names.as_slice())
}

fn missing(entries: &[(System, Vec<String>)], facts: &Facts) -> String {
    let given: Vec<String> = entries.iter().map(|(system, _)| system.to_string()).collect();
    let (os, family) = (&facts.os.description, facts.os.family);
    format!("packages: no names are given for {os} ({family}), only for {}", given.join(", "))
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Names::These(names) => f.write_str(&names.join(" ")),
            Names::Later(entries) => {
                let lists: Vec<String> = entries.iter().map(|(_, names)| names.join(" ")).collect();
                f.write_str(&lists.join(" or "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<(System, Vec<String>)> {
        let names = |name: &str| vec![name.to_owned()];
        vec![
            (PackageManagerKind::Apt.into(), names("with-apt")),
            (OsFamily::Ubuntu.into(), names("on-ubuntu")),
            (OsFamily::DebianBase.into(), names("on-debian-base")),
            (OsFamily::RhBase.into(), names("on-rh")),
        ]
    }

    fn chosen(family: OsFamily) -> Option<String> {
        let mut facts = Facts::example();
        facts.os.family = family;
        choose(&entries(), &facts).map(|names| names.join(" "))
    }

    #[test]
    fn the_nearest_entry_counts() {
        assert_eq!(chosen(OsFamily::Ubuntu).as_deref(), Some("on-ubuntu"));
        assert_eq!(chosen(OsFamily::Debian).as_deref(), Some("on-debian-base"));
        assert_eq!(chosen(OsFamily::Fedora).as_deref(), Some("on-rh"));
        assert_eq!(chosen(OsFamily::Linux).as_deref(), Some("with-apt"));
    }

    #[test]
    fn a_node_without_an_entry_is_told_what_is_given() {
        let mut facts = Facts::example();
        facts.os.family = OsFamily::Alpine;
        facts.package_manager = Some(PackageManagerKind::Apk);
        assert!(choose(&entries(), &facts).is_none());
        let message = missing(&entries(), &facts);
        assert!(message.contains("(alpine), only for apt, ubuntu, debian-base, rh-base"), "{message}");
    }

    #[test]
    fn a_version_in_a_name_is_a_mistake_with_a_way_out() {
        let error = check_name("nginx=1.2").expect_err("no name");
        assert!(error.contains("`package(\"nginx\").version(\"1.2\")`"), "{error}");
    }
}
