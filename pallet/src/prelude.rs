//! Everything that a file with phases and specs usually names: `use pallet::prelude::*;`

pub use crate::actions::{
    alternatives, alternatives_auto, authorized_key, authorized_keys, block_in_file, cron, directory,
    environment, etc_default, exec, file, group, host_key, host_key_pair, hostname, hosts, hosts_entry,
    init_script, kernel_module, known_host, limits, line_in_file, locale, mount, nftables, output_of,
    package, package_manager, packages, publish_fact, remote_file, replace_in_file, service, ssh_key,
    sudoers, swap_file, symbolic_link, sysctl, timezone, ufw, ufw_rule, unit_drop_in, unit_file, user,
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
