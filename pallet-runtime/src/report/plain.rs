//! A run as plain lines, for logs and pipes. Each line begins with a word that says what it is about, then the
//! node; the words and their order are stable, so that `grep` and `awk` can rely on them.

use super::board::{work_done_word, work_word};
use super::record::Record;
use super::summary::{Retry, summary_text};
use super::{Paint, Reporter, Sink, lock, plan_text, text, write};
use crate::event::{ActionOutcome, Event, Intent, Listener, Summary, Verb};
use std::sync::Mutex;

/// Writes plain lines.
pub struct PlainReporter {
    out: Sink,
    record: Mutex<Record>,
    retry: Retry,
    paint: Paint,
    verbose: bool,
}

impl PlainReporter {
    /// Returns a reporter that writes to `out`. With `verbose`, also what actions write.
    pub fn new(out: Sink, retry: Retry, paint: Paint, verbose: bool) -> Self {
        PlainReporter { out, record: Mutex::default(), retry, paint, verbose }
    }
}

impl Listener for PlainReporter {
    fn event(&self, event: &Event) {
        let mut record = lock(&self.record);
        record.add(event);
        if let Some(text) = line(event, self.verbose) {
            write(&self.out, &format!("{text}\n"));
        }
        if let Event::Finished(summary) = event {
            write(&self.out, &format!("\n{}", closing(&record, summary, &self.retry, self.paint)));
        }
    }
}

impl Reporter for PlainReporter {
    fn end(&self) {}

    fn suspend(&self, question: &mut dyn FnMut()) {
        question();
    }
}

/// Returns what stands at the end of a report for people: the plan, or the summary.
pub(crate) fn closing(record: &Record, summary: &Summary, retry: &Retry, paint: Paint) -> String {
    let plan = match summary.verb {
        Verb::Plan => plan_text(record, summary, paint),
        _ => String::new(),
    };
    // A plan that went well has said all; one that failed on a node says which besides.
    let words = match (summary.verb, summary.ok) {
        (Verb::Plan, true) => String::new(),
        _ => summary_text(record, summary, retry, paint),
    };
    plan + &words
}

fn line(event: &Event, verbose: bool) -> Option<String> {
    let line = match event {
        Event::Started { verb, service, .. } => format!("started {} service={service}", verb.word()),
        Event::Notice { node, message } => format!("note {} {message}", node.as_deref().unwrap_or("-")),
        Event::Inventory { nodes } => return inventory(nodes),
        Event::NodeWork { node, work, step } => format!("node {node} {} {step}", work_word(*work)),
        Event::NodeDone { node, work, address, seconds } => {
            let address = address.as_deref().unwrap_or("-");
            format!("node {node} {} {address} {}", work_done_word(*work), text::duration(*seconds))
        }
        Event::Connected { node, os, seconds } => {
            format!("node {node} connected {} {os}", text::duration(*seconds))
        }
        Event::PhaseStarted { phase, nodes } => format!("phase {phase} started nodes={}", nodes.len()),
        Event::PhaseFinished { phase, seconds } => {
            format!("phase {phase} finished {}", text::duration(*seconds))
        }
        Event::ActionOutput { node, line, .. } if verbose => format!("output {node} {line}"),
        Event::ActionFinished { node, phase, action, outcome, seconds, .. } => {
            let (word, detail) = outcome_words(outcome);
            let detail =
                if detail.is_empty() { detail } else { format!(": {}", text::about(&detail, action)) };
            let (kind, subject, source) = (&action.kind, &action.subject, &action.source);
            let time = text::duration(*seconds);
            format!("action {node} {phase} {word} {kind} {subject} {time} {source}{detail}")
        }
        Event::NodeFailed { node, phase, failure } => {
            format!("failed {node} {}: {}", phase.as_deref().unwrap_or("-"), failure.message)
        }
        Event::NodePhaseFinished { node, phase, counts } => format!(
            "node {node} finished {phase} changed={} unchanged={} refreshed={} failed={} skipped={} ignored={}",
            counts.changed, counts.unchanged, counts.refreshed, counts.failed, counts.skipped, counts.ignored
        ),
        Event::ActionStarted { .. }
        | Event::ActionOutput { .. }
        | Event::NodePlanned { .. }
        | Event::Finished(_) => return None,
    };
    Some(text::clean(line.trim_end()).into_owned())
}

fn inventory(nodes: &[crate::event::NodeIntent]) -> Option<String> {
    let mut lines = String::new();
    for intent in nodes {
        let word = match intent.intent {
            Intent::Create => "to-create",
            Intent::Start => "to-start",
            Intent::Keep => "exists",
            Intent::Destroy => "to-destroy",
        };
        let parts =
            ["node ", &text::clean(&intent.node), " ", word, " group=", &text::clean(&intent.group), "\n"];
        parts.into_iter().for_each(|part| lines.push_str(part));
    }
    lines.pop().map(|_| lines)
}

/// Returns how an action ended, as one word and what is to be said about it.
pub(crate) fn outcome_words(outcome: &ActionOutcome) -> (&'static str, String) {
    match outcome {
        ActionOutcome::Unchanged => ("unchanged", String::new()),
        ActionOutcome::Changed { changes } => ("changed", changes.join("; ")),
        ActionOutcome::Refreshed => ("refreshed", String::new()),
        ActionOutcome::Failed(failure) => ("failed", failure.message.clone()),
        ActionOutcome::Ignored(failure) => ("ignored", failure.message.clone()),
        ActionOutcome::Skipped { because } => ("skipped", because.clone()),
    }
}
