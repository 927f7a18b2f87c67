//! Step 2 of the walk-through: the image and hardware models are in files, and the program only names them. The project's
//! `pallet.toml` says where they are.
//!
//! ```text
//! cp …/debian-12.vdi models/                  the disk, beside models/debian-12.toml
//! cargo run -- plan
//! cargo run -- converge
//! cargo run -- destroy
//! ```
//!
//! With `--service sandbox` the same runs on Linux namespaces. VMFest's `.meta` files work in `models` as they are.

use pallet::prelude::*;
use std::process::ExitCode;

group! {
    /// One machine, of models that files define.
    pub Plain { name: "image1", count: 1, image: "debian-12", hardware: small }
}

fn main() -> ExitCode {
    pallet_runtime::main().provider(pallet_vbox::provider()).provider(pallet_sandbox::provider()).run()
}
