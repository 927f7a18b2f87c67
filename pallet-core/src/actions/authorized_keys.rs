//! The SSH keys that a user accepts.
//!
//! A home belongs to its user, who may have put links anywhere in it. So it is read and written with the user's rights
//! and never with root's: what a link leads to is then no more than what the user can reach anyway.

use super::public_key::PublicKey;
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::AccountName;
use crate::probe::{AuthorizedKeys as Found, Probe};
use crate::script::{AUTHORIZED_KEYS, Script};
use crate::sorted::sort_by;
use crate::world::World;

/// SSH keys that a user accepts, or does not.
#[derive(Debug)]
pub struct AuthorizedKeys {
    user: String,
    keys: Vec<String>,
    exclusive: bool,
    absent: bool,
}

/// Declares that a user accepts an SSH key: the line of a `.pub` file, with options before it if need be.
///
/// The user's `~/.ssh/authorized_keys` is edited with the rights of the user, `.ssh` is made 0700 and the file 0600.
/// Checked: that the line is there as it is given, and both modes. Changed: when one of them was not so. Systems: all;
/// `runuser` or busybox' `su` runs what is done as the user.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// user("deploy");
/// authorized_key("deploy", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2 ci");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn authorized_key(user: impl Into<String>, key: impl Into<String>) -> Handle<AuthorizedKeys> {
    authorized_keys(user, [key])
}

/// Declares that a user accepts several SSH keys, as [`authorized_key`] does for one. With
/// [`exclusive`](Handle::<AuthorizedKeys>::exclusive) no others.
#[track_caller]
pub fn authorized_keys<S: Into<String>>(
    user: impl Into<String>,
    keys: impl IntoIterator<Item = S>,
) -> Handle<AuthorizedKeys> {
    let keys = keys.into_iter().map(|key| key.into().trim().to_owned()).collect();
    record(AuthorizedKeys { user: user.into(), keys, exclusive: false, absent: false })
}

impl Handle<AuthorizedKeys> {
    /// Declares that the user accepts no other keys than these.
    #[track_caller]
    pub fn exclusive(self) -> Self {
        self.edit(|keys| keys.exclusive = true)
    }

    /// Declares that the user does not accept these keys, whatever options and comments stand with them.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|keys| keys.absent = true)
    }
}

/// What is to become of a line that is there.
enum Fate<'a> {
    Stays,
    Becomes(&'a str),
    Goes,
}

impl AuthorizedKeys {
    /// Returns the name. Only actions that passed their check are probed, diffed and applied.
    fn account(&self) -> AccountName {
        AccountName::new(&*self.user).expect("checked when the graph was built")
    }

    fn parsed(&self) -> impl Iterator<Item = (PublicKey, &str)> {
        self.keys.iter().filter_map(|line| Some((PublicKey::parse(line).ok()?, line.as_str())))
    }

    fn fate(&self, line: &str) -> Fate<'_> {
        let of_line = self.parsed().find(|(key, _)| key.is_in(line));
        let says_nothing = line.is_empty() || line.starts_with('#');
        match of_line {
            Some(_) if self.absent => Fate::Goes,
            Some((_, wanted)) => Fate::Becomes(wanted),
            None if self.exclusive && !says_nothing => Fate::Goes,
            None => Fate::Stays,
        }
    }

    /// Returns the lines as they will be: the same rules as in `authorized_keys.sh`.
    fn after(&self, before: &[String]) -> Vec<String> {
        let mut after: Vec<String> = Vec::new();
        for line in before {
            match self.fate(line) {
                Fate::Stays => after.push(line.clone()),
                Fate::Becomes(wanted) if !after.iter().any(|line| line == wanted) => {
                    after.push(wanted.to_owned())
                }
                Fate::Becomes(_) | Fate::Goes => {}
            }
        }
        let wanted = self.keys.iter().filter(|_| !self.absent);
        let missing: Vec<String> = wanted.filter(|wanted| !after.contains(wanted)).cloned().collect();
        after.extend(missing);
        after
    }

    fn diff_keys(&self, is: &Found, diff: &mut Diff) {
        let after = self.after(&is.lines);
        let in_short = |line: &str| PublicKey::of_line(line).unwrap_or_else(|| "a line".to_owned());
        for line in after.iter().filter(|line| !is.lines.contains(line)) {
            diff.change(format!("accepts {}", in_short(line)));
        }
        for line in is.lines.iter().filter(|line| !after.contains(line)) {
            diff.change(format!("no longer {}", in_short(line)));
        }
        if after.len() < is.lines.len() && diff.changes.is_empty() {
            diff.change("keys that stand there twice");
        }
        if self.absent && is.file.is_none() {
            return;
        }
        let modes = [(".ssh", is.folder, 0o700), ("authorized_keys", is.file, 0o600)];
        for (what, mode, wanted) in modes {
            if let Some(mode) = mode.filter(|mode| *mode != wanted) {
                diff.change(format!("{what} mode {mode:04o} → {wanted:04o}"));
            }
        }
    }
}

