//! `provider = "hybrid"`: several services of the configuration as one, so that a lab of several machines is one
//! inventory.
//!
//! ```toml
//! [services.lab]
//! provider = "hybrid"
//! sub-services = ["tower", "closet"]
//! groups-for-services = { tower = ["db", "web-*"], closet = ["web-*", "*"] }
//!
//! [services.tower]
//! provider = "vbox"
//! host = "ops@tower"
//! ```
//!
//! A group belongs to the services that name it; a name may end in `*`. Names count before patterns, and longer patterns
//! before shorter ones. A group of several services is spread over them by the numbers of its nodes, in the order of
//! `sub-services`: the first node on the first, the second on the second. So a node that is made again comes back to
//! where it was. Without `groups-for-services` every group belongs to all of them.
//!
//! Nodes that a sub-service has already are listed wherever they are, and each is started, stopped and removed there.
//! Images and hardware models are those of one service each: ask for them with `--service` and its name. What a
//! sub-service cannot do, pausing nodes for one, is refused for its own nodes alone, with its name.

use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, NodeId, NodeRecord, Power, Progress, Snapshot, Snapshots,
};
use pallet::name::{GroupName, NodeName, ServiceName, SnapshotName};
use pallet::options::{OptionError, Options};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The provider's name.
pub(crate) const NAME: &str = "hybrid";

/// What the configuration says of a hybrid service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The services, in the order of the configuration.
    pub(crate) services: Vec<ServiceName>,
    /// For each service the groups that it takes; empty when all take all.
    groups: Vec<Vec<String>>,
}

impl Rules {
    /// Reads the options.
    pub(crate) fn read(options: &Options) -> Result<Rules, OptionError> {
        const SERVICES: &str = "sub-services";
        const GROUPS: &str = "groups-for-services";
        let names = options.strings(SERVICES)?;
        let table = options.table(GROUPS)?;
        options.finish()?;
        if names.is_empty() {
            return Err(options.missing(SERVICES));
        }
        let services = names
            .iter()
            .map(|name| ServiceName::new(name.as_str()).map_err(|error| options.invalid(SERVICES, error)));
        let services: Vec<ServiceName> = services.collect::<Result<_, _>>()?;
        if let Some((_, twice)) =
            services.iter().enumerate().find(|(at, name)| services[..*at].contains(name))
        {
            return Err(options.invalid(SERVICES, format_args!("`{twice}` is named twice")));
        }
        let Some(table) = table else { return Ok(Rules { services, groups: vec![] }) };
        let groups =
            services.iter().map(|service| table.strings(service.as_str())).collect::<Result<_, _>>()?;
        // A service that is none of ours is an unknown option there.
        table.finish()?;
        Ok(Rules { services, groups })
    }

    /// Returns the service that a node belongs to.
    fn service_of(&self, group: &GroupName, node: &NodeName) -> Option<usize> {
        let fits = |service: usize| match self.groups.get(service) {
            Some(patterns) => patterns.iter().filter_map(|pattern| fit(pattern, group.as_str())).max(),
            None => Some(0),
        };
        let best = (0..self.services.len()).filter_map(fits).max()?;
        let candidates: Vec<usize> =
            (0..self.services.len()).filter(|service| fits(*service) == Some(best)).collect();
        candidates.get((number(node) - 1) % candidates.len()).copied()
    }
}

/// Returns how well a pattern fits a group, or `None` if it does not.
fn fit(pattern: &str, group: &str) -> Option<usize> {
    match pattern.strip_suffix('*') {
        Some(begin) => group.starts_with(begin).then_some(begin.len()),
        None => (pattern == group).then_some(usize::MAX),
    }
}

/// Returns the number at the end of a node's name, which is 1 or more; that of a name without one is 1.
fn number(node: &NodeName) -> usize {
    let number = node.as_str().rsplit('-').next().and_then(|number| number.parse().ok());
    number.unwrap_or(1).max(1)
}

/// Several services as one.
pub(crate) struct Hybrid {
    rules: Rules,
    /// In the order of the rules.
    services: Vec<Arc<dyn Compute>>,
}

impl Hybrid {
    /// Returns the service over these, which are in the order of the rules.
    pub(crate) fn new(rules: Rules, services: Vec<Arc<dyn Compute>>) -> Self {
        Hybrid { rules, services }
    }

    fn at(&self, request: &CreateRequest) -> Result<usize, ComputeError> {
        self.rules.service_of(&request.group, &request.name).ok_or_else(|| {
            let services: Vec<&str> = self.rules.services.iter().map(ServiceName::as_str).collect();
            ComputeError::input(format!("no service is named for the group {}", request.group)).hint(format!(
                "add it to `groups-for-services`, to one of {}, or give one of them `\"*\"`",
                services.join(", ")
            ))
        })
    }

