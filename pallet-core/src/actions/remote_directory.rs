//! A directory that is unpacked from an archive.

use super::attributes::{Attributes, GivenPath, attribute_methods, first_words, missing_parent, never_runs};
use super::local_directory::LocalDirectory;
use super::remote_file::Download;
use super::remote_file::source::{LocalContent, Source, Wanted};
use crate::action::{Action, Diff, View};
use crate::claim::{self, Claim};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::probe::{PathKind, Probe, Sha256};
use crate::script::{ARCHIVES, Script};
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, World};
use std::path::{Path, PathBuf};

/// A directory that is unpacked from an archive.
#[derive(Debug)]
pub struct RemoteDirectory {
    path: GivenPath,
    source: Option<Source>,
    attributes: Attributes,
    strip: u32,
    clean: bool,
    only: Vec<String>,
    /// What was said that goes not with the source.
    misplaced: Option<&'static str>,
}

/// A directory of which has not been said yet what is unpacked: the type of what [`remote_directory`] returns.
///
/// Its methods say it, and exactly one of them must be called.
#[derive(Debug)]
pub enum NewDirectory {}

/// Declares a directory with what is in it: unpacked from an archive, which `local_archive`, `archive`, `url` or
/// `unverified_url` names, or the same as one on the controller, which
/// [`local_directory`](Handle::<NewDirectory>::local_directory) names. What follows is about archives.
///
/// A tar archive, compressed in any way that the node's `tar` knows, or a zip file, for which the node needs `unzip`.
/// It is unpacked beside the directory first, so one that is broken changes nothing, and refused when a member is
/// named absolutely or with `..`. What is unpacked belongs to root, or to the owner and the group given.
///
/// Checked: that the directory is there, that it was unpacked last from this very archive with these options, and
/// mode, owner and group of the directory itself. What others change in it is not noticed. Changed: when it was
/// unpacked, or an attribute was not so. Files that are there and not in the archive stay, unless
/// [`clean`](Handle::<RemoteDirectory>::clean) says otherwise. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// remote_directory("/opt/app")
///     .url(
///         "https://example.org/app-1.2.tar.gz",
///         "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
///     )
///     .strip_components(1)
///     .owner("app");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
#[must_use = "say what is in it: call `local_directory`, `local_archive`, `archive`, `url` or `unverified_url`"]
pub fn remote_directory(path: impl AsRef<str>) -> Handle<NewDirectory> {
    let directory = RemoteDirectory {
        path: GivenPath::new(path),
        source: None,
        attributes: Attributes::default(),
        strip: 0,
        clean: false,
        only: Vec::new(),
        misplaced: None,
    };
    record(directory).cast()
}

attribute_methods!(RemoteDirectory);

impl Handle<NewDirectory> {
    /// Makes the directory the same as one on the controller: its files, directories and symbolic links. A relative
    /// path is resolved against the folder in which the program runs. See [`LocalDirectory`].
    #[track_caller]
    pub fn local_directory(self, path: impl Into<PathBuf>) -> Handle<LocalDirectory> {
        let directory = self.cast::<RemoteDirectory>();
        directory.turn_into(|directory| LocalDirectory::new(directory.path.clone(), path.into()))
    }

    /// Unpacks an archive on the controller. A relative path is resolved against the folder in which the program runs.
    #[track_caller]
    pub fn local_archive(self, path: impl Into<PathBuf>) -> Handle<RemoteDirectory> {
        self.with_source(Source::local(path.into()))
    }

    /// Unpacks an archive on the node, which must be a file itself and not a link.
    #[track_caller]
    pub fn archive(self, path: impl AsRef<str>) -> Handle<RemoteDirectory> {
        self.with_source(Source::Copy(GivenPath::new(path)))
    }

    /// Unpacks what the node downloads from a URL and what has this SHA-256.
    #[track_caller]
    pub fn url(self, url: impl Into<String>, sha256: impl AsRef<str>) -> Handle<RemoteDirectory> {
        self.with_source(Source::Url(Download::checked(url, Some(sha256.as_ref()))))
    }

