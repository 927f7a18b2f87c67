//! Publishing what a node found out.

use crate::action::{Action, Diff, View};
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Handle, record};
use crate::probe::Probe;
use crate::script::Script;
use crate::text::Text;
use crate::world::{Effects, World};

/// A named fact of a node.
#[derive(Debug)]
pub struct PublishFact {
    name: String,
    value: Text,
}

/// Publishes a value of this node under a name: later phases read it with
/// [`Node::fact`](crate::Node::fact), on this node and on others.
///
/// Checked: nothing. Applied: nothing; the value travels to the controller, at no round trip of its own. It never
/// counts as a change. Values are shown to nobody, but are not treated as secrets either: a text with a
/// [`Secret`](crate::Secret) in it is refused. Systems: all.
///
/// ```
/// use pallet::prelude::*;
///
/// #[phase]
/// fn create_cluster() {
///     let token = output_of("cat /var/lib/cluster/token");
///     publish_fact("token", token);
/// }
///
/// #[phase]
/// fn join_cluster(nodes: Nodes) {
///     for leader in nodes.with_role("leader") {
///         remote_file("/etc/cluster/token").content(leader.fact("token"));
///     }
/// }
/// ```
#[track_caller]
pub fn publish_fact(name: impl Into<String>, value: impl Into<Text>) -> Handle<PublishFact> {
    record(PublishFact { name: name.into(), value: value.into() })
}

impl PublishFact {
    /// Returns the name of the fact.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Action for PublishFact {
    fn kind(&self) -> &'static str {
        "publish-fact"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        if self.name.is_empty() {
            return Err("a fact without a name cannot be asked for".to_owned());
        }
        if self.value.is_secret() {
            return Err("a secret cannot be published: give it as `Secret` where it is needed".to_owned());
        }
        Ok(())
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.value.values()
    }

    fn probe(&self, _: ActionId, _: &Facts, _: &mut Probe) -> Result<(), String> {
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        Diff { reads: true, doubt: view.resolve(&self.value).err(), ..Diff::none() }
    }

    fn apply(&self, view: &View<'_>) -> Script {
        Script::new().code(format!("p_frame value {}\n", view.id.0)).print(view.fill(&self.value))
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        if let Ok(value) = self.value.resolve(world) {
            world.set_value(id, value);
        }
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }
}