    /// Tells to which service a node belongs, and what it is there.
    fn there(&self, id: &NodeId) -> Result<(&dyn Compute, NodeId), ComputeError> {
        let found = id.0.split_once('/').and_then(|(service, id)| {
            let at = self.rules.services.iter().position(|name| name.as_str() == service)?;
            Some((&*self.services[at], NodeId(id.to_owned())))
        });
        found.ok_or_else(|| ComputeError::failed(format!("there is no node {id}")))
    }

    /// Identities are unique in their own service only.
    fn here(&self, at: usize, record: NodeRecord) -> NodeRecord {
        NodeRecord { id: NodeId(format!("{}/{}", self.rules.services[at], record.id)), ..record }
    }

    async fn list_all(&self) -> Result<Vec<NodeRecord>, ComputeError> {
        let mut lists = tokio::task::JoinSet::new();
        for (at, service) in self.services.iter().cloned().enumerate() {
            lists.spawn(async move { (at, service.list().await) });
        }
        let mut all = BTreeMap::new();
        while let Some(listed) = lists.join_next().await {
            let (at, list) =
                listed.map_err(|error| ComputeError::failed("a list was not finished").source(error))?;
            all.insert(at, list.map_err(|error| self.of(at, error))?);
        }
        let here =
            |(at, list): (usize, Vec<NodeRecord>)| list.into_iter().map(move |record| self.here(at, record));
        let nodes: Vec<NodeRecord> = all.into_iter().flat_map(here).collect();
        refuse_doubles(&nodes)?;
        Ok(nodes)
    }

    async fn check_all(&self, requests: &[CreateRequest]) -> Result<(), ComputeError> {
        let mut parts: BTreeMap<usize, Vec<CreateRequest>> = BTreeMap::new();
        for request in requests {
            parts.entry(self.at(request)?).or_default().push(request.clone());
        }
        for (at, part) in parts {
            self.services[at].check(&part).await.map_err(|error| self.of(at, error))?;
        }
        Ok(())
    }

    /// Returns what can switch a node, if its service can.
    fn power_of(&self, id: &NodeId) -> Result<(&dyn Power, NodeId), ComputeError> {
        let (service, own) = self.there(id)?;
        let power = service.power().ok_or_else(|| lacks(id, "pause, save and reset nodes"))?;
        Ok((power, own))
    }

    /// Returns what keeps states of a node, if its service does.
    fn snapshots_of(&self, id: &NodeId) -> Result<(&dyn Snapshots, NodeId), ComputeError> {
        let (service, own) = self.there(id)?;
        let snapshots = service.snapshots().ok_or_else(|| lacks(id, "keep states of nodes"))?;
        Ok((snapshots, own))
    }

    fn of(&self, at: usize, error: ComputeError) -> ComputeError {
        let service = &self.rules.services[at];
        ComputeError { message: format!("service `{service}`: {}", error.message), ..error }
    }
}

fn lacks(id: &NodeId, what: &str) -> ComputeError {
    let service = id.0.split('/').next().unwrap_or_default();
    ComputeError::input(format!("the service `{service}` cannot {what}")).hint("a VirtualBox service can")
}

/// Two nodes of one name would be one to everything else.
fn refuse_doubles(nodes: &[NodeRecord]) -> Result<(), ComputeError> {
    let mut seen = BTreeMap::new();
    match nodes.iter().find_map(|node| seen.insert(&node.name, node).map(|other| (other, node))) {
        None => Ok(()),
        Some((one, other)) => Err(ComputeError::input(format!(
            "the node {} exists twice: as {} and {}",
            one.name, one.id, other.id
        ))
        .hint("destroy one of them with `--service` and the name of its own service")),
    }
}

impl Compute for Hybrid {
    fn makes_nodes(&self) -> bool {
        self.services.iter().any(|service| service.makes_nodes())
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        Box::pin(self.list_all())
    }

    fn check<'a>(&'a self, requests: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(self.check_all(requests))
    }

    fn remarks(&self, request: &CreateRequest) -> Vec<String> {
        let Ok(at) = self.at(request) else { return vec![] };
        let service = &self.rules.services[at];
        let of = |remark| format!("service `{service}`: {remark}");
        self.services[at].remarks(request).into_iter().map(of).collect()
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move {
            let at = self.at(request)?;
            let made = self.services[at].create(request, progress).await;
            made.map(|record| self.here(at, record)).map_err(|error| self.of(at, error))
        })
    }

    fn start<'a>(
        &'a self,
        id: &'a NodeId,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move {
            let (service, own) = self.there(id)?;
            let record = service.start(&own, progress).await?;
            Ok(NodeRecord { id: id.clone(), ..record })
        })
    }

    fn stop<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (service, id) = self.there(id)?;
            service.stop(&id).await
        })
    }

    fn destroy<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (service, id) = self.there(id)?;
            service.destroy(&id).await
        })
    }

    fn tag<'a>(
        &'a self,
        id: &'a NodeId,
        key: &'a str,
        value: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (service, id) = self.there(id)?;
            service.tag(&id, key, value).await
        })
    }

    fn power(&self) -> Option<&dyn Power> {
        self.services.iter().any(|service| service.power().is_some()).then_some(self)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        self.services.iter().any(|service| service.snapshots().is_some()).then_some(self)
    }
}