    /// Unpacks whatever the node downloads from a URL, when the directory is not there or came from another one. That
    /// something new is behind the URL is not noticed. Who can change what is there, or is between with `http`, can
    /// give the node anything.
    #[track_caller]
    pub fn unverified_url(self, url: impl Into<String>) -> Handle<RemoteDirectory> {
        self.with_source(Source::Url(Download::checked(url, None)))
    }

    #[track_caller]
    fn with_source(self, source: Source) -> Handle<RemoteDirectory> {
        self.cast::<RemoteDirectory>().edit(|directory| directory.source = Some(source))
    }
}

impl Handle<RemoteDirectory> {
    /// Downloads the archive through a proxy: see [`NewDownload`](Handle::<super::NewDownload>::proxy).
    #[track_caller]
    pub fn proxy(self, url: impl Into<Text>) -> Self {
        let url = url.into();
        self.edit(|directory| match &mut directory.source {
            Some(Source::Url(download)) => download.set_proxy(url),
            _ => directory.misplaced = Some("a proxy is for what is downloaded"),
        })
    }

    /// Unpacks only this member of the archive, by the name that it has in there, and those of further calls; a
    /// directory with all that is in it.
    #[track_caller]
    pub fn only(self, member: impl Into<String>) -> Self {
        self.edit(|directory| directory.only.push(member.into()))
    }

    /// Leaves out so many leading directories of the names in the archive, and what has no more than those.
    #[track_caller]
    pub fn strip_components(self, count: u32) -> Self {
        self.edit(|directory| directory.strip = count)
    }

    /// Removes everything from the directory that is not in the archive, each time it is unpacked.
    #[track_caller]
    pub fn clean(self) -> Self {
        self.edit(|directory| directory.clean = true)
    }
}

impl RemoteDirectory {
    /// Returns the archive on the controller that is still to be read. See
    /// [`RemoteFile::local_path`](super::RemoteFile::local_path).
    pub fn local_path(&self) -> Option<&Path> {
        self.source.as_ref().and_then(Source::unread)
    }

    /// Takes the archive on the controller, or why it could not be read.
    pub fn set_local_content(&self, content: Result<LocalContent, String>) {
        if let Some(Source::Local { read, .. }) = &self.source {
            // Reading it twice gives the same; the first stays.
            let _ = read.set(content);
        }
    }

    /// Returns the source. Only actions that passed their check are probed, diffed and applied.
    fn source(&self) -> &Source {
        self.source.as_ref().expect("checked when the graph was built")
    }

    /// Returns what else than the archive decides what is unpacked, as a hash.
    fn options(&self) -> Sha256 {
        let Attributes { owner, group, .. } = &self.attributes;
        let only = if self.only.is_empty() { String::new() } else { format!(" {:?}", self.only) };
        Sha256::of(format!("{} {} {owner:?} {group:?}{only}", self.strip, self.clean).as_bytes())
    }

    fn origin(wanted: &Wanted) -> Option<Sha256> {
        match wanted {
            Wanted::Origin(origin) => Some(*origin),
            _ => wanted.hash(),
        }
    }

    fn is_there(&self, wanted: &Wanted, world: &World) -> bool {
        let recorded = world.origin(self.path.get());
        recorded.is_some() && recorded == Self::origin(wanted).map(|origin| (origin, self.options()))
    }
}

never_runs!(NewDirectory);

