//! Where the real VirtualBox is, and how it gets there.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Mounts end with the processes that see them: the mount namespace is the call's own. The folder for sockets is the
/// world's own too, since VirtualBox has one server for all calls that see the same one.
const ENTER: &str = r#"
set -e
root=$1 world=$2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --bind "$world/tmp" "$root/tmp"
mkdir -p "$root$world"
mount --bind "$world" "$root$world"
shift 2
exec chroot "$root" /usr/lib/virtualbox/VBoxManage "$@"
"#;

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

    /// Returns a call of VBoxManage for the registry and the machines of the folder `world`, which it sees at the same
    /// path. Which registry that is, `VBOX_USER_HOME` says.
    #[must_use]
    pub fn vboxmanage(&self, world: &Path, args: &[String]) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "--", "sh", "-c", ENTER, "sh"])
            .args([&self.root, world])
            .args(args);
        command
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
