//! What a run is about: which groups, how many nodes of each, which phases. Pure.

use crate::event::{Failure, Verb};
use crate::request::Request;
use pallet::Registry;
use pallet::compute::{CreateRequest, NodeRecord, NodeState};
use pallet::name::{PhaseName, did_you_mean};
use pallet::spec::{Group, NodeSpec};
use pallet::standard;
use std::sync::Arc;

/// What a run is about.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) groups: Vec<Chosen>,
    /// Nodes of groups that the run is not about; phases may ask for their addresses.
    pub(super) others: Vec<(Arc<Group>, Arc<NodeRecord>)>,
    /// Nodes of groups that the program does not declare: left alone.
    pub(super) strangers: Vec<Arc<NodeRecord>>,
}

/// A group of the run and what is to become of its nodes.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) group: Arc<Group>,
    pub(super) keep: Vec<Arc<NodeRecord>>,
    pub(super) start: Vec<Arc<NodeRecord>>,
    pub(super) create: Vec<CreateRequest>,
    pub(super) destroy: Vec<Arc<NodeRecord>>,
}

impl Selection {
    pub(super) fn creations(&self) -> impl Iterator<Item = &CreateRequest> {
        self.groups.iter().flat_map(|chosen| &chosen.create)
    }

    pub(super) fn removals(&self) -> impl Iterator<Item = &Arc<NodeRecord>> {
        self.groups.iter().flat_map(|chosen| &chosen.destroy)
    }

    /// Takes out the nodes that run already and are kept.
    pub(super) fn take_running(&mut self) -> Vec<(Arc<NodeRecord>, Arc<Group>)> {
        let take = |chosen: &mut Chosen| {
            let group = chosen.group.clone();
            std::mem::take(&mut chosen.keep).into_iter().map(move |record| (record, group.clone()))
        };
        self.groups.iter_mut().flat_map(take).collect()
    }
}

/// Decides what a run is about.
///
/// # Errors
///
/// Everything in the request that does not fit the source or the nodes that exist.
pub(super) fn select(
    registry: &Registry,
    request: &Request,
    records: Vec<NodeRecord>,
) -> Result<Selection, Vec<Failure>> {
    let mut failures = unknown_groups(registry, request);
    let wanted: Vec<(&Group, Option<u32>)> = if request.groups.is_empty() {
        registry.groups().iter().map(|group| (group, None)).collect()
    } else {
        let find =
            |(name, count): &(_, Option<u32>)| Some((registry.group(AsRef::<str>::as_ref(name))?, *count));
        request.groups.iter().filter_map(find).collect()
    };
    if registry.groups().is_empty() {
        let hint = "declare one with `group! { pub Web { count: 1, configure: web } }`";
        failures.push(Failure::new("this program has no groups").hint(hint));
    }
    failures.extend(unknown_phases(request, &wanted));
    let mut groups = Vec::new();
    let mut others = Vec::new();
    // Shared, so that they can be sorted into lists without being moved.
    let mut rest: Vec<Arc<NodeRecord>> = records.into_iter().map(Arc::new).collect();
    let all = rest.clone();
    for (group, count) in wanted {
        let (members, remaining) = rest.into_iter().partition(|record| record.group == group.name);
        rest = remaining;
        match choose(group, count, members, &all, request.verb) {
            Ok(chosen) => groups.push(chosen),
            Err(failure) => failures.push(failure),
        }
    }
    let mut strangers = Vec::new();
    for record in rest {
        match registry.group(record.group.as_str()) {
            Some(group) => others.push((Arc::new(group.clone()), record)),
            None => strangers.push(record),
        }
    }
    if request.verb == Verb::Lift && failures.is_empty() && groups.iter().all(|chosen| chosen.keep.is_empty())
    {
        let failure = Failure::new("no node of these groups exists").hint("create them with `converge`");
        failures.push(failure);
    }
    if failures.is_empty() { Ok(Selection { groups, others, strangers }) } else { Err(failures) }
}

fn unknown_groups(registry: &Registry, request: &Request) -> Vec<Failure> {
    let names: Vec<&str> = registry.groups().iter().map(|group| group.name.as_str()).collect();
    let unknown = request.groups.iter().filter(|(name, _)| registry.group(name.as_str()).is_none());
    unknown
        .map(|(name, _)| {
            Failure::new(format!("there is no group {name}")).hint(candidates(
                name.as_str(),
                &names,
                "groups",
            ))
        })
        .collect()
}

