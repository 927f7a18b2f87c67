//! The last words of a run: failures first, then what changed, then the numbers.

use super::record::{FinishedAction, NodeFailure, Record};
use super::{Paint, text};
use crate::event::{ActionLabel, ActionOutcome, Failure, Summary, Verb};
use std::collections::HashMap;
use std::fmt::Write;

/// How many nodes a line names before it counts the rest.
const NAMED: usize = 8;
/// How many lines of a node's output are shown with a failure.
const OUTPUT_LINES: usize = 10;
/// How many changes are listed before the rest is counted.
const CHANGES: usize = 40;

/// The command line that runs the same again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retry(pub String);

/// Returns the end of a report on a run.
pub fn summary_text(record: &Record, summary: &Summary, retry: &Retry, paint: Paint) -> String {
    let mut out = String::new();
    failures(&mut out, record, paint);
    changes(&mut out, record, paint);
    let _ = writeln!(out, "{}", numbers(record, summary, paint));
    if !summary.ok && !retry.0.is_empty() {
        let _ = writeln!(out, "retry: {}", text::clean(&retry.0));
    }
    out
}

/// A failure as it happened alike on several nodes.
struct Alike<'a> {
    action: Option<&'a ActionLabel>,
    phase: Option<&'a str>,
    failure: &'a Failure,
    nodes: Vec<&'a str>,
}

impl<'a> Alike<'a> {
    fn of_action(finished: &'a FinishedAction) -> Option<Self> {
        let ActionOutcome::Failed(failure) = &finished.outcome else { return None };
        Some(Alike {
            action: Some(&finished.action),
            phase: Some(&finished.phase),
            failure,
            nodes: vec![&finished.node],
        })
    }

    fn of_node(failed: &'a NodeFailure) -> Self {
        Alike {
            action: None,
            phase: failed.phase.as_deref(),
            failure: &failed.failure,
            nodes: vec![&failed.node],
        }
    }

    /// Returns what it has in common with others like it. What the nodes wrote may differ in times and process numbers.
    fn likeness(&self) -> Likeness<'a> {
        let Failure { message, source, hint, output: _ } = self.failure;
        // A message about a node names it, which is no difference between nodes.
        let message = self.nodes.iter().fold(message.clone(), |text, node| text.replace(node, "\0"));
        Likeness {
            action: self.action,
            phase: self.phase,
            message,
            source: source.as_deref(),
            hint: hint.as_deref(),
        }
    }
}

/// What failures on several nodes have in common.
#[derive(PartialEq, Eq, Hash)]
struct Likeness<'a> {
    action: Option<&'a ActionLabel>,
    phase: Option<&'a str>,
    message: String,
    source: Option<&'a str>,
    hint: Option<&'a str>,
}

fn failures(out: &mut String, record: &Record, paint: Paint) {
    let actions = record.actions.iter().filter_map(Alike::of_action);
    let nodes = record.failures_apart().map(Alike::of_node);
    let mut groups: Vec<Alike<'_>> = Vec::new();
    let mut places: HashMap<Likeness<'_>, usize> = HashMap::new();
    for failure in actions.chain(nodes) {
        let place = *places.entry(failure.likeness()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.nodes.extend(failure.nodes),
            None => groups.push(failure),
        }
    }
    for group in &groups {
        failure(out, record, group, paint);
        out.push('\n');
    }
}

