//! A file of the node that is brought to the controller.

use super::attributes::GivenPath;
use super::fetched::Destination;
use crate::action::{Action, Diff, View};
use crate::claim::Claim;
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::NodeName;
use crate::probe::{Contents, PathKind, Probe, Sha256};
use crate::script::{FETCHES, Script};
use crate::world::{Effects, World};
use std::path::Path;

/// A file of the node that is brought to the controller.
#[derive(Debug)]
pub struct FetchFile {
    path: GivenPath,
    /// With the hash of what is there, if it is a file.
    destination: Destination<Option<Sha256>>,
}

/// Brings a file of the node to the controller, however large: say with [`to`](Handle::<FetchFile>::to) where.
///
/// Checked: that the file there has the same SHA-256. Changed: when it was not so, and was written anew on the
/// controller; nothing on the node ever is. The file is written beside the old one, which it then replaces at once.
/// Only the user who runs the program can read it. A symbolic link on the node is not followed. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// fetch_file("/etc/ssl/ca.pem").to("fetched/{node}/ca.pem");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn fetch_file(path: impl AsRef<str>) -> Handle<FetchFile> {
    record(FetchFile { path: GivenPath::new(path), destination: Destination::new() })
}

impl Handle<FetchFile> {
    /// Says where on the controller the file is written, and the directories above it are made where they are not
    /// there. A relative path is resolved against the folder in which the program runs. `{node}` stands for the name of
    /// the node, and must be in the path when the run has several.
    #[track_caller]
    pub fn to(self, path: impl Into<String>) -> Self {
        self.edit(|fetch| fetch.destination.set(path.into()))
    }
}

impl FetchFile {
    /// Finds out where the file is written for this node, and what is there: `hash` returns the hash of a file.
    ///
    /// This crate does no input or output, so the runtime calls this between building and planning.
    pub fn resolve(
        &self,
        node: Option<&NodeName>,
        several: bool,
        hash: impl FnOnce(&Path) -> Result<Option<Sha256>, String>,
    ) {
        self.destination.resolve(node, several, hash);
    }

    /// Returns where the file is written, once that has been resolved.
    pub fn destination(&self) -> Option<&Path> {
        self.destination.path()
    }

    fn is_there(&self) -> Option<Sha256> {
        self.destination.found().copied().flatten()
    }
}

impl Action for FetchFile {
    fn kind(&self) -> &'static str {
        "fetch-file"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        match self.destination.given() {
            to if to.ends_with('/') => Err(format!("{to} names no file: say what it is called there")),
            _ => Ok(()),
        }
    }

    fn missing(&self) -> Option<&'static str> {
        self.destination.missing()
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        self.destination.is_sound()?;
        probe.content(self.path.get());
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        let mut diff = Diff::none();
        match known.is.kind {
            PathKind::File(Contents::Hash(is)) if Some(is) == self.is_there() => {}
            PathKind::File(_) => diff.change("fetched"),
            _ if known.doubt.is_some() => diff.change("fetched"),
            PathKind::Absent => {
                let hint = "install or write it before this line".to_owned();
                return Diff::problem(format!("there is no file {path} to fetch"), hint);
            }
            _ => return Diff::problem(format!("{path} is not a file"), None),
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let is = self.is_there().map(|hash| hash.to_string()).unwrap_or_default();
        let words = [view.id.0.to_string(), self.path.get().to_string(), is];
        Script::new().library(&FETCHES).call("p_fetch", words)
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }

    fn declares(&self) -> Vec<Claim> {
        vec![self.destination.claim(self.path.get())]
    }
}
