//! Packages: what each manager is asked, in one process for all names, and how its answer is read.
//!
//! The versions to which packages would be upgraded, and whether they are held back, are read only where an action
//! wants to know. Nothing here refreshes an index: a probe changes nothing.

use super::parse::{Answer, ProbeError};
use super::state::{PackageState, State};
use crate::facts::PackageManagerKind;
use crate::name::PackageName;
use crate::script::Script;
use crate::sorted::{Map, Set};

/// What must be known about packages.
#[derive(Debug, Clone, Default)]
pub(super) struct PackageQueries {
    pub(super) names: Set<PackageName>,
    pub(super) holds: bool,
    /// The packages whose newest version is asked for, by the release it is asked of.
    pub(super) newer: Map<Option<String>, Set<PackageName>>,
}

impl PackageManagerKind {
    /// Returns a name as the manager spells it: rpm has the architecture after a dot.
    pub(crate) fn spells(self, name: &PackageName) -> String {
        match self {
            PackageManagerKind::Dnf | PackageManagerKind::Zypper => name.as_str().replace(':', "."),
            _ => name.as_str().to_owned(),
        }
    }
}

impl PackageQueries {
    /// Returns the script that asks.
    pub(super) fn script(&self, manager: PackageManagerKind) -> Script {
        let mut script = Script::new();
        if self.names.is_empty() {
            return script;
        }
        let spelled = |names: &Set<PackageName>| -> Vec<String> {
            names.iter().map(|name| manager.spells(name)).collect()
        };
        script = script.code("p_frame packages\n").call(installed(manager), spelled(&self.names));
        if let Some(file) = holds(manager).filter(|_| self.holds) {
            script = script.code("p_frame holds\n").code(format!("[ ! -r {file} ] || cat {file}\n"));
        }
        for (number, (from, names)) in self.newer.iter().enumerate() {
            script = script.code(format!("p_frame newer {number}\n")).code(newer(manager));
            if let Some(from) = from.as_ref().filter(|_| manager == PackageManagerKind::Apt) {
                script = script.code(" -t ").word(from.as_str());
            }
            script = match manager {
                // It lists all there are.
                PackageManagerKind::Zypper => script.code("\n"),
                _ => script.call("", spelled(names)),
            };
        }
        script
    }

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

/// Returns the command that tells what is installed of the names that follow it. That some are not is no failure.
fn installed(manager: PackageManagerKind) -> &'static str {
    match manager {
        PackageManagerKind::Apt => {
            "2>/dev/null dpkg-query -W -f \
             '${Package}:${Architecture} ${db:Status-Status} ${db:Status-Want} ${Version}\\n' --"
        }
        PackageManagerKind::Dnf | PackageManagerKind::Zypper => {
            "2>/dev/null rpm -q --qf '=%{NAME} %{ARCH} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n' --"
        }
        PackageManagerKind::Pacman => "2>/dev/null pacman -Q --",
        PackageManagerKind::Apk => "2>/dev/null apk info -ve",
    }
}

/// Returns the command that tells the newer versions of the names that follow it.
fn newer(manager: PackageManagerKind) -> &'static str {
    match manager {
        PackageManagerKind::Apt => "2>/dev/null LC_ALL=C apt-cache policy",
        PackageManagerKind::Dnf => {
            // Unlike `repoquery` it leaves out what is held back.
            "2>/dev/null LC_ALL=C dnf -q -C check-update"
        }
        PackageManagerKind::Zypper => "2>/dev/null LC_ALL=C zypper -n -q --no-refresh list-updates",
        PackageManagerKind::Pacman => "2>/dev/null LC_ALL=C pacman -Qu --",
        // Whoever installs it checks signatures; the question changes nothing.
        PackageManagerKind::Apk => "2>/dev/null apk version --allow-untrusted -l '<'",
    }
}

/// Returns the file in which the manager keeps what is held back; dpkg tells that with the rest.
fn holds(manager: PackageManagerKind) -> Option<&'static str> {
    match manager {
        PackageManagerKind::Dnf => Some("/etc/dnf/plugins/versionlock.list"),
        PackageManagerKind::Zypper => Some("/etc/zypp/locks"),
        PackageManagerKind::Apt | PackageManagerKind::Pacman | PackageManagerKind::Apk => None,
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
