//! Jobs in the crontab of a user.

use super::cron::{Schedule, command_for_cron};
use super::parts::check_one_line;
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::{AccountName, RemotePath};
use crate::probe::Probe;
use crate::script::{CRONTABS, Script};
use crate::world::{Effects, World};

/// Jobs in the crontab of a user.
#[derive(Debug)]
pub struct Crontab {
    user: Result<AccountName, String>,
    entries: Vec<Entry>,
}

/// A job, and the name by which it is found again.
#[derive(Debug)]
struct Entry {
    name: String,
    /// When it runs, and what; nothing where the job shall not be there.
    job: Option<(Schedule, String)>,
}

/// What stands in front of the name of a job, on a line of its own above it.
const MARK: &str = "# pallet: ";

/// Declares jobs in the crontab of a user, which the user may edit as well.
///
/// A job has a name, which stands above it as `# pallet: NAME`; everything else in the crontab is left alone. It is
/// read and written by `crontab`, as root, so `cron.allow` and the like do not matter. Schedules are checked when the
/// phase is built. See [`cron()`](super::cron()) for jobs that belong to nobody but the infrastructure.
///
/// Checked: that each job stands below its name, on one line. Changed: when one did not. Systems: all with a `crontab`
/// that knows `-u`; on Debian the package `cron` must be there before.
///
/// ```
/// # use pallet::prelude::*;
/// # use pallet::actions::Schedule;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("cron");
/// crontab("alice")
///     .job("report", Schedule::weekly(1, 8, 0), "~/bin/report --since \"$(date +%F)\"")
///     .without("old-report");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn crontab(user: impl AsRef<str>) -> Handle<Crontab> {
    let user = AccountName::new(user.as_ref()).map_err(|error| error.to_string());
    record(Crontab { user, entries: Vec::new() })
}

impl Handle<Crontab> {
    /// Declares a job: its name, when it runs, and a command for the user's shell. It arrives as it is written: the
    /// percent sign, which cron takes for a new line, is escaped.
    #[track_caller]
    pub fn job(
        self,
        name: impl Into<String>,
        schedule: impl Into<Schedule>,
        command: impl Into<String>,
    ) -> Self {
        let entry = Entry { name: name.into(), job: Some((schedule.into(), command.into())) };
        self.edit(|crontab| crontab.entries.push(entry))
    }

    /// Declares that there is no job of this name.
    #[track_caller]
    pub fn without(self, name: impl Into<String>) -> Self {
        let entry = Entry { name: name.into(), job: None };
        self.edit(|crontab| crontab.entries.push(entry))
    }
}

impl Entry {
    fn check(&self) -> Result<(), String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if self.name.is_empty() || self.name.len() > 100 || !self.name.bytes().all(plain) {
            return Err(format!(
                "invalid name of a job {:?}: letters, digits, hyphens, underscores and dots",
                self.name
            ));
        }
        let Some((schedule, command)) = &self.job else { return Ok(()) };
        schedule.check()?;
        check_one_line("the command", command)?;
        if command.trim().is_empty() {
            return Err("a job of cron needs a command".to_owned());
        }
        Ok(())
    }

    /// Returns the line of the job, empty where it shall not be there.
    fn line(&self) -> String {
        let line = |(schedule, command): &(Schedule, String)| {
            format!("{schedule} {}", command_for_cron(command).trim())
        };
        self.job.as_ref().map(line).unwrap_or_default()
    }

    fn difference(&self, crontab: &str) -> Option<String> {
        let mut lines = crontab.lines();
        let is = lines.find(|line| line.strip_prefix(MARK) == Some(&self.name)).map(|_| lines.next());
        let again = lines.any(|line| line.strip_prefix(MARK) == Some(&self.name));
        let name = &self.name;
        match (is, &self.job) {
            (None, None) => None,
            (None, Some(_)) => Some(format!("{name} added")),
            (Some(_), None) => Some(format!("{name} removed")),
            (Some(is), Some(_)) => {
                (again || is != Some(self.line().as_str())).then(|| format!("{name} replaced"))
            }
        }
    }
}

impl Crontab {
    /// Returns the user. Only actions that passed their check are probed, diffed and applied.
    fn user(&self) -> &AccountName {
        self.user.as_ref().expect("checked when the graph was built")
    }
}

