//! The values in a script: what conditions are judged by.

use super::{Part, Script};
use crate::graph::ActionId;
use crate::text::Text;

impl Script {
    /// Returns the actions whose values are in the script.
    pub(crate) fn values(&self) -> impl Iterator<Item = ActionId> + '_ {
        self.parts.iter().filter_map(Part::text).flat_map(Text::values).map(|value| value.id)
    }
}

impl Part {
    fn text(&self) -> Option<&Text> {
        match self {
            Part::Code(_) => None,
            Part::Word(text) | Part::Print(text) => Some(text),
        }
    }
}
