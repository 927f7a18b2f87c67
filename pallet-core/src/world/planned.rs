//! The world as the planner carries it forward.

use super::World;
use crate::graph::ActionId;
use crate::sorted::Map;

impl World {
    /// Says whose predictions follow, and whether that action is certain to happen.
    pub(crate) fn predict_by(&mut self, id: ActionId, certain: bool) {
        self.tentative = (!certain).then_some(id);
    }

    /// Returns all values that are known.
    pub(crate) fn into_values(self) -> Map<ActionId, Vec<u8>> {
        self.values
    }
}
