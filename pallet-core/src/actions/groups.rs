//! Groups of users.

use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::AccountName;
use crate::probe::{AccountGroup, Probe};
use crate::script::{ACCOUNTS, Script};
use crate::sorted::Set;
use crate::world::World;

/// A group of users.
#[derive(Debug)]
pub struct Group {
    name: String,
    gid: Option<u32>,
    members: Vec<String>,
    /// Whether there are no further members.
    only: bool,
    system: bool,
    absent: bool,
}

/// Declares that a group of users exists.
///
/// Checked: the number and the members, if they are given. Changed: when the group was made or removed, or one of those
/// was not so. Systems: all with `groupadd` or busybox' `addgroup`.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// user("alice");
/// group("ops").gid(4000).members(["alice"]);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn group(name: impl Into<String>) -> Handle<Group> {
    record(Group {
        name: name.into(),
        gid: None,
        members: Vec::new(),
        only: false,
        system: false,
        absent: false,
    })
}

impl Handle<Group> {
    /// Sets the group's number.
    #[track_caller]
    pub fn gid(self, gid: u32) -> Self {
        self.edit(|group| group.gid = Some(gid))
    }

    /// Adds members. They must exist; members that are not named stay.
    #[track_caller]
    pub fn members<S: Into<String>>(self, users: impl IntoIterator<Item = S>) -> Self {
        self.edit(|group| group.members.extend(users.into_iter().map(Into::into)))
    }

    /// Declares that these are all the members. Users whose primary group it is are not counted among them.
    #[track_caller]
    pub fn only_members<S: Into<String>>(self, users: impl IntoIterator<Item = S>) -> Self {
        self.members(users).edit(|group| group.only = true)
    }

    /// Gives it a low number, if it has to be created.
    #[track_caller]
    pub fn system(self) -> Self {
        self.edit(|group| group.system = true)
    }

    /// Declares that there is no such group.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|group| group.absent = true)
    }
}

impl Group {
    /// Returns the name. Only actions that passed their check are probed, diffed and applied.
    fn account(&self) -> AccountName {
        AccountName::new(&*self.name).expect("checked when the graph was built")
    }

    fn users(&self) -> impl Iterator<Item = AccountName> + '_ {
        self.members.iter().filter_map(|user| AccountName::new(user).ok())
    }

    /// Returns a member that is certain not to exist.
    fn missing_user(&self, view: &View<'_>) -> Option<AccountName> {
        self.users().find(|user| {
            let known = view.world.user(user);
            known.is.is_none() && known.doubt.is_none()
        })
    }

    /// Returns users whose primary group it could be: that of its name, and those that can log in.
    fn perhaps_primary_of(&self, facts: &Facts) -> impl Iterator<Item = AccountName> {
        let others = facts.users.iter().filter_map(|user| AccountName::new(&*user.name).ok());
        std::iter::once(self.account()).chain(others)
    }

    /// Returns a user whose primary group it is, so that it cannot be removed, and whether that is certain. Numbers that
    /// the node will choose are not known.
    fn user_of(&self, is: &AccountGroup, view: &View<'_>) -> Option<(AccountName, bool)> {
        let unknown = is.gid == 0;
        let certain = view.world.group(&self.account()).doubt.is_none();
        let mut users =
            self.perhaps_primary_of(view.facts).filter(|user| !unknown || *user == self.account());
        users.find_map(|user| {
            let known = view.world.user(&user);
            let certain = certain && !unknown && known.doubt.is_none();
            known.is.filter(|account| account.gid == is.gid).map(|_| (user, certain))
        })
    }

    fn members_after(&self, before: &Set<String>) -> Set<String> {
        let kept = before.iter().filter(|_| !self.only);
        kept.chain(&self.members).cloned().collect()
    }

    fn diff_present(&self, is: Option<&AccountGroup>, diff: &mut Diff) {
        let none = Set::new();
        let before = is.map_or(&none, |is| &is.members);
        match (is, self.gid) {
            (None, _) => diff.change("created"),
            (Some(is), Some(gid)) if is.gid != gid => diff.change(format!("gid {} → {gid}", is.gid)),
            _ => {}
        }
        let after = self.members_after(before);
        after.difference(before).for_each(|user| diff.change(format!("member {user}")));
        before.difference(&after).for_each(|user| diff.change(format!("no member {user}")));
    }
}

