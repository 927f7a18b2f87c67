//! Sources of packages: a repository, the key that signs it, and the index that is read from it.

mod render;

use super::own_file::OR_RETURN;
use super::{manager, system};
use crate::action::{Action, Batch, Diff, Member, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::{ActionId, AnyHandle, Handle, record};
use crate::probe::{Probe, Sha256};
use crate::script::Script;
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, FileText, World};
use render::Rendered;

/// A source of packages.
#[derive(Debug, Default)]
pub struct PackageSource {
    name: String,
    url: Option<Text>,
    ppa: Option<String>,
    suites: Vec<String>,
    components: Vec<String>,
    architectures: Vec<String>,
    source_code: bool,
    key: Option<Key>,
    unsigned: bool,
    options: Vec<(String, String)>,
    absent: bool,
}

/// The key that signs a source.
#[derive(Debug)]
enum Key {
    Content(Vec<u8>),
    Url { url: String, hash: String },
    OnNode(String),
}

/// Declares a source of packages: say where it is with [`url`](Handle::<PackageSource>::url).
///
/// | system | file | key |
/// |---|---|---|
/// | apt | `/etc/apt/sources.list.d/NAME.sources` (deb822) | `/etc/apt/keyrings/NAME.asc` or `.gpg`, named by `Signed-By` |
/// | dnf | `/etc/yum.repos.d/NAME.repo` | `/etc/pki/rpm-gpg/RPM-GPG-KEY-NAME`, named by `gpgkey` |
/// | zypper | `/etc/zypp/repos.d/NAME.repo` | the same |
/// | pacman | `/etc/pacman.d/NAME.conf`, included by `/etc/pacman.conf` | added with `pacman-key` and signed locally; packages must be signed then |
/// | apk | a line of `/etc/apk/repositories` | `/etc/apk/keys/NAME.rsa.pub` |
///
/// Checked: the content of these files. Changed: one of them was another. The index is read again once after
/// all sources that follow each other have changed; that it has to be is written down on the node before the change,
/// so a run that was interrupted, or a source that could not be reached, is made up for by the next. What others
/// wrote into these files is replaced.
///
/// ```
/// # use pallet::prelude::*;
/// # let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package_source("example").url("https://apt.example.org/debian").component("stable").key(key);
/// package("example-server");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn package_source(name: impl Into<String>) -> Handle<PackageSource> {
    record(PackageSource { name: name.into(), ..PackageSource::default() })
}

impl Handle<PackageSource> {
    /// Sets the address: `URIs` with apt, `baseurl` with dnf and zypper, `Server` with pacman, the line itself with
    /// apk. It may have a password in it, as a [`Secret`].
    #[track_caller]
    pub fn url(self, url: impl Into<Text>) -> Self {
        self.edit(|source| source.url = Some(url.into()))
    }

    /// Takes a personal package archive, named like `ppa:user/name`, of the archive at
    /// [`url`](Handle::<PackageSource>::url). Nothing is looked up: give its [`key`](Handle::<PackageSource>::key),
    /// too. Systems: apt.
    ///
    /// ```
    /// # use pallet::prelude::*;
    /// # let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
    /// # pallet::graph::build(&pallet::Context::example(), || {
    /// package_source("git-core").url("https://ppa.example.org").ppa("ppa:git-core/ppa").key(key);
    /// # })?;
    /// # Ok::<(), pallet::graph::GraphError>(())
    /// ```
    #[track_caller]
    pub fn ppa(self, ppa: impl Into<String>) -> Self {
        self.edit(|source| source.ppa = Some(ppa.into()))
    }

    /// Adds a suite; the code name of the node's release if none is added. One that ends with a slash is a path and
    /// has no components. Systems: apt.
    #[track_caller]
    pub fn suite(self, suite: impl Into<String>) -> Self {
        self.edit(|source| source.suites.push(suite.into()))
    }

    /// Adds a component; `main` if none is added. Systems: apt.
    #[track_caller]
    pub fn component(self, component: impl Into<String>) -> Self {
        self.edit(|source| source.components.push(component.into()))
    }

    /// Restricts the source to this architecture, and those of further calls. Systems: apt.
    #[track_caller]
    pub fn architecture(self, architecture: impl Into<String>) -> Self {
        self.edit(|source| source.architectures.push(architecture.into()))
    }

    /// Takes source packages, too (`deb-src`). Systems: apt.
    #[track_caller]
    pub fn with_source_code(self) -> Self {
        self.edit(|source| source.source_code = true)
    }

    /// Gives the public key that signs the source: as text, or as the bytes of a keyring. That of a file of the
    /// controller is given by `include_str!`.
    #[track_caller]
    pub fn key(self, key: impl Into<Vec<u8>>) -> Self {
        self.edit(|source| source.key = Some(Key::Content(key.into())))
    }

    /// Lets the node fetch the key from an address. The SHA-256 of what is there, as 64 hexadecimal digits, must be
    /// this one, or the source is not used.
    #[track_caller]
    pub fn key_from_url(self, url: impl Into<String>, sha256: impl Into<String>) -> Self {
        self.edit(|source| source.key = Some(Key::Url { url: url.into(), hash: sha256.into() }))
    }

    /// Uses a key that is in a file on the node already, perhaps because
    /// [`remote_file`](crate::actions::remote_file) brought it there. Systems: apt, dnf, zypper.
    #[track_caller]
    pub fn key_file(self, path: impl Into<String>) -> Self {
        self.edit(|source| source.key = Some(Key::OnNode(path.into())))
    }

