//! Privileges: what is declared, what `SHOW GRANTS` says, and the statements that make one of the other.

use crate::names::{self, Account, InvalidName};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Privileges on something.
///
/// ```
/// use pallet_mysql::Grant;
///
/// Grant::all_on("shop");
/// Grant::on("shop", ["SELECT", "INSERT"]);
/// Grant::on_table("shop", "orders", ["SELECT"]);
/// Grant::on_everything(["PROCESS", "REPLICATION CLIENT"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    target: Target,
    privileges: BTreeSet<String>,
    grantable: bool,
}

/// On what privileges are. The derived order is that of the statements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Everything,
    Database(String),
    Table(String, String),
}

/// What a server calls all privileges that there are on something.
const ALL: &str = "ALL PRIVILEGES";

/// What a user has who has nothing.
const NOTHING: &str = "USAGE";

impl Grant {
    /// Returns all privileges on a database.
    pub fn all_on(database: impl Into<String>) -> Grant {
        Grant::on(database, [ALL])
    }

    /// Returns these privileges, by their names in SQL, on a database.
    pub fn on<P: AsRef<str>>(database: impl Into<String>, privileges: impl IntoIterator<Item = P>) -> Grant {
        Grant::new(Target::Database(database.into()), privileges)
    }

    /// Returns these privileges on a table.
    pub fn on_table<P: AsRef<str>>(
        database: impl Into<String>,
        table: impl Into<String>,
        privileges: impl IntoIterator<Item = P>,
    ) -> Grant {
        Grant::new(Target::Table(database.into(), table.into()), privileges)
    }

    /// Returns these privileges on everything.
    pub fn on_everything<P: AsRef<str>>(privileges: impl IntoIterator<Item = P>) -> Grant {
        Grant::new(Target::Everything, privileges)
    }

    /// Lets the user give these privileges to others.
    #[must_use]
    pub fn grantable(self) -> Grant {
        Grant { grantable: true, ..self }
    }

    fn new<P: AsRef<str>>(target: Target, privileges: impl IntoIterator<Item = P>) -> Grant {
        Grant {
            target,
            privileges: privileges.into_iter().map(|p| normal(p.as_ref())).collect(),
            grantable: false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let checked: Result<(), InvalidName> = match &self.target {
            Target::Everything => Ok(()),
            Target::Database(database) => names::database(database),
            Target::Table(database, table) => names::database(database).and_then(|()| names::table(table)),
        };
        checked.map_err(|error| error.to_string())?;
        let word =
            |p: &String| !p.is_empty() && p.bytes().all(|b| b.is_ascii_uppercase() || b == b' ' || b == b'_');
        match self.privileges.iter().find(|privilege| !word(privilege)) {
            Some(bad) => Err(format!("{bad:?} is no privilege: expected one such as `SELECT`")),
            None if self.privileges.is_empty() => Err("a grant names at least one privilege".to_owned()),
            None => Ok(()),
        }
    }
}

/// Returns the one name of a privilege that can be written in several ways.
fn normal(privilege: &str) -> String {
    let upper = privilege.trim().to_ascii_uppercase();
    if upper == "ALL" { ALL.to_owned() } else { upper }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Everything => f.write_str("*.*"),
            // `_` stands for any character where a grant names a database, and there alone.
            Target::Database(database) => write!(f, "`{}`.*", database.replace('_', "\\_")),
            Target::Table(database, table) => write!(f, "`{database}`.`{table}`"),
        }
    }
}

/// What an account has: privileges and whether it may give them away, for each target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grants(BTreeMap<Target, (BTreeSet<String>, bool)>);

impl Grants {
    pub(crate) fn declared(grants: &[Grant]) -> Grants {
        let mut all = Grants::default();
        for grant in grants {
            let (privileges, grantable) = all.0.entry(grant.target.clone()).or_default();
            privileges.extend(grant.privileges.iter().cloned());
            *grantable |= grant.grantable;
        }
        for (privileges, _) in all.0.values_mut() {
            // All of them and one of them are all of them.
            if privileges.contains(ALL) {
                privileges.retain(|privilege| privilege == ALL);
            }
        }
        all
    }

    /// Takes a line of `SHOW GRANTS` in. Lines about roles and proxies, and privileges on columns, are not ours.
    pub(crate) fn add_line(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("GRANT ") else { return };
        let Some((privileges, rest)) = rest.split_once(" ON ") else { return };
        let Some((target, rest)) = rest.split_once(" TO ") else { return };
        let Some(target) = Target::parse(target) else { return };
        let (known, grantable) = self.0.entry(target).or_default();
        known.extend(privileges.split(',').map(normal).filter(|privilege| privilege != NOTHING));
        *grantable |= rest.contains(" WITH GRANT OPTION");
    }

