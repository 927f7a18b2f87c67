//! Everything that a file with phases and specs usually names: `use pallet::prelude::*;`

    alternatives_auto, authorized_key, authorized_keys, block_in_file, cron, directory, environment, etc_default, exec, exec_script, fifo, file, group, host_key, host_key_pair, hostname, hosts, hosts_entry, init_script, kernel_module, known_host, limits, line_in_file, locale, mount, nftables, output_of, package, package_manager, packages, packages}; pub use crate::actions::{retry_until, pub use crate::actions::{     alternatives, pub use crate::actions::{block_in_file, publish_fact, publish_fact}; pub use crate::actions::{group, remote_file, replace_in_file, replace_in_file}; pub use crate::actions::{directory, service, ssh_key, sudoers, swap_file, symbolic_link, symbolic_link}; pub use crate::actions::{exec, sysctl, timezone, ufw, ufw_rule, unit_drop_in, unit_file, unit_file}; pub use crate::actions::{package, user, user}; pub use crate::actions::{init_script, wait_for_file, wait_for_http, wait_for_port};, };,
#[cfg(feature = "template")]
pub use crate::context;
pub use crate::context::{Node, Nodes, NodesIn};
pub use crate::dispatch::{by_os, on_one_node};
pub use crate::error::{Error, Result};
pub use crate::facts::Facts;
pub use crate::graph::{Handle, Value};
pub use crate::secret::Secret;
pub use crate::settings::{self, Settings};
pub use crate::spec::{ClusterSpec, GroupSpec, NodeSpec, ServerSpec};
pub use crate::text::Text;
pub use crate::{cluster, group, node_spec, phase, server_spec};