impl Action for Crontab {
    fn kind(&self) -> &'static str {
        "crontab"
    }

    fn subject(&self) -> String {
        self.user.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn check(&self) -> Result<(), String> {
        self.user.as_ref().map_err(Clone::clone)?;
        self.entries.iter().try_for_each(Entry::check)?;
        let twice = |(at, entry): (usize, &Entry)| {
            let again = self.entries[..at].iter().any(|before| before.name == entry.name);
            again.then(|| format!("the job {} is declared twice", entry.name))
        };
        self.entries.iter().enumerate().find_map(twice).map_or(Ok(()), Err)
    }

    fn missing(&self) -> Option<&'static str> {
        self.entries.is_empty().then_some("nothing is declared: call `job` or `without`")
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.user(self.user());
        let code = "command -v crontab >/dev/null 2>&1 || exit 127\ncrontab -l -u ";
        let script = Script::new().code(code).word(self.user().as_str()).code(" || exit 0\n");
        probe.capture(id, 0, script);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let user = view.world.user(self.user());
        if user.is.is_none() && user.doubt.is_none() {
            let hint = format!("write `user(\"{}\")` before this line", self.user());
            return Diff::problem(format!("there is no user {}", self.user()), hint);
        }
        let known = view.world.command(view.id, 0);
        if known.is.is_some_and(|result| result.status == 127) && known.doubt.is_none() {
            let hint = "install it before this line; on Debian it is in the package cron".to_owned();
            return Diff::problem("there is no crontab on this node", hint);
        }
        let crontab = known.is.map(|result| String::from_utf8_lossy(&result.output)).unwrap_or_default();
        let mut diff = Diff::none();
        let differences = self.entries.iter().filter_map(|entry| entry.difference(&crontab));
        differences.for_each(|change| diff.change(change));
        diff.doubt(known.doubt);
        diff.doubt(user.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let entries = self.entries.iter().flat_map(|entry| [entry.name.clone(), entry.line()]);
        let words = [view.id.0.to_string(), self.user().to_string()].into_iter().chain(entries);
        Script::new().library(&CRONTABS).call("p_crontab", words)
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        RemotePath::new("/var/spool/cron").ok().map(Effects::Below)
    }

    fn declares(&self) -> Vec<Claim> {
        let Ok(user) = &self.user else { return Vec::new() };
        let claim = |entry: &Entry| {
            let thing = Thing::Other("job of cron", format!("{} of {user}", entry.name));
            match &entry.job {
                Some(_) => Claim::new(thing, "existence", entry.line()).shown(entry.line()),
                None => Claim::absent(thing),
            }
        };
        self.entries.iter().map(claim).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_stands_below_its_name() {
        let entry = |job: Option<&str>| Entry {
            name: "a".to_owned(),
            job: job.map(|command| (Schedule::hourly(5), command.to_owned())),
        };
        let x = || entry(Some("date +%F"));
        let table = [
            (x(), "", Some("a added")),
            (x(), "MAILTO=x\n# pallet: a\n5 * * * * date +\\%F\n1 2 3 4 5 y\n", None),
            (x(), "# pallet: a\n6 * * * * date +\\%F\n", Some("a replaced")),
            (x(), "# pallet: a", Some("a replaced")),
            (x(), "# pallet: ab\n5 * * * * date +\\%F\n", Some("a added")),
            (x(), "# pallet: a\n5 * * * * date +\\%F\n# pallet: a\n", Some("a replaced")),
            (entry(None), "# pallet: ab\n5 * * * * x\n", None),
            (entry(None), "# pallet: a\n5 * * * * x\n", Some("a removed")),
        ];
        for (entry, crontab, expected) in table {
            assert_eq!(entry.difference(crontab).as_deref(), expected, "{crontab:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |declare: fn(Handle<Crontab>) -> Handle<Crontab>| {
            let built = crate::graph::build(&crate::Context::example(), || {
                declare(crontab("alice"));
            });
            built.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused(|crontab| crontab.job("a", "@daily", "x").without("b")), "");
        assert!(refused(|crontab| crontab).contains("call `job` or `without`"));
        assert!(refused(|crontab| crontab.job("a", "@daily", "x").without("a")).contains("twice"));
        assert!(refused(|crontab| crontab.job("a", "61 * * * *", "x")).contains("minute"));
        assert!(refused(|crontab| crontab.job("a", "@daily", "x\ny")).contains("command"));
        assert!(refused(|crontab| crontab.job("a b", "@daily", "x")).contains("a b"));
    }
}
