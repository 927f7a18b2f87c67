//! Environment variables of what an action runs.

use super::builder::{refuse, with_node};
use super::handle::{AnyHandle, Handle};
use crate::action::Action;
use crate::location::Location;
use crate::script::Script;
use crate::secret::Secret;
use crate::text::Text;
use crate::world::World;

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
pub(crate) struct Env(Vec<(String, Text)>);

impl Env {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn values(&self) -> Vec<AnyHandle> {
        self.0.iter().flat_map(|(_, value)| value.values()).collect()
    }

    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.0.iter().flat_map(|(_, value)| value.secrets()).collect()
    }

    pub(crate) fn fill(&self, world: &World) -> Env {
        let fill = |(name, value): &(String, Text)| (name.clone(), value.fill(|id| world.value(id)));
        Env(self.0.iter().map(fill).collect())
    }

    /// Returns code that sets them, and remembers what they were.
    pub(crate) fn set(&self) -> Script {
        self.0.iter().enumerate().fold(Script::new(), |script, (at, (name, value))| {
            let script = script.code(format!("p_was_{at}=${{{name}-}} p_had_{at}=${{{name}+1}}; {name}="));
            script.word(value.clone()).code(format!("; export {name}\n"))
        })
    }

    /// Returns code that makes them what they were.
    pub(crate) fn restore(&self) -> Script {
        // The other way round: one that is set twice is what it was before the first.
        self.0.iter().enumerate().rev().fold(Script::new(), |script, (at, (name, _))| {
            script
                .code(format!("if [ -n \"$p_had_{at}\" ]; then {name}=$p_was_{at}; else unset {name}; fi\n"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_set_and_made_what_they_were() {
        let env = Env(vec![("A".to_owned(), "it's".into()), ("A".to_owned(), "2".into())]);
        let rendered = |script: Script| String::from_utf8(script.render()).expect("UTF-8");
        assert_eq!(
            rendered(env.set()),
            "p_was_0=${A-} p_had_0=${A+1}; A='it'\\''s'; export A\np_was_1=${A-} p_had_1=${A+1}; A=2; export A\n"
        );
        assert_eq!(
            rendered(env.restore()),
            "if [ -n \"$p_had_1\" ]; then A=$p_was_1; else unset A; fi\nif [ -n \"$p_had_0\" ]; then A=$p_was_0; else unset A; fi\n"
        );
    }

    #[test]
    fn names_are_checked() {
        assert!(check_variable("https_proxy").is_ok() && check_variable("_A1").is_ok());
        for wrong in ["", "1A", "a-b", "A=B", "a b"] {
            assert!(check_variable(wrong).is_err(), "{wrong:?}");
        }
    }
}
