//! Applying a plan on one node: one script, whose marks become events as they come.

use super::fetch::Fetched;
use super::nodes::{Live, Run};
use super::{connect, planning, upload};
use crate::event::{ActionOutcome, Counts, Event, Failure};
use crate::shell::{Item, ShellError, random_token, visible};
use pallet::Secret;
use pallet::graph::{ActionGraph, ActionId};
use pallet::name::PhaseName;
use pallet::plan::{Done, Doomed, Plan, Planned, Verdict};
use pallet::sorted::{Map, Set};
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// How many lines of an action's output a failure repeats.
const LAST_LINES: usize = 20;

/// A value larger than this is not taken from a node.
const VALUE_LIMIT: usize = 16 << 20;

/// A line longer than this is shown in parts.
const LINE_LIMIT: usize = 4 << 10;

/// A phase on one node.
pub(super) struct Target<'a> {
    pub(super) run: &'a Run,
    pub(super) phase: &'a PhaseName,
    pub(super) node: &'a str,
    pub(super) graph: &'a ActionGraph,
}

type Applied = Result<Counts, (Counts, Box<Failure>)>;

impl Target<'_> {
    /// Reports a plan with actions that are certain to fail. Nothing is applied.
    pub(super) fn refuse(&self, doomed: &[Doomed], done: &Done) -> (Counts, Box<Failure>) {
        let mut counts = Counts::default();
        let order: Vec<ActionId> = self.graph.in_order().map(|(id, _)| id).collect();
        let mut first = None;
        for (index, id) in order.iter().enumerate().filter(|(_, id)| !done.actions.contains(id)) {
            let outcome = match doomed.iter().find(|doomed| doomed.id == *id) {
                Some(doomed) => {
                    counts.failed += 1;
                    let failure = Failure::new(format!("{}: {}", doomed.label, doomed.problem.message))
                        .at(doomed.location)
                        .maybe_hint(doomed.problem.hint.clone());
                    first.get_or_insert_with(|| failure.clone());
                    ActionOutcome::Failed(failure)
                }
                None => {
                    counts.skipped += 1;
                    let because = "another action of the phase is certain to fail".to_owned();
                    ActionOutcome::Skipped { because }
                }
            };
            self.finished(index, *id, outcome, 0.0);
        }
        (counts, Box::new(first.unwrap_or_else(|| Failure::new("the phase cannot be applied"))))
    }

    /// Applies a plan as far as its steps reach, and takes down what was done.
    pub(super) async fn apply(&self, plan: &Plan, live: &mut Live, done: &mut Done) -> Applied {
        let mut progress = Progress::new(self, plan);
        progress.report_unchanged();
        let nonce = match random_token() {
            Ok(nonce) => nonce,
            Err(error) => return Err((progress.counts, Box::new(Failure::new(error.to_string())))),
        };
        let Some(script) = plan.script(&nonce) else { return progress.end(Ok(()), done) };
        let uploads = script.uploads();
        let mut rendered = script.render();
        if !uploads.is_empty() {
            if let Err(failure) = upload::send(live, uploads, &self.run.traffic).await {
                progress.failure = Some(failure);
                return progress.end(Ok(()), done);
            }
            rendered = upload::around(&rendered);
        }
        let ended = live
            .shell
            .stream(b"", &rendered, |item| {
                progress.take(item);
                Ok(())
            })
            .await;
        progress.end(ended, done)
    }

    fn finished(&self, index: usize, id: ActionId, outcome: ActionOutcome, seconds: f64) {
        self.run.emit(&Event::ActionFinished {
            node: self.node.to_owned(),
            phase: self.phase.to_string(),
            index,
            action: planning::label(self.graph.node(id)),
            outcome,
            seconds,
        });
    }
}

/// Returns a text without secrets: a command may print what it was given. A secret of several lines is masked line by
/// line.
pub(super) fn mask(text: String, secrets: &[Secret]) -> String {
    let lines = secrets.iter().flat_map(|secret| secret.expose().lines());
    lines
        .map(str::trim)
        .filter(|secret| !secret.is_empty())
        .fold(text, |text, secret| text.replace(secret, "***"))
}

