//! A symbolic link.

use super::attributes::{GivenPath, missing_parent};
use crate::action::{Action, Diff, View};
use crate::claim::{self, Claim};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::probe::{PathKind, PathState, Probe};
use crate::script::{FILES, Script};
use crate::world::{Effects, World};

/// A symbolic link.
#[derive(Debug)]
pub struct SymbolicLink {
    path: GivenPath,
    target: String,
    absent: bool,
}

/// Declares that `path` is a symbolic link to `target`: first what exists afterwards, as in every action, then
/// where it leads.
///
/// The target may be relative and need not exist. A file at `path` is replaced; a directory there is an error.
/// Checked: kind and target.
#[track_caller]
pub fn symbolic_link(path: impl AsRef<str>, target: impl Into<String>) -> Handle<SymbolicLink> {
    record(SymbolicLink { path: GivenPath::new(path), target: target.into(), absent: false })
}

impl Handle<SymbolicLink> {
    /// Declares that there is no such link.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|link| link.absent = true)
    }
}

impl Action for SymbolicLink {
    fn kind(&self) -> &'static str {
        "symbolic-link"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        if self.target.is_empty() || self.target.chars().any(char::is_control) {
            return Err("the target of a link is a path without control characters".to_owned());
        }
        Ok(())
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.path(self.path.get());
        if let Some(parent) = self.path.get().parent() {
            probe.path(&parent);
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        let mut diff = Diff::none();
        match (&known.is.kind, self.absent) {
            (PathKind::Absent, true) => {}
            (PathKind::Directory, _) if known.doubt.is_none() => {
                return Diff::problem(format!("{path} is a directory"), None);
            }
            (_, true) => diff.change("removed"),
            (PathKind::Link(target), false) if *target == self.target => {}
            (PathKind::Link(target), false) => diff.change(format!("target {target} → {}", self.target)),
            (PathKind::Absent, false) => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change(format!("created, to {}", self.target)),
            },
            (_, false) => diff.change(format!("replaced by a link to {}", self.target)),
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let (id, path) = (view.id.0.to_string(), self.path.get().as_str());
        if self.absent {
            return Script::new().library(&FILES).call("p_absent", [id.as_str(), path, ""]);
        }
        Script::new().library(&FILES).call("p_link", [id.as_str(), path, self.target.as_str()])
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let mut after = PathState::absent();
        if !self.absent {
            after.kind = PathKind::Link(self.target.clone());
        }
        world.set_path(self.path.get(), after);
    }

    fn effects(&self) -> Option<Effects> {
        // What is reached through the link is something else from now on; or it is what defines a service.
        Some(Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        if self.absent {
            return vec![Claim::absent(self.path.thing())];
        }
        let target = Claim::new(self.path.thing(), "target", self.target.as_str());
        vec![Claim::existence(self.path.thing(), claim::LINK), target]
    }
}