impl Power for Hybrid {
    fn pause<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (power, own) = self.power_of(id)?;
            power.pause(&own).await
        })
    }

    fn resume<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (power, own) = self.power_of(id)?;
            power.resume(&own).await
        })
    }

    fn save<'a>(&'a self, id: &'a NodeId, progress: Progress<'a>) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (power, own) = self.power_of(id)?;
            power.save(&own, progress).await
        })
    }

    fn reset<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (power, own) = self.power_of(id)?;
            power.reset(&own).await
        })
    }

    fn reboot<'a>(
        &'a self,
        id: &'a NodeId,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(async move {
            // A service without this can stop and start its nodes all the same.
            let (service, own) = self.there(id)?;
            let record = match service.power() {
                Some(power) => power.reboot(&own, progress).await?,
                None => {
                    progress("shutting down");
                    service.stop(&own).await?;
                    service.start(&own, progress).await?
                }
            };
            Ok(NodeRecord { id: id.clone(), ..record })
        })
    }

    fn cut<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (power, own) = self.power_of(id)?;
            power.cut(&own).await
        })
    }
}

impl Snapshots for Hybrid {
    fn list<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<Vec<Snapshot>, ComputeError>> {
        Box::pin(async move {
            let (snapshots, own) = self.snapshots_of(id)?;
            snapshots.list(&own).await
        })
    }

    fn take<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a SnapshotName,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (snapshots, own) = self.snapshots_of(id)?;
            snapshots.take(&own, name, progress).await
        })
    }

    fn restore<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (snapshots, own) = self.snapshots_of(id)?;
            snapshots.restore(&own, name, progress).await
        })
    }

    fn delete<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (snapshots, own) = self.snapshots_of(id)?;
            snapshots.delete(&own, name, progress).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::options::OptionValue;

    fn list(items: &[&str]) -> OptionValue {
        OptionValue::List(items.iter().map(|item| (*item).into()).collect())
    }

    fn rules(groups: Option<&[(&str, &[&str])]>) -> Result<Rules, OptionError> {
        let mut options = Options::new("service \"lab\"", None);
        options.set("sub-services", list(&["tower", "closet"]), "");
        if let Some(groups) = groups {
            let mut table = Options::new("`groups-for-services`", None);
            for (service, groups) in groups {
                table.set(*service, list(groups), "");
            }
            options.set("groups-for-services", OptionValue::Table(table), "");
        }
        Rules::read(&options)
    }

    fn place(rules: &Rules, node: &str) -> Option<&'static str> {
        let (group, _) = node.rsplit_once('-').expect("a number");
        let group = GroupName::new(group).expect("a name");
        let at = rules.service_of(&group, &NodeName::new(node).expect("a name"))?;
        Some(["tower", "closet"][at])
    }

    #[test]
    fn without_rules_every_group_is_spread_by_number() {
        let rules = rules(None).expect("good options");
        assert_eq!(
            ["web-1", "web-2", "web-3"].map(|node| place(&rules, node)),
            [Some("tower"), Some("closet"), Some("tower")]
        );
    }

    #[test]
    fn a_name_comes_before_a_pattern_and_a_long_pattern_before_a_short_one() {
        let rules =
            rules(Some(&[("tower", &["db", "web-*"]), ("closet", &["web-*", "*"])])).expect("good options");
        assert_eq!(place(&rules, "db-1"), Some("tower"));
        assert_eq!(place(&rules, "db-2"), Some("tower"));
        assert_eq!(place(&rules, "cache-1"), Some("closet"));
        assert_eq!(place(&rules, "web-a-1"), Some("tower"));
        assert_eq!(place(&rules, "web-a-2"), Some("closet"));
    }

    #[test]
    fn what_no_rule_names_is_nowhere() {
        let rules = rules(Some(&[("tower", &["db"])])).expect("good options");
        assert_eq!(place(&rules, "web-1"), None);
    }

    #[test]
    fn mistakes_are_found() {
        let message = |error: OptionError| error.message;
        assert!(
            rules(Some(&[("cellar", &["db"])])).map_err(message).is_err_and(|error| error.contains("cellar"))
        );
        let mut options = Options::new("service \"lab\"", None);
        assert!(Rules::read(&options).is_err(), "no services");
        options.set("sub-services", list(&["a", "a"]), "");
        assert!(Rules::read(&options).map_err(message).is_err_and(|error| error.contains("twice")));
    }
}
