//! Everything that a file with phases and specs usually names: `use pallet::prelude::*;`

pub use crate::actions::{alternatives, alternatives_auto, locale, timezone};
pub use crate::actions::{
    archive, directory, fetch_directory, fetch_file, fifo, file, remote_directory, remote_file, symbolic_link,
};
pub use crate::actions::{authorized_key, authorized_keys, host_key, host_key_pair, known_host, ssh_key};
pub use crate::actions::{block_in_file, line_in_file, replace_in_file};
pub use crate::actions::{cron, crontab, environment, etc_default, group, limits, sudoers, user};
pub use crate::actions::{
    debconf, minimal_packages, package, package_file, package_manager, package_source, packages, packages_for,
};
pub use crate::actions::{exec, exec_script, output_of, publish_fact};
pub use crate::actions::{hostname, hosts, hosts_entry, nftables, ufw, ufw_rule};
pub use crate::actions::{init_script, reboot, service, unit_drop_in, unit_file};
pub use crate::actions::{kernel_module, mount, swap_file, sysctl};
pub use crate::actions::{retry_until, wait_for_file, wait_for_http, wait_for_port};
#[cfg(feature = "template")]
pub use crate::context;
pub use crate::context::{Node, Nodes, NodesIn};
pub use crate::dispatch::{by_os, on_one_node};
pub use crate::facts::Facts;
pub use crate::graph::{Handle, Value};
pub use crate::settings::{self, Settings};
pub use crate::spec::{ClusterSpec, GroupSpec, NodeSpec, ServerSpec};
pub use crate::{AdminUser, Error, Result, Secret, Text, node_fact};
pub use crate::{cluster, group, node_spec, phase, server_spec};
