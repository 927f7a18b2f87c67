//! A directory that is the same as one on the controller.

mod changes;

mod tree;

pub use tree::{LocalEntry, LocalTree};

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words, missing_parent};
use super::patterns::{self, Pattern};
use crate::action::{Action, Diff, Split, View};
use crate::claim::{self, Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle};
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, PathState, Probe, Sha256};
use crate::script::{INLINE_LIMIT, PackedFile, Script, TREES, Upload};
use crate::text::Text;
use crate::world::{Effects, World};
use changes::{Change, Policy, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A directory that is the same as one on the controller: what
/// [`local_directory`](Handle::<super::NewDirectory>::local_directory) returns.
///
/// Its files travel over the connection that is there, and need nothing on the node but `tar`, and not even that when
/// they are few. Only those that differ travel. They are checked, and moved into place one by one, so nobody ever sees
/// half a file; what an interrupted run did not come to is what differs for the next. A link on the node is replaced
/// and never followed; the directory itself must not be one.
///
/// Checked: the content of each file by its SHA-256, where each symbolic link leads, which directories there are, the
/// modes (0755 for directories and for files that their owner may execute on the controller, else 0644), and the owner
/// and the group of all of it if they are given; [`mode`](Handle::<LocalDirectory>::mode) is that of the directory
/// itself. Changed: when one of them was not so. What others edit is a difference like any other, and is replaced: what
/// is on the controller counts. Files that are written anew belong to root, where no owner is given. Other files stay,
/// unless [`delete_extra`](Handle::<LocalDirectory>::delete_extra) says otherwise. All of the directory on the node is
/// read in each run. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// remote_directory("/srv/www").local_directory("site").owner("www-data").delete_extra().exclude("*.swp");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[derive(Debug)]
pub struct LocalDirectory {
    path: GivenPath,
    local: PathBuf,
    read: OnceLock<Result<LocalTree, String>>,
    attributes: Attributes,
    delete_extra: bool,
    excluded: Vec<Pattern>,
}

attribute_methods!(LocalDirectory);

impl Handle<LocalDirectory> {
    /// Removes what is in the directory on the node and not in that on the controller.
    #[track_caller]
    pub fn delete_extra(self) -> Self {
        self.edit(|directory| directory.delete_extra = true)
    }

    /// Leaves out what matches a pattern, with all that is in it: it neither travels nor is removed.
    ///
    /// `*` stands for any characters but `/`, `?` for one. A pattern without `/` is matched with the name of each
    /// thing, wherever it is: `*.swp`, `.git`. One with `/` is matched with the whole path from the directory:
    /// `static/uploads`.
    #[track_caller]
    pub fn exclude(self, pattern: impl Into<String>) -> Self {
        self.edit(|directory| directory.excluded.push(Pattern::new(pattern)))
    }
}

impl LocalDirectory {
    pub(super) fn new(path: GivenPath, local: PathBuf) -> Self {
        LocalDirectory {
            path,
            local,
            read: OnceLock::new(),
            attributes: Attributes::default(),
            delete_extra: false,
            excluded: Vec::new(),
        }
    }

    /// Returns the directory on the controller that is still to be read. See
    /// [`RemoteFile::local_path`](super::RemoteFile::local_path).
    pub fn local_path(&self) -> Option<&Path> {
        self.read.get().is_none().then_some(&self.local)
    }

    /// Tells whether what has this path in the directory is left out. Nothing in it need be read then.
    pub fn leaves_out(&self, name: &str) -> bool {
        patterns::any_matches(&self.excluded, name.as_bytes())
    }

    /// Takes what is in the directory on the controller, or why it could not be read.
    pub fn set_local_tree(&self, tree: Result<LocalTree, String>) {
        // Reading it twice gives the same; the first stays.
        let _ = self.read.set(tree);
    }

    fn tree(&self) -> Result<&LocalTree, String> {
        match self.read.get() {
            Some(Ok(tree)) => Ok(tree),
            Some(Err(error)) => {
                Err(format!("cannot read {} on the controller: {error}", self.local.display()))
            }
            None => Err(format!("{} on the controller was not read", self.local.display())),
        }
    }

    fn policy(&self) -> Policy<'_> {
        Policy {
            owner: self.attributes.owner.as_deref(),
            group: self.attributes.group.as_deref(),
            delete_extra: self.delete_extra,
            excluded: &self.excluded,
        }
    }

    /// Returns what has to be done in the directory.
    fn changes(&self, id: ActionId, world: &World) -> Result<Vec<Change<'_>>, String> {
        changes::compare(self.tree()?, &world.tree(id, self.path.get()).is, &self.policy())
    }

    /// Returns code that stages all that is written, and checks it.
    fn stage(&self, id: ActionId, writes: &[&Write<'_>]) -> Script {
        if writes.is_empty() {
            return Script::new();
        }
        let hashes: String = writes.iter().map(|write| write.hash.to_string()).collect();
        let script = if writes.iter().map(|write| write.size).sum::<u64>() <= INLINE_LIMIT
            && writes.iter().all(|write| write.bytes.is_some())
        {
            writes.iter().fold(Script::new(), |script, write| {
                let bytes = write.bytes.unwrap_or_default().to_vec();
                let script =
                    script.code("{\n").print(bytes).code("} >\"$p_tree\"/").word(write.staged.as_str());
                script.code(format!(" || {{ p_tree_end 1 {}; return 1; }}\n", id.0))
            })
        } else {
            let packed = |write: &&Write<'_>| PackedFile {
                name: write.staged.clone(),
                path: self.local.join(write.name),
                size: write.size,
            };
            let hash = Sha256::of(hashes.as_bytes());
            let upload = Upload::pack(hash, writes.iter().map(packed).collect());
            let script = Script::new().upload(upload).code("p_tree_unpack ").word(hash.to_string());
            script.code(format!(" || {{ p_tree_end 1 {}; return 1; }}\n", id.0))
        };
        let words = writes.iter().flat_map(|write| [write.hash.to_string(), write.staged.clone()]);
        let script = words.fold(script.code("p_tree_check"), |script, word| script.code(" ").word(word));
        script.code(format!(" || {{ p_tree_end 1 {}; return 1; }}\n", id.0))
    }
}

