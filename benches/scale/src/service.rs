//! A compute service that lists nodes and can do nothing else.

use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, Endpoint, NodeId, NodeRecord, NodeState, Progress,
};
use pallet::name::{GroupName, NodeName};
use std::collections::BTreeMap;

/// The nodes of a benchmark.
pub(crate) struct Listed(Vec<NodeRecord>);

impl Listed {
    /// Returns as many nodes, reached as `endpoint` says of their numbers.
    pub(crate) fn new(count: usize, endpoint: impl Fn(usize) -> Endpoint) -> Listed {
        let group = GroupName::new("farm").expect("a valid name");
        let record = |number: usize| NodeRecord {
            id: NodeId(format!("farm-{number}")),
            name: NodeName::new(format!("farm-{number}")).expect("a valid name"),
            group: group.clone(),
            state: NodeState::Running,
            endpoint: Some(endpoint(number)),
            private_ip: None,
            primary_ip: None,
            tags: BTreeMap::from([("bootstrapped".to_owned(), "1".to_owned())]),
            image_login: None,
        };
        Listed((1..=count).map(record).collect())
    }
}

fn refuse<T: Send + 'static>() -> BoxFuture<'static, Result<T, ComputeError>> {
    Box::pin(async { Err(ComputeError::input("the nodes of a benchmark are given")) })
}

impl Compute for Listed {
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
        refuse()
    }

    fn start<'a>(
        &'a self,
        _: &'a NodeId,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        refuse()
    }

    fn stop<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        refuse()
    }

    fn destroy<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        refuse()
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
