//! Step 1 of the walk-through: a machine, with everything about it in one program. The image model is given to the provider,
//! the hardware to the group, the service is VirtualBox without any options. Nothing is configured, so nobody logs in.
//!
//! ```text
//! cargo run -- plan                           which machine, of which image and hardware
//! cargo run -- converge                       image0-1 is there
//! cargo run -- converge image0=2              and image0-2
//! cargo run -- converge image0=0              and none of them; it asks first
//! ```
//!
//! With `--service sandbox` the same runs on Linux namespaces, where a Debian 12 is `debian-12`.
//!
//! `MODELS` is the folder of the disk `debian-12.vdi`: of a base machine that has no snapshots,
//! `VBoxManage clonemedium disk base.vdi debian-12.vdi` makes it. Pallet sees to it that nodes never write to it.

use pallet::facts::OsFamily;
use pallet::prelude::*;
use pallet::spec::ImageDefinition;
use std::path::PathBuf;
use std::process::ExitCode;

/// The disk that nodes start from, and what is on it.
fn debian_12() -> ImageDefinition {
    ImageDefinition {
        path: PathBuf::from(std::env::var_os("MODELS").unwrap_or_default()).join("debian-12.vdi"),
        description: Some("Debian 12 with sshd and sudo".to_owned()),
        os_type: Some("Debian12_64".to_owned()),
        os_family: Some(OsFamily::Debian),
        os_version: Some("12".to_owned()),
        os_64_bit: Some(true),
        ..ImageDefinition::default()
    }
}

group! {
    /// The nodes are called image0-1, image0-2 and so on.
    pub Plain {
        name: "image0",
        count: 1,
        image: "debian-12",
        hardware: { model: small, memory: 2 GiB, cpus: 1 },
    }
}

fn main() -> ExitCode {
    let vbox = pallet_vbox::provider().image("debian-12", debian_12());
    pallet_runtime::main().provider(vbox).provider(pallet_sandbox::provider()).run()
}