    /// Accepts packages of this source that nobody signed. Systems: all but apk, where
    /// [`allow_unsigned`](Handle::<super::Package>::allow_unsigned) does it.
    #[track_caller]
    pub fn unsigned(self) -> Self {
        self.edit(|source| source.unsigned = true)
    }

    /// Adds a line to the description: `Pin`-like fields of deb822, `priority` or `mirrorlist` of a `.repo` file,
    /// `Usage` of pacman.
    #[track_caller]
    pub fn option(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.edit(|source| source.options.push((key.into(), value.into())))
    }

    /// Declares that there is no such source, and no key of it. With apk the address says which.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|source| source.absent = true)
    }
}

impl PackageSource {
    fn rendered(&self, facts: &Facts) -> Result<Rendered, String> {
        render::render(self, system::manager(facts)?, facts)
    }

    /// Adds that the line which makes the manager read the source is not there, or still is.
    fn diff_line(&self, rendered: &Rendered, view: &View<'_>, diff: &mut Diff) {
        let Some((file, line)) = &rendered.line else { return };
        let known = view.world.text(file);
        diff.doubt(known.doubt);
        let Ok(wanted) = view.resolve(line) else { return diff.change(format!("line of {file}")) };
        let has = match known.is {
            FileText::Is(text) => text.split(|byte| *byte == b'\n').any(|line| *line == *wanted),
            FileText::NoFile => false,
            FileText::TooLarge | FileText::Unknown => return diff.doubt(Some(view.id)),
        };
        if has == self.absent {
            diff.change(format!("line of {file}"));
        }
    }

    /// Returns what makes it so, without the refresh of the index.
    fn script(&self, id: ActionId, facts: &Facts, view: Option<&View<'_>>) -> Script {
        let (Ok(manager), Ok(rendered)) = (system::manager(facts), self.rendered(facts)) else {
            return Script::new();
        };
        let mut script = Script::new().library(system::library(manager));
        for file in &rendered.files {
            script = script.append(file.script(id, view));
        }
        if let (PackageManagerKind::Pacman, Some(key), false) = (manager, &rendered.key, self.absent) {
            script = script.call("p_pacman_key", [key.as_str()]).code(OR_RETURN);
        }
        let Some((file, line)) = &rendered.line else { return script };
        let wanted = if self.absent { "" } else { "yes" };
        let words = [Text::from(id.0.to_string()), file.as_str().into(), line.clone(), wanted.into()];
        script.call("p_pkg_line_in", words).code(OR_RETURN)
    }
}

impl Action for PackageSource {
    fn kind(&self) -> &'static str {
        "package-source"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        render::check(self)
    }

    fn missing(&self) -> Option<&'static str> {
        let silent = self.url.is_none() && !self.absent && self.options.is_empty();
        silent.then_some("no address is given: call `url`")
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.url.as_ref().map(Text::values).unwrap_or_default()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.url.as_ref().map(Text::secrets).unwrap_or_default()
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        let rendered = self.rendered(facts)?;
        rendered.files.iter().for_each(|file| file.probe(probe));
        if let Some((file, _)) = &rendered.line {
            probe.text(file);
        }
        probe.owed();
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        let Ok(rendered) = self.rendered(view.facts) else { return diff };
        rendered.files.iter().for_each(|file| file.diff(view, &mut diff));
        self.diff_line(&rendered, view, &mut diff);
        if diff.changes.is_empty() && view.world.debt(system::OWED_INDEX).is_some() {
            diff.change("refresh the package index, owed since an earlier run");
            diff.refresh = true;
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        apply_all(view.facts, &[(view.id, self)])
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        // The paths are those of whatever system was probed; nobody asks for those of others.
        for file in render::all_files(self) {
            file.predict(world);
        }
        manager::refreshed(world);
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Sources)
    }

    fn declares(&self) -> Vec<Claim> {
        let thing = Thing::Other("package source", self.name.clone());
        if self.absent {
            return vec![Claim::absent(thing)];
        }
        let Some(Ok(url)) = self.url.as_ref().map(|url| url.literal()) else { return Vec::new() };
        let shown = format!("address {}", self.url.as_ref().map(Text::masked).unwrap_or_default());
        let there = Claim::existence(thing.clone(), "a source");
        vec![there, Claim::new(thing, "address", Sha256::of(&url).to_string()).shown(shown)]
    }

    fn batch(&self) -> Option<Batch> {
        // A value that only the node knows is filled in step by step.
        let key = "package source".to_owned();
        self.values().is_empty().then_some(Batch { key, apply: apply_all })
    }
}

/// Applies sources, and reads the index once.
fn apply_all(facts: &Facts, members: &[Member<'_>]) -> Script {
    let sources = members.iter().filter_map(|(id, action)| {
        let action: &dyn std::any::Any = *action;
        action.downcast_ref::<PackageSource>().map(|source| (*id, source))
    });
    let script = Script::new().code("p_owe package-index || return\n");
    let script = sources.fold(script, |script, (id, source)| script.append(source.script(id, facts, None)));
    let Some((first, _)) = members.first() else { return Script::new() };
    script.call("p_pkg_refresh_owed", [first.0.to_string()])
}

#[cfg(test)]
mod tests;
