//! What `overrides()` does: an action whose every claim is overridden is left out, so that it does not take turns
//! with the one that wins.

use super::{Finals, finals};
use crate::claim::Claim;
use crate::graph::{ActionGraph, ActionId, ActionNode, Mistake};

/// Takes down for each action which one overrides it.
///
/// Returns the overrides that cannot be meant: those that fit an action in part only.
pub(crate) fn settle(graph: &mut ActionGraph) -> Vec<Mistake> {
    let winners: Vec<Winner> =
        graph.in_order().filter(|(_, node)| node.overrides).map(|(id, node)| Winner::new(id, node)).collect();
    if winners.is_empty() {
        return Vec::new();
    }
    let finals = finals(graph, |node| node.action().declares());
    let mut mistakes = Vec::new();
    let mut overridden: Vec<(ActionId, ActionId)> = Vec::new();
    for winner in &winners {
        let node = graph.node(winner.id);
        if winner.claims.is_empty() {
            mistakes.push(nothing_declared(node));
        } else if node.how().is_conditional() {
            mistakes.push(may_not_run(node));
        }
    }
    for (id, node) in graph.in_order() {
        let Some(declared) = finals.get(&node.function) else { continue };
        let claims = node.action().declares();
        let after = |winner: &&Winner| {
            winner.function > node.function && graph.same_phase(winner.function, node.function)
        };
        let later: Vec<&Winner> = winners.iter().filter(after).collect();
        let Some(winner) = later.iter().find(|winner| winner.contests(&claims, declared)) else { continue };
        let kept: Vec<&Claim> =
            claims.iter().filter(|claim| !later.iter().any(|winner| winner.covers(claim, &claims))).collect();
        if kept.is_empty() {
            overridden.push((id, winner.id));
        } else {
            mistakes.push(only_in_part(graph.node(winner.id), node, &kept));
        }
    }
    for (id, by) in overridden {
        graph.nodes[id.0].overridden_by = Some(by);
    }
    mistakes
}

/// An action that says `overrides()`.
struct Winner {
    id: ActionId,
    function: usize,
    claims: Vec<Claim>,
}

impl Winner {
    fn new(id: ActionId, node: &ActionNode) -> Self {
        Winner { id, function: node.function, claims: node.action().declares() }
    }

    /// Tells whether an earlier action wants something else, in a matter in which its function does so in the end.
    fn contests(&self, claims: &[Claim], of_its_function: &Finals) -> bool {
        let against = |claim: &Claim| self.claims.iter().any(|own| differs(own, claim));
        claims.iter().any(|claim| {
            against(claim) && of_its_function.get(claim).is_some_and(|last| against(&last.claim))
        })
    }

    /// Tells whether nothing is lost when an action with these claims is left out, as far as one of them goes.
    fn covers(&self, claim: &Claim, all: &[Claim]) -> bool {
        let becomes_another = |own: &Claim| {
            let same = |other: &&Claim| other.thing() == claim.thing() && other.is_existence();
            own.thing() == claim.thing() && all.iter().filter(same).any(|other| own.contradicts(other))
        };
        self.claims.iter().any(|own| own.covers(claim) || becomes_another(own))
    }
}

/// Tells whether two claims are not certain to agree.
fn differs(own: &Claim, other: &Claim) -> bool {
    own.contradicts(other) || (own.is_about(other) && (own.is_unknown() || other.is_unknown()))
}

fn nothing_declared(node: &ActionNode) -> Mistake {
    Mistake {
        location: node.location(),
        message: format!("{}: nothing can be overridden by what declares no state", node.label()),
        other: None,
        hint: Some("take `.overrides()` away; a command runs beside whatever else is declared"),
    }
}

fn may_not_run(node: &ActionNode) -> Mistake {
    Mistake {
        location: node.location(),
        message: format!(
            "{}: an action with a condition may not run, so it cannot override another",
            node.label()
        ),
        other: None,
        hint: Some("give the other action the opposite condition, in place of `.overrides()`"),
    }
}

/// How many claims a message names one by one.
const NAMED: usize = 8;

fn only_in_part(winner: &ActionNode, loser: &ActionNode, kept: &[&Claim]) -> Mistake {
    let more = kept.len().saturating_sub(NAMED);
    let named = kept.iter().take(NAMED).map(|claim| format!("{} {}", claim.thing(), claim.phrase()));
    let kept: Vec<String> = named.chain((more > 0).then(|| format!("and {more} more"))).collect();
    Mistake {
        location: winner.location(),
        message: format!("{} is overridden only in part; still declared: {}", loser.label(), kept.join(", ")),
        other: Some((loser.location(), "at")),
        hint: Some("declare here all that is declared there, or take it out there"),
    }
}
