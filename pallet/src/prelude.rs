//! Everything that a file with phases and specs usually names: `use pallet::prelude::*;`

pub use crate::actions::{
    block_in_file, directory, exec, exec_script, file, group, init_script, line_in_file, output_of, package,
    package_manager, packages, publish_fact, reboot, remote_file, replace_in_file, retry_until, service,
    symbolic_link, unit_drop_in, unit_file, user, wait_for_file, wait_for_http, wait_for_port,
};
#[cfg(feature = "template")]
pub use crate::context;
pub use crate::context::{Node, Nodes, NodesIn};
pub use crate::dispatch::{by_os, on_one_node};
pub use crate::error::{Error, Result};
pub use crate::facts::Facts;
pub use crate::graph::{Handle, Value};
pub use crate::node_fact::node_fact;
pub use crate::secret::Secret;
pub use crate::settings::{self, Settings};
pub use crate::spec::{ClusterSpec, GroupSpec, NodeSpec, ServerSpec};
pub use crate::text::Text;
pub use crate::{cluster, group, node_spec, phase, server_spec};
