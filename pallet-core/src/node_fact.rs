//! A user's own facts: what a command writes on the node, read before the phase that asks runs.
//!
//! The build of a phase ends where such a fact is needed and not known yet. The engine then runs the commands that
//! were asked for on the node, and builds again. So a phase can loop over what a node has.

use crate::context::Node;
use crate::graph::{self, KnownAfter};
use crate::location::Location;
use crate::name::NodeName;
use crate::sorted::{Map, Set};
use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Returns what a command, which must change nothing, writes on the node that the phase is built for. It is run as
/// root, by the node's `sh`, in `/`.
///
/// A command runs once on a node in a run, before anything is changed there, and in a plan as well: what a phase changes
/// does not change its answer. [`output_of`](crate::actions::output_of) gives values that do follow. Nothing is read
/// before the answer is asked for, and several facts that are named before the first is read cost one round trip. For
/// a node that does not exist yet, the plan ends where the answer is asked for.
///
/// ```
/// use pallet::prelude::*;
///
/// fn format_disks() -> pallet::Result {
///     let disks = node_fact("lsblk -dno NAME");
///     for disk in disks.lines()?.iter().filter(|disk| disk.starts_with("vd")) {
///         exec(format!("mkfs.ext4 /dev/{disk}")).unless(format!("blkid /dev/{disk}"));
///     }
///     Ok(())
/// }
/// # let context = pallet::Context::example();
/// # let node = context.node.clone().expect("a node");
/// # context.asked.answer(node.name(), "lsblk -dno NAME", pallet::CommandAnswer { status: 0, output: "vda\nsr0".into() });
/// # let built = pallet::graph::build(&context, || format_disks().expect("an answer"))?;
/// # assert_eq!(built.graph.in_order().count(), 1);
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
///
/// # Panics
///
/// When no phase is being built.
#[track_caller]
pub fn node_fact(command: impl Into<String>) -> NodeFact {
    let fact = NodeFact { command: command.into() };
    graph::with_context(|context| {
        if let Some(node) = &context.node
            && !context.tentative
        {
            context.asked.ask(node.name(), &fact.command);
        }
    });
    fact
}

/// What a command writes on a node: see [`node_fact`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFact {
    command: String,
}

impl NodeFact {
    /// Returns what the command wrote to its standard output, without the newlines at its end.
    ///
    /// # Errors
    ///
    /// When the command failed.
    #[track_caller]
    pub fn text(&self) -> Result<String, NodeFactError> {
        let answer = self.answer();
        let wrong = |what| NodeFactError { command: self.command.clone(), what };
        if answer.status != 0 {
            let last = answer.output.lines().last().unwrap_or_default();
            let said = if last.is_empty() { String::new() } else { format!(": {last}") };
            return Err(wrong(format!("ended with {}{said}", answer.status)));
        }
        Ok(answer.output)
    }

    /// Returns the lines that the command wrote.
    ///
    /// # Errors
    ///
    /// When the command failed.
    #[track_caller]
    pub fn lines(&self) -> Result<Vec<String>, NodeFactError> {
        Ok(self.text()?.lines().map(str::to_owned).collect())
    }

    /// Returns what the command wrote as a number, or anything else that can be read from text.
    ///
    /// # Errors
    ///
    /// When the command failed, or wrote something else.
    #[track_caller]
    pub fn number<T: FromStr>(&self) -> Result<T, NodeFactError> {
        let text = self.text()?;
        let what = || format!("wrote {:?}, which is not a {}", text.trim(), std::any::type_name::<T>());
        text.trim().parse().map_err(|_| NodeFactError { command: self.command.clone(), what: what() })
    }

    /// Returns a part of the JSON that the command wrote, by JSON Pointer (RFC 6901): `/blockdevices/0/name`. There
    /// is no such method without pallet's feature `json`.
    ///
    /// # Errors
    ///
    /// When the command failed, wrote something else, or there is no such part of this type.
    #[cfg(feature = "json")]
    #[track_caller]
    pub fn json<T: serde::de::DeserializeOwned>(&self, pointer: &str) -> Result<T, NodeFactError> {
        let text = self.text()?;
        let wrong = |what: String| NodeFactError { command: self.command.clone(), what };
        let whole: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| wrong(format!("did not write JSON: {error}")))?;
        let part = whole.pointer(pointer).ok_or_else(|| wrong(format!("wrote JSON without {pointer:?}")))?;
        T::deserialize(part).map_err(|error| wrong(format!("wrote another kind of {pointer:?}: {error}")))
    }

    #[track_caller]
    fn answer(&self) -> CommandAnswer {
        let location = Location::caller();
        let (answer, node) = graph::with_context(|context| {
            // Before nodes are contacted nobody has answered.
            let name = if context.tentative { Node::name_only } else { Node::name };
            let node = context.node.as_ref().map(name);
            (node.and_then(|node| context.asked.get(node, &self.command)), node.map(NodeName::to_string))
        });
        answer.unwrap_or_else(|| {
            let node = node.map_or_else(|| "a group, which is not a node".to_owned(), |node| node.clone());
            graph::stop(Some(KnownAfter {
                what: format!("what `{}` writes on {node}", self.command),
                location,
            }))
        })
    }
}

