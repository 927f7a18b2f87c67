//! Mode, owner and group of things in the file system: the same for files and directories.

use crate::action::{Diff, View};
use crate::claim::{self, Claim, Thing};
use crate::graph::ActionId;
use crate::name::{AccountName, RemotePath};
use crate::probe::{PathKind, PathState, Probe};
use crate::text::Text;
use std::fmt::Display;

/// Mode, owner and group. What is not given is left as it is, and for new things is what root gets: 0644 or 0755,
/// root, root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    pub(crate) mode: Option<u32>,
    pub(crate) owner: Option<String>,
    pub(crate) group: Option<String>,
}

impl Attributes {
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(mode) = self.mode.filter(|mode| *mode > 0o7777) {
            let decimal = u32::from_str_radix(&mode.to_string(), 8).ok().filter(|mode| *mode <= 0o7777);
            let meant = decimal.map(|mode| format!("; did you mean 0o{mode:o}?")).unwrap_or_default();
            return Err(format!("mode 0o{mode:o} has more than the twelve permission bits{meant}"));
        }
        for account in [&self.owner, &self.group].into_iter().flatten() {
            if account.parse::<u32>().is_err() {
                AccountName::new(account.as_str()).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// Asks whether the owner and the group exist. That root does costs no question.
    pub(crate) fn probe(&self, probe: &mut Probe) {
        if let Some(owner) = named(&self.owner) {
            probe.user(&owner);
        }
        if let Some(group) = named(&self.group) {
            probe.group(&group);
        }
    }

    /// Asks for what making something with these attributes at a path needs: the accounts, and the directory that holds
    /// it.
    pub(crate) fn probe_at(&self, path: &RemotePath, probe: &mut Probe) {
        self.probe(probe);
        if let Some(parent) = path.parent() {
            probe.path(&parent);
        }
    }

    /// Returns why they cannot be set: the owner or the group is certain not to exist.
    pub(crate) fn missing_account(&self, view: &View<'_>) -> Option<Diff> {
        if let Some(owner) = named(&self.owner) {
            let known = view.world.user(&owner);
            if known.is.is_none() && known.doubt.is_none() {
                let hint = format!("write `user(\"{owner}\")` before this line");
                return Some(Diff::problem(format!("there is no user {owner}"), hint));
            }
        }
        let group = named(&self.group)?;
        let known = view.world.group(&group);
        (known.is.is_none() && known.doubt.is_none()).then(|| {
            let hint = format!("write `group(\"{group}\")` before this line");
            Diff::problem(format!("there is no group {group}"), hint)
        })
    }

    /// Adds what differs from what stands there.
    pub(crate) fn diff(&self, is: &PathState, diff: &mut Diff) {
        if let Some(mode) = self.mode.filter(|mode| *mode != is.mode) {
            diff.change(format!("mode {:04o} → {mode:04o}", is.mode));
        }
        if let Some(owner) = self.owner.as_ref().filter(|owner| !is_account(owner, &is.owner, is.uid)) {
            diff.change(format!("owner {} → {owner}", is.owner));
        }
        if let Some(group) = self.group.as_ref().filter(|group| !is_account(group, &is.group, is.gid)) {
            diff.change(format!("group {} → {group}", is.group));
        }
    }

    /// Adds that what a link leads to may differ. That was not probed, so only the node can tell.
    pub(crate) fn diff_through_link(&self, id: ActionId, diff: &mut Diff) {
        if *self != Attributes::default() {
            diff.change("attributes of what the link leads to");
            diff.doubt(Some(id));
        }
    }

    /// Returns what stands at a path once it has these attributes.
    pub(crate) fn predict(&self, before: &PathState, kind: PathKind, new_mode: u32) -> PathState {
        let fresh = before.kind == PathKind::Absent;
        let keep = |given: &Option<String>, is: &String| match given {
            Some(given) => given.clone(),
            None if fresh => "root".to_owned(),
            None => is.clone(),
        };
        PathState {
            kind,
            mode: self.mode.unwrap_or(if fresh { new_mode } else { before.mode }),
            owner: keep(&self.owner, &before.owner),
            uid: before.uid.filter(|_| self.owner.is_none() && !fresh),
            group: keep(&self.group, &before.group),
            gid: before.gid.filter(|_| self.group.is_none() && !fresh),
            size: before.size,
            modified: before.modified,
        }
    }

    /// Returns what is declared of the thing at a path.
    pub(crate) fn claims(&self, path: &RemotePath) -> Vec<Claim> {
        let thing = || Thing::Path(path.clone());
        let mode = self.mode.map(|mode| Claim::new(thing(), "mode", format!("{mode:04o}")));
        let owner =
            self.owner.as_ref().map(|owner| account_claim(thing(), ["owner", "owner's number"], owner));
        let group =
            self.group.as_ref().map(|group| account_claim(thing(), ["group", "group's number"], group));
        claim::given([mode, owner, group])
    }

    /// Returns mode, owner and group as words of a script; an empty word leaves it as it is.
    pub(crate) fn words(&self) -> [Text; 3] {
        let mode = self.mode.map(|mode| format!("{mode:04o}")).unwrap_or_default();
        let text = |account: &Option<String>| Text::from(account.clone().unwrap_or_default());
        [Text::from(mode), text(&self.owner), text(&self.group)]
    }
}

/// Returns an owner or group that is given by a name of which it is not certain that every node has it.
fn named(account: &Option<String>) -> Option<AccountName> {
    let name = account.as_deref().filter(|name| *name != "root" && name.parse::<u32>().is_err())?;
    AccountName::new(name).ok()
}

pub(crate) fn is_account(wanted: &str, name: &str, id: Option<u32>) -> bool {
    wanted == name || id.is_some_and(|id| wanted.parse() == Ok(id))
}

/// Returns the claim about an account that is given by name or number. Nobody can tell without a node whether a
/// name and a number are the same account, so they are two aspects; but root is 0 everywhere.
pub(crate) fn account_claim(thing: Thing, aspects: [&'static str; 2], account: &str) -> Claim {
    match account.parse::<u32>() {
        Ok(0) => Claim::new(thing, aspects[0], "root"),
        Ok(number) => Claim::new(thing, aspects[1], number.to_string()),
        Err(_) => Claim::new(thing, aspects[0], account),
    }
}

/// Gives the handle of an action with [`Attributes`] the methods for them.
macro_rules! attribute_methods {
    ($action:ty) => {
        impl Handle<$action> {
            /// Sets the permission bits, at most `0o7777`.
            #[track_caller]
            pub fn mode(self, mode: u32) -> Self {
                self.edit(|action| action.attributes.mode = Some(mode))
            }

            /// Sets the owner, by name or number.
            #[track_caller]
            pub fn owner(self, owner: impl std::fmt::Display) -> Self {
                self.edit(|action| action.attributes.owner = Some(owner.to_string()))
            }

            /// Sets the group, by name or number.
            #[track_caller]
            pub fn group(self, group: impl std::fmt::Display) -> Self {
                self.edit(|action| action.attributes.group = Some(group.to_string()))
            }
        }
    };
}
pub(crate) use attribute_methods;

/// Makes a type without values the type of a handle whose action is not complete yet: nothing of it can be called.
macro_rules! never_runs {
    ($unfinished:ty) => {
        impl $crate::action::Action for $unfinished {
            fn kind(&self) -> &'static str {
                match *self {}
            }

            fn subject(&self) -> String {
                match *self {}
            }

            fn probe(
                &self,
                _: $crate::graph::ActionId,
                _: &$crate::facts::Facts,
                _: &mut $crate::probe::Probe,
            ) -> Result<(), String> {
                match *self {}
            }

            fn diff(&self, _: &$crate::action::View<'_>) -> $crate::action::Diff {
                match *self {}
            }

            fn apply(&self, _: &$crate::action::View<'_>) -> $crate::script::Script {
                match *self {}
            }

            fn predict(&self, _: $crate::graph::ActionId, _: &mut $crate::world::World) {
                match *self {}
            }
        }
    };
}
pub(crate) use never_runs;

/// A path as the user wrote it, kept until it can be refused with the line.
#[derive(Debug, Clone)]
pub(crate) struct GivenPath(Result<RemotePath, String>);

impl GivenPath {
    pub(crate) fn new(path: impl AsRef<str>) -> Self {
        GivenPath(RemotePath::new(path.as_ref()).map_err(|error| error.to_string()))
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        self.0.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Returns the path. Only actions that passed their check are probed, diffed and applied.
    pub(crate) fn get(&self) -> &RemotePath {
        self.0.as_ref().expect("checked when the graph was built")
    }

    /// Returns the path as a thing of which something can be declared.
    pub(crate) fn thing(&self) -> Thing {
        Thing::Path(self.get().clone())
    }

    pub(crate) fn subject(&self) -> String {
        self.0.as_ref().map_or_else(|_| "with an invalid path".to_owned(), ToString::to_string)
    }
}

/// Returns why nothing can be made at a path: the directory that would hold it is certain not to be there.
pub(crate) fn missing_parent(path: &RemotePath, view: &View<'_>) -> Option<Diff> {
    let parent = path.parent()?;
    let known = view.world.path(&parent);
    let not_there = known.doubt.is_none() && known.is.kind == PathKind::Absent;
    not_there.then(|| {
        let hint = format!("write `directory(\"{parent}\")` before this line");
        Diff::problem(format!("there is no directory {parent}"), hint)
    })
}

/// Returns the words `id path mode owner group` that most functions of `apply.sh` begin with.
pub(crate) fn first_words(id: impl Display, path: &RemotePath, attributes: &Attributes) -> Vec<Text> {
    let mut words = vec![Text::from(id.to_string()), Text::from(path.as_str())];
    words.extend(attributes.words());
    words
}
