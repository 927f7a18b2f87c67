//! What is there and what will be: the probed state, carried forward through the actions of a phase.
//!
//! Every answer is either certain, or depends on an action before it that may have moved the thing asked about:
//! installing a package brings files, users and services; a command can do anything. That doubt is what makes a
//! plan honest, because a doubtful "unchanged" is shown as unknown.

mod debts;
#[cfg(feature = "engine")]
mod planned;

pub use debts::Debt;

use crate::graph::ActionId;
use crate::name::{AccountName, PackageName, RemotePath, UnitName};
use crate::probe::{
    Account, AccountGroup, AuthorizedKeys, CommandResult, PackageState, PathKind, PathState, READ_LIMIT,
    Sha256, Shadow, State, Tree, UnitState, is_below,
};
use crate::sorted::Map;
use debts::Debts;
use std::collections::HashMap;

/// The state of a node at one point of a phase.
#[derive(Debug, Clone, Default)]
pub struct World {
    state: State,
    values: Map<ActionId, Vec<u8>>,
    debts: Debts,
    moved: Vec<(ActionId, Effects)>,
    predicted: HashMap<Key, Prediction>,
    /// The action that predicts just now, if it may not happen.
    tentative: Option<ActionId>,
}

/// That an action has said how a thing will be.
#[derive(Debug, Clone, Copy)]
struct Prediction {
    /// Since how many entries of `moved` it stands.
    since: usize,
    /// The action, if it may not happen.
    doubt: Option<ActionId>,
}

/// What an action may move beside the thing it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effects {
    /// Anything at all: a command.
    Anything,
    /// What packages bring: files outside the places that belong to the administrator, services, users, groups,
    /// other packages.
    Packages,
    /// What a service that starts or stops may leave: files below `/run` and `/var`.
    Service,
    /// Everything below this path.
    Below(RemotePath),
    /// Which newer packages there are, because the index of packages is refreshed. Commands are not in doubt, or no
    /// plan of a phase that begins with a refresh would be certain of any.
    Index,
    /// The same, because other sources of packages are used; whoever runs a command may notice.
    Sources,
    /// Nothing else; but whoever runs a command may notice.
    Itself,
    /// Nothing that anybody would notice: a copy was refreshed.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Path(RemotePath),
    Line(RemotePath),
    Package(PackageName),
    /// The newest version of a package.
    Newer(PackageName),
    /// All newest versions.
    Index,
    Debconf(String),
    Unit(UnitName),
    User(AccountName),
    Group(AccountName),
    Command,
}

/// Where packages put nothing (FHS 3.0, and Debian policy 9.1).
const ADMINISTRATORS: &[&str] = &["/home", "/root", "/srv", "/usr/local", "/opt", "/tmp", "/mnt", "/media"];

/// Where the files are that define services.
const UNIT_PLACES: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/etc/init.d",
    "/etc/sv",
];

impl Effects {
    fn may_move(&self, key: &Key) -> bool {
        let below = |path: &RemotePath, tops: &[&str]| {
            tops.iter().any(|top| RemotePath::new(*top).is_ok_and(|top| path.is_within(&top)))
        };
        match (self, key) {
            (Effects::Nothing, _) => false,
            (Effects::Index | Effects::Sources, Key::Newer(_) | Key::Index) => true,
            (Effects::Index, _) => false,
            // What a command says depends on nobody knows what.
            (Effects::Anything, _) | (_, Key::Command) => true,
            (Effects::Packages, Key::Path(path)) => !below(path, ADMINISTRATORS),
            (Effects::Packages, _) => true,
            (Effects::Service, Key::Path(path)) => below(path, &["/run", "/var"]),
            (Effects::Service, _) => false,
            (Effects::Below(top), Key::Path(path) | Key::Line(path)) => path.is_within(top),
            (Effects::Below(top), Key::Unit(unit)) => defines(top, unit),
            (Effects::Below(_) | Effects::Itself | Effects::Sources, _) => false,
        }
    }
}

