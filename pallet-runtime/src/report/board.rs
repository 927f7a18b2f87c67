//! What is going on right now: which nodes are busy, with what, since when. Pure; [`human`](super::human) draws it.

use super::text;
use crate::event::{ActionOutcome, Event, NodeWork, Verb};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// The present of a run.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Whether comparing is all that is asked for.
    plan: bool,
    phase: Option<Phase>,
    busy: BTreeMap<String, Busy>,
    failed: BTreeSet<String>,
}

#[derive(Debug)]
struct Phase {
    name: String,
    nodes: usize,
    done: BTreeSet<String>,
    since: Instant,
}

#[derive(Debug)]
struct Busy {
    /// How far the node is: `3/12`.
    progress: Option<(usize, usize)>,
    /// What it does: `package nginx`.
    what: String,
    since: Instant,
}

impl Board {
    /// Takes in an event that happened at `now`.
    pub(crate) fn add(&mut self, event: &Event, now: Instant) {
        match event {
            Event::PhaseStarted { phase, nodes } => {
                self.phase = Some(Phase {
                    name: phase.clone(),
                    nodes: nodes.len(),
                    done: BTreeSet::new(),
                    since: now,
                });
            }
            Event::NodeWork { node, work, step } => self.node_work(node, *work, step, now),
            Event::ActionStarted { node, index, of, action, .. } => {
                let progress = Some((index + 1, *of));
                self.busy.insert(node.clone(), Busy { progress, what: text::action(action), since: now });
            }
            Event::ActionFinished { node, outcome, .. } if !is_idle(outcome) => {
                if let Some(busy) = self.busy.get_mut(node) {
                    "…".clone_into(&mut busy.what);
                    busy.since = now;
                }
            }
            Event::NodeDone { node, .. } | Event::Connected { node, .. } => {
                self.busy.remove(node);
            }
            Event::Started { verb, .. } => self.plan = *verb == Verb::Plan,
            Event::NodePlanned { node, .. } => {
                self.busy.remove(node);
                if self.plan {
                    self.done(node);
                }
            }
            Event::NodePhaseFinished { node, .. } => {
                self.busy.remove(node);
                self.done(node);
            }
            Event::NodeFailed { node, .. } => {
                self.busy.remove(node);
                self.done(node);
                self.failed.insert(node.clone());
            }
            Event::PhaseFinished { .. } => self.phase = None,
            Event::Finished(_) => *self = Board::default(),
            Event::Notice { .. }
            | Event::Inventory { .. }
            | Event::ActionOutput { .. }
            | Event::ActionFinished { .. } => {}
        }
    }

    /// Returns what to show in at most `height` lines.
    pub(crate) fn lines(&self, height: usize, now: Instant) -> Vec<String> {
        let header = self.header(now);
        let room = height.saturating_sub(usize::from(header.is_some()) + 1).max(1);
        let nodes = if self.busy.len() <= room { self.node_lines(now) } else { self.collapsed(room) };
        header.into_iter().chain(nodes).collect()
    }

    fn node_work(&mut self, node: &str, work: NodeWork, step: &str, now: Instant) {
        let what =
            if step.is_empty() { work_word(work).to_owned() } else { format!("{}: {step}", work_word(work)) };
        // A new step of the same work does not start the clock again.
        let since = self.busy.get(node).map_or(now, |busy| busy.since);
        self.busy
            .insert(node.to_owned(), Busy { progress: None, what: text::clean(&what).into_owned(), since });
    }

    fn done(&mut self, node: &str) {
        if let Some(phase) = &mut self.phase {
            phase.done.insert(node.to_owned());
        }
    }

    fn header(&self, now: Instant) -> Option<String> {
        let failed = match self.failed.len() {
            0 => String::new(),
            number => format!("  {number} failed"),
        };
        let phase = self.phase.as_ref()?;
        let (name, done, nodes) = (text::clean(&phase.name), phase.done.len(), phase.nodes);
        Some(format!(
            "{name}  {done}/{}{failed}  {}",
            text::count(nodes as u64, "node"),
            elapsed(phase.since, now)
        ))
    }

    fn node_lines(&self, now: Instant) -> Vec<String> {
        let width = self.busy.keys().map(|node| node.chars().count()).max().unwrap_or(0);
        let line = |(node, busy): (&String, &Busy)| {
            let progress = busy.progress.map(|(at, of)| format!("{at}/{of} ")).unwrap_or_default();
            format!("  {:width$}  {progress}{}  {}", text::clean(node), busy.what, elapsed(busy.since, now))
        };
        self.busy.iter().map(line).collect()
    }