fn unknown_phases(request: &Request, groups: &[(&Group, Option<u32>)]) -> Vec<Failure> {
    let mut known: Vec<&str> =
        groups.iter().flat_map(|(group, _)| group.phases.keys()).map(PhaseName::as_str).collect();
    known.sort_unstable();
    known.dedup();
    let unknown = request.phases.iter().filter(|phase| !known.contains(&phase.as_str()));
    unknown
        .map(|phase| {
            Failure::new(format!("no group of this run has a phase {phase}")).hint(candidates(
                phase.as_str(),
                &known,
                "phases",
            ))
        })
        .collect()
}

fn candidates(given: &str, known: &[&str], what: &str) -> String {
    match did_you_mean(given, known.iter().copied()) {
        Some(near) => format!("did you mean {near}? {what}: {}", known.join(", ")),
        None => format!("{what}: {}", known.join(", ")),
    }
}

fn choose(
    group: &Group,
    count: Option<u32>,
    members: Vec<Arc<NodeRecord>>,
    all: &[Arc<NodeRecord>],
    verb: Verb,
) -> Result<Chosen, Failure> {
    let count = match (verb, count.or(group.count)) {
        (Verb::Lift, _) => members.len(),
        (Verb::Destroy, _) => 0,
        (_, Some(count)) => usize::try_from(count).unwrap_or(usize::MAX),
        (_, None) => {
            let hint =
                format!("write `count: 1` in the group, or say `{}=1` on the command line", group.name);
            let failure = Failure::new(format!("group {} has no count", group.name)).hint(hint);
            return Err(failure.at(group.location));
        }
    };
    let mut members = members;
    // The highest index goes first, and what has none before all others.
    members.sort_by_key(|record| group.index_of(&record.name).unwrap_or(u32::MAX));
    let destroy = members.split_off(count.min(members.len()));
    if group.protect
        && let Some(record) = destroy.first()
    {
        let hint = "take `protect: true` out of the group first, if you mean it";
        let message = format!("group {} is protected, and {} would be destroyed", group.name, record.name);
        return Err(Failure::new(message).hint(hint).at(group.location));
    }
    if let Some((record, why)) = members.iter().chain(&destroy).find_map(|record| inaccessible(record)) {
        return Err(Failure::new(format!("{} cannot be used: {why}", record.name)));
    }
    let running = |record: &Arc<NodeRecord>| record.state == NodeState::Running;
    let (keep, start): (Vec<_>, Vec<_>) = members.into_iter().partition(running);
    if verb == Verb::Lift
        && let Some(record) = start.first()
    {
        let message = format!("{} does not run, and lift starts nothing", record.name);
        return Err(Failure::new(message).hint("start it with `converge`"));
    }
    let missing = count - keep.len() - start.len();
    let create = group
        .free_names(missing, all.iter().map(|record| &record.name))
        .into_iter()
        .map(|name| CreateRequest { group: group.name.clone(), name, spec: group.node_spec.clone() });
    Ok(Chosen { create: create.collect(), group: Arc::new(group.clone()), keep, start, destroy })
}

fn inaccessible(record: &NodeRecord) -> Option<(&NodeRecord, &str)> {
    match &record.state {
        NodeState::Inaccessible(why) => Some((record, why)),
        _ => None,
    }
}

/// Returns the phases of a run: those asked for, or the default phases of the groups in the order in which they
/// come first.
pub(super) fn phases<'a>(request: &Request, groups: impl IntoIterator<Item = &'a Group>) -> Vec<PhaseName> {
    let mut phases: Vec<PhaseName> = if request.phases.is_empty() {
        groups.into_iter().flat_map(|group| group.default_phases.clone()).collect()
    } else {
        request.phases.clone()
    };
    let mut seen = Vec::new();
    phases.retain(|phase| {
        let special = [standard::SETTINGS, standard::BOOTSTRAP].contains(&phase.as_str());
        let new = !seen.contains(phase);
        seen.push(phase.clone());
        new && !special
    });
    phases
}

/// Returns each phase between its `pre-` and its `post-` phase.
pub(super) fn expand(phases: &[PhaseName]) -> Vec<PhaseName> {
    let around = |phase: &PhaseName| {
        let beside = |prefix: &str| PhaseName::new(format!("{prefix}-{phase}")).ok();
        [beside("pre"), Some(phase.clone()), beside("post")]
    };
    phases.iter().flat_map(around).flatten().collect()
}

