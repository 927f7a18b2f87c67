//! The infrastructure __name__: two web servers.
//!
//! ```text
//! cargo run -- plan         what would happen
//! cargo run -- converge     make it so
//! cargo run -- nodes        what is there
//! cargo run -- destroy      remove everything again
//! ```

mod web;

use pallet::prelude::*;
use std::process::ExitCode;

group! {
    /// Two web servers: web-1 and web-2.
    pub WebServers { name: "web", count: 2, configure: web::server }
}

fn main() -> ExitCode {
    pallet_runtime::main()
        .provider(pallet_sandbox::provider())
        .run()
}
