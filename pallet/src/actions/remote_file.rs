//! A file with a content that the controller knows, or that is put together on the node.

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words, missing_parent};
use crate::action::{Action, ContentChange, Diff, View};
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Handle, record};
use crate::probe::{Contents, PathKind, Probe, Sha256};
use crate::script::{FILES, Script};
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, World};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file with a content.
#[derive(Debug)]
pub struct RemoteFile {
    path: GivenPath,
    content: Option<Content>,
    attributes: Attributes,
    overwrite_edits: bool,
}

#[derive(Debug)]
enum Content {
    Text(Text),
    /// A file on the controller, which the runtime reads before it plans.
    Local {
        path: PathBuf,
        read: LocalFile,
    },
}

/// The content of a file on the controller, once it has been read.
type LocalFile = OnceLock<Result<Vec<u8>, String>>;

/// A file whose content has not been given yet: the type of what [`remote_file`] returns.
///
/// Its methods give the content, and exactly one of them must be called.
#[derive(Debug)]
pub enum NewFile {}

/// Declares a file with a content: say which with `content`, `local_file` or, where pallet has the feature of this
/// name, `template`.
///
/// The content travels only when the hash of what is there differs. The file is replaced at once, by renaming a
/// file made beside it; links at this path are replaced and not followed. When somebody else changed the file since
/// pallet wrote it, the action fails, unless [`overwrite_edits`](Handle::<RemoteFile>::overwrite_edits) or the
/// option of that name says otherwise. Checked: content, mode, owner and group.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// remote_file("/etc/motd").content("Welcome.\n").mode(0o644);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
#[must_use = "a file needs a content: call `content`, `template` or `local_file`"]
pub fn remote_file(path: impl AsRef<str>) -> Handle<NewFile> {
    let handle = record(RemoteFile {
        path: GivenPath::new(path),
        content: None,
        attributes: Attributes::default(),
        overwrite_edits: false,
    });
    handle.cast()
}

attribute_methods!(RemoteFile);

impl Handle<NewFile> {
    /// Gives the content: a text, bytes, a secret, a value of an earlier action, or several of those in a
    /// [`Text`].
    #[track_caller]
    pub fn content(self, content: impl Into<Text>) -> Handle<RemoteFile> {
        self.with_content(Content::Text(content.into()))
    }

    /// Gives the content of a file on the controller. A relative path is resolved against the folder in which
    /// the program runs.
    #[track_caller]
    pub fn local_file(self, path: impl Into<PathBuf>) -> Handle<RemoteFile> {
        self.with_content(Content::Local { path: path.into(), read: LocalFile::default() })
    }

    /// Gives the content of a Jinja template, filled in on the controller. A variable that the context lacks is
    /// a mistake, and so is a template that cannot be parsed.
    #[cfg(feature = "template")]
    #[track_caller]
    pub fn template(self, template: &str, context: impl Into<minijinja::Value>) -> Handle<RemoteFile> {
        let location = crate::location::Location::caller();
        let mut environment = minijinja::Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        // A file that ends with a newline is meant to.
        let syntax = minijinja::syntax::SyntaxConfig::builder().keep_trailing_newline(true).build();
        environment.set_syntax(syntax.expect("the default delimiters are valid"));
        let rendered = environment
            .add_template("template", template)
            .and_then(|()| environment.get_template("template"))
            .and_then(|template| template.render(context.into()));
        let text = rendered.unwrap_or_else(|error| {
            let line = error.line().map(|line| format!(" (line {line} of the template)")).unwrap_or_default();
            crate::graph::refuse(location, format!("template: {error:#}{line}"), None);
            String::new()
        });
        self.with_content(Content::Text(Text::from(text)))
    }

    #[track_caller]
    fn with_content(self, content: Content) -> Handle<RemoteFile> {
        self.cast::<RemoteFile>().edit(|file| file.content = Some(content))
    }
}

impl Handle<RemoteFile> {
    /// Replaces the file even when somebody else edited it since pallet wrote it.
    #[track_caller]
    pub fn overwrite_edits(self) -> Self {
        self.edit(|file| file.overwrite_edits = true)
    }
}

impl RemoteFile {
    /// Returns the file on the controller whose content is still to be read.
    ///
    /// This crate does no input or output, so the runtime reads the file between building and planning and gives
    /// the content to [`set_local_content`](RemoteFile::set_local_content).
    pub fn local_path(&self) -> Option<&Path> {
        match &self.content {
            Some(Content::Local { path, read }) if read.get().is_none() => Some(path),
            _ => None,
        }
    }

    /// Takes the content of the file on the controller, or why it could not be read.
    pub fn set_local_content(&self, content: Result<Vec<u8>, String>) {
        if let Some(Content::Local { read, .. }) = &self.content {
            // Reading it twice gives the same; the first stays.
            let _ = read.set(content);
        }
    }

    /// Returns the content, or what keeps it from being known.
    fn text(&self) -> Result<Text, String> {
        match &self.content {
            Some(Content::Text(text)) => Ok(text.clone()),
            Some(Content::Local { path, read }) => match read.get() {
                Some(Ok(bytes)) => Ok(Text::from(bytes.clone())),
                Some(Err(error)) => Err(format!("cannot read {} on the controller: {error}", path.display())),
                None => Err(format!("{} on the controller was not read", path.display())),
            },
            None => Err(NO_CONTENT.to_owned()),
        }
    }

