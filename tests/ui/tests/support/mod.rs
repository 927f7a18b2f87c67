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

/// Returns what the actions of a phase come after by their handles: `service a after package b`.
#[allow(dead_code, reason = "not every test asks for it")]
#[track_caller]
pub(crate) fn edges<R: PhaseOutput>(phase: impl FnOnce() -> R) -> Vec<String> {
    let graph = build(phase).graph;
    let edges = graph.in_order().flat_map(|(_, action)| {
        let befores = action.after().iter().map(|edge| graph.node(edge.from).label());
        befores.map(|before| format!("{} after {before}", action.label())).collect::<Vec<_>>()
    });
    edges.collect()
}
