//! Users: their entries in passwd, and their memberships.

mod memberships;
mod shadow;

use shadow::Expiry;

use super::attributes::account_claim;
use super::user_entry::{check_hash, day_number, named_shell, shell_path};
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, OsFamily};
use crate::graph::{ActionId, Handle, record};
use crate::name::{AccountName, RemotePath};
use crate::probe::{Account, AccountGroup, Probe, Sha256};
use crate::script::{ACCOUNTS, Script};
use crate::secret::Secret;
use crate::world::{Effects, World};

/// A user.
#[derive(Debug, Default)]
pub struct User {
    name: String,
    uid: Option<u32>,
    primary: Option<String>,
    groups: Vec<String>,
    /// Whether there are no further memberships.
    only_groups: bool,
    home: Option<String>,
    base_dir: Option<String>,
    move_home: bool,
    shell: Option<String>,
    full_name: Option<String>,
    password: Option<Secret>,
    locked: Option<bool>,
    expires: Option<Expiry>,
    system: bool,
    no_home: bool,
    absent: bool,
    remove_home: bool,
    force: bool,
}

/// Declares that a user exists.
///
/// What is not given is the system's default for a new user and stays as it is for one that exists. Checked:
/// number, primary group, further groups, home, shell, full name, and where they are given the password's hash, whether it is
/// locked, and the day of expiry. Changed: when one of them was not so. Systems: all with `useradd` and `usermod`; with
/// busybox' `adduser` users can be made and removed, and not be modified.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// group("ops");
/// user("alice")
///     .groups(["ops"])
///     .shell("bash")
///     .password_hash(Secret::from("$6$Zk1$3fLr9BqOQe0")) // from `openssl passwd -6`, kept as a secret
///     .expires("2031-12-31");
/// user("mallory").absent_with_home();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn user(name: impl Into<String>) -> Handle<User> {
    record(User { name: name.into(), ..User::default() })
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

    /// Declares that the user is in these further groups and in no others.
    #[track_caller]
    pub fn only_groups<S: Into<String>>(self, groups: impl IntoIterator<Item = S>) -> Self {
        self.groups(groups).edit(|user| user.only_groups = true)
    }

    /// Sets the home directory. What is in the old one stays there; see [`move_home`](Handle::<User>::move_home).
    #[track_caller]
    pub fn home(self, home: impl Into<String>) -> Self {
        self.edit(|user| user.home = Some(home.into()))
    }

    /// Moves what is in the home directory when [`home`](Handle::<User>::home) is another one.
    #[track_caller]
    pub fn move_home(self) -> Self {
        self.edit(|user| user.move_home = true)
    }

    /// Says below which directory the home is made, if the user has to be created and no home is given.
    #[track_caller]
    pub fn base_dir(self, path: impl Into<String>) -> Self {
        self.edit(|user| user.base_dir = Some(path.into()))
    }

    /// Sets the password, as the text that `crypt` makes of it (`openssl passwd -6`). A lock stays.
    #[track_caller]
    pub fn password_hash(self, hash: impl Into<Secret>) -> Self {
        self.edit(|user| user.password = Some(hash.into()))
    }

    /// Locks the password: nobody gets in with it. SSH keys are another way in.
    #[track_caller]
    pub fn locked(self) -> Self {
        self.edit(|user| user.locked = Some(true))
    }

    /// Unlocks the password.
    #[track_caller]
    pub fn unlocked(self) -> Self {
        self.edit(|user| user.locked = Some(false))
    }

    /// Sets the day from which the account cannot be used: `2031-12-31`.
    #[track_caller]
    pub fn expires(self, date: impl Into<String>) -> Self {
        self.edit(|user| user.expires = Some(Expiry::On(date.into())))
    }

    /// Declares that the account does not expire.
    #[track_caller]
    pub fn expires_never(self) -> Self {
        self.edit(|user| user.expires = Some(Expiry::Never))
    }

    /// Sets the login shell: by path, or by one of the names `bash`, `csh`, `ksh`, `rsh`, `sh`, `tcsh`, `zsh`, `fish`, `dash`,
    /// `false`, `nologin`.
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
            user.no_home = true;
        })
    }

    /// Says whether a home directory is made, if the user has to be created.
    #[track_caller]
    pub fn create_home(self, create: bool) -> Self {
        self.edit(|user| user.no_home = !create)
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

    /// Removes the user even while it is logged in, and its home even if others use it, too.
    #[track_caller]
    pub fn force(self) -> Self {
        self.edit(|user| user.force = true)
    }
}

impl User {
    /// Returns the name. Only actions that passed their check are probed, diffed and applied.
    fn account(&self) -> AccountName {
        AccountName::new(&*self.name).expect("checked when the graph was built")
    }

