//! Building everything only to find mistakes: before any node is contacted, and before anything on one is changed.

use super::fetch;
use super::nodes::{Member, Run, future_node, node_of};
use super::phases::{build, graph_failures};
use super::select::{self, Chosen, Selection};
use crate::event::Failure;
use pallet::actions::{LocalDirectory, RemoteDirectory, RemoteFile};
use pallet::facts::Facts;
use pallet::graph::{ActionGraph, Built, GraphError};
use pallet::name::{GroupName, PhaseName};
use pallet::spec::Group;
use pallet::{Node, standard};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

/// From how many nodes on builds are shared out among threads.
const MANY: usize = 32;

/// The nodes of a group.
type OfGroup = (Arc<Group>, Vec<Node>);

/// Builds every phase for every node, before anything is known of it.
///
/// Nodes have no facts then, so a build may stop where it needs some; what is wrong behind that is found by
/// [`check_all`], still before anything on a node is changed.
///
/// # Errors
///
/// All mistakes of all phases and nodes, each once.
pub(super) fn check_source(run: &Run, selection: &Selection) -> Result<(), Vec<Failure>> {
    let of_group = |chosen: &Chosen| -> OfGroup {
        let existing = chosen.keep.iter().chain(&chosen.start);
        let existing = existing.map(|record| node_of(record, &chosen.group, None));
        let new = chosen.create.iter().map(|request| future_node(&request.name, &chosen.group));
        let mut nodes: Vec<Node> = existing.chain(new).collect();
        nodes.sort_by(|a, b| a.name().cmp(b.name()));
        (chosen.group.clone(), nodes)
    };
    let groups: Vec<OfGroup> = selection.groups.iter().map(of_group).collect();
    let all = run.and_bystanders(groups.iter().flat_map(|(_, nodes)| nodes.iter().cloned()));
    let mut check = Check::new(run, &groups, all, true);
    check.settings();
    check.phases();
    // Of what was not built to its end nobody knows the tags yet.
    let unknown_tag = run.unknown_tag().filter(|_| check.found.whole);
    check.finish(unknown_tag)
}

/// Builds everything with facts and settings, to find what is wrong before anything on a node is changed.
///
/// # Errors
///
/// All mistakes of all phases and nodes, each once.
pub(super) fn check_all(run: &Run, members: &[Member]) -> Result<(), Vec<Failure>> {
    let mut groups: BTreeMap<&GroupName, OfGroup> = BTreeMap::new();
    for member in members {
        let (_, nodes) =
            groups.entry(&member.group.name).or_insert_with(|| (member.group.clone(), Vec::new()));
        nodes.extend(member.live.is_some().then(|| member.node()));
    }
    let groups: Vec<OfGroup> = groups.into_values().collect();
    let all = run.and_bystanders(members.iter().map(Member::node));
    let mut check = Check::new(run, &groups, all, false);
    check.phases();
    check.finish(run.unknown_tag())
}

/// Builds phases for all nodes and keeps nothing but what is wrong.
struct Check<'a> {
    run: &'a Run,
    groups: &'a [OfGroup],
    all: Arc<Vec<Node>>,
    before_contact: bool,
    /// The groups whose nodes have published the same settings.
    alike: BTreeSet<&'a GroupName>,
    found: Found,
}

/// What some builds gave.
struct Found {
    mistakes: Mistakes,
    /// Whether all that was built was built to its end.
    whole: bool,
}

impl<'a> Check<'a> {
    fn new(run: &'a Run, groups: &'a [OfGroup], all: Arc<Vec<Node>>, before_contact: bool) -> Self {
        let without = groups.iter().filter(|(group, _)| !group.phases.contains_key(standard::SETTINGS));
        let alike = without.map(|(group, _)| &group.name).collect();
        let found = Found { mistakes: Mistakes::default(), whole: true };
        Check { run, groups, all, before_contact, alike, found }
    }

    /// Builds `settings` for all nodes: any phase may ask for those of any node. One after the other, because that of a node
    /// may ask for what nodes before it have published.
    fn settings(&mut self) {
        let phase = PhaseName::new(standard::SETTINGS).expect("a valid name");
        for (group, nodes) in self.groups {
            let Some((first, others)) = nodes.split_first() else { continue };
            if !self.depends_on_node(first, group, &phase) {
                self.alike.insert(&group.name);
            }
            let found = self.build(others, group, &phase);
            self.found.add(found);
        }
    }