    /// Returns the statements that make these of what there is, and what they do, in words.
    pub(crate) fn statements(&self, there: &Grants, account: &Account) -> Vec<(String, String)> {
        let none = (BTreeSet::new(), false);
        let mut statements = Vec::new();
        for (target, (has, may_give)) in &there.0 {
            let (wanted, wants_to_give) = self.0.get(target).unwrap_or(&none);
            let surplus: Vec<String> = match has_all(target, has, wanted) {
                true => Vec::new(),
                false => has.difference(wanted).cloned().collect(),
            };
            if !surplus.is_empty() {
                let list = surplus.join(", ");
                statements.push((
                    format!("REVOKE {list} ON {target} FROM {account};"),
                    format!("without {list} on {target}"),
                ));
            }
            if *may_give && !wants_to_give {
                let statement = format!("REVOKE GRANT OPTION ON {target} FROM {account};");
                statements.push((statement, format!("without GRANT OPTION on {target}")));
            }
        }
        for (target, (wanted, wants_to_give)) in &self.0 {
            let (has, may_give) = there.0.get(target).unwrap_or(&none);
            let missing: Vec<&str> = match has_all(target, has, wanted) {
                true => Vec::new(),
                false => wanted.difference(has).map(String::as_str).collect(),
            };
            if !missing.is_empty() || *wants_to_give && !may_give {
                let list = if missing.is_empty() { NOTHING.to_owned() } else { missing.join(", ") };
                let option = if *wants_to_give { " WITH GRANT OPTION" } else { "" };
                statements.push((
                    format!("GRANT {list} ON {target} TO {account}{option};"),
                    format!("{list} on {target}{option}"),
                ));
            }
        }
        statements
    }
}

/// Tells whether all privileges are wanted and there. All on everything, MySQL shows one by one.
fn has_all(target: &Target, has: &BTreeSet<String>, wanted: &BTreeSet<String>) -> bool {
    let each = *target == Target::Everything
        && ["SELECT", "SUPER", "CREATE USER", "SHUTDOWN"].iter().all(|p| has.contains(*p));
    wanted.contains(ALL) && (has.contains(ALL) || each)
}

impl Target {
    fn parse(text: &str) -> Option<Target> {
        if text == "*.*" {
            return Some(Target::Everything);
        }
        let (database, table) = text.split_once('.')?;
        let bare = |quoted: &str| Some(quoted.strip_prefix('`')?.strip_suffix('`')?.to_owned());
        let database = bare(database)?;
        match table {
            // In batches the client writes each backslash twice.
            "*" => Some(Target::Database(database.replace("\\\\_", "_").replace("\\_", "_"))),
            table => Some(Target::Table(database, bare(table)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account { name: "app".to_owned(), host: "10.%".to_owned() }
    }

    fn shown(lines: &[&str]) -> Grants {
        let mut grants = Grants::default();
        lines.iter().for_each(|line| grants.add_line(line));
        grants
    }

    fn statements(declared: &[Grant], there: &[&str]) -> Vec<String> {
        let statements = Grants::declared(declared).statements(&shown(there), &account());
        statements.into_iter().map(|(sql, _)| sql).collect()
    }

    /// As MySQL 9.7 and MariaDB 10.11 wrote them, through the client with `--batch`.
    const MYSQL: &[&str] =
        &["GRANT USAGE ON *.* TO `app`@`10.%`", r"GRANT ALL PRIVILEGES ON `my\\_app`.* TO `app`@`10.%`"];
    const MARIADB: &[&str] = &[
        "GRANT USAGE ON *.* TO `app`@`10.%` IDENTIFIED BY PASSWORD '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'",
        r"GRANT ALL PRIVILEGES ON `my\\_app`.* TO `app`@`10.%`",
    ];

    #[test]
    fn what_is_as_declared_needs_nothing() {
        for there in [MYSQL, MARIADB] {
            assert_eq!(statements(&[Grant::all_on("my_app")], there), Vec::<String>::new());
        }
        assert_eq!(statements(&[], &["GRANT USAGE ON *.* TO `app`@`10.%`"]), Vec::<String>::new());
    }

    #[test]
    fn what_is_too_much_goes_and_what_lacks_comes() {
        assert_eq!(
            statements(&[Grant::on("my_app", ["select", "INSERT"])], MARIADB),
            [
                r"REVOKE ALL PRIVILEGES ON `my\_app`.* FROM 'app'@'10.%';",
                r"GRANT INSERT, SELECT ON `my\_app`.* TO 'app'@'10.%';"
            ]
        );
        assert_eq!(
            statements(
                &[Grant::on("a", ["SELECT"]), Grant::on("a", ["INSERT"]), Grant::on_table("a", "t", ["all"])],
                &["GRANT SELECT, UPDATE ON `a`.* TO `app`@`10.%` WITH GRANT OPTION"]
            ),
            [
                "REVOKE UPDATE ON `a`.* FROM 'app'@'10.%';",
                "REVOKE GRANT OPTION ON `a`.* FROM 'app'@'10.%';",
                "GRANT INSERT ON `a`.* TO 'app'@'10.%';",
                "GRANT ALL PRIVILEGES ON `a`.`t` TO 'app'@'10.%';"
            ]
        );
        assert_eq!(
            statements(&[Grant::on("a", ["SELECT"]).grantable()], &["GRANT SELECT ON `a`.* TO `app`@`10.%`"]),
            ["GRANT USAGE ON `a`.* TO 'app'@'10.%' WITH GRANT OPTION;"]
        );
    }

    #[test]
    fn what_is_no_privilege_is_refused() {
        assert!(Grant::on("a", ["SELECT; DROP"]).check().is_err());
        assert!(Grant::on("a b", ["SELECT"]).check().is_err());
        assert!(Grant::on("a", [""; 0]).check().is_err());
        assert!(Grant::on_everything(["replication client"]).check().is_ok());
    }
}