impl Action for Group {
    fn kind(&self) -> &'static str {
        "group"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        for name in std::iter::once(&self.name).chain(&self.members) {
            AccountName::new(name).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.group(&self.account());
        self.users().for_each(|user| probe.user(&user));
        if self.absent {
            self.perhaps_primary_of(facts).for_each(|user| probe.user(&user));
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let known = view.world.group(&self.account());
        let mut diff = Diff::none();
        match (known.is, self.absent) {
            (None, true) => {}
            (Some(is), true) => {
                match self.user_of(is, view) {
                    Some((user, true)) => {
                        let message = format!("{} is the primary group of user {user}", self.name);
                        let hint = "remove the user before this line, or give it another with `group`";
                        return Diff::problem(message, hint.to_owned());
                    }
                    Some((_, false)) => diff.doubt(Some(view.id)),
                    None => {}
                }
                diff.change("removed");
            }
            (is, false) => {
                if let Some(user) = self.missing_user(view) {
                    let hint = format!("write `user(\"{user}\")` before this line");
                    return Diff::problem(format!("there is no user {user}"), hint);
                }
                self.diff_present(is, &mut diff);
            }
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let script = Script::new().library(&ACCOUNTS);
        if self.absent {
            return script.call("p_group_absent", [id.as_str(), &self.name]);
        }
        let gid = self.gid.map(|gid| gid.to_string()).unwrap_or_default();
        let system = if self.system { "yes" } else { "" };
        let mut script =
            script.call("p_group", [id.as_str(), &self.name, &gid, system]).code("[ $? -eq 0 ] || return\n");
        for user in &self.members {
            let words = [id.as_str(), user, &self.name];
            script = script.call("p_member", words).code("[ $? -eq 0 ] || return\n");
        }
        if self.only {
            let words = [&*id, &*self.name].into_iter().chain(self.members.iter().map(String::as_str));
            script = script.call("p_only_members", words);
        }
        script
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let name = self.account();
        let state = (!self.absent).then(|| {
            let is = world.group(&name).is.cloned().unwrap_or_default();
            AccountGroup { gid: self.gid.unwrap_or(is.gid), members: self.members_after(&is.members) }
        });
        world.set_group(&name, state);
    }

    fn declares(&self) -> Vec<Claim> {
        let thing = || Thing::Group(self.account());
        if self.absent {
            return vec![Claim::absent(thing())];
        }
        let gid = self.gid.map(|gid| Claim::new(thing(), "gid", gid.to_string()));
        let member = |user: &String| {
            let words = format!("member {user}");
            Claim::new(thing(), words.clone(), "yes").shown(words)
        };
        let each = self.members.iter().map(member);
        let members = self.only.then(|| {
            let members: Set<&str> = self.members.iter().map(String::as_str).collect();
            Claim::new(thing(), "all members", members.into_iter().collect::<Vec<_>>().join(", "))
        });
        std::iter::once(Claim::existence(thing(), "present")).chain(gid).chain(each).chain(members).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(members: &[&str], only: bool) -> Group {
        let members = members.iter().map(|&user| user.to_owned()).collect();
        Group { name: "ops".into(), gid: Some(7), members, only, system: false, absent: false }
    }

    #[test]
    fn members_are_added_and_only_those_of_an_exact_list_removed() {
        let members = ["a", "b"].map(str::to_owned).into();
        let is = AccountGroup { gid: 7, members };
        let changes = |wanted: &Group| {
            let mut diff = Diff::none();
            wanted.diff_present(Some(&is), &mut diff);
            diff.changes
        };
        assert!(changes(&group(&["a"], false)).is_empty());
        assert!(changes(&group(&["b", "a"], true)).is_empty());
        assert_eq!(changes(&group(&["a", "c"], false)), ["member c"]);
        assert_eq!(changes(&group(&["a", "c"], true)), ["member c", "no member b"]);
        assert_eq!(changes(&Group { gid: Some(8), ..group(&[], false) }), ["gid 7 → 8"]);
    }
}
