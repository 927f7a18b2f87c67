//! Specs: what servers, groups of nodes and clusters are. Plain values with builders; the macros
//! `server_spec!`, `group!`, `node_spec!` and `cluster!` write nothing that could not be written by hand.

mod adapter;
mod group;
mod node;
mod server;

pub use adapter::{Adapter, AdapterModel, Attachment, Forward, Promiscuous, Protocol};
pub use group::{
    ClusterDef, ClusterSpec, DefinesCluster, DefinesGroup, DefinesNodeSpec, Group, GroupDef, GroupSpec,
    NodeSpecDef,
};
pub use node::{
    Attach, Hardware, Image, ImageDefinition, ImageMatch, InvalidAttach, Login, Mib, Network, NodeSpec,
};
pub(crate) use server::generated;
pub use server::{DefinesServerSpec, PhaseFn, Resolved, ServerSpec, ServerSpecDef, SpecError};
