//! What a package manager leaves behind: packages that nothing needs any more, and those it downloaded.

use crate::action::{Action, Diff, View};
use crate::actions::package::system;
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::ActionId;
use crate::probe::Probe;
use crate::script::Script;
use crate::world::{Effects, World};

/// Packages that nothing needs any more, removed.
#[derive(Debug)]
pub struct AutoRemove(pub(super) ());

/// Downloaded packages, removed.
#[derive(Debug)]
pub struct CacheCleanup(pub(super) ());

/// Returns a command that prints what nothing needs any more.
fn unneeded(manager: PackageManagerKind) -> &'static str {
    match manager {
        PackageManagerKind::Dnf => "dnf -q -C repoquery --unneeded --qf '%{name}' 2>/dev/null",
        PackageManagerKind::Pacman => "pacman -Qdtq 2>/dev/null",
        _ => "LC_ALL=C apt-get -s -q autoremove 2>/dev/null | sed -n 's/^Remv \\([^ ]*\\).*/\\1/p'",
    }
}

/// Returns the patterns of the files that were downloaded.
fn downloads(manager: PackageManagerKind) -> &'static str {
    match manager {
        PackageManagerKind::Apt => "/var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb",
        PackageManagerKind::Dnf => "/var/cache/dnf/*/packages/*.rpm",
        PackageManagerKind::Zypper => "/var/cache/zypp/packages/*/*.rpm /var/cache/zypp/packages/*/*/*.rpm",
        PackageManagerKind::Pacman => "/var/cache/pacman/pkg/*.pkg.tar*",
        PackageManagerKind::Apk => "/var/cache/apk/*.apk /etc/apk/cache/*.apk",
    }
}

impl Action for AutoRemove {
    fn kind(&self) -> &'static str {
        "package-manager"
    }

    fn subject(&self) -> String {
        "autoremove".to_owned()
    }

    fn probe(&self, id: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        const WHERE: &[PackageManagerKind] =
            &[PackageManagerKind::Apt, PackageManagerKind::Dnf, PackageManagerKind::Pacman];
        system::only(facts, "removing what nothing needs any more", WHERE)?;
        probe.capture(id, 0, Script::new().code(unneeded(system::manager(facts)?)));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        let known = view.world.command(view.id, 0);
        let names = known.is.map(|result| String::from_utf8_lossy(&result.output).into_owned());
        for name in names.iter().flat_map(|names| names.lines()) {
            diff.change(format!("remove {name}"));
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let Ok(manager) = system::manager(view.facts) else { return Script::new() };
        Script::new()
            .library(system::library(manager))
            .code("p_unneeded() {\n")
            .code(unneeded(manager))
            .code("\n}\n")
            .call("p_pkg_remove_unneeded", [view.id.0.to_string()])
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Packages)
    }
}

impl Action for CacheCleanup {
    fn kind(&self) -> &'static str {
        "package-manager"
    }

    fn subject(&self) -> String {
        "clean".to_owned()
    }

    fn probe(&self, id: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        let files = downloads(system::manager(facts)?);
        let script = format!("for p_path in {files}; do [ ! -e \"$p_path\" ] || exit 0; done\nexit 1");
        probe.check(id, 0, Script::new().code(script));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        let known = view.world.command(view.id, 0);
        if known.is.is_some_and(|result| result.status == 0) {
            diff.change("remove downloaded packages");
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let Ok(manager) = system::manager(view.facts) else { return Script::new() };
        let code = format!("p_pkg_clean {} {}\n", view.id.0, downloads(manager));
        Script::new().library(system::library(manager)).code(code)
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Itself)
    }
}
