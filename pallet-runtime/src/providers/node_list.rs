//! `provider = "node-list"`: hosts that exist, listed in the configuration.
//!
//! ```toml
//! [services.lab]
//! provider = "node-list"
//! nodes = [
//!     { name = "web-1", group = "web", address = "10.0.0.7" },
//!     { name = "db.example.org", group = "databases", address = "db.example.org", port = 2222 },
//! ]
//! ```
//!
//! A node belongs to the group it names. `port` is 22 by default; `private-ip` is the address under which other
//! nodes reach it, by default `address` where that is an IP address; `image-user` is the account that the host came
//! with, used until it is bootstrapped. Hosts are neither created nor destroyed, started nor stopped; asking for it is an error.

use super::tags::TagStore;
use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, Endpoint, NodeId, NodeRecord, NodeState, Progress,
    Provider, ServiceConfig,
};
use pallet::name::{GroupName, NodeName};
use pallet::options::{OptionError, Options};
use pallet::spec::Login;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// The provider of hosts that exist.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeList;

impl Provider for NodeList {
    fn name(&self) -> &'static str {
        "node-list"
    }

    fn check(&self, options: &Options) -> Result<(), OptionError> {
        nodes(options).map(drop)
    }

    fn open(&self, config: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async move {
            let hosts = Hosts {
                service: config.name.to_string(),
                place: config.options.place("nodes"),
                nodes: nodes(&config.options)?,
                tags: TagStore::new(config.state_dir),
            };
            Ok(Arc::new(hosts) as Arc<dyn Compute>)
        })
    }
}

/// Reads the option `nodes`.
fn nodes(options: &Options) -> Result<Vec<NodeRecord>, OptionError> {
    if !options.contains("nodes") {
        // A mistyped key comes before the one that is missing for it.
        options.tables("nodes")?;
        options.finish()?;
        return Err(options.missing("nodes"));
    }
    let nodes = options.tables("nodes")?.iter().map(node).collect::<Result<Vec<_>, _>>()?;
    options.finish()?;
    let mut seen = HashSet::with_capacity(nodes.len());
    match nodes.iter().find(|node| !seen.insert(&node.name)) {
        Some(twice) => Err(options.invalid("nodes", format_args!("two nodes are called `{}`", twice.name))),
        None => Ok(nodes),
    }
}

fn node(options: &Options) -> Result<NodeRecord, OptionError> {
    let (name, group, host) = (options.string("name")?, options.string("group")?, options.string("address")?);
    let (port, private_ip, user) =
        (options.integer("port")?, options.string("private-ip")?, options.string("image-user")?);
    // A mistyped key comes before the one that is missing for it.
    options.finish()?;
    let name =
        NodeName::new(required(options, "name", name)?).map_err(|error| options.invalid("name", error))?;
    let group = GroupName::new(required(options, "group", group)?)
        .map_err(|error| options.invalid("group", error))?;
    let host = required(options, "address", host)?;
    check_host(&host).map_err(|why| options.invalid("address", why))?;
    let port: u16 = port.unwrap_or(22);
    if port == 0 {
        return Err(options.invalid("port", "0 is not a port"));
    }
    let primary_ip: Option<IpAddr> = host.parse().ok();
    let private_ip = match private_ip {
        Some(text) => Some(text.parse().map_err(|_| options.invalid("private-ip", "not an IP address"))?),
        None => primary_ip,
    };
    Ok(NodeRecord {
        id: NodeId(name.as_str().to_owned()),
        name,
        group,
        state: NodeState::Running,
        endpoint: Some(Endpoint::Ssh { host, port }),
        private_ip,
        primary_ip,
        tags: BTreeMap::new(),
        image_login: user.map(|username| Login { username, ..Login::default() }),
    })
}

fn required(options: &Options, key: &str, value: Option<String>) -> Result<String, OptionError> {
    value.ok_or_else(|| {
        let place = options.keys().next().map(|first| options.place(first));
        let error = options.missing(key);
        OptionError { place: place.unwrap_or(error.place), ..error }
    })
}

