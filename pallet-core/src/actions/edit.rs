//! Files that are edited in part: what `line_in_file`, `block_in_file` and `replace_in_file` have in common.
//!
//! An edit is a function from a text to a text, and twice is once. It is computed on the controller, from the whole
//! text as the probe read it or as the actions before it leave it, so a plan shows the difference and several edits
//! of a file follow each other. On the node the new text goes in place only where the old one still stands. Where an
//! action before it may move the file (a package that brings it), the phase is planned in parts.
//!
//! Settings that pallet itself keeps in shared files (`hosts_entry`, `environment`, …) are edited by
//! [`parts`](super::parts) in place of this: their lines have a key, which a shell can find, so the node edits them,
//! they need no second plan, and what is beside them may have any size. Regular expressions, blocks at a place and
//! differences to show need the text on the controller.

mod block;
mod line;
mod lines;
mod place;
mod regex;
mod replace;

pub use block::{BlockInFile, block_in_file};
pub use line::{LineInFile, line_in_file};
pub use replace::{ReplaceInFile, replace_in_file};

use super::attributes::{Attributes, GivenPath, first_words, missing_parent};
use crate::action::{Action, ContentChange, Diff, Split, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Handle};
use crate::probe::{Contents, PathKind, Probe, READ_LIMIT, Sha256};
use crate::script::{FILES, Script};
use crate::secret::Secret;
use crate::text::{self, Bytes, Text};
use crate::world::{Effects, FileText, World};
use std::fmt;

/// A file that is edited in part.
#[derive(Debug)]
pub struct FileEdit<E> {
    path: GivenPath,
    edit: E,
    create: bool,
    attributes: Attributes,
}

/// What is done to the text of a file.
pub(crate) trait Edit: fmt::Debug + Send + Sync + 'static {
    /// What kind of action it is.
    const KIND: &'static str;

    /// Checks what can be checked without the text.
    fn check(&self) -> Result<(), String>;

    /// Returns what still has to be said about it.
    fn missing(&self) -> Option<&'static str> {
        None
    }

    /// Returns the texts in it, which may have secrets and values in them.
    fn texts(&self) -> Vec<&Text>;

    /// Tells whether it is nothing without a file that is there, even where a file may be made.
    fn needs_file(&self) -> bool {
        false
    }

    /// Returns the text as it should be; `texts` are those of [`texts`](Edit::texts).
    ///
    /// # Errors
    ///
    /// Why this text cannot be edited like this.
    fn apply(&self, before: &[u8], texts: &Resolved) -> Result<Vec<u8>, String>;
}

/// The texts of an edit, with their values.
#[derive(Debug)]
pub(crate) struct Resolved(Vec<Vec<u8>>);

impl Resolved {
    pub(crate) fn of(texts: impl Iterator<Item = Vec<u8>>) -> Self {
        Resolved(texts.collect())
    }

