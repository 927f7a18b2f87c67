//! What a run did, for the assertions of tests.

use pallet_runtime::event::{ActionOutcome, Event, PlannedAction, Summary};
use pallet_runtime::request::RunError;
use std::collections::BTreeMap;

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// Everything that happened, in order.
    pub events: Vec<Event>,
    /// How the run ended.
    pub result: Result<Summary, RunError>,
}

impl Report {
    /// Returns how each action ended, with its label, in program order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<(String, ActionOutcome)> {
        let mut outcomes = BTreeMap::new();
        for event in &self.events {
            if let Event::ActionFinished { index, action, outcome, .. } = event {
                outcomes.insert(*index, (format!("{} {}", action.kind, action.subject), outcome.clone()));
            }
        }
        outcomes.into_values().collect()
    }

    /// Returns what changed: the nodes, sorted, with the actions, in program order.
    #[must_use]
    pub fn changed(&self) -> Vec<(String, String)> {
        let mut changed = BTreeMap::new();
        for event in &self.events {
            if let Event::ActionFinished {
                node, index, action, outcome: ActionOutcome::Changed { .. }, ..
            } = event
            {
                let label = format!("{} {}", action.kind, action.subject);
                changed.insert((node.to_string(), *index), label);
            }
        }
        changed.into_iter().map(|((node, _), label)| (node, label)).collect()
    }

    /// Returns what a plan says of each action, in program order.
    #[must_use]
    pub fn planned(&self) -> Vec<PlannedAction> {
        let planned = self.events.iter().filter_map(|event| match event {
            Event::NodePlanned { actions, .. } => Some(actions.clone()),
            _ => None,
        });
        planned.flatten().collect()
    }

    /// Returns the summary of a run that went well.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[track_caller]
    pub fn summary(&self) -> &Summary {
        match &self.result {
            Ok(summary) => summary,
            Err(error) => panic!("{error}: {}", self.troubles().join("\n")),
        }
    }

    /// Returns the messages of everything that failed, with their hints and the last words of the node.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        let of_events = self.events.iter().filter_map(|event| match event {
            Event::NodeFailed { failure, .. } => Some(failure),
            _ => None,
        });
        let of_input = match &self.result {
            Err(RunError::Input(failures)) => failures.as_slice(),
            _ => &[],
        };
        of_events.chain(of_input).map(|failure| format!("{failure:?}")).collect()
    }

    /// Returns what actions wrote, line by line.
    #[must_use]
    pub fn output(&self) -> Vec<&str> {
        let lines = self.events.iter().filter_map(|event| match event {
            Event::ActionOutput { line, .. } => Some(line.as_str()),
            _ => None,
        });
        lines.collect()
    }
}
