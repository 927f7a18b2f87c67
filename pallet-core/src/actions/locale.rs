//! Languages: locales that the node has, and the one that sessions begin with.

use super::parts::{Composed, Key, Line, Part, composed_action};
use crate::action::{Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, OsFamily};
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::Probe;
use crate::script::{LOCALES, Script};
use crate::world::World;

/// A locale of the node.
#[derive(Debug)]
pub struct Locale {
    name: String,
    default: bool,
}

/// Declares that the node has a locale, such as `de_AT.UTF-8`.
///
/// On Debian's family and Arch it is generated, and listed in `/etc/locale.gen`, so that updates generate it again; the
/// package `locales` must be there before. Elsewhere a package brings it (`glibc-langpack-de`), and this fails where
/// that is missing. Checked: whether the C library finds it. Changed: when it was not so. Systems: all with the
/// GNU C library.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("locales");
/// locale("de_AT.UTF-8").default();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn locale(name: impl Into<String>) -> Handle<Locale> {
    record(Locale { name: name.into(), default: false })
}

impl Handle<Locale> {
    /// Declares that sessions begin with it, by `LANG` in `/etc/default/locale` or `/etc/locale.conf`.
    #[track_caller]
    pub fn default(self) -> Self {
        self.edit(|locale| locale.default = true)
    }
}

/// That the C library finds a locale.
#[derive(Debug)]
struct Generated {
    name: String,
    line: Line,
}

impl Generated {
    /// Tells whether the library has it in itself.
    fn is_built_in(&self) -> bool {
        ["C", "POSIX", "C.UTF-8", "C.utf8"].contains(&self.name.as_str())
    }
}

fn has_list(facts: &Facts) -> bool {
    facts.os.family.is(OsFamily::DebianBase) || facts.os.family.is(OsFamily::ArchBase)
}

impl Part for Generated {
    fn probe(&self, id: ActionId, probe: &mut Probe) {
        if !self.is_built_in() {
            let script = Script::new().library(&LOCALES).call("p_has_locale", [self.name.as_str()]);
            probe.check(id, 0, script);
            self.line.probe(id, probe);
        }
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        if self.is_built_in() {
            return;
        }
        let known = view.world.command(view.id, 0);
        let is_there = known.is.is_some_and(|result| result.status == 0);
        if has_list(view.facts) {
            let list = view.world.path(&self.line.path);
            if list.is.kind == crate::probe::PathKind::Absent && list.doubt.is_none() && !is_there {
                let hint = "write `package(\"locales\")` before this line".to_owned();
                *diff = Diff::problem(format!("there is no {} on this node", self.line.path), hint);
                return;
            }
            self.line.diff(view, diff);
        } else if !is_there && known.doubt.is_none() {
            let hint = "install the package with it before this line, such as glibc-langpack-de".to_owned();
            *diff = Diff::problem(format!("this node has no locale {}", self.name), hint);
            return;
        }
        if !is_there {
            diff.change("generated");
        }
        diff.doubt(known.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        if self.is_built_in() {
            return Script::new();
        }
        let listed = if has_list(view.facts) { self.line.apply(view) } else { Script::new() };
        let id = view.id.0.to_string();
        let script = listed.library(&LOCALES).call("p_locale", [id.as_str(), &self.name]);
        script.code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        if !self.is_built_in() {
            self.line.predict(world);
        }
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim::new(Thing::Other("locale", self.name.clone()), "state", "generated")]
    }
}

/// The locale that sessions begin with: two files, of which each system reads one.
#[derive(Debug)]
struct Default {
    debian: Line,
    others: Line,
}

impl Default {
    fn of(&self, facts: &Facts) -> &Line {
        if facts.os.family.is(OsFamily::DebianBase) { &self.debian } else { &self.others }
    }
}

impl Part for Default {
    fn probe(&self, id: ActionId, probe: &mut Probe) {
        self.debian.probe(id, probe);
        self.others.probe(id, probe);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        self.of(view.facts).diff(view, diff);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        self.of(view.facts).apply(view)
    }

    fn predict(&self, world: &mut World) {
        self.debian.predict(world);
        self.others.predict(world);
    }

    fn claims(&self) -> Vec<Claim> {
        let line = self.debian.line.clone().unwrap_or_default();
        vec![Claim::new(Thing::Other("locale", "default".to_owned()), "name", line)]
    }
}

impl Composed for Locale {
    const KIND: &'static str = "locale";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.@-".contains(&b);
        let valid =
            !self.name.is_empty() && self.name.bytes().all(plain) && !self.name.starts_with(['-', '.']);
        let short = self.name == "C" || self.name == "POSIX";
        if !valid || !(short || self.name.contains('.')) {
            return Err(format!("invalid locale {:?}: with its encoding, such as de_AT.UTF-8", self.name));
        }
        Ok(())
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let path = |text: &str| RemotePath::new(text).expect("a valid path");
        let encoding = self.name.split('.').nth(1).unwrap_or_default().split('@').next().unwrap_or_default();
        let line = Line {
            path: path("/etc/locale.gen"),
            key: Key::Shown(self.name.clone(), encoding.to_owned()),
            line: Some(format!("{} {encoding}", self.name)),
        };
        let mut parts: Vec<Box<dyn Part>> = vec![Box::new(Generated { name: self.name.clone(), line })];
        if self.default {
            let line = |file: &str| Line {
                path: path(file),
                key: Key::Assign("LANG".to_owned()),
                line: Some(format!("LANG={}", self.name)),
            };
            let default = Default { debian: line("/etc/default/locale"), others: line("/etc/locale.conf") };
            parts.push(Box::new(default));
        }
        parts
    }
}

composed_action!(Locale);
