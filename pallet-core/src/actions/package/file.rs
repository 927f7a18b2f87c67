//! Packages from files on the node.

use super::options::Options;
use super::system;
use crate::action::{Action, Diff, View};
use crate::actions::attributes::GivenPath;
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::{ActionId, Handle, RunsPrograms, record};
use crate::probe::Probe;
use crate::script::Script;
use crate::world::{Effects, World};
use std::time::Duration;

/// A package from a file.
#[derive(Debug)]
pub struct PackageFile {
    path: GivenPath,
    options: Options,
}

/// Declares that the package in a file on the node is installed, in the version that the file has.
///
/// | | |
/// |---|---|
/// | checked | name and version in the file, and the version that is installed |
/// | applied | `apt-get install`, `dnf install`, `zypper install`, `pacman -U` or `apk add` of the file, with what the package needs from the sources; checked afterwards |
/// | changed | the package was not installed in this version |
/// | systems | apt (`.deb`), dnf and zypper (`.rpm`), pacman, apk |
///
/// A file of the controller is brought to the node first, by [`remote_file`](crate::actions::remote_file); as long
/// as that is still to be done, the plan does not know whether the package changes.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// remote_file("/var/cache/app_1.2_amd64.deb").local_file("build/app_1.2_amd64.deb");
/// package_file("/var/cache/app_1.2_amd64.deb");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn package_file(path: impl AsRef<str>) -> Handle<PackageFile> {
    record(PackageFile { path: GivenPath::new(path), options: Options::default() })
}

impl Handle<PackageFile> {
    /// Lets no package of the transaction start or stop a service: see
    /// [`Package`](Handle::<super::Package>::without_starting_services).
    #[track_caller]
    pub fn without_starting_services(self) -> Self {
        self.edit(|file| file.options.quiet = true)
    }

    /// Does not install what the package recommends with it.
    #[track_caller]
    pub fn no_recommends(self) -> Self {
        self.edit(|file| file.options.recommends = Some(false))
    }

    /// Accepts a file that nobody signed. apt never asks for a signature of a file, pacman asks as its configuration
    /// says.
    #[track_caller]
    pub fn allow_unsigned(self) -> Self {
        self.edit(|file| file.options.unsigned = true)
    }

    /// Waits this long for somebody else who is using the package manager; ten minutes if it is not set.
    #[track_caller]
    pub fn lock_timeout(self, limit: Duration) -> Self {
        self.edit(|file| file.options.limit = Some(limit.as_secs()))
    }
}

/// Returns a script that prints `name version`, and what is installed of it, for the file `$1`.
fn question(manager: PackageManagerKind) -> &'static str {
    match manager {
        PackageManagerKind::Apt => {
            "[ -f \"$1\" ] || exit 3\n\
             set -- $(dpkg-deb --show --showformat='${Package}:${Architecture} ${Version}' -- \"$1\")\n\
             echo \"$1 $2\"\n\
             dpkg-query -W -f '${db:Status-Status} ${Version}\\n' -- \"${1%:all}\" || :"
        }
        PackageManagerKind::Dnf | PackageManagerKind::Zypper => {
            "[ -f \"$1\" ] || exit 3\n\
             p_format='%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}'\n\
             set -- $(rpm -qp --qf \"%{NAME}.%{ARCH} $p_format\" -- \"$1\")\n\
             echo \"$1 $2\"\n\
             rpm -q --qf \"installed $p_format\\n\" -- \"$1\" || :"
        }
        PackageManagerKind::Pacman => {
            "[ -f \"$1\" ] || exit 3\n\
             set -- $(pacman -Qp -- \"$1\")\n\
             echo \"$1 $2\"\n\
             set -- $(pacman -Q -- \"$1\")\n\
             echo \"installed $2\""
        }
        PackageManagerKind::Apk => {
            "[ -f \"$1\" ] || exit 3\n\
             set -- $(tar -xzOf \"$1\" .PKGINFO | sed -n 's/^pkgname = //p; s/^pkgver = //p')\n\
             echo \"$1 $2\"\n\
             p_is=$(apk info -ve \"$1\")\n\
             echo \"installed ${p_is#\"$1-\"}\""
        }
    }
}

/// Tells from the answer what is in the file, and whether that is installed.
fn answered(output: &[u8]) -> Option<(String, bool)> {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines();
    let (name, version) = lines.next()?.split_once(' ')?;
    let is =
        |text: &str| text.strip_prefix("0:").unwrap_or(text) == version.strip_prefix("0:").unwrap_or(version);
    let installed = lines.any(|line| line.strip_prefix("installed ").is_some_and(is));
    Some((format!("{name} {version}"), installed))
}

impl RunsPrograms for PackageFile {}

impl Action for PackageFile {
    fn kind(&self) -> &'static str {
        "package-file"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()
    }

    fn probe(&self, id: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        let manager = system::manager(facts)?;
        probe.path(self.path.get());
        let script = Script::new().code("set -- ").word(self.path.get().as_str()).code("\n");
        probe.capture(id, 0, script.code(question(manager)));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let file = view.world.path(path);
        let answer = view.world.command(view.id, 0);
        let absent = answer.is.is_none_or(|result| result.status == 3);
        if absent && file.doubt.is_none() && file.is.kind == crate::probe::PathKind::Absent {
            let hint = "bring it there before this line, with `remote_file`".to_owned();
            return Diff::problem(format!("there is no file {path}"), hint);
        }
        let mut diff = Diff::none();
        match answer.is.and_then(|result| answered(&result.output)) {
            Some((_, true)) => {}
            Some((what, false)) => diff.change(format!("install {what}")),
            None => {
                diff.change("install what is in it");
                // An action before this one brings the file.
                diff.doubt(answer.doubt.or(Some(view.id)));
            }
        }
        diff.doubt(answer.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let Ok(manager) = system::manager(view.facts) else { return Script::new() };
        let words = [view.id.0.to_string(), self.path.get().to_string()].into_iter();
        let words = words.chain(self.options.words()).chain(["--".to_owned()]);
        Script::new().library(system::library(manager)).call("p_package_file", words)
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Packages)
    }

    /// What is in the file is known to the node alone.
    fn declares(&self) -> Vec<Claim> {
        vec![Claim::existence(Thing::Other("package in", self.path.subject()), "installed")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_in_the_file_is_compared_with_what_is_installed() {
        let is = |output: &str| answered(output.as_bytes());
        assert_eq!(is("app:amd64 1.0\ninstalled 1.0\n"), Some(("app:amd64 1.0".to_owned(), true)));
        assert_eq!(is("app:amd64 1.1\ninstalled 1.0\n"), Some(("app:amd64 1.1".to_owned(), false)));
        assert_eq!(is("app:amd64 1.0\nconfig-files 1.0\n"), Some(("app:amd64 1.0".to_owned(), false)));
        assert_eq!(is("app.noarch 1.0-1\npackage app is not installed\n").map(|(_, is)| is), Some(false));
        assert_eq!(is(""), None);
    }
}
