//! A file that belongs to one action as a whole, checked by the program that reads it before it goes live.

use super::Part;
use crate::action::{ContentChange, Diff, View};
use crate::claim::{self, Claim, Thing};
use crate::graph::{ActionId, AnyHandle};
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, PathState, Probe};
use crate::script::{FILES, Script};
use crate::secret::Secret;
use crate::text::{Bytes, Text};
use crate::world::World;

/// That a file of root's has this content, or is not there.
#[derive(Debug)]
pub(crate) struct WholeFile {
    pub(crate) path: RemotePath,
    /// `None`: there is no such file.
    pub(crate) content: Option<Text>,
    pub(crate) mode: u32,
    pub(crate) verify: Option<Verify>,
    pub(crate) folder: Folder,
}

/// How a file is checked before it goes live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verify {
    /// The program; its name is in messages.
    pub(crate) program: &'static str,
    /// The command, with `"$p_new"` where the file stands.
    pub(crate) command: &'static str,
}

/// Where the folder of a file comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Folder {
    /// It is made.
    Made,
    /// This package brings it.
    Of(&'static str),
}

impl WholeFile {
    /// Returns the file with this content, readable by all, not checked.
    pub(crate) fn new(path: &RemotePath, content: Option<Text>) -> Self {
        WholeFile { path: path.clone(), content, mode: 0o644, verify: None, folder: Folder::Made }
    }

    fn is_there(&self, wanted: &Text, view: &View<'_>) -> bool {
        let known = view.world.path(&self.path);
        let hash = wanted.content(view.world).map(|content| content.hash());
        known.doubt.is_none() && hash.is_ok_and(|hash| known.is.kind == PathKind::File(Contents::Hash(hash)))
    }

    /// Returns what may be replaced: what is there, if pallet wrote it, else what pallet wrote last.
    fn last_written(&self, view: &View<'_>) -> String {
        let last = view.world.written(&self.path);
        let last = match view.world.path(&self.path).is.kind {
            PathKind::File(Contents::Hash(is)) if !view.world.is_edited(&self.path, is) => last.map(|_| is),
            _ => last,
        };
        last.map(|hash| hash.to_string()).unwrap_or_default()
    }

    fn diff_content(&self, content: &Text, is: &PathState, view: &View<'_>, diff: &mut Diff) {
        let doubt = view.world.path(&self.path).doubt;
        let wanted = content.content(view.world);
        match (&is.kind, &wanted) {
            (PathKind::Directory, _) if doubt.is_none() => {
                *diff = Diff::problem(format!("{} is a directory", self.path), None);
                return;
            }
            (PathKind::Absent, _) => {
                if let Some(problem) = self.missing_folder(view) {
                    *diff = problem;
                    return;
                }
                diff.change(format!("{} created", self.path));
            }
            (PathKind::File(Contents::Hash(hash)), Ok(wanted)) if *hash == wanted.hash() => {
                diff.notes |= view.world.is_edited(&self.path, *hash);
            }
            (PathKind::File(Contents::Hash(hash)), Ok(_)) => {
                if view.world.is_edited(&self.path, *hash) && doubt.is_none() && !view.overwrite_edits {
                    let message = format!("{} was edited by somebody else since pallet wrote it", self.path);
                    let hint = "take the edit over into the source, or replace it with --overwrite-edits";
                    *diff = Diff::problem(message, hint.to_owned());
                    return;
                }
                diff.change(format!("{} content", self.path));
            }
            (PathKind::File(_), _) => diff.change(format!("{} content", self.path)),
            _ => diff.change(format!("{} replaced by a file", self.path)),
        }
        if is.kind != PathKind::Absent {
            self.diff_attributes(is, diff);
        }
        diff.doubt(doubt);
        diff.doubt(wanted.as_ref().err().copied());
        diff.content.get_or_insert(ContentChange {
            path: self.path.clone(),
            before: matches!(is.kind, PathKind::File(_)).then_some(is.size),
            after: wanted.ok().filter(|_| !content.is_secret()),
        });
    }

    fn diff_attributes(&self, is: &PathState, diff: &mut Diff) {
        if is.mode != self.mode {
            diff.change(format!("{} mode {:04o} → {:04o}", self.path, is.mode, self.mode));
        }
        for (what, name, number) in [("owner", &is.owner, is.uid), ("group", &is.group, is.gid)] {
            if number.map_or(name != "root", |number| number != 0) {
                diff.change(format!("{} {what} {name} → root", self.path));
            }
        }
    }

