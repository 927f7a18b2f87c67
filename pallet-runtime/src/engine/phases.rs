//! Phases: building them, and running one on all its nodes.

use super::check::Mistakes;
use super::connect::{self, BOOTSTRAPPED, LoginAs};
use super::nodes::{Live, Member, Run, context, group_target};
use super::reboot::{self, Back};
use super::{apply, asking, planning};
use crate::event::{Counts, Event, Failure};
use crate::shell::RootShell;
use crate::transport::local::LocalTransport;
use crate::transport::{Terminal, Transport};
use pallet::actions::PublishFact;
use pallet::compute::{Endpoint, NodeId};
use pallet::conflicts;
use pallet::context::Context;
use pallet::graph::{ActionGraph, Built, GraphError, build_phases};
use pallet::name::{NodeName, PhaseName};
use pallet::plan::Done;
use pallet::spec::{Group, PhaseFn};
use pallet::{Node, standard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Runs the `settings` phase for all nodes, as far as it goes for those whose facts are not known. It touches none,
/// so it is nothing but a build.
///
/// # Errors
///
/// All mistakes of the phase.
pub(super) fn settings(run: &Run, members: &[Member]) -> Result<(), Vec<Failure>> {
    let phase = PhaseName::new(standard::SETTINGS).expect("a valid name");
    let all = run.and_bystanders(members.iter().map(Member::node));
    let mut mistakes = Mistakes::default();
    for member in members.iter().filter(|member| member.live.is_some()) {
        mistakes.check(build(run, Some(member.node()), &all, &member.group, &phase, false));
    }
    for (node, group) in run.bystanders() {
        mistakes.check(build(run, Some(node), &all, &group, &phase, true));
    }
    mistakes.finish()
}

/// Runs the `bootstrap` phase on nodes on which it has not run, and logs in as the admin user afterwards.
pub(super) async fn bootstrap(run: &Arc<Run>, members: Vec<Member>) -> Vec<Member> {
    let phase = PhaseName::new(standard::BOOTSTRAP).expect("a valid name");
    let (new, mut members): (Vec<_>, Vec<_>) = members.into_iter().partition(connect::to_bootstrap);
    let reached =
        |member: &&mut Member| member.live.is_some() && !member.record.tags.contains_key(BOOTSTRAPPED);
    flag(run, &phase, members.iter_mut().filter(reached)).await;
    if new.is_empty() {
        return members;
    }
    let new = run_phase(run, &phase, new).await;
    let (mut done, failed): (Vec<_>, Vec<_>) = new
        .into_iter()
        .partition(|member| !run.has_failed(&member.record.name) && !run.setup.cancel.is_set());
    members.extend(failed);
    let used_image_login: Vec<bool> = done.iter().map(connect::wants_image_login).collect();
    flag(run, &phase, done.iter_mut()).await;
    let mut again = Vec::new();
    for (mut member, used_image_login) in done.into_iter().zip(used_image_login) {
        if used_image_login {
            if let Some(live) = member.live.take() {
                live.close().await;
            }
            again.push(member);
        } else {
            members.push(member);
        }
    }
    members.extend(connect::connect_all(run, again, LoginAs::Admin).await);
    members.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    members
}

/// Flags nodes as bootstrapped: their `bootstrap` phase has run, or they have none and were reached.
async fn flag<'a>(run: &Run, phase: &PhaseName, members: impl Iterator<Item = &'a mut Member>) {
    let mut names = BTreeMap::new();
    for member in members {
        Arc::make_mut(&mut member.record).tags.insert(BOOTSTRAPPED.to_owned(), "1".to_owned());
        names.insert(member.record.id.clone(), member.record.name.clone());
    }
    let ids: Vec<NodeId> = names.keys().cloned().collect();
    for (id, error) in run.setup.service.tag_all(&ids, BOOTSTRAPPED, Some("1")).await {
        run.fail(&names[id], Some(phase), Failure::of(&error, error.hint.clone()));
    }
}

