//! Which of several programs a name stands for.

use super::attributes::GivenPath;
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, OsFamily};
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{PathKind, PathState, Probe};
use crate::script::{ALTERNATIVES, Script};
use crate::world::World;

/// Which of several programs a name stands for.
#[derive(Debug)]
pub struct Alternative {
    name: String,
    choice: Choice,
    /// Where the name is and how this choice is weighed, if the choice is to be made known first.
    install: Option<(GivenPath, i32)>,
}

#[derive(Debug)]
enum Choice {
    Path(GivenPath),
    Auto,
}

/// Declares which of several programs a name stands for: `editor`, `java`, `iptables`. The choice must be one that the
/// system knows; see [`install`](Handle::<Alternative>::install) for one's own.
///
/// Checked: the choice, and that it was made by hand. Changed: when it was not so. Systems: those of Debian's family
/// (`update-alternatives`) and of Red Hat's (`alternatives`).
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("vim");
/// alternatives("editor", "/usr/bin/vim.basic");
/// alternatives("app", "/opt/app-2/bin/app").install("/usr/bin/app", 50);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn alternatives(name: impl Into<String>, path: impl AsRef<str>) -> Handle<Alternative> {
    record(Alternative { name: name.into(), choice: Choice::Path(GivenPath::new(path)), install: None })
}

/// Declares that the system chooses which of several programs a name stands for: the one that weighs most.
#[track_caller]
pub fn alternatives_auto(name: impl Into<String>) -> Handle<Alternative> {
    record(Alternative { name: name.into(), choice: Choice::Auto, install: None })
}

impl Handle<Alternative> {
    /// Makes the choice known to the system first, if it is not: at which path the name is, and how much it weighs.
    #[track_caller]
    pub fn install(self, link: impl AsRef<str>, priority: i32) -> Self {
        self.edit(|choice| choice.install = Some((GivenPath::new(link), priority)))
    }
}

impl Alternative {
    /// The link that all names go through.
    fn link(&self) -> RemotePath {
        RemotePath::new(format!("/etc/alternatives/{}", self.name)).expect("checked when the graph was built")
    }

    /// Where the system keeps whether the choice was made by hand; its first line is `auto` or `manual`.
    fn records(&self) -> [RemotePath; 2] {
        ["/var/lib/dpkg/alternatives", "/var/lib/alternatives"].map(|folder| {
            RemotePath::new(format!("{folder}/{}", self.name)).expect("checked when the graph was built")
        })
    }

    fn mode<'a>(&self, view: &View<'a>) -> Option<&'a str> {
        self.records().iter().find_map(|record| view.world.line(record).is)
    }
}

impl Action for Alternative {
    fn kind(&self) -> &'static str {
        "alternatives"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.+-".contains(&b);
        if self.name.is_empty() || !self.name.bytes().all(plain) || self.name.starts_with(['-', '.']) {
            return Err(format!("invalid name {:?} of alternatives", self.name));
        }
        if let Choice::Path(path) = &self.choice {
            path.check()?;
        }
        match (&self.install, &self.choice) {
            (Some(_), Choice::Auto) => Err("`install` needs a path to choose: use `alternatives`".to_owned()),
            (Some((link, _)), _) => link.check(),
            (None, _) => Ok(()),
        }
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        let family = facts.os.family;
        if !family.is(OsFamily::DebianBase) && !family.is(OsFamily::RhBase) && !family.is(OsFamily::SuseBase)
        {
            return Err(format!(
                "alternatives are a thing of Debian's and Red Hat's families; this is {}",
                facts.os.description
            ));
        }
        probe.path(&self.link());
        self.records().iter().for_each(|record| probe.line(record));
        if let Choice::Path(path) = &self.choice {
            probe.path(path.get());
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let link = view.world.path(&self.link());
        let mode = self.mode(view);
        let mut diff = Diff::none();
        if mode.is_none() && self.install.is_none() && link.doubt.is_none() {
            let hint = "install a package that brings it before this line, or say where it is with `install`";
            let message = format!("this node knows no alternatives for {}", self.name);
            return Diff::problem(message, hint.to_owned());
        }
        match &self.choice {
            Choice::Auto if mode != Some("auto") => diff.change("chosen by the system"),
            Choice::Auto => {}
            Choice::Path(path) => {
                let program = view.world.path(path.get());
                if program.is.kind == PathKind::Absent && program.doubt.is_none() {
                    return Diff::problem(format!("there is no {} on this node", path.get()), None);
                }
                match &link.is.kind {
                    PathKind::Link(target) if target == path.get().as_str() => {
                        if mode != Some("manual") {
                            diff.change("chosen by hand");
                        }
                    }
                    PathKind::Link(target) => diff.change(format!("{target} → {}", path.get())),
                    _ => diff.change(path.get().to_string()),
                }
                diff.doubt(program.doubt);
            }
        }
        diff.doubt(link.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let path = match &self.choice {
            Choice::Path(path) => path.get().as_str(),
            Choice::Auto => "",
        };
        let (link, priority) = self
            .install
            .as_ref()
            .map(|(link, priority)| (link.get().to_string(), priority.to_string()))
            .unwrap_or_default();
        let words = [id.as_str(), &self.name, path, &link, &priority];
        Script::new().library(&ALTERNATIVES).call("p_alternative", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let mode = match &self.choice {
            Choice::Path(path) => {
                let kind = PathKind::Link(path.get().to_string());
                let before = world.path(&self.link()).is;
                world.set_path(&self.link(), PathState { kind, ..before });
                "manual"
            }
            Choice::Auto => "auto",
        };
        // Each system has one of them; the other is not asked for again.
        let [debian, red_hat] = self.records();
        let record = if world.line(&red_hat).is.is_some() { red_hat } else { debian };
        world.set_line(&record, mode);
    }

    fn declares(&self) -> Vec<Claim> {
        let state = match &self.choice {
            Choice::Path(path) => path.get().to_string(),
            Choice::Auto => "auto".to_owned(),
        };
        let thing = || Thing::Other("alternatives", self.name.clone());
        let known = self.install.as_ref().map(|(link, priority)| {
            let words = format!("weight {priority} of {state} at {}", link.get());
            Claim::new(thing(), "weights", words)
        });
        known.into_iter().chain([Claim::new(thing(), "choice", state.clone())]).collect()
    }
}
