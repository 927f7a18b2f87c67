//! What the end-to-end tests share: nodes, and two ways to run pallet against them.
//!
//! - [`lab`]: the engine against one node, with a phase given as a closure and events as values. For what actions do.
//! - [`cases`]: a table of phases, each planned, converged, checked, converged again.
//! - [`place`]: the whole program, with a command line and a `pallet.toml`, as a user runs it. For what runs do.
//! - [`cluster`]: the program of two groups that those runs are about.
//!
//! Nothing here stands in for a part of pallet. Only the provider of [`lab`] is made for tests: it lists the one node
//! that the test started.

pub mod cases;
pub mod cluster;
pub mod lab;
pub mod machine;
pub mod place;
