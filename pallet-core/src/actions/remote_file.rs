//! A file with a content, which comes from wherever its source says.

mod download;
mod new_file;
pub(in crate::actions) mod source;

pub use crate::text::Bytes;
pub(crate) use download::Download;
pub use download::NewDownload;
use download::Signature;
pub use new_file::NewFile;
pub use source::LocalContent;
use source::{NO_CONTENT, Source, Wanted};

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words, missing_parent};
use crate::action::{Action, ContentChange, Diff, Split, View};
use crate::claim::{self, Claim};
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Handle, record};
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, PathState, Probe, Sha256};
use crate::script::{FILES, Script};
use crate::secret::Secret;
use crate::text::{self, Text};
use crate::world::{Effects, World};
use std::path::Path;

/// A file with a content.
#[derive(Debug)]
pub struct RemoteFile {
    path: GivenPath,
    source: Option<Source>,
    attributes: Attributes,
    overwrite_edits: bool,
    backups: u32,
    verify: Option<Text>,
    signature: Option<Signature>,
}

/// Declares a file with a content: say which with `content`, `local_file`, `copy_of`, `url` or, where pallet has the
/// feature of this name, `template`.
///
/// The content travels only when the hash of what is there differs. The file is replaced at once, by renaming a
/// file made beside it; links at this path are replaced and not followed. When somebody else changed the file since
/// pallet wrote it, the action fails, unless [`overwrite_edits`](Handle::<RemoteFile>::overwrite_edits) or the
/// option of that name says otherwise. Checked: content, mode, owner and group. Changed: when one of them was not
/// so. Works on every system; a download needs `curl` or `wget` on the node.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// remote_file("/etc/motd").content("Welcome.\n").mode(0o644);
/// remote_file("/etc/sudoers.d/ops").content("%ops ALL=(ALL) ALL\n").mode(0o440).verify("visudo -cf \"$1\"");
/// remote_file("/opt/app.tar.gz")
///     .url("https://example.org/app-1.2.tar.gz")
///     .sha256("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
#[must_use = "a file needs a content: call `content`, `template`, `local_file`, `copy_of` or `url`"]
pub fn remote_file(path: impl AsRef<str>) -> Handle<NewFile> {
    record(RemoteFile::new(path)).cast()
}

attribute_methods!(RemoteFile);

impl Handle<RemoteFile> {
    /// Replaces the file even when somebody else edited it since pallet wrote it.
    #[track_caller]
    pub fn overwrite_edits(self) -> Self {
        self.edit(|file| file.overwrite_edits = true)
    }

    /// Keeps what is replaced, the last so many: with mode and owner as numbered files in a folder of this path's name
    /// below `/var/lib/pallet/backups`, which root alone can enter.
    #[track_caller]
    pub fn backups(self, count: u32) -> Self {
        self.edit(|file| file.backups = count)
    }

    /// Runs a command on a new content before it goes live, as root by the node's `sh`: `$1` is the path of a file with
    /// it, which stands beside the real one under a name that begins with `.pallet-`. When the command fails, the
    /// action does, and what was there stays. It is not run for a content that is there already.
    #[track_caller]
    pub fn verify(self, command: impl Into<Text>) -> Self {
        self.edit(|file| file.verify = Some(command.into()))
    }
}

impl RemoteFile {
    /// Returns a file with this content, for actions that write one as a part of what they do.
    pub(crate) fn with_text(path: &str, content: Text) -> Self {
        RemoteFile { source: Some(Source::Text(content)), ..RemoteFile::new(path) }
    }

    fn new(path: impl AsRef<str>) -> Self {
        RemoteFile {
            path: GivenPath::new(path),
            source: None,
            attributes: Attributes::default(),
            overwrite_edits: false,
            backups: 0,
            verify: None,
            signature: None,
        }
    }

    /// Returns where the file is. Only of an action that passed its check.
    pub(crate) fn path(&self) -> &RemotePath {
        self.path.get()
    }

    /// Returns the file on the controller whose content is still to be read.
    ///
    /// This crate does no input or output, so the runtime reads the file between building and planning and gives
    /// the content to [`set_local_content`](RemoteFile::set_local_content).
    pub fn local_path(&self) -> Option<&Path> {
        self.source.as_ref().and_then(Source::unread)
    }

    /// Takes the content of the file on the controller, or why it could not be read.
    pub fn set_local_content(&self, content: Result<LocalContent, String>) {
        if let Some(Source::Local { read, .. }) = &self.source {
            // Reading it twice gives the same; the first stays.
            let _ = read.set(content);
        }
    }

