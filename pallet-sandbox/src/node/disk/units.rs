//! What systemd of a node is not to start: what is the sandbox's or the host's task, and what the host has enabled.

use super::Layer;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

const UNITS: &str = "etc/systemd/system";

/// Units that have no place in a node: its network is made from outside, and it has no seats, consoles or devices.
const MASKED: [&str; 15] = [
    "NetworkManager.service",
    "NetworkManager-wait-online.service",
    "console-getty.service",
    "getty.target",
    "networking.service",
    "systemd-logind.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-networkd-wait-online.service",
    "systemd-resolved.service",
    "systemd-udev-settle.service",
    "systemd-udev-trigger.service",
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
];

/// Masks the units that have no place in a node.
pub(super) fn mask(layer: &Layer) -> io::Result<()> {
    for unit in MASKED {
        let path = layer.parent_of(&format!("{UNITS}/{unit}"))?;
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path)?;
        }
        symlink("/dev/null", path)?;
    }
    Ok(())
}

/// Disables everything, as `systemctl disable` does: nothing is wanted or required, and nothing has a second name.
/// What is masked stays masked, and what stands in a file of its own stays there.
pub(super) fn disable_all(layer: &Layer) -> io::Result<()> {
    let entries = match fs::read_dir(layer.lower.join(UNITS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{UNITS}/{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && is_list_of_links(&name) {
            layer.empty_folder(&path)?;
        } else if kind.is_symlink() && name != "default.target" && !is_mask(&entry.path())? {
            layer.hide(&path)?;
        }
    }
    Ok(())
}

fn is_list_of_links(name: &str) -> bool {
    [".wants", ".requires", ".upholds"].iter().any(|end| name.ends_with(end))
}

fn is_mask(link: &Path) -> io::Result<bool> {
    Ok(fs::read_link(link)? == Path::new("/dev/null"))
}
