//! git on the nodes of a pallet infrastructure.
//!
//! ```
//! use pallet::prelude::*;
//! use pallet_git as git;
//!
//! #[phase]
//! fn base() {
//!     let git = git::install();
//!     exec("git clone --quiet https://example.org/app.git /srv/app").creates("/srv/app/.git").after(git);
//! }
//!
//! server_spec! { pub Builder { extends: [git::Git] } }
//! # let built = pallet::graph::build(&pallet::Context::example(), base).unwrap();
//! # assert_eq!(built.graph.len(), 2);
//! ```

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