/// What the marks of an apply script have said so far.
struct Progress<'a> {
    target: &'a Target<'a>,
    plan: &'a Plan,
    index: HashMap<ActionId, usize>,
    counts: Counts,
    /// The actions of the step that runs.
    current: Vec<ActionId>,
    since: Instant,
    done: Set<ActionId>,
    changed: Set<ActionId>,
    /// The value that is being told.
    telling: Option<ActionId>,
    values: Map<ActionId, Vec<u8>>,
    fetched: Fetched,
    partial: Vec<u8>,
    last: VecDeque<String>,
    failure: Option<Failure>,
    secrets: Vec<Secret>,
}

impl<'a> Progress<'a> {
    fn new(target: &'a Target<'a>, plan: &'a Plan) -> Self {
        Progress {
            target,
            plan,
            index: target.graph.in_order().enumerate().map(|(index, (id, _))| (id, index)).collect(),
            counts: Counts::default(),
            current: Vec::new(),
            since: Instant::now(),
            done: Set::new(),
            changed: Set::new(),
            telling: None,
            values: plan.values().clone(),
            fetched: Fetched::default(),
            partial: Vec::new(),
            last: VecDeque::new(),
            failure: None,
            secrets: target.graph.secrets(),
        }
    }

    /// Reports what the plan leaves alone, which is known before anything runs.
    fn report_unchanged(&mut self) {
        let in_steps: Set<ActionId> =
            self.plan.steps().iter().flat_map(|step| step.ids.iter().copied()).collect();
        for planned in self.reached().iter().filter(|planned| !in_steps.contains(&planned.id)) {
            self.finish(planned.id, ActionOutcome::Unchanged, 0.0);
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Bytes(bytes) => match self.telling {
                Some(id) => self.tell(id, &bytes),
                None if self.fetched.take(&bytes) => {}
                None => self.output(&bytes),
            },
            Item::Mark(mark) => {
                self.flush_line();
                self.telling = None;
                self.fetched.end();
                match mark.split_once(' ').unwrap_or((&mark, "")) {
                    ("start", ids) => self.start(ids),
                    ("end", words) => self.end_step(words),
                    ("value", id) => self.telling = self.known_value(id),
                    ("fetch", id) => self.fetch(id),
                    ("bytes", words) => self.content(words),
                    ("broken", _) => self.broken(),
                    // The node sends nothing else; what it forges beyond that has no meaning.
                    _ => {}
                }
            }
        }
    }

    fn start(&mut self, ids: &str) {
        self.current = self.known_ids(ids).collect();
        self.since = Instant::now();
        self.last.clear();
        if let Some(id) = self.current.first() {
            self.target.run.emit(&Event::ActionStarted {
                node: self.target.node.to_owned(),
                phase: self.target.phase.to_string(),
                index: self.index[id],
                of: self.index.len(),
                action: planning::label(self.target.graph.node(*id)),
            });
        }
    }

    /// `end STATUS ID...`: the ids are those that changed something.
    fn end_step(&mut self, words: &str) {
        let (status, changed) = words.split_once(' ').unwrap_or((words, ""));
        let changed: Set<ActionId> = self.known_ids(changed).collect();
        let seconds = self.since.elapsed().as_secs_f64();
        for id in std::mem::take(&mut self.current) {
            let failure = match status {
                "0" if changed.contains(&id) => self.settle(id).err(),
                "0" => None,
                _ => Some(self.failed(id, "")),
            };
            let outcome = match failure {
                Some(failure) if self.target.graph.node(id).how().ignores_failure() => {
                    ActionOutcome::Ignored(failure)
                }
                Some(failure) => {
                    self.failure.get_or_insert_with(|| failure.clone());
                    ActionOutcome::Failed(failure)
                }
                None if changed.contains(&id) => {
                    self.changed.insert(id);
                    self.changed(id)
                }
                None => ActionOutcome::Unchanged,
            };
            self.finish(id, outcome, seconds);
        }
    }

