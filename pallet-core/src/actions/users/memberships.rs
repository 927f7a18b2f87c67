//! The groups of a user: the primary one, and those it is a further member of.

use super::User;
use crate::action::{Diff, View};
use crate::claim::{Claim, Thing};
use crate::name::AccountName;
use crate::script::Script;
use crate::sorted::sort_by;
use crate::world::World;

impl User {
    pub(super) fn primary_group(&self) -> Option<AccountName> {
        self.primary.as_ref().and_then(|group| AccountName::new(group).ok())
    }

    pub(super) fn primary_gid(&self, view: &View<'_>) -> Option<u32> {
        let primary = self.primary.as_ref()?;
        let by_name = || Some(view.world.group(&self.primary_group()?).is?.gid);
        primary.parse().ok().or_else(by_name)
    }

    pub(super) fn further_groups(&self) -> impl Iterator<Item = AccountName> + '_ {
        self.groups.iter().filter_map(|group| AccountName::new(group).ok())
    }

    /// Returns a group that is certain not to exist.
    pub(super) fn missing_group(&self, view: &View<'_>) -> Option<AccountName> {
        let needed = self.further_groups().chain(self.primary_group());
        needed.into_iter().find(|group| {
            let known = view.world.group(group);
            known.is.is_none() && known.doubt.is_none()
        })
    }

    pub(super) fn diff_groups(&self, view: &View<'_>, diff: &mut Diff) {
        for group in self.further_groups() {
            let known = view.world.group(&group);
            let member = known.is.is_some_and(|is| is.members.contains(&self.name));
            if !member {
                diff.change(format!("member of {group}"));
            }
            diff.doubt(known.doubt);
        }
        if self.only_groups {
            let name = self.account();
            let others = view.world.memberships(&name).filter(|group| !self.groups.contains(group));
            others.for_each(|group| diff.change(format!("no member of {group}")));
        }
    }

    pub(super) fn apply_groups(&self, script: Script, id: &str) -> Script {
        let mut script = script;
        for group in &self.groups {
            let words = [id, &*self.name, group];
            script = script.call("p_member", words).code("[ $? -eq 0 ] || return\n");
        }
        if self.only_groups {
            let words = [id, &*self.name].into_iter().chain(self.groups.iter().map(String::as_str));
            script = script.call("p_only_groups", words).code("[ $? -eq 0 ] || return\n");
        }
        script
    }

    pub(super) fn predict_groups(&self, name: &AccountName, world: &mut World) {
        for group in self.further_groups() {
            let mut is = world.group(&group).is.cloned().unwrap_or_default();
            is.members.insert(self.name.clone());
            world.set_group(&group, Some(is));
        }
        if self.only_groups {
            let all: Vec<String> = world.memberships(name).collect();
            for group in all.iter().filter(|group| !self.groups.contains(group)) {
                let Ok(group) = AccountName::new(group) else { continue };
                let mut is = world.group(&group).is.cloned().unwrap_or_default();
                is.members.remove(&self.name);
                world.set_group(&group, Some(is));
            }
        }
    }

    /// Returns what is declared of the memberships.
    pub(super) fn group_claims(&self) -> Vec<Claim> {
        let thing = || Thing::User(self.account());
        // Being in one group says nothing about the others.
        let member = |group: &String| {
            let words = format!("member of {group}");
            Claim::new(thing(), words.clone(), "yes").shown(words)
        };
        let mut claims: Vec<Claim> = self.groups.iter().map(member).collect();
        if self.only_groups {
            let mut groups = self.groups.clone();
            sort_by(&mut groups, Ord::cmp);
            claims.push(Claim::new(thing(), "all groups", groups.join(", ")));
        }
        claims
    }
}