    /// Returns how many nodes do what, the most common first.
    fn collapsed(&self, room: usize) -> Vec<String> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for busy in self.busy.values() {
            *counts.entry(&busy.what).or_default() += 1;
        }
        let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        let line = |(what, number): &(&str, u64)| format!("  {}: {what}", text::count(*number, "node"));
        if counts.len() <= room {
            return counts.iter().map(line).collect();
        }
        let (shown, rest) = counts.split_at(room - 1);
        let others: u64 = rest.iter().map(|(_, number)| number).sum();
        shown.iter().map(line).chain([format!("  {}: other work", text::count(others, "node"))]).collect()
    }
}

/// An action that was as declared, or was not tried, keeps nobody waiting.
fn is_idle(outcome: &ActionOutcome) -> bool {
    matches!(outcome, ActionOutcome::Unchanged | ActionOutcome::Skipped { .. })
}

pub(crate) fn work_word(work: NodeWork) -> &'static str {
    match work {
        NodeWork::Create => "create",
        NodeWork::Start => "start",
        NodeWork::Restore => "restore",
        NodeWork::Destroy => "destroy",
        NodeWork::Connect => "connect",
    }
}

pub(crate) fn work_done_word(work: NodeWork) -> &'static str {
    match work {
        NodeWork::Create => "created",
        NodeWork::Start => "started",
        NodeWork::Restore => "restored",
        NodeWork::Destroy => "destroyed",
        NodeWork::Connect => "connected",
    }
}

/// Whole seconds: the line is drawn several times a second, and a restless number tells no more.
fn elapsed(since: Instant, now: Instant) -> String {
    let seconds = now.saturating_duration_since(since).as_secs();
    if seconds < 60 { format!("{seconds}s") } else { text::duration(seconds as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ActionLabel;
    use std::time::Duration;

    fn busy(node: &str, subject: &str) -> Event {
        let action = ActionLabel {
            kind: "package".to_owned(),
            subject: subject.to_owned(),
            source: "src/main.rs:1:1".to_owned(),
            phases: vec![],
        };
        Event::ActionStarted {
            node: node.to_owned(),
            phase: "configure".to_owned(),
            index: 2,
            of: 12,
            action,
        }
    }

    fn board(nodes: usize, now: Instant) -> Board {
        let mut board = Board::default();
        let names: Vec<String> = (1..=nodes).map(|n| format!("web-{n}")).collect();
        board.add(&Event::PhaseStarted { phase: "configure".to_owned(), nodes: names.clone() }, now);
        for (index, name) in names.iter().enumerate() {
            board.add(&busy(name, if index % 3 == 0 { "curl" } else { "nginx" }), now);
        }
        board
    }

    #[test]
    fn a_busy_node_has_a_line_with_its_action_and_its_time() {
        let start = Instant::now();
        let lines = board(2, start).lines(24, start + Duration::from_secs(4));
        assert_eq!(
            lines,
            ["configure  0/2 nodes  4s", "  web-1  3/12 package curl  4s", "  web-2  3/12 package nginx  4s"]
        );
    }

    #[test]
    fn more_nodes_than_lines_are_counted() {
        let now = Instant::now();
        let lines = board(300, now).lines(24, now);
        assert_eq!(
            lines,
            ["configure  0/300 nodes  0s", "  200 nodes: package nginx", "  100 nodes: package curl"]
        );
        assert_eq!(board(300, now).lines(3, now), ["configure  0/300 nodes  0s", "  300 nodes: other work"]);
    }

    #[test]
    fn nothing_is_left_on_the_board_at_the_end() {
        let now = Instant::now();
        let mut board = board(2, now);
        for node in ["web-1", "web-2"] {
            let counts = crate::event::Counts::default();
            let phase = "configure".to_owned();
            board.add(&Event::NodePhaseFinished { node: node.to_owned(), phase, counts }, now);
        }
        assert_eq!(board.lines(24, now), ["configure  2/2 nodes  0s"]);
        board.add(&Event::PhaseFinished { phase: "configure".to_owned(), seconds: 1.0 }, now);
        assert!(board.lines(24, now).is_empty());
    }
}
