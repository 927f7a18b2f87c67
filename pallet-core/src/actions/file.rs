//! A file that exists, whatever its content, or does not.

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words, missing_parent};
use crate::action::{Action, Diff, View};
use crate::claim::{self, Claim};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::probe::{Contents, PathKind, PathState, Probe};
use crate::script::{FILES, Script};
use crate::world::{Effects, World};

/// A file that exists, whatever its content, or does not.
#[derive(Debug)]
pub struct File {
    path: GivenPath,
    attributes: Attributes,
    absent: bool,
}

/// Declares that a file exists, empty if it has to be made, or with [`absent`](Handle::<File>::absent) that it does not.
///
/// Checked: kind, mode, owner and group. Changed: when one of them was not so.
#[track_caller]
pub fn file(path: impl AsRef<str>) -> Handle<File> {
    record(File { path: GivenPath::new(path), attributes: Attributes::default(), absent: false })
}

attribute_methods!(File);

impl Handle<File> {
    /// Declares that there is no such file or link. A directory at this path is an error.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|file| file.absent = true)
    }
}

impl Action for File {
    fn kind(&self) -> &'static str {
        "file"
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
            (PathKind::Directory, _) if known.doubt.is_none() => {
                return Diff::problem(format!("{path} is a directory"), None);
            }
            (_, true) => diff.change("removed"),
            (PathKind::Absent, false) => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change("created"),
            },
            (PathKind::Link(_), false) => self.attributes.diff_through_link(view.id, &mut diff),
            (_, false) => self.attributes.diff(&known.is, &mut diff),
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        if self.absent {
            return Script::new()
                .library(&FILES)
                .call("p_absent", [view.id.0.to_string().as_str(), path.as_str(), ""]);
        }
        Script::new().library(&FILES).call("p_touch", first_words(view.id.0, path, &self.attributes))
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let before = world.path(self.path.get()).is;
        let after = if self.absent {
            PathState::absent()
        } else {
            let kind = match before.kind {
                PathKind::File(contents) => PathKind::File(contents),
                _ => PathKind::File(Contents::NotRead),
            };
            self.attributes.predict(&before, kind, 0o644)
        };
        world.set_path(self.path.get(), after);
    }

    fn effects(&self) -> Option<Effects> {
        // It may be what defines a service.
        Some(Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        if self.absent {
            return vec![Claim::absent(self.path.thing())];
        }
        let mut claims = vec![Claim::existence(self.path.thing(), claim::FILE)];
        claims.extend(self.attributes.claims(self.path.get()));
        claims
    }
}