    fn missing_folder(&self, view: &View<'_>) -> Option<Diff> {
        let Folder::Of(package) = self.folder else { return None };
        let parent = self.path.parent()?;
        let known = view.world.path(&parent);
        let missing = known.doubt.is_none() && known.is.kind == PathKind::Absent;
        missing.then(|| {
            let hint = format!("write `package(\"{package}\")` before this line");
            Diff::problem(format!("there is no directory {parent}"), hint)
        })
    }
}

impl Part for WholeFile {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.content(&self.path);
        if let Some(parent) = self.path.parent() {
            probe.path(&parent);
        }
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let known = view.world.path(&self.path);
        match (&self.content, &known.is.kind) {
            (Some(content), _) => return self.diff_content(content, &known.is, view, diff),
            (None, PathKind::Absent) => {}
            (None, PathKind::Directory) if known.doubt.is_none() => {
                *diff = Diff::problem(format!("{} is a directory", self.path), None);
            }
            (None, _) => diff.change(format!("{} removed", self.path)),
        }
        diff.doubt(known.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let path = self.path.as_str();
        let script = Script::new().library(&FILES);
        let Some(content) = &self.content else {
            return script.call("p_absent", [id.as_str(), path, ""]).code("[ $? -eq 0 ] || return\n");
        };
        let mode = format!("{:04o}", self.mode);
        let last = self.last_written(view);
        let hash = content.content(view.world).map(|content| content.hash().to_string()).unwrap_or_default();
        let words = [id.as_str(), path, &mode, "root", "root", &hash, &last];
        if self.is_there(content, view) {
            return script.call("p_keep", words).code("[ $? -eq 0 ] || return\n");
        }
        let mut script = script;
        if let (Folder::Made, Some(parent)) = (self.folder, self.path.parent()) {
            script = script.code("p_folder ").word(parent.as_str()).code(" || return\n");
        }
        script = script
            .code("p_stage ")
            .word(path)
            .code(format!(" {id} || return\n{{\n"))
            .print(view.fill(content))
            .code("} >\"$p_new\" || { rm -f \"$p_new\"; return 1; }\n");
        if let Some(Verify { program, command }) = self.verify {
            script = script
                .code(format!("p_said=$({command} 2>&1) || {{ rm -f \"$p_new\"; p_say \"$p_said\"\np_say "))
                .word(format!("{program} refuses the new {path}; nothing was changed"))
                .code("\nreturn 1; }\n");
        }
        let overwrite = if view.overwrite_edits { "yes" } else { "" };
        script.call("p_file", words.into_iter().chain([overwrite])).code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        let Some(content) = &self.content else {
            world.set_path(&self.path, PathState::absent());
            return;
        };
        if let Some(parent) = self.path.parent()
            && world.path(&parent).is.kind == PathKind::Absent
        {
            world.set_path(&parent, of_root(PathKind::Directory, 0o755, 0));
        }
        let content = content.content(world).ok();
        let hash = content.as_ref().map(Bytes::hash);
        let size = content.as_ref().map_or(0, |content| content.len() as u64);
        world.set_written(&self.path, hash);
        let kind = PathKind::File(hash.map_or(Contents::NotRead, Contents::Hash));
        world.set_path(&self.path, of_root(kind, self.mode, size));
        if let Some(content) = content {
            world.set_text(&self.path, content.to_vec());
        }
    }

    fn claims(&self) -> Vec<Claim> {
        let thing = || Thing::Path(self.path.clone());
        let Some(content) = &self.content else { return vec![Claim::absent(thing())] };
        let content = match content.literal_content() {
            Ok(content) => {
                let hash = content.hash().to_string();
                Claim::new(thing(), "content", hash).shown("another content")
            }
            Err(_) => Claim::unknown(thing(), "content"),
        };
        let mut claims = vec![Claim::existence(thing(), claim::FILE), content];
        let attributes =
            [("mode", format!("{:04o}", self.mode)), ("owner", "root".into()), ("group", "root".into())];
        claims.extend(attributes.map(|(aspect, state)| Claim::new(thing(), aspect, state)));
        claims
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.content.as_ref().map(Text::values).unwrap_or_default()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.content.as_ref().map(Text::secrets).unwrap_or_default()
    }
}

fn of_root(kind: PathKind, mode: u32, size: u64) -> PathState {
    let root = || "root".to_owned();
    PathState { kind, mode, owner: root(), uid: Some(0), group: root(), gid: Some(0), size, modified: 0 }
}
