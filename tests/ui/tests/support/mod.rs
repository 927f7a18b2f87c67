//! Building a phase and looking at what it recorded.

use pallet::graph::Built;
use pallet::{Context, PhaseOutput, graph};

/// Builds a phase for an example node.
#[track_caller]
pub(crate) fn build<R: PhaseOutput>(phase: impl FnOnce() -> R) -> Built {
    let built = graph::build(&Context::example(), || phase().finish().expect("the phase succeeds"));
    built.expect("nothing is wrong with the phase")
}

/// Returns the labels of the actions of a phase, in order.
#[track_caller]
pub(crate) fn labels<R: PhaseOutput>(phase: impl FnOnce() -> R) -> Vec<String> {
    build(phase).graph.in_order().map(|(_, action)| action.label()).collect()
}
