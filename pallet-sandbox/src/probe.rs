//! What the host's kernel must be able to do, tried for real and without a trace.

use crate::error::{Context, Result};
use crate::net;
use crate::talk::Answers;
use crate::tools::Tools;
use pallet::compute::ComputeError;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const SCRIPT: &str = include_str!("probe.sh");
const LIMIT: Duration = Duration::from_secs(30);

/// Checks that the root is a mount: only then can a process in a namespace of its own put another in its place.
///
/// # Errors
///
/// When the controller runs in a plain chroot, or without `/proc`.
pub(crate) fn root() -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|error| {
        ComputeError::input("/proc is not mounted").hint("mount it: mount -t proc proc /proc").source(error)
    })?;
    if has_root(&mounts) {
        return Ok(());
    }
    Err(ComputeError::input(
        "this is a chroot, whose root is no mount, and the sandbox cannot make nodes in it",
    )
    .hint("before entering the chroot DIR, make it a mount: mount --bind DIR DIR"))
}

/// In `/proc/self/mountinfo` the fifth field is the mount point.
fn has_root(mounts: &str) -> bool {
    mounts.lines().any(|line| line.split(' ').nth(4) == Some("/"))
}

/// Checks that namespaces, overlay, bridge, veth and firewall table can be made.
///
/// # Errors
///
/// When one cannot, with the kernel's module in the message.
pub(crate) fn kernel(tools: &Tools) -> Result<()> {
    let what = || "cannot make namespaces".to_owned();
    let mut command = Command::new(&tools.unshare);
    command.args(["--mount", "--uts", "--ipc", "--net", "/bin/sh", "-c", SCRIPT]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().context(what)?;
    let pid = child.id().cast_signed();
    let Some(stdout) = child.stdout.take() else { unreachable!("it was asked to be a pipe") };
    let verdict =
        Answers::new(stdout, PathBuf::new()).line(LIMIT).map_err(|error| no_namespaces().source(error));
    let verdict = verdict.and_then(|line| match line.as_str() {
        "ok" => net::probe(pid),
        missing => Err(no_file_system(missing)),
    });
    // The script waits for a line; the end of its input ends it.
    drop(child.stdin.take());
    child.wait().context(what)?;
    verdict
}

fn no_namespaces() -> ComputeError {
    ComputeError::input("this host lets nobody make namespaces")
        .hint("inside a container, give it all rights (`docker run --privileged`); else use another provider")
}

fn no_file_system(module: &str) -> ComputeError {
    ComputeError::input(format!("this kernel cannot mount an overlay over the root (module {module})")).hint(
        format!("load it with `modprobe {module}`, or use a kernel of version 5.12 or later that has it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chroot_sees_no_mount_at_its_root() {
        let proc = "27 26 0:22 / /proc rw,relatime - proc proc rw\n";
        assert!(!has_root(proc));
        assert!(has_root(&format!("26 1 254:0 / / rw shared:1 - ext4 /dev/vda rw\n{proc}")));
    }
}
