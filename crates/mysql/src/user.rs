//! Users of the server, with their passwords and privileges.

use crate::SQL;
use crate::answer::Answer;
use crate::grants::{Grant, Grants};
use crate::names::{self, Account};
use crate::password::{self, Scheme};
use pallet::action::{Action, Diff, View};
use pallet::claim::{Claim, Thing};
use pallet::facts::Facts;
use pallet::graph::{ActionId, Handle, record};
use pallet::probe::Probe;
use pallet::script::Script;
use pallet::world::{Effects, World};
use pallet::{Secret, Text};

/// A user of the server on the node: from where they log in, with which password, and what they may do.
///
/// Checked: that the user exists, the password, by the hash that the server keeps, and all privileges. Applied: what
/// differs; privileges that are not declared are taken away. Changed means that something differed. The password itself
/// never leaves the controller: the server gets the hash, on the standard input of its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    account: Account,
    /// None: there shall be no such user.
    password: Option<Secret>,
    grants: Vec<Grant>,
}

impl User {
    /// Returns a user of this name, who logs in from the node itself.
    pub fn new(name: impl Into<String>, password: impl Into<Secret>) -> User {
        User {
            account: Account { name: name.into(), host: "localhost".to_owned() },
            password: Some(password.into()),
            grants: Vec::new(),
        }
    }

    /// Declares that there is no user of this name who logs in from the node itself, or from where
    /// [`host`](User::host) says.
    pub fn absent(name: impl Into<String>) -> User {
        let account = Account { name: name.into(), host: "localhost".to_owned() };
        User { account, password: None, grants: Vec::new() }
    }

    /// Sets from where the user logs in: an address, a host name, or one of these with `%` for any text, such as `10.0.0.%`.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> User {
        self.account.host = host.into();
        self
    }

    /// Gives privileges. Those of several calls are added up.
    #[must_use]
    pub fn grant(mut self, grant: Grant) -> User {
        self.grants.push(grant);
        self
    }

    pub(crate) fn problem(&self) -> Result<(), String> {
        names::user(&self.account.name)
            .and_then(|()| names::host(&self.account.host))
            .map_err(|error| error.to_string())?;
        self.grants.iter().try_for_each(Grant::check)
    }

    /// Returns what has to be done, in words, and the statements that do it.
    fn steps(&self, answer: &Answer) -> (Vec<String>, Text) {
        let (mut words, mut statements): (Vec<String>, Vec<Text>) = Default::default();
        let account = &self.account;
        let found = answer.rows("user").next();
        let Some(password) = &self.password else {
            if found.is_some() {
                words.push("removed".to_owned());
                statements.push(format!("DROP USER {account};\n").into());
            }
            return (words, Text::concat(statements));
        };
        let maria = answer.rows("version").any(|row| row.iter().any(|version| version.contains("MariaDB")));
        let scheme = if maria { Scheme::Native } else { Scheme::CachingSha2 };
        let verb = match found.as_deref() {
            None => Some(("CREATE", "created")),
            Some([plugin, stored, ..]) if scheme.matches(password, plugin, stored) => None,
            Some(_) => Some(("ALTER", "password")),
        };
        if let Some((verb, word)) = verb {
            words.push(word.to_owned());
            statements.push(format!("{verb} USER {account} ").into());
            statements.push(scheme.identified(password, &account.to_string()));
            statements.push(";\n".into());
        }
        let mut there = Grants::default();
        answer.lines().for_each(|line| there.add_line(line));
        for (statement, word) in Grants::declared(&self.grants).statements(&there, account) {
            words.push(word);
            statements.push(format!("{statement}\n").into());
        }
        (words, Text::concat(statements))
    }
}

/// Declares a user of the server. The server must run: see [`server`](crate::server).
///
/// ```
/// use pallet::prelude::*;
/// use pallet_mysql::{self as mysql, Grant, User};
/// # pallet::graph::build(&pallet::Context::example(), || {
/// # let password = Secret::from("x");
/// mysql::user(User::new("shop", password).host("10.0.0.%").grant(Grant::all_on("shop")));
/// mysql::user(User::absent("former"));
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn user(user: User) -> Handle<User> {
    record(user)
}

impl Action for User {
    fn kind(&self) -> &'static str {
        "mysql-user"
    }

    fn subject(&self) -> String {
        format!("{}@{}", self.account.name, self.account.host)
    }

    fn check(&self) -> Result<(), String> {
        self.problem()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.password.iter().cloned().collect()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        let Account { name, host } = &self.account;
        let query = format!(
            "SELECT 'version', VERSION();\n\
             SELECT 'user', plugin, HEX(authentication_string) FROM mysql.user WHERE User = '{name}' AND Host = '{host}';\n\
             SHOW GRANTS FOR {};",
            self.account
        );
        probe.capture(id, 0, Script::new().library(&SQL).call("p_sql", [query]));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let answer = match Answer::of(view) {
            Ok(answer) => answer,
            Err(stopped) => return *stopped,
        };
        let mut diff = Diff::none();
        self.steps(&answer).0.into_iter().for_each(|word| diff.change(word));
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let statements = Answer::of(view).map(|answer| self.steps(&answer).1).unwrap_or_default();
        Script::new().library(&SQL).call("p_sql_do", [view.id.0.to_string().into(), statements])
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }

    fn declares(&self) -> Vec<Claim> {
        let thing = || Thing::Other("mysql user", self.subject());
        let Some(password) = &self.password else { return vec![Claim::absent(thing())] };
        vec![
            Claim::existence(thing(), "a user"),
            Claim::new(thing(), "privileges", format!("{:?}", Grants::declared(&self.grants)))
                .shown("these privileges"),
            Claim::new(thing(), "password", password::fingerprint(password)).shown("this password"),
        ]
    }
}
