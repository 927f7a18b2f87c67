//! How a package manager is configured.

use crate::action::{Action, Diff, View};
use crate::actions::package::own_file::{OwnContent, OwnFile};
use crate::actions::package::system;
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, PackageManagerKind};
use crate::graph::{ActionId, AnyHandle};
use crate::name::{PackageName, RemotePath};
use crate::probe::{Probe, Sha256};
use crate::script::Script;
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, FileText, World};

/// An option of the package manager.
#[derive(Debug)]
pub struct PackageSetting {
    key: Key,
    value: Text,
}

#[derive(Debug)]
enum Key {
    Named(String),
    Proxy,
}

/// An architecture whose packages dpkg accepts.
#[derive(Debug)]
pub struct ForeignArchitecture(String);

impl PackageSetting {
    pub(super) fn new(key: String, value: Text) -> Self {
        PackageSetting { key: Key::Named(key), value }
    }

    pub(super) fn proxy(url: Text) -> Self {
        PackageSetting { key: Key::Proxy, value: url }
    }

    fn name(&self) -> &str {
        match &self.key {
            Key::Named(key) => key,
            Key::Proxy => "proxy",
        }
    }

    /// apt reads a folder, so each option has a file of its own.
    fn apt_file(&self) -> OwnFile {
        let file: String =
            self.name().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = RemotePath::new(format!("/etc/apt/apt.conf.d/50pallet-{file}"));
        let line =
            |key: &str| Text::concat([Text::from(key), " \"".into(), self.value.clone(), "\";\n".into()]);
        let text = match &self.key {
            Key::Named(key) => line(key),
            Key::Proxy => Text::concat([line("Acquire::http::Proxy"), line("Acquire::https::Proxy")]),
        };
        OwnFile { path: path.expect("letters, digits and hyphens"), content: OwnContent::Text(text) }
    }

    /// Returns file and section for a manager that reads one file.
    fn place(manager: PackageManagerKind) -> (RemotePath, &'static str) {
        let (path, section) = match manager {
            PackageManagerKind::Dnf => ("/etc/dnf/dnf.conf", "main"),
            PackageManagerKind::Zypper => ("/etc/zypp/zypp.conf", "main"),
            _ => ("/etc/pacman.conf", "options"),
        };
        (RemotePath::new(path).expect("a valid path"), section)
    }

    fn diff_in_file(&self, manager: PackageManagerKind, view: &View<'_>, diff: &mut Diff) {
        let (path, section) = Self::place(manager);
        let known = view.world.text(&path);
        let is = match known.is {
            FileText::Is(text) => setting(&String::from_utf8_lossy(text), section, self.name()),
            FileText::NoFile => None,
            FileText::TooLarge | FileText::Unknown => {
                diff.doubt(known.doubt.or(Some(view.id)));
                None
            }
        };
        diff.doubt(known.doubt);
        let wanted = view.resolve(&self.value);
        if wanted.as_ref().is_ok_and(|wanted| is.as_ref().is_some_and(|is| is.as_bytes() == wanted)) {
            return;
        }
        diff.change(match is {
            Some(is) if !self.value.is_secret() => format!("{} {is} → {}", self.name(), self.value.masked()),
            _ => format!("{} set", self.name()),
        });
        diff.doubt(wanted.err());
    }
}

/// Returns the value of a key in a section of a file with sections.
fn setting(text: &str, section: &str, key: &str) -> Option<String> {
    let mut here = false;
    let mut found = None;
    for line in text.lines() {
        if line.starts_with('[') {
            here = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) == Some(section);
        } else if let Some((name, value)) = line.split_once('=')
            && here
            && name.trim_end() == key
            && found.is_none()
        {
            found = Some(value.trim_start().to_owned());
        }
    }
    found
}