    /// Tells whether the file is certain to have the content of this hash, which then need not travel.
    fn is_there(&self, hash: &str, view: &View<'_>) -> bool {
        let known = view.world.path(self.path.get());
        let same = matches!(&known.is.kind, PathKind::File(Contents::Hash(is)) if is.to_string() == hash);
        same && known.doubt.is_none()
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
}

const NO_CONTENT: &str = "no content is given: call `content`, `template` or `local_file`";

impl Action for NewFile {
    fn kind(&self) -> &'static str {
        match *self {}
    }

    fn subject(&self) -> String {
        match *self {}
    }

    fn probe(&self, _: ActionId, _: &Facts, _: &mut Probe) -> Result<(), String> {
        match *self {}
    }

    fn diff(&self, _: &View<'_>) -> Diff {
        match *self {}
    }

    fn apply(&self, _: &View<'_>) -> Script {
        match *self {}
    }

    fn predict(&self, _: ActionId, _: &mut World) {
        match *self {}
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
        if self.content.is_none() {
            return Err(NO_CONTENT.to_owned());
        }
        self.attributes.check()
    }

    fn values(&self) -> Vec<AnyHandle> {
        match &self.content {
            Some(Content::Text(text)) => text.values().collect(),
            _ => Vec::new(),
        }
    }

    fn secrets(&self) -> Vec<Secret> {
        match &self.content {
            Some(Content::Text(text)) => text.secrets().collect(),
            _ => Vec::new(),
        }
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        self.text()?;
        probe.content(self.path.get());
        if let Some(parent) = self.path.get().parent() {
            probe.path(&parent);
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        let text = match self.text() {
            Ok(text) => text,
            Err(error) => return Diff::problem(error, None),
        };
        let mut diff = Diff::none();
        let wanted = view.resolve(&text);
        match (&known.is.kind, &wanted) {
            (PathKind::Directory, _) if known.doubt.is_none() => {
                return Diff::problem(format!("{path} is a directory"), None);
            }
            (PathKind::Absent, _) => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change("created"),
            },
            (PathKind::File(Contents::Hash(is)), Ok(wanted)) if *is == Sha256::of(wanted) => {
                // Somebody made the edit that we would have made: from now on it is ours.
                diff.notes = view.world.is_edited(path, *is);
            }
            (PathKind::File(Contents::Hash(is)), Ok(_)) => {
                let edited = view.world.is_edited(path, *is);
                if edited && known.doubt.is_none() && !self.overwrites(view) {
                    let hint = "take the edit over into the source, or replace it with --overwrite-edits";
                    let message = format!("{path} was edited by somebody else since pallet wrote it");
                    return Diff::problem(message, hint.to_owned());
                }
                diff.change("content");
            }
            (PathKind::File(_), _) => diff.change("content"),
            _ => diff.change("replaced by a file"),
        }
        if known.is.kind != PathKind::Absent {
            self.attributes.diff(&known.is, &mut diff);
        }
        diff.doubt(known.doubt);
        diff.doubt(wanted.as_ref().err().copied());
        diff.content = Some(ContentChange {
            path: path.clone(),
            before: matches!(known.is.kind, PathKind::File(_)).then_some(known.is.size),
            after: wanted.ok().filter(|_| !text.is_secret()),
        });
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        let text = self.text().unwrap_or_default();
        let text = view.fill(&text);
        let hash = view.resolve(&text).map(|content| Sha256::of(&content).to_string()).unwrap_or_default();
        let last = self.last_written(view).map(|hash| hash.to_string()).unwrap_or_default();
        let overwrite = if self.overwrites(view) { "yes" } else { "" };
        let mut words = first_words(view.id.0, path, &self.attributes);
        if self.is_there(&hash, view) {
            words.extend([Text::from(hash), Text::from(last)]);
            return Script::new().library(&FILES).call("p_keep", words);
        }
        words.extend([Text::from(hash), Text::from(last), Text::from(overwrite)]);
        Script::new()
            .library(&FILES)
            .code("p_stage ")
            .word(path.as_str())
            .code(format!(" {} || return\n{{\n", view.id.0))
            .print(text)
            .code("} >\"$p_new\" || { rm -f \"$p_new\"; return 1; }\n")
            .call("p_file", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let before = world.path(self.path.get()).is;
        let content = self.text().ok().and_then(|text| text.resolve(|id| world.value(id)).ok());
        let hash = content.as_deref().map(Sha256::of);
        world.set_written(self.path.get(), hash);
        let contents = hash.map_or(Contents::NotRead, Contents::Hash);
        let after = self.attributes.predict(&before, PathKind::File(contents), 0o644);
        world.set_path(self.path.get(), after);
        if let Some(content) = content {
            world.set_text(self.path.get(), content);
        }
    }

    fn effects(&self) -> Option<Effects> {
        // It may be what defines a service.
        Some(Effects::Below(self.path.get().clone()))
    }
}
