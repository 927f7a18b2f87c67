//! Users and groups.

use super::attributes::account_claim;
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::{AccountName, RemotePath};
use crate::probe::{Account, AccountGroup, Probe};
use crate::script::{ACCOUNTS, Script};
use crate::text::Text;
use crate::world::{Effects, World};

/// A user.
#[derive(Debug)]
pub struct User {
    name: String,
    uid: Option<u32>,
    primary: Option<String>,
    groups: Vec<String>,
    home: Option<String>,
    shell: Option<String>,
    full_name: Option<String>,
    system: bool,
    create_home: bool,
    absent: bool,
    remove_home: bool,
}

/// Declares that a user exists.
///
/// What is not given is the system's default for a new user and stays as it is for one that exists. Checked:
/// number, primary group, further groups, home, shell and full name. Further groups are added and never taken
/// away. Made with `useradd` or busybox' `adduser`.
#[track_caller]
pub fn user(name: impl Into<String>) -> Handle<User> {
    record(User {
        name: name.into(),
        uid: None,
        primary: None,
        groups: Vec::new(),
        home: None,
        shell: None,
        full_name: None,
        system: false,
        create_home: true,
        absent: false,
        remove_home: false,
    })
}

impl Handle<User> {
    /// Sets the user's number.
    #[track_caller]
    pub fn uid(self, uid: u32) -> Self {
        self.edit(|user| user.uid = Some(uid))
    }

    /// Sets the primary group, by name or number. It must exist. A new user for which none is given gets one of its
    /// own name, which is made unless it is there.
    #[track_caller]
    pub fn group(self, group: impl std::fmt::Display) -> Self {
        self.edit(|user| user.primary = Some(group.to_string()))
    }

    /// Adds the user to further groups. They must exist.
    #[track_caller]
    pub fn groups<S: Into<String>>(self, groups: impl IntoIterator<Item = S>) -> Self {
        self.edit(|user| user.groups.extend(groups.into_iter().map(Into::into)))
    }

    /// Sets the home directory.
    #[track_caller]
    pub fn home(self, home: impl Into<String>) -> Self {
        self.edit(|user| user.home = Some(home.into()))
    }

    /// Sets the login shell.
    #[track_caller]
    pub fn shell(self, shell: impl Into<String>) -> Self {
        self.edit(|user| user.shell = Some(shell.into()))
    }

    /// Sets the full name, which `passwd` calls GECOS.
    #[track_caller]
    pub fn full_name(self, name: impl Into<String>) -> Self {
        self.edit(|user| user.full_name = Some(name.into()))
    }

    /// Makes it a system user: a low number, no home, if it has to be created.
    #[track_caller]
    pub fn system(self) -> Self {
        self.edit(|user| {
            user.system = true;
            user.create_home = false;
        })
    }

    /// Says whether a home directory is made, if the user has to be created.
    #[track_caller]
    pub fn create_home(self, create: bool) -> Self {
        self.edit(|user| user.create_home = create)
    }

    /// Declares that there is no such user. Its home directory stays.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|user| user.absent = true)
    }

    /// Declares that there is no such user; if it has to be removed, its home directory and mail go, too.
    #[track_caller]
    pub fn absent_with_home(self) -> Self {
        self.edit(|user| {
            user.absent = true;
            user.remove_home = true;
        })
    }
}

impl User {
    /// Returns the name. Only actions that passed their check are probed, diffed and applied.
    fn account(&self) -> AccountName {
        AccountName::new(&*self.name).expect("checked when the graph was built")
    }

