//! What the benchmarks share: the least that the work can cost, nodes behind a slow wire, and how a run is measured.
//!
//! - [`workload`]: the twenty actions, as values that every side gets.
//! - [`floor`]: the same work by hand: one connection, one probe, one script.
//! - [`proxy`]: the wire: it delays, and counts.
//! - [`fleet`]: nodes, each behind its wire.
//! - [`sides`]: who is compared, and how each is called.
//! - [`cost`]: what a process cost.
//! - [`results`], [`table`], [`plot`]: what came of it.

pub mod cost;
pub mod fleet;
pub mod floor;
pub mod plot;
pub mod proxy;
pub mod results;
pub mod sides;
pub mod table;
pub mod workload;
