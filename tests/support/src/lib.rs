//! Helpers for testing pallet crates against real machines, in seconds and without a hypervisor.
//!
//! - [`nodes::Bench`]: Debian nodes with systemd, OpenSSH and sudo, each with an address of its own.
//! - [`nodes::Chroot`]: lighter nodes without systemd, with Debian's or busybox's utilities.
//! - [`OfflineNode`]: no machine at all, for tables of settings and facts with the plan that they must give.
//! - [`shells()`]: the real shells that scripts must run under.
//! - [`require!`]: what a test says when the machine lacks something it needs.
//!
//! A test that needs a node says so first; where nodes cannot be had, it is reported as ignored:
//!
//! ```no_run
//! #[test]
//! fn the_page_is_served() {
//!     pallet_test::require!("nodes");
//!     let bench = pallet_test::nodes::Bench::start(1).expect("a node");
//!     let node = &bench.nodes()[0];
//!     assert_eq!(node.run("id -un").stdout.trim(), "root");
//! }
//! ```
//!
//! This package depends on `pallet` only, and on programs of the system that `scripts/test` installs.

pub mod nodes;
mod offline;
pub mod parts;
mod shells;

pub use offline::{OfflineNode, OfflinePlan};
pub use shells::{Shell, shells};
