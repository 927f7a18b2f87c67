//! Everything that happens in a run, as a closed enum. Progress, text, JSON and reports are built from these
//! events and from nothing else; whoever emits them does not know who listens.
//!
//! As JSON an event is one object with its name in `event`. Fields are added in later versions, never changed
//! in meaning; `started` carries the version of the format.

use serde::{Serialize, Serializer};

/// The version of the event format.
pub const FORMAT: u32 = 1;

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins.
    Started {
        /// The version of the event format.
        format: u32,
        /// What was asked for.
        verb: Verb,
        /// The compute service.
        service: String,
    },
    /// A remark that is not about one action: what was done on the side, what was found odd.
    Notice {
        /// The node it is about, if it is about one.
        node: Option<String>,
        /// The remark.
        message: String,
    },
    /// What will be done to nodes, known before anything is.
    Inventory {
        /// Every node of the run.
        nodes: Vec<NodeIntent>,
    },
    /// A node is being created, started, stopped or destroyed.
    NodeWork {
        /// The node.
        node: String,
        /// What is done to it.
        work: NodeWork,
        /// What the provider says it is doing.
        step: String,
    },
    /// A node has been created, started, stopped or destroyed.
    NodeDone {
        /// The node.
        node: String,
        /// What was done to it.
        work: NodeWork,
        /// The address of the node, if it has one.
        address: Option<String>,
        /// How long it took.
        seconds: f64,
    },
    /// The controller has a root shell on the node and knows its facts.
    Connected {
        /// The node.
        node: String,
        /// The node's operating system, as people call it.
        os: String,
        /// How long it took.
        seconds: f64,
    },
    /// A phase begins on all its nodes.
    PhaseStarted {
        /// The phase.
        phase: String,
        /// The nodes it runs on.
        nodes: Vec<String>,
    },
    /// A node has been compared with what is declared. In a plan this is the result.
    NodePlanned {
        /// The node.
        node: String,
        /// The phase.
        phase: String,
        /// Every action of the phase in the order in which it would run.
        actions: Vec<PlannedAction>,
        /// Where the plan had to stop because the node does not exist yet, if it had to.
        known_after: Option<KnownAfter>,
        /// What applying it costs.
        cost: Cost,
    },
    /// An action begins.
    ActionStarted {
        /// The node.
        node: String,
        /// The phase.
        phase: String,
        /// The action's number in the phase on this node, from 0.
        index: usize,
        /// How many actions the phase has on this node.
        of: usize,
        /// The action.
        action: ActionLabel,
    },
    /// An action wrote something.
    ActionOutput {
        /// The node.
        node: String,
        /// The action's number.
        index: usize,
        /// One line, without its end, with control characters made visible.
        line: String,
    },
    /// An action is over.
    ActionFinished {
        /// The node.
        node: String,
        /// The phase.
        phase: String,
        /// The action's number.
        index: usize,
        /// The action.
        action: ActionLabel,
        /// How it ended.
        outcome: ActionOutcome,
        /// How long it took on the node; zero when nothing was run.
        seconds: f64,
    },
    /// A node takes no further part in the run.
    NodeFailed {
        /// The node.
        node: String,
        /// The phase, if it failed in one.
        phase: Option<String>,
        /// What went wrong.
        failure: Failure,
    },
    /// A phase is over on a node.
    NodePhaseFinished {
        /// The node.
        node: String,
        /// The phase.
        phase: String,
        /// How its actions ended.
        counts: Counts,
    },
    /// A phase is over on all its nodes.
    PhaseFinished {
        /// The phase.
        phase: String,
        /// How long it took.
        seconds: f64,
    },
    /// The run is over. Always the last event.
    Finished(Summary),
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Make reality match: create, destroy, configure.
    Converge,
    /// Say what converge would do.
    Plan,
    /// Run phases on nodes that exist.
    Lift,
    /// Remove nodes.
    Destroy,
}

/// What a run intends for a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeIntent {
    /// The node.
    pub node: String,
    /// Its group.
    pub group: String,
    /// What is intended.
    pub intent: Intent,
    /// From what it is made, in words, when it is to be created.
    pub spec: Option<String>,
}

/// What a run intends for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// Make it.
    Create,
    /// Start it: it exists and does not run.
    Start,
    /// Configure it: it exists and runs.
    Keep,
    /// Remove it.
    Destroy,
}

/// What is done to a node as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeWork {
    /// It is made.
    Create,
    /// It is started.
    Start,
    /// It is put back to a snapshot.
    Restore,
    /// It is removed.
    Destroy,
    /// It is connected to.
    Connect,
}

