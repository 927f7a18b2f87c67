//! Where the real VirtualBox is, and how it gets there.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that holds a system with VirtualBox, to be used through chroot.
#[derive(Debug, Clone)]
pub struct Real {
    /// The folder.
    pub root: PathBuf,
}

impl Real {
    /// Finds VirtualBox where `PALLET_TEST_VBOX_ROOT` says or in the user's cache, or installs it there.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be had here.
    pub fn find() -> Result<Real, String> {
        let root = root()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/vbox-setup");
        // The script finds its work done in a fraction of a second.
        let output = Command::new("bash")
            .arg(script)
            .arg(&root)
            .output()
            .map_err(|error| format!("scripts/vbox-setup could not be run: {error}"))?;
        if output.status.success() {
            return Ok(Real { root });
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(stderr.lines().last().unwrap_or("scripts/vbox-setup failed").to_owned())
    }
}

fn root() -> Result<PathBuf, String> {
    if let Some(root) = std::env::var_os("PALLET_TEST_VBOX_ROOT") {
        return Ok(root.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = cache.or_else(home).ok_or("neither PALLET_TEST_VBOX_ROOT nor HOME is set")?;
    Ok(cache.join("pallet-tests/vbox"))
}
