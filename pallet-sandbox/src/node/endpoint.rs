//! Commands in a node: `nsenter` with a clean environment and without the rights that reach the host's kernel.

use crate::tools::{Rights, Tools};
use pallet::compute::Endpoint;
use std::process::Command;

/// Rights of root that are not the node's own affair: kernel modules, the clock, the power switch, raw devices,
/// the kernel's log, and security policies. A node's processes never have them, nor has a command sent to it.
pub(crate) const WITHHELD: &str = "-sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-wake_alarm,-mknod,-mac_admin,-mac_override,-audit_control";

/// The environment of a node's processes, whatever the controller's is.
pub(crate) const ENVIRONMENT: [&str; 5] = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "USER=root",
    "LOGNAME=root",
    "LANG=C.UTF-8",
];

/// Returns how to run a command in the namespaces of a node's process 1.
pub(crate) fn endpoint(tools: &Tools, pid: i32) -> Endpoint {
    Endpoint::Command { program: tools.env.clone(), args: args(tools, pid) }
}

/// Returns the same as a command that still lacks what to run.
pub(crate) fn command(tools: &Tools, pid: i32) -> Command {
    let mut command = Command::new(&tools.env);
    command.args(args(tools, pid));
    command
}

fn args(tools: &Tools, pid: i32) -> Vec<String> {
    let mut args = vec!["-i".to_owned()];
    args.extend(ENVIRONMENT.map(str::to_owned));
    args.extend(withhold_rights(tools));
    args.push(tools.nsenter.display().to_string());
    if tools.rights == Rights::User {
        args.push("--user".to_owned());
    }
    // The root is entered apart: where the controller itself is in a chroot, it is not the mount namespace's own.
    // The current folder is that of the node's init, `/`; the controller's own lies outside.
    args.extend(["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"].map(str::to_owned));
    args.extend([format!("--target={pid}"), "--".to_owned()]);
    args
}

/// Returns the command line that takes the [`WITHHELD`] rights from what follows it. They are taken from the
/// bounding set, so no program that runs as root gets them back, and from what is inherited.
///
/// Who is not root has no such rights to begin with.
pub(crate) fn withhold_rights(tools: &Tools) -> Vec<String> {
    match tools.rights {
        Rights::User => Vec::new(),
        Rights::Root => {
            let setpriv = tools.setpriv.display().to_string();
            [setpriv.as_str(), "--bounding-set", WITHHELD, "--inh-caps", "-all"].map(str::to_owned).to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_follow_the_arguments() {
        let tools = Tools::at("/usr/bin");
        let Endpoint::Command { program, args } = endpoint(&tools, 42) else { panic!("a command") };
        assert_eq!(program.to_str(), Some("/usr/bin/env"));
        assert_eq!(
            args.join(" "),
            format!(
                "-i {} /usr/bin/setpriv --bounding-set {WITHHELD} --inh-caps -all \
                 /usr/bin/nsenter --mount --uts --ipc --net --pid --root --wd --target=42 --",
                ENVIRONMENT.join(" ")
            )
        );
    }

    #[test]
    fn a_user_enters_the_user_namespace_and_has_nothing_to_withhold() {
        let tools = Tools { rights: Rights::User, ..Tools::at("/usr/bin") };
        let args = args(&tools, 42).join(" ");
        assert!(args.contains("/usr/bin/nsenter --user --mount"), "{args}");
        assert!(!args.contains("setpriv"), "{args}");
    }
}
