//! Choosing what is done where: by a node's operating system, or on one node out of many.

mod by_os;

pub use by_os::{ByOs, NoSuchCase, by_os};

use crate::graph;
use crate::location::Location;
use crate::phase;

/// Runs `body` on one node only: on the first, by name, of those that have this role. Returns what `body` does
/// there, and `None` on all other nodes. For what must happen once, such as the migration of a shared database.
///
/// That no node has the role is a mistake of the source.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// # if false {
/// on_one_node("web", || exec("/srv/app/migrate").unless("/srv/app/migrate --check"));
/// # }
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
///
/// # Panics
///
/// When no phase is being built.
#[track_caller]
pub fn on_one_node<R>(role: &str, body: impl FnOnce() -> R) -> Option<R> {
    let location = Location::caller();
    let context = phase::current();
    let first = context.nodes.iter().filter(|node| node.has_role(role)).min_by_key(|node| node.name());
    let Some(first) = first else {
        let hint = "give a group the role, or include the group that has it in the run";
        graph::refuse(location, format!("no node of this run has the role {role}"), Some(hint));
        return None;
    };
    (context.node.as_ref() == Some(first)).then(body)
}
