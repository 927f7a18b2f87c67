//! The options of a transaction: packages that follow each other and agree in them are installed in one.

use super::system;
use crate::facts::{Facts, PackageManagerKind};
use crate::name::PackageName;

/// What is declared of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Wanted {
    #[default]
    Installed,
    Latest,
    Absent,
    Purged,
}

/// The options of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Options {
    pub(super) wanted: Wanted,
    pub(super) hold: Option<bool>,
    pub(super) from: Option<String>,
    pub(super) enable: Vec<String>,
    pub(super) disable: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) recommends: Option<bool>,
    pub(super) quiet: bool,
    pub(super) unsigned: bool,
    /// Through aptitude in the place of apt-get.
    pub(super) aptitude: bool,
    /// Seconds.
    pub(super) limit: Option<u64>,
}

impl Options {
    /// Refuses what no system understands.
    pub(super) fn check(&self) -> Result<(), String> {
        for repository in self.from.iter().chain(&self.enable).chain(&self.disable) {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._/:-".contains(&b);
            if !repository.starts_with(|c: char| c.is_ascii_alphanumeric()) || !repository.bytes().all(plain)
            {
                return Err(format!("{repository:?} is not the name of a release or repository"));
            }
        }
        for name in &self.exclude {
            PackageName::new(name).map_err(|error| error.to_string())?;
        }
        let removed = matches!(self.wanted, Wanted::Absent | Wanted::Purged);
        if removed && self.hold.is_some() {
            return Err("a package that is not installed cannot be held or released".to_owned());
        }
        Ok(())
    }

    /// Refuses what this node's package manager cannot do.
    pub(super) fn supported(&self, facts: &Facts) -> Result<(), String> {
        let manager = system::manager(facts)?;
        if self.hold.is_some() {
            system::only(facts, "a hold", system::WITH_HOLDS)?;
        }
        let chosen = self.enable.iter().chain(&self.disable).chain(&self.exclude);
        if chosen.count() > 0 {
            system::only(facts, "a choice of repositories for one transaction", system::DNF_ONLY)?;
        }
        if self.recommends == Some(true) {
            system::only(facts, "installing what is recommended", system::WITH_RECOMMENDATIONS)?;
        }
        if self.unsigned {
            system::only(facts, "accepting unsigned packages", system::ALL_BUT_PACMAN)?;
        }
        if self.aptitude {
            system::only(facts, "aptitude", system::APT_ONLY)?;
        }
        if self.from.is_some() && self.wanted == Wanted::Latest && manager != PackageManagerKind::Apt {
            system::only(facts, "the newest version from one repository", system::APT_ONLY)?;
        }
        Ok(())
    }

    /// Returns the options as words for `packages.sh`.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |key: &str, values: &[String]| {
            words.extend(values.iter().map(|value| format!("{key}={value}")));
        };
        add("from", self.from.as_slice());
        add("enable", &self.enable);
        add("disable", &self.disable);
        add("exclude", &self.exclude);
        words.extend(self.recommends.map(|yes| format!("recommends={}", if yes { "yes" } else { "no" })));
        words.extend(self.quiet.then(|| "quiet".to_owned()));
        words.extend(self.unsigned.then(|| "unsigned".to_owned()));
        words.extend(self.aptitude.then(|| "aptitude".to_owned()));
        words.extend(self.hold.map(|hold| format!("hold={}", if hold { "hold" } else { "release" })));
        words.extend(self.limit.map(|limit| format!("limit={limit}")));
        words
    }
}

/// Refuses what is no version of any package manager.
pub(super) fn check_version(version: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".+-:~_^".contains(&b);
    if version.is_empty() || !version.bytes().all(plain) {
        return Err(format!("{version:?} is not a version of a package"));
    }
    Ok(())
}
