//! `provider = "localhost"`: the controller itself, as the only node.
//!
//! The option `group` says to which group it belongs; the command line fills it in when only one group is there to choose.
//! The machine is neither created nor destroyed.

use super::tags::TagStore;
use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, Endpoint, NodeId, NodeRecord, NodeState, Progress,
    Provider, ServiceConfig,
};
use pallet::name::{GroupName, NodeName};
use pallet::options::{OptionError, Options};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// The provider of the controller itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Localhost;

impl Localhost {
    /// The name of the provider.
    pub const NAME: &'static str = "localhost";
}

impl Provider for Localhost {
    fn name(&self) -> &'static str {
        Localhost::NAME
    }

    fn check(&self, options: &Options) -> Result<(), OptionError> {
        options.string("group")?;
        options.finish()
    }

    fn open(&self, config: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async move {
            let options = &config.options;
            let group = options.string("group")?.ok_or_else(|| {
                ComputeError::from(options.missing("group")).hint(
                    "this machine is one node: say `group = \"…\"`, or name one group on the command line",
                )
            })?;
            let group = GroupName::new(group).map_err(|error| options.invalid("group", error))?;
            options.finish()?;
            let name =
                NodeName::new(format!("{group}-1")).map_err(|error| options.invalid("group", error))?;
            let service = ThisHost { name, group, tags: TagStore::new(config.state_dir) };
            Ok(Arc::new(service) as Arc<dyn Compute>)
        })
    }
}

/// The service whose only node is this machine.
struct ThisHost {
    name: NodeName,
    group: GroupName,
    tags: TagStore,
}

impl ThisHost {
    fn record(&self) -> Result<NodeRecord, ComputeError> {
        let id = NodeId(self.name.to_string());
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Ok(NodeRecord {
            tags: self.tags.read()?.remove(&id.0).unwrap_or_default(),
            id,
            name: self.name.clone(),
            group: self.group.clone(),
            state: NodeState::Running,
            endpoint: Some(Endpoint::Local),
            private_ip: Some(address),
            primary_ip: Some(address),
            image_login: None,
        })
    }

    fn refuse(&self, what: &str) -> ComputeError {
        ComputeError::input(format!(
            "this machine is the only node of `localhost`, in group `{}`: it cannot {what}",
            self.group
        ))
    }

    fn cannot_create(&self, requests: &[CreateRequest]) -> ComputeError {
        let names: Vec<&str> = requests.iter().map(|request| request.name.as_str()).collect();
        self.refuse(&format!("create {}", crate::report::text::names(names, 8)))
            .hint(format!("name only the group `{}` on the command line, with a count of 1", self.group))
    }
}

impl Compute for ThisHost {
    fn makes_nodes(&self) -> bool {
        false
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        Box::pin(async move { Ok(vec![self.record()?]) })
    }

    fn check<'a>(&'a self, requests: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { if requests.is_empty() { Ok(()) } else { Err(self.cannot_create(requests)) } })
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move { Err(self.cannot_create(std::slice::from_ref(request))) })
    }

    fn start<'a>(
        &'a self,
        _: &'a NodeId,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move { self.record() })
    }

    fn stop<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { Err(self.refuse("stop it")) })
    }

    fn destroy<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { Err(self.refuse("destroy it")) })
    }

    fn tag<'a>(
        &'a self,
        id: &'a NodeId,
        key: &'a str,
        value: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { self.tags.write(&[id], key, value) })
    }
}
