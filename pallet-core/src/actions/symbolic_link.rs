//! A symbolic link.

use super::attributes::{Attributes, GivenPath, missing_parent};
use crate::action::{Action, Diff, View};
use crate::claim::{self, Claim};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::probe::{PathKind, PathState, Probe};
use crate::script::{FILES, Script};
use crate::text::Text;
use crate::world::{Effects, World};

/// A symbolic link.
#[derive(Debug)]
pub struct SymbolicLink {
    path: GivenPath,
    target: String,
    owner: Attributes,
    absent: bool,
    no_force: bool,
}

/// Declares that `path` is a symbolic link to `target`: first what exists afterwards, as in every action, then
/// where it leads.
///
/// The target may be relative and need not exist. A file at `path` is replaced, unless
/// [`no_force`](Handle::<SymbolicLink>::no_force) says otherwise; a directory there is an error. Checked: kind, target,
/// and owner and group of the link itself. Changed: when one of them was not so. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// symbolic_link("/srv/app/current", "releases/42").owner("app");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn symbolic_link(path: impl AsRef<str>, target: impl Into<String>) -> Handle<SymbolicLink> {
    record(SymbolicLink {
        path: GivenPath::new(path),
        target: target.into(),
        owner: Attributes::default(),
        absent: false,
        no_force: false,
    })
}

impl Handle<SymbolicLink> {
    /// Declares that there is no such link.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|link| link.absent = true)
    }

    /// Sets the owner of the link itself, by name or number.
    #[track_caller]
    pub fn owner(self, owner: impl std::fmt::Display) -> Self {
        self.edit(|link| link.owner.owner = Some(owner.to_string()))
    }

    /// Sets the group of the link itself, by name or number.
    #[track_caller]
    pub fn group(self, group: impl std::fmt::Display) -> Self {
        self.edit(|link| link.owner.group = Some(group.to_string()))
    }

    /// Lets the action fail where something stands that is not a link, in the place of replacing it.
    #[track_caller]
    pub fn no_force(self) -> Self {
        self.edit(|link| link.no_force = true)
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
        self.owner.check()
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.path(self.path.get());
        self.owner.probe_at(self.path.get(), probe);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        if let Some(problem) = self.owner.missing_account(view).filter(|_| !self.absent) {
            return problem;
        }
        let mut diff = Diff::none();
        match (&known.is.kind, self.absent) {
            (PathKind::Absent, true) => {}
            (PathKind::Directory, _) if known.doubt.is_none() => {
                return Diff::problem(format!("{path} is a directory"), None);
            }
            (_, true) => diff.change("removed"),
            (PathKind::Link(target), false) if *target == self.target => {
                self.owner.diff(&known.is, &mut diff);
            }
            (PathKind::Link(target), false) => diff.change(format!("target {target} → {}", self.target)),
            (PathKind::Absent, false) => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change(format!("created, to {}", self.target)),
            },
            (_, false) if self.no_force && known.doubt.is_none() => {
                let hint = "take it away before this line, or leave out `no_force`";
                return Diff::problem(format!("{path} is there and is not a link"), hint.to_owned());
            }
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
        let [_, owner, group] = self.owner.words();
        let force = if self.no_force { "" } else { "yes" };
        let words = [id.into(), path.into(), self.target.as_str().into(), owner, group, force.into()];
        Script::new().library(&FILES).call::<Text>("p_link", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let mut after = PathState::absent();
        if !self.absent {
            let before = world.path(self.path.get()).is;
            // Another target is another link.
            let before =
                if before.kind == PathKind::Link(self.target.clone()) { before } else { PathState::absent() };
            after = self.owner.predict(&before, PathKind::Link(self.target.clone()), 0o777);
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
        let mut claims = vec![Claim::existence(self.path.thing(), claim::LINK), target];
        claims.extend(self.owner.claims(self.path.get()));
        claims
    }
}
