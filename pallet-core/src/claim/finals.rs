//! What each function of a phase declares in the end: its last claim about a thing counts.

use super::{Claim, Thing};
use crate::graph::{ActionGraph, ActionId, ActionNode};
use crate::name::RemotePath;
use crate::sorted::Map;
use std::collections::BTreeMap;

/// A claim, and the action that makes it.
pub(crate) type Made = (Claim, ActionId);

/// What one function of a phase declares in the end.
#[derive(Debug, Default)]
pub(crate) struct Finals(pub(crate) BTreeMap<(Thing, String), Made>);

/// Returns what each function declares in the end, from what each of its actions declares.
pub(crate) fn finals(graph: &ActionGraph, claims: impl Fn(&ActionNode) -> Vec<Claim>) -> Map<usize, Finals> {
    let mut finals: Map<usize, Finals> = Map::new();
    for (by, node) in graph.in_order() {
        for claim in claims(node) {
            finals.or_default(node.function).add(claim, by);
        }
    }
    finals
}

impl Finals {
    /// Adds a claim. What it makes void is forgotten: what stood below a directory that is removed now, that it was
    /// absent before, the mode that it had as something else.
    fn add(&mut self, claim: Claim, by: ActionId) {
        if claim.is_existence() {
            let becomes_another = self.get(&claim).is_some_and(|(old, _)| old.contradicts(&claim));
            let is_void = |old: &Claim| {
                let void = becomes_another && old.thing() == claim.thing();
                void || claim.closes(old.thing()) || old.leaves_no_room_for(&claim)
            };
            let void = self.near(claim.thing()).filter(|(old, _)| is_void(old));
            let void: Vec<_> = void.map(|(old, _)| key(old)).collect();
            void.iter().for_each(|key| drop(self.0.remove(key)));
        }
        self.0.insert(key(&claim), (claim, by));
    }

    /// Returns the claims about a thing, about what lies below it, and whether there is what it lies below. Those of
    /// a directory with thousands of files are not all looked at for each of them.
    pub(crate) fn near<'a>(&'a self, thing: &Thing) -> impl Iterator<Item = &'a Made> {
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
    pub(crate) fn get(&self, claim: &Claim) -> Option<&Made> {
        self.0.get(&key(claim))
    }
}

fn key(claim: &Claim) -> (Thing, String) {
    (claim.thing().clone(), claim.aspect().to_owned())
}