/// Tells whether a file says that there is a service, or how it is run: `/etc/systemd/system/app.service`,
/// `/etc/systemd/system/app.service.d/limits.conf`, `/etc/init.d/app`, `/etc/sv/app/run`.
fn defines(file: &RemotePath, unit: &UnitName) -> bool {
    let below = |place: &&str| file.as_str().strip_prefix(place)?.strip_prefix('/');
    let Some(rest) = UNIT_PLACES.iter().find_map(below) else { return false };
    let first = rest.split('/').next().unwrap_or_default();
    let name = first.strip_suffix(".d").unwrap_or(first);
    // `app@.service` is the template of `app@one`.
    let template = || {
        name.split_once("@.").is_some_and(|(stem, kind)| {
            let unit = unit.systemd();
            unit.strip_prefix(stem).is_some_and(|rest| rest.starts_with('@'))
                && unit.ends_with(&format!(".{kind}"))
        })
    };
    name == unit.as_str() || name == unit.systemd() || template()
}

/// An answer, and the action that may have made it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<T> {
    /// The answer.
    pub is: T,
    /// The action because of which it is only a guess.
    pub doubt: Option<ActionId>,
}

/// The content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileText<'a> {
    /// There is no such file.
    NoFile,
    /// This.
    Is(&'a [u8]),
    /// It is larger than [`READ_LIMIT`].
    TooLarge,
    /// An action before this one writes it, and what, only the node knows.
    Unknown,
}

impl World {
    /// Returns the world in which `state` was read and nothing has happened since.
    pub fn new(state: State) -> Self {
        World { debts: Debts::of_earlier_runs(&state), state, ..World::default() }
    }

    /// Returns what stands at a path.
    pub fn path(&self, path: &RemotePath) -> Known<PathState> {
        let is = self.state.paths.get(path).cloned().unwrap_or_else(PathState::absent);
        Known { is, doubt: self.doubt(&Key::Path(path.clone())) }
    }

