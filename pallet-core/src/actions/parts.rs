//! What many actions are made of: a file as a whole, a line of a file that belongs to many, a setting of the kernel.
//!
//! Such an action lists its parts and is done: what must be known, what differs, how to apply it and what is true
//! then follows from them, in their order. The first part that fails ends the action.

mod kernel_value;
mod line;
mod whole_file;

pub(crate) use kernel_value::KernelValue;
pub(crate) use line::{Block, Key, Line};
pub(crate) use whole_file::{Folder, Verify, WholeFile};

use crate::action::{Diff, View};
use crate::claim::Claim;
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle};
use crate::probe::Probe;
use crate::script::Script;
use crate::secret::Secret;
use crate::world::{Effects, World};
use std::any::Any;
use std::fmt::Debug;

/// A part of what an action declares.
pub(crate) trait Part {
    /// Asks for what must be known.
    fn probe(&self, id: ActionId, probe: &mut Probe);

    /// Adds what differs. What the parts before this one found is in `diff` already.
    fn diff(&self, view: &View<'_>, diff: &mut Diff);

    /// Returns code that makes it so: it ends the step by `return` when it fails, and else goes on.
    fn apply(&self, view: &View<'_>) -> Script;

    /// Takes down what is true then.
    fn predict(&self, world: &mut World);

    /// Returns what is so in the end.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    /// Returns the values that it uses.
    fn values(&self) -> Vec<AnyHandle> {
        Vec::new()
    }

    /// Returns the secrets in it.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }
}

/// An action that is the sum of its parts: [`composed_action`] makes an `Action` of it.
pub(crate) trait Composed: Any + Debug + Send + Sync {
    /// What kind of action it is.
    const KIND: &'static str;

    /// Returns what it is about.
    fn subject(&self) -> String;

    /// Checks what can be checked without a node.
    fn check(&self) -> Result<(), String>;

    /// Returns what still has to be said about it.
    fn missing(&self) -> Option<&'static str> {
        None
    }

    /// Says why a node cannot have such an action at all.
    fn refuse(&self, _: &Facts) -> Result<(), String> {
        Ok(())
    }

    /// Returns the parts. Only of an action that passed its check and misses nothing.
    fn parts(&self) -> Vec<Box<dyn Part>>;

    /// Returns what it may move beside its parts.
    fn effects(&self) -> Option<Effects> {
        None
    }
}

/// What is asked of a composed action is answered in here, once, so that none of it is compiled for each of them.
type Parts = [Box<dyn Part>];

pub(crate) fn probe(parts: &Parts, id: ActionId, probe: &mut Probe) {
    parts.iter().for_each(|part| part.probe(id, probe));
}

pub(crate) fn diff(parts: &Parts, view: &View<'_>) -> Diff {
    let mut diff = Diff::none();
    for part in parts {
        part.diff(view, &mut diff);
        if diff.problem.is_some() {
            break;
        }
    }
    diff
}

pub(crate) fn apply(parts: &Parts, view: &View<'_>) -> Script {
    parts.iter().fold(Script::new(), |script, part| script.append(part.apply(view)))
}

pub(crate) fn predict(parts: &Parts, world: &mut World) {
    parts.iter().for_each(|part| part.predict(world));
}

pub(crate) fn claims(parts: &Parts) -> Vec<Claim> {
    let mut claims = Vec::new();
    parts.iter().for_each(|part| claims.extend(part.claims()));
    claims
}

pub(crate) fn values(parts: &Parts) -> Vec<AnyHandle> {
    let mut values = Vec::new();
    parts.iter().for_each(|part| values.extend(part.values()));
    values
}

pub(crate) fn secrets(parts: &Parts) -> Vec<Secret> {
    let mut secrets = Vec::new();
    parts.iter().for_each(|part| secrets.extend(part.secrets()));
    secrets
}

/// Makes an `Action` of a [`Composed`] one.
macro_rules! composed_action {
    ($action:ty) => {
        impl crate::action::Action for $action {
            fn kind(&self) -> &'static str {
                <$action as crate::actions::parts::Composed>::KIND
            }

            fn subject(&self) -> String {
                crate::actions::parts::Composed::subject(self)
            }

            fn check(&self) -> Result<(), String> {
                crate::actions::parts::Composed::check(self)
            }

            fn missing(&self) -> Option<&'static str> {
                crate::actions::parts::Composed::missing(self)
            }

            fn values(&self) -> Vec<crate::graph::AnyHandle> {
                crate::actions::parts::values(&crate::actions::parts::Composed::parts(self))
            }

            fn secrets(&self) -> Vec<crate::secret::Secret> {
                crate::actions::parts::secrets(&crate::actions::parts::Composed::parts(self))
            }

            fn probe(
                &self,
                id: crate::graph::ActionId,
                facts: &crate::facts::Facts,
                probe: &mut crate::probe::Probe,
            ) -> Result<(), String> {
                crate::actions::parts::Composed::refuse(self, facts)?;
                crate::actions::parts::probe(&crate::actions::parts::Composed::parts(self), id, probe);
                Ok(())
            }

            fn diff(&self, view: &crate::action::View<'_>) -> crate::action::Diff {
                crate::actions::parts::diff(&crate::actions::parts::Composed::parts(self), view)
            }

            fn apply(&self, view: &crate::action::View<'_>) -> crate::script::Script {
                crate::actions::parts::apply(&crate::actions::parts::Composed::parts(self), view)
            }

            fn predict(&self, _: crate::graph::ActionId, world: &mut crate::world::World) {
                crate::actions::parts::predict(&crate::actions::parts::Composed::parts(self), world);
            }

            fn effects(&self) -> Option<crate::world::Effects> {
                crate::actions::parts::Composed::effects(self)
            }

            fn declares(&self) -> Vec<crate::claim::Claim> {
                crate::actions::parts::claims(&crate::actions::parts::Composed::parts(self))
            }
        }
    };
}
pub(crate) use composed_action;

/// Checks the name of a file in a folder such as `/etc/cron.d`, whose reader leaves out files with other names.
pub(crate) fn check_file_name(what: &str, name: &str) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 100 || name.starts_with('-') || !name.bytes().all(plain) {
        return Err(format!(
            "invalid name of {what} {name:?}: letters, digits, inner hyphens and underscores (files with other names are left out by their reader)"
        ));
    }
    Ok(())
}

/// Checks a text that becomes a part of a line.
pub(crate) fn check_one_line(what: &str, text: &str) -> Result<(), String> {
    if text.contains(['\n', '\r', '\0']) {
        return Err(format!("{what} {text:?} has more than one line"));
    }
    Ok(())
}

/// Checks a text that becomes one word of a line.
pub(crate) fn check_word(what: &str, text: &str) -> Result<(), String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
        return Err(format!("{what} {text:?} must be one word without blanks and `#`"));
    }
    Ok(())
}

/// Says that a node shares its kernel with its host, if it does, where the change of `what` would reach the host.
pub(crate) fn refuse_in_container(what: &str, facts: &Facts) -> Result<(), String> {
    match &facts.container {
        Some(kind) => Err(format!(
            "{what} would change the kernel of the host, which this node shares (it is a container: {kind}); use a machine with a kernel of its own"
        )),
        None => Ok(()),
    }
}
