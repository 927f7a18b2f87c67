//! A table of phases, and what is promised of each: the plan is right, the node is as declared afterwards, the
//! second run finds nothing to do, and so does the second plan.

use crate::lab::{self, Lab, Phase};
use crate::report::Report;
use pallet::PhaseOutput;
use pallet_runtime::event::{ActionOutcome, Verb, Verdict};
use pallet_runtime::request::Request;

/// A phase, and what it must do to a node.
pub struct Case {
    name: &'static str,
    prepare: Vec<String>,
    phase: Phase,
    first: Option<Vec<End>>,
    again: Vec<(usize, End)>,
    certain: bool,
    never_certain: bool,
    checks: Vec<(String, String)>,
}

/// How an action ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was as declared.
    Unchanged,
    /// It changed the node.
    Changed,
    /// It refreshed a copy.
    Refreshed,
    /// It failed.
    Failed,
    /// It failed, and that did not matter.
    Ignored,
    /// It was not tried.
    Skipped,
}

impl End {
    /// Returns how an outcome counts.
    #[must_use]
    pub fn of(outcome: &ActionOutcome) -> End {
        match outcome {
            ActionOutcome::Unchanged => End::Unchanged,
            ActionOutcome::Changed { .. } => End::Changed,
            ActionOutcome::Refreshed => End::Refreshed,
            ActionOutcome::Failed(_) => End::Failed,
            ActionOutcome::Ignored(_) => End::Ignored,
            ActionOutcome::Skipped { .. } => End::Skipped,
        }
    }

    /// Tells whether a plan that said this was right.
    fn is_within(self, verdict: Verdict) -> bool {
        match self {
            End::Changed | End::Ignored => matches!(verdict, Verdict::Change | Verdict::Unknown),
            End::Unchanged => matches!(verdict, Verdict::Unchanged | Verdict::Unknown),
            End::Refreshed => verdict == Verdict::Refresh,
            End::Failed | End::Skipped => false,
        }
    }
}

impl Case {
    /// Returns a case that promises what all do.
    pub fn new<R: PhaseOutput>(name: &'static str, phase: impl Fn() -> R + Send + Sync + 'static) -> Case {
        Case {
            name,
            prepare: Vec::new(),
            phase: lab::phase(phase),
            first: None,
            again: Vec::new(),
            certain: true,
            never_certain: false,
            checks: Vec::new(),
        }
    }

    /// Runs a line of shell on the node first.
    #[must_use]
    pub fn prepare(mut self, script: impl Into<String>) -> Case {
        self.prepare.push(script.into());
        self
    }

    /// Says how the actions end the first time; by default all change.
    #[must_use]
    pub fn first(mut self, ends: impl Into<Vec<End>>) -> Case {
        self.first = Some(ends.into());
        self
    }

    /// Says that an action, by its place, ends like this in every further run, too; by default nothing changes.
    #[must_use]
    pub fn again(mut self, index: usize, end: End) -> Case {
        self.again.push((index, end));
        self
    }

    /// Allows the plan to be unsure.
    #[must_use]
    pub fn unsure(mut self) -> Case {
        self.certain = false;
        self
    }

    /// Allows every plan to be unsure, even that of a node that is as declared.
    #[must_use]
    pub fn unsure_forever(self) -> Case {
        Case { certain: false, never_certain: true, ..self }
    }

    /// Says what a line of shell on the node writes afterwards, but for the newlines at its end.
    #[must_use]
    pub fn check(mut self, script: impl Into<String>, output: impl Into<String>) -> Case {
        self.checks.push((script.into(), output.into()));
        self
    }

    /// Returns what is wrong.
    fn run(&self, lab: &Lab) -> Result<(), String> {
        for script in &self.prepare {
            let output = lab.machine.run(script);
            ensure(output.succeeded(), || format!("prepare: {output:?}"))?;
        }
        let plan = self.ask(lab, Verb::Plan)?;
        let converged = self.ask(lab, Verb::Converge)?;
        self.compare_first(&plan, &converged)?;
        for (script, expected) in &self.checks {
            let output = lab.machine.run(script);
            ensure(output.succeeded() && output.stdout.trim_end_matches('\n') == expected, || {
                format!("{script}: {output:?}, expected {expected:?}")
            })?;
        }
        let again = self.ask(lab, Verb::Converge)?;
        for (index, (label, outcome)) in again.outcomes().iter().enumerate() {
            let expected = self.end_again(index);
            ensure(End::of(outcome) == expected, || {
                format!("second converge, {label}: {outcome:?}, expected {expected:?}")
            })?;
        }
        let plan = self.ask(lab, Verb::Plan)?;
        let disturbed = self.never_certain
            || self.again.iter().any(|(_, end)| matches!(end, End::Changed | End::Ignored));
        for (index, planned) in plan.planned().iter().enumerate() {
            let fits = match self.end_again(index) {
                End::Refreshed => planned.verdict == Verdict::Refresh,
                End::Changed | End::Ignored => End::Changed.is_within(planned.verdict),
                // What follows a command that always runs is not known without running it.
                _ => {
                    planned.verdict == Verdict::Unchanged || disturbed && planned.verdict == Verdict::Unknown
                }
            };
            ensure(fits, || format!("second plan: {planned:?}"))?;
        }
        Ok(())
    }

    fn ask(&self, lab: &Lab, verb: Verb) -> Result<Report, String> {
        let report = lab.run(&Request::new(verb), self.phase.clone());
        match &report.result {
            Ok(_) => Ok(report),
            Err(error) => Err(format!("{verb:?}: {error}\n{}", report.troubles().join("\n"))),
        }
    }

    fn compare_first(&self, plan: &Report, converged: &Report) -> Result<(), String> {
        let (planned, outcomes) = (plan.planned(), converged.outcomes());
        ensure(planned.len() == outcomes.len(), || format!("{planned:?}\n{outcomes:?}"))?;
        for (index, (planned, (label, outcome))) in planned.iter().zip(&outcomes).enumerate() {
            let end = End::of(outcome);
            let expected = self.first.as_ref().map_or(End::Changed, |first| first[index]);
            ensure(end == expected, || format!("{label}: {outcome:?}, expected {expected:?}"))?;
            ensure(end.is_within(planned.verdict), || {
                format!("{label}: the plan said {planned:?}, then {outcome:?}")
            })?;
            ensure(!self.certain || planned.verdict != Verdict::Unknown, || {
                format!("{label}: the plan could have known: {planned:?}")
            })?;
        }
        Ok(())
    }

    fn end_again(&self, index: usize) -> End {
        self.again.iter().find(|(which, _)| *which == index).map_or(End::Unchanged, |(_, end)| *end)
    }
}

/// Runs all cases on a node, one after the other.
///
/// # Panics
///
/// When one of them is not as promised; all that are not are named.
pub fn run(lab: &Lab, cases: impl IntoIterator<Item = Case>) {
    let wrong = cases.into_iter().filter_map(|case| {
        let error = case.run(lab).err()?;
        Some(format!("{}: {error}", case.name))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{} cases are wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
