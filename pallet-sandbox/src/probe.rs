//! What the host's kernel must be able to do, tried for real and without a trace.

use crate::error::{Context, Result};
use crate::net;
use crate::talk::Answers;
use crate::tools::{Rights, Tools};
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
    let mut command = command(tools);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().context(what)?;
    let pid = child.id().cast_signed();
    let Some(stdout) = child.stdout.take() else { unreachable!("it was asked to be a pipe") };
    let line = Answers::new(stdout, PathBuf::new()).line(LIMIT);
    let verdict = match line.as_deref() {
        // Without root it is another process that waits, and `ip` that will say what is missing.
        Ok("ok") if tools.rights == Rights::User => Ok(()),
        Ok("ok") => net::probe(pid),
        Ok(missing) => Err(no_file_system(missing)),
        Err(_) => Err(no_namespaces(tools.rights)),
    };
    // The script waits for a line; the end of its input ends it.
    drop(child.stdin.take());
    child.wait().context(what)?;
    verdict
}

fn command(tools: &Tools) -> Command {
    let (prefix, lower, options) = match tools.rights {
        Rights::Root => (vec![tools.unshare.display().to_string()], "/", ""),
        // The host's root is out of reach there: its files belong to users who do not exist in the namespace.
        Rights::User => (tools.new_user_namespace(), "/tmp/lower", ",userxattr"),
    };
    let mut command = Command::new(&prefix[0]);
    command.args(&prefix[1..]).args(["--mount", "--uts", "--ipc", "--net"]);
    command.args(["/bin/sh", "-c", SCRIPT, "probe.sh", lower, options]);
    command
}

fn no_namespaces(rights: Rights) -> ComputeError {
    match rights {
        Rights::Root => ComputeError::input("this host lets nobody make namespaces")
            .hint("inside a container, give it all rights (`docker run --privileged`); else use another provider"),
        Rights::User => ComputeError::input("this host does not let you make user namespaces")
            .hint("let root run: sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"),
    }
}

/// Checks that a user has subordinate ids, which become the users of the nodes.
///
/// # Errors
///
/// When there are none, or too few for a system's users.
pub(crate) fn subordinate_ids() -> Result<()> {
    let uid = rustix::process::getuid().as_raw().to_string();
    let accounts = fs::read_to_string("/etc/passwd").context(|| "cannot read /etc/passwd".to_owned())?;
    let name = account_name(&accounts, &uid).unwrap_or(&uid);
    for file in ["/etc/subuid", "/etc/subgid"] {
        let text = fs::read_to_string(file).unwrap_or_default();
        if !has_range(&text, &[name, &uid]) {
            return Err(ComputeError::input(format!("{file} gives {name} no 65536 subordinate ids")).hint(
                format!(
                    "let root run: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}"
                ),
            ));
        }
    }
    Ok(())
}

/// Checks that a user may open the device behind which slirp4netns is the way out.
///
/// # Errors
///
/// When it is missing, or only root may.
pub(crate) fn tunnel_device() -> Result<()> {
    let opened = fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun");
    opened.map(drop).map_err(|error| {
        ComputeError::input(
            "/dev/net/tun cannot be opened, and without it nodes have no way out (module tun)",
        )
        .hint("let root run: modprobe tun; chmod 666 /dev/net/tun")
        .source(error)
    })
}

fn account_name<'a>(passwd: &'a str, uid: &str) -> Option<&'a str> {
    let mut accounts = passwd.lines().map(|line| line.split(':'));
    accounts.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)? == uid).then_some(name)
    })
}

/// A line is `owner:first:count`, the owner by name or by number (subuid(5)).
fn has_range(text: &str, owners: &[&str]) -> bool {
    const NEEDED: u32 = 65_536;
    text.lines().any(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let count = fields.get(2).and_then(|count| count.trim().parse::<u32>().ok());
        fields.first().is_some_and(|owner| owners.contains(owner))
            && count.is_some_and(|count| count >= NEEDED)
    })
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

    #[test]
    fn subordinate_ids_are_found_by_name_and_by_number() {
        let passwd = "root:x:0:0::/root:/bin/sh\nann:x:1001:1001::/home/ann:/bin/sh\n";
        assert_eq!(account_name(passwd, "1001"), Some("ann"));
        assert_eq!(account_name(passwd, "1002"), None);
        assert!(has_range("bob:1:2\nann:100000:65536\n", &["ann", "1001"]));
        assert!(has_range("1001:100000:65536", &["ann", "1001"]));
        assert!(!has_range("ann:100000:1000\nbob:100000:65536\n", &["ann", "1001"]));
    }
}
