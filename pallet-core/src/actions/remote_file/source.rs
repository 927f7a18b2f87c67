//! Where the content of a file comes from.

use super::Download;
use crate::action::{Problem, View};
use crate::actions::attributes::GivenPath;
use crate::claim::{Claim, Thing};
use crate::graph::ActionId;
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, Probe, Sha256};
use crate::script::{Script, Upload};
use crate::text::{Bytes, Text};
use crate::world::World;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(in crate::actions) const NO_CONTENT: &str =
    "no content is given: call `content`, `template`, `local_file`, `copy_of` or `url`";

/// Where the content of a file comes from.
#[derive(Debug)]
pub(in crate::actions) enum Source {
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
pub(in crate::actions) type LocalFile = OnceLock<Result<LocalContent, String>>;

/// What was read of a file on the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalContent {
    /// All of it.
    Bytes(Bytes),
    /// What is needed of one with more bytes than [`INLINE_LIMIT`](crate::script::INLINE_LIMIT): it is read again when
    /// it is uploaded.
    Large {
        /// The hash of its content.
        hash: Sha256,
        /// How many bytes it has.
        size: u64,
    },
}

/// What a file should contain, as far as that is known.
pub(in crate::actions) enum Wanted {
    /// A content with this hash.
    Content { hash: Sha256, bytes: Option<Bytes>, secret: bool, doubt: Option<ActionId> },
    /// Whatever came from there, which is known by this hash.
    Origin(Sha256),
    /// What this action before it decides. With `look` the controller must know it.
    Unknown { because: ActionId, look: bool },
}

impl Wanted {
    pub(in crate::actions) fn content(hash: Sha256) -> Self {
        Wanted::Content { hash, bytes: None, secret: false, doubt: None }
    }

    pub(in crate::actions) fn hash(&self) -> Option<Sha256> {
        match self {
            Wanted::Content { hash, doubt: None, .. } => Some(*hash),
            _ => None,
        }
    }

    pub(in crate::actions) fn doubt(&self) -> Option<ActionId> {
        match self {
            Wanted::Content { doubt, .. } => *doubt,
            _ => None,
        }
    }

    /// Returns the content for people, if they may see it.
    pub(in crate::actions) fn shown(self) -> Option<Bytes> {
        match self {
            Wanted::Content { bytes, secret: false, .. } => bytes,
            _ => None,
        }
    }
}

impl Source {
    pub(in crate::actions) fn local(path: PathBuf) -> Self {
        Source::Local { path, read: LocalFile::default() }
    }

    pub(in crate::actions) fn check(&self) -> Result<(), String> {
        match self {
            Source::Text(_) | Source::Local { .. } => Ok(()),
            Source::Copy(path) => path.check(),
            Source::Url(download) => download.check(),
        }
    }

    /// Returns the file on the node that it is, where it is one.
    pub(in crate::actions) fn on_node(&self) -> Option<&RemotePath> {
        match self {
            Source::Copy(path) => Some(path.get()),
            _ => None,
        }
    }

    /// Returns the file on the controller that is still to be read.
    pub(in crate::actions) fn unread(&self) -> Option<&Path> {
        match self {
            Source::Local { path, read } if read.get().is_none() => Some(path),
            _ => None,
        }
    }

    /// Returns the text that may have secrets and values in it.
    pub(in crate::actions) fn text(&self) -> Option<&Text> {
        match self {
            Source::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(in crate::actions) fn probe(
        &self,
        id: ActionId,
        target: &RemotePath,
        probe: &mut Probe,
    ) -> Result<(), String> {
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
    pub(in crate::actions) fn wanted(&self, id: ActionId, world: &World) -> Result<Wanted, Problem> {
        match self {
            Source::Text(text) => Ok(match text.content(world) {
                Ok(bytes) => known(bytes, text.is_secret()),
                Err(because) => Wanted::Unknown { because, look: false },
            }),
            Source::Local { path, read } => match local(path, read) {
                Ok(LocalContent::Bytes(bytes)) => Ok(known(bytes.clone(), false)),
                Ok(LocalContent::Large { hash, .. }) => Ok(Wanted::content(*hash)),
                Err(message) => Err(Problem { message, hint: None }),
            },
            Source::Copy(path) => copied(id, path.get(), world),
            Source::Url(download) => download.wanted(id, world),
        }
    }

    /// Returns the claim about the content: its hash, or nothing where only the node knows it.
    pub(in crate::actions) fn claim(&self, thing: Thing) -> Claim {
        let (content, secret) = match self {
            Source::Text(text) => (text.literal_content().ok(), text.is_secret()),
            Source::Local { path, read } => match local(path, read) {
                Ok(LocalContent::Bytes(bytes)) => (Some(bytes.clone()), false),
                Ok(LocalContent::Large { hash, .. }) => return hash_claim(thing, *hash),
                Err(_) => (None, false),
            },
            Source::Url(download) => {
                return match download.hash() {
                    Some(hash) => hash_claim(thing, hash),
                    None => Claim::unknown(thing, "content"),
                };
            }
            Source::Copy(_) => (None, false),
        };
        let Some(content) = content else { return Claim::unknown(thing, "content") };
        let claim = Claim::new(thing, "content", content.hash().to_string());
        claim.shown(if secret { "content with a secret".to_owned() } else { describe(&content) })
    }

    /// Returns code that fills the staged file `p_new`. When it fails it has removed it.
    pub(in crate::actions) fn stage(&self, view: &View<'_>) -> Script {
        match self {
            Source::Text(text) => Script::staged(view.fill(text)),
            Source::Local { path, read } => match local(path, read) {
                Ok(LocalContent::Bytes(bytes)) => Script::staged(Text::of_bytes(bytes.clone())),
                Ok(LocalContent::Large { hash, size }) => Script::received(Upload::file(path, *hash, *size)),
                Err(_) => Script::new(),
            },
            Source::Copy(path) => Script::new()
                .code("cat <")
                .word(path.get().as_str())
                .code(" >\"$p_new\" || { rm -f \"$p_new\"; return 1; }\n"),
            Source::Url(download) => download.stage(),
        }
    }
}

/// Returns a content in few words: itself when it is short, else its size and the beginning of its hash.
fn describe(content: &Bytes) -> String {
    let short = std::str::from_utf8(content).ok().filter(|text| text.len() <= 40);
    match short {
        Some(text) => format!("content {text:?}"),
        None => format!("content of {} bytes{}", content.len(), describe_hash(content.hash())),
    }
}

fn hash_claim(thing: Thing, hash: Sha256) -> Claim {
    Claim::new(thing, "content", hash.to_string()).shown(format!("content{}", describe_hash(hash)))
}

fn describe_hash(hash: Sha256) -> String {
    format!(" (SHA-256 {:.8}…)", hash.to_string())
}

fn known(bytes: Bytes, secret: bool) -> Wanted {
    Wanted::Content { hash: bytes.hash(), bytes: Some(bytes), secret, doubt: None }
}

fn local<'a>(path: &Path, read: &'a LocalFile) -> Result<&'a LocalContent, String> {
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
