//! Databases.

use crate::answer::Answer;
use crate::{SQL, names};
use pallet::action::{Action, Diff, View};
use pallet::claim::{Claim, Thing};
use pallet::facts::Facts;
use pallet::graph::{ActionId, Handle, record};
use pallet::probe::Probe;
use pallet::script::Script;
use pallet::world::{Effects, World};

/// A database of the server on the node.
///
/// Checked: that it exists, and its default character set and collation. Applied: it is created, or altered; what is
/// in its tables stays as it is. Changed means that one of those was not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    name: String,
    charset: String,
    collation: Option<String>,
    absent: bool,
}

impl Database {
    /// Returns a database with the character set `utf8mb4` and that one's default collation.
    pub fn new(name: impl Into<String>) -> Database {
        Database { name: name.into(), charset: "utf8mb4".to_owned(), collation: None, absent: false }
    }

    /// Sets the default character set of new tables.
    #[must_use]
    pub fn charset(self, charset: impl Into<String>) -> Database {
        Database { charset: charset.into(), ..self }
    }

    /// Sets the default collation of new tables.
    #[must_use]
    pub fn collation(self, collation: impl Into<String>) -> Database {
        Database { collation: Some(collation.into()), ..self }
    }

    /// Declares that there is no such database. **All that is in it is lost.**
    #[must_use]
    pub fn absent_with_contents(self) -> Database {
        Database { absent: true, ..self }
    }

    pub(crate) fn problem(&self) -> Result<(), String> {
        names::database(&self.name)
            .and_then(|()| names::charset(&self.charset))
            .and_then(|()| self.collation.as_deref().map_or(Ok(()), names::charset))
            .map_err(|error| error.to_string())
    }

    fn definition(&self) -> String {
        let collation = self.collation.as_ref().map(|name| format!(" COLLATE {name}"));
        format!("`{}` CHARACTER SET {}{}", self.name, self.charset, collation.unwrap_or_default())
    }

    fn statement(&self, exists: bool) -> String {
        match (self.absent, exists) {
            (true, _) => format!("DROP DATABASE `{}`;", self.name),
            (false, true) => format!("ALTER DATABASE {};", self.definition()),
            (false, false) => format!("CREATE DATABASE {};", self.definition()),
        }
    }

    fn compare(&self, answer: &Answer) -> Diff {
        let mut diff = Diff::none();
        let found = answer.rows("database").next();
        match found {
            None if self.absent => {}
            None => diff.change("created"),
            Some(_) if self.absent => diff.change("removed, with all that is in it"),
            Some(row) => {
                let wanted = [Some(&self.charset), self.collation.as_ref()];
                for (is, wanted) in row.iter().zip(wanted) {
                    if let Some(wanted) = wanted.filter(|wanted| !is.eq_ignore_ascii_case(wanted)) {
                        diff.change(format!("{is} → {wanted}"));
                    }
                }
            }
        }
        diff
    }
}

/// Declares a database. The server must run: see [`server`](crate::server).
///
/// ```
/// use pallet_mysql::{self as mysql, Database};
/// # pallet::graph::build(&pallet::Context::example(), || {
/// mysql::database(Database::new("shop"));
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn database(database: Database) -> Handle<Database> {
    record(database)
}

impl Action for Database {
    fn kind(&self) -> &'static str {
        "mysql-database"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        self.problem()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        let query = format!(
            "SELECT 'database', default_character_set_name, default_collation_name \
             FROM information_schema.schemata WHERE schema_name = '{}';",
            self.name
        );
        probe.capture(id, 0, Script::new().library(&SQL).call("p_sql", [query]));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        Answer::of(view).map_or_else(|stopped| *stopped, |answer| self.compare(&answer))
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let exists = Answer::of(view).is_ok_and(|answer| answer.rows("database").next().is_some());
        Script::new().library(&SQL).call("p_sql_do", [view.id.0.to_string(), self.statement(exists)])
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }

    fn declares(&self) -> Vec<Claim> {
        let thing = || Thing::Other("mysql database", self.name.clone());
        if self.absent {
            return vec![Claim::absent(thing())];
        }
        let collation = self.collation.iter().map(|collation| Claim::new(thing(), "collation", collation));
        [Claim::existence(thing(), "a database"), Claim::new(thing(), "character set", &self.charset)]
            .into_iter()
            .chain(collation)
            .collect()
    }
}
