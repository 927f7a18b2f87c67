//! Comparing a graph with a node, and the plan as people read it.

use super::nodes::{Live, Member, Run, future_node};
use super::phases;
use super::select::{self, Selection};
use super::{apply, asking, connect};
use crate::event::{ActionLabel, Cost, Counts, Event, Failure, KnownAfter, PlannedAction, Verdict};
use crate::request::RunError;
use pallet::action::{ContentChange, Diff};
use pallet::context::Context;
use pallet::graph::{ActionGraph, ActionId, ActionNode, Built};
use pallet::name::PhaseName;
use pallet::plan::{self, Done, Doomed, Plan};
use pallet::probe::Section;
use pallet::script::{Script, Upload};
use pallet::spec::Group;
use pallet::{Node, standard};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Contents larger than this are not fetched for showing a difference.
const DIFF_LIMIT: u64 = 256 << 10;

/// Why a node could not be compared.
pub(super) enum CompareError {
    /// Actions that are certain to fail.
    Doomed(Vec<Doomed>),
    /// The node did not answer, or not sensibly.
    Failed(Box<Failure>),
}

/// Probes a node and returns the plan for what is not done yet.
pub(super) async fn compare(
    run: &Run,
    graph: &ActionGraph,
    live: &mut Live,
    done: &Done,
) -> Result<Plan, CompareError> {
    let probe = plan::probe(graph, &live.facts, done).map_err(CompareError::Doomed)?;
    let sections = if probe.is_empty() {
        Vec::new()
    } else {
        let script = probe.script(&live.facts).render();
        let answer = live.shell.run(&script).await;
        answer.map_err(|error| CompareError::Failed(Box::new(connect::shell_failure(&error))))?
    };
    let state = probe
        .parse(&live.facts, &sections)
        .map_err(|error| CompareError::Failed(Box::new(Failure::new(error.to_string()))))?;
    plan::plan(graph, &live.facts, state, run.request.overwrite_edits, done).map_err(CompareError::Doomed)
}

/// Says what converge would do.
///
/// # Errors
///
/// All mistakes of the source.
pub(super) async fn plan(run: &Arc<Run>, selection: &Selection) -> Result<(), RunError> {
    run.created.store(selection.creations().count() as u64, Ordering::Relaxed);
    run.destroyed.store(selection.removals().count() as u64, Ordering::Relaxed);
    let mut members = Vec::new();
    let mut future: Vec<(Node, Arc<Group>)> = Vec::new();
    for chosen in &selection.groups {
        let group = &chosen.group;
        // A group without phases needs no login.
        if group.phases.is_empty() {
            run.add_bystanders(chosen.keep.iter().map(|record| (record, group)));
        } else {
            let exists = chosen.keep.iter();
            members.extend(exists.map(|record| Member::new(run, record.clone(), group.clone(), false)));
        }
        let stopped = chosen.start.iter().map(|record| super::nodes::node_of(record, group, None));
        let new = chosen.create.iter().map(|request| future_node(&request.name, group));
        future.extend(stopped.chain(new).map(|node| (node, group.clone())));
    }
    let members = connect::connect_new(run, members).await;
    let nodes = members.iter().map(Member::node).chain(future.iter().map(|(node, _)| node.clone()));
    let all = run.and_bystanders(nodes);
    let groups = selection.groups.iter().map(|chosen| &*chosen.group);
    let phases = select::expand(&select::phases(&run.request, groups));
    let planner = Arc::new(Planner { run: run.clone(), all, phases });
    let settled = asking::settle(run, members, |members| planner.settings(members, &future)).await;
    let members = settled.map_err(RunError::Input)?;
    let members = planner.all_existing(members).await.map_err(RunError::Input)?;
    for (node, group) in &future {
        planner.future(node, group).map_err(RunError::Input)?;
    }
    connect::close_all(members).await;
    match run.unknown_tag() {
        Some(failure) => Err(RunError::Input(vec![failure])),
        None => Ok(()),
    }
}

struct Planner {
    run: Arc<Run>,
    all: Arc<Vec<Node>>,
    phases: Vec<PhaseName>,
}

