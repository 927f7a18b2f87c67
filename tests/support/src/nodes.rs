//! Debian nodes for tests: a [`Bench`] of machines with real systemd, OpenSSH and sudo, and the lighter
//! [`Chroot`].
//!
//! A node of a bench is booted by `systemd-nspawn`, in namespaces of its own, on an overlay over a Debian 12 root
//! that is made once and cached. Its disk is memory, so it forgets everything with its last process. What is
//! not inside those namespaces (a bridge, a firewall table, cgroups, a setting of the kernel) is removed by a
//! janitor process, which waits for the end of its standard input: the bench may be dropped, its test may panic
//! or be killed, nothing stays. Should the janitor itself be killed, the next bench does its work.
//!
//! Nodes share the host's kernel: they are for tests, and contain nobody who wants to get out.

mod base;
mod chroot;
mod error;
mod host;
mod network;
mod node;
mod run_dir;

pub use base::cached_busybox;
pub use chroot::{Chroot, Userland};
pub use error::Error;
pub use node::{Node, Output};

use base::Base;
use run_dir::RunDir;
use std::path::PathBuf;

/// Some nodes on a network of their own, which exist as long as this value.
///
/// Nodes reach each other, the host and, through the host, what the host reaches. Each has these accounts, all of
/// which accept the key of [`key_path`](Node::key_path):
///
/// | account | sudo and doas |
/// |---|---|
/// | `root` | |
/// | `deploy` | without password |
/// | `withpass` | with the password [`PASSWORD`], by which it can also log in |
///
/// apt's index is there; installing `nginx`, `cron`, `tree`, `hello` or `git` downloads nothing.
#[derive(Debug)]
pub struct Bench {
    // In this order: nodes first, then what they stand on.
    nodes: Vec<Node>,
    run_dir: RunDir,
}

/// The password of the account `withpass`.
pub const PASSWORD: &str = "correct horse";

/// The most nodes a bench can have.
pub const MOST_NODES: usize = 200;

impl Bench {
    /// Starts nodes called `node-1`, `node-2` and so on, and returns when all have booted.
    ///
    /// The first call on a machine makes the Debian root, which takes a minute or two and needs a mirror.
    ///
    /// # Errors
    ///
    /// When the root cannot be made, or a node does not boot within a minute; then nothing is left.
    pub fn start(count: usize) -> Result<Bench, Error> {
        Options::default().start(count)
    }

    /// Returns what can be chosen before the start.
    #[must_use]
    pub fn options() -> Options {
        Options::default()
    }

    /// Returns the nodes, in the order of their names.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Removes the nodes and all that was made for them. Dropping a bench does the same, but cannot say whether
    /// it went well.
    ///
    /// # Errors
    ///
    /// When something is left, which the error names.
    pub fn stop(mut self) -> Result<(), Error> {
        self.nodes.clear();
        self.run_dir.remove()
    }
}

/// Makes the cached file systems if they are not there, so that no test has to wait for them, and returns where the
/// Debian root is.
///
/// # Errors
///
/// When the machine lacks what it takes, or the mirror cannot be reached.
pub fn prepare() -> Result<PathBuf, Error> {
    let base = Base::get()?;
    base.with_packagers()?;
    Ok(base.root())
}

/// How the nodes of a [`Bench`] are made.
#[derive(Debug, Clone)]
pub struct Options {
    disk_mib: u32,
    name: String,
    packages: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { disk_mib: 4096, name: "node".to_owned(), packages: Vec::new() }
    }
}

impl Options {
    /// Sets how much each node can write before its disk is full; 4 GiB if it is not set. The room is taken from
    /// memory as it is used.
    #[must_use]
    pub fn disk_mib(mut self, mib: u32) -> Self {
        self.disk_mib = mib;
        self
    }

    /// Sets what the nodes are called, before the hyphen and the number.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Sets packages of Debian that the nodes have from the start. They are installed once for all benches of this
    /// machine, from the mirror.
    #[must_use]
    pub fn packages<S: Into<String>>(mut self, packages: impl IntoIterator<Item = S>) -> Self {
        self.packages = packages.into_iter().map(Into::into).collect();
        self
    }

    /// Starts this many nodes, like [`Bench::start`].
    ///
    /// # Errors
    ///
    /// As for [`Bench::start`].
    pub fn start(&self, count: usize) -> Result<Bench, Error> {
        if count > MOST_NODES {
            return Err(Error::new(
                format!("{count} nodes asked for"),
                format!("a bench has {MOST_NODES} at most"),
            ));
        }
        let base = Base::get()?;
        let root = base.with(&self.packages)?;
        run_dir::sweep()?;
        let run_dir = RunDir::claim()?;
        network::raise(&run_dir, count)?;
        let mut nodes: Vec<Node> = Vec::with_capacity(count);
        for index in 1..=count {
            let name = format!("{}-{index}", self.name);
            nodes.push(Node::spawn(&run_dir, &root, base.key(), index, name, self.disk_mib)?);
        }
        let bench = Bench { nodes, run_dir };
        for node in bench.nodes() {
            node.wait_until_booted(None)?;
        }
        Ok(bench)
    }
}