    pub(super) fn download(&mut self) -> Option<&mut Download> {
        match &mut self.source {
            Some(Source::Url(download)) => Some(download),
            _ => None,
        }
    }

    /// Returns the source. Only actions that passed their check are probed, diffed and applied.
    fn source(&self) -> &Source {
        self.source.as_ref().expect("checked when the graph was built")
    }

    /// Tells whether the file is certain to be what it should, so that nothing need travel.
    fn is_there(&self, wanted: &Wanted, view: &View<'_>) -> bool {
        let known = view.world.path(self.path.get());
        known.doubt.is_none() && self.is_content(wanted, &known.is, view.world)
    }

    fn is_content(&self, wanted: &Wanted, is: &PathState, world: &World) -> bool {
        let PathKind::File(Contents::Hash(is)) = is.kind else { return false };
        match wanted {
            Wanted::Content { hash, .. } => is == *hash,
            // From there it was downloaded, and nobody has touched it since.
            Wanted::Origin(origin) => world.origin(self.path.get()) == Some((*origin, is)),
            Wanted::Unknown { .. } => false,
        }
    }

    /// Returns what may be replaced: what is there, if pallet wrote it, else what pallet wrote last.
    fn last_written(&self, view: &View<'_>) -> Option<Sha256> {
        let path = self.path.get();
        match view.world.path(path).is.kind {
            PathKind::File(Contents::Hash(is)) if !view.world.is_edited(path, is) => {
                view.world.written(path).map(|_| is)
            }
            _ => view.world.written(path),
        }
    }

    fn overwrites(&self, view: &View<'_>) -> bool {
        self.overwrite_edits || view.overwrite_edits
    }

    /// Adds what differs in what stands at the path.
    fn compare(&self, is: &PathState, wanted: &Wanted, view: &View<'_>, diff: &mut Diff) {
        let path = self.path.get();
        match &is.kind {
            PathKind::Absent => match missing_parent(path, view) {
                Some(problem) => *diff = problem,
                None => diff.change("created"),
            },
            PathKind::File(Contents::Hash(hash)) if self.is_content(wanted, is, view.world) => {
                // Somebody made the edit that we would have made: from now on it is ours.
                diff.notes = view.world.is_edited(path, *hash);
            }
            PathKind::File(Contents::Hash(hash)) if !matches!(wanted, Wanted::Unknown { .. }) => {
                let certain = view.world.path(path).doubt.is_none();
                if view.world.is_edited(path, *hash) && certain && !self.overwrites(view) {
                    let hint = "take the edit over into the source, or replace it with --overwrite-edits";
                    let message = format!("{path} was edited by somebody else since pallet wrote it");
                    *diff = Diff::problem(message, hint.to_owned());
                } else {
                    diff.change("content");
                }
            }
            PathKind::File(_) => diff.change("content"),
            _ => diff.change("replaced by a file"),
        }
    }

    fn verify_signature(&self) -> Script {
        match (&self.signature, &self.source) {
            (Some(signature), Some(Source::Url(download))) => signature.verify(download),
            _ => Script::new(),
        }
    }

    /// Returns code that verifies the staged file, and that keeps what is replaced.
    fn precautions(&self, view: &View<'_>) -> Script {
        let mut script = Script::new();
        if self.backups > 0 {
            script = script.code(format!("p_backups={}\n", self.backups));
        }
        match &self.verify {
            None => script,
            Some(command) => script
                .code("p_verify() { (unset p_token; cd /; set -- \"$p_new\"; eval ")
                .word(view.fill(command))
                .code("); }\np_verified=yes\n"),
        }
    }
}

