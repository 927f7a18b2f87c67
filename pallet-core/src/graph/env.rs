//! Environment variables of what an action runs.

use super::builder::{refuse, with_node};
use super::handle::Handle;
use crate::action::Action;
use crate::location::Location;
use crate::text::Text;

/// Kinds of action that run programs of which one may look at variables: a package manager that fetches through a proxy.
///
/// Other kinds have no method `env`: a file is the same whatever the environment is.
pub trait RunsPrograms: Action {}

impl<A: RunsPrograms> Handle<A> {
    /// Sets an environment variable for the programs that the action runs, such as `https_proxy`. What the plan asks the
    /// node is asked without it.
    ///
    /// ```
    /// # use pallet::prelude::*;
    /// # pallet::graph::build(&pallet::Context::example(), || {
    /// package("nginx").env("https_proxy", "http://proxy.example.org:3128");
    /// # })?;
    /// # Ok::<(), pallet::graph::GraphError>(())
    /// ```
    #[track_caller]
    pub fn env(self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        let (name, value) = (name.into(), value.into());
        if let Err(message) = check_variable(&name) {
            refuse(Location::caller(), message, None);
        }
        with_node(self.any, |node| node.how.env.0.push((name, value)));
        self
    }
}

/// Refuses what cannot be the name of a variable.
pub(crate) fn check_variable(name: &str) -> Result<(), String> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Ok(());
    }
    Err(format!("{name:?} cannot be the name of an environment variable"))
}

/// Variables that hold while a step runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Env(pub(super) Vec<(String, Text)>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(check_variable("https_proxy").is_ok() && check_variable("_A1").is_ok());
        for wrong in ["", "1A", "a-b", "A=B", "a b"] {
            assert!(check_variable(wrong).is_err(), "{wrong:?}");
        }
    }
}