    pub(crate) fn first(&self) -> Option<&[u8]> {
        self.0.first().map(Vec::as_slice)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

impl<E> FileEdit<E> {
    pub(crate) fn new(path: impl AsRef<str>, edit: E) -> Self {
        FileEdit { path: GivenPath::new(path), edit, create: false, attributes: Attributes::default() }
    }
}

#[expect(private_bounds, reason = "what an edit is, is ours: others implement `Action`")]
impl<E: Edit> Handle<FileEdit<E>> {
    /// Makes the file, empty, if it is not there. Its directory must be.
    #[track_caller]
    pub fn create(self) -> Self {
        self.edit(|action| action.create = true)
    }

    /// Sets the permission bits of the file, at most `0o7777`.
    #[track_caller]
    pub fn mode(self, mode: u32) -> Self {
        self.edit(|action| action.attributes.mode = Some(mode))
    }

    /// Sets the owner of the file, by name or number.
    #[track_caller]
    pub fn owner(self, owner: impl fmt::Display) -> Self {
        self.edit(|action| action.attributes.owner = Some(owner.to_string()))
    }

    /// Sets the group of the file, by name or number.
    #[track_caller]
    pub fn group(self, group: impl fmt::Display) -> Self {
        self.edit(|action| action.attributes.group = Some(group.to_string()))
    }
}

/// What is known of a text before an edit.
enum Before {
    /// There is no file.
    None,
    /// This.
    Is(Vec<u8>),
    /// It cannot be known before something has happened.
    Unknown,
}

#[expect(private_bounds, reason = "as above")]
impl<E: Edit> FileEdit<E> {
    /// Returns the text before the edit.
    ///
    /// # Errors
    ///
    /// Why what stands there cannot be edited, and the way out.
    fn before(&self, world: &World) -> Result<Before, (String, Option<String>)> {
        let path = self.path.get();
        let link = |target: &str| {
            let hint = format!("name the file that it leads to: {target:?}");
            (format!("{path} is a symbolic link, and what is edited is a file"), Some(hint))
        };
        match world.path(path).is.kind {
            PathKind::Absent | PathKind::File(_) => {}
            PathKind::Link(target) => return Err(link(&target)),
            PathKind::Directory | PathKind::Fifo | PathKind::Other => {
                return Err((format!("{path} is not a file"), None));
            }
        }
        match world.text(path).is {
            FileText::NoFile => Ok(Before::None),
            FileText::Is(text) => Ok(Before::Is(text.to_vec())),
            FileText::TooLarge => {
                let message =
                    format!("{path} has more than {} KiB, too much for editing in part", READ_LIMIT >> 10);
                Err((message, Some("write it as a whole with `remote_file`, or run a command".to_owned())))
            }
            FileText::Unknown => Ok(Before::Unknown),
        }
    }

    fn resolve(&self, world: &World) -> Result<Resolved, ActionId> {
        let texts = self.edit.texts().into_iter().map(|text| text.resolve(world));
        Ok(Resolved::of(texts.collect::<Result<Vec<_>, _>>()?.into_iter()))
    }

    fn makes_file(&self) -> bool {
        self.create && !self.edit.needs_file()
    }

    /// Returns the text before and after, as far as both are known.
    fn change(&self, world: &World) -> Option<(Option<Vec<u8>>, Vec<u8>)> {
        let texts = self.resolve(world).ok()?;
        let before = match self.before(world).ok()? {
            Before::None if self.makes_file() => None,
            Before::None | Before::Unknown => return None,
            Before::Is(text) => Some(text),
        };
        let after = self.edit.apply(before.as_deref().unwrap_or_default(), &texts).ok()?;
        Some((before, after))
    }

    /// Tells whether pallet wrote all that stands in the file.
    fn is_ours(&self, world: &World, before: &[u8]) -> bool {
        let path = self.path.get();
        world.written(path).is_some() && !world.is_edited(path, Sha256::of(before))
    }

    /// Compares texts that are known.
    fn compare(&self, view: &View<'_>, before: Before, texts: &Resolved) -> Diff {
        let path = self.path.get();
        let is = view.world.path(path).is;
        let mut diff = Diff::none();
        let (text, size) = match before {
            Before::None if !self.makes_file() => return self.no_file(),
            Before::None => {
                if let Some(problem) = missing_parent(path, view) {
                    return problem;
                }
                diff.change("created");
                (Vec::new(), None)
            }
            Before::Is(text) => (text, Some(is.size)),
            Before::Unknown => return diff,
        };
        let after = match self.edit.apply(&text, texts) {
            Ok(after) => after,
            Err(error) => return Diff::problem(format!("{path}: {error}"), None),
        };
        if size.is_some() {
            if after != text {
                diff.change("content");
            }
            self.attributes.diff(&is, &mut diff);
        }
        let secret = self.edit.texts().into_iter().any(Text::is_secret);
        let after = (!secret).then_some(after);
        diff.content =
            Some(ContentChange { path: path.clone(), before: size, after: after.map(Bytes::alone) });
        diff
    }

    fn no_file(&self) -> Diff {
        let create = if self.edit.needs_file() { "" } else { ", or call `create`" };
        let hint = format!("install what brings it before this line{create}");
        Diff::problem(format!("there is no file {}", self.path.get()), hint)
    }
}

impl<E: Edit> Action for FileEdit<E> {
    fn kind(&self) -> &'static str {
        E::KIND
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        if self.create && self.edit.needs_file() {
            return Err("in a file that is made here there is nothing to be replaced".to_owned());
        }
        self.edit.check()?;
        self.attributes.check()
    }

    fn missing(&self) -> Option<&'static str> {
        self.edit.missing()
    }

