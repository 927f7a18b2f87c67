//! A directory that exists, or does not.

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words};
use crate::action::{Action, Diff, View};
use crate::claim::{self, Claim};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{PathKind, PathState, Probe};
use crate::script::{FILES, Script};
use crate::world::{Effects, World};

/// A directory that exists, or does not.
#[derive(Debug)]
pub struct Directory {
    path: GivenPath,
    attributes: Attributes,
    absent: Absent,
}

#[derive(Debug, PartialEq)]
enum Absent {
    No,
    WhenEmpty,
    WithContents,
}

/// Declares that a directory exists, with those above it, or that it does not.
///
/// Mode, owner and group are those of the directory alone, never of what is in it. Directories above it that have
/// to be made get 0755, root, root. Checked: kind, mode, owner and group.
#[track_caller]
pub fn directory(path: impl AsRef<str>) -> Handle<Directory> {
    record(Directory { path: GivenPath::new(path), attributes: Attributes::default(), absent: Absent::No })
}

attribute_methods!(Directory);

impl Handle<Directory> {
    /// Declares that there is no such directory. One that is not empty is an error.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|directory| directory.absent = Absent::WhenEmpty)
    }

    /// Declares that there is no such directory and nothing in it.
    #[track_caller]
    pub fn absent_with_contents(self) -> Self {
        self.edit(|directory| directory.absent = Absent::WithContents)
    }
}

impl Action for Directory {
    fn kind(&self) -> &'static str {
        "directory"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        if self.absent != Absent::No && self.path.get().parent().is_none() {
            return Err("the root directory cannot be absent".to_owned());
        }
        self.attributes.check()
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.path(self.path.get());
        if self.absent == Absent::WhenEmpty {
            probe.emptiness(self.path.get());
        }
        self.attributes.probe(probe);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        if let Some(problem) = self.attributes.missing_account(view).filter(|_| self.absent == Absent::No) {
            return problem;
        }
        let mut diff = Diff::none();
        match (&known.is.kind, self.absent == Absent::No) {
            (PathKind::Absent, true) => diff.change("created"),
            (PathKind::Absent, false) => {}
            (PathKind::Directory, true) => self.attributes.diff(&known.is, &mut diff),
            (PathKind::Directory, false) => {
                if self.absent == Absent::WhenEmpty {
                    match view.world.is_full(path) {
                        Some(true) if known.doubt.is_none() => return not_empty(path),
                        Some(false) => {}
                        _ => diff.doubt(Some(view.id)),
                    }
                }
                diff.change("removed");
            }
            // A link to a directory is one for whoever goes through it; only the node can tell.
            (PathKind::Link(_), true) => self.attributes.diff_through_link(view.id, &mut diff),
            (PathKind::Link(_), false) => diff.change("removed"),
            _ if known.doubt.is_none() => {
                return Diff::problem(format!("{path} exists and is not a directory"), None);
            }
            _ => diff.change("created"),
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        let id = view.id.0.to_string();
        match self.absent {
            Absent::No => {
                Script::new().library(&FILES).call("p_dir", first_words(id, path, &self.attributes))
            }
            Absent::WhenEmpty => {
                Script::new().library(&FILES).call("p_absent", [id.as_str(), path.as_str(), ""])
            }
            Absent::WithContents => {
                Script::new().library(&FILES).call("p_absent", [id.as_str(), path.as_str(), "contents"])
            }
        }
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let before = world.path(self.path.get()).is;
        if self.absent != Absent::No {
            world.set_path(self.path.get(), PathState::absent());
            return;
        }
        world.set_path(self.path.get(), self.attributes.predict(&before, PathKind::Directory, 0o755));
        let mut above = self.path.get().parent();
        while let Some(path) = above {
            let known = world.path(&path);
            if known.is.kind == PathKind::Absent {
                let made = Attributes::default().predict(&known.is, PathKind::Directory, 0o755);
                world.set_path(&path, made);
            }
            above = path.parent();
        }
    }

    fn effects(&self) -> Option<Effects> {
        (self.absent == Absent::WithContents).then(|| Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        if self.absent != Absent::No {
            return vec![Claim::absent(self.path.thing())];
        }
        let mut claims = vec![Claim::existence(self.path.thing(), claim::DIRECTORY)];
        claims.extend(self.attributes.claims(self.path.get()));
        claims
    }
}

fn not_empty(path: &RemotePath) -> Diff {
    let hint = "to remove it with all that is in it write `.absent_with_contents()`".to_owned();
    Diff::problem(format!("directory {path} is not empty"), hint)
}
