//! What a provider finds when it is asked whether its services can work: [`Check`].

use super::ComputeError;

/// One thing that a service needs, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in a few words: "kernel driver".
    pub name: String,
    /// What was found.
    pub finding: Finding,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is as it must be; the text says what is there.
    Fine(String),
    /// It works without, but something cannot be done.
    Lacking {
        /// What is not as it should be.
        message: String,
        /// What repairs it: a command where there is one.
        hint: String,
    },
    /// Nodes cannot be made or reached as it is.
    Broken {
        /// What is wrong.
        message: String,
        /// What repairs it: a command where there is one.
        hint: String,
    },
    /// It could not be looked at, or does not matter here; the text says why.
    Skipped(String),
}

impl Check {
    /// Returns a check that found all well.
    ///
    /// ```
    /// use pallet::compute::Check;
    /// assert!(!Check::fine("version", "7.2.22").is_broken());
    /// ```
    pub fn fine(name: impl Into<String>, found: impl Into<String>) -> Self {
        Check { name: name.into(), finding: Finding::Fine(found.into()) }
    }

    /// Returns a check that was not made.
    pub fn skipped(name: impl Into<String>, why: impl Into<String>) -> Self {
        Check { name: name.into(), finding: Finding::Skipped(why.into()) }
    }

    /// Returns a check that found something without which only a part works.
    pub fn lacking(name: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Check { name: name.into(), finding: Finding::Lacking { message: message.into(), hint: hint.into() } }
    }

    /// Returns a check that found what must be repaired.
    pub fn broken(name: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Check { name: name.into(), finding: Finding::Broken { message: message.into(), hint: hint.into() } }
    }

    /// Returns a check that ended as something of the same service would have ended: with its error, in the same words.
    ///
    /// ```
    /// use pallet::compute::{Check, ComputeError, Finding};
    /// let error = ComputeError::input("no VBoxManage on this host").hint("install VirtualBox");
    /// let check = Check::of("VBoxManage", Err(error));
    /// assert!(matches!(check.finding, Finding::Broken { hint, .. } if hint == "install VirtualBox"));
    /// ```
    pub fn of(name: impl Into<String>, result: Result<String, ComputeError>) -> Self {
        match result {
            Ok(found) => Check::fine(name, found),
            Err(error) => {
                let mut message = error.message.clone();
                let mut source = std::error::Error::source(&error);
                while let Some(cause) = source {
                    message = format!("{message}: {cause}");
                    source = cause.source();
                }
                Check::broken(name, message, error.hint.unwrap_or_default())
            }
        }
    }

    /// Tells whether what was found must be repaired.
    pub fn is_broken(&self) -> bool {
        matches!(self.finding, Finding::Broken { .. })
    }
}
