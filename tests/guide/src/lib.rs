//! The guide in `guide/src`, as far as it can be tested.
//!
//! Every ` ```rust ` block is a doctest of this package, by the list of chapters below; `tests/chapters.rs` sees to it that none is
//! missing in it. `pallet-guide-run` runs the commands of chapters and of README.md; `scripts/ci-guide` calls it.

use std::path::{Path, PathBuf};

pub mod commands;
pub mod markdown;
pub mod reference;

/// Returns the root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}

/// The chapters with blocks of Rust, each of which is compiled.
macro_rules! chapters {
    ($($module:ident: $path:literal,)*) => {
        /// The chapters that are compiled, as files below `guide/src`.
        pub const COMPILED: &[&str] = &[$($path),*];

        $(
            #[doc = include_str!(concat!("../../../guide/src/", $path))]
            #[cfg(doctest)]
            pub mod $module {}
        )*
    };
}

chapters! {
    first_converge: "first-converge.md",
    networks: "networks.md",
    images: "images.md",
    phases: "phases.md",
    crates: "crates.md",
    actions: "actions.md",
    testing: "testing.md",
    operating: "operating.md",
    from_pallet: "from/pallet.md",
    from_ansible: "from/ansible.md",
    from_vagrant: "from/vagrant.md",
    from_pyinfra: "from/pyinfra.md",
}
