//! Jobs of cron, in files of their own below `/etc/cron.d`.

use super::parts::{Composed, Folder, Part, WholeFile, check_file_name, check_one_line, composed_action};
use crate::graph::{Handle, record};
use crate::name::{AccountName, RemotePath};
use crate::text::Text;
use std::fmt;

/// A file of jobs for cron.
#[derive(Debug)]
pub struct Cron {
    name: String,
    env: Vec<(String, String)>,
    jobs: Vec<Job>,
    absent: bool,
}

#[derive(Debug)]
struct Job {
    schedule: Schedule,
    user: String,
    command: String,
}

/// When a job of cron runs: five fields, or one of the names such as `@daily`.
///
/// ```
/// # use pallet::actions::Schedule;
/// assert_eq!(Schedule::daily(3, 30).to_string(), "30 3 * * *");
/// assert_eq!(Schedule::every_minutes(5).to_string(), "*/5 * * * *");
/// assert!("30 25 * * *".parse::<Schedule>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Result<String, String>);

/// The fields of a schedule: their names, limits, and the names that stand for their values.
const FIELDS: [(&str, u8, u8, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    ("day of the week", 0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

const NAMES: [&str; 8] =
    ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

impl Schedule {
    /// Returns every day at this time.
    pub fn daily(hour: u8, minute: u8) -> Self {
        Schedule::from(format!("{minute} {hour} * * *").as_str())
    }

    /// Returns every hour at this minute.
    pub fn hourly(minute: u8) -> Self {
        Schedule::from(format!("{minute} * * * *").as_str())
    }

    /// Returns every so many minutes, beginning with each full hour.
    pub fn every_minutes(minutes: u8) -> Self {
        Schedule::from(format!("*/{minutes} * * * *").as_str())
    }

    /// Returns once a week: on this day, 0 for Sunday, at this time.
    pub fn weekly(day: u8, hour: u8, minute: u8) -> Self {
        Schedule::from(format!("{minute} {hour} * * {day}").as_str())
    }

    /// Returns once a month: on this day, at this time.
    pub fn monthly(day: u8, hour: u8, minute: u8) -> Self {
        Schedule::from(format!("{minute} {hour} {day} * *").as_str())
    }

    /// Returns when the system starts.
    pub fn reboot() -> Self {
        Schedule::from("@reboot")
    }
}

impl Schedule {
    /// Refuses what was given in its place.
    pub(super) fn check(&self) -> Result<(), String> {
        self.0.as_ref().map(|_| ()).map_err(Clone::clone)
    }
}

/// Returns a command as cron wants it: a percent sign would be a new line.
pub(super) fn command_for_cron(command: &str) -> String {
    command.replace('%', "\\%")
}

/// A text that is no schedule is refused when the phase is built.
impl From<&str> for Schedule {
    fn from(text: &str) -> Self {
        Schedule(text.parse::<Schedule>().and_then(|schedule| schedule.0))
    }
}

impl std::str::FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let given = text.trim();
        if NAMES.contains(&given) {
            return Ok(Schedule(Ok(given.to_owned())));
        }
        let fields: Vec<&str> = given.split_whitespace().collect();
        if fields.len() != FIELDS.len() {
            let names = NAMES.join(", ");
            return Err(format!(
                "{text:?} is no schedule: minute, hour, day of the month, month and day of the week, or one of {names}"
            ));
        }
        for (field, (name, low, high, names)) in fields.iter().zip(FIELDS) {
            if !field.split(',').all(|part| is_part(part, low, high, names)) {
                return Err(format!(
                    "{field:?} is no {name} of a schedule: numbers from {low} to {high}, `*`, `1-5`, `*/5`"
                ));
            }
        }
        Ok(Schedule(Ok(fields.join(" "))))
    }
}

/// Checks one of the parts that commas separate: `*`, `4`, `1-5`, each optionally with a step.
fn is_part(part: &str, low: u8, high: u8, names: &[&str]) -> bool {
    let number = |text: &str| {
        let lower = text.to_ascii_lowercase();
        let named = names.iter().position(|name| *name == lower).and_then(|index| u8::try_from(index).ok());
        let number = named.map(|index| index + low).or_else(|| text.parse().ok());
        number.filter(|number| (low..=high).contains(number))
    };
    let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
    let steps = step.is_none_or(|step| step.parse::<u8>().is_ok_and(|step| step > 0 && step <= high));
    let whole = match range.split_once('-') {
        Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
        None => range == "*" || number(range).is_some() && step.is_none(),
    };
    steps && whole
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(fields) => f.write_str(fields),
            Err(_) => f.write_str("an invalid schedule"),
        }
    }
}