    /// Returns the content of a file that was asked for as a text; `None` when there is no such file. A content
    /// that only the node knows, or of which only the beginning was read, is [`FileText::Unknown`].
    pub fn text(&self, path: &RemotePath) -> Known<FileText<'_>> {
        let state = self.state.paths.get(path);
        let is = match (state.map(|state| &state.kind), self.state.texts.get(path)) {
            (Some(PathKind::File(_)), Some(_)) if state.is_some_and(|state| state.size > READ_LIMIT) => {
                FileText::TooLarge
            }
            (Some(PathKind::File(_)), Some(text)) => FileText::Is(text),
            (Some(PathKind::File(_)), None) => FileText::Unknown,
            _ => FileText::NoFile,
        };
        Known { is, doubt: self.doubt(&Key::Path(path.clone())) }
    }

    /// Returns the first line of a file that was asked for; `None` when it cannot be read.
    pub fn line(&self, path: &RemotePath) -> Known<Option<&str>> {
        let is = self.state.lines.get(path).map(String::as_str);
        Known { is, doubt: self.doubt(&Key::Line(path.clone())) }
    }

    /// Tells whether a file whose first line was asked for can be read and not be written, even by root.
    pub fn is_locked(&self, path: &RemotePath) -> bool {
        self.state.locked.contains(path)
    }

    /// Returns all lines of a file that was asked for as a listing.
    pub fn listing(&self, path: &RemotePath) -> Known<&[String]> {
        let is = self.state.listings.get(path).map(Vec::as_slice).unwrap_or_default();
        Known { is, doubt: self.doubt(&Key::Line(path.clone())) }
    }

    /// Returns what is in a directory that was asked for as a tree, and what actions before this one put there.
    pub fn tree(&self, id: ActionId, directory: &RemotePath) -> Known<Tree> {
        let mut is = self.state.trees.get(&id).cloned().unwrap_or_default();
        let mut doubt = self.doubt(&Key::Path(directory.clone()));
        let below = self.predicted.keys().filter_map(|key| match key {
            Key::Path(path) if path != directory && path.is_within(directory) => Some(path),
            _ => None,
        });
        for path in below {
            let known = self.path(path);
            let name = path.as_str().as_bytes()[directory.as_str().len() + 1..].to_vec();
            if known.is.kind == PathKind::Absent {
                is.retain(|other, _| *other != name && !is_below(other, &name));
            } else {
                is.insert(name, known.is);
            }
            doubt = doubt.or(known.doubt);
        }
        Known { is, doubt }
    }

    /// Tells whether an action before may have put something into a directory, or taken it from there.
    pub fn is_touched(&self, directory: &RemotePath) -> bool {
        self.predicted.keys().any(|key| matches!(key, Key::Path(path) if path.is_within(directory)))
    }

    /// Tells whether a directory that was asked for contains something; `None` when an action before may have
    /// emptied it.
    pub fn is_full(&self, directory: &RemotePath) -> Option<bool> {
        let below = |path: &RemotePath| path != directory && path.is_within(directory);
        let mut known = self.state.paths.iter().filter(|(path, _)| below(path));
        if known.any(|(path, state)| state.kind != PathKind::Absent && self.path(path).doubt.is_none()) {
            return Some(true);
        }
        let moved = self.predicted.keys().any(|key| matches!(key, Key::Path(path) if below(path)));
        match (self.state.full.contains(directory), moved || self.path(directory).doubt.is_some()) {
            (true, true) => None,
            (full, _) => Some(full),
        }
    }

    /// Returns what is known about a package.
    pub fn package(&self, name: &PackageName) -> Known<Option<&PackageState>> {
        let doubt = self.doubt(&Key::Package(name.clone()));
        Known { is: self.state.packages.get(name), doubt }
    }

    /// Returns the newer version of a package that the node's index has, if it was asked for and there is one.
    pub fn newer_package(&self, name: &PackageName, from: Option<&str>) -> Known<Option<&str>> {
        let key = (from.map(str::to_owned), name.clone());
        let is = self.state.newer.get(&key).map(String::as_str);
        Known { is, doubt: self.doubt(&Key::Newer(name.clone())) }
    }

    /// Returns the answer that debconf has stored for a question, if it has one.
    pub fn debconf(&self, question: &str) -> Known<Option<&str>> {
        let is = self.state.debconf.get(question).map(String::as_str);
        Known { is, doubt: self.doubt(&Key::Debconf(question.to_owned())) }
    }

    /// Returns the action that may change which packages have newer versions.
    pub fn index_doubt(&self) -> Option<ActionId> {
        self.doubt(&Key::Index)
    }

    /// Returns what is known about a service.
    pub fn unit(&self, name: &UnitName) -> Known<UnitState> {
        let is = self.state.units.get(name).copied().unwrap_or_default();
        Known { is, doubt: self.doubt(&Key::Unit(name.clone())) }
    }

    /// Returns a user, if it exists.
    pub fn user(&self, name: &AccountName) -> Known<Option<&Account>> {
        Known { is: self.state.users.get(name), doubt: self.doubt(&Key::User(name.clone())) }
    }

    /// Returns what is secret about a user that was asked for with its password, if it exists and has such.
    pub fn shadow(&self, name: &AccountName) -> Known<Option<&Shadow>> {
        Known { is: self.state.shadows.get(name), doubt: self.doubt(&Key::User(name.clone())) }
    }

    /// Returns the SSH keys that a user accepts, if they were asked for.
    pub fn authorized_keys(&self, name: &AccountName) -> Known<AuthorizedKeys> {
        let is = self.state.keys.get(name).cloned().unwrap_or_default();
        let of_file = self.user(name).is.and_then(|user| authorized_keys_file(&user.home));
        let of_file = of_file.and_then(|path| self.doubt(&Key::Path(path)));
        Known { is, doubt: self.doubt(&Key::User(name.clone())).or(of_file) }
    }

    /// Returns a group, if it exists.
    pub fn group(&self, name: &AccountName) -> Known<Option<&AccountGroup>> {
        Known { is: self.state.groups.get(name), doubt: self.doubt(&Key::Group(name.clone())) }
    }

    /// Returns how a command of a probe ended, as long as nothing before it has moved.
    pub fn command(&self, id: ActionId, number: u8) -> Known<Option<&CommandResult>> {
        Known { is: self.state.commands.get(&(id, number)), doubt: self.doubt(&Key::Command) }
    }

    /// Tells whether pallet wrote to a path before, and never this. A write that was interrupted may have been
    /// remembered and not done, so every content that is still remembered, of the last eight at least, counts as its own.
    pub fn is_edited(&self, path: &RemotePath, is: Sha256) -> bool {
        self.state.written.get(path).is_some_and(|ours| !ours.contains(&is))
    }

    /// Returns the hash of what pallet wrote last to a path.
    pub fn written(&self, path: &RemotePath) -> Option<Sha256> {
        self.state.written.get(path)?.last().copied()
    }

    /// Returns where what stands at a path came from last, and which content that was.
    pub fn origin(&self, path: &RemotePath) -> Option<(Sha256, Sha256)> {
        self.state.origins.get(path).copied()
    }

    /// Takes down where what stands at a path comes from.
    pub fn set_origin(&mut self, path: &RemotePath, origin: Sha256, content: Sha256) {
        self.state.origins.insert(path.clone(), (origin, content));
    }

    /// Returns whether something is owed, by names like `reload-nginx` and `package-index`.
    pub fn debt(&self, key: &str) -> Option<Debt> {
        self.debts.get(key)
    }

    /// Takes down that a reload or restart is owed from here on; with a doubt where it may be.
    pub fn owe(&mut self, key: &str, doubt: Option<ActionId>) {
        self.debts.add(key, doubt);
    }

    /// Takes down that something is owed no longer.
    pub fn settle(&mut self, key: &str) {
        self.debts.settle(key);
    }

    /// Returns the value of an action, if it is known already.
    pub fn value(&self, id: ActionId) -> Option<&[u8]> {
        self.values.get(&id).map(Vec::as_slice)
    }

    /// Takes down the value of an action.
    pub fn set_value(&mut self, id: ActionId, value: Vec<u8>) {
        self.values.insert(id, value);
    }

    /// Takes down what stands at a path from here on. What is said about its content comes after that, with
    /// [`set_text`](World::set_text).
    pub fn set_path(&mut self, path: &RemotePath, state: PathState) {
        let same_content = self.state.paths.get(path).is_some_and(|before| before.kind == state.kind);
        if !same_content {
            self.state.texts.remove(path);
        }
        self.state.paths.insert(path.clone(), state);
        self.predict(Key::Path(path.clone()));
    }

    /// Takes down the content of a file from here on, for actions that edit a part of it.
    pub fn set_text(&mut self, path: &RemotePath, text: Vec<u8>) {
        if let Some(state) = self.state.paths.get_mut(path) {
            state.size = text.len() as u64;
        }
        self.state.texts.insert(path.clone(), text);
    }

    /// Takes down the first line of a file from here on.
    pub fn set_line(&mut self, path: &RemotePath, line: impl Into<String>) {
        self.state.lines.insert(path.clone(), line.into());
        self.predict(Key::Line(path.clone()));
    }

    /// Takes down all lines of a listing from here on.
    pub fn set_listing(&mut self, path: &RemotePath, lines: Vec<String>) {
        self.state.listings.insert(path.clone(), lines);
        self.predict(Key::Line(path.clone()));
    }

    /// Takes down what pallet wrote last to a path; `None` if that is not known.
    pub fn set_written(&mut self, path: &RemotePath, hash: Option<Sha256>) {
        match hash {
            Some(hash) => self.state.written.or_default(path.clone()).push(hash),
            None => drop(self.state.written.remove(path)),
        }
    }

    /// Takes down a package from here on.
    pub fn set_package(&mut self, name: &PackageName, state: Option<PackageState>) {
        match state {
            Some(state) => self.state.packages.insert(name.clone(), state),
            None => self.state.packages.remove(name),
        };
        self.predict(Key::Package(name.clone()));
    }

    /// Takes down that a package has its newest version from here on.
    pub fn set_newest_package(&mut self, name: &PackageName) {
        self.state.newer.retain(|(_, other), _| other != name);
        self.predict(Key::Newer(name.clone()));
    }

    /// Takes down the stored answer to a question from here on, if it is known.
    pub fn set_debconf(&mut self, question: &str, answer: Option<String>) {
        match answer {
            Some(answer) => self.state.debconf.insert(question.to_owned(), answer),
            None => self.state.debconf.remove(question),
        };
        self.predict(Key::Debconf(question.to_owned()));
    }

    /// Takes down a service from here on.
    pub fn set_unit(&mut self, name: &UnitName, state: UnitState) {
        self.state.units.insert(name.clone(), state);
        self.predict(Key::Unit(name.clone()));
    }

    /// Takes down a user from here on.
    pub fn set_user(&mut self, name: &AccountName, account: Option<Account>) {
        match account {
            Some(account) => self.state.users.insert(name.clone(), account),
            None => self.state.users.remove(name),
        };
        self.predict(Key::User(name.clone()));
    }

    /// Returns the groups of which a user is a further member, as far as groups are known.
    pub fn memberships<'a>(&'a self, name: &'a AccountName) -> impl Iterator<Item = String> + 'a {
        let of = |group: &&AccountGroup| group.members.contains(name.as_str());
        let groups = self.state.groups.iter().filter(move |(_, group)| of(group));
        groups.map(|(group, _)| group.to_string())
    }

    /// Takes down what is secret about a user from here on.
    pub fn set_shadow(&mut self, name: &AccountName, shadow: Option<Shadow>) {
        match shadow {
            Some(shadow) => self.state.shadows.insert(name.clone(), shadow),
            None => self.state.shadows.remove(name),
        };
    }

    /// Takes down the SSH keys that a user accepts from here on.
    pub fn set_authorized_keys(&mut self, name: &AccountName, keys: AuthorizedKeys) {
        if let Some(path) = self.user(name).is.and_then(|user| authorized_keys_file(&user.home)) {
            self.predict(Key::Path(path));
        }
        self.state.keys.insert(name.clone(), keys);
    }

    /// Takes down a group from here on.
    pub fn set_group(&mut self, name: &AccountName, group: Option<AccountGroup>) {
        match group {
            Some(group) => self.state.groups.insert(name.clone(), group),
            None => self.state.groups.remove(name),
        };
        self.predict(Key::Group(name.clone()));
    }

    /// Takes down that an action may have moved other things.
    pub fn disturb(&mut self, by: ActionId, effects: Effects) {
        self.moved.push((by, effects));
    }

    fn predict(&mut self, key: Key) {
        self.predicted.insert(key, Prediction { since: self.moved.len(), doubt: self.tentative });
    }

    fn doubt(&self, key: &Key) -> Option<ActionId> {
        let predicted = self.predicted.get(key).copied();
        let Prediction { since, doubt } = predicted.unwrap_or(Prediction { since: 0, doubt: None });
        let moves = || self.moved[since..].iter().find(|(_, effects)| effects.may_move(key));
        doubt.or_else(|| moves().map(|(by, _)| *by))
    }
}