    fn values(&self) -> Vec<AnyHandle> {
        text::values(&mut self.edit.texts().into_iter())
    }

    fn secrets(&self) -> Vec<Secret> {
        text::secrets(&mut self.edit.texts().into_iter())
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.text(self.path.get());
        self.attributes.probe_at(self.path.get(), probe);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        if let Some(problem) = self.attributes.missing_account(view) {
            return problem;
        }
        let doubt = view.world.path(self.path.get()).doubt;
        let mut diff = match (self.before(view.world), self.resolve(view.world)) {
            (Err((message, hint)), _) => Diff::problem(message, hint),
            (Ok(before), Ok(texts)) => self.compare(view, before, &texts),
            (Ok(_), Err(_)) => Diff::none(),
        };
        if diff.problem.is_some() {
            if doubt.is_none() {
                return diff;
            }
            diff = Diff::none();
        }
        diff.doubt(doubt);
        if self.change(view.world).is_none() {
            diff.change("content");
            diff.doubt(self.resolve(view.world).err());
            // Whoever wrote what only the node knows, is not remembered.
            diff.doubt(Some(view.id));
        }
        diff.split = diff.doubt.map(|_| Split::Before);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        // Without a text this is never applied: the rest of the phase is planned anew before that.
        let Some((before, after)) = self.change(view.world) else {
            return Script::new().library(&FILES).call("p_unread", [path.as_str()]);
        };
        let ours = before.as_deref().is_none_or(|before| self.is_ours(view.world, before));
        let hash = |text: &[u8]| Text::from(Sha256::of(text).to_string());
        let mut words = first_words(view.id.0, path, &self.attributes);
        words.extend([hash(&after), before.as_deref().map(hash).unwrap_or_default()]);
        if before.as_ref() == Some(&after) {
            return Script::new().library(&FILES).call("p_same", words);
        }
        words.push(Text::from(if ours { "ours" } else { "" }));
        Script::new()
            .library(&FILES)
            .code("p_stage ")
            .word(path.as_str())
            .code(format!(" {} || return\n", view.id.0))
            .append(Script::staged(Text::from(after)))
            .call("p_edited", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let path = self.path.get();
        let is = world.path(path).is;
        let change = self.change(world);
        if let Some((before, after)) = &change
            && before.as_deref().is_none_or(|before| self.is_ours(world, before))
        {
            world.set_written(path, Some(Sha256::of(after)));
        }
        let contents =
            change.as_ref().map_or(Contents::NotRead, |(_, after)| Contents::Hash(Sha256::of(after)));
        world.set_path(path, self.attributes.predict(&is, PathKind::File(contents), 0o644));
        if let Some((_, after)) = change {
            world.set_text(path, after);
        }
    }

    fn effects(&self) -> Option<Effects> {
        // It may be what defines a service.
        Some(Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        // Edits agree with each other, and with nobody who writes the file as a whole.
        let mut claims = vec![Claim::new(Thing::Path(self.path.get().clone()), "content", "edited in part")];
        claims.extend(self.attributes.claims(self.path.get()));
        claims
    }
}
