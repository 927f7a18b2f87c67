//! What each package manager says, in its own words.

use super::{Answer, ProbeError};
use crate::facts::PackageManagerKind;
use crate::name::PackageName;
use crate::probe::packages::{PackageQueries, holds};
use crate::probe::{PackageState, State};
use crate::sorted::{Map, Set};

impl PackageQueries {
    /// Takes the answer over into the state.
    pub(super) fn parse(
        &self,
        manager: PackageManagerKind,
        machine: &str,
        answer: &Answer<'_>,
        state: &mut State,
    ) -> Result<(), ProbeError> {
        if self.names.is_empty() {
            return Ok(());
        }
        let text = answer.text("packages")?;
        let mut packages = match manager {
            PackageManagerKind::Apt => parse_dpkg(&self.names, &text, debian_architecture(machine)),
            PackageManagerKind::Dnf | PackageManagerKind::Zypper => parse_rpm(manager, &self.names, &text),
            PackageManagerKind::Pacman => parse_pacman(&self.names, &text),
            PackageManagerKind::Apk => parse_apk(&self.names, &text),
        };
        if self.holds && holds(manager).is_some() {
            let text = answer.text("holds")?;
            for (name, package) in packages.iter_mut() {
                package.held = is_held(manager, &manager.spells(name), &text);
            }
        }
        state.packages = packages;
        for (number, (from, names)) in self.newer.iter().enumerate() {
            let text = answer.text(&format!("newer {number}"))?;
            for (name, version) in parse_newer(manager, names, &text, debian_architecture(machine)) {
                state.newer.insert((from.clone(), name), version);
            }
        }
        Ok(())
    }
}

type Packages = Map<PackageName, PackageState>;

fn parse_dpkg(names: &Set<PackageName>, text: &str, native: &str) -> Packages {
    let mut found: Map<&str, PackageState> = Map::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, status, wanted, version] = words[..] else { continue };
        if status != "not-installed" {
            let (installed, held) = (status == "installed", wanted == "hold");
            found.insert(name, PackageState { installed, version: version.to_owned(), held });
        }
    }
    let state_of = |package: &PackageName| {
        let name = package.as_str();
        let keys = [name.to_owned(), format!("{name}:{native}"), format!("{name}:all")];
        let exact = keys.iter().find_map(|key| found.get(key.as_str()));
        let foreign = || {
            let of_name = |key: &&str| !name.contains(':') && key.split(':').next() == Some(name);
            found.iter().find(|(key, _)| of_name(key)).map(|(_, package)| package)
        };
        exact.or_else(foreign).cloned()
    };
    names.iter().filter_map(|name| Some((name.clone(), state_of(name)?))).collect()
}

/// Several versions can be there of one package, a kernel: the last line has the newest.
fn parse_rpm(manager: PackageManagerKind, names: &Set<PackageName>, text: &str) -> Packages {
    let mut packages = Packages::new();
    for (name, architecture, version) in rpm_lines(text) {
        for given in rpm_names(manager, names, name, architecture) {
            packages.insert(given.clone(), installed_in(version));
        }
    }
    packages
}

/// `=name architecture version` from rpm and dnf; other lines are complaints.
fn rpm_lines(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    text.lines().filter_map(|line| {
        let mut words = line.strip_prefix('=')?.split(' ');
        let found = (words.next()?, words.next()?, words.next()?);
        Some((found.0, found.1, found.2.strip_prefix("0:").unwrap_or(found.2)))
    })
}

/// `dnf check-update`: name with architecture, version, repository. A long name has a line of its own.
fn check_update(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let lines = text.lines().take_while(|line| !line.starts_with("Obsoleting"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let rows: Vec<(&str, &str, &str)> = words
        .chunks_exact(3)
        .filter_map(|row| row[0].rsplit_once('.').map(|(name, architecture)| (name, architecture, row[1])))
        .collect();
    rows.into_iter()
}

fn rpm_names<'a>(
    manager: PackageManagerKind,
    names: &'a Set<PackageName>,
    name: &str,
    architecture: &str,
) -> impl Iterator<Item = &'a PackageName> {
    let (short, long) = (name.to_owned(), format!("{name}.{architecture}"));
    names.iter().filter(move |given| {
        let spelled = manager.spells(given);
        spelled == short || spelled == long
    })
}

