//! The language of pallet, tested from the outside: `cases/` is a catalogue of what is refused, `tests/` says what
//! works. There is nothing in the library itself.
//!
//! Two refusals are here and not in the catalogue, because what rustc says of them shows the source of the standard
//! library where that is installed. A handle cannot be kept in a static:
//!
//! ```compile_fail,E0277
//! use pallet::actions::Package;
//! use pallet::prelude::*;
//! use std::sync::OnceLock;
//!
//! static KEPT: OnceLock<Handle<Package>> = OnceLock::new();
//! ```
//!
//! nor can it go to another thread:
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
//! while this compiles, so it is not something else that is wrong with the two:
//!
//! ```
//! use pallet::actions::Package;
//! use pallet::prelude::*;
//! use std::cell::OnceCell;
//!
//! thread_local! { static KEPT: OnceCell<Handle<Package>> = const { OnceCell::new() }; }
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
