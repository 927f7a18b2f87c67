//! Settings: typed data that phases compute for a node and that phases of any node can read.
//!
//! They are published in the `settings` phase, which runs first on all nodes and touches none, and read through
//! the [`Settings`] extractor or [`of`]. What identifies a setting is its Rust type, and an instance name where
//! a node has several of a kind.

use crate::context::{Context, ExtractError, FromContext, Node};
use crate::graph;
use crate::location::Location;
use crate::name::NodeName;
use crate::phase::{current, standard};
use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// Settings of one type of the node that the phase is built for, as an extractor.
#[derive(Debug, Clone)]
pub struct Settings<T>(Arc<T>);

impl<T> Deref for Settings<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Any + Send + Sync> FromContext for Settings<T> {
    fn from_context(context: &Context) -> Result<Self, ExtractError> {
        let node = Node::from_context(context)?;
        let found = context.settings.get(node.name_for_settings(), "").map(Settings);
        if found.is_none() && context.tentative {
            return Err(ExtractError::Pending(format!("the settings of {}", node.name_only())));
        }
        found.ok_or_else(|| ExtractError::Missing {
            message: format!("no settings of type {} were published for {}", type_name::<T>(), node.name()),
            hint: "publish them in a `settings` phase with `settings::publish(..)`",
        })
    }
}

/// Publishes settings of the node that the phase is built for. Only in the `settings` phase.
#[track_caller]
pub fn publish<T: Any + Send + Sync + fmt::Debug>(settings: T) {
    publish_instance("", settings);
}

/// Publishes settings of one of several instances on a node, such as the second database server.
#[track_caller]
pub fn publish_instance<T: Any + Send + Sync + fmt::Debug>(instance: &str, settings: T) {
    let context = current();
    if context.phase.as_str() != standard::SETTINGS {
        let hint = "give the `settings` phase of the spec a function that does it";
        graph::refuse(Location::caller(), "settings are published in the `settings` phase only", Some(hint));
    } else if let Some(node) = &context.node {
        context.settings.put(node.name_only().clone(), instance, settings);
    }
}

/// Returns settings of any node of the run, if that node published any of this type.
pub fn of<T: Any + Send + Sync>(node: &Node) -> Option<Settings<T>> {
    let context = current();
    // While they are published, what is there depends on how many nodes have had their turn.
    context.node.iter().for_each(Node::depend_on_settings);
    context.settings.get(node.name(), "").map(Settings)
}

/// Returns settings of an instance on the node that the phase is built for.
pub fn instance<T: Any + Send + Sync>(instance: &str) -> Option<Settings<T>> {
    let context = current();
    context.settings.get(context.node.as_ref()?.name_for_settings(), instance).map(Settings)
}

/// All settings of a run. Clones share their content.
#[derive(Clone, Default)]
pub struct SettingsStore(Arc<Mutex<HashMap<Key, Arc<dyn Any + Send + Sync>>>>);

type Key = (NodeName, TypeId, String);

impl SettingsStore {
    fn put<T: Any + Send + Sync>(&self, node: NodeName, instance: &str, settings: T) {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        store.insert((node, TypeId::of::<T>(), instance.to_owned()), Arc::new(settings));
    }

    fn get<T: Any + Send + Sync>(&self, node: &NodeName, instance: &str) -> Option<Arc<T>> {
        let store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = store.get(&(node.clone(), TypeId::of::<T>(), instance.to_owned()))?.clone();
        found.downcast().ok()
    }
}

impl fmt::Debug for SettingsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SettingsStore")
    }
}
