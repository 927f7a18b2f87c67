//! A controller of its own for each test: the engine, with nodes that are given and events that are kept.

use crate::report::Report;
use pallet::Registry;
use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, Endpoint, NodeId, NodeRecord, NodeState, Progress,
};
use pallet::name::{GroupName, NodeName, ServiceName};
use pallet::spec::Login;
use pallet_runtime::Reach;
use pallet_runtime::engine::{self, Cancel, Setup};
use pallet_runtime::event::{Event, Listener};
use pallet_runtime::request::{Confirm, Request};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The engine and what it keeps between runs.
#[derive(Debug)]
pub(crate) struct Controller {
    runtime: Runtime,
    folder: TempDir,
}

impl Controller {
    pub(crate) fn new() -> Controller {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Controller {
            runtime: runtime.expect("threads for a run"),
            folder: tempfile::tempdir().expect("a folder for host keys"),
        }
    }

    /// Does what is asked on nodes that are there.
    pub(crate) fn run(
        &self,
        registry: Registry,
        nodes: Vec<NodeRecord>,
        login: Login,
        request: &Request,
    ) -> Report {
        let events = Arc::new(Events::default());
        let reach = Reach::new(login, None, self.folder.path().join("known_hosts"));
        let setup = Setup {
            registry,
            service: Arc::new(Given(nodes)),
            service_name: ServiceName::new("given").expect("a valid name"),
            admin: Some(reach.admin_user()),
            connector: Arc::new(reach),
            listener: events.clone(),
            confirm: Arc::new(Never),
            cancel: Cancel::never(),
        };
        let result = self.runtime.block_on(engine::run(setup, request.clone()));
        let events = std::mem::take(&mut *events.0.lock().expect("no listener panicked"));
        Report { events, result }
    }
}

/// Returns what the service tells of a node that runs.
pub(crate) fn record(group: &str, name: &str, endpoint: Endpoint, address: Option<IpAddr>) -> NodeRecord {
    NodeRecord {
        id: NodeId(name.to_owned()),
        name: NodeName::new(name).expect("a valid name"),
        group: GroupName::new(group).expect("a valid name"),
        state: NodeState::Running,
        endpoint: Some(endpoint),
        private_ip: address,
        primary_ip: address,
        tags: BTreeMap::new(),
        image_login: None,
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

/// A service with nodes that were there before.
struct Given(Vec<NodeRecord>);

impl Given {
    fn refuse<T>() -> BoxFuture<'static, Result<T, ComputeError>> {
        Box::pin(async { Err(ComputeError::input("the nodes of this test are given")) })
    }
}

impl Compute for Given {
    fn makes_nodes(&self) -> bool {
        false
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        Box::pin(async { Ok(self.0.clone()) })
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
