//! A file of the node that is brought to the controller.

use super::attributes::GivenPath;
use crate::action::{Action, Diff, View};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::NodeName;
use crate::probe::{Contents, PathKind, Probe, Sha256};
use crate::script::{FILES, Script};
use crate::world::{Effects, World};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What stands for the name of the node in the path on the controller.
const NODE: &str = "{node}";

/// A file of the node that is brought to the controller.
#[derive(Debug)]
pub struct FetchFile {
    path: GivenPath,
    to: Option<String>,
    destination: OnceLock<Result<Destination, String>>,
}

#[derive(Debug)]
struct Destination {
    path: PathBuf,
    /// The hash of what is there, if it is a file.
    is: Option<Sha256>,
}

/// Brings a file of the node, of at most 16 MiB, to the controller: say with [`to`](Handle::<FetchFile>::to) where.
///
/// Checked: that the file there has the same SHA-256. Changed: when it was not so, and was written anew on the
/// controller; nothing on the node ever is. The file is written once the phase has come to its end or to a failure,
/// beside the old one, which it then replaces at once. Only the user who runs the program can read it. A symbolic link
/// on the node is not followed. Works on every system.
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
    record(FetchFile { path: GivenPath::new(path), to: None, destination: OnceLock::new() })
}

impl Handle<FetchFile> {
    /// Says where on the controller the file is written, and the directories above it are made where they are not
    /// there. A relative path is resolved against the folder in which the program runs. `{node}` stands for the name of
    /// the node, and must be in the path when the run has several.
    #[track_caller]
    pub fn to(self, path: impl Into<String>) -> Self {
        self.edit(|fetch| fetch.to = Some(path.into()))
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
        self.destination.get_or_init(|| {
            let to = self.to.as_deref().unwrap_or_default();
            if several && !to.contains(NODE) {
                return Err(format!(
                    "the files of all nodes would be written to {to}: put {NODE} into the path"
                ));
            }
            let path = PathBuf::from(to.replace(NODE, node.map_or("controller", NodeName::as_str)));
            let is = hash(&path)
                .map_err(|error| format!("cannot read {} on the controller: {error}", path.display()))?;
            Ok(Destination { path, is })
        });
    }

    /// Returns where the file is written, once that has been resolved.
    pub fn destination(&self) -> Option<&Path> {
        self.destination.get()?.as_ref().ok().map(|destination| destination.path.as_path())
    }

    fn is_there(&self) -> Option<Sha256> {
        self.destination.get()?.as_ref().ok()?.is
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
        match self.to.as_deref() {
            None | Some("") => {
                Err("it is not said where on the controller the file is written: call `to`".into())
            }
            Some(to) if to.ends_with('/') => Err(format!("{to} names no file: say what it is called there")),
            Some(_) => Ok(()),
        }
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        if let Some(Err(message)) = self.destination.get() {
            return Err(message.clone());
        }
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
        Script::new().library(&FILES).call("p_fetch", words)
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_several_nodes_never_have_one_name() {
        let node = NodeName::new("web-1").expect("a valid name");
        let resolved = |to: &str, several: bool| {
            let fetch = FetchFile {
                path: GivenPath::new("/x"),
                to: Some(to.to_owned()),
                destination: OnceLock::new(),
            };
            fetch.resolve(Some(&node), several, |_| Ok(None));
            fetch.destination().map(Path::to_owned)
        };
        assert_eq!(resolved("out/{node}/x", true), Some(PathBuf::from("out/web-1/x")));
        assert_eq!(resolved("out/x", false), Some(PathBuf::from("out/x")));
        assert_eq!(resolved("out/x", true), None);
    }
}