impl Planner {
    /// Publishes the settings of all nodes; for those without facts as far as it goes.
    fn settings(&self, members: &[Member], future: &[(Node, Arc<Group>)]) -> Result<(), Vec<Failure>> {
        let phase = PhaseName::new(standard::SETTINGS).expect("a valid name");
        let existing = members.iter().map(|member| (member.node(), &member.group));
        let new = future.iter().map(|(node, group)| (node.clone(), group));
        let bystanders = self.run.bystanders();
        let bystanders = bystanders.iter().map(|(node, group)| (node.clone(), group));
        for (node, group) in existing.chain(new).chain(bystanders) {
            let tentative = node.try_facts().is_none();
            phases::build(&self.run, Some(node), &self.all, group, &phase, tentative)
                .map_err(|error| phases::graph_failures(&error).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Builds all phases of a node as one graph, so that what one phase changes is known to the next.
    fn build(&self, node: &Node, group: &Group, phases: &[PhaseName]) -> Result<Built, Vec<Failure>> {
        let functions = phases.iter().filter_map(|phase| Some((phase, group.phases.get(phase)?.as_slice())));
        let context = Context {
            node: Some(node.clone()),
            nodes: self.all.clone(),
            settings: self.run.settings.clone(),
            published: self.run.published.clone(),
            asked: self.run.asked.clone(),
            admin: self.run.setup.admin.clone(),
            phase: phases
                .first()
                .cloned()
                .unwrap_or_else(|| PhaseName::new(standard::CONFIGURE).expect("valid")),
            tentative: node.try_facts().is_none(),
        };
        let built = phases::build_in(&self.run, &context, functions, group);
        built.map_err(|error| phases::graph_failures(&error).collect::<Vec<_>>())
    }

    /// Returns the phases that would run on a node, `bootstrap` first where it has not run.
    fn phases_of(&self, group: &Group, bootstrapped: bool) -> Vec<PhaseName> {
        let bootstrap = PhaseName::new(standard::BOOTSTRAP).expect("a valid name");
        let first = (!bootstrapped).then_some(bootstrap);
        let all = first.into_iter().chain(self.phases.iter().cloned());
        all.filter(|phase| group.phases.contains_key(phase)).collect()
    }

    /// Plans nodes that exist, side by side, and reports them in the order of their names.
    async fn all_existing(self: &Arc<Self>, members: Vec<Member>) -> Result<Vec<Member>, Vec<Failure>> {
        let permits = Arc::new(Semaphore::new(self.run.request.parallel.max(1)));
        let mut tasks = JoinSet::new();
        for mut member in members {
            let (planner, permits) = (self.clone(), permits.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire().await;
                let planned = planner.existing(&mut member).await;
                (member, planned)
            });
        }
        let mut ended = tasks.join_all().await;
        ended.sort_by(|(a, _), (b, _)| a.record.name.cmp(&b.record.name));
        let mut members = Vec::with_capacity(ended.len());
        for (member, planned) in ended {
            if let Some(event) = planned? {
                self.run.emit(&event);
            }
            members.push(member);
        }
        Ok(members)
    }

    /// Returns what there is to report of a node, if it could be planned.
    async fn existing(&self, member: &mut Member) -> Result<Option<Event>, Vec<Failure>> {
        let node = member.node();
        let name = member.record.name.clone();
        let phases = self.phases_of(&member.group, !connect::to_bootstrap(member));
        if member.live.is_none() {
            return Ok(None);
        }
        let mut built = self.build(&node, &member.group, &phases);
        for _ in 0..asking::ROUNDS {
            if !asking::ask(&self.run, member).await {
                break;
            }
            built = self.build(&node, &member.group, &phases);
        }
        let Built { graph, known_after } = built?;
        if self.run.has_failed(&name) {
            return Ok(None);
        }
        let Some(live) = &mut member.live else { return Ok(None) };
        let plan = match compare(&self.run, &graph, live, &Done::default()).await {
            Ok(plan) => plan,
            Err(CompareError::Failed(failure)) => {
                self.run.fail(&name, None, *failure);
                return Ok(None);
            }
            Err(CompareError::Doomed(doomed)) => {
                for doomed in doomed {
                    let failure = Failure::new(format!("{}: {}", doomed.label, doomed.problem.message))
                        .at(doomed.location)
                        .maybe_hint(doomed.problem.hint);
                    self.run.fail(&name, None, failure);
                }
                return Ok(None);
            }
        };
        let secrets = graph.secrets();
        let diffs = if self.run.request.diffs { self.diffs(&plan, live).await } else { HashMap::new() };
        let actions: Vec<PlannedAction> = plan
            .actions()
            .iter()
            .map(|planned| PlannedAction {
                action: label(graph.node(planned.id)),
                verdict: verdict(planned.verdict),
                changes: planned.diff.changes.clone(),
                // A file that is edited in part may contain a secret that another action put there.
                diff: diffs.get(&planned.id.0).map(|diff| apply::mask(diff.clone(), &secrets)),
                because: because(&graph, planned.id, planned.verdict),
            })
            .collect();
        let script = plan.script("").unwrap_or_default();
        let uploads = script.uploads().iter().map(Upload::size).sum::<u64>();
        let trips = u64::from(!plan.steps().is_empty()) + u64::from(!script.uploads().is_empty());
        let cost = Cost {
            round_trips: 1 + trips + if plan.is_split() { 2 } else { 0 },
            bytes: if plan.steps().is_empty() { 0 } else { script.render().len() as u64 + uploads },
            restarts: plan.actions().iter().filter(|planned| planned.diff.restarts).count() as u64,
        };
        Ok(Some(self.counted(&node, &phases, actions, known_after.map(describe), cost)))
    }

    fn future(&self, node: &Node, group: &Group) -> Result<(), Vec<Failure>> {
        let phases = self.phases_of(group, false);
        let Built { graph, known_after } = self.build(node, group, &phases)?;
        let actions = graph.in_order().map(|(id, action)| PlannedAction {
            action: label(action),
            verdict: if action.overridden_by().is_some() { Verdict::Unchanged } else { Verdict::Unknown },
            changes: Vec::new(),
            diff: None,
            because: because(&graph, id, plan::Verdict::Unchanged),
        });
        let event =
            self.counted(node, &phases, actions.collect(), known_after.map(describe), Cost::default());
        self.run.emit(&event);
        Ok(())
    }

    /// Counts what is planned for a node and returns the event that says it.
    fn counted(
        &self,
        node: &Node,
        phases: &[PhaseName],
        actions: Vec<PlannedAction>,
        known_after: Option<KnownAfter>,
        cost: Cost,
    ) -> Event {
        let mut counts = Counts::default();
        for action in &actions {
            match action.verdict {
                Verdict::Unchanged => counts.unchanged += 1,
                Verdict::Change => counts.changed += 1,
                Verdict::Unknown => counts.unknown += 1,
                Verdict::Refresh => counts.refreshed += 1,
            }
        }
        self.run.count(counts);
        let names: Vec<&str> = phases.iter().map(PhaseName::as_str).collect();
        Event::NodePlanned {
            node: node.name().to_string(),
            phase: names.join(", "),
            actions,
            known_after,
            cost,
        }
    }

    /// Fetches the contents that would be replaced and returns the differences, by action.
    async fn diffs(&self, plan: &Plan, live: &mut Live) -> HashMap<usize, String> {
        let shown = |diff: &Diff| -> Option<ContentChange> {
            let change = diff.content.clone()?;
            let small = change.before.is_none_or(|size| size <= DIFF_LIMIT);
            (small && change.after.as_ref().is_some_and(|after| after.len() as u64 <= DIFF_LIMIT))
                .then_some(change)
        };
        let wanted: Vec<(usize, ContentChange)> = plan
            .actions()
            .iter()
            .filter(|planned| planned.verdict != plan::Verdict::Unchanged)
            .filter_map(|planned| Some((planned.id.0, shown(&planned.diff)?)))
            .collect();
        let script = wanted.iter().filter(|(_, change)| change.before.is_some()).fold(
            Script::new(),
            |script, (id, change)| {
                // What an earlier action will make is not there yet.
                script
                    .code(format!("p_frame content {id}\ncat 2>/dev/null "))
                    .word(change.path.as_str())
                    .code("\n")
            },
        );
        let sections = if script == Script::new() {
            Vec::new()
        } else {
            live.shell.run(&script.render()).await.unwrap_or_default()
        };
        wanted.into_iter().filter_map(|(id, change)| Some((id, unified(id, &change, &sections)?))).collect()
    }
}

/// Returns the difference of a file's content, if both sides are text.
fn unified(id: usize, change: &ContentChange, sections: &[Section]) -> Option<String> {
    let header = format!("content {id}");
    let before = match change.before {
        None => &[],
        Some(_) => sections.iter().find(|section| section.header == header)?.body.as_slice(),
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.contains('\0'));
    let (before, after) = (text(before)?, text(change.after.as_deref()?)?);
    if before == after {
        return None;
    }
    let diff = similar::TextDiff::from_lines(&before, &after);
    Some(diff.unified_diff().context_radius(3).header(change.path.as_str(), change.path.as_str()).to_string())
}

/// Returns why a verdict is what it is, where that is not in the difference.
fn because(graph: &ActionGraph, id: ActionId, verdict: plan::Verdict) -> Option<String> {
    if let Some(by) = graph.node(id).overridden_by() {
        return Some(format!("overridden at {}", graph.node(by).location()));
    }
    match verdict {
        plan::Verdict::Unknown(by) if by == id => Some("only the node can tell".to_owned()),
        plan::Verdict::Unknown(by) => {
            let cause = graph.node(by);
            Some(format!("{} ({})", cause.label(), cause.location()))
        }
        _ => None,
    }
}

fn describe(known: pallet::graph::KnownAfter) -> KnownAfter {
    KnownAfter { what: known.what, source: known.location.to_string() }
}

fn verdict(verdict: plan::Verdict) -> Verdict {
    match verdict {
        plan::Verdict::Unchanged => Verdict::Unchanged,
        plan::Verdict::Change => Verdict::Change,
        plan::Verdict::Unknown(_) => Verdict::Unknown,
        plan::Verdict::Refresh => Verdict::Refresh,
    }
}

/// Returns an action for people.
pub(super) fn label(node: &ActionNode) -> ActionLabel {
    ActionLabel {
        kind: node.action().kind().to_owned(),
        subject: node.subject(),
        source: node.location().to_string(),
        phases: node.phases().to_vec(),
    }
}