fn authorized_keys_file(home: &str) -> Option<RemotePath> {
    RemotePath::new(format!("{}/.ssh/authorized_keys", home.trim_end_matches('/'))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RemotePath {
        RemotePath::new(text).expect("a valid path")
    }

    #[test]
    fn packages_move_what_is_not_the_administrators() {
        let mut world = World::default();
        world.disturb(ActionId(0), Effects::Packages);
        assert_eq!(world.path(&path("/etc/nginx")).doubt, Some(ActionId(0)));
        assert_eq!(world.path(&path("/srv/app")).doubt, None);
        assert_eq!(world.path(&path("/usr/local/bin/x")).doubt, None);
    }

    #[test]
    fn what_is_predicted_later_is_certain_until_something_moves_again() {
        let mut world = World::default();
        world.disturb(ActionId(0), Effects::Anything);
        world.set_path(&path("/etc/a"), PathState::absent());
        assert_eq!(world.path(&path("/etc/a")).doubt, None);
        world.disturb(ActionId(2), Effects::Below(path("/etc")));
        assert_eq!(world.path(&path("/etc/a")).doubt, Some(ActionId(2)));
        assert_eq!(world.path(&path("/var/a")).doubt, Some(ActionId(0)));
    }

    #[test]
    fn a_file_may_bring_a_service() {
        let unit = |name: &str| UnitName::new(name).expect("a valid name");
        let brings = |file: &str, name: &str| {
            let mut world = World::default();
            world.disturb(ActionId(0), Effects::Below(path(file)));
            world.unit(&unit(name)).doubt.is_some()
        };
        assert!(brings("/etc/systemd/system/app.service", "app"));
        assert!(brings("/etc/systemd/system/app.service.d/limits.conf", "app"));
        assert!(brings("/lib/systemd/system/app@.service", "app@one"));
        assert!(brings("/etc/init.d/app", "app"));
        assert!(brings("/etc/systemd/system/app.timer", "app.timer"));
        assert!(!brings("/etc/systemd/system/app.timer", "app"));
        assert!(!brings("/lib/systemd/system/app@.timer", "app@one"));
        assert!(!brings("/etc/init.d/app", "application"));
        assert!(!brings("/etc/app.service", "app"));
    }

    #[test]
    fn a_command_may_notice_whatever_was_changed() {
        let mut world = World::default();
        world.disturb(ActionId(0), Effects::Nothing);
        assert_eq!(world.command(ActionId(9), 0).doubt, None);
        world.disturb(ActionId(1), Effects::Itself);
        assert_eq!(world.command(ActionId(9), 0).doubt, Some(ActionId(1)));
        assert_eq!(world.path(&path("/etc/a")).doubt, None);
    }
}
