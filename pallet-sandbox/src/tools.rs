//! The programs of the host that the sandbox runs. For root, all are part of packages that no Debian lacks.

use pallet::compute::ComputeError;
use std::path::{Path, PathBuf};
use std::process::Command;

const DIRECTORIES: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// Where the host's programs are, and with which rights they run.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) rights: Rights,
    pub(crate) env: PathBuf,
    pub(crate) nsenter: PathBuf,
    pub(crate) setpriv: PathBuf,
    pub(crate) setsid: PathBuf,
    pub(crate) unshare: PathBuf,
}

/// Who the controller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    /// Root: nodes share the host's users, and their network is the host's business.
    Root,
    /// Anybody else: root only in a user namespace, where nodes, disks and network have to be.
    User,
}

impl Tools {
    /// Finds the programs that the sandbox needs with these rights.
    ///
    /// # Errors
    ///
    /// When one is missing, with the packages that have what is missing.
    pub(crate) fn find(rights: Rights) -> Result<Self, ComputeError> {
        let all: &[_] = match rights {
            Rights::Root => &NEEDED[..],
            Rights::User => &[&NEEDED[..], &NEEDED_BY_USERS[..]].concat(),
        };
        let missing: Vec<_> = all.iter().filter(|(program, _)| find(program).is_none()).collect();
        if !missing.is_empty() {
            return Err(lacking(rights, &missing));
        }
        let program = |name| find(name).unwrap_or_else(|| Path::new(DIRECTORIES[0]).join(name));
        Ok(Tools {
            rights,
            env: program("env"),
            nsenter: program("nsenter"),
            setpriv: program("setpriv"),
            setsid: program("setsid"),
            unshare: program("unshare"),
        })
    }

    /// Returns the beginning of a command line that runs in a new user namespace, as its root, with all the user's
    /// subordinate ids: without them there would be no other user in it. The program's other options may follow.
    pub(crate) fn new_user_namespace(&self) -> Vec<String> {
        let unshare = self.unshare.display().to_string();
        [unshare.as_str(), "--user", "--map-root-user", "--map-auto"].map(str::to_owned).to_vec()
    }

    /// Returns a command that may read and write whatever belongs to the nodes' users.
    pub(crate) fn command_as_owner(&self, program: &str) -> Command {
        match self.rights {
            Rights::Root => Command::new(program),
            Rights::User => {
                let prefix = self.new_user_namespace();
                let mut command = Command::new(&prefix[0]);
                command.args(&prefix[1..]).arg(program);
                command
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn at(directory: &str) -> Self {
        let program = |name: &str| Path::new(directory).join(name);
        Tools {
            rights: Rights::Root,
            env: program("env"),
            nsenter: program("nsenter"),
            setpriv: program("setpriv"),
            setsid: program("setsid"),
            unshare: program("unshare"),
        }
    }
}

/// Programs and the Debian packages that have them.
const NEEDED: [(&str, &str); 8] = [
    ("env", "coreutils"),
    ("mount", "mount"),
    ("nsenter", "util-linux"),
    ("pivot_root", "util-linux"),
    ("setpriv", "util-linux"),
    ("setsid", "util-linux"),
    ("tar", "tar"),
    ("unshare", "util-linux"),
];

const NEEDED_BY_USERS: [(&str, &str); 5] = [
    ("newuidmap", "uidmap"),
    ("newgidmap", "uidmap"),
    ("slirp4netns", "slirp4netns"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
];

/// Looks in the system's own folders, so that a program in somebody's `PATH` is never run as root.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    DIRECTORIES.iter().map(|directory| Path::new(directory).join(program)).find(|path| path.is_file())
}

fn lacking(rights: Rights, missing: &[&(&str, &str)]) -> ComputeError {
    let programs: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    let mut packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    if rights == Rights::User && find("mmdebstrap").is_none() {
        packages.push("mmdebstrap");
    }
    packages.sort_unstable();
    packages.dedup();
    let install = format!("apt-get install {}", packages.join(" "));
    match rights {
        Rights::Root => {
            ComputeError::input(format!("the sandbox needs {}", programs.join(", "))).hint(install)
        }
        Rights::User => {
            let message = format!("without root, the sandbox needs {}", programs.join(", "));
            ComputeError::input(message).hint(format!("run this as root, or let root install it: {install}"))
        }
    }
}
