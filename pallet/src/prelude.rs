//! Everything that a file with phases and specs usually names: `use pallet::prelude::*;`

pub use crate::actions::{block_in_file, line_in_file, replace_in_file};
pub use crate::actions::{directory, fifo, file, remote_file, symbolic_link};
pub use crate::actions::{exec, exec_script, output_of, publish_fact};
pub use crate::actions::{group, user};
pub use crate::actions::{init_script, reboot, service, unit_drop_in, unit_file};
pub use crate::actions::{package, package_manager, packages};
pub use crate::actions::{retry_until, wait_for_file, wait_for_http, wait_for_port};
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