/// Which action this is, for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ActionLabel {
    /// What kind of action: `package`.
    pub kind: String,
    /// On what: `nginx`.
    pub subject: String,
    /// The line of source that made it: `src/main.rs:12:5`.
    pub source: String,
    /// The phases it was made in, outermost first: `web`, `git::install`.
    pub phases: Vec<String>,
}

/// What is to be done about an action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedAction {
    /// The action.
    #[serde(flatten)]
    pub action: ActionLabel,
    /// What is to be done about it.
    pub verdict: Verdict,
    /// What differs, in words: `mode 0600 → 0644`.
    pub changes: Vec<String>,
    /// The difference in content as a unified diff, when the plan was asked for it and it can be shown.
    pub diff: Option<String>,
    /// For an unknown verdict: the action on which it depends. For one that is unchanged because another line overrides
    /// it: that line. For a node that does not exist yet everything is unknown and nothing is said here.
    pub because: Option<String>,
}

/// What is to be done about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing.
    Unchanged,
    /// It will change the node.
    Change,
    /// It may change the node; what was said in `because` decides.
    Unknown,
    /// It will refresh what is only a copy, such as a package index.
    Refresh,
}

/// Where the plan for a node had to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownAfter {
    /// What was asked for: `the address of databases-1`.
    pub what: String,
    /// The line that asked.
    pub source: String,
}

/// What applying a plan on one node costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// How often the controller will wait for an answer.
    pub round_trips: u64,
    /// How many bytes it will send.
    pub bytes: u64,
    /// How many services will be restarted or reloaded.
    pub restarts: u64,
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum ActionOutcome {
    /// It was as declared already.
    Unchanged,
    /// It changed the node.
    Changed {
        /// What changed, in words.
        changes: Vec<String>,
    },
    /// It refreshed a copy.
    Refreshed,
    /// It failed.
    Failed(Failure),
    /// It failed, and the source says that this does not matter.
    Ignored(Failure),
    /// It was not tried.
    Skipped {
        /// Why.
        because: String,
    },
}

/// Why an action or a node failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What went wrong, in one line.
    pub message: String,
    /// The line of source it goes back to, if it goes back to one.
    pub source: Option<String>,
    /// The last lines that the node wrote about it.
    pub output: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// Returns a failure with nothing but a message.
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), source: None, output: Vec::new(), hint: None }
    }

    /// Returns a failure with the messages of an error and of all it came from.
    pub fn of(error: &dyn std::error::Error, hint: Option<String>) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            message.push_str(": ");
            message.push_str(&error.to_string());
            source = error.source();
        }
        Failure { hint, ..Failure::new(message) }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.maybe_hint(Some(hint.into()))
    }

    /// Adds what to do about it, if anything is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Adds the line of source it goes back to.
    #[must_use]
    pub fn at(mut self, location: pallet::Location) -> Self {
        self.source = Some(location.to_string());
        self
    }
}

/// How many actions ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// As declared already.
    pub unchanged: u64,
    /// Changed.
    pub changed: u64,
    /// Refreshed.
    pub refreshed: u64,
    /// Failed.
    pub failed: u64,
    /// Failed without harm: the source says that it does not matter.
    pub ignored: u64,
    /// Not tried.
    pub skipped: u64,
    /// In a plan: not known without acting.
    pub unknown: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.unchanged += other.unchanged;
        self.changed += other.changed;
        self.refreshed += other.refreshed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.skipped += other.skipped;
        self.unknown += other.unknown;
    }
}

/// The run in numbers. In a plan, `created`, `destroyed` and `changed` are what converge would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// What was asked for.
    pub verb: Verb,
    /// Whether all went well.
    pub ok: bool,
    /// Nodes created.
    pub created: u64,
    /// Nodes destroyed.
    pub destroyed: u64,
    /// Actions, by how they ended.
    #[serde(flatten)]
    pub counts: Counts,
    /// Nodes that failed.
    pub failed_nodes: Vec<String>,
    /// How often the controller waited for an answer over an open shell, of all nodes together. A handshake is not counted.
    pub round_trips: u64,
    /// Bytes sent to nodes over open shells.
    pub bytes_sent: u64,
    /// How long the run took.
    #[serde(serialize_with = "milliseconds")]
    pub seconds: f64,
}

/// Times are measured more finely than anybody reads them.
fn milliseconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1000.0).round() / 1000.0)
}

/// Takes events. Called from many threads, in the order in which things happened on each node.
pub trait Listener: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);
}
