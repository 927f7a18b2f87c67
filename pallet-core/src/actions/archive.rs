//! An archive that is made on the node from a directory there.

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words, missing_parent, never_runs};
use super::patterns::{self, Pattern};
use crate::action::{Action, Diff, Split, View};
use crate::claim::{self, Claim};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, PathState, Probe, Sha256, Tree};
use crate::script::{PACKING, Script};
use crate::text::Text;
use crate::world::{Effects, World};

/// An archive that is made on the node from a directory there.
#[derive(Debug)]
pub struct Archive {
    path: GivenPath,
    directory: Option<GivenPath>,
    excluded: Vec<Pattern>,
    attributes: Attributes,
}

/// An archive of which has not been said yet what is in it: the type of what [`archive`] returns.
#[derive(Debug)]
pub enum NewArchive {}

/// Declares an archive on the node that has a directory of the node in it: say with
/// [`of`](Handle::<NewArchive>::of) which.
///
/// The name says what it is: `.tar`, `.tar.gz` or `.tgz`, `.tar.bz2`, `.tar.xz` or `.txz`, `.tar.zst`, `.zip`. The node
/// needs `tar` and the program that compresses, or `zip`. Members are named from the directory on, in the order of
/// their names, and no time of packing is in it. It is made beside its place and moved there when it is whole.
///
/// Checked: that the archive is the one that was made last, and that the directory has the same in it as then: names,
/// contents by their SHA-256, modes, owners, groups, links, and not the times of its files. For that all of the
/// directory is read in each run. Changed: when one of them was not so and the archive was made anew, or when its own
/// mode, owner or group was not so. A new archive belongs to root. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// archive("/var/backups/site.tar.gz").of("/srv/www").exclude("*.tmp").mode(0o600);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
#[must_use = "say of what it is an archive: call `of`"]
pub fn archive(path: impl AsRef<str>) -> Handle<NewArchive> {
    let archive = Archive {
        path: GivenPath::new(path),
        directory: None,
        excluded: Vec::new(),
        attributes: Attributes::default(),
    };
    record(archive).cast()
}

never_runs!(NewArchive);
attribute_methods!(Archive);

impl Handle<NewArchive> {
    /// Says which directory is packed.
    #[track_caller]
    pub fn of(self, directory: impl AsRef<str>) -> Handle<Archive> {
        self.cast::<Archive>().edit(|archive| archive.directory = Some(GivenPath::new(directory)))
    }
}

impl Handle<Archive> {
    /// Leaves out what matches a pattern, with all that is in it. In a name `*` stands for any characters and `?` for
    /// one; a path from the directory on, `static/uploads`, has neither.
    #[track_caller]
    pub fn exclude(self, pattern: impl Into<String>) -> Self {
        self.edit(|archive| archive.excluded.push(Pattern::new(pattern)))
    }
}

/// The endings of names, and the programs that make what they stand for.
const FORMATS: [(&str, &str); 9] = [
    (".tar", "tar"),
    (".tar.gz", "gzip"),
    (".tgz", "gzip"),
    (".tar.bz2", "bzip2"),
    (".tbz2", "bzip2"),
    (".tar.xz", "xz"),
    (".txz", "xz"),
    (".tar.zst", "zstd"),
    (".zip", "zip"),
];

fn program(path: &RemotePath) -> Option<&'static str> {
    FORMATS.iter().find(|(ending, _)| path.as_str().ends_with(ending)).map(|(_, program)| *program)
}

/// Returns a hash of what is packed: the same as long as the archive would have the same in it.
fn digest(program: &str, tree: &Tree, excluded: &[Pattern]) -> Result<Sha256, String> {
    let mut lines = format!("{program}\n").into_bytes();
    for (name, found) in tree.iter().filter(|(name, _)| !patterns::any_matches(excluded, name)) {
        if name.contains(&b'\n') {
            let name = String::from_utf8_lossy(name);
            return Err(format!("the name {name:?} has a newline in it; leave it out with `.exclude(…)`"));
        }
        let PathState { kind, mode, owner, uid, group, gid, .. } = found;
        let number = |number: &Option<u32>, name: &str| number.map_or(name.to_owned(), |id| id.to_string());
        let (owner, group) = (number(uid, owner), number(gid, group));
        lines.extend_from_slice(name);
        lines.extend(format!("\n{mode:o} {owner} {group} {kind:?}\n").bytes());
    }
    Ok(Sha256::of(&lines))
}

