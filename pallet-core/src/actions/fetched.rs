//! Where on the controller something comes to that is brought from a node.

use crate::claim::{Claim, Thing};
use crate::name::{NodeName, RemotePath};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What stands for the name of the node in the path on the controller.
const NODE: &str = "{node}";

/// A path on the controller, and what was found there.
#[derive(Debug)]
pub(super) struct Destination<T> {
    to: Option<String>,
    resolved: OnceLock<Result<(PathBuf, T), String>>,
}

impl<T> Destination<T> {
    pub(super) fn new() -> Self {
        Destination { to: None, resolved: OnceLock::new() }
    }

    pub(super) fn set(&mut self, to: String) {
        self.to = Some(to);
    }

    /// Returns that no path was given, if so.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let given = self.to.as_deref().is_some_and(|to| !to.is_empty());
        (!given).then_some("it is not said where on the controller it is written: call `to`")
    }

    /// Returns the path as it was given.
    pub(super) fn given(&self) -> &str {
        self.to.as_deref().unwrap_or_default()
    }

    /// Finds out which path it is for this node, and what is there.
    pub(super) fn resolve(
        &self,
        node: Option<&NodeName>,
        several: bool,
        read: impl FnOnce(&Path) -> Result<T, String>,
    ) {
        self.resolved.get_or_init(|| {
            let to = self.given();
            if several && !to.contains(NODE) {
                return Err(format!(
                    "the files of all nodes would be written to {to}: put {NODE} into the path"
                ));
            }
            let path = PathBuf::from(to.replace(NODE, node.map_or("controller", NodeName::as_str)));
            let found = read(&path)
                .map_err(|error| format!("cannot read {} on the controller: {error}", path.display()))?;
            Ok((path, found))
        });
    }

    /// Returns the path, once that has been resolved.
    pub(super) fn path(&self) -> Option<&Path> {
        self.resolved.get()?.as_ref().ok().map(|(path, _)| path.as_path())
    }

    /// Returns what was found there.
    pub(super) fn found(&self) -> Option<&T> {
        self.resolved.get()?.as_ref().ok().map(|(_, found)| found)
    }

    /// Checks that it could be resolved.
    pub(super) fn is_sound(&self) -> Result<(), String> {
        match self.resolved.get() {
            Some(Err(message)) => Err(message.clone()),
            _ => Ok(()),
        }
    }

    /// Returns the claim that something of the node comes there, and nothing else.
    pub(super) fn claim(&self, from: &RemotePath) -> Claim {
        let thing = Thing::Other("path on the controller", self.given().to_owned());
        Claim::new(thing, "content", from.to_string()).shown(format!("what is at {from} on the node"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_several_nodes_never_have_one_name() {
        let node = NodeName::new("web-1").expect("a valid name");
        let resolved = |to: &str, several: bool| {
            let mut destination = Destination::new();
            destination.set(to.to_owned());
            destination.resolve(Some(&node), several, |_| Ok(()));
            destination.path().map(Path::to_owned)
        };
        assert_eq!(resolved("out/{node}/x", true), Some(PathBuf::from("out/web-1/x")));
        assert_eq!(resolved("out/x", false), Some(PathBuf::from("out/x")));
        assert_eq!(resolved("out/x", true), None);
    }
}