fn parse_pacman(names: &Set<PackageName>, text: &str) -> Packages {
    let lines: Map<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    let state_of = |name: &PackageName| lines.get(name.as_str()).map(|version| installed_in(version));
    names.iter().filter_map(|name| Some((name.clone(), state_of(name)?))).collect()
}

fn parse_apk(names: &Set<PackageName>, text: &str) -> Packages {
    let state_of =
        |name: &PackageName| text.lines().find_map(|line| apk_version(name, line)).map(installed_in);
    names.iter().filter_map(|name| Some((name.clone(), state_of(name)?))).collect()
}

/// Returns the version in `name-1.2-r0`, if it is of this package: versions begin with a digit.
fn apk_version<'a>(name: &PackageName, word: &'a str) -> Option<&'a str> {
    let version = word.strip_prefix(name.as_str())?.strip_prefix('-')?;
    let plain = version.starts_with(|c: char| c.is_ascii_digit()) && version.matches('-').count() <= 1;
    plain.then_some(version)
}

fn installed_in(version: &str) -> PackageState {
    PackageState { installed: true, version: version.to_owned(), held: false }
}

/// Tells whether a package is in the list of what is held back: `name-0:1.2-3.*` of dnf's plugin versionlock, or
/// `solvable_name: name` of zypper.
fn is_held(manager: PackageManagerKind, name: &str, text: &str) -> bool {
    let short = name.rsplit_once('.').map_or(name, |(short, _)| short);
    text.lines().any(|line| match manager {
        PackageManagerKind::Dnf => [name, short].iter().any(|name| {
            let rest = line.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
            rest.and_then(|rest| rest.split_once(':')).is_some_and(|(epoch, _)| epoch.parse::<u32>().is_ok())
        }),
        _ => line.strip_prefix("solvable_name:").is_some_and(|held| held.trim() == name),
    })
}

fn parse_newer(
    manager: PackageManagerKind,
    names: &Set<PackageName>,
    text: &str,
    native: &str,
) -> Vec<(PackageName, String)> {
    match manager {
        PackageManagerKind::Apt => parse_policy(names, text, native),
        PackageManagerKind::Dnf => {
            let newer = check_update(text).flat_map(|(name, architecture, version)| {
                rpm_names(manager, names, name, architecture)
                    .map(move |name| (name.clone(), version.to_owned()))
            });
            newer.collect()
        }
        PackageManagerKind::Zypper => {
            let updates = text.lines().filter_map(|line| {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                let [_, _, name, _, version, architecture] = cells[..] else { return None };
                Some((name, version, architecture))
            });
            updates
                .flat_map(|(name, version, architecture)| {
                    rpm_names(manager, names, name, architecture)
                        .map(move |name| (name.clone(), version.to_owned()))
                })
                .collect()
        }
        PackageManagerKind::Pacman => {
            let newer = text.lines().filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                // What is held back is said to be ignored after it.
                let [name, _, "->", version] = words[..] else { return None };
                Some((names.get(name)?.clone(), version.to_owned()))
            });
            newer.collect()
        }
        PackageManagerKind::Apk => {
            let newer = text.lines().filter_map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [is, "<", version] = words[..] else { return None };
                let name = names.iter().find(|name| apk_version(name, is).is_some())?;
                Some((name.clone(), version.to_owned()))
            });
            newer.collect()
        }
    }
}

/// `apt-cache policy`: the name with a colon, then indented `Installed:` and `Candidate:`. The native architecture is
/// left out of a name.
fn parse_policy(names: &Set<PackageName>, text: &str, native: &str) -> Vec<(PackageName, String)> {
    let mut newer = Vec::new();
    let (mut told, mut installed) = ("", "");
    for line in text.lines() {
        if let Some(name) = line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            told = name;
        } else if let Some(version) = line.strip_prefix("  Installed: ") {
            installed = version;
        } else if let Some(candidate) = line.strip_prefix("  Candidate: ")
            && candidate != "(none)"
            && candidate != installed
        {
            let full = format!("{told}:{native}");
            let of_name = names.iter().filter(|name| name.as_str() == told || name.as_str() == full);
            newer.extend(of_name.map(|name| (name.clone(), candidate.to_owned())));
        }
    }
    newer
}

/// Debian's name for a machine that calls itself so.
fn debian_architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" | "i486" | "i586" | "i686" => "i386",
        "armv7l" => "armhf",
        "ppc64le" => "ppc64el",
        other => other,
    }
}

#[cfg(test)]
mod tests;
