//! What macros register, and the catalogue of it.

#[cfg(feature = "engine")]
mod catalogue;

#[cfg(feature = "engine")]
pub use catalogue::{Registry, RegistryBuilder, RegistryError};

use crate::phase::PhaseDef;
use crate::spec::{ClusterDef, GroupDef, NodeSpecDef, ServerSpecDef};

/// An item that a macro registers.
pub enum Registered {
    /// By `#[phase]`.
    Phase(&'static PhaseDef),
    /// By `server_spec!`.
    ServerSpec(&'static ServerSpecDef),
    /// By `node_spec!`.
    NodeSpec(&'static NodeSpecDef),
    /// By `group!`.
    Group(&'static GroupDef),
    /// By `cluster!`.
    Cluster(&'static ClusterDef),
}

inventory::collect!(Registered);
