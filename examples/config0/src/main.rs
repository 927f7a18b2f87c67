//! Step 3 of the walk-through: everything that programs share is in the user's configuration: the admin user, the
//! compute services, the folders of models. The program is just its groups.
//!
//! The configuration is in the folder `home` beside this program. Copy what is in it to `~/.config/pallet`, or try it
//! where it is:
//!
//! ```text
//! export PALLET_HOME=$PWD/home
//! cargo run -- groups
//! cargo run -- plan                           on the default service, VirtualBox
//! cargo run -- --service sandbox converge     on Linux namespaces, anywhere
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `home/config.toml` | the admin user, the default service |
//! | `home/services/lab.toml` | the service `lab`: VirtualBox, its network, its folders |
//! | `home/models/debian-12.toml` | the image model `debian-12` |

use pallet::prelude::*;
use std::process::ExitCode;

group! {
    /// One machine, of models that the configuration knows by these names.
    pub Plain { name: "config0", count: 1, image: "debian-12", hardware: small }
}

fn main() -> ExitCode {
    pallet_runtime::main().provider(pallet_vbox::provider()).provider(pallet_sandbox::provider()).run()
}