fn failure(out: &mut String, record: &Record, alike: &Alike<'_>, paint: Paint) {
    let source = alike.action.map(|action| &action.source).or(alike.failure.source.as_ref());
    let what =
        alike.action.map(|action| format!("{} on ", paint.bold(&text::action(action)))).unwrap_or_default();
    let nodes = text::names(alike.nodes.iter().copied(), NAMED);
    let phase = alike.phase.map(|phase| format!(" in {}", text::clean(phase))).unwrap_or_default();
    let _ = writeln!(out, "{} {what}{nodes}{phase}", paint.bad("failed:"));
    if let Some(source) = source {
        let _ = writeln!(out, "  {} {}", paint.dim("-->"), text::clean(source));
    }
    let message = &alike.failure.message;
    let message = alike.action.map_or(message.as_str(), |action| text::about(message, action));
    let _ = writeln!(out, "  {}", text::clean(message));
    let output = &alike.failure.output;
    for line in &output[output.len().saturating_sub(OUTPUT_LINES)..] {
        let _ = writeln!(
            out,
            "  {} {}",
            paint.dim(&format!("{} |", text::clean(alike.nodes[0]))),
            text::clean(line)
        );
    }
    if let Some(hint) = &alike.failure.hint {
        let _ = writeln!(out, "  {} {}", paint.good("hint:"), text::clean(hint));
    }
    let skipped: u64 =
        alike.nodes.iter().filter_map(|node| record.skipped.get(*node)).map(|(count, _)| count).sum();
    if skipped > 0 {
        let _ = writeln!(out, "  {} not tried after it", text::count(skipped, "action"));
    }
}

fn changes(out: &mut String, record: &Record, paint: Paint) {
    let mut groups: Vec<(&FinishedAction, Vec<&str>)> = Vec::new();
    let mut places: HashMap<(&ActionLabel, &str), usize> = HashMap::new();
    let changed = |action: &&FinishedAction| matches!(action.outcome, ActionOutcome::Changed { .. });
    for action in record.actions.iter().filter(changed) {
        let place = *places.entry((&action.action, &action.phase)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, nodes)) => nodes.push(&action.node),
            None => groups.push((action, vec![&action.node])),
        }
    }
    // What changed on one node alone was told line by line; of several it is put together here.
    let mut nodes = groups.iter().flat_map(|(_, nodes)| nodes);
    let first = nodes.next();
    if nodes.all(|node| Some(node) == first) {
        return;
    }
    let _ = writeln!(out, "{}", paint.bold("changed:"));
    for (action, nodes) in groups.iter().take(CHANGES) {
        let what = text::action(&action.action);
        let source = paint.dim(&text::clean(&action.action.source));
        let _ = writeln!(
            out,
            "  {} {what} on {}  {source}",
            paint.change("~"),
            text::names(nodes.iter().copied(), NAMED)
        );
    }
    if let Some(more) = groups.len().checked_sub(CHANGES).filter(|more| *more > 0) {
        let _ = writeln!(out, "  and {more} more");
    }
    out.push('\n');
}

/// Returns the run in one line.
fn numbers(record: &Record, summary: &Summary, paint: Paint) -> String {
    let verdict = match (summary.ok, is_idle(summary)) {
        (false, _) => paint.bad(&format!("{} failed on {}", summary.verb.word(), failed_nodes(summary))),
        (true, true) => paint.good(idle_words(summary.verb)),
        (true, false) => paint.good(&format!("{} done", summary.verb.word())),
    };
    let cost = format!(
        "{}, {} sent, {}",
        text::count(summary.round_trips, "round trip"),
        text::bytes(summary.bytes_sent),
        text::duration(summary.seconds)
    );
    let nodes = text::count(record.kept + record.intents.len() as u64, "node");
    format!("{verdict}: {}; {nodes}, {cost}", tallies(summary))
}

fn failed_nodes(summary: &Summary) -> String {
    match summary.failed_nodes.len() {
        0 => "no node".to_owned(),
        _ => text::names(summary.failed_nodes.iter().map(String::as_str), NAMED),
    }
}

fn is_idle(summary: &Summary) -> bool {
    summary.created + summary.destroyed + summary.counts.changed == 0
}

fn idle_words(verb: Verb) -> &'static str {
    match verb {
        Verb::Destroy => "nothing to destroy",
        _ => "nothing changed",
    }
}

/// Numbers that are zero say nothing.
fn tallies(summary: &Summary) -> String {
    let counts = &summary.counts;
    let all = [
        (summary.created, "created"),
        (summary.destroyed, "destroyed"),
        (counts.changed, "changed"),
        (counts.refreshed, "refreshed"),
        (counts.unchanged, "unchanged"),
        (counts.failed, "failed"),
        (counts.ignored, "failed without harm"),
        (counts.skipped, "skipped"),
    ];
    let said: Vec<String> = all
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if said.is_empty() { "no actions".to_owned() } else { said.join(", ") }
}