impl Action for PackageSetting {
    fn kind(&self) -> &'static str {
        "package-manager"
    }

    fn subject(&self) -> String {
        match &self.key {
            Key::Named(key) => format!("option {key}"),
            Key::Proxy => "proxy".to_owned(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:/-".contains(&b);
        if self.name().is_empty() || !self.name().bytes().all(plain) {
            return Err(format!("{:?} is not the name of an option", self.name()));
        }
        match self.value.literal() {
            Ok(value) if value.contains(&b'\n') || value.contains(&b'"') => {
                Err("a value is one line without quotation marks".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.value.values()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.value.secrets()
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        const WITH_FILE: &[PackageManagerKind] = &[
            PackageManagerKind::Apt,
            PackageManagerKind::Dnf,
            PackageManagerKind::Zypper,
            PackageManagerKind::Pacman,
        ];
        match self.key {
            Key::Proxy => system::only(facts, "a proxy of the package manager", system::APT_AND_DNF)?,
            Key::Named(_) => system::only(facts, "an option of the package manager", WITH_FILE)?,
        }
        match system::manager(facts)? {
            PackageManagerKind::Apt => self.apt_file().probe(probe),
            manager => probe.text(&Self::place(manager).0),
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        match view.facts.package_manager {
            Some(PackageManagerKind::Apt) => self.apt_file().diff(view, &mut diff),
            Some(manager) => self.diff_in_file(manager, view, &mut diff),
            None => {}
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        match system::manager(view.facts) {
            Ok(PackageManagerKind::Apt) => self.apt_file().script(view.id, Some(view)),
            Ok(manager) => {
                let (path, section) = Self::place(manager);
                let words = [Text::from(view.id.0.to_string()), path.as_str().into(), section.into()];
                let words = words.into_iter().chain([self.name().into(), view.fill(&self.value)]);
                Script::new().library(system::library(manager)).call("p_pkg_setting", words)
            }
            Err(_) => Script::new(),
        }
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        // On systems that have no such file, nobody asks for it.
        self.apt_file().predict(world);
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Itself)
    }

    fn declares(&self) -> Vec<Claim> {
        let Ok(value) = self.value.literal() else { return Vec::new() };
        let thing = Thing::Other("option of the package manager", self.name().to_owned());
        let shown = format!("value {}", self.value.masked());
        vec![Claim::new(thing, "value", Sha256::of(&value).to_string()).shown(shown)]
    }
}

impl ForeignArchitecture {
    pub(super) fn new(architecture: String) -> Self {
        ForeignArchitecture(architecture)
    }

    fn list() -> RemotePath {
        RemotePath::new("/var/lib/dpkg/arch").expect("a valid path")
    }
}

impl Action for ForeignArchitecture {
    fn kind(&self) -> &'static str {
        "package-manager"
    }

    fn subject(&self) -> String {
        format!("architecture {}", self.0)
    }

    fn check(&self) -> Result<(), String> {
        PackageName::new(format!("x:{}", self.0)).map(drop).map_err(|_| {
            format!("{:?} is not an architecture: letters, digits, hyphens and underscores", self.0)
        })
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        system::only(facts, "a foreign architecture", system::APT_ONLY)?;
        probe.text(&Self::list());
        probe.owed();
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        let known = view.world.text(&Self::list());
        let text = match known.is {
            FileText::Is(text) => String::from_utf8_lossy(text).into_owned(),
            _ => String::new(),
        };
        if !text.lines().any(|line| line == self.0) {
            diff.change("accepted");
        } else if view.world.debt(system::OWED_INDEX).is_some() {
            diff.change("refresh the package index, owed since an earlier run");
            diff.refresh = true;
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let words = [view.id.0.to_string(), self.0.clone()];
        Script::new().library(&crate::script::APT).call("p_architecture", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        if let FileText::Is(text) = world.text(&Self::list()).is {
            let mut text = text.to_vec();
            text.extend_from_slice(format!("{}\n", self.0).as_bytes());
            world.set_text(&Self::list(), text);
        }
        super::index::refreshed(world);
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Sources)
    }
}

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn a_setting_is_read_in_its_section() {
        let text = "# x = 0\n[main]\nkey = one\nother=two words\n[repo]\nkey = three\n";
        assert_eq!(setting(text, "main", "key").as_deref(), Some("one"));
        assert_eq!(setting(text, "main", "other").as_deref(), Some("two words"));
        assert_eq!(setting(text, "repo", "key").as_deref(), Some("three"));
        assert_eq!(setting(text, "main", "x"), None);
    }
}
