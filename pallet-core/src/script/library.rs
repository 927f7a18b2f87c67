//! The shell functions that apply scripts call, in files of their own. A script names the libraries it calls, and
//! each travels once, however many steps need it.

use std::fmt;

/// Shell functions that belong together, POSIX `sh`, all named `p_…`.
///
/// The functions of [`APPLY`] are always there. A function leaves alone what is as declared, adds the number of the
/// action to `p_did` when it changed something, and returns non-zero after saying why with `p_say`.
#[derive(Clone, Copy)]
pub struct Library {
    name: &'static str,
    code: &'static str,
    needs: &'static [&'static Library],
}

impl Library {
    /// Returns the library with this code. `name` is unique; a library of another package begins its own with
    /// the package's name. `needs` are the libraries whose functions the code calls.
    pub const fn new(name: &'static str, code: &'static str, needs: &'static [&'static Library]) -> Self {
        Library { name, code, needs }
    }

    /// Returns the shell functions.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Adds the library and what it needs, each once, needed ones first.
    pub(super) fn collect(&'static self, into: &mut Vec<&'static Library>) {
        if into.contains(&self) {
            return;
        }
        self.needs.iter().for_each(|needed| needed.collect(into));
        into.push(self);
    }
}

impl PartialEq for Library {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Library {}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Library({})", self.name)
    }
}

/// What every apply script begins with: the state directory, what is owed, messages.
pub static APPLY: Library = Library::new("apply", include_str!("apply.sh"), &[]);

/// Files, directories, links.
pub static FILES: Library = Library::new("files", include_str!("files.sh"), &[&APPLY]);

/// Directories that are unpacked from archives.
pub static ARCHIVES: Library = Library::new("archives", include_str!("archives.sh"), &[&DOWNLOADS]);

/// Archives that are made on the node.
pub static PACKING: Library = Library::new("packing", include_str!("packing.sh"), &[&FILES]);

/// Crontabs of users.
pub static CRONTABS: Library = Library::new("crontabs", include_str!("crontabs.sh"), &[&APPLY]);

/// Contents that do not travel in a script.
pub static UPLOADS: Library = Library::new("uploads", include_str!("uploads.sh"), &[&APPLY]);

/// Directories that are the same as those of the controller.
pub static TREES: Library = Library::new("trees", include_str!("trees.sh"), &[&FILES]);

/// What is sent to the controller.
pub static FETCHES: Library = Library::new("fetches", include_str!("fetches.sh"), &[&FILES]);

/// What is fetched from URLs.
pub static DOWNLOADS: Library = Library::new("downloads", include_str!("downloads.sh"), &[&FILES]);

/// Users and groups.
pub static ACCOUNTS: Library = Library::new("accounts", include_str!("accounts.sh"), &[&APPLY]);

/// Packages, whichever the manager is.
pub static PACKAGES: Library = Library::new("packages", include_str!("packages.sh"), &[&APPLY, &FILES]);

/// Packages of Debian.
pub static APT: Library = Library::new("apt", include_str!("apt.sh"), &[&PACKAGES]);

/// What dnf and zypper stand on.
static RPM: Library = Library::new("rpm", include_str!("rpm.sh"), &[&PACKAGES]);

/// Packages with dnf.
pub static DNF: Library = Library::new("dnf", include_str!("dnf.sh"), &[&RPM]);

/// Packages with zypper.
pub static ZYPPER: Library = Library::new("zypper", include_str!("zypper.sh"), &[&RPM]);

/// Packages with pacman.
pub static PACMAN: Library = Library::new("pacman", include_str!("pacman.sh"), &[&PACKAGES]);

/// Packages with apk.
pub static APK: Library = Library::new("apk", include_str!("apk.sh"), &[&PACKAGES]);

/// Running a command with the rights of another user.
pub static AS_USER: Library = Library::new("as-user", include_str!("as_user.sh"), &[&ACCOUNTS]);

/// Single lines of files.
pub static LINES: Library = Library::new("lines", include_str!("lines.sh"), &[&FILES]);

/// Settings of the running kernel.
pub static KERNEL: Library = Library::new("kernel", include_str!("kernel.sh"), &[&APPLY]);

/// The SSH keys that users accept.
pub static AUTHORIZED_KEYS: Library =
    Library::new("authorized-keys", include_str!("authorized_keys.sh"), &[&AS_USER]);

/// SSH keys of users and of the node.
pub static SSH_KEYS: Library = Library::new("ssh-keys", include_str!("ssh_keys.sh"), &[&AS_USER]);

/// Mounts and swap space.
pub static MOUNTS: Library = Library::new("mounts", include_str!("mounts.sh"), &[&APPLY]);

/// Locales.
pub static LOCALES: Library = Library::new("locales", include_str!("locales.sh"), &[&APPLY]);

/// Which of several programs a name stands for.
pub static ALTERNATIVES: Library = Library::new("alternatives", include_str!("alternatives.sh"), &[&APPLY]);

/// Rules of ufw.
pub static UFW: Library = Library::new("ufw", include_str!("ufw.sh"), &[&APPLY]);

/// Services, whatever the init system: beside it a script names one of [`SYSTEMD`], [`SYSV`], [`OPENRC`] and [`RUNIT`].
pub static SERVICES: Library = Library::new("services", include_str!("services/service.sh"), &[&APPLY]);

/// Units of systemd.
pub static SYSTEMD: Library = Library::new("systemd", include_str!("services/systemd.sh"), &[&SERVICES]);

/// SysV init scripts.
pub static SYSV: Library = Library::new("sysv", include_str!("services/sysv.sh"), &[&SERVICES]);

/// Services of OpenRC.
pub static OPENRC: Library = Library::new("openrc", include_str!("services/openrc.sh"), &[&SERVICES]);

/// Services that runit supervises.
pub static RUNIT: Library = Library::new("runit", include_str!("services/runit.sh"), &[&SERVICES]);

/// Commands that run as another user.
pub static COMMANDS: Library = Library::new("commands", include_str!("commands.sh"), &[&ACCOUNTS]);

/// How a step runs: conditions, limits, further attempts.
pub static HOW: Library = Library::new("how", include_str!("how.sh"), &[&APPLY]);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const ALL: &[&Library] = &[
        &APPLY, &FILES, &TREES, &FETCHES, &PACKING, &CRONTABS, &DOWNLOADS, &ACCOUNTS, &PACKAGES, &APT, &RPM,
        &DNF, &ZYPPER, &PACMAN, &APK, &SERVICES, &SYSTEMD, &SYSV, &OPENRC, &RUNIT, &COMMANDS, &HOW,
    ];

    /// The libraries of package managers and of init systems have functions of the same names: a node has one of each.
    #[test]
    fn a_function_is_defined_once() {
        let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for library in ALL {
            let names = library.code().lines().filter_map(|line| line.split_once("()"));
            for (name, _) in names.filter(|(name, _)| name.starts_with("p_") && !name.contains(' ')) {
                places.entry(name).or_default().push(library.name);
            }
        }
        let shared = |name: &str| name.starts_with("p_pm_") || name.starts_with("p_unit_");
        let twice: Vec<_> =
            places.into_iter().filter(|(name, places)| places.len() > 1 && !shared(name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
