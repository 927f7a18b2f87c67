//! The index of available packages.

use crate::action::{Action, Diff, View};
use crate::actions::package::system;
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, RunsPrograms};
use crate::name::RemotePath;
use crate::probe::{PathKind, PathState, Probe};
use crate::script::Script;
use crate::world::{Effects, World};
use std::time::Duration;

/// The index of available packages, refreshed.
#[derive(Debug, Default)]
pub struct IndexUpdate {
    max_age: Option<Duration>,
}

/// Touched by `packages.sh` after every refresh.
const REFRESHED: &str = "/var/lib/pallet/index-updated";

impl Handle<IndexUpdate> {
    /// Refreshes only when pallet's last refresh is older than this, by the node's clock, or when sources have
    /// changed since.
    #[track_caller]
    pub fn max_age(self, age: Duration) -> Self {
        self.edit(|update| update.max_age = Some(age))
    }
}

impl IndexUpdate {
    fn stamp() -> RemotePath {
        RemotePath::new(REFRESHED).expect("a valid path")
    }
}

impl RunsPrograms for IndexUpdate {}

impl Action for IndexUpdate {
    fn kind(&self) -> &'static str {
        "package-manager"
    }

    fn subject(&self) -> String {
        "update".to_owned()
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        system::manager(facts)?;
        probe.owed();
        if self.max_age.is_some() {
            probe.path(&Self::stamp());
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff { refresh: true, ..Diff::none() };
        let fresh = self.max_age.is_some_and(|age| {
            let stamp = view.world.path(&Self::stamp()).is;
            let old = view.facts.clock.saturating_sub(stamp.modified) > age.as_secs();
            stamp.kind != PathKind::Absent && !old && view.world.debt(system::OWED_INDEX).is_none()
        });
        if !fresh {
            diff.change("refresh the package index");
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let Ok(manager) = system::manager(view.facts) else { return Script::new() };
        let code = format!("p_pkg_options --\np_pkg_refresh || return\np_pkg_changed {}\n", view.id.0);
        Script::new().library(system::library(manager)).code(code)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        refreshed(world);
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Index)
    }
}

/// Takes down that the index is new from here on.
pub(in crate::actions::package) fn refreshed(world: &mut World) {
    let mut stamp = PathState::absent();
    stamp.kind = PathKind::Other;
    stamp.modified = u64::MAX;
    world.set_path(&IndexUpdate::stamp(), stamp);
    world.settle(system::OWED_INDEX);
}
