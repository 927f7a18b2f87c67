//! A plan as text: the nodes that come and go, then the actions of each phase with their differences, once for
//! all nodes whose plans are alike.

use super::record::{NodePlan, Record};
use super::{Paint, text};
use crate::event::{Cost, Intent, KnownAfter, NodeIntent, PlannedAction, Summary, Verdict};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many nodes a line names before it counts the rest.
const NAMED: usize = 8;

/// Returns the plan of a run as text.
pub fn plan_text(record: &Record, summary: &Summary, paint: Paint) -> String {
    let mut out = String::new();
    nodes(&mut out, record, paint);
    for (nodes, plans) in alike(record) {
        node_plan(&mut out, record, &nodes, &plans, paint);
    }
    let _ = writeln!(out, "{}", conclusion(record, summary, paint));
    out
}

/// Nodes of a group to which the same is done share a line. Those that go away are all named.
fn nodes(out: &mut String, record: &Record, paint: Paint) {
    let mut groups: Vec<(&NodeIntent, Vec<&str>)> = Vec::new();
    for intent in &record.intents {
        let same = |(first, _): &&mut (&NodeIntent, Vec<&str>)| {
            (first.intent, &first.group, &first.spec) == (intent.intent, &intent.group, &intent.spec)
        };
        match groups.iter_mut().find(same) {
            Some((_, nodes)) => nodes.push(&intent.node),
            None => groups.push((intent, vec![&intent.node])),
        }
    }
    let lines: Vec<String> =
        groups.iter().filter_map(|(intent, nodes)| node_line(intent, nodes, paint)).collect();
    if !lines.is_empty() {
        let _ = writeln!(out, "{}\n{}\n", paint.bold("nodes"), lines.join("\n"));
    }
}

fn node_line(intent: &NodeIntent, nodes: &[&str], paint: Paint) -> Option<String> {
    let (sign, word, limit) = match intent.intent {
        Intent::Create => (paint.good("+"), "create", NAMED),
        Intent::Start => (paint.change(">"), "start", NAMED),
        Intent::Destroy => (paint.bad("-"), "destroy", nodes.len()),
        Intent::Keep => return None,
    };
    let names = text::names(nodes.iter().copied(), limit);
    let spec = intent.spec.as_ref().map(|spec| format!(" from {}", text::clean(spec))).unwrap_or_default();
    Some(format!("  {sign} {names} ({word}, group {}{spec})", text::clean(&intent.group)))
}

/// Returns the plans of nodes, together where they say the same, in the order of the first of them.
fn alike(record: &Record) -> Vec<(Vec<&str>, Vec<&NodePlan>)> {
    let mut by_node: Vec<(&str, Vec<&NodePlan>)> = Vec::new();
    for plan in &record.plans {
        match by_node.iter_mut().find(|(node, _)| *node == plan.node) {
            Some((_, plans)) => plans.push(plan),
            None => by_node.push((&plan.node, vec![plan])),
        }
    }
    let mut groups: Vec<(Vec<&str>, Vec<&NodePlan>)> = Vec::new();
    for (node, plans) in by_node {
        let is_new = is_new(record, node);
        let same = |group: &&mut (Vec<&str>, Vec<&NodePlan>)| {
            is_new == self::is_new(record, group.0[0]) && say_the_same(&group.1, &plans)
        };
        match groups.iter_mut().find(same) {
            Some((nodes, _)) => nodes.push(node),
            None => groups.push((vec![node], plans)),
        }
    }
    groups
}

fn is_new(record: &Record, node: &str) -> bool {
    record.intents.iter().any(|intent| intent.node == node && intent.intent == Intent::Create)
}

/// The cost is no part of it: it is added up over all nodes.
fn say_the_same(one: &[&NodePlan], other: &[&NodePlan]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| a.phase == b.phase && a.actions == b.actions && a.known_after == b.known_after)
}

fn node_plan(out: &mut String, record: &Record, nodes: &[&str], plans: &[&NodePlan], paint: Paint) {
    if plans.iter().all(|plan| plan.known_after.is_none() && plan.actions.iter().all(is_unchanged)) {
        return;
    }
    let new = is_new(record, nodes[0]);
    let _ = writeln!(out, "{}", paint.bold(&text::names(nodes.iter().copied(), NAMED)));
    for plan in plans {
        phase(out, plan, new, paint);
    }
    out.push('\n');
}

