//! The programs of the host that the sandbox runs. All are part of util-linux and coreutils, which no Debian lacks.

use pallet::compute::ComputeError;
use std::path::{Path, PathBuf};

const DIRECTORIES: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// Where the host's programs are.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) env: PathBuf,
    pub(crate) nsenter: PathBuf,
    pub(crate) setpriv: PathBuf,
    pub(crate) setsid: PathBuf,
    pub(crate) unshare: PathBuf,
}

impl Tools {
    /// Finds the programs.
    ///
    /// # Errors
    ///
    /// When one is missing, with the package that has it.
    pub(crate) fn find() -> Result<Self, ComputeError> {
        for (program, package) in [("mount", "mount"), ("pivot_root", "util-linux"), ("tar", "tar")] {
            find(program, package)?;
        }
        Ok(Tools {
            env: find("env", "coreutils")?,
            nsenter: find("nsenter", "util-linux")?,
            setpriv: find("setpriv", "util-linux")?,
            setsid: find("setsid", "util-linux")?,
            unshare: find("unshare", "util-linux")?,
        })
    }

    #[cfg(test)]
    pub(crate) fn at(directory: &str) -> Self {
        let program = |name: &str| Path::new(directory).join(name);
        Tools {
            env: program("env"),
            nsenter: program("nsenter"),
            setpriv: program("setpriv"),
            setsid: program("setsid"),
            unshare: program("unshare"),
        }
    }
}

/// Looks in the system's own folders, so that a program in somebody's `PATH` is never run as root.
fn find(program: &str, package: &str) -> Result<PathBuf, ComputeError> {
    DIRECTORIES
        .iter()
        .map(|directory| Path::new(directory).join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            ComputeError::input(format!("the sandbox needs the program {program}"))
                .hint(format!("install the package that has it; on Debian: apt-get install {package}"))
        })
}