impl Action for RemoteFile {
    fn kind(&self) -> &'static str {
        "remote-file"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        self.source.as_ref().map_or(Ok(()), Source::check)?;
        match (&self.signature, &self.source) {
            (Some(signature), Some(Source::Url(_))) => signature.check()?,
            (Some(_), Some(_)) => return Err("only what is downloaded has a signature".to_owned()),
            _ => {}
        }
        self.attributes.check()
    }

    fn missing(&self) -> Option<&'static str> {
        match &self.source {
            None => Some(NO_CONTENT),
            Some(Source::Url(download)) if download.is_open() && self.signature.is_none() => Some(
                "without the host's certificate the download must be checked: call `sha256` or `signature`",
            ),
            Some(Source::Url(download)) => download.missing(),
            Some(_) => None,
        }
    }

    fn values(&self) -> Vec<AnyHandle> {
        let source = self.source.as_ref().and_then(Source::text);
        text::values(&mut source.into_iter().chain(&self.verify))
    }

    fn secrets(&self) -> Vec<Secret> {
        let source = self.source.as_ref().and_then(Source::text);
        let of_download = match &self.source {
            Some(Source::Url(download)) => download.secrets(),
            _ => Vec::new(),
        };
        let mut secrets = text::secrets(&mut source.into_iter().chain(&self.verify));
        secrets.extend(of_download);
        secrets
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        self.source().probe(id, self.path.get(), probe)?;
        probe.content(self.path.get());
        self.attributes.probe_at(self.path.get(), probe);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        if known.is.kind == PathKind::Directory && known.doubt.is_none() {
            return Diff::problem(format!("{path} is a directory"), None);
        }
        let wanted = match self.source().wanted(view.id, view.world) {
            Ok(wanted) => wanted,
            Err(problem) => return Diff { problem: Some(problem), ..Diff::none() },
        };
        if let Some(problem) = self.attributes.missing_account(view) {
            return problem;
        }
        let mut diff = Diff::none();
        self.compare(&known.is, &wanted, view, &mut diff);
        if diff.problem.is_some() {
            return diff;
        }
        if known.is.kind != PathKind::Absent {
            self.attributes.diff(&known.is, &mut diff);
        }
        diff.doubt(known.doubt);
        if let Wanted::Unknown { because, look } = wanted {
            diff.doubt(Some(because));
            diff.split = look.then_some(Split::Before);
        }
        diff.doubt(wanted.doubt());
        diff.content = Some(ContentChange {
            path: path.clone(),
            before: matches!(known.is.kind, PathKind::File(_)).then_some(known.is.size),
            after: wanted.shown(),
        });
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        let wanted = self
            .source()
            .wanted(view.id, view.world)
            .unwrap_or(Wanted::Unknown { because: view.id, look: false });
        let last = self.last_written(view).map(|hash| hash.to_string()).unwrap_or_default();
        let overwrite = if self.overwrites(view) { "yes" } else { "" };
        let mut words = first_words(view.id.0, path, &self.attributes);
        let hash = wanted.hash().map(|hash| hash.to_string()).unwrap_or_default();
        if self.is_there(&wanted, view) {
            words.extend([Text::from(if hash.is_empty() { last.clone() } else { hash }), Text::from(last)]);
            return Script::new().library(&FILES).call("p_keep", words);
        }
        words.extend([Text::from(hash), Text::from(last), Text::from(overwrite)]);
        let staged = Script::new()
            .library(&FILES)
            .code("p_stage ")
            .word(path.as_str())
            .code(format!(" {} || return\n", view.id.0))
            .append(self.source().stage(view))
            .append(self.verify_signature());
        let placed = staged.append(self.precautions(view)).code("p_file");
        let placed = words.into_iter().fold(placed, |script, word| script.code(" ").word(word));
        match wanted {
            Wanted::Origin(origin) => placed
                .code(" || return\n")
                .call("p_came_from", [Text::from(path.as_str()), Text::from(origin.to_string())]),
            _ => placed.code("\n"),
        }
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        let path = self.path.get();
        let before = world.path(path).is;
        let wanted = self.source().wanted(id, world).ok();
        if wanted.as_ref().is_some_and(|wanted| self.is_content(wanted, &before, world)) {
            let after = self.attributes.predict(&before, before.kind.clone(), 0o644);
            return world.set_path(path, after);
        }
        let hash = wanted.as_ref().and_then(Wanted::hash);
        world.set_written(path, hash);
        let contents = hash.map_or(Contents::NotRead, Contents::Hash);
        let after = self.attributes.predict(&before, PathKind::File(contents), 0o644);
        world.set_path(path, after);
        if let Some(Wanted::Content { bytes: Some(bytes), .. }) = wanted {
            world.set_text(path, bytes.to_vec());
        }
    }

    fn effects(&self) -> Option<Effects> {
        // It may be what defines a service.
        Some(Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        let content = match &self.source {
            Some(source) => source.claim(self.path.thing()),
            None => Claim::unknown(self.path.thing(), "content"),
        };
        let mut claims = vec![Claim::existence(self.path.thing(), claim::FILE), content];
        claims.extend(self.attributes.claims(self.path.get()));
        claims
    }
}
