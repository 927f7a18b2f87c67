//! Everything that a file with phases and specs usually names: `use pallet::prelude::*;`

pub use crate::actions::{
    block_in_file, directory, exec, fifo, file, group, init_script, line_in_file, output_of, package,
    package_manager, packages, publish_fact, remote_file, replace_in_file, service, symbolic_link,
    unit_drop_in, unit_file, user,
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
