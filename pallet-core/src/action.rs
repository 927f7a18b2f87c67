//! What an action is: data that says what it must know, what differs, how to apply it, and what is true then.
//!
//! An action never touches a node. It asks ([`Action::probe`]), is compared with what is there
//! ([`Action::diff`]), gives a script that makes it so ([`Action::apply`]), and tells what later actions may
//! take as given ([`Action::predict`]). All four are pure, so a kind of action is tested without a node. Other
//! packages can have kinds of their own: implement the trait and call [`graph::record`](crate::graph::record).

use crate::actions::Arrival;
use crate::claim::Claim;
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle};
use crate::name::RemotePath;
use crate::probe::Probe;
use crate::script::Script;
use crate::secret::Secret;
use crate::text::{Bytes, Text};
use crate::world::{Effects, World};
use std::any::Any;
use std::fmt;

/// A kind of action.
pub trait Action: Any + fmt::Debug + Send + Sync {
    /// Returns what kind of action it is, in one word: `package`.
    fn kind(&self) -> &'static str;

    /// Returns what it is about, in few words and without secrets: `nginx`.
    fn subject(&self) -> String;

    /// Checks what can be checked without a node.
    ///
    /// # Errors
    ///
    /// The reason why the action cannot be meant like this, such as an invalid name. It counts also where a phase had to
    /// stop in the middle of a line: what a later call of the line could mend belongs to [`missing`](Action::missing).
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Returns what a later call of the same line still has to say about it, if anything: `no lines are given: call
    /// block`.
    fn missing(&self) -> Option<&'static str> {
        None
    }

    /// Returns the actions whose values this one uses.
    fn values(&self) -> Vec<AnyHandle> {
        Vec::new()
    }

    /// Returns the secrets in it: what the node writes about the action is searched for them.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }

    /// Returns code that prepares the subshell in which commands of the action's conditions run: its directory and
    /// environment.
    fn setting(&self) -> Script {
        Script::new().code("cd / || exit\n")
    }

    /// Asks for what must be known.
    ///
    /// # Errors
    ///
    /// The reason why this node cannot have such an action at all: no package manager that is known, for example.
    fn probe(&self, id: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String>;

    /// Compares what is declared with what is there.
    fn diff(&self, view: &View<'_>) -> Diff;

    /// Returns a script that makes it so. It names the libraries whose functions it calls; it must itself leave alone
    /// what is as declared, add `id` to `p_did` when it changed something, and return non-zero on failure.
    fn apply(&self, view: &View<'_>) -> Script;

    /// Takes down what is true once the action has run.
    fn predict(&self, id: ActionId, world: &mut World);

    /// Returns what the action may move beside the thing it is about.
    fn effects(&self) -> Option<Effects> {
        None
    }

    /// Returns what is so once the action has run, as far as that is known without a node: the ground on which
    /// contradictions between phase functions are found.
    fn declares(&self) -> Vec<Claim> {
        Vec::new()
    }

    /// Tells whether the action runs after all others of its phase, wherever it was written.
    fn at_end(&self) -> bool {
        false
    }

    /// Returns the name under which it is written down on the node, from the change on that the action answers until it
    /// has answered, that it still has to: `reload-nginx`. See [`World::debt`].
    fn owes(&self) -> Option<String> {
        None
    }

    /// Returns how the action is put together with neighbours of its kind, if it can be.
    fn batch(&self) -> Option<Batch> {
        None
    }
}

/// How actions that follow each other are applied as one.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Actions with equal keys go together.
    pub key: String,
    /// Returns the script that applies them all on a node of these facts.
    pub apply: fn(&Facts, &[Member<'_>]) -> Script,
}

/// An action of a batch.
pub type Member<'a> = (ActionId, &'a dyn Action);

/// What an action sees of its node.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The action's own number.
    pub id: ActionId,
    /// The node's facts.
    pub facts: &'a Facts,
    /// What is there, and what will be there once the actions before this one have run.
    pub world: &'a World,
    /// Whether something that this action answers to changes.
    pub trigger: Trigger,
    /// Whether edits by others are overwritten.
    pub overwrite_edits: bool,
}

/// Whether something changes that an action answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Nothing does.
    No,
    /// This action will change.
    Yes(ActionId),
    /// This action may change.
    Maybe(ActionId),
}

/// The difference between what is declared and what is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diff {
    /// What differs, in words; empty when nothing does.
    pub changes: Vec<String>,
    /// The action because of which the difference is only a guess.
    pub doubt: Option<ActionId>,
    /// Why the action is going to fail, if that is certain.
    pub problem: Option<Problem>,
    /// The change only refreshes a copy, such as a package index.
    pub refresh: bool,
    /// The action is only read, never a change: a command whose output is a value.
    pub reads: bool,
    /// Nothing may differ, and still what pallet remembers on the node has to be put right.
    pub notes: bool,
    /// The file whose content is replaced, for showing the difference.
    pub content: Option<ContentChange>,
    /// What is done on the controller with what the node sends.
    pub arrivals: Vec<Arrival>,
    /// The service that will be reloaded or restarted.
    pub restarts: bool,
    /// The plan ends here for now: see [`Split`].
    pub split: Option<Split>,
}

/// Why the rest of a phase can be planned only once what precedes has been done. Costs another pair of round trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The controller must decide from a value that the node computes before this action, or from a file that
    /// something before it may move.
    Before,
    /// The action ends the connection: a reboot.
    After,
}

/// Why an action is certain to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// A file whose content is replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentChange {
    /// The file.
    pub path: RemotePath,
    /// How many bytes it contains now; `None` if it is not there.
    pub before: Option<u64>,
    /// What it will contain; `None` if that is secret or only the node knows.
    pub after: Option<Bytes>,
}

impl Diff {
    /// Returns that nothing differs.
    pub fn none() -> Self {
        Diff::default()
    }

    /// Returns that the action is certain to fail.
    pub fn problem(message: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Diff { problem: Some(Problem { message: message.into(), hint: hint.into() }), ..Diff::default() }
    }

    /// Adds something that differs.
    pub fn change(&mut self, change: impl Into<String>) {
        self.changes.push(change.into());
    }

    /// Adds a doubt, if there is one and none has been added yet.
    pub fn doubt(&mut self, doubt: Option<ActionId>) {
        self.doubt = self.doubt.or(doubt);
    }
}

impl View<'_> {
    /// Returns a text as it will be, or the action that only the node can ask for its value.
    pub(crate) fn resolve(&self, text: &Text) -> Result<Vec<u8>, ActionId> {
        text.resolve(self.world)
    }

    /// Returns a text with the values filled in that are known already.
    pub(crate) fn fill(&self, text: &Text) -> Text {
        text.fill(self.world)
    }
}