/// Refuses what is certainly no host: it would fail much later, and worse, could pass for an option.
fn check_host(host: &str) -> Result<(), &'static str> {
    let plain = |c: char| c.is_alphanumeric() || ".-_:%".contains(c);
    match host.chars().all(plain) && !host.is_empty() && !host.starts_with('-') {
        true => Ok(()),
        false => Err("a host name or an IP address is expected"),
    }
}

/// Returns an error once more, for another node.
fn again(error: &ComputeError) -> ComputeError {
    ComputeError {
        kind: error.kind,
        message: crate::error::chain(error),
        hint: error.hint.clone(),
        source: None,
    }
}

/// A service of hosts that exist.
struct Hosts {
    service: String,
    /// Where the hosts are listed, for hints.
    place: String,
    nodes: Vec<NodeRecord>,
    tags: TagStore,
}

impl Hosts {
    fn find(&self, id: &NodeId) -> Result<&NodeRecord, ComputeError> {
        self.nodes
            .iter()
            .find(|node| node.id == *id)
            .ok_or_else(|| ComputeError::input(format!("service `{}` lists no node `{id}`", self.service)))
    }

    fn refuse(&self, what: &str) -> ComputeError {
        let service = &self.service;
        ComputeError::input(format!("service `{service}` lists hosts that exist; it does not {what}"))
    }

    /// Says what is missing group by group.
    fn cannot_create(&self, requests: &[CreateRequest]) -> ComputeError {
        let mut wanted: BTreeMap<&str, u64> = BTreeMap::new();
        for request in requests {
            *wanted.entry(request.group.as_str()).or_default() += 1;
        }
        let groups = wanted.iter().map(|(group, missing)| {
            let listed = self.nodes.iter().filter(|node| node.group.as_str() == *group).count() as u64;
            let asked = listed + missing;
            format!(
                "group `{group}` wants {}, and {listed} listed",
                crate::report::text::count(asked, "node")
            )
            .replace(", and 1 listed", ", and 1 is listed")
            .replace(", and 0 listed", ", and none is listed")
        });
        let groups: Vec<String> = groups.collect();
        let place = if self.place.is_empty() { String::new() } else { format!(" at {}", self.place) };
        self.refuse(&format!("create any: {}", groups.join("; ")))
            .hint(format!("add the hosts to `nodes`{place}, or lower the count of the group"))
    }
}

impl Compute for Hosts {
    fn makes_nodes(&self) -> bool {
        false
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        Box::pin(async move {
            let mut tags = self.tags.read()?;
            let tagged = |node: &NodeRecord| NodeRecord {
                tags: tags.remove(&node.id.0).unwrap_or_default(),
                ..node.clone()
            };
            Ok(self.nodes.iter().map(tagged).collect())
        })
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
        id: &'a NodeId,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move {
            let node = self.find(id)?.clone();
            let tags = self.tags.read()?.remove(&id.0).unwrap_or_default();
            Ok(NodeRecord { tags, ..node })
        })
    }

    fn stop<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move { Err(self.refuse("stop them")) })
    }

    fn destroy<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            Err(self.refuse(&format!("destroy `{id}`")).hint("take the host out of `nodes` to let go of it"))
        })
    }

    fn tag<'a>(
        &'a self,
        id: &'a NodeId,
        key: &'a str,
        value: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            self.find(id)?;
            self.tags.write(&[id], key, value)
        })
    }

    /// All nodes are in one file, which would be read and written for each.
    fn tag_all<'a>(
        &'a self,
        ids: &'a [NodeId],
        key: &'a str,
        value: Option<&'a str>,
    ) -> BoxFuture<'a, Vec<(&'a NodeId, ComputeError)>> {
        Box::pin(async move {
            let listed: BTreeSet<&NodeId> = self.nodes.iter().map(|node| &node.id).collect();
            let (known, unknown): (Vec<_>, Vec<_>) = ids.iter().partition(|id| listed.contains(id));
            let refused = |id| self.find(id).err().map(|error| (id, error));
            let mut failed: Vec<_> = unknown.into_iter().filter_map(refused).collect();
            if let Err(error) = self.tags.write(&known, key, value) {
                failed.extend(known.into_iter().map(|id| (id, again(&error))));
            }
            failed
        })
    }
}