    /// `fetch ID`: the action begins to send what comes to the controller.
    fn fetch(&mut self, id: &str) {
        if let Some(id) = self.sender(id) {
            self.fetched.begin(id, self.target.graph.node(id));
        }
    }

    /// `bytes ID SIZE`: a content of the action follows.
    fn content(&mut self, words: &str) {
        let (id, size) = words.split_once(' ').unwrap_or((words, ""));
        if let (Some(id), Ok(size)) = (self.sender(id), size.parse()) {
            self.fetched.content(id, size);
        }
    }

    /// Returns the action in a mark, if it is the one that runs.
    fn sender(&self, id: &str) -> Option<ActionId> {
        self.known_value(id).filter(|id| self.current.contains(id))
    }

    /// Puts into place what an action that has ended well sent to the controller.
    fn settle(&mut self, id: ActionId) -> Result<(), Failure> {
        let Some(planned) = self.plan.actions().iter().find(|planned| planned.id == id) else {
            return Ok(());
        };
        self.fetched.settle(id, self.target.graph.node(id), &planned.diff)
    }

    fn changed(&self, id: ActionId) -> ActionOutcome {
        let planned = self.plan.actions().iter().find(|planned| planned.id == id);
        let Some(planned) = planned else { return ActionOutcome::Changed { changes: Vec::new() } };
        match planned.verdict {
            Verdict::Refresh => ActionOutcome::Refreshed,
            // The node found out by itself what there was to do; what the plan expected may not be it.
            Verdict::Unknown(_) => ActionOutcome::Changed { changes: Vec::new() },
            _ => ActionOutcome::Changed { changes: planned.diff.changes.clone() },
        }
    }

    /// The state directory could not be made ready, so nothing was tried.
    fn broken(&mut self) {
        let said = self.last.back().cloned().unwrap_or_default();
        let failure = Failure::new(format!("cannot write /var/lib/pallet: {said}"))
            .hint("is the disk full or mounted read-only?");
        self.failure = Some(failure);
    }

    fn end(mut self, ended: Result<(), ShellError>, done: &mut Done) -> Applied {
        self.flush_line();
        if let Err(error) = &ended {
            let lost = connect::shell_failure(error);
            for id in self.unheard() {
                let failure = Failure {
                    hint: lost.hint.clone(),
                    ..self.failed(id, &format!("{error}; whether it was done is not known"))
                };
                self.failure.get_or_insert_with(|| failure.clone());
                self.finish(id, ActionOutcome::Failed(failure), self.since.elapsed().as_secs_f64());
            }
            self.failure.get_or_insert(lost);
        }
        let rest = self.reached().iter().map(|planned| planned.id).filter(|id| !self.done.contains(id));
        let mut rest: Vec<ActionId> = rest.collect();
        if !rest.is_empty() || self.failure.is_some() {
            // What was to be planned later is not tried either.
            rest.extend(self.plan.actions()[self.plan.reach()..].iter().map(|planned| planned.id));
        }
        if !rest.is_empty() {
            let failure = self.failure.get_or_insert_with(|| Failure::new("the node stopped before the end"));
            // Of what a lost connection took with it nobody can say that it was not tried.
            let what = if ended.is_err() { "not heard of" } else { "not tried" };
            let because = format!("{what} after: {}", failure.message);
            for id in rest {
                self.finish(id, ActionOutcome::Skipped { because: because.clone() }, 0.0);
            }
        }
        done.actions.extend(self.done);
        done.changed.extend(self.changed);
        done.values.extend(self.values);
        match self.failure {
            Some(failure) => Err((self.counts, Box::new(failure))),
            None => Ok(self.counts),
        }
    }

    /// Returns the actions whose end a lost connection kept from us: those of the step that runs, or of the next one,
    /// as its beginning may have been lost as well.
    fn unheard(&mut self) -> Vec<ActionId> {
        let current = std::mem::take(&mut self.current);
        if !current.is_empty() || self.failure.is_some() {
            return current;
        }
        let next = self.plan.steps().iter().find(|step| !step.ids.iter().any(|id| self.done.contains(id)));
        next.map(|step| step.ids.clone()).unwrap_or_default()
    }

