//! A root file system of the host's own release, made without root by mmdebstrap(1) from where the host gets its
//! packages.

use crate::error::{Context, Result};
use crate::tools;
use pallet::compute::ComputeError;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian and Ubuntu list the sources of their own packages. Those of others may need keys that a new system
/// does not have.
const SOURCES: [&str; 3] = [
    "/etc/apt/sources.list.d/debian.sources",
    "/etc/apt/sources.list.d/ubuntu.sources",
    "/etc/apt/sources.list",
];

/// Checks that an image can be built.
pub(super) fn check() -> Result<()> {
    if tools::find("mmdebstrap").is_none() {
        return Err(ComputeError::input(
            "without root, the sandbox needs an image, or mmdebstrap to build one",
        )
        .hint("let root install it: apt-get install mmdebstrap; or set the options `images` and `image`"));
    }
    sources().map(drop)
}

/// Builds an archive in this folder.
pub(super) fn archive(folder: &Path) -> Result<PathBuf> {
    let what = || "cannot build the image".to_owned();
    fs::create_dir_all(folder).context(what)?;
    let archive = folder.join("built.tar");
    let mut command = Command::new("mmdebstrap");
    command.args([
        "--quiet",
        "--mode=unshare",
        "--variant=minbase",
        "--include=ca-certificates,init-system-helpers",
    ]);
    // An empty suite: the sources name theirs.
    command.arg("").arg(&archive).arg(sources()?);
    let output = command.output().context(what)?;
    if output.status.success() {
        return Ok(archive);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(ComputeError::failed(what()).source(last.unwrap_or("mmdebstrap said nothing").to_owned()))
}

fn sources() -> Result<&'static Path> {
    let listed = |path: &&Path| path.metadata().is_ok_and(|found| found.len() > 0);
    SOURCES.iter().map(Path::new).find(listed).ok_or_else(|| {
        ComputeError::input("the host does not say where its packages come from")
            .hint(format!("there is none of {}; set the options `images` and `image`", SOURCES.join(", ")))
    })
}
