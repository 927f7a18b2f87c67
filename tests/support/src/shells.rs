//! The shells that pallet's scripts must run under, as the machine has them.

use crate::nodes::cached_busybox;
use crate::parts::program;
use std::path::PathBuf;
use std::process::Command;

/// A real POSIX shell of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    /// `dash`, `bash` or `busybox`.
    pub name: &'static str,
    program: PathBuf,
    args: &'static [&'static str],
}

impl Shell {
    /// Returns a command that runs this shell, for the caller to add arguments to: `-c` and a script.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.args);
        command
    }
}

/// Returns dash, bash and the shell of busybox, as far as the machine has them. bash keeps to POSIX, as it does
/// where it is `sh`.
///
/// Where busybox is not installed the one of the cached node root is taken. A test that must see all three says
/// `require!("dash", "bash", "busybox")` first.
#[must_use]
pub fn shells() -> Vec<Shell> {
    let dash = program("dash").map(|program| Shell { name: "dash", program, args: &[] });
    let bash = program("bash").map(|program| Shell { name: "bash", program, args: &["--posix"] });
    let busybox = program("busybox").or_else(cached_busybox).map(|program| Shell {
        name: "busybox",
        program,
        args: &["sh"],
    });
    [dash, bash, busybox].into_iter().flatten().collect()
}