/// Runs one phase on all nodes whose group has it, and returns when all have ended.
pub(super) async fn run_phase(run: &Arc<Run>, phase: &PhaseName, members: Vec<Member>) -> Vec<Member> {
    let takes_part = |member: &Member| member.group.phases.contains_key(phase) && member.live.is_some();
    let all = run.and_bystanders(members.iter().map(Member::node));
    let (active, mut idle): (Vec<_>, Vec<_>) = members.into_iter().partition(takes_part);
    let active: Vec<Member> = active
        .into_iter()
        .filter_map(|member| {
            if run.has_failed(&member.record.name) {
                idle.push(member);
                None
            } else {
                Some(member)
            }
        })
        .collect();
    if active.is_empty() {
        return idle;
    }
    let started = Instant::now();
    let names = active.iter().map(|member| member.record.name.to_string()).collect();
    run.emit(&Event::PhaseStarted { phase: phase.to_string(), nodes: names });
    let permits = Arc::new(Semaphore::new(run.request.parallel.max(1)));
    let mut tasks = JoinSet::new();
    for mut member in active {
        let (run, phase, all, permits) = (run.clone(), phase.clone(), all.clone(), permits.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            if !run.setup.cancel.is_set() {
                run_on_node(&run, &phase, &mut member, &all).await;
            }
            member
        });
    }
    let mut members = connect::join(tasks).await;
    run.emit(&Event::PhaseFinished { phase: phase.to_string(), seconds: started.elapsed().as_secs_f64() });
    members.extend(idle);
    members.sort_by(|a, b| a.record.name.cmp(&b.record.name));
    members
}

async fn run_on_node(run: &Run, phase: &PhaseName, member: &mut Member, all: &Arc<Vec<Node>>) {
    let name = member.record.name.clone();
    let graph = match build_with_answers(run, phase, member, all).await {
        Ok(Built { graph, known_after: None }) => graph,
        Ok(Built { known_after: Some(known), .. }) => {
            let failure = Failure::new(format!("{} is not known", known.what)).at(known.location);
            return run.fail(&name, Some(phase), failure);
        }
        Err(error) => {
            for failure in graph_failures(&error) {
                run.fail(&name, Some(phase), failure);
            }
            return;
        }
    };
    if run.has_failed(&name) {
        return;
    }
    if let Some(failure) = reboot::refuse(&graph, member.record.endpoint.as_ref()) {
        return run.fail(&name, Some(phase), failure);
    }
    let back = Back::new(member, phase);
    let Some(live) = &mut member.live else { return };
    let counts = match converge_node(run, phase, name.as_str(), &graph, live, Some(&back)).await {
        Ok(counts) => counts,
        Err((counts, failure)) => {
            run.fail(&name, Some(phase), *failure);
            counts
        }
    };
    run.count(counts);
    run.emit(&Event::NodePhaseFinished { node: name.to_string(), phase: phase.to_string(), counts });
}

/// Builds a phase for a node, and again with what it asks the node for.
async fn build_with_answers(
    run: &Run,
    phase: &PhaseName,
    member: &mut Member,
    all: &Arc<Vec<Node>>,
) -> Result<Built, GraphError> {
    let mut built = build(run, Some(member.node()), all, &member.group, phase, false);
    for _ in 0..asking::ROUNDS {
        if !asking::ask(run, member).await {
            break;
        }
        built = build(run, Some(member.node()), all, &member.group, phase, false);
    }
    built
}

/// Probes, plans and applies.
async fn converge_node(
    run: &Run,
    phase: &PhaseName,
    node: &str,
    graph: &ActionGraph,
    live: &mut Live,
    back: Option<&Back>,
) -> Result<Counts, (Counts, Box<Failure>)> {
    let target = apply::Target { run, phase, node, graph };
    let mut counts = Counts::default();
    let mut done = Done::default();
    loop {
        let plan = match planning::compare(run, graph, live, &done).await {
            Ok(plan) => plan,
            Err(planning::CompareError::Doomed(doomed)) => {
                let (refused, failure) = target.refuse(&doomed, &done);
                counts += refused;
                return Err((counts, failure));
            }
            Err(planning::CompareError::Failed(failure)) => return Err((counts, failure)),
        };
        let before = done.clone();
        let applied = target.apply(&plan, live, &mut done).await;
        match applied {
            Ok(applied) => counts += applied,
            Err((applied, failure)) => {
                counts += applied;
                return Err((counts, failure));
            }
        }
        if let (Some(back), Some(reboot)) = (back, reboot::happens(&plan, graph, &done))
            && let Err(failure) = back.wait(run, live, reboot).await
        {
            return Err((counts, Box::new(failure)));
        }
        if !plan.is_split() {
            break;
        }
        if done.actions.len() == before.actions.len() {
            let failure = Failure::new("the rest of the phase needs a value that the node did not give");
            return Err((counts, Box::new(failure)));
        }
    }
    publish(run, node, graph, &done);
    Ok(counts)
}

