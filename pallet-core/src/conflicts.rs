//! Contradictions that types cannot see: two functions of one phase that declare different final states for a thing.
//!
//! Each run of such a phase would change the node twice, and every run again. Compared are the functions that were
//! put together into one phase of one node: those of the specs that its group extends, and the group's own.
//!
//! - What counts is the last claim that a function makes, with everything it calls: stop, migrate, start within
//!   one function is a sequence and means what it says.
//! - Different phases are never compared. They are a sequence, too, in an order that somebody chose: `stop` may stop
//!   what `configure` starts, `pre-deploy` may put up the sign that `post-deploy` takes away, and `bootstrap` runs
//!   once.
//! - Values that only the node knows agree with everything, and so does what an action with a condition declares.
//! - [`Handle::overrides`](crate::Handle::overrides) says that the later line wins. What it overrides is left out.

use crate::claim::Claim;
use crate::claim::finals::{Finals, Made, finals};
use crate::graph::{ActionGraph, ActionNode, GraphError, Mistake};
use crate::sorted::Set;

/// Looks for contradictions in the graph of a node.
///
/// The contents of files on the controller count as far as they have been
/// [read](crate::actions::RemoteFile::set_local_content).
///
/// # Errors
///
/// All contradictions, each with both lines.
///
/// # Examples
///
/// ```
/// use pallet::prelude::*;
/// let spec = pallet::ServerSpec::new("web")
///     .phase("configure", || service("nginx").running())
///     .phase("configure", || service("nginx").stopped());
/// let functions = &spec.resolve()?.phases["configure"];
/// let line = pallet::Location::caller();
/// let built = pallet::graph::build_phase(&pallet::Context::example(), functions, line)?;
/// let error = pallet::conflicts::check(&built.graph).expect_err("they contradict each other");
/// assert_eq!(
///     error.mistakes[0].message,
///     "service nginx: a closure declares stopped, and a closure before it running"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(graph: &ActionGraph) -> Result<(), GraphError> {
    let composed = composed(graph);
    // Most phases are of one function. To collect what it claims costs more than building it.
    if composed.is_empty() {
        return Ok(());
    }
    let finals = finals(graph, |node| match composed.contains(&node.function) {
        true => certain_claims(node),
        false => Vec::new(),
    });
    let mut mistakes = Vec::new();
    for (later, claims) in &finals {
        let is_before = |earlier| earlier < *later && graph.same_phase(earlier, *later);
        let earlier = || finals.iter().rev().filter(|(earlier, _)| is_before(**earlier));
        for made in claims.0.values() {
            let against = earlier().find_map(|(_, claims_before)| claims_before.against(made, claims));
            mistakes.extend(against.map(|before| describe(graph, before, made)));
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(GraphError { mistakes }) }
}

/// Returns the functions with actions that were put together into a phase with another such.
fn composed(graph: &ActionGraph) -> Set<usize> {
    let functions: Set<usize> = graph.in_order().map(|(_, node)| node.function).collect();
    let has_another =
        |one: &usize| functions.iter().any(|other| one != other && graph.same_phase(*one, *other));
    functions.iter().copied().filter(has_another).collect()
}

/// Returns what an action is certain to bring about.
fn certain_claims(node: &ActionNode) -> Vec<Claim> {
    let claims = node.action().declares();
    if node.overridden_by().is_some() {
        Vec::new()
    } else if node.how().is_conditional() {
        // It may not run, so what it wants is known to the node alone.
        claims.into_iter().map(Claim::or_not).collect()
    } else {
        claims
    }
}

impl Finals {
    /// Returns what contradicts a claim that a later function makes in the end, among all of its claims.
    fn against(&self, made: &Made, later: &Finals) -> Option<&Made> {
        let (claim, _) = made;
        if claim.is_existence() {
            return self.near(claim.thing()).find(|(before, _)| before.contradicts(claim));
        }
        let before = self.get(claim).filter(|(before, _)| before.contradicts(claim))?;
        // That it is another kind of thing altogether has been said, so its mode need not be compared.
        let existence = Claim::absent(claim.thing().clone());
        let kinds = self.get(&existence).zip(later.get(&existence));
        kinds.is_none_or(|((before, _), (now, _))| !before.contradicts(now)).then_some(before)
    }
}

fn describe(graph: &ActionGraph, (before, by): &Made, (now, now_by): &Made) -> Mistake {
    let (earlier, later) = (graph.node(*by), graph.node(*now_by));
    let thing = now.thing();
    let elsewhere = Some(before.thing()).filter(|other| *other != thing);
    let phrase = elsewhere.map(|other| format!("{other} ")).unwrap_or_default() + &before.phrase();
    let (first, second) = (function(earlier), function(later));
    let message = if first == second {
        format!("{thing}: {second} declares {}, and {first} before it {phrase}", now.phrase())
    } else {
        format!("{thing}: {second} declares {}, and {first} {phrase}", now.phrase())
    };
    Mistake {
        location: later.location(),
        message,
        other: Some((earlier.location(), "the other line is")),
        hint: Some("let one of them decide; or say `.overrides()` at the later line, if it is meant to win"),
    }
}

/// Returns the function that an action belongs to, for people.
fn function(node: &ActionNode) -> String {
    node.phases().first().map_or_else(|| "a closure".to_owned(), |path| format!("`{path}`"))
}
