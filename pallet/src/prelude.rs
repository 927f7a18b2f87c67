//! Everything that a file with phases and specs usually names: `use pallet::prelude::*;`

pub use crate::actions::{
    debconf, directory, exec, file, group, output_of, package, package_file, package_manager, package_source,
    packages, packages_for, remote_file, service, symbolic_link, user,
};
#[cfg(feature = "template")]
pub use crate::context;
pub use crate::context::{Node, Nodes, NodesIn};
pub use crate::error::{Error, Result};
pub use crate::facts::Facts;
pub use crate::graph::{Handle, Value};
pub use crate::secret::Secret;
pub use crate::settings::{self, Settings};
pub use crate::spec::{ClusterSpec, GroupSpec, NodeSpec, ServerSpec};
pub use crate::text::Text;
pub use crate::{cluster, group, node_spec, phase, server_spec};