fn phase(out: &mut String, plan: &NodePlan, new: bool, paint: Paint) {
    let unchanged = plan.actions.iter().filter(|action| is_unchanged(action)).count();
    if unchanged == plan.actions.len() && plan.known_after.is_none() {
        return;
    }
    let _ = writeln!(out, "  {}", text::clean(&plan.phase));
    for planned in plan.actions.iter().filter(|action| !is_unchanged(action)) {
        action(out, planned, new, paint);
    }
    if let Some(known_after) = &plan.known_after {
        stop(out, known_after, paint);
    }
    if unchanged > 0 {
        let _ = writeln!(out, "    {}", paint.dim(&format!("({unchanged} unchanged)")));
    }
}

fn is_unchanged(action: &PlannedAction) -> bool {
    action.verdict == Verdict::Unchanged
}

fn action(out: &mut String, planned: &PlannedAction, new: bool, paint: Paint) {
    let sign = match planned.verdict {
        Verdict::Change if new => paint.good("+"),
        Verdict::Change => paint.change("~"),
        Verdict::Unknown => paint.unknown("?"),
        Verdict::Refresh => paint.dim("*"),
        Verdict::Unchanged => " ".to_owned(),
    };
    let source = paint.dim(&text::clean(&planned.action.source));
    let _ = writeln!(out, "    {sign} {}  {source}", text::action(&planned.action));
    for change in &planned.changes {
        let _ = writeln!(out, "        {}", text::clean(change));
    }
    if let Some(because) = &planned.because {
        let _ = writeln!(out, "        {} {}", paint.unknown("depends on"), text::clean(because));
    }
    for line in planned.diff.iter().flat_map(|diff| diff.lines()) {
        let _ = writeln!(out, "        {}", diff_line(line, paint));
    }
}

fn diff_line(line: &str, paint: Paint) -> String {
    let shown = text::clean(line);
    match line.as_bytes().first() {
        _ if line.starts_with("--- ") || line.starts_with("+++ ") => paint.dim(&shown),
        Some(b'+') => paint.good(&shown),
        Some(b'-') => paint.bad(&shown),
        Some(b'@') => paint.dim(&shown),
        _ => shown.into_owned(),
    }
}

fn stop(out: &mut String, known_after: &KnownAfter, paint: Paint) {
    let what = text::clean(&known_after.what);
    let source = paint.dim(&text::clean(&known_after.source));
    let _ = writeln!(
        out,
        "    {} the rest is known after creation: it needs {what}  {source}",
        paint.unknown("?")
    );
}

fn conclusion(record: &Record, summary: &Summary, paint: Paint) -> String {
    if !summary.ok && !record.would_change() {
        return paint.bad("No plan for the nodes that failed; no changes on the others.");
    }
    if !record.would_change() {
        let refreshes = match summary.counts.refreshed {
            0 => String::new(),
            number => format!(" ({})", text::count(number, "refresh").replace("refreshs", "refreshes")),
        };
        return format!("{}{refreshes}", paint.good("No changes."));
    }
    let total = total_cost(record);
    format!(
        "Plan: {}.\nCost: {}, {}, {}.",
        tallies(record, summary),
        text::count(total.round_trips, "round trip"),
        text::bytes(total.bytes),
        text::count(total.restarts, "restart")
    )
}

fn tallies(record: &Record, summary: &Summary) -> String {
    let mut intents: BTreeMap<&str, u64> = BTreeMap::new();
    for intent in &record.intents {
        let word = match intent.intent {
            Intent::Create => "to create",
            Intent::Start => "to start",
            Intent::Destroy => "to destroy",
            Intent::Keep => continue,
        };
        *intents.entry(word).or_default() += 1;
    }
    let nodes = intents.iter().map(|(word, number)| format!("{} {word}", text::count(*number, "node")));
    let counts = &summary.counts;
    let actions =
        [(counts.changed, "to change"), (counts.unknown, "not known yet"), (counts.refreshed, "to refresh")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{} {word}", text::count(number, "action")));
    let stopped = record.plans.iter().filter(|plan| plan.known_after.is_some()).count();
    let stopped =
        (stopped > 0).then(|| format!("{} known after creation", text::count(stopped as u64, "plan")));
    nodes.chain(actions).chain(stopped).collect::<Vec<_>>().join(", ")
}

fn total_cost(record: &Record) -> Cost {
    record.plans.iter().fold(Cost::default(), |total, plan| Cost {
        round_trips: total.round_trips + plan.cost.round_trips,
        bytes: total.bytes + plan.cost.bytes,
        restarts: total.restarts + plan.cost.restarts,
    })
}
