//! A small file that one of these actions has for itself, such as the description of a source.

use crate::action::{Diff, View};
use crate::graph::ActionId;
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, PathState, Probe, Sha256};
use crate::script::{DOWNLOADS, FILES, Script};
use crate::text::Text;
use crate::world::World;

/// A file of mode 0644, or 0600 if there is a secret in it, or no file at all.
#[derive(Debug)]
pub(super) struct OwnFile {
    pub(super) path: RemotePath,
    pub(super) content: OwnContent,
}

#[derive(Debug)]
pub(super) enum OwnContent {
    Text(Text),
    /// What is at this address and has this hash.
    Url {
        url: String,
        hash: Sha256,
    },
    Absent,
}

impl OwnFile {
    pub(super) fn probe(&self, probe: &mut Probe) {
        probe.content(&self.path);
    }

    /// Adds what differs.
    pub(super) fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let known = view.world.path(&self.path);
        diff.doubt(known.doubt);
        let wanted = match self.hash(view) {
            Ok(wanted) => wanted,
            Err(by) => {
                diff.change(format!("{} written", self.path));
                return diff.doubt(Some(by));
            }
        };
        match (&known.is.kind, wanted) {
            (PathKind::Absent, None) => {}
            (PathKind::Absent, Some(_)) => diff.change(format!("{} written", self.path)),
            (_, None) => diff.change(format!("{} removed", self.path)),
            (PathKind::File(Contents::Hash(is)), Some(wanted)) if *is == wanted => {
                if known.is.mode != self.mode() {
                    diff.change(format!("mode of {}", self.path));
                }
            }
            _ => diff.change(format!("{} changed", self.path)),
        }
    }

    /// Returns what makes it so. The directory is made with it.
    pub(super) fn script(&self, id: ActionId, view: Option<&View<'_>>) -> Script {
        let path = self.path.as_str();
        let id = id.0.to_string();
        let mode = format!("{:04o}", self.mode());
        let script = Script::new().library(&FILES);
        let staged = script.code("mkdir -p -- ").word(parent(path)).code(" || return\np_stage ").word(path);
        let staged = staged.code(format!(" {id} || return\n"));
        // It is nobody's but ours: what others wrote there is replaced.
        let put = |hash: String| [id.clone(), path.to_owned(), mode, String::new(), String::new(), hash];
        match &self.content {
            OwnContent::Absent => {
                Script::new().library(&FILES).call("p_absent", [&*id, path, ""]).code(OR_RETURN)
            }
            OwnContent::Text(text) => {
                let text = view.map_or_else(|| text.clone(), |view| view.fill(text));
                staged
                    .code("{\n")
                    .print(text)
                    .code("} >\"$p_new\" || { rm -f \"$p_new\"; return 1; }\n")
                    .call("p_file", put(String::new()))
                    .code(OR_RETURN)
            }
            OwnContent::Url { url, hash } => staged
                .library(&DOWNLOADS)
                .call("p_pkg_fetch", [url.clone(), hash.to_string()])
                .code("[ $? -eq 0 ] || { rm -f \"$p_new\"; return 1; }\n")
                .call("p_file", put(hash.to_string()))
                .code(OR_RETURN),
        }
    }

    pub(super) fn predict(&self, world: &mut World) {
        let hash = match &self.content {
            OwnContent::Absent => return world.set_path(&self.path, PathState::absent()),
            OwnContent::Text(text) => text.content(world).ok().map(|text| text.hash()),
            OwnContent::Url { hash, .. } => Some(*hash),
        };
        let mut state = world.path(&self.path).is;
        state.kind = PathKind::File(hash.map_or(Contents::NotRead, Contents::Hash));
        state.mode = self.mode();
        world.set_written(&self.path, hash);
        world.set_path(&self.path, state);
    }

    fn mode(&self) -> u32 {
        match &self.content {
            OwnContent::Text(text) if text.is_secret() => 0o600,
            _ => 0o644,
        }
    }

    fn hash(&self, view: &View<'_>) -> Result<Option<Sha256>, ActionId> {
        match &self.content {
            OwnContent::Absent => Ok(None),
            OwnContent::Text(text) => text.content(view.world).map(|text| Some(text.hash())),
            OwnContent::Url { hash, .. } => Ok(Some(*hash)),
        }
    }
}

pub(super) const OR_RETURN: &str = "[ $? -eq 0 ] || return\n";

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(parent, _)| parent)
}
