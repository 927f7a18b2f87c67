//! How an action runs, for the step that runs it.

use super::env::Env;
use super::handle::AnyHandle;
use super::how::How;
use crate::script::Script;
use crate::secret::Secret;
use crate::text::{self, Text};
use crate::world::World;

impl How {
    /// Returns the same with the values filled in that are known already.
    pub(crate) fn fill(&self, world: &World) -> How {
        How { env: self.env.fill(world), ..self.clone() }
    }

    /// Tells whether the action runs just as it is, so that it can be put together with its neighbours.
    pub(crate) fn is_plain(&self) -> bool {
        self.conditions.is_empty()
            && self.timeout.is_none()
            && self.retries.is_none()
            && !self.ignores_failure
            && !self.sensitive
            && self.umask.is_none()
            && self.env.is_empty()
    }
}

impl Env {
    pub(crate) fn values(&self) -> Vec<AnyHandle> {
        text::values(&mut self.0.iter().map(|(_, value)| value))
    }

    pub(crate) fn secrets(&self) -> Vec<Secret> {
        text::secrets(&mut self.0.iter().map(|(_, value)| value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn fill(&self, world: &World) -> Env {
        let fill = |(name, value): &(String, Text)| (name.clone(), value.fill(world));
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
}
