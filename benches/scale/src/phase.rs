//! What is declared on every node: small files below one folder.

use pallet::prelude::*;
use pallet::{GroupSpec, Registry};
use pallet_runtime::Main;
use std::path::Path;

/// Returns a registry with one group, whose phase has this many actions below a folder.
pub(crate) fn registry(nodes: usize, actions: usize, folder: &Path) -> Registry {
    let folder = folder.display().to_string();
    let group = GroupSpec::new("farm")
        .count(u32::try_from(nodes).unwrap_or(u32::MAX))
        .phase("configure", move || declare(actions, &folder));
    Registry::builder().group(group).build().expect("a valid group")
}

/// Returns the program of a user whose group `bench` has twenty of these actions.
pub(crate) fn program() -> Main {
    pallet_runtime::main_of(|| {
        let group = GroupSpec::new("bench").count(1).phase("configure", || declare(20, "/srv/bench"));
        Registry::builder().group(group).build()
    })
}

fn declare(actions: usize, folder: &str) -> Result {
    directory(folder);
    for number in 1..actions {
        remote_file(format!("{folder}/file-{number}")).content(content(number)).mode(0o644);
    }
    Ok(())
}

/// Returns what is in a file.
pub(crate) fn content(number: usize) -> String {
    format!("This is file {number} of many.\n")
}
