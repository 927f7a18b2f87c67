//! git on the nodes of a pallet infrastructure: the package, and working copies.
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_git::{self as git, CheckoutOptions};
//!
//! #[phase]
//! fn app() {
//!     let git = git::install();
//!     let app = git::checkout("https://example.org/app.git", "/srv/app").revision("v1.4.2").after(git);
//!     service("app").enabled().running().restart_when_changed(app);
//! }
//!
//! server_spec! { pub Builder { extends: [git::Git] } }
//! # let built = pallet::graph::build(&pallet::Context::example(), app).unwrap();
//! # assert_eq!(built.graph.len(), 3);
//! ```

mod checkout;

pub use checkout::{Checkout, CheckoutOptions, checkout};

use pallet::actions::Package;
use pallet::prelude::*;

/// Installs git and returns the package, for what must come after it.
#[phase]
pub fn install() -> Handle<Package> {
    package("git")
}

server_spec! {
    /// A server with git on it.
    pub Git { configure: install }
}
