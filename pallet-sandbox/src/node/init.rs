//! What is process 1 of a node: systemd where that is possible, else the small init.

use super::cgroup;
use crate::error::Result;
use crate::tools::{Rights, Tools, find};
use pallet::compute::ComputeError;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A node's init.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Init {
    /// The small init of `init.sh`. All nodes of the first version of the state file had it.
    #[default]
    Sysv,
    /// systemd of the node's own root, under the host's systemd-nspawn.
    Systemd,
}

impl Init {
    /// Returns the init of a node with this root: the wanted one, or without a wish the best that is possible.
    ///
    /// # Errors
    ///
    /// When systemd is wanted and something is missing.
    pub(crate) fn choose(wanted: Option<Init>, tools: &Tools, root: &Path) -> Result<Init> {
        let possible = || check_host(tools).and_then(|()| check_root(root));
        match wanted {
            Some(Init::Sysv) => Ok(Init::Sysv),
            Some(Init::Systemd) => possible().map(|()| Init::Systemd),
            None => Ok(possible().map_or(Init::Sysv, |()| Init::Systemd)),
        }
    }
}

/// Checks that this host can run systemd in nodes.
///
/// # Errors
///
/// When it cannot, with what would help.
pub(crate) fn check_host(tools: &Tools) -> Result<()> {
    const OTHERWISE: &str = "set the option `init` to \"auto\" or \"sysv\"";
    if tools.rights == Rights::User {
        return Err(ComputeError::input("without root, nodes cannot have systemd")
            .hint(format!("run this as root, or {OTHERWISE}")));
    }
    if find("systemd-nspawn").is_none() {
        return Err(ComputeError::input("for nodes with systemd the sandbox needs systemd-nspawn")
            .hint(format!("apt-get install systemd-container, or {OTHERWISE}")));
    }
    if !cgroup::available() {
        return Err(ComputeError::input("this host has no cgroup tree that systemd in nodes could write to")
            .hint(format!(
                "inside a container, give it all rights (`docker run --privileged`), or {OTHERWISE}"
            )));
    }
    Ok(())
}

/// Checks that there is a systemd in a root file system.
///
/// # Errors
///
/// When there is none.
pub(crate) fn check_root(root: &Path) -> Result<()> {
    let there =
        ["usr/lib/systemd/systemd", "lib/systemd/systemd"].iter().any(|path| root.join(path).is_file());
    if there {
        return Ok(());
    }
    Err(ComputeError::input(format!("the root file system {} has no systemd", root.display()))
        .hint("install systemd in it, or set the option `init` to \"auto\" or \"sysv\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_without_systemd_has_the_small_init_unless_systemd_was_asked_for() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let tools = Tools::at("/usr/bin");
        let choose = |wanted| Init::choose(wanted, &tools, root.path());
        assert_eq!(choose(None).expect("possible"), Init::Sysv);
        assert_eq!(choose(Some(Init::Sysv)).expect("possible"), Init::Sysv);
        assert!(choose(Some(Init::Systemd)).is_err());
        assert!(check_root(root.path()).expect_err("none there").message.ends_with("has no systemd"));
    }

    #[test]
    fn without_root_there_is_no_systemd() {
        let tools = Tools { rights: Rights::User, ..Tools::at("/usr/bin") };
        assert_eq!(Init::choose(None, &tools, Path::new("/")).expect("possible"), Init::Sysv);
        let error = Init::choose(Some(Init::Systemd), &tools, Path::new("/")).expect_err("refused");
        assert_eq!(error.message, "without root, nodes cannot have systemd");
    }
}
