//! Tests of phases on real nodes, for authors of pallet crates.
//!
//! A table of phases is enough: each is planned, converged, checked, converged again and planned again, and the
//! test fails where the plan promised something else than what happened, or where the second run still changes
//! something.
//!
//! ```no_run
//! use pallet::prelude::*;
//! use pallet_lab::cases::{self, Case};
//! use pallet_lab::{Lab, Machine};
//!
//! #[test]
//! fn the_crate_does_what_it_says() {
//!     pallet_test::require!("nodes");
//!     let lab = Lab::new(Machine::debian());
//!     let cases = [Case::new("a directory of the web server's", || directory("/srv/site").owner("www-data"))
//!         .check("stat -c %U /srv/site", "www-data")];
//!     cases::run(&lab, cases);
//! }
//! # fn main() {}
//! ```
//!
//! - [`cases`]: such tables.
//! - [`Lab`]: one node, a phase given as a closure, and what happened as values ([`Report`]).
//! - [`Fleet`]: several groups of nodes with systemd that know each other.
//! - [`Machine`]: what nodes are made of.
//!
//! Nothing here stands in for a part of pallet. Only the compute service is made for tests: it lists the nodes that
//! the test started. Where the nodes come from, and what the machine needs for them, is in `pallet-test`.

pub mod cases;
mod controller;
mod fleet;
mod lab;
mod machine;
mod report;

pub use fleet::Fleet;
pub use lab::{Lab, Phase, phase};
pub use machine::Machine;
pub use report::Report;
