//! A light node: the file system, processes and name of a machine, but no init, no network and no SSH.

use super::base::Base;
use super::node::{Output, inside};
use super::{Error, host};
use pallet::compute::Endpoint;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const SUPERVISOR: &str = include_str!("chroot.sh");

/// Which utilities a [`Chroot`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Userland {
    /// Debian 12: dash, GNU utilities, dpkg and apt.
    Debian,
    /// The same with dnf, rpm, zypper, pacman and createrepo_c beside apt: a test removes what its system lacks.
    Packagers,
    /// Debian 12 with OpenRC, as it is after it has booted.
    OpenRc,
    /// Debian 12 with runit's supervisor as process 1.
    Runit,
    /// Nothing but busybox: its `sh` and its utilities.
    Busybox,
}

/// A node that starts in some hundredths of a second, for tests of what scripts do to files, users and packages.
///
/// Its disk is memory and its only network is its own loopback. When it is dropped, or its test ends in whatever
/// way, the kernel takes it with all it has.
#[derive(Debug)]
pub struct Chroot {
    supervisor: Child,
    leader: u32,
}

impl Chroot {
    /// Starts a node.
    ///
    /// The first call on a machine makes the Debian root, as for [`Bench`](super::Bench).
    ///
    /// # Errors
    ///
    /// When the root cannot be made, or the kernel refuses what the node needs.
    pub fn start(userland: Userland) -> Result<Chroot, Error> {
        let base = Base::get()?;
        let mut supervisor = spawn(&base, userland)?;
        let said = supervisor.stdout.take().map(first_line).unwrap_or_default();
        let mut node = Chroot { leader: 0, supervisor };
        if said.trim() != "ready" {
            let why = node.supervisor.stderr.take().map(rest).unwrap_or_default();
            return Err(Error::new("start a node without init", why));
        }
        // unshare has one child, process 1 of the node.
        let parent = node.supervisor.id();
        let leader = host::Process::all().into_iter().find(|process| process.parent == parent);
        node.leader = leader.ok_or_else(|| Error::new("start a node without init", "it ended at once"))?.id;
        Ok(node)
    }

    /// Returns how a controller reaches the node: through `nsenter`, as root, with the environment of a node. A
    /// command line such as `sh -c …` can follow the arguments.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        let command = inside(&["--uts", "--ipc", "--net"], self.leader);
        let given = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
        // What stands before nsenter limits the time of a command, which an open shell has no use for; what stands
        // after the hyphens is a shell, which the controller brings itself.
        let enter = given.skip_while(|arg| arg != "nsenter").take_while(|arg| arg != "--");
        let environment = command.get_envs().filter_map(|(name, value)| {
            Some(format!("{}={}", name.to_string_lossy(), value?.to_string_lossy()))
        });
        let args = ["-i".to_owned()].into_iter().chain(environment).chain(enter).chain(["--".to_owned()]);
        Endpoint::Command {
            program: crate::parts::program("env").unwrap_or("env".into()),
            args: args.collect(),
        }
    }

    /// Runs a line of shell on the node as root.
    ///
    /// # Panics
    ///
    /// When `nsenter` cannot be started.
    #[must_use]
    pub fn run(&self, script: &str) -> Output {
        let output = inside(&["--uts", "--ipc", "--net"], self.leader).arg(script).output();
        Output::from_process(output.unwrap_or_else(|error| panic!("nsenter: {error}")))
    }

    /// Runs a line of shell on the node as root and returns its standard output.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn check(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.succeeded(), "{script}: {output:?}");
        output.stdout
    }
}

impl Drop for Chroot {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        host::reap(&mut self.supervisor, Duration::from_secs(20));
    }
}

fn spawn(base: &Base, userland: Userland) -> Result<Child, Error> {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let name = format!("chroot-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let (root, userland) = match userland {
        Userland::Debian => (base.root().into_os_string(), "debian"),
        Userland::OpenRc => (base.root().into_os_string(), "openrc"),
        Userland::Runit => (base.root().into_os_string(), "runit"),
        Userland::Packagers => (base.with_packagers()?.into(), "debian"),
        Userland::Busybox => (base.root().into_os_string(), "busybox"),
    };
    host::command("unshare")
        .args(["--mount", "--propagation", "private", "--pid", "--net", "--uts", "--ipc"])
        .args(["--fork", "--kill-child", "--mount-proc", "sh", "-c", SUPERVISOR, "chroot"])
        .arg(root)
        .args([userland, &name])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io("start a node without init"))
}

fn first_line(stream: impl Read) -> String {
    let mut line = String::new();
    // An error here is a node that has ended, about which its standard error says more.
    let _ = BufReader::new(stream).read_line(&mut line);
    line
}

fn rest(stream: impl Read) -> String {
    std::io::read_to_string(stream).unwrap_or_else(|error| error.to_string())
}