    fn further_groups(&self) -> impl Iterator<Item = AccountName> + '_ {
        self.groups.iter().filter_map(|group| AccountName::new(group).ok())
    }

    fn primary_group(&self) -> Option<AccountName> {
        self.primary.as_ref().and_then(|group| AccountName::new(group).ok())
    }

    fn primary_gid(&self, view: &View<'_>) -> Option<u32> {
        let primary = self.primary.as_ref()?;
        let by_name = || Some(view.world.group(&self.primary_group()?).is?.gid);
        primary.parse().ok().or_else(by_name)
    }

    fn diff_account(&self, is: &Account, view: &View<'_>, diff: &mut Diff) {
        let mut compare = |what: &str, wanted: Option<String>, is: String| {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != is) {
                diff.change(format!("{what} {is} → {wanted}"));
            }
        };
        compare("uid", self.uid.map(|uid| uid.to_string()), is.uid.to_string());
        if self.primary.is_some() && self.primary_gid(view) != Some(is.gid) {
            compare("group", self.primary.clone(), is.gid.to_string());
        }
        compare("home", self.home.clone(), is.home.clone());
        compare("shell", self.shell.clone(), is.shell.clone());
        compare("full name", self.full_name.clone(), is.gecos.clone());
    }

    fn diff_groups(&self, view: &View<'_>, diff: &mut Diff) {
        for group in self.further_groups() {
            let known = view.world.group(&group);
            let member = known.is.is_some_and(|is| is.members.contains(&self.name));
            if !member {
                diff.change(format!("member of {group}"));
            }
            diff.doubt(known.doubt);
        }
    }

    /// Returns a group that is certain not to exist.
    fn missing_group(&self, view: &View<'_>) -> Option<AccountName> {
        let needed = self.further_groups().chain(self.primary_group());
        needed.into_iter().find(|group| {
            let known = view.world.group(group);
            known.is.is_none() && known.doubt.is_none()
        })
    }
}

