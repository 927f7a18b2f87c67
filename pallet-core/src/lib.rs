//! What [pallet] is made of, without its macros.
//!
//! Depend on `pallet`, which hands all of this on. It is a package of its own because macros need syn: what does not need
//! the macros is built beside syn, where it would else wait for it.
//!
//! [pallet]: https://github.com/pallet-rs/pallet

pub mod action;
pub mod actions;
mod admin_user;
pub mod claim;
#[cfg(feature = "engine")]
pub mod compute;
mod condition;
#[cfg(feature = "engine")]
pub mod conflicts;
pub mod context;
pub mod dispatch;
mod error;
pub mod facts;
pub mod graph;
mod location;
pub mod name;
mod node_fact;
pub mod options;
mod phase;
#[cfg(feature = "engine")]
pub mod plan;
pub mod probe;
mod published;
pub mod registry;
pub mod script;
mod secret;
pub mod settings;
pub mod sorted;
pub mod spec;
#[cfg(feature = "template")]
mod template;
mod text;
pub mod world;

pub use admin_user::AdminUser;
pub use condition::Condition;
pub use context::{Context, FromContext, Node, Nodes, NodesIn};
pub use error::{Error, Result};
pub use graph::{Handle, Value};
pub use location::Location;
pub use node_fact::{AskedFacts, CommandAnswer, NodeFact, NodeFactError, node_fact};
pub use phase::{DefinesPhase, PhaseDef, PhaseError, PhaseOutput, RunnablePhase, enter, extract, standard};
pub use published::PublishedFacts;
#[cfg(feature = "engine")]
pub use registry::Registry;
pub use secret::Secret;
pub use spec::{
    ClusterDef, ClusterSpec, DefinesCluster, DefinesGroup, DefinesNodeSpec, DefinesServerSpec, GroupDef,
    GroupSpec, NodeSpecDef, ServerSpec, ServerSpecDef,
};
pub use text::Text;

/// Not public API. Used by generated code.
#[doc(hidden)]
pub mod __private {
    pub use crate::phase::generated::{enter, supply, supply_boxed};
    pub use crate::spec::generated::Forget;
    pub use inventory;
    #[cfg(feature = "template")]
    pub use minijinja;
}
