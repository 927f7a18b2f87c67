//! Drawing action graphs: the phases of a group, of a server spec, or one phase function, as converge would build them
//! for nodes that have assumed facts. No service and no node is asked for anything.

use super::select;
use crate::error::candidates;
use crate::event::Failure;
use pallet::context::{Context, NodeInfo};
use pallet::facts::Facts;
use pallet::graph::draw::Drawing;
use pallet::graph::{Built, GraphError, build_phase};
use pallet::name::{NodeName, PhaseName};
use pallet::settings::SettingsStore;
use pallet::spec::{Group, PhaseFn, ServerSpecDef};
use pallet::{GroupSpec, Node, PhaseDef, Registry, standard};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// What is to be drawn.
#[derive(Debug, Clone)]
pub struct DrawRequest {
    /// A group, a server spec or a phase function, by name or path; all groups without one.
    pub target: Option<String>,
    /// The phases to draw, in place of `bootstrap` and the default phases.
    pub phases: Vec<PhaseName>,
    /// What is assumed of every node.
    pub facts: Facts,
}

/// Draws what is asked.
///
/// # Errors
///
/// A target that is not there or cannot be drawn alone; every mistake in the source that is found on the way.
pub(crate) fn draw(registry: &Registry, request: &DrawRequest) -> Result<Drawing, Vec<Failure>> {
    let mut drawing = Drawing::new().note(format!("assumed: {}", request.facts.os.description));
    let subjects = match &request.target {
        None => registry.groups().iter().map(|group| Subject::group(group, request)).collect(),
        Some(name) => {
            let (subject, others) = find(registry, name, request)?;
            if !others.is_empty() {
                drawing = drawing.note(format!("{name} is also {}", others.join(" and ")));
            }
            vec![subject]
        }
    };
    let world = Assumed::new(registry, &subjects, &request.facts);
    world.publish_settings()?;
    let mut unknown_phases = request.phases.clone();
    for subject in &subjects {
        for phase in &subject.phases {
            unknown_phases.retain(|unknown| unknown != phase);
            let built = world.build(&subject.node, &subject.group, phase)?;
            let titles = subject.titles(phase);
            drawing = drawing.graph(titles, &built);
        }
    }
    match unknown_phases.first() {
        Some(phase) => Err(vec![no_such_phase(phase, &subjects)]),
        None => Ok(drawing),
    }
}

/// Something whose phases are drawn for one node.
struct Subject {
    title: String,
    group: Group,
    node: NodeName,
    phases: Vec<PhaseName>,
    /// A phase function by itself, which belongs to no phase.
    is_function: bool,
}

impl Subject {
    fn group(group: &Group, request: &DrawRequest) -> Self {
        let phases = if request.phases.is_empty() { &group.default_phases } else { &request.phases };
        let bootstrap = name(standard::BOOTSTRAP);
        let first = request.phases.is_empty().then_some(bootstrap);
        let phases = first.into_iter().chain(select::expand(phases));
        Subject {
            title: format!("group {}", group.name),
            node: first_node(group),
            phases: phases.filter(|phase| group.phases.contains_key(phase)).collect(),
            group: group.clone(),
            is_function: false,
        }
    }

    fn spec(def: &ServerSpecDef, request: &DrawRequest) -> Result<Self, Vec<Failure>> {
        let group = resolve(GroupSpec::new("example").count(1).extends(def.spec()))?;
        let title = format!("server spec {}", def.path());
        Ok(Subject { title, ..Subject::group(&group, request) })
    }

    fn function(def: &'static PhaseDef, registry: &Registry) -> Result<Self, Vec<Failure>> {
        let Some(run) = def.get_run() else {
            let message = format!(
                "phase {} takes arguments ({}), so it cannot be drawn alone",
                def.path(),
                def.get_arguments().join(", ")
            );
            let groups: Vec<&str> = registry.groups().iter().map(|group| group.name.as_str()).collect();
            let hint = format!("draw a group or spec that gives them: {}", groups.join(", "));
            return Err(vec![Failure::new(message).at(def.location()).hint(hint)]);
        };
        let configure = name(standard::CONFIGURE);
        let mut group = resolve(GroupSpec::new("example").count(1))?;
        group.phases.insert(configure.clone(), vec![PhaseFn::new(run)]);
        Ok(Subject {
            title: String::new(),
            node: first_node(&group),
            phases: vec![configure],
            group,
            is_function: true,
        })
    }

    fn titles(&self, phase: &PhaseName) -> Vec<String> {
        if self.is_function { Vec::new() } else { vec![self.title.clone(), phase.to_string()] }
    }
}