    /// Returns the path of the login shell.
    fn shell_path(&self, facts: &Facts) -> Option<String> {
        self.shell.as_ref().map(|shell| shell_path(shell, facts.os.family).unwrap_or_else(|| shell.clone()))
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
        compare("shell", self.shell_path(view.facts), is.shell.clone());
        compare("full name", self.full_name.clone(), is.gecos.clone());
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
        let shell = self.shell.iter().filter(|shell| shell_path(shell, OsFamily::Linux).is_none());
        for path in [&self.home, &self.base_dir].into_iter().flatten().chain(shell) {
            RemotePath::new(path).map_err(|error| error.to_string())?;
            if path.contains(':') {
                return Err(format!("{path:?} has a colon, which separates the fields of passwd"));
            }
        }
        if self.full_name.as_ref().is_some_and(|name| name.contains([':', '\n'])) {
            return Err("a full name has neither colons nor newlines".to_owned());
        }
        if let Some(Expiry::On(date)) = &self.expires
            && day_number(date).is_none()
        {
            return Err(format!("{date:?} is not a date such as 2031-12-31"));
        }
        self.password.as_ref().map_or(Ok(()), check_hash)
    }

    fn probe(&self, _: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        if self.has_shadow() {
            probe.password(&self.account());
        } else {
            probe.user(&self.account());
        }
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
                if self.has_shadow() {
                    self.diff_shadow(view.world.shadow(&self.account()).is, &mut diff);
                }
            }
        }
        diff.doubt(known.doubt);
        diff
    }

    fn secrets(&self) -> Vec<Secret> {
        self.password.iter().cloned().collect()
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        if self.absent {
            let home = if self.remove_home { "home" } else { "" };
            let force = if self.force { "force" } else { "" };
            let words = [id.as_str(), &self.name, home, force];
            return Script::new().library(&ACCOUNTS).call("p_user_absent", words);
        }
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        let words = [
            id.clone(),
            self.name.clone(),
            self.uid.map(|uid| uid.to_string()).unwrap_or_default(),
            or_empty(&self.primary),
            or_empty(&self.home),
            self.shell_path(view.facts).unwrap_or_default(),
            self.full_name.as_ref().map(|name| format!("={name}")).unwrap_or_default(),
            if self.system { "yes" } else { "" }.to_owned(),
            if self.no_home { "-M" } else { "-m" }.to_owned(),
        ];
        let script = Script::new()
            .library(&ACCOUNTS)
            .code("p_base_dir=")
            .word(or_empty(&self.base_dir))
            .code(if self.move_home { " p_move_home=yes\n" } else { " p_move_home=\n" })
            .call("p_user", words)
            .code("[ $? -eq 0 ] || return\n");
        let script = self.apply_groups(script, &id);
        self.apply_shadow(script, &id)
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
            home: format!("{}/{name}", self.base_dir.as_deref().unwrap_or("/home")),
            shell: "/bin/sh".to_owned(),
        });
        let account = Account {
            uid: self.uid.unwrap_or(before.uid),
            gid: self.primary.as_ref().and_then(|group| group.parse().ok()).or(gid).unwrap_or(before.gid),
            gecos: self.full_name.clone().unwrap_or(before.gecos),
            home: self.home.clone().unwrap_or(before.home),
            // Where the family matters it only decides whether a path goes through a link.
            shell: self.shell.as_ref().map_or(before.shell, |shell| named_shell(shell)),
        };
        world.set_user(&name, Some(account));
        if fresh && self.primary.is_none() && world.group(&name).is.is_none() {
            // A new user gets a group of its own name (USERGROUPS_ENAB, which is on everywhere we support).
            world.set_group(&name, Some(AccountGroup::default()));
        }
        self.predict_groups(&name, world);
        self.predict_shadow(&name, world);
    }

    fn effects(&self) -> Option<Effects> {
        let base = self.base_dir.as_deref().unwrap_or("/home");
        let home = self.home.clone().unwrap_or_else(|| format!("{base}/{}", self.name));
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
        add("shell", self.shell.as_ref().map(|shell| named_shell(shell)));
        add("full name", self.full_name.clone());
        add("lock", self.locked.map(|locked| if locked { "locked" } else { "unlocked" }.to_owned()));
        add("expiry", self.expires.as_ref().map(Expiry::to_string));
        let primary = self.primary.iter();
        claims.extend(primary.map(|group| account_claim(thing(), ["group", "group's number"], group)));
        let password = self.password.as_ref();
        claims.extend(password.map(|hash| {
            let hash = Sha256::of(hash.expose().as_bytes()).to_string();
            Claim::new(thing(), "password", hash).shown("another password")
        }));
        claims.extend(self.group_claims());
        claims
    }
}