    /// Builds the other phases of the run. Where nothing was asked that tells the nodes of a group apart, the build for one
    /// is that of all.
    fn phases(&mut self) {
        let groups: Vec<&Group> = self.groups.iter().map(|(group, _)| &**group).collect();
        for phase in phases_of_run(self.run, &groups) {
            for (group, nodes) in self.groups {
                let Some((first, others)) = nodes.split_first() else { continue };
                if self.depends_on_node(first, group, &phase) {
                    self.build_all(others, group, &phase);
                }
            }
        }
    }

    /// Builds a phase for one node, and tells whether it could be another for the next node of the group.
    fn depends_on_node(&mut self, node: &Node, group: &Group, phase: &PhaseName) -> bool {
        let (node, dependence) = node.watched();
        let found = self.build(&[node], group, phase);
        self.found.add(found);
        dependence.on_node() || dependence.on_settings() && !self.alike.contains(&group.name)
    }

    /// Builds a phase for nodes, and for many of them with all processors.
    fn build_all(&mut self, nodes: &[Node], group: &Group, phase: &PhaseName) {
        let threads =
            if nodes.len() < MANY { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
        let (share, others) = nodes.split_at(nodes.len() / threads);
        let this = &*self;
        let found: Vec<Found> = thread::scope(|scope| {
            let others: Vec<_> = others
                .chunks(share.len().max(1))
                .map(|share| scope.spawn(move || this.build(share, group, phase)))
                .collect();
            let own = this.build(share, group, phase);
            let joined =
                others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            std::iter::once(own).chain(joined).collect()
        });
        for found in found {
            self.found.add(found);
        }
    }

    fn build(&self, nodes: &[Node], group: &Group, phase: &PhaseName) -> Found {
        let mut found = Found { mistakes: Mistakes::default(), whole: true };
        for node in nodes.iter().filter(|_| group.phases.contains_key(phase)) {
            let built = build(self.run, Some(node.clone()), &self.all, group, phase, self.before_contact);
            found.whole &= built.as_ref().is_ok_and(|built| built.known_after.is_none());
            found.mistakes.check(built);
        }
        found
    }

    /// # Errors
    ///
    /// All that was found, and this.
    fn finish(mut self, more: Option<Failure>) -> Result<(), Vec<Failure>> {
        self.found.mistakes.extend(more);
        self.found.mistakes.finish()
    }
}

impl Found {
    fn add(&mut self, other: Found) {
        self.mistakes.extend(other.mistakes.0);
        self.whole &= other.whole;
    }
}

/// Returns `bootstrap` and the phases of the run, in order.
fn phases_of_run(run: &Run, groups: &[&Group]) -> Vec<PhaseName> {
    let bootstrap = PhaseName::new(standard::BOOTSTRAP).expect("a valid name");
    let phases = select::expand(&select::phases(&run.request, groups.iter().copied()));
    std::iter::once(bootstrap).chain(phases).collect()
}

/// Mistakes of many builds, each once.
#[derive(Default)]
pub(super) struct Mistakes(Vec<Failure>);

impl Mistakes {
    /// Takes down what is wrong with a build, and with what it needs of the controller.
    pub(super) fn check(&mut self, built: Result<Built, GraphError>) {
        match built {
            Ok(built) => self.check_actions(&built.graph),
            Err(error) => self.extend(graph_failures(&error)),
        }
    }

    /// What needs no node to be seen, and was not seen by the graph: files on the controller that cannot be read.
    fn check_actions(&mut self, graph: &ActionGraph) {
        let facts = Facts::example();
        for (id, node) in graph.in_order() {
            let action: &dyn std::any::Any = node.action();
            if (action.is::<RemoteFile>()
                || action.is::<RemoteDirectory>()
                || action.is::<LocalDirectory>()
                || fetch::is_resolved(action))
                && let Err(message) = node.action().probe(id, &facts, &mut Default::default())
            {
                self.extend([Failure::new(message).at(node.location())]);
            }
        }
    }

    fn extend(&mut self, failures: impl IntoIterator<Item = Failure>) {
        for failure in failures {
            if !self.0.contains(&failure) {
                self.0.push(failure);
            }
        }
    }

    /// # Errors
    ///
    /// The mistakes, if there are any.
    pub(super) fn finish(self) -> Result<(), Vec<Failure>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