/// Returns what a name means, and what else it could: a group before a server spec before a phase function.
fn find(
    registry: &Registry,
    given: &str,
    request: &DrawRequest,
) -> Result<(Subject, Vec<String>), Vec<Failure>> {
    let kinds = ["group:", "spec:", "phase:"];
    let (kind, wanted) = kinds
        .into_iter()
        .find_map(|kind| Some((Some(kind), given.strip_prefix(kind)?)))
        .unwrap_or((None, given));
    let is_meant = |of: &str, name: &str, path: &str| {
        kind.is_none_or(|kind| kind == of) && (name == wanted || path == wanted)
    };
    let groups = registry.groups().iter().filter(|group| {
        is_meant(kinds[0], group.name.as_str(), group.item.as_deref().unwrap_or(group.name.as_str()))
    });
    let specs = registry.server_specs().iter().filter(|def| is_meant(kinds[1], def.name(), &def.path()));
    let phases = registry.phases().iter().filter(|def| is_meant(kinds[2], def.name(), &def.path()));
    let mut found: Vec<(String, Meaning<'_>)> = Vec::new();
    found.extend(groups.map(|group| (format!("group:{}", group.name), Meaning::Group(group))));
    found.extend(specs.map(|def| (format!("spec:{}", def.path()), Meaning::Spec(def))));
    found.extend(phases.map(|def| (format!("phase:{}", def.path()), Meaning::Phase(def))));
    let others = found.iter().skip(1).map(|(name, _)| name.clone()).collect();
    let subject = match found.first() {
        Some((_, Meaning::Group(group))) => Subject::group(group, request),
        Some((_, Meaning::Spec(def))) => Subject::spec(def, request)?,
        Some((_, Meaning::Phase(def))) => Subject::function(def, registry)?,
        None => return Err(vec![nothing_of_that_name(registry, given)]),
    };
    Ok((subject, others))
}

enum Meaning<'a> {
    Group(&'a Group),
    Spec(&'static ServerSpecDef),
    Phase(&'static PhaseDef),
}

fn nothing_of_that_name(registry: &Registry, given: &str) -> Failure {
    let groups = registry.groups().iter().map(|group| group.name.as_str());
    let specs = registry.server_specs().iter().map(|def| def.name());
    let phases = registry.phases().iter().map(|def| def.name());
    let known: Vec<&str> = groups.chain(specs).chain(phases).collect();
    Failure::new(format!("there is no group, server spec or phase function `{given}`")).hint(candidates(
        given,
        "groups, specs, phase functions",
        known,
    ))
}

fn no_such_phase(phase: &PhaseName, subjects: &[Subject]) -> Failure {
    let mut known: Vec<&str> =
        subjects.iter().flat_map(|subject| subject.group.phases.keys()).map(PhaseName::as_str).collect();
    known.sort_unstable();
    known.dedup();
    let message = format!("nothing that is drawn has a phase `{phase}`");
    Failure::new(message).hint(candidates(phase.as_str(), "phases", known))
}

/// Nodes that were never made, with facts and addresses that nobody was asked for.
struct Assumed {
    nodes: Arc<Vec<Node>>,
    groups: Vec<(NodeName, Group)>,
    settings: SettingsStore,
}

impl Assumed {
    /// As many nodes of each group as it is declared to have, and at least the one that is drawn.
    fn new(registry: &Registry, subjects: &[Subject], facts: &Facts) -> Self {
        let mut groups: Vec<(NodeName, Group)> = Vec::new();
        for group in registry.groups() {
            let count = usize::try_from(group.count.unwrap_or(1)).unwrap_or(usize::MAX).min(MANY);
            groups.extend(group.free_names(count, []).into_iter().map(|node| (node, group.clone())));
        }
        for subject in subjects {
            if !groups.iter().any(|(node, _)| *node == subject.node) {
                groups.push((subject.node.clone(), subject.group.clone()));
            }
        }
        groups.sort_by(|(a, _), (b, _)| a.cmp(b));
        let nodes = (1..).zip(&groups).map(|(number, (name, group))| node(name, group, facts, number));
        Assumed { nodes: Arc::new(nodes.collect()), groups, settings: SettingsStore::default() }
    }

    /// Runs the `settings` phase of every node, which touches none, so that phases find what they ask for.
    fn publish_settings(&self) -> Result<(), Vec<Failure>> {
        let phase = name(standard::SETTINGS);
        for (node, group) in &self.groups {
            self.build(node, group, &phase)?;
        }
        Ok(())
    }

    fn build(&self, node: &NodeName, group: &Group, phase: &PhaseName) -> Result<Built, Vec<Failure>> {
        let context = Context {
            node: self.nodes.iter().find(|known| known.name() == node).cloned(),
            nodes: self.nodes.clone(),
            settings: self.settings.clone(),
            published: Default::default(),
            asked: Default::default(),
            // Somebody, as with facts.
            admin: Context::example().admin,
            phase: phase.clone(),
            tentative: true,
        };
        let functions = group.phases.get(phase).map_or(&[][..], Vec::as_slice);
        let failures = |error: GraphError| super::phases::graph_failures(&error).collect::<Vec<_>>();
        build_phase(&context, functions, group.location).map_err(failures)
    }
}

/// More nodes of a group than this say nothing more.
const MANY: usize = 1000;

/// Returns the node of this number, with an address of those that are set aside for documentation and benchmarks.
fn node(name: &NodeName, group: &Group, facts: &Facts, number: u32) -> Node {
    let address = IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number));
    let facts = Facts { hostname: name.to_string(), addresses: vec![address], ..facts.clone() };
    Node::new(NodeInfo {
        name: name.clone(),
        group: group.name.clone(),
        group_item: group.item.clone(),
        roles: group.roles.clone(),
        facts: Some(Arc::new(facts)),
        primary_ip: Some(address),
        private_ip: Some(address),
    })
}

fn first_node(group: &Group) -> NodeName {
    group.free_names(1, []).remove(0)
}

fn resolve(spec: GroupSpec) -> Result<Group, Vec<Failure>> {
    spec.resolve().map_err(|error| vec![Failure::new(error.message).at(error.location)])
}

fn name(phase: &str) -> PhaseName {
    PhaseName::new(phase).expect("a valid name")
}