impl Archive {
    /// Returns what is packed. Only actions that passed their check are probed, diffed and applied.
    fn directory(&self) -> &RemotePath {
        self.directory.as_ref().expect("checked when the graph was built").get()
    }

    fn digest(&self, id: ActionId, world: &World) -> Result<Sha256, String> {
        let program = program(self.path.get()).unwrap_or_default();
        digest(program, &world.tree(id, self.directory()).is, &self.excluded)
    }

    /// Returns why there is nothing to pack.
    fn nothing_to_pack(&self, view: &View<'_>) -> Option<Diff> {
        let directory = self.directory();
        let known = view.world.path(directory);
        match known.is.kind {
            PathKind::Directory => None,
            _ if known.doubt.is_some() => None,
            PathKind::Absent => {
                let hint = "make or unpack it before this line".to_owned();
                Some(Diff::problem(format!("there is no directory {directory}"), hint))
            }
            PathKind::Link(to) => {
                let hint = format!("name the directory that it leads to: {to:?}");
                Some(Diff::problem(format!("{directory} is a symbolic link"), hint))
            }
            _ => Some(Diff::problem(format!("{directory} is not a directory"), None)),
        }
    }
}

impl Action for Archive {
    fn kind(&self) -> &'static str {
        "archive"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        let path = self.path.get();
        if program(path).is_none() {
            let endings = FORMATS.map(|(ending, _)| ending).join(", ");
            return Err(format!(
                "{path} does not say what kind of archive it is: it ends with none of {endings}"
            ));
        }
        if let Some(directory) = &self.directory {
            directory.check()?;
            if path.is_within(directory.get()) {
                return Err(format!(
                    "{path} is in what it is an archive of, and would be packed into itself"
                ));
            }
        }
        for pattern in &self.excluded {
            pattern.check()?;
            if pattern.for_find().is_none() {
                return Err("a pattern for an archive has `*` and `?` in a name or none in a path".to_owned());
            }
        }
        self.attributes.check()
    }

    fn missing(&self) -> Option<&'static str> {
        self.directory.is_none().then_some("it is not said of what it is an archive: call `of`")
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        let passed_over = self.excluded.iter().filter_map(Pattern::for_find).collect();
        probe.path(self.directory());
        probe.tree(id, self.directory(), passed_over);
        probe.content(self.path.get());
        probe.origin(self.path.get());
        self.attributes.probe(probe);
        if let Some(parent) = self.path.get().parent() {
            probe.path(&parent);
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        if let Some(problem) = self.nothing_to_pack(view).or_else(|| self.attributes.missing_account(view)) {
            return problem;
        }
        let (path, directory) = (self.path.get(), self.directory());
        let known = view.world.path(path);
        let mut diff = Diff::none();
        diff.doubt(view.world.path(directory).doubt);
        diff.doubt(view.world.tree(view.id, directory).doubt);
        diff.doubt(known.doubt);
        let wanted = match self.digest(view.id, view.world) {
            Ok(digest) => Some(digest),
            Err(_) if diff.doubt.is_some() => None,
            Err(message) => return Diff::problem(message, None),
        };
        match known.is.kind {
            PathKind::Absent => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change("packed"),
            },
            PathKind::File(Contents::Hash(is))
                if wanted.map(|wanted| (wanted, is)) == view.world.origin(path) =>
            {
                self.attributes.diff(&known.is, &mut diff);
            }
            PathKind::Directory if known.doubt.is_none() => {
                return Diff::problem(format!("{path} is a directory"), None);
            }
            _ => diff.change("packed"),
        }
        // What is remembered is what was read, so it is read when nothing can move any more.
        let moves = diff.doubt.is_some() || (view.world.is_touched(directory) && !diff.changes.is_empty());
        diff.split = moves.then_some(Split::Before);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        let Ok(wanted) = self.digest(view.id, view.world) else { return Script::new() };
        let own = first_words(view.id.0, path, &self.attributes);
        let script = Script::new().library(&PACKING);
        let is_packed = matches!(view.world.path(path).is.kind,
            PathKind::File(Contents::Hash(is)) if view.world.origin(path) == Some((wanted, is)));
        if is_packed {
            return script.call("p_own", own);
        }
        let stage = script.code("p_stage ").word(path.as_str()).code(format!(" {} || return\n", view.id.0));
        let words = [self.directory().as_str(), program(path).unwrap_or_default()].map(str::to_owned);
        let passed_over = self.excluded.iter().filter_map(Pattern::for_find).flat_map(|pattern| {
            let by = if pattern.contains('/') { "-path" } else { "-name" };
            [by.to_owned(), pattern, "-prune".to_owned(), "-o".to_owned()]
        });
        let pack = words
            .into_iter()
            .chain(passed_over)
            .fold(stage.code("p_pack"), |script, word| script.code(" ").word(word));
        let words = own.into_iter().chain([Text::from(wanted.to_string())]);
        pack.code(" || { rm -f \"$p_new\"; return 1; }\n").call("p_packed_now", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let path = self.path.get();
        let before = world.path(path).is;
        world.set_path(path, self.attributes.predict(&before, PathKind::File(Contents::NotRead), 0o644));
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        let mut claims = vec![Claim::existence(self.path.thing(), claim::FILE)];
        if let Some(directory) = &self.directory {
            let directory = directory.subject();
            let claim = Claim::new(self.path.thing(), "content", format!("archive of {directory}"));
            claims.push(claim.shown(format!("an archive of {directory}")));
        }
        claims.extend(self.attributes.claims(self.path.get()));
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str, u32)]) -> Tree {
        let entry = |&(name, content, mode): &(&str, &str, u32)| {
            let kind = PathKind::File(Contents::Hash(Sha256::of(content.as_bytes())));
            (name.as_bytes().to_vec(), PathState { kind, mode, ..PathState::absent() })
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn the_digest_is_of_what_is_packed() {
        let excluded = [Pattern::new("*.swp")];
        let of = |entries: &[(&str, &str, u32)]| digest("gzip", &tree(entries), &excluded);
        let is = of(&[("a", "x", 0o644), ("b", "y", 0o644)]);
        assert!(is.is_ok());
        assert_eq!(is, of(&[("a", "x", 0o644), ("a.swp", "z", 0o644), ("b", "y", 0o644)]));
        for other in [
            of(&[("a", "x", 0o644)]),
            of(&[("a", "x", 0o600), ("b", "y", 0o644)]),
            of(&[("a", "y", 0o644), ("b", "y", 0o644)]),
            of(&[("a", "x", 0o644), ("c", "y", 0o644)]),
            digest("xz", &tree(&[("a", "x", 0o644), ("b", "y", 0o644)]), &excluded),
        ] {
            assert_ne!(is, other);
        }
        let mut touched = tree(&[("a", "x", 0o644), ("b", "y", 0o644)]);
        touched.iter_mut().for_each(|(_, found)| found.modified = 1);
        assert_eq!(is, digest("gzip", &touched, &excluded));
        assert!(of(&[("a\nb", "x", 0o644)]).is_err_and(|message| message.contains("exclude")));
    }

    #[test]
    fn what_cannot_be_packed_is_refused() {
        let refused = |path: &str, directory: &str, pattern: &str| {
            let built = crate::graph::build(&crate::Context::example(), || {
                archive(path).of(directory).exclude(pattern);
            });
            built.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused("/b/x.tar.gz", "/srv", "*.swp"), "");
        assert!(refused("/b/x.rar", "/srv", "x").contains("none of .tar, .tar.gz"));
        assert!(refused("/srv/x.zip", "/srv", "x").contains("into itself"));
        assert!(refused("/b/x.zip", "/srv", "a/*").contains("none in a path"));
        let bare = crate::graph::build(&crate::Context::example(), || {
            let _ = archive("/b/x.zip");
        });
        assert!(bare.is_err_and(|error| error.to_string().contains("call `of`")));
    }
}
