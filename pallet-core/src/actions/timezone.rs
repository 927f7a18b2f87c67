//! The time zone of the node.

use super::parts::{Composed, Part, WholeFile, composed_action};
use crate::action::{Diff, View};
use crate::claim::{self, Claim, Thing};
use crate::facts::OsFamily;
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{PathKind, PathState, Probe};
use crate::script::{FILES, Script};
use crate::text::Text;
use crate::world::World;

/// The time zone of the node.
#[derive(Debug)]
pub struct Timezone {
    name: String,
}

/// Declares the time zone of the node, by a name such as `Europe/Vienna`.
///
/// It is the link `/etc/localtime`, and on Debian's family `/etc/timezone`. Programs that run read it when they start
/// again. Checked: both. Changed: when one of them was. Systems: all with the time zones of the package `tzdata`.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// timezone("Europe/Vienna");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn timezone(name: impl Into<String>) -> Handle<Timezone> {
    record(Timezone { name: name.into() })
}

/// The link that programs follow to the zone.
#[derive(Debug)]
struct Zone {
    link: RemotePath,
    file: RemotePath,
}

impl Zone {
    /// Links may begin with `..` as well, as those of Fedora do.
    fn is_target(&self, target: &str) -> bool {
        target == self.file.as_str()
            || target.strip_prefix("..").is_some_and(|rest| rest == self.file.as_str())
    }
}

impl Part for Zone {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.path(&self.link);
        probe.path(&self.file);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let file = view.world.path(&self.file);
        if matches!(file.is.kind, PathKind::Absent | PathKind::Directory) && file.doubt.is_none() {
            let hint = "is it spelled right? The zones come with `package(\"tzdata\")`".to_owned();
            *diff = Diff::problem(format!("there is no time zone {} on this node", self.file), hint);
            return;
        }
        let link = view.world.path(&self.link);
        match &link.is.kind {
            PathKind::Link(target) if self.is_target(target) => {}
            PathKind::Link(target) => diff.change(format!("{target} → {}", self.file)),
            _ => diff.change(self.file.to_string()),
        }
        diff.doubt(link.doubt);
        diff.doubt(file.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let (link, file) = (self.link.as_str(), self.file.as_str());
        Script::new()
            .library(&FILES)
            .code("if [ ! -f ")
            .word(file)
            .code(" ]; then p_say ")
            .word(format!("there is no time zone {file} on this node"))
            .code("; return 1; fi\n")
            .code("[ \"$(readlink ")
            .word(link)
            .code(")\" = ")
            .word(format!("..{file}"))
            .code(" ] || ")
            .call("p_link", [id.as_str(), link, file])
            .code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        let before = world.path(&self.link).is;
        let kind = match &before.kind {
            PathKind::Link(target) if self.is_target(target) => before.kind.clone(),
            _ => PathKind::Link(self.file.to_string()),
        };
        world.set_path(&self.link, PathState { kind, ..before });
    }

    fn claims(&self) -> Vec<Claim> {
        let link = || Thing::Path(self.link.clone());
        vec![Claim::existence(link(), claim::LINK), Claim::new(link(), "target", self.file.as_str())]
    }
}

/// The name of the zone in a file, which only Debian's family has.
#[derive(Debug)]
struct Name(WholeFile);

impl Part for Name {
    fn probe(&self, id: ActionId, probe: &mut Probe) {
        self.0.probe(id, probe);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        if view.facts.os.family.is(OsFamily::DebianBase) {
            self.0.diff(view, diff);
        }
    }

    fn apply(&self, view: &View<'_>) -> Script {
        if view.facts.os.family.is(OsFamily::DebianBase) { self.0.apply(view) } else { Script::new() }
    }

    fn predict(&self, world: &mut World) {
        self.0.predict(world);
    }

    fn claims(&self) -> Vec<Claim> {
        self.0.claims()
    }
}

impl Composed for Timezone {
    const KIND: &'static str = "timezone";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/_+-".contains(&b);
        if self.name.is_empty() || self.name.starts_with('/') || !self.name.bytes().all(plain) {
            return Err(format!("invalid time zone {:?}: a name such as Europe/Vienna or UTC", self.name));
        }
        Ok(())
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let path = |text: String| RemotePath::new(text).ok();
        let (link, name) = (path("/etc/localtime".into()), path("/etc/timezone".into()));
        let file = path(format!("/usr/share/zoneinfo/{}", self.name));
        let (Some(link), Some(name), Some(file)) = (link, name, file) else { return Vec::new() };
        let name = WholeFile::new(&name, Some(Text::from(format!("{}\n", self.name))));
        vec![Box::new(Zone { link, file }), Box::new(Name(name))]
    }
}

composed_action!(Timezone);
