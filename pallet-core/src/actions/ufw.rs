//! Whether ufw is at work, and what becomes of packets that no rule is about.

mod rule;

pub use rule::{UfwRule, ufw_rule};

use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{PathKind, Probe};
use crate::script::{Script, UFW};
use crate::world::{FileText, World};

/// Whether ufw is at work, and what becomes of packets that no rule is about.
#[derive(Debug)]
pub struct Ufw {
    enabled: bool,
    incoming: Option<&'static str>,
    outgoing: Option<&'static str>,
}

/// Declares that ufw is at work, now and after the next start.
///
/// Let the rule by which you get in stand before it. Checked: ufw's configuration. Changed: when it was enabled or
/// disabled, or a default was another one. Systems: those with ufw.
#[track_caller]
pub fn ufw() -> Handle<Ufw> {
    record(Ufw { enabled: true, incoming: None, outgoing: None })
}

impl Handle<Ufw> {
    /// Declares that ufw is not at work.
    #[track_caller]
    pub fn disabled(self) -> Self {
        self.edit(|ufw| ufw.enabled = false)
    }

    /// Drops what comes in and no rule is about.
    #[track_caller]
    pub fn deny_incoming(self) -> Self {
        self.edit(|ufw| ufw.incoming = Some("deny"))
    }

    /// Lets in what no rule is about.
    #[track_caller]
    pub fn allow_incoming(self) -> Self {
        self.edit(|ufw| ufw.incoming = Some("allow"))
    }

    /// Drops what goes out and no rule is about.
    #[track_caller]
    pub fn deny_outgoing(self) -> Self {
        self.edit(|ufw| ufw.outgoing = Some("deny"))
    }

    /// Lets out what no rule is about.
    #[track_caller]
    pub fn allow_outgoing(self) -> Self {
        self.edit(|ufw| ufw.outgoing = Some("allow"))
    }
}

fn path(text: &str) -> RemotePath {
    RemotePath::new(text).expect("a valid path")
}

fn no_ufw(file: &RemotePath, view: &View<'_>) -> Option<Diff> {
    let known = view.world.path(file);
    let missing = known.is.kind == PathKind::Absent && known.doubt.is_none();
    missing.then(|| {
        let hint = "write `package(\"ufw\")` before this line".to_owned();
        Diff::problem(format!("there is no {file} on this node"), hint)
    })
}

/// The settings of ufw: each a file, a name, and the value in it.
const CONFIGURATION: &str = "/etc/ufw/ufw.conf";
const DEFAULTS: &str = "/etc/default/ufw";

impl Ufw {
    /// Returns how a policy is written.
    fn policy(verb: &str) -> &'static str {
        if verb == "allow" { "\"ACCEPT\"" } else { "\"DROP\"" }
    }

    fn lines(&self) -> Vec<(&'static str, String, &'static str, &'static str)> {
        let flag = if self.enabled { "ENABLED=yes" } else { "ENABLED=no" };
        let policy = |name: &str, verb: &'static str, direction: &'static str| {
            (DEFAULTS, format!("DEFAULT_{name}_POLICY={}", Ufw::policy(verb)), verb, direction)
        };
        let mut lines = Vec::new();
        lines.extend(self.incoming.map(|verb| policy("INPUT", verb, "incoming")));
        lines.extend(self.outgoing.map(|verb| policy("OUTPUT", verb, "outgoing")));
        // Last, so that what lets nobody in is not at work for a moment.
        lines.push((CONFIGURATION, flag.to_owned(), if self.enabled { "enable" } else { "disable" }, ""));
        lines
    }
}

fn has_line(text: FileText<'_>, wanted: &str) -> bool {
    matches!(text, FileText::Is(text) if String::from_utf8_lossy(text).lines().any(|line| line == wanted))
}

impl Action for Ufw {
    fn kind(&self) -> &'static str {
        "ufw"
    }

    fn subject(&self) -> String {
        if self.enabled { "enabled" } else { "disabled" }.to_owned()
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.text(&path(CONFIGURATION));
        probe.text(&path(DEFAULTS));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        if let Some(problem) = no_ufw(&path(CONFIGURATION), view).filter(|_| self.enabled) {
            return problem;
        }
        let mut diff = Diff::none();
        for (file, line, verb, direction) in self.lines() {
            let known = view.world.text(&path(file));
            let no_need = !self.enabled && matches!(known.is, FileText::NoFile);
            if !no_need && !has_line(known.is, &line) {
                diff.change(format!("{verb} {direction}").trim_end().to_owned());
            }
            diff.doubt(known.doubt);
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        self.lines().iter().fold(Script::new().library(&UFW), |script, (file, line, verb, direction)| {
            script.call("p_ufw", [id.as_str(), file, line, verb, direction]).code("[ $? -eq 0 ] || return\n")
        })
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        for (file, line, ..) in self.lines() {
            let file = path(file);
            let name = line.split('=').next().unwrap_or_default().to_owned();
            let FileText::Is(text) = world.text(&file).is else { continue };
            let text = String::from_utf8_lossy(text).into_owned();
            let kept = text.lines().filter(|line| line.split('=').next() != Some(&name));
            let after: Vec<&str> = kept.chain([line.as_str()]).collect();
            let before = world.path(&file).is;
            world.set_path(&file, before);
            world.set_text(&file, after.join("\n").into_bytes());
        }
    }

    fn declares(&self) -> Vec<Claim> {
        let claim = |aspect: &'static str, state: &str| {
            Claim::new(Thing::Other("ufw", "rules".to_owned()), aspect, state)
        };
        let policies = [("incoming", self.incoming), ("outgoing", self.outgoing)];
        let policies = policies.into_iter().filter_map(|(aspect, verb)| Some(claim(aspect, verb?)));
        policies.chain([claim("enabled", if self.enabled { "yes" } else { "no" })]).collect()
    }
}
