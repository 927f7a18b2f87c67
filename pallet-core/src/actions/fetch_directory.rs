//! A directory of the node that is brought to the controller.

mod arrivals;

pub use arrivals::{Arrival, FetchedEntry, Listing};

use super::attributes::GivenPath;
use super::fetched::Destination;
use super::patterns::{self, Pattern};
use crate::action::{Action, Diff, Split, View};
use crate::claim::Claim;
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::NodeName;
use crate::probe::{PathKind, Probe};
use crate::script::{FETCHES, Script};
use crate::text::Text;
use crate::world::{Effects, World};
use arrivals::Policy;
use std::path::Path;

/// A directory of the node that is brought to the controller.
#[derive(Debug)]
pub struct FetchDirectory {
    path: GivenPath,
    destination: Destination<Listing>,
    delete_extra: bool,
    excluded: Vec<Pattern>,
}

/// Brings a directory of the node to the controller, with all that is in it: say with
/// [`to`](Handle::<FetchDirectory>::to) where.
///
/// Only files that differ travel, over the connection that is there. What arrives is checked and moved into place file
/// by file, so nobody ever sees half of one. Files and directories have the permission bits that they have on the node,
/// without set-id bits, and as far as the user who runs the program can still read them; they belong to that user.
/// Symbolic links come as links if they stay within the directory, and are left out if they lead elsewhere; so are
/// sockets, pipes and devices. Whatever names a node gives its files, nothing is written outside the directory on the
/// controller, and no link in there is followed.
///
/// Checked: the content of each file by its SHA-256, where each link leads, which directories there are, and the modes.
/// Changed: when one of them was not so on the controller; nothing on the node ever is. Other files on the controller
/// stay, unless [`delete_extra`](Handle::<FetchDirectory>::delete_extra) says otherwise. All of both directories is read
/// in each run. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// fetch_directory("/var/log/nginx").to("logs/{node}").exclude("*.gz").delete_extra();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn fetch_directory(path: impl AsRef<str>) -> Handle<FetchDirectory> {
    record(FetchDirectory {
        path: GivenPath::new(path),
        destination: Destination::new(),
        delete_extra: false,
        excluded: Vec::new(),
    })
}

impl Handle<FetchDirectory> {
    /// Says which directory on the controller it becomes. That is made where it is not there, for the user who runs
    /// the program alone. A relative path is resolved against the folder in which the program runs. `{node}` stands for
    /// the name of the node, and must be in the path when the run has several.
    #[track_caller]
    pub fn to(self, path: impl Into<String>) -> Self {
        self.edit(|fetch| fetch.destination.set(path.into()))
    }

    /// Removes what is in the directory on the controller and not in that on the node.
    #[track_caller]
    pub fn delete_extra(self) -> Self {
        self.edit(|fetch| fetch.delete_extra = true)
    }

    /// Leaves out what matches a pattern, with all that is in it: it neither travels nor is removed. See
    /// [`LocalDirectory`](Handle::<super::LocalDirectory>::exclude).
    #[track_caller]
    pub fn exclude(self, pattern: impl Into<String>) -> Self {
        self.edit(|fetch| fetch.excluded.push(Pattern::new(pattern)))
    }
}

impl FetchDirectory {
    /// Finds out where the directory comes to for this node, and what is there: `read` returns what is in it.
    ///
    /// This crate does no input or output, so the runtime calls this between building and planning.
    pub fn resolve(
        &self,
        node: Option<&NodeName>,
        several: bool,
        read: impl FnOnce(&Path) -> Result<Listing, String>,
    ) {
        self.destination.resolve(node, several, read);
    }

    /// Returns where the directory comes to, once that has been resolved.
    pub fn destination(&self) -> Option<&Path> {
        self.destination.path()
    }

    /// Tells whether what has this path in the directory is left out. Nothing in it need be read then.
    pub fn leaves_out(&self, name: &[u8]) -> bool {
        patterns::any_matches(&self.excluded, name)
    }

    fn arrivals(&self, id: ActionId, world: &World) -> Result<Vec<Arrival>, String> {
        let nothing = Listing::new();
        let policy = Policy { delete_extra: self.delete_extra, excluded: &self.excluded };
        let there = self.destination.found().unwrap_or(&nothing);
        arrivals::compare(there, &world.tree(id, self.path.get()).is, &policy)
    }
}

impl Action for FetchDirectory {
    fn kind(&self) -> &'static str {
        "fetch-directory"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        self.excluded.iter().try_for_each(Pattern::check)
    }

    fn missing(&self) -> Option<&'static str> {
        self.destination.missing()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        self.destination.is_sound()?;
        probe.path(self.path.get());
        probe.tree(id, self.path.get(), self.excluded.iter().filter_map(Pattern::for_find).collect());
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        let mut diff = Diff::none();
        diff.doubt(known.doubt);
        diff.doubt(view.world.tree(view.id, path).doubt);
        match &known.is.kind {
            PathKind::Directory => {}
            _ if diff.doubt.is_some() => diff.change("fetched"),
            PathKind::Absent => {
                let hint = "make or unpack it before this line".to_owned();
                return Diff::problem(format!("there is no directory {path} to fetch"), hint);
            }
            PathKind::Link(to) => {
                let hint = format!("name the directory that it leads to: {to:?}");
                return Diff::problem(format!("{path} is a symbolic link"), hint);
            }
            _ => return Diff::problem(format!("{path} is not a directory"), None),
        }
        match self.arrivals(view.id, view.world) {
            Ok(arrivals) => {
                arrivals::describe(&arrivals).into_iter().for_each(|change| diff.change(change));
                diff.arrivals = arrivals;
            }
            Err(_) if diff.doubt.is_some() => diff.change("fetched"),
            Err(message) => return Diff::problem(message, None),
        }
        // Sizes decide where one file ends and the next begins, so they are read when nothing can move any more.
        let moves = diff.doubt.is_some() || (view.world.is_touched(path) && !diff.changes.is_empty());
        diff.split = moves.then_some(Split::Before);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0;
        // What is wrong with them was a problem of the diff, with which nothing is applied.
        let arrivals = self.arrivals(view.id, view.world).unwrap_or_default();
        let begin = Script::new().library(&FETCHES).code(format!("p_frame fetch {id}\n("));
        let begin = begin.code("p_fetch_in ").word(self.path.get().as_str()).code(" || exit\n");
        let files = arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::File { name, size, .. } => Some((name, size)),
            _ => None,
        });
        let script = files.fold(begin, |script, (name, size)| {
            let name = Text::from([b"./", name.as_slice()].concat());
            script.code(format!("p_send {id} {size} ")).word(name).code(" || exit\n")
        });
        script.code(format!(") || return\np_did=\"$p_did {id}\"\n"))
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }

    fn declares(&self) -> Vec<Claim> {
        vec![self.destination.claim(self.path.get())]
    }
}