/// Declares a file of jobs for cron, `/etc/cron.d/NAME`.
///
/// The whole file is this action's; cron notices by itself that it changed. Schedules are checked when the phase is
/// built. Checked: content, mode and owner. Changed: when the file was. Systems: all whose cron reads `/etc/cron.d`;
/// on Debian the package `cron` must be there before.
///
/// ```
/// # use pallet::prelude::*;
/// # use pallet::actions::Schedule;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("cron");
/// cron("backup")
///     .env("MAILTO", "ops@example.com")
///     .job(Schedule::daily(3, 30), "root", "/usr/local/bin/backup --date \"$(date +%F)\"")
///     .job("*/5 8-18 * * mon-fri", "app", "/srv/app/bin/poll");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn cron(name: impl Into<String>) -> Handle<Cron> {
    record(Cron { name: name.into(), env: Vec::new(), jobs: Vec::new(), absent: false })
}

impl Handle<Cron> {
    /// Adds a job: when, as which user, and a command for `sh`. It arrives as it is written: the percent sign, which
    /// cron takes for a new line, is escaped.
    #[track_caller]
    pub fn job(
        self,
        schedule: impl Into<Schedule>,
        user: impl Into<String>,
        command: impl Into<String>,
    ) -> Self {
        let job = Job { schedule: schedule.into(), user: user.into(), command: command.into() };
        self.edit(|cron| cron.jobs.push(job))
    }

    /// Sets a variable for all jobs of the file.
    #[track_caller]
    pub fn env(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.edit(|cron| cron.env.push((name.into(), value.into())))
    }

    /// Declares that there is no such file.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|cron| cron.absent = true)
    }
}

impl Job {
    fn check(&self) -> Result<(), String> {
        self.schedule.check()?;
        AccountName::new(&*self.user).map_err(|error| error.to_string())?;
        check_one_line("the command", &self.command)?;
        if self.command.trim().is_empty() {
            return Err("a job of cron needs a command".to_owned());
        }
        Ok(())
    }

    fn line(&self) -> String {
        format!("{} {} {}\n", self.schedule, self.user, command_for_cron(&self.command))
    }
}

impl Composed for Cron {
    const KIND: &'static str = "cron";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        check_file_name("a file of jobs for cron", &self.name)?;
        for (name, value) in &self.env {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            if name.is_empty() || !name.bytes().all(plain) {
                return Err(format!("{name:?} cannot be the name of a variable"));
            }
            check_one_line("the value", value)?;
            if value.contains('"') {
                return Err(format!("cron has no way to write the double quote in {value:?}"));
            }
        }
        self.jobs.iter().try_for_each(Job::check)
    }

    fn missing(&self) -> Option<&'static str> {
        (self.jobs.is_empty() && !self.absent).then_some("nothing is declared: call `job` or `absent`")
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let Ok(path) = RemotePath::new(format!("/etc/cron.d/{}", self.name)) else { return Vec::new() };
        let content = (!self.absent).then(|| {
            let env = self.env.iter().map(|(name, value)| format!("{name}=\"{value}\"\n"));
            let lines: String = env.chain(self.jobs.iter().map(Job::line)).collect();
            Text::from(format!("# Written by pallet.\n{lines}"))
        });
        vec![Box::new(WholeFile { folder: Folder::Of("cron"), ..WholeFile::new(&path, content) })]
    }
}

composed_action!(Cron);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_checked() {
        for good in
            ["* * * * *", "0,30 */2 1-15/2 JAN-mar Mon-Fri", " 5  4 * * 7 ", "@daily", "59 23 31 12 0"]
        {
            assert!(good.parse::<Schedule>().is_ok(), "{good:?}");
        }
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "@sometimes",
            "5/2 * * * *",
            ", * * * *",
            "* * * * mon-",
        ] {
            assert!(bad.parse::<Schedule>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn percent_signs_arrive() {
        let job = Job { schedule: Schedule::hourly(5), user: "app".into(), command: "date +%F".into() };
        assert_eq!(job.line(), "5 * * * * app date +\\%F\n");
        assert!(Job { command: "a\nb".into(), ..job }.check().is_err());
    }
}
