//! The engine against one node, with a phase given as a closure.

use crate::machine::Machine;
use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, NodeId, NodeRecord, NodeState, Progress,
};
use pallet::name::{GroupName, NodeName, ServiceName};
use pallet::spec::Login;
use pallet::{GroupSpec, PhaseOutput, Registry};
use pallet_runtime::Reach;
use pallet_runtime::engine::{self, Cancel, Setup};
use pallet_runtime::event::{ActionOutcome, Event, Listener, PlannedAction, Summary, Verb};
use pallet_runtime::request::{Confirm, Request, RunError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A phase of a test.
pub type Phase = Arc<dyn Fn() -> pallet::Result + Send + Sync>;

/// Returns a phase that does what a closure does, whatever that returns.
pub fn phase<R: PhaseOutput>(phase: impl Fn() -> R + Send + Sync + 'static) -> Phase {
    Arc::new(move || phase().finish())
}

/// The name of the group, and of its only phase that is not standard.
const GROUP: &str = "node";

/// A node and a controller that configures it.
#[derive(Debug)]
pub struct Lab {
    /// The node.
    pub machine: Machine,
    runtime: Runtime,
    folder: TempDir,
    username: Option<String>,
}

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// Everything that happened, in order.
    pub events: Vec<Event>,
    /// How the run ended.
    pub result: Result<Summary, RunError>,
}

impl Lab {
    /// Returns a controller for a node.
    #[must_use]
    pub fn new(machine: Machine) -> Lab {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Lab {
            machine,
            runtime: runtime.expect("threads for a run"),
            folder: tempfile::tempdir().expect("a folder for host keys"),
            username: None,
        }
    }

    /// Logs in as another user than the machine says, with the same key.
    #[must_use]
    pub fn as_user(self, username: &str) -> Lab {
        Lab { username: Some(username.to_owned()), ..self }
    }

    fn login(&self) -> Login {
        let login = self.machine.login();
        Login { username: self.username.clone().unwrap_or(login.username.clone()), ..login }
    }

    /// Says what converging a phase would do.
    pub fn plan<R: PhaseOutput>(&self, phase: impl Fn() -> R + Send + Sync + 'static) -> Report {
        self.run(&Request::new(Verb::Plan), self::phase(phase))
    }

    /// Converges a phase.
    pub fn converge<R: PhaseOutput>(&self, phase: impl Fn() -> R + Send + Sync + 'static) -> Report {
        self.run(&Request::new(Verb::Converge), self::phase(phase))
    }

    /// Does what is asked with a phase.
    pub fn run(&self, request: &Request, phase: Phase) -> Report {
        self.run_phases(request, [("configure", phase)])
    }

    /// Does what is asked with several phases, by their names.
    pub fn run_phases(
        &self,
        request: &Request,
        phases: impl IntoIterator<Item = (&'static str, Phase)>,
    ) -> Report {
        let group = phases
            .into_iter()
            .fold(GroupSpec::new(GROUP).count(1), |group, (name, phase)| group.phase(name, move || phase()));
        let events = Arc::new(Events::default());
        let setup = Setup {
            registry: Registry::builder().group(group).build().expect("a valid group"),
            service: Arc::new(Given(self.record())),
            service_name: ServiceName::new("given").expect("a valid name"),
            connector: Arc::new(Reach::new(self.login(), None, self.folder.path().join("known_hosts"))),
            listener: events.clone(),
            confirm: Arc::new(Never),
            cancel: Cancel::never(),
        };
        let result = self.runtime.block_on(engine::run(setup, request.clone()));
        let events = std::mem::take(&mut *events.0.lock().expect("no listener panicked"));
        Report { events, result }
    }

    fn record(&self) -> NodeRecord {
        NodeRecord {
            id: NodeId("node-1".to_owned()),
            name: NodeName::new("node-1").expect("a valid name"),
            group: GroupName::new(GROUP).expect("a valid name"),
            state: NodeState::Running,
            endpoint: Some(self.machine.endpoint()),
            private_ip: None,
            primary_ip: None,
            tags: BTreeMap::new(),
            image_login: None,
        }
    }
}

impl Report {
    /// Returns how each action ended, with its label, in program order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<(String, ActionOutcome)> {
        let mut outcomes = BTreeMap::new();
        for event in &self.events {
            if let Event::ActionFinished { index, action, outcome, .. } = event {
                outcomes.insert(*index, (format!("{} {}", action.kind, action.subject), outcome.clone()));
            }
        }
        outcomes.into_values().collect()
    }

    /// Returns what a plan says of each action, in program order.
    #[must_use]
    pub fn planned(&self) -> Vec<PlannedAction> {
        let planned = self.events.iter().filter_map(|event| match event {
            Event::NodePlanned { actions, .. } => Some(actions.clone()),
            _ => None,
        });
        planned.flatten().collect()
    }

    /// Returns the summary of a run that went well.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[track_caller]
    pub fn summary(&self) -> &Summary {
        match &self.result {
            Ok(summary) => summary,
            Err(error) => panic!("{error}: {}", self.troubles().join("\n")),
        }
    }

    /// Returns the messages of everything that failed, with their hints and the last words of the node.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        let of_events = self.events.iter().filter_map(|event| match event {
            Event::NodeFailed { failure, .. } => Some(failure),
            _ => None,
        });
        let of_input = match &self.result {
            Err(RunError::Input(failures)) => failures.as_slice(),
            _ => &[],
        };
        of_events.chain(of_input).map(|failure| format!("{failure:?}")).collect()
    }

    /// Returns what actions wrote, line by line.
    #[must_use]
    pub fn output(&self) -> Vec<&str> {
        let lines = self.events.iter().filter_map(|event| match event {
            Event::ActionOutput { line, .. } => Some(line.as_str()),
            _ => None,
        });
        lines.collect()
    }
}

/// Keeps all events.
#[derive(Debug, Default)]
struct Events(Mutex<Vec<Event>>);

impl Listener for Events {
    fn event(&self, event: &Event) {
        self.0.lock().expect("no listener panicked").push(event.clone());
    }
}

/// Nothing is ever destroyed here.
struct Never;

impl Confirm for Never {
    fn confirm(&self, question: &str) -> bool {
        panic!("asked: {question}")
    }
}

/// A service with one node, which was there before.
struct Given(NodeRecord);

impl Given {
    fn refuse<T>() -> BoxFuture<'static, Result<T, ComputeError>> {
        Box::pin(async { Err(ComputeError::input("the node of this test is given")) })
    }
}

impl Compute for Given {
    fn makes_nodes(&self) -> bool {
        false
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        Box::pin(async { Ok(vec![self.0.clone()]) })
    }

    fn check<'a>(&'a self, _: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async { Ok(()) })
    }

    fn create<'a>(
        &'a self,
        _: &'a CreateRequest,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Given::refuse()
    }

    fn start<'a>(
        &'a self,
        _: &'a NodeId,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Given::refuse()
    }

    fn stop<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Given::refuse()
    }

    fn destroy<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Given::refuse()
    }

    fn tag<'a>(
        &'a self,
        _: &'a NodeId,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async { Ok(()) })
    }
}