/// Why a command's answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFactError {
    command: String,
    what: String,
}

impl fmt::Display for NodeFactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.command, self.what)
    }
}

impl std::error::Error for NodeFactError {}

/// How a command ended that was run for a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandAnswer {
    /// Its exit code.
    pub status: u32,
    /// What it wrote, without the newlines at the end: to its standard output or, if it failed, also to its standard
    /// error.
    pub output: String,
}

/// The facts that phases asked for, and the answers, of all nodes of a run. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct AskedFacts(Arc<Mutex<HashMap<NodeName, Asked>>>);

/// What was asked of one node, by the command.
#[derive(Debug, Default)]
struct Asked {
    open: Set<String>,
    answers: Map<String, CommandAnswer>,
}

impl AskedFacts {
    /// Takes down that a phase of a node needs what a command writes.
    pub fn ask(&self, node: &NodeName, command: &str) {
        let mut nodes = self.lock();
        let asked = nodes.entry(node.clone()).or_default();
        if !asked.answers.contains_key(command) {
            asked.open.insert(command.to_owned());
        }
    }

    /// Returns the commands that must be run on a node, and takes it that they will be.
    pub fn take_open(&self, node: &NodeName) -> Vec<String> {
        let open = self.lock().get_mut(node).map(|asked| mem::take(&mut asked.open));
        open.map_or_else(Vec::new, |open| open.into_iter().collect())
    }

    /// Takes down how a command ended.
    pub fn answer(&self, node: &NodeName, command: &str, answer: CommandAnswer) {
        self.lock().entry(node.clone()).or_default().answers.insert(command.to_owned(), answer);
    }

    fn get(&self, node: &NodeName, command: &str) -> Option<CommandAnswer> {
        self.lock().get(node)?.answers.get(command).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeName, Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::graph::{Built, build};

    fn answer(status: u32, output: &str) -> CommandAnswer {
        CommandAnswer { status, output: output.to_owned() }
    }

    fn name(context: &Context) -> NodeName {
        context.node.as_ref().expect("a node").name().clone()
    }

    fn built(context: &Context, body: impl FnOnce()) -> Built {
        build(context, body).expect("no mistake")
    }

    #[test]
    fn all_that_is_named_before_the_first_answer_is_asked_at_once() {
        let context = Context::example();
        let phase = || {
            let (one, other) = (node_fact("one"), node_fact("other"));
            assert_eq!(one.text().as_deref(), Ok("1"));
            assert_eq!(other.number::<u32>(), Ok(2));
            node_fact("third").text().expect("an answer");
        };
        let stopped = built(&context, phase).known_after.expect("it stops");
        assert_eq!(stopped.what, "what `one` writes on example-1");
        assert_eq!(context.asked.take_open(&name(&context)), ["one", "other"]);
        context.asked.answer(&name(&context), "one", answer(0, "1"));
        context.asked.answer(&name(&context), "other", answer(0, "2"));
        assert!(built(&context, phase).known_after.is_some());
        assert_eq!(context.asked.take_open(&name(&context)), ["third"], "what is known is not asked again");
        context.asked.answer(&name(&context), "third", answer(0, ""));
        assert!(built(&context, phase).known_after.is_none());
    }

    #[test]
    fn a_tentative_build_asks_nothing() {
        let context = Context { tentative: true, ..Context::example() };
        assert!(built(&context, || drop(node_fact("one").text())).known_after.is_some());
        assert!(context.asked.take_open(&name(&context)).is_empty());
    }

    #[test]
    fn answers_are_typed() {
        let context = Context::example();
        let tell = |command: &str, status, output: &str| {
            context.asked.answer(&name(&context), command, answer(status, output));
        };
        tell("lines", 0, "a\nb");
        tell("bad", 3, "first\nlast words");
        tell("json", 0, r#"{"disks":[{"name":"vda","size":5}]}"#);
        built(&context, || {
            assert_eq!(node_fact("lines").lines(), Ok(vec!["a".to_owned(), "b".to_owned()]));
            let error = node_fact("bad").text().expect_err("it failed");
            assert_eq!(error.to_string(), "`bad` ended with 3: last words");
            let error = node_fact("lines").number::<u8>().expect_err("no number");
            assert_eq!(error.to_string(), r#"`lines` wrote "a\nb", which is not a u8"#);
            #[cfg(feature = "json")]
            {
                assert_eq!(node_fact("json").json("/disks/0/size"), Ok(5));
                let error = node_fact("json").json::<u8>("/disks/1").expect_err("no such part");
                assert!(error.to_string().contains("/disks/1"), "{error}");
                assert!(node_fact("lines").json::<u8>("").is_err());
            }
        });
    }
}