impl Action for User {
    fn kind(&self) -> &'static str {
        "user"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        let accounts = std::iter::once(&self.name).chain(&self.groups);
        let primary = self.primary.iter().filter(|group| group.parse::<u32>().is_err());
        for name in accounts.chain(primary) {
            AccountName::new(name).map_err(|error| error.to_string())?;
        }
        for path in [&self.home, &self.shell].into_iter().flatten() {
            RemotePath::new(path).map_err(|error| error.to_string())?;
            if path.contains(':') {
                return Err(format!("{path:?} has a colon, which separates the fields of passwd"));
            }
        }
        match &self.full_name {
            Some(name) if name.contains([':', '\n']) => {
                Err("a full name has neither colons nor newlines".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.user(&self.account());
        self.further_groups().chain(self.primary_group()).for_each(|group| probe.group(&group));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let known = view.world.user(&self.account());
        let mut diff = Diff::none();
        match (known.is, self.absent) {
            (None, true) => {}
            (Some(_), true) => diff.change("removed"),
            (is, false) => {
                if let Some(group) = self.missing_group(view) {
                    let hint = format!("write `group(\"{group}\")` before this line");
                    return Diff::problem(format!("there is no group {group}"), hint);
                }
                match is {
                    None => diff.change("created"),
                    Some(is) => self.diff_account(is, view, &mut diff),
                }
                self.diff_groups(view, &mut diff);
            }
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        if self.absent {
            let home = if self.remove_home { "home" } else { "" };
            return Script::new().library(&ACCOUNTS).call("p_user_absent", [id.as_str(), &self.name, home]);
        }
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        let words = [
            id.clone(),
            self.name.clone(),
            self.uid.map(|uid| uid.to_string()).unwrap_or_default(),
            or_empty(&self.primary),
            or_empty(&self.home),
            or_empty(&self.shell),
            self.full_name.as_ref().map(|name| format!("={name}")).unwrap_or_default(),
            if self.system { "yes" } else { "" }.to_owned(),
            if self.create_home { "-m" } else { "-M" }.to_owned(),
        ];
        let mut script =
            Script::new().library(&ACCOUNTS).call("p_user", words).code("[ $? -eq 0 ] || return\n");
        for group in &self.groups {
            script = script
                .code("p_member ")
                .word(id.as_str())
                .code(" ")
                .word(self.name.as_str())
                .code(" ")
                .word(Text::from(group))
                .code(" || return\n");
        }
        script
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let name = self.account();
        if self.absent {
            // The group that was made with it goes with it, unless it has other members.
            let own = world.group(&name).is.is_some_and(|group| group.members.is_empty());
            if own {
                world.set_group(&name, None);
            }
            world.set_user(&name, None);
            return;
        }
        let before = world.user(&name).is.cloned();
        let gid = self.primary_group().and_then(|group| world.group(&group).is.map(|is| is.gid));
        let fresh = before.is_none();
        let before = before.unwrap_or(Account {
            uid: 0,
            gid: 0,
            gecos: String::new(),
            home: format!("/home/{name}"),
            shell: "/bin/sh".to_owned(),
        });
        let account = Account {
            uid: self.uid.unwrap_or(before.uid),
            gid: self.primary.as_ref().and_then(|group| group.parse().ok()).or(gid).unwrap_or(before.gid),
            gecos: self.full_name.clone().unwrap_or(before.gecos),
            home: self.home.clone().unwrap_or(before.home),
            shell: self.shell.clone().unwrap_or(before.shell),
        };
        world.set_user(&name, Some(account));
        if fresh && self.primary.is_none() && world.group(&name).is.is_none() {
            // A new user gets a group of its own name (USERGROUPS_ENAB, which is on everywhere we support).
            world.set_group(&name, Some(AccountGroup::default()));
        }
        for group in self.further_groups() {
            let mut is = world.group(&group).is.cloned().unwrap_or_default();
            is.members.insert(self.name.clone());
            world.set_group(&group, Some(is));
        }
    }

    fn effects(&self) -> Option<Effects> {
        let home = self.home.clone().unwrap_or_else(|| format!("/home/{}", self.name));
        RemotePath::new(home).ok().map(Effects::Below)
    }

    fn declares(&self) -> Vec<Claim> {
        let thing = || Thing::User(self.account());
        if self.absent {
            return vec![Claim::absent(thing())];
        }
        let mut claims = vec![Claim::existence(thing(), "present")];
        let mut add = |aspect: &'static str, state: Option<String>| {
            claims.extend(state.map(|state| Claim::new(thing(), aspect, state)));
        };
        add("uid", self.uid.map(|uid| uid.to_string()));
        add("home", self.home.clone());
        add("shell", self.shell.clone());
        add("full name", self.full_name.clone());
        let primary = self.primary.iter();
        claims.extend(primary.map(|group| account_claim(thing(), ["group", "group's number"], group)));
        // Being in one group says nothing about the others.
        let member = |group: &String| {
            let words = format!("member of {group}");
            Claim::new(thing(), words.clone(), "yes").shown(words)
        };
        claims.extend(self.groups.iter().map(member));
        claims
    }
}

/// A group of users.
#[derive(Debug)]
pub struct Group {
    name: String,
    gid: Option<u32>,
    system: bool,
    absent: bool,
}

/// Declares that a group of users exists.
///
/// Checked: the number, if it is given. Made with `groupadd` or busybox' `addgroup`.
#[track_caller]
pub fn group(name: impl Into<String>) -> Handle<Group> {
    record(Group { name: name.into(), gid: None, system: false, absent: false })
}

impl Handle<Group> {
    /// Sets the group's number.
    #[track_caller]
    pub fn gid(self, gid: u32) -> Self {
        self.edit(|group| group.gid = Some(gid))
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
}

impl Action for Group {
    fn kind(&self) -> &'static str {
        "group"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        AccountName::new(&*self.name).map(|_| ()).map_err(|error| error.to_string())
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.group(&self.account());
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let known = view.world.group(&self.account());
        let mut diff = Diff::none();
        match (known.is, self.absent, self.gid) {
            (None, true, _) => {}
            (Some(_), true, _) => diff.change("removed"),
            (None, false, _) => diff.change("created"),
            (Some(is), false, Some(gid)) if is.gid != gid => diff.change(format!("gid {} → {gid}", is.gid)),
            (Some(_), false, _) => {}
        }
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        if self.absent {
            return Script::new().library(&ACCOUNTS).call("p_group_absent", [id.as_str(), &self.name]);
        }
        let gid = self.gid.map(|gid| gid.to_string()).unwrap_or_default();
        let system = if self.system { "yes" } else { "" };
        Script::new().library(&ACCOUNTS).call("p_group", [id.as_str(), &self.name, &gid, system])
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let name = self.account();
        let state = (!self.absent).then(|| {
            let mut is = world.group(&name).is.cloned().unwrap_or_default();
            is.gid = self.gid.unwrap_or(is.gid);
            is
        });
        world.set_group(&name, state);
    }

    fn declares(&self) -> Vec<Claim> {
        let thing = || Thing::Group(self.account());
        if self.absent {
            return vec![Claim::absent(thing())];
        }
        let gid = self.gid.map(|gid| Claim::new(thing(), "gid", gid.to_string()));
        std::iter::once(Claim::existence(thing(), "present")).chain(gid).collect()
    }
}
