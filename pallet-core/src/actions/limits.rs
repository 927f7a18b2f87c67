//! Limits of users' sessions, in files below `/etc/security/limits.d`.

use super::parts::{Composed, Part, WholeFile, check_file_name, check_word, composed_action};
use crate::graph::{Handle, record};
use crate::name::RemotePath;
use crate::text::Text;

/// A file of limits.
#[derive(Debug)]
pub struct Limits {
    name: String,
    limits: Vec<(String, &'static str, String, String)>,
    absent: bool,
}

/// What limits.conf(5) knows.
const ITEMS: [&str; 19] = [
    "core",
    "data",
    "fsize",
    "memlock",
    "nofile",
    "rss",
    "stack",
    "cpu",
    "nproc",
    "as",
    "maxlogins",
    "maxsyslogins",
    "nonewprivs",
    "priority",
    "locks",
    "sigpending",
    "msgqueue",
    "nice",
    "rtprio",
];

/// Declares a file of limits for users' sessions, `/etc/security/limits.d/NAME.conf`.
///
/// The whole file is this action's. Limits hold for sessions that begin later, and not for services of systemd. Checked:
/// content, mode and owner. Changed: when the file was. Systems: all with PAM.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// limits("database").soft("postgres", "nofile", 8192).hard("@dba", "memlock", "unlimited");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn limits(name: impl Into<String>) -> Handle<Limits> {
    record(Limits { name: name.into(), limits: Vec::new(), absent: false })
}

impl Handle<Limits> {
    /// Adds a limit that the user can raise up to the hard one. `domain` is a user, a group as `@name`, or `*`.
    #[track_caller]
    pub fn soft(
        self,
        domain: impl Into<String>,
        item: impl Into<String>,
        value: impl std::fmt::Display,
    ) -> Self {
        self.limit(domain.into(), "soft", item.into(), value.to_string())
    }

    /// Adds a limit that only root can raise.
    #[track_caller]
    pub fn hard(
        self,
        domain: impl Into<String>,
        item: impl Into<String>,
        value: impl std::fmt::Display,
    ) -> Self {
        self.limit(domain.into(), "hard", item.into(), value.to_string())
    }

    /// Adds a limit that is soft and hard.
    #[track_caller]
    pub fn both(
        self,
        domain: impl Into<String>,
        item: impl Into<String>,
        value: impl std::fmt::Display,
    ) -> Self {
        self.limit(domain.into(), "-", item.into(), value.to_string())
    }

    /// Declares that there is no such file.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|limits| limits.absent = true)
    }

    #[track_caller]
    fn limit(self, domain: String, kind: &'static str, item: String, value: String) -> Self {
        self.edit(|limits| limits.limits.push((domain, kind, item, value)))
    }
}

impl Composed for Limits {
    const KIND: &'static str = "limits";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        check_file_name("a file of limits", &self.name)?;
        for (domain, _, item, value) in &self.limits {
            check_word("the domain", domain)?;
            if !ITEMS.contains(&item.as_str()) {
                return Err(format!("there is no limit {item:?}: one of {}", ITEMS.join(", ")));
            }
            let number = value.parse::<i64>().is_ok();
            if !number && !["unlimited", "infinity"].contains(&value.as_str()) {
                return Err(format!("{value:?} is no limit: a number, `unlimited` or `infinity`"));
            }
        }
        Ok(())
    }

    fn missing(&self) -> Option<&'static str> {
        let empty = self.limits.is_empty() && !self.absent;
        empty.then_some("nothing is declared: call `soft`, `hard`, `both` or `absent`")
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let path = format!("/etc/security/limits.d/{}.conf", self.name);
        let Ok(path) = RemotePath::new(path) else { return Vec::new() };
        let lines =
            self.limits.iter().map(|(domain, kind, item, value)| format!("{domain} {kind} {item} {value}\n"));
        let content = format!("# Written by pallet.\n{}", lines.collect::<String>());
        vec![Box::new(WholeFile::new(&path, (!self.absent).then(|| Text::from(content))))]
    }
}

composed_action!(Limits);
