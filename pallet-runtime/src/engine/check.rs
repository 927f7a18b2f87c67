//! Building everything only to find mistakes: before any node is contacted, and before anything on one is changed.

use super::fetch;
use super::nodes::{Member, Run, future_node, node_of};
use super::phases::{build, graph_failures};
use super::select::{self, Selection};
use crate::event::Failure;
use pallet::actions::{LocalDirectory, RemoteDirectory, RemoteFile};
use pallet::facts::Facts;
use pallet::graph::{ActionGraph, Built, GraphError};
use pallet::name::PhaseName;
use pallet::spec::Group;
use pallet::{Node, standard};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many nodes are built before the first one is contacted. Mistakes are nearly always those of all nodes of a group, and
/// to build a thousand takes as long as to connect to many of them.
const AHEAD: usize = 64;

/// The build of every phase for every node, before anything is known of it.
///
/// Nodes have no facts then, so a build may stop where it needs some; what is wrong behind that is found by
/// [`check_all`], still before anything on a node is changed.
pub(super) struct SourceCheck {
    run: Arc<Run>,
    /// All but `settings`.
    phases: Vec<PhaseName>,
    all: Arc<Vec<Node>>,
    left: Vec<(Node, Arc<Group>)>,
    /// Whether all that was built was built to its end.
    whole: bool,
}

impl SourceCheck {
    /// Prepares the check of all nodes of a run.
    pub(super) fn new(run: &Arc<Run>, selection: &Selection) -> Self {
        let mut nodes: Vec<(Node, Arc<Group>)> = Vec::new();
        for chosen in &selection.groups {
            let existing = chosen.keep.iter().chain(&chosen.start);
            nodes.extend(existing.map(|r| (node_of(r, &chosen.group, None), chosen.group.clone())));
            let new = chosen.create.iter().map(|request| future_node(&request.name, &chosen.group));
            nodes.extend(new.map(|node| (node, chosen.group.clone())));
        }
        let groups: Vec<&Group> = selection.groups.iter().map(|chosen| &*chosen.group).collect();
        SourceCheck {
            run: run.clone(),
            phases: phases_of_run(run, &groups),
            all: run.and_bystanders(nodes.iter().map(|(node, _)| node.clone())),
            left: nodes,
            whole: true,
        }
    }

    /// Checks all nodes, or, if that will do for now, a few: at least one of each group. Where one of them has a mistake
    /// the others are checked as well. `settings` is built for all of them: any phase may ask for those of any node.
    ///
    /// # Errors
    ///
    /// All mistakes of all phases and nodes, each once.
    pub(super) fn begin(&mut self, few: bool) -> Result<(), Vec<Failure>> {
        let nodes = std::mem::take(&mut self.left);
        let mut mistakes = Mistakes::default();
        self.check_phase(&settings(), &nodes, &mut mistakes);
        let mut groups = BTreeSet::new();
        let mut ahead = Vec::new();
        let mut left = Vec::new();
        for (node, group) in nodes {
            let is_first = groups.insert(group.name.clone());
            let to = if !few || is_first || ahead.len() < AHEAD { &mut ahead } else { &mut left };
            to.push((node, group));
        }
        self.check(&ahead, &mut mistakes);
        if mistakes.is_empty() && self.unknown_tag().is_none() {
            self.left = left;
            return Ok(());
        }
        self.check(&left, &mut mistakes);
        self.finish(mistakes)
    }

    /// Checks the nodes that are left.
    fn go_on(mut self) -> Result<(), Vec<Failure>> {
        let mut mistakes = Mistakes::default();
        let left = std::mem::take(&mut self.left);
        self.check(&left, &mut mistakes);
        self.finish(mistakes)
    }

    /// Returns the mistakes, with a tag that was asked for and that no action has.
    fn finish(&self, mut mistakes: Mistakes) -> Result<(), Vec<Failure>> {
        mistakes.extend(self.unknown_tag());
        mistakes.finish()
    }

    /// Checks the nodes that are left while something else is done, which is given up when there are mistakes.
    ///
    /// # Errors
    ///
    /// All their mistakes, each once.
    pub(super) async fn beside<T>(self, work: impl Future<Output = T>) -> Result<T, Vec<Failure>> {
        if self.left.is_empty() {
            return Ok(work.await);
        }
        let run = self.run.clone();
        let check = tokio::task::spawn_blocking(|| self.go_on());
        let checked = async {
            match check.await {
                Ok(checked) => checked,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        };
        let ended = tokio::try_join!(async { Ok(work.await) }, checked);
        ended.map(|(done, ())| done).inspect_err(|_| run.end())
    }

    fn check(&mut self, nodes: &[(Node, Arc<Group>)], mistakes: &mut Mistakes) {
        for phase in &self.phases.clone() {
            self.check_phase(phase, nodes, mistakes);
        }
    }

    fn check_phase(&mut self, phase: &PhaseName, nodes: &[(Node, Arc<Group>)], mistakes: &mut Mistakes) {
        for (node, group) in nodes.iter().filter(|(_, group)| group.phases.contains_key(phase)) {
            let built = build(&self.run, Some(node.clone()), &self.all, group, phase, true);
            self.whole &= built.as_ref().is_ok_and(|built| built.known_after.is_none());
            mistakes.check(built);
        }
    }

    /// Returns what is wrong when a tag was asked for that no action has. Of what was not built to its end nobody knows
    /// the tags yet.
    fn unknown_tag(&self) -> Option<Failure> {
        self.run.unknown_tag().filter(|_| self.whole)
    }
}

/// Builds everything with facts and settings, to find what is wrong before anything on a node is changed.
///
/// # Errors
///
/// All mistakes of all phases and nodes, each once.
pub(super) fn check_all(run: &Run, members: &[Member]) -> Result<(), Vec<Failure>> {
    let all = run.and_bystanders(members.iter().map(Member::node));
    let groups: Vec<&Group> = members.iter().map(|member| &*member.group).collect();
    let mut mistakes = Mistakes::default();
    for phase in &phases_of_run(run, &groups) {
        for member in members.iter().filter(|member| member.live.is_some()) {
            mistakes.check(build(run, Some(member.node()), &all, &member.group, phase, false));
        }
    }
    mistakes.extend(run.unknown_tag());
    mistakes.finish()
}

/// Returns `bootstrap` and the phases of the run, in order.
fn phases_of_run(run: &Run, groups: &[&Group]) -> Vec<PhaseName> {
    let bootstrap = PhaseName::new(standard::BOOTSTRAP).expect("a valid name");
    let phases = select::expand(&select::phases(&run.request, groups.iter().copied()));
    std::iter::once(bootstrap).chain(phases).collect()
}

fn settings() -> PhaseName {
    PhaseName::new(standard::SETTINGS).expect("a valid name")
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

    fn is_empty(&self) -> bool {
        self.0.is_empty()
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
