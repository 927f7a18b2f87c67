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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Context, Node, NodeInfo};
    use crate::graph::build;
    use crate::name::{GroupName, NodeName, RoleName};
    use std::sync::Arc;

    fn node(name: &str, roles: &[&str]) -> Node {
        Node::new(NodeInfo {
            name: NodeName::new(name).expect("a valid name"),
            group: GroupName::new("web").expect("a valid name"),
            group_item: None,
            roles: roles.iter().map(|role| RoleName::new(*role).expect("a valid name")).collect(),
            facts: None,
            primary_ip: None,
            private_ip: None,
        })
    }

    #[test]
    fn only_the_first_node_with_the_role_does_it() {
        let nodes = Arc::new(vec![node("a-1", &[]), node("web-2", &["web"]), node("web-1", &["web"])]);
        let does = |own: &Node| {
            let context = Context { node: Some(own.clone()), nodes: nodes.clone(), ..Context::example() };
            let mut done = None;
            build(&context, || done = on_one_node("web", || 7)).expect("no mistake");
            done
        };
        assert_eq!(nodes.iter().map(does).collect::<Vec<_>>(), [None, None, Some(7)]);
    }

    #[test]
    fn a_role_that_nobody_has_is_a_mistake() {
        let error =
            build(&Context::example(), || _ = on_one_node("wbe", || ())).map(drop).expect_err("a mistake");
        assert!(error.to_string().contains("no node of this run has the role wbe"), "{error}");
    }
}
