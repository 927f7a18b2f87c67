//! What the end-to-end tests share: two ways to run pallet against nodes.
//!
//! - [`lab`], [`cases`]: the engine against one node, and tables of phases, from `pallet-lab`. For what actions do.
//! - [`place`]: the whole program, with a command line and a `pallet.toml`, as a user runs it. For what runs do.
//! - [`cluster`]: the program of two groups that those runs are about.
//!
//! Nothing here stands in for a part of pallet.

pub mod cluster;
pub mod place;

pub use pallet_lab::cases;

/// The engine against one node.
pub mod lab {
    pub use pallet_lab::{Lab, Phase, Report, phase};
}

/// What nodes are made of.
pub mod machine {
    pub use pallet_lab::Machine;
}