impl Action for RemoteDirectory {
    fn kind(&self) -> &'static str {
        "remote-directory"
    }

    fn subject(&self) -> String {
        self.path.subject()
    }

    fn check(&self) -> Result<(), String> {
        self.path.check()?;
        if self.path.get().parent().is_none() {
            return Err("nothing is unpacked over the root directory".to_owned());
        }
        self.source.as_ref().map_or(Ok(()), Source::check)?;
        if let Some(misplaced) = self.misplaced {
            return Err(misplaced.to_owned());
        }
        let plain = |name: &String| {
            !name.is_empty()
                && !name.starts_with('-')
                && !name.chars().any(|c| c.is_control() || "*?[]\\".contains(c))
        };
        if let Some(name) = self.only.iter().find(|name| !plain(name)) {
            return Err(format!(
                "{name:?} cannot be the name of a member of an archive: no `*`, `?`, `[` and the like"
            ));
        }
        self.attributes.check()
    }

    fn missing(&self) -> Option<&'static str> {
        self.source.is_none().then_some(
            "it is not said what is in it: call `local_directory`, `local_archive`, `archive`, `url` or `unverified_url`",
        )
    }

    fn secrets(&self) -> Vec<Secret> {
        match &self.source {
            Some(Source::Url(download)) => download.secrets(),
            _ => Vec::new(),
        }
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        self.source().probe(id, self.path.get(), probe)?;
        self.attributes.probe_at(self.path.get(), probe);
        probe.origin(self.path.get());
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let path = self.path.get();
        let known = view.world.path(path);
        if let Some(problem) = self.attributes.missing_account(view) {
            return problem;
        }
        let wanted = match self.source().wanted(view.id, view.world) {
            Ok(wanted) => wanted,
            Err(problem) => return Diff { problem: Some(problem), ..Diff::none() },
        };
        let mut diff = Diff::none();
        match &known.is.kind {
            PathKind::Absent => match missing_parent(path, view) {
                Some(problem) => return problem,
                None => diff.change("unpacked"),
            },
            PathKind::Directory => {
                if !self.is_there(&wanted, view.world) {
                    diff.change("unpacked");
                }
                self.attributes.diff(&known.is, &mut diff);
            }
            _ if known.doubt.is_none() => {
                return Diff::problem(format!("{path} exists and is not a directory"), None);
            }
            _ => diff.change("unpacked"),
        }
        diff.doubt(known.doubt);
        diff.doubt(wanted.doubt());
        if let Wanted::Unknown { because, .. } = wanted {
            diff.doubt(Some(because));
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let path = self.path.get();
        let wanted = self.source().wanted(view.id, view.world);
        let wanted = wanted.unwrap_or(Wanted::Unknown { because: view.id, look: false });
        let own = first_words(view.id.0, path, &self.attributes);
        let known = view.world.path(path);
        if known.doubt.is_none() && known.is.kind == PathKind::Directory && self.is_there(&wanted, view.world)
        {
            return Script::new().library(&ARCHIVES).call("p_own", own);
        }
        let text = |hash: Option<Sha256>| Text::from(hash.map(|hash| hash.to_string()).unwrap_or_default());
        let origin = match &wanted {
            Wanted::Origin(origin) => Some(*origin),
            _ => None,
        };
        let script = Script::new().library(&ARCHIVES);
        let (script, end) = match self.source().on_node() {
            Some(archive) => (script.code("p_archive=").word(archive.as_str()).code("\n"), "\n"),
            None => {
                let staged =
                    script.code("p_stage ").word(path.as_str()).code(format!(" {}a || return\n", view.id.0));
                let end = "\np_status=$?\nrm -f -- \"$p_archive\"\nreturn $p_status\n";
                (staged.append(self.source().stage(view)).code("p_archive=$p_new\n"), end)
            }
        };
        let mut words = own;
        words.extend([
            text(wanted.hash()),
            text(origin),
            text(Some(self.options())),
            Text::from(self.strip.to_string()),
            Text::from(if self.clean { "clean" } else { "" }),
        ]);
        words.extend(self.only.iter().map(Text::from));
        let call =
            words.into_iter().fold(script.code("p_unpack"), |script, word| script.code(" ").word(word));
        call.code(end)
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        let path = self.path.get();
        let before = world.path(path).is;
        world.set_path(path, self.attributes.predict(&before, PathKind::Directory, 0o755));
        if let Some(origin) = self.source().wanted(id, world).ok().as_ref().and_then(Self::origin) {
            world.set_origin(path, origin, self.options());
        }
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Below(self.path.get().clone()))
    }

    fn declares(&self) -> Vec<Claim> {
        let mut claims = vec![Claim::existence(self.path.thing(), claim::DIRECTORY)];
        claims.extend(self.attributes.claims(self.path.get()));
        claims
    }
}