/// Returns a node spec in words.
pub(crate) fn describe(spec: &NodeSpec) -> String {
    let image = spec.get_image().map(|image| format!("image {image}"));
    let hardware = spec.get_hardware().map(|hardware| format!("hardware {hardware}"));
    let network = spec.get_network().map(|network| format!("network {network}"));
    let parts: Vec<String> = [image, hardware, network].into_iter().flatten().collect();
    if parts.is_empty() { "the service's defaults".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::GroupSpec;
    use pallet::compute::NodeId;
    use pallet::name::{GroupName, NodeName};

    fn record(name: &str, group: &str, state: NodeState) -> NodeRecord {
        NodeRecord {
            id: NodeId(name.to_owned()),
            name: NodeName::new(name).expect("valid"),
            group: GroupName::new(group).expect("valid"),
            state,
            endpoint: None,
            private_ip: None,
            primary_ip: None,
            tags: Default::default(),
            image_login: None,
        }
    }

    fn registry(groups: impl IntoIterator<Item = GroupSpec>) -> Registry {
        let builder = groups.into_iter().fold(Registry::builder(), |builder, group| builder.group(group));
        builder.build().expect("valid groups")
    }

    fn converge(groups: &[(&str, Option<u32>)]) -> Request {
        let mut request = Request::new(Verb::Converge);
        let named = |(name, count): &(&str, Option<u32>)| (GroupName::new(*name).expect("valid"), *count);
        request.groups = groups.iter().map(named).collect();
        request
    }

    #[test]
    fn gaps_are_filled_and_the_highest_goes_first() {
        let registry = registry([GroupSpec::new("web").count(2)]);
        let running = |name| record(name, "web", NodeState::Running);
        let chosen = select(&registry, &converge(&[]), vec![running("web-2")]).expect("valid");
        assert_eq!(chosen.creations().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["web-1"]);
        let three = vec![running("web-3"), running("web-1"), running("web-2")];
        let chosen = select(&registry, &converge(&[]), three).expect("valid");
        assert_eq!(chosen.removals().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["web-3"]);
    }

    #[test]
    fn stopped_members_are_members_and_are_started() {
        let registry = registry([GroupSpec::new("web").count(1)]);
        let stopped = vec![record("web-1", "web", NodeState::Stopped)];
        let chosen = select(&registry, &converge(&[]), stopped).expect("valid");
        assert_eq!(chosen.groups[0].start.len(), 1);
        assert_eq!(chosen.creations().count(), 0);
    }

    #[test]
    fn a_missing_count_names_the_group_and_its_line() {
        let registry = registry([GroupSpec::new("web")]);
        let failures = select(&registry, &converge(&[]), vec![]).expect_err("no count");
        assert_eq!(failures[0].message, "group web has no count");
        assert!(failures[0].source.as_deref().is_some_and(|source| source.contains("select.rs")));
        assert!(select(&registry, &converge(&[("web", Some(1))]), vec![]).is_ok());
    }

    #[test]
    fn a_protected_group_loses_nothing() {
        let registry = registry([GroupSpec::new("db").count(0).protect(true)]);
        let running = vec![record("db-1", "db", NodeState::Running)];
        let failures = select(&registry, &converge(&[]), running).expect_err("protected");
        assert!(failures[0].message.contains("db is protected"));
    }

    #[test]
    fn unknown_names_come_with_candidates_and_all_at_once() {
        let registry = registry([GroupSpec::new("web").count(1).phase("configure", || ())]);
        let mut request = converge(&[("wbe", None), ("web", None)]);
        request.phases = vec![PhaseName::new("configrue").expect("valid")];
        let failures = select(&registry, &request, vec![]).expect_err("unknown names");
        let hints: Vec<&str> = failures.iter().filter_map(|failure| failure.hint.as_deref()).collect();
        assert_eq!(hints, ["did you mean web? groups: web", "did you mean configure? phases: configure"]);
    }

    #[test]
    fn phases_are_surrounded_by_pre_and_post() {
        let names = |phases: Vec<PhaseName>| phases.iter().map(ToString::to_string).collect::<Vec<_>>();
        let phases = [PhaseName::new("configure").expect("valid")];
        assert_eq!(names(expand(&phases)), ["pre-configure", "configure", "post-configure"]);
    }
}
