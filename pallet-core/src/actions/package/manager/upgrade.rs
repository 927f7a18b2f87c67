//! All packages at their newest versions.

use crate::action::{Action, Diff, View};
use crate::actions::package::system;
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::{ActionId, Handle, RunsPrograms};
use crate::probe::Probe;
use crate::script::Script;
use crate::world::{Effects, World};

/// All packages upgraded.
#[derive(Debug, Default)]
pub struct SystemUpgrade {
    full: bool,
    aptitude: bool,
}

impl Handle<SystemUpgrade> {
    /// Upgrades also where other packages have to be installed or removed for it: `apt-get dist-upgrade`,
    /// `zypper dist-upgrade`. With the other package managers an upgrade is always so.
    #[track_caller]
    pub fn full(self) -> Self {
        self.edit(|upgrade| upgrade.full = true)
    }

    /// Upgrades through `aptitude`, by `safe-upgrade` or, when [`full`](Handle::<SystemUpgrade>::full), by
    /// `full-upgrade`. The package aptitude must be there before. Systems: apt.
    #[track_caller]
    pub fn with_aptitude(self) -> Self {
        self.edit(|upgrade| upgrade.aptitude = true)
    }
}

/// Prints what `aptitude -s` would upgrade or install.
macro_rules! aptitude_would {
    ($verb:literal) => {
        concat!(
            "command -v aptitude >/dev/null 2>&1 || exit 127\n",
            "LC_ALL=C aptitude -s -q -y -o Aptitude::Delete-Unused=false ",
            $verb,
            " 2>/dev/null | sed -n '/^The following .*will be \\(upgraded\\|installed\\):/,/^[^ ]/s/^  *//p' | ",
            "tr ' ' '\\n' | sed '/^$/d; s/{.*//'"
        )
    };
}

impl SystemUpgrade {
    /// Returns the word for `packages.sh`; empty for the usual one.
    fn verb(&self, manager: PackageManagerKind) -> &'static str {
        match (self.full, manager) {
            (false, PackageManagerKind::Apt) if self.aptitude => "aptitude",
            (true, PackageManagerKind::Apt) if self.aptitude => "aptitude-full",
            (true, PackageManagerKind::Apt | PackageManagerKind::Zypper) => "dist-upgrade",
            _ => "",
        }
    }

    /// Returns a command that prints what would be upgraded, and changes nothing.
    fn outdated(&self, manager: PackageManagerKind) -> &'static str {
        match (manager, self.full) {
            (PackageManagerKind::Apt, false) if self.aptitude => aptitude_would!("safe-upgrade"),
            (PackageManagerKind::Apt, true) if self.aptitude => aptitude_would!("full-upgrade"),
            (PackageManagerKind::Apt, false) => {
                "LC_ALL=C apt-get -s -q upgrade 2>/dev/null | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p'"
            }
            (PackageManagerKind::Apt, true) => {
                "LC_ALL=C apt-get -s -q dist-upgrade 2>/dev/null | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p'"
            }
            (PackageManagerKind::Dnf, _) => {
                "LC_ALL=C dnf -q -C check-update 2>/dev/null | sed -n '/^Obsoleting/q; s/^\\([^ ][^ ]*\\)\\.[^. ]*.*/\\1/p'"
            }
            (PackageManagerKind::Zypper, _) => {
                "LC_ALL=C zypper -n -q --no-refresh list-updates 2>/dev/null | sed -n 's/^v[^|]*|[^|]*| *\\([^ |]*\\).*/\\1/p'"
            }
            (PackageManagerKind::Pacman, _) => "pacman -Qu 2>/dev/null | sed -n '/\\[ignored\\]/!s/ .*//p'",
            (PackageManagerKind::Apk, _) => {
                "apk -s --allow-untrusted upgrade 2>/dev/null | sed -n 's/^([0-9/]*) Upgrading \\([^ ]*\\).*/\\1/p'"
            }
        }
    }
}

impl RunsPrograms for SystemUpgrade {}

impl Action for SystemUpgrade {
    fn kind(&self) -> &'static str {
        "package-manager"
    }

    fn subject(&self) -> String {
        if self.full { "full upgrade" } else { "upgrade" }.to_owned()
    }

    fn probe(&self, id: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        let manager = system::manager(facts)?;
        if self.aptitude {
            system::only(facts, "aptitude", system::APT_ONLY)?;
        }
        probe.capture(id, 0, Script::new().code(self.outdated(manager)));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        let known = view.world.command(view.id, 0);
        if known.is.is_some_and(|result| result.status == 127) && known.doubt.is_none() {
            let hint = "write `package(\"aptitude\")` before this line".to_owned();
            return Diff::problem("there is no aptitude on this node", hint);
        }
        let names = known.is.map(|result| String::from_utf8_lossy(&result.output).into_owned());
        for name in names.iter().flat_map(|names| names.lines()) {
            diff.change(format!("upgrade {name}"));
        }
        let doubt = known.doubt.or(view.world.index_doubt());
        if doubt.is_some() && diff.changes.is_empty() {
            diff.change("upgrade what the new index has");
        }
        diff.doubt(doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let Ok(manager) = system::manager(view.facts) else { return Script::new() };
        Script::new()
            .library(system::library(manager))
            .code("p_outdated() {\n")
            .code(self.outdated(manager))
            .code("\n}\n")
            .call("p_pkg_upgrade_all", [view.id.0.to_string(), self.verb(manager).to_owned()])
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Packages)
    }
}