/// Takes down the facts that a phase published.
fn publish(run: &Run, node: &str, graph: &ActionGraph, done: &Done) {
    let Ok(name) = NodeName::new(node) else { return };
    for (id, action) in graph.in_order() {
        let action: &dyn std::any::Any = action.action();
        if let (Some(fact), Some(value)) = (action.downcast_ref::<PublishFact>(), done.values.get(&id)) {
            run.published.put(name.clone(), fact.name(), String::from_utf8_lossy(value));
        }
    }
}

/// Runs a phase of a group, which has no node, on the controller.
pub(super) async fn run_group_phase(run: &Run, group: &Arc<Group>, phase: &'static str) {
    let phase = PhaseName::new(phase).expect("a valid name");
    if !group.phases.contains_key(&phase) {
        return;
    }
    let name = group_target(&group.name);
    let graph = match build(run, None, &Arc::new(Vec::new()), group, &phase, false) {
        Ok(built) => built.graph,
        Err(error) => {
            for failure in graph_failures(&error) {
                run.fail(&name, Some(&phase), failure);
            }
            return;
        }
    };
    if let Some(failure) = reboot::refuse(&graph, Some(&Endpoint::Local)) {
        return run.fail(&name, Some(&phase), failure);
    }
    run.emit(&Event::PhaseStarted { phase: phase.to_string(), nodes: vec![name.to_string()] });
    let ended = match controller_shell(run).await {
        Ok(mut live) => converge_node(run, &phase, name.as_str(), &graph, &mut live, None).await,
        Err(failure) => Err((Counts::default(), Box::new(failure))),
    };
    let counts = ended.unwrap_or_else(|(counts, failure)| {
        run.fail(&name, Some(&phase), *failure);
        counts
    });
    run.count(counts);
}

/// What actions leave on the controller belongs to the user who runs the program, not to root.
const CONTROLLER_STATE: &str = "p_lib=${XDG_STATE_HOME:-$HOME/.local/state}/pallet/controller\n";

/// A shell on the controller, as the user who runs the program.
async fn controller_shell(run: &Run) -> Result<Live, Failure> {
    let transport = LocalTransport;
    let channel = transport.open("exec sh", Terminal::None).await;
    let channel = channel.map_err(|error| Failure::new(&error.message).maybe_hint(error.hint))?;
    let token = crate::shell::random_token().map_err(|error| Failure::new(error.to_string()))?;
    let mut shell = RootShell::new(channel, token, run.traffic.clone());
    let facts = connect::read_facts_in(&mut shell, CONTROLLER_STATE).await?;
    Ok(Live { transport: Box::new(transport), shell, facts: Arc::new(facts) })
}

/// Builds a phase of a group for a node.
pub(super) fn build(
    run: &Run,
    node: Option<Node>,
    all: &Arc<Vec<Node>>,
    group: &Group,
    phase: &PhaseName,
    tentative: bool,
) -> Result<Built, GraphError> {
    let functions = group.phases.get(phase).map_or(&[][..], Vec::as_slice);
    build_in(run, &context(run, node, all, phase, tentative), [(phase, functions)], group)
}

/// Builds phases of a group as one graph, as far as the tags of the request select.
pub(super) fn build_in<'a>(
    run: &Run,
    context: &Context,
    phases: impl IntoIterator<Item = (&'a PhaseName, &'a [PhaseFn])>,
    group: &Group,
) -> Result<Built, GraphError> {
    let mut built = build_phases(context, phases, group.location)?;
    run.see_tags(built.graph.in_order().flat_map(|(_, node)| node.how().tags()));
    built.graph.select(&run.request.tags, &run.request.skip_tags);
    run.local_files.read(&built.graph, context);
    conflicts::check(&built.graph)?;
    Ok(built)
}

pub(super) fn graph_failures(error: &GraphError) -> impl Iterator<Item = Failure> + '_ {
    error.mistakes.iter().map(|mistake| {
        let other = mistake.other.map(|(location, role)| format!(" ({role} {location})")).unwrap_or_default();
        Failure::new(format!("{}{other}", mistake.message))
            .at(mistake.location)
            .maybe_hint(mistake.hint.map(str::to_owned))
    })
}
