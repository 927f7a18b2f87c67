//! Where the content of a file comes from.

use super::Download;
use crate::action::{Problem, View};
use crate::actions::attributes::GivenPath;
use crate::graph::ActionId;
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, Probe, Sha256};
use crate::script::Script;
use crate::text::Text;
use crate::world::World;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(super) const NO_CONTENT: &str =
    "no content is given: call `content`, `template`, `local_file`, `copy_of` or `url`";

/// Where the content of a file comes from.
#[derive(Debug)]
pub(super) enum Source {
    Text(Text),
    /// A file on the controller, which the runtime reads before it plans.
    Local {
        path: PathBuf,
        read: LocalFile,
    },
    /// Another file on the node.
    Copy(GivenPath),
    Url(Download),
}

/// The content of a file on the controller, once it has been read.
pub(super) type LocalFile = OnceLock<Result<Vec<u8>, String>>;

/// What a file should contain, as far as that is known.
pub(super) enum Wanted {
    /// A content with this hash.
    Content { hash: Sha256, bytes: Option<Vec<u8>>, secret: bool, doubt: Option<ActionId> },
    /// Whatever came from there, which is known by this hash.
    Origin(Sha256),
    /// What this action before it decides. With `look` the controller must know it.
    Unknown { because: ActionId, look: bool },
}

impl Wanted {
    pub(super) fn content(hash: Sha256) -> Self {
        Wanted::Content { hash, bytes: None, secret: false, doubt: None }
    }

    pub(super) fn hash(&self) -> Option<Sha256> {
        match self {
            Wanted::Content { hash, doubt: None, .. } => Some(*hash),
            _ => None,
        }
    }

    pub(super) fn doubt(&self) -> Option<ActionId> {
        match self {
            Wanted::Content { doubt, .. } => *doubt,
            _ => None,
        }
    }

    /// Returns the content for people, if they may see it.
    pub(super) fn shown(self) -> Option<Vec<u8>> {
        match self {
            Wanted::Content { bytes, secret: false, .. } => bytes,
            _ => None,
        }
    }
}

impl Source {
    pub(super) fn local(path: PathBuf) -> Self {
        Source::Local { path, read: LocalFile::default() }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Source::Text(_) | Source::Local { .. } => Ok(()),
            Source::Copy(path) => path.check(),
            Source::Url(download) => download.check(),
        }
    }

    /// Returns the file on the controller that is still to be read.
    pub(super) fn unread(&self) -> Option<&Path> {
        match self {
            Source::Local { path, read } if read.get().is_none() => Some(path),
            _ => None,
        }
    }

    /// Returns the content, and whether it is secret, where the controller has it without asking a node.
    pub(super) fn given(&self) -> Option<(Vec<u8>, bool)> {
        match self {
            Source::Text(text) => Some((text.resolve(|_| None).ok()?, text.is_secret())),
            Source::Local { read, .. } => Some((read.get()?.as_ref().ok()?.clone(), false)),
            Source::Copy(_) | Source::Url(_) => None,
        }
    }

    /// Returns the text that may have secrets and values in it.
    pub(super) fn text(&self) -> Option<&Text> {
        match self {
            Source::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn probe(&self, id: ActionId, target: &RemotePath, probe: &mut Probe) -> Result<(), String> {
        match self {
            Source::Text(_) => {}
            Source::Local { path, read } => drop(local(path, read)?),
            Source::Copy(path) => probe.content(path.get()),
            Source::Url(download) => download.probe(id, target, probe),
        }
        Ok(())
    }

    /// Returns what the file should contain.
    ///
    /// # Errors
    ///
    /// Why there is no such thing.
    pub(super) fn wanted(&self, id: ActionId, world: &World) -> Result<Wanted, Problem> {
        match self {
            Source::Text(text) => Ok(match text.resolve(|id| world.value(id)) {
                Ok(bytes) => known(bytes, text.is_secret()),
                Err(because) => Wanted::Unknown { because, look: false },
            }),
            Source::Local { path, read } => match local(path, read) {
                Ok(bytes) => Ok(known(bytes.to_vec(), false)),
                Err(message) => Err(Problem { message, hint: None }),
            },
            Source::Copy(path) => copied(id, path.get(), world),
            Source::Url(download) => download.wanted(id, world),
        }
    }

    /// Returns code that fills the staged file `p_new`. When it fails it has removed it.
    pub(super) fn stage(&self, view: &View<'_>) -> Script {
        let print = |text: Text| {
            Script::new().code("{\n").print(text).code("} >\"$p_new\" || { rm -f \"$p_new\"; return 1; }\n")
        };
        match self {
            Source::Text(text) => print(view.fill(text)),
            Source::Local { path, read } => {
                print(local(path, read).map(|bytes| Text::from(bytes.to_vec())).unwrap_or_default())
            }
            Source::Copy(path) => Script::new()
                .code("cat <")
                .word(path.get().as_str())
                .code(" >\"$p_new\" || { rm -f \"$p_new\"; return 1; }\n"),
            Source::Url(download) => download.stage(),
        }
    }
}

fn known(bytes: Vec<u8>, secret: bool) -> Wanted {
    Wanted::Content { hash: Sha256::of(&bytes), bytes: Some(bytes), secret, doubt: None }
}

fn local<'a>(path: &Path, read: &'a LocalFile) -> Result<&'a [u8], String> {
    match read.get() {
        Some(Ok(bytes)) => Ok(bytes),
        Some(Err(error)) => Err(format!("cannot read {} on the controller: {error}", path.display())),
        None => Err(format!("{} on the controller was not read", path.display())),
    }
}

fn copied(id: ActionId, from: &RemotePath, world: &World) -> Result<Wanted, Problem> {
    let known = world.path(from);
    match (known.is.kind, known.doubt) {
        (PathKind::File(Contents::Hash(hash)), doubt) => {
            Ok(Wanted::Content { hash, bytes: None, secret: false, doubt })
        }
        (PathKind::File(Contents::NotRead), doubt) => {
            Ok(Wanted::Unknown { because: doubt.unwrap_or(id), look: false })
        }
        (_, Some(because)) => Ok(Wanted::Unknown { because, look: false }),
        (PathKind::Absent, None) => Err(Problem {
            message: format!("there is no file {from} to copy"),
            hint: Some("install or write it before this line".to_owned()),
        }),
        (PathKind::Link(to), None) => Err(Problem {
            message: format!("{from} is a symbolic link, and what is copied is a file"),
            hint: Some(format!("name the file that it leads to: {to:?}")),
        }),
        (_, None) => Err(Problem { message: format!("{from} is not a file"), hint: None }),
    }
}
