//! Packages: what each manager is asked, in one process for all names, and how its answer is read.
//!
//! The versions to which packages would be upgraded, and whether they are held back, are read only where an action
//! wants to know. Nothing here refreshes an index: a probe changes nothing.

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
pub(super) fn holds(manager: PackageManagerKind) -> Option<&'static str> {
    match manager {
        PackageManagerKind::Dnf => Some("/etc/dnf/plugins/versionlock.list"),
        PackageManagerKind::Zypper => Some("/etc/zypp/locks"),
        PackageManagerKind::Apt | PackageManagerKind::Pacman | PackageManagerKind::Apk => None,
    }
}
