//! Going through the files: which lines are meant for a host.

use super::files::{Files, Kind};
use super::local::LocalUser;
use super::settings::{self, Settings};
use super::tokens::Tokens;
use super::words::{self, Line};
use super::{ConfigError, host_name, pattern, tokens_of};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How deep files may include each other: OpenSSH's limit.
const DEPTH: usize = 16;

/// One reading of the files for one host.
pub(super) struct Reader<'a> {
    /// What `Host` lines are compared with.
    host: &'a str,
    /// The host as it was typed.
    original: &'a str,
    /// Whether this is the second reading, in which `Match final` fits.
    last: bool,
    files: &'a Files,
    local: &'a LocalUser,
    settings: &'a mut Settings,
    /// Whether a second reading is asked for.
    pub(super) wants_final: bool,
}

/// Where we are in a file.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a Path,
    line: usize,
    kind: Kind,
    depth: usize,
}

impl Place<'_> {
    fn error(&self, message: impl Into<String>) -> ConfigError {
        ConfigError { place: Some((self.file.to_owned(), self.line)), message: message.into(), hint: None }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        host: &'a str,
        original: &'a str,
        last: bool,
        files: &'a Files,
        local: &'a LocalUser,
        settings: &'a mut Settings,
    ) -> Self {
        Reader { host, original, last, files, local, settings, wants_final: false }
    }

    /// Reads a file. One that is not there says nothing.
    pub(super) fn read(&mut self, file: &Path, kind: Kind) -> Result<(), ConfigError> {
        self.read_at(Place { file, line: 0, kind, depth: 0 }, true)
    }

    /// Reads a file whose lines before the first `Host` or `Match` count if `meant` is true. If not, none count.
    fn read_at(&mut self, place: Place<'_>, meant: bool) -> Result<(), ConfigError> {
        let Some(text) = self.files.text(place.file, place.kind)? else { return Ok(()) };
        let mut active = meant;
        for (number, line) in text.lines().enumerate() {
            let Some(line) = words::cut(line) else { continue };
            self.line(Place { line: number + 1, ..place }, &line, meant, &mut active)?;
        }
        Ok(())
    }

    fn line(
        &mut self,
        place: Place<'_>,
        line: &Line<'_>,
        meant: bool,
        active: &mut bool,
    ) -> Result<(), ConfigError> {
        let fail = |words: String| place.error(format!("{}: {words}", line.keyword));
        match line.keyword.as_str() {
            "host" => {
                let patterns = words::arguments(line.rest).map_err(fail)?;
                *active = meant && pattern::matches_any(patterns, self.host);
            }
            "match" => {
                let criteria = words::criteria(line.rest).map_err(fail)?;
                *active = self.matches(place, &criteria, meant)?;
            }
            "include" => {
                for wanted in words::arguments(line.rest).map_err(fail)? {
                    self.include(place, &wanted, *active)?;
                }
            }
            keyword if *active => settings::apply(self.settings, keyword, line.rest).map_err(fail)?,
            _ => {}
        }
        Ok(())
    }

    /// Reads the files that a pattern names; what they select does not outlast them.
    fn include(&mut self, place: Place<'_>, wanted: &str, active: bool) -> Result<(), ConfigError> {
        if place.depth >= DEPTH {
            return Err(place.error(format!("include: more than {DEPTH} files include each other")));
        }
        let wanted = self.local.expand_home(Path::new(wanted));
        let folder = match place.kind {
            Kind::User => self.local.home.join(".ssh"),
            Kind::System => PathBuf::from("/etc/ssh"),
        };
        for file in self.files.named_by(folder.join(wanted)).iter() {
            self.read_at(Place { file, line: 0, kind: place.kind, depth: place.depth + 1 }, active)?;
        }
        Ok(())
    }

    /// Returns whether all criteria of a `Match` line are met. Commands run only while they could still be.
    fn matches(&mut self, place: Place<'_>, criteria: &[String], meant: bool) -> Result<bool, ConfigError> {
        if criteria.is_empty() {
            return Err(place.error("match: a criterion is missing"));
        }
        let mut met = meant;
        let mut words = criteria.iter();
        while let Some(word) = words.next() {
            if word.starts_with('#') {
                break;
            }
            let (negated, name) = word.strip_prefix('!').map_or((false, word.as_str()), |name| (true, name));
            let name = name.to_ascii_lowercase();
            let fits = match name.as_str() {
                "all" => true,
                "final" => {
                    self.wants_final = true;
                    self.last
                }
                // Needs CanonicalizeHostname, which is refused.
                "canonical" => self.last,
                _ => {
                    let value = words.next();
                    let value =
                        value.ok_or_else(|| place.error(format!("match {name}: a value is missing")))?;
                    self.fits(place, &name, value, met)?
                }
            };
            met &= fits != negated;
        }
        Ok(met)
    }

    fn fits(&self, place: Place<'_>, name: &str, value: &str, met: bool) -> Result<bool, ConfigError> {
        let list = |subject: &str| pattern::matches_any(value.split(','), subject);
        let lower = value.to_ascii_lowercase();
        let host_list = |host: &str| pattern::matches_any(lower.split(','), &host.to_ascii_lowercase());
        Ok(match name {
            "host" => host_list(&host_name(self.host, self.settings)?),
            "originalhost" => host_list(self.original),
            "user" => list(self.settings.user.as_deref().unwrap_or(&self.local.name)),
            "localuser" => list(&self.local.name),
            "exec" => met && self.succeeds(place, value)?,
            _ => {
                let mut error = place.error(format!("match: the criterion `{name}` is not understood"));
                let known = "all, canonical, exec, final, host, localuser, originalhost, user";
                error.hint = Some(format!("understood are {known}"));
                return Err(error);
            }
        })
    }

    /// Runs the command of `Match exec` and returns whether it succeeds.
    fn succeeds(&self, place: Place<'_>, command: &str) -> Result<bool, ConfigError> {
        let host = host_name(self.host, self.settings)?;
        let tokens: Tokens = tokens_of(self.original, &host, self.settings, self.local);
        let command = tokens.expand(command).map_err(|words| place.error(format!("match exec: {words}")))?;
        let status =
            Command::new("sh").arg("-c").arg(&command).stdin(Stdio::null()).stdout(Stdio::null()).status();
        status
            .map(|status| status.success())
            .map_err(|error| place.error(format!("match exec `{command}`: {error}")))
    }
}