    fn finish(&mut self, id: ActionId, outcome: ActionOutcome, seconds: f64) {
        if !self.done.insert(id) {
            return;
        }
        match outcome {
            ActionOutcome::Unchanged => self.counts.unchanged += 1,
            ActionOutcome::Changed { .. } => self.counts.changed += 1,
            ActionOutcome::Refreshed => self.counts.refreshed += 1,
            ActionOutcome::Failed(_) => self.counts.failed += 1,
            ActionOutcome::Ignored(_) => self.counts.ignored += 1,
            ActionOutcome::Skipped { .. } => self.counts.skipped += 1,
        }
        self.target.finished(self.index[&id], id, outcome, seconds);
    }

    /// Returns the failure of an action: its own words, or those given.
    fn failed(&self, id: ActionId, message: &str) -> Failure {
        let node = self.target.graph.node(id);
        if node.how().is_sensitive() && message.is_empty() {
            let message =
                format!("{}: failed; what it wrote is withheld, because it is sensitive", node.label());
            return Failure::new(message).at(node.location()).maybe_hint(node.comment().map(str::to_owned));
        }
        let said = self.last.iter().rev().find(|line| !line.trim().is_empty());
        let message = match (message, said) {
            ("", Some(said)) => said.clone(),
            ("", None) => "failed without a word".to_owned(),
            (message, _) => message.to_owned(),
        };
        // What the message says need not be said again.
        let output = self.last.iter().filter(|line| **line != message).cloned().collect();
        let message = format!("{}: {message}", node.label());
        Failure { output, ..Failure::new(message) }
            .at(node.location())
            .maybe_hint(node.comment().map(str::to_owned))
    }

    /// Returns the ids in a mark that are of the plan and have not ended: nothing else has a meaning.
    fn known_ids(&self, words: &str) -> impl Iterator<Item = ActionId> {
        let ids: Vec<ActionId> = words
            .split_ascii_whitespace()
            .filter_map(|word| word.parse().ok().map(ActionId))
            .filter(|id| self.index.contains_key(id) && !self.done.contains(id))
            .collect();
        ids.into_iter()
    }

    /// Returns the actions that the steps reach.
    fn reached(&self) -> &'a [Planned] {
        &self.plan.actions()[..self.plan.reach()]
    }

    /// Returns the action in a mark that tells a value, if it can have one.
    fn known_value(&self, id: &str) -> Option<ActionId> {
        id.parse().ok().map(ActionId).filter(|id| self.index.contains_key(id))
    }

    fn tell(&mut self, id: ActionId, bytes: &[u8]) {
        let value = self.values.or_default(id);
        if value.len() + bytes.len() <= VALUE_LIMIT {
            value.extend_from_slice(bytes);
        } else {
            let node = self.target.graph.node(id);
            let message = format!("{}: the value is larger than {} MiB", node.label(), VALUE_LIMIT >> 20);
            self.failure.get_or_insert_with(|| Failure::new(message).at(node.location()));
        }
    }

    fn output(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' || byte == b'\r' || self.partial.len() >= LINE_LIMIT {
                self.flush_line();
            }
            if byte != b'\n' && byte != b'\r' {
                self.partial.push(byte);
            }
        }
    }

    fn flush_line(&mut self) {
        let bytes = std::mem::take(&mut self.partial);
        let line = mask(visible(&String::from_utf8_lossy(&bytes)), &self.secrets);
        let sensitive = self.current.iter().any(|id| self.target.graph.node(*id).how().is_sensitive());
        if sensitive || line.trim().is_empty() {
            return;
        }
        if let Some(id) = self.current.first() {
            let (node, index) = (self.target.node.to_owned(), self.index[id]);
            self.target.run.emit(&Event::ActionOutput { node, index, line: line.clone() });
        }
        self.last.push_back(line);
        if self.last.len() > LAST_LINES {
            self.last.pop_front();
        }
    }
}
