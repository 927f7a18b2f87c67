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
//!
//! Part of the feature `engine`.

mod overrides;

pub(crate) use overrides::settle as settle_overrides;

use crate::claim::{Claim, Thing};
use crate::graph::{ActionGraph, ActionId, ActionNode, GraphError, Mistake};
use crate::name::RemotePath;
use crate::sorted::{Map, Set};
use std::collections::BTreeMap;

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
        for made in claims.iter() {
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

/// A claim, and the action that makes it.
#[derive(Debug)]
struct Made {
    claim: Claim,
    by: ActionId,
}

/// What one function of a phase declares in the end.
#[derive(Debug, Default)]
struct Finals(BTreeMap<(Thing, String), Made>);

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

/// Returns what each function declares in the end, from what each of its actions declares.
fn finals(graph: &ActionGraph, claims: impl Fn(&ActionNode) -> Vec<Claim>) -> Map<usize, Finals> {
    let mut finals: Map<usize, Finals> = Map::new();
    for (by, node) in graph.in_order() {
        for claim in claims(node) {
            finals.or_default(node.function).add(Made { claim, by });
        }
    }
    finals
}

impl Finals {
    /// Adds a claim. What it makes void is forgotten: what stood below a directory that is removed now, that it was
    /// absent before, the mode that it had as something else.
    fn add(&mut self, made: Made) {
        let claim = &made.claim;
        if claim.is_existence() {
            let becomes_another = self.get(claim).is_some_and(|old| old.claim.contradicts(claim));
            let is_void = |old: &Claim| {
                let void = becomes_another && old.thing() == claim.thing();
                void || claim.closes(old.thing()) || old.leaves_no_room_for(claim)
            };
            let void = self.near(claim.thing()).filter(|old| is_void(&old.claim));
            let void: Vec<_> = void.map(|old| key(&old.claim)).collect();
            void.iter().for_each(|key| drop(self.0.remove(key)));
        }
        self.0.insert(key(claim), made);
    }

    fn iter(&self) -> impl Iterator<Item = &Made> {
        self.0.values()
    }

    /// Returns the claims about a thing, about what lies below it, and whether there is what it lies below. Those of
    /// a directory with thousands of files are not all looked at for each of them.
    fn near<'a>(&'a self, thing: &Thing) -> impl Iterator<Item = &'a Made> {
        let is_near = |other: &Thing| match (thing, other) {
            (Thing::Path(path), Thing::Path(other)) => other.as_str().starts_with(path.as_str()),
            _ => thing == other,
        };
        let from = (thing.clone(), String::new());
        let here: Vec<&Made> =
            self.0.range(from..).take_while(|((other, _), _)| is_near(other)).map(|(_, made)| made).collect();
        let path = match thing {
            Thing::Path(path) => path.parent(),
            _ => None,
        };
        let above = std::iter::successors(path, RemotePath::parent);
        let above = above.filter_map(|path| self.get(&Claim::absent(Thing::Path(path))));
        here.into_iter().chain(above)
    }

    /// Returns the claim about the same aspect of the same thing.
    fn get(&self, claim: &Claim) -> Option<&Made> {
        self.0.get(&key(claim))
    }

    /// Returns what contradicts a claim that a later function makes in the end, among all of its claims.
    fn against(&self, made: &Made, later: &Finals) -> Option<&Made> {
        let claim = &made.claim;
        if claim.is_existence() {
            return self.near(claim.thing()).find(|before| before.claim.contradicts(claim));
        }
        let before = self.get(claim).filter(|before| before.claim.contradicts(claim))?;
        // That it is another kind of thing altogether has been said, so its mode need not be compared.
        let existence = Claim::absent(claim.thing().clone());
        let kinds = self.get(&existence).zip(later.get(&existence));
        kinds.is_none_or(|(before, now)| !before.claim.contradicts(&now.claim)).then_some(before)
    }
}

fn key(claim: &Claim) -> (Thing, String) {
    (claim.thing().clone(), claim.aspect().to_owned())
}

fn describe(graph: &ActionGraph, before: &Made, now: &Made) -> Mistake {
    let (earlier, later) = (graph.node(before.by), graph.node(now.by));
    let thing = now.claim.thing();
    let elsewhere = Some(before.claim.thing()).filter(|other| *other != thing);
    let phrase = elsewhere.map(|other| format!("{other} ")).unwrap_or_default() + &before.claim.phrase();
    let (first, second) = (function(earlier), function(later));
    let message = if first == second {
        format!("{thing}: {second} declares {}, and {first} before it {phrase}", now.claim.phrase())
    } else {
        format!("{thing}: {second} declares {}, and {first} {phrase}", now.claim.phrase())
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
