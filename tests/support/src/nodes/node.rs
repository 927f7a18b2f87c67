//! One node of a bench: where it is, and what tests do to it.

use super::base::last_lines;
use super::host::{self, Process};
use super::run_dir::RunDir;
use super::{Error, network};
use pallet::compute::Endpoint;
use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

const SUPERVISOR: &str = include_str!("node.sh");

/// The time a node has to boot. Alone it takes half a second.
const BOOT: Duration = Duration::from_secs(90);

/// A Debian machine of a [`Bench`](super::Bench).
#[derive(Debug)]
pub struct Node {
    name: String,
    address: Ipv4Addr,
    key: PathBuf,
    /// The host's end of its network cable.
    cable: String,
    cgroups: Vec<PathBuf>,
    log: PathBuf,
    /// The file whose presence makes the node boot again after it was killed.
    crash: PathBuf,
    supervisor: Mutex<Child>,
}

/// How a command on a node ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; `None` if a signal ended it, 124 if it was ended for taking over two minutes.
    pub code: Option<i32>,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Output {
    /// Whether the command ended with code 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    pub(super) fn from_process(output: process::Output) -> Output {
        Output {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Node {
    /// Returns the node's host name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the address at which this machine and the other nodes reach it.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        IpAddr::V4(self.address)
    }

    /// Returns the port on which sshd listens.
    #[must_use]
    pub fn ssh_port(&self) -> u16 {
        22
    }

    /// Returns the private key (ed25519, without passphrase) that every account of the node accepts.
    #[must_use]
    pub fn key_path(&self) -> &Path {
        &self.key
    }

    /// Returns where a controller reaches the node.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::Ssh { host: self.address.to_string(), port: self.ssh_port() }
    }

    /// Returns the public key of the node's sshd, as it stands in a `known_hosts` file.
    #[must_use]
    pub fn host_key(&self) -> String {
        let line = self.run("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout;
        line.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// Runs a line of shell on the node as root, past sshd and the network: for what a test asserts, and for what
    /// it breaks.
    ///
    /// # Panics
    ///
    /// When the node is not running.
    #[must_use]
    pub fn run(&self, script: &str) -> Output {
        let leader = self.leader().unwrap_or_else(|| panic!("{} is not running", self.name));
        let output = inside(&["--uts", "--ipc", "--net"], leader)
            .arg(script)
            .output()
            .unwrap_or_else(|error| panic!("{script} on {}: {error}", self.name));
        Output::from_process(output)
    }

    /// Runs a line of shell on the node as root and returns its standard output.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn check(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.succeeded(), "{script} on {}: {output:?}", self.name);
        output.stdout
    }

    /// Pulls the network cable: packets to and from the node are lost, and nobody is told.
    pub fn cut_link(&self) {
        self.set_link("down");
    }

    /// Puts the network cable back.
    pub fn restore_link(&self) {
        self.set_link("up");
    }

    /// Stops every process of the node where it is. Connections to it stay open and silent.
    pub fn freeze(&self) {
        self.set_frozen(true);
    }

    /// Lets a frozen node go on.
    pub fn thaw(&self) {
        self.set_frozen(false);
    }

    /// Reboots the node in good order and waits until it is up again.
    ///
    /// # Errors
    ///
    /// When it is not up in time.
    pub fn reboot(&self) -> Result<(), Error> {
        let before = self.leader();
        // The answer may be lost with the node.
        let _ = self.run("systemctl reboot");
        self.wait_until_booted(before)
    }

    /// Cuts the node's power and switches it on again at once; returns when it is up again. What it had written
    /// to its disk is there.
    ///
    /// # Errors
    ///
    /// When it is not up in time.
    pub fn crash(&self) -> Result<(), Error> {
        let before = self.leader();
        fs::write(&self.crash, "").map_err(Error::io("ask for a crash"))?;
        if let Some(leader) = before {
            host::run("kill", &["-KILL", &leader.to_string()])?;
        }
        self.wait_until_booted(before)
    }

    /// Returns what the node's console showed.
    #[must_use]
    pub fn console(&self) -> String {
        fs::read(&self.log).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// Starts a node over these layers; it then boots by itself.
    pub(super) fn spawn(
        run_dir: &RunDir,
        root: &str,
        key: PathBuf,
        index: usize,
        name: String,
        disk_mib: u32,
    ) -> Result<Node, Error> {
        let log = run_dir.path().join(format!("console-{index}"));
        let console = File::create(&log).map_err(Error::io("write a console"))?;
        let cgroups = run_dir.cgroups(index);
        let supervisor = supervisor()
            .arg(root)
            .args([run_dir.number().to_string(), index.to_string(), name.clone(), format!("{disk_mib}m")])
            .args(&cgroups)
            .current_dir(run_dir.path())
            .stdin(Stdio::piped())
            .stderr(console.try_clone().map_err(Error::io("write a console"))?)
            .stdout(console)
            .spawn()
            .map_err(Error::io(format!("start {name}")))?;
        Ok(Node {
            name,
            address: network::address(run_dir, index),
            key,
            cable: network::host_end(run_dir, index),
            cgroups,
            log,
            crash: run_dir.path().join(format!("crash-{index}")),
            supervisor: Mutex::new(supervisor),
        })
    }

    /// Waits until a systemd other than this one has started all that it is to start, and sshd answers.
    pub(super) fn wait_until_booted(&self, not: Option<u32>) -> Result<(), Error> {
        let up = host::wait_for(BOOT, || {
            if !self.is_powered() {
                return Some(false);
            }
            let booted = self.leader().is_some_and(|leader| Some(leader) != not) && self.sshd_answers();
            booted.then_some(true)
        });
        if up == Some(true) {
            // Its answer is "degraded" when a unit has failed, which is for the test to judge.
            let _ = self.run("systemctl is-system-running --wait");
            return Ok(());
        }
        let why = if up.is_none() { "not up in time" } else { "its supervisor ended" };
        Err(Error::new(format!("boot {}", self.name), format!("{why}\n{}", last_lines(&self.console(), 30))))
    }

    fn is_powered(&self) -> bool {
        let mut supervisor = self.supervisor.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        matches!(supervisor.try_wait(), Ok(None))
    }

    /// Returns the node's process 1, by its number on the host, if the node runs.
    fn leader(&self) -> Option<u32> {
        let supervisor = self.supervisor.lock().unwrap_or_else(std::sync::PoisonError::into_inner).id();
        let all = Process::all();
        let child = |parent: u32, name: &str| {
            all.iter()
                .find(|process| process.parent == parent && process.name == name)
                .map(|process| process.id)
        };
        // unshare, its shell, the shell's loop in the background, systemd-nspawn, systemd.
        let nspawn = child(child(child(supervisor, "sh")?, "sh")?, "systemd-nspawn")?;
        child(nspawn, "systemd")
    }

    fn sshd_answers(&self) -> bool {
        let address = SocketAddr::from((self.address, self.ssh_port()));
        greeting(&address).is_ok_and(|greeting| &greeting == b"SSH-")
    }

    fn set_link(&self, state: &str) {
        host::run("ip", &["link", "set", &self.cable, state]).expect("the cable of a node that exists");
    }

    fn set_frozen(&self, frozen: bool) {
        let switch = self
            .cgroups
            .iter()
            .map(|cgroup| cgroup.join("payload/cgroup.freeze"))
            .find(|switch| switch.exists())
            .expect("a kernel of version 5.2 or later, with a running node");
        fs::write(switch, if frozen { "1" } else { "0" }).expect("root may freeze a cgroup");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let supervisor = self.supervisor.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        // The supervisor lives as long as its standard input, and the node as long as the supervisor.
        drop(supervisor.stdin.take());
        host::reap(supervisor, Duration::from_secs(20));
    }
}

/// Returns the command that starts `node.sh` as process 1 of new namespaces.
fn supervisor() -> Command {
    let mut command = host::command("sh");
    command.process_group(0).args([
        "-c",
        "exec 4</proc/self/ns/net; exec unshare --mount --propagation private --pid --net --fork --kill-child \
         --mount-proc sh -c \"$@\"",
        "sh",
        SUPERVISOR,
        "node",
    ]);
    command
}

/// Returns a command that runs a line of shell in the namespaces of a process: its mounts, its processes, and
/// those that the caller names.
pub(super) fn inside(namespaces: &[&str], leader: u32) -> Command {
    let mut command = host::command("timeout");
    command
        .args(["--kill-after=5", "120", "nsenter", "--target", &leader.to_string(), "--mount", "--pid"])
        .args(namespaces)
        .args(["--root", "--wd", "--", "/bin/sh", "-c"])
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .stdin(Stdio::null());
    command
}

/// Reads the first four bytes that a server says by itself.
fn greeting(address: &SocketAddr) -> io::Result<[u8; 4]> {
    let limit = Duration::from_secs(1);
    let mut stream = TcpStream::connect_timeout(address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting)?;
    Ok(greeting)
}
