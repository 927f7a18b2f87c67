//! Named facts: what a phase found out on one node and later phases, of any node, can read.

use crate::context::Node;
use crate::graph::{self, KnownAfter};
use crate::location::Location;
use crate::name::NodeName;
use crate::sorted::Map;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The named facts of all nodes of a run. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct PublishedFacts(Arc<Mutex<HashMap<NodeName, Map<String, String>>>>);

impl PublishedFacts {
    /// Takes down a fact of a node.
    pub fn put(&self, node: NodeName, name: impl Into<String>, value: impl Into<String>) {
        let mut facts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        facts.entry(node).or_default().insert(name.into(), value.into());
    }

    /// Returns a fact of a node, if it has been published.
    pub fn get(&self, node: &NodeName, name: &str) -> Option<String> {
        let facts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        facts.get(node)?.get(name).cloned()
    }
}

impl Node {
    /// Returns a fact that an earlier phase published for this node with
    /// [`publish_fact`](crate::actions::publish_fact). Where it has not been yet, a plan ends at this line, and a
    /// converge fails.
    #[track_caller]
    pub fn fact(&self, name: &str) -> String {
        let location = Location::caller();
        let found = graph::with_context(|context| context.published.get(self.name(), name));
        found.unwrap_or_else(|| {
            let what = format!("the fact `{name}` of {}, which an earlier phase must publish,", self.name());
            graph::stop(Some(KnownAfter { what, location }))
        })
    }
}