impl Action for AuthorizedKeys {
    fn kind(&self) -> &'static str {
        "authorized-keys"
    }

    fn subject(&self) -> String {
        self.user.clone()
    }

    fn check(&self) -> Result<(), String> {
        AccountName::new(&*self.user).map_err(|error| error.to_string())?;
        self.keys.iter().try_for_each(|key| PublicKey::parse(key).map(|_| ()))
    }

    fn missing(&self) -> Option<&'static str> {
        (self.keys.is_empty() && !self.exclusive)
            .then_some("no keys are given; to accept none, call `exclusive`")
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.authorized_keys(&self.account());
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let name = self.account();
        let user = view.world.user(&name);
        if user.is.is_none() && user.doubt.is_none() {
            if self.absent {
                return Diff::none();
            }
            let hint = format!("write `user(\"{name}\")` before this line");
            return Diff::problem(format!("there is no user {name}"), hint);
        }
        let known = view.world.authorized_keys(&name);
        let mut diff = Diff::none();
        self.diff_keys(&known.is, &mut diff);
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let exclusive = if self.exclusive { "yes" } else { "" };
        let mut words = vec![id.as_str(), &self.user, exclusive];
        let keys: Vec<(PublicKey, &str)> = self.parsed().collect();
        for (key, line) in &keys {
            words.extend([key.blob(), if self.absent { "" } else { line }]);
        }
        Script::new().library(&AUTHORIZED_KEYS).call("p_authorized_keys", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let name = self.account();
        let is = world.authorized_keys(&name).is;
        if self.absent && is.file.is_none() {
            return;
        }
        let lines = self.after(&is.lines);
        world.set_authorized_keys(&name, Found { folder: Some(0o700), file: Some(0o600), lines });
    }

    fn declares(&self) -> Vec<Claim> {
        let claim = |(key, line): (PublicKey, &str)| {
            let thing = Thing::Other("authorized key", format!("{} of {}", key.in_short(), self.user));
            Claim::new(thing, "line", if self.absent { "absent" } else { line })
        };
        let all = self.exclusive.then(|| {
            let mut all: Vec<String> = self.parsed().map(|(key, _)| key.in_short()).collect();
            sort_by(&mut all, Ord::cmp);
            Claim::new(Thing::User(self.account()), "all authorized keys", all.join(", "))
        });
        self.parsed().map(claim).chain(all).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2 a";
    const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBBBUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2 b";

    fn keys(keys: &[&str], exclusive: bool, absent: bool) -> AuthorizedKeys {
        let keys = keys.iter().map(|&key| key.to_owned()).collect();
        AuthorizedKeys { user: "app".into(), keys, exclusive, absent }
    }

    #[test]
    fn lines_are_added_replaced_and_removed() {
        let options = A.replace(" a", " old comment");
        let restricted = format!("from=\"10.0.0.0/8\" {A}");
        let after = |wanted: &AuthorizedKeys, lines: &[&str]| {
            wanted.after(&lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(after(&keys(&[A], false, false), &[]), [A]);
        assert_eq!(after(&keys(&[A], false, false), &["# x", B]), ["# x", B, A]);
        assert_eq!(after(&keys(&[A], false, false), &[&options, B, A]), [A, B]);
        assert_eq!(after(&keys(&[&restricted], false, false), &[A]), [restricted.as_str()]);
        assert_eq!(after(&keys(&[A], true, false), &["# x", "", B, A]), ["# x", "", A]);
        assert_eq!(after(&keys(&[A], false, true), &[B, &restricted]), [B]);
        assert!(after(&keys(&[], true, false), &[A, B]).is_empty());
    }

    #[test]
    fn modes_count() {
        let lines = vec![A.to_owned()];
        let found = Found { folder: Some(0o755), file: Some(0o644), lines };
        let mut diff = Diff::none();
        keys(&[A], false, false).diff_keys(&found, &mut diff);
        assert_eq!(diff.changes, [".ssh mode 0755 → 0700", "authorized_keys mode 0644 → 0600"]);
    }
}
