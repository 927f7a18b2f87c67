//! Brings files of nodes to the controller: what is there, what arrives, and how it comes into place.

mod listing;
mod place;
mod staging;

use super::local_files::LocalFiles;
use crate::event::Failure;
use pallet::action::Diff;
use pallet::actions::{Arrival, FetchDirectory, FetchFile};
use pallet::context::{Context, Node};
use pallet::graph::{ActionId, ActionNode};
use pallet::probe::Sha256;
use staging::Staging;
use std::any::Any;
use std::collections::HashMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// Tells an action that fetches where it writes on the controller, and what is there.
pub(super) fn resolve(files: &LocalFiles, action: &dyn Any, context: &Context) {
    let node = || context.node.as_ref().map(Node::name);
    let several = context.nodes.len() > 1;
    if let Some(fetch) = action.downcast_ref::<FetchFile>() {
        fetch.resolve(node(), several, |path| hash(files, path));
    } else if let Some(fetch) = action.downcast_ref::<FetchDirectory>() {
        fetch.resolve(node(), several, |path| listing::read(files, path, |name| fetch.leaves_out(name)));
    }
}

/// Tells whether an action is of those that must be told where they write.
pub(super) fn is_resolved(action: &dyn Any) -> bool {
    action.is::<FetchFile>() || action.is::<FetchDirectory>()
}

fn hash(files: &LocalFiles, path: &Path) -> Result<Option<Sha256>, String> {
    match File::open(path) {
        Ok(file) => files.hash(file).map(|(hash, _)| Some(hash)).map_err(|error| error.to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// What a node sends while a plan is applied.
///
/// It is staged beside where it goes to, and comes into place when its action has ended well.
#[derive(Default)]
pub(super) struct Fetched {
    staged: HashMap<ActionId, std::io::Result<Staging>>,
    /// The action that sends a content just now.
    open: Option<ActionId>,
}

impl Fetched {
    /// An action begins to send. What an earlier attempt sent is forgotten.
    pub(super) fn begin(&mut self, id: ActionId, node: &ActionNode) {
        let action: &dyn Any = node.action();
        let file = action.downcast_ref::<FetchFile>().and_then(FetchFile::destination);
        let directory = action.downcast_ref::<FetchDirectory>().and_then(FetchDirectory::destination);
        let staging = match (file, directory) {
            (Some(path), _) => Staging::beside(path),
            (_, Some(path)) => Staging::within(path),
            // Nothing else is fetched, whatever the node says.
            _ => return,
        };
        self.staged.insert(id, staging);
    }

    /// A content of this many bytes follows.
    pub(super) fn content(&mut self, id: ActionId, size: u64) {
        self.open = Some(id);
        self.with(id, |staging| staging.next(size));
    }

    /// Tells whether what comes now is a content; takes it if so.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        let Some(id) = self.open else { return false };
        self.with(id, |staging| staging.write(bytes));
        true
    }

    /// A content has ended.
    pub(super) fn end(&mut self) {
        if let Some(id) = self.open.take() {
            self.with(id, Staging::finish);
        }
    }

    /// Keeps the first failure of an action in the place of what it staged.
    fn with(&mut self, id: ActionId, act: impl FnOnce(&mut Staging) -> std::io::Result<()>) {
        if let Some(staged) = self.staged.get_mut(&id)
            && let Ok(staging) = staged
            && let Err(error) = act(staging)
        {
            *staged = Err(error);
        }
    }

    /// Puts into place what an action has sent.
    ///
    /// # Errors
    ///
    /// Why that is not possible; what was there before is there still, as far as it was not replaced.
    pub(super) fn settle(&mut self, id: ActionId, node: &ActionNode, diff: &Diff) -> Result<(), Failure> {
        let Some(staged) = self.staged.remove(&id) else { return Ok(()) };
        let action: &dyn Any = node.action();
        let settled = staged.and_then(|staging| {
            match action.downcast_ref::<FetchFile>().and_then(FetchFile::destination) {
                Some(path) => staging.become_file(path),
                None => {
                    staging.check(files(&diff.arrivals))?;
                    place::all(&staging, &diff.arrivals)
                }
            }
        });
        settled.map_err(|error| {
            let message = format!("{}: cannot write on the controller: {error}", node.label());
            Failure::new(message).at(node.location())
        })
    }
}

/// Returns size and hash of the files that arrive, in their order.
fn files(arrivals: &[Arrival]) -> impl Iterator<Item = (u64, Sha256)> {
    arrivals.iter().filter_map(|arrival| match arrival {
        Arrival::File { size, hash, .. } => Some((*size, *hash)),
        _ => None,
    })
}
