//! The language of pallet, tested from the outside: `cases/` is a catalogue of what is refused, `tests/` says what
//! works. In the library itself there is nothing but an item for one of those tests.
//!
//! One refusal is here as well as in the catalogue, because what rustc says of `std`'s own function shows the source of
//! the standard library where that is installed. A handle cannot go to another thread:
//!
//! ```compile_fail,E0277
//! use pallet::prelude::*;
//!
//! #[phase]
//! fn web() {
//!     let nginx = package("nginx");
//!     std::thread::scope(|scope| {
//!         scope.spawn(|| package("more").after(nginx));
//!     });
//! }
//! # fn main() {}
//! ```
//!
//! while this compiles, so it is not something else that is wrong with it:
//!
//! ```
//! use pallet::prelude::*;
//!
//! #[phase]
//! fn web() {
//!     let nginx = package("nginx");
//!     std::thread::scope(|scope| {
//!         scope.spawn(|| "nothing of ours");
//!     });
//!     package("more").after(nginx);
//! }
//! # fn main() {}
//! ```

pub mod twice;