impl Action for LocalDirectory {
    fn kind(&self) -> &'static str {
        "remote-directory"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        if self.path.get().parent().is_none() {
            return Err("the root directory is not made the same as another".to_owned());
        }
        self.excluded.iter().try_for_each(Pattern::check)?;
        self.attributes.check()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        self.tree()?;
        let passed_over = self.excluded.iter().filter_map(Pattern::for_find).collect();
        probe.tree(id, self.path.get(), passed_over);
        self.attributes.probe_at(self.path.get(), probe);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        if let Some(problem) = self.attributes.missing_account(view) {
            return problem;
        }
        let mut diff = Diff::none();
        // What differs decides what travels, so nothing may be in doubt then.
        diff.doubt(known.doubt);
        diff.doubt(view.world.tree(view.id, path).doubt);
        diff.split = diff.doubt.map(|_| Split::Before);
        match &known.is.kind {
            PathKind::Absent => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change("created"),
            },
            PathKind::Directory => self.attributes.diff(&known.is, &mut diff),
            _ if diff.doubt.is_some() => diff.change("created"),
            PathKind::Link(to) => {
                let hint = format!("name the directory that it leads to: {to:?}");
                return Diff::problem(format!("{path} is a symbolic link"), hint);
            }
            _ => return Diff::problem(format!("{path} exists and is not a directory"), None),
        }
        match self.changes(view.id, view.world) {
            Ok(changes) => changes::describe(&changes).into_iter().for_each(|change| diff.change(change)),
            Err(_) if diff.doubt.is_some() => diff.change("content"),
            Err(message) => return Diff::problem(message, None),
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id;
        // What is wrong with them was a problem of the diff, with which nothing is applied.
        let changes = self.changes(id, view.world).unwrap_or_default();
        let own = first_words(id.0, self.path.get(), &self.attributes);
        if changes.is_empty() {
            return Script::new().library(&TREES).call("p_dir", own);
        }
        let begin = own
            .into_iter()
            .fold(Script::new().library(&TREES).code("p_tree_begin"), |script, word| {
                script.code(" ").word(word)
            })
            .code(" || return\n");
        let writes: Vec<&Write<'_>> = changes.iter().filter_map(Change::write).collect();
        let script = begin.append(self.stage(id, &writes)).code("(\n");
        let script = changes::apply(&changes).into_iter().fold(script, |script, (function, words)| {
            let script =
                words.into_iter().fold(script.code(function), |script, word| script.code(" ").word(word));
            script.code(" || exit\n")
        });
        script.code(format!(")\np_tree_end $? {}\n", id.0))
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        let path = self.path.get();
        let (Ok(tree), Ok(changes)) = (self.tree(), self.changes(id, world)) else { return };
        let below = |name: &[u8]| {
            let name = std::str::from_utf8(name).ok()?;
            RemotePath::new(format!("{path}/{name}")).ok()
        };
        let gone: Vec<RemotePath> = changes.iter().filter_map(Change::removed).filter_map(below).collect();
        let before = world.path(path).is;
        world.set_path(path, self.attributes.predict(&before, PathKind::Directory, 0o755));
        for path in gone {
            world.set_path(&path, PathState::absent());
        }
        for (name, entry) in tree.entries() {
            let Some(path) = below(name.as_bytes()) else { continue };
            let kind = match entry {
                LocalEntry::Directory => PathKind::Directory,
                LocalEntry::File { hash, .. } => PathKind::File(Contents::Hash(*hash)),
                LocalEntry::Link { target } => PathKind::Link(target.clone()),
            };
            let own = Attributes { mode: entry.mode(), ..self.attributes.clone() };
            let mut state = own.predict(&world.path(&path).is, kind, 0o777);
            if let LocalEntry::File { size, .. } = entry {
                state.size = *size;
            }
            world.set_path(&path, state);
        }
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        let mut claims = vec![Claim::existence(self.path.thing(), claim::DIRECTORY)];
        claims.extend(self.attributes.claims(self.path.get()));
        let Ok(tree) = self.tree() else { return claims };
        let same = |name: &str| format!("the same as {} on the controller", self.local.join(name).display());
        if self.delete_extra {
            let claim = Claim::new(self.path.thing(), "content", tree.hash().to_string());
            claims.push(claim.shown(same("")));
        }
        for (name, entry) in tree.entries() {
            let Ok(path) = RemotePath::new(format!("{}/{name}", self.path.get())) else { continue };
            let thing = || Thing::Path(path.clone());
            claims.push(Claim::existence(thing(), entry.kind()));
            if let LocalEntry::File { hash, .. } = entry {
                claims.push(Claim::new(thing(), "content", hash.to_string()).shown(same(name)));
            }
            claims.extend(Attributes { mode: entry.mode(), ..self.attributes.clone() }.claims(&path));
        }
        claims
    }
}

impl Write<'_> {
    /// Returns the word by which the staged file is known.
    fn word(&self) -> Text {
        Text::from(self.staged.as_str())
    }
}
