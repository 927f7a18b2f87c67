//! A named pipe that exists, or does not.

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words, missing_parent};
use crate::action::{Action, Diff, View};
use crate::claim::Claim;
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::probe::{PathKind, PathState, Probe};
use crate::script::{FILES, Script};
use crate::world::World;

/// A named pipe that exists, or does not.
#[derive(Debug)]
pub struct Fifo {
    path: GivenPath,
    attributes: Attributes,
    absent: bool,
}

/// Declares that a named pipe exists, or with [`absent`](Handle::<Fifo>::absent) that it does not.
///
/// Something else at this path is an error. Checked: kind, mode, owner and group. Changed: when one of them was not
/// so. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// fifo("/run/app.control").mode(0o620).group("adm");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn fifo(path: impl AsRef<str>) -> Handle<Fifo> {
    record(Fifo { path: GivenPath::new(path), attributes: Attributes::default(), absent: false })
}

attribute_methods!(Fifo);

impl Handle<Fifo> {
    /// Declares that there is no such pipe.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|fifo| fifo.absent = true)
    }
}

impl Action for Fifo {
    fn kind(&self) -> &'static str {
        "fifo"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        self.attributes.check()
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.path(self.path.get());
        self.attributes.probe_at(self.path.get(), probe);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        if let Some(problem) = self.attributes.missing_account(view).filter(|_| !self.absent) {
            return problem;
        }
        let mut diff = Diff::none();
        match (&known.is.kind, self.absent) {
            (PathKind::Absent, true) => {}
            (PathKind::Absent, false) => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change("created"),
            },
            (PathKind::Fifo, true) => diff.change("removed"),
            (PathKind::Fifo, false) => self.attributes.diff(&known.is, &mut diff),
            _ if known.doubt.is_none() => {
                return Diff::problem(format!("{path} exists and is not a named pipe"), None);
            }
            _ => diff.change(if self.absent { "removed" } else { "created" }),
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        if self.absent {
            let words = [view.id.0.to_string(), path.to_string()];
            return Script::new().library(&FILES).call("p_no_fifo", words);
        }
        Script::new().library(&FILES).call("p_fifo", first_words(view.id.0, path, &self.attributes))
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let before = world.path(self.path.get()).is;
        let after = match self.absent {
            true => PathState::absent(),
            false => self.attributes.predict(&before, PathKind::Fifo, 0o644),
        };
        world.set_path(self.path.get(), after);
    }

    fn declares(&self) -> Vec<Claim> {
        if self.absent {
            return vec![Claim::absent(self.path.thing())];
        }
        let mut claims = vec![Claim::existence(self.path.thing(), "a named pipe")];
        claims.extend(self.attributes.claims(self.path.get()));
        claims
    }
}
