//! Nodes for a benchmark, each behind its wire.

use crate::proxy::{Counts, Proxy};
use pallet_test::nodes::{Bench, Error, Node};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The account that everybody logs in as. It needs no password for sudo.
pub const USER: &str = "deploy";

/// What Ansible needs on a node.
const PACKAGES: [&str; 2] = ["python3", "python3-apt"];

/// Nodes with systemd and sshd, called `bench-1` and so on.
#[derive(Debug)]
pub struct Fleet {
    bench: Bench,
    /// Where each node is reached at the moment.
    addresses: Vec<SocketAddr>,
    wire: Option<Wire>,
}

#[derive(Debug)]
struct Wire {
    proxies: Vec<Proxy>,
    _runtime: Runtime,
}

impl Fleet {
    /// Starts fresh nodes, reached without a wire between.
    ///
    /// # Errors
    ///
    /// As for [`Bench::start`].
    pub fn start(count: usize) -> Result<Fleet, Error> {
        let bench = Bench::options().name("bench").packages(PACKAGES).start(count)?;
        let addresses = bench.nodes().iter().map(|node| (node.address(), node.ssh_port()).into()).collect();
        Ok(Fleet { bench, addresses, wire: None })
    }

    /// Starts fresh nodes that have nothing for Ansible.
    ///
    /// # Errors
    ///
    /// As for [`Bench::start`].
    pub fn start_plain(count: usize) -> Result<Fleet, Error> {
        let bench = Bench::options().name("bench").start(count)?;
        let addresses = bench.nodes().iter().map(|node| (node.address(), node.ssh_port()).into()).collect();
        Ok(Fleet { bench, addresses, wire: None })
    }

    /// Puts a wire of this length before each node, or takes it away.
    ///
    /// # Errors
    ///
    /// When its addresses cannot be had.
    pub fn set_wire(&mut self, round_trip: Option<Duration>) -> io::Result<()> {
        self.wire = None;
        let direct = |node: &Node| SocketAddr::from((node.address(), node.ssh_port()));
        self.addresses = self.bench.nodes().iter().map(direct).collect();
        let Some(round_trip) = round_trip else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut proxies = Vec::new();
        for (index, target) in self.addresses.iter().enumerate() {
            // An address for each, so that what is keyed by address is as with real nodes.
            let last = u8::try_from(index + 1).map_err(io::Error::other)?;
            let at = SocketAddr::from((Ipv4Addr::new(127, 0, 20, last), 0));
            proxies.push(runtime.block_on(Proxy::open(at, *target, round_trip))?);
        }
        self.addresses = proxies.iter().map(Proxy::address).collect();
        self.wire = Some(Wire { proxies, _runtime: runtime });
        Ok(())
    }

    /// Returns the nodes' names and where they are reached now.
    #[must_use]
    pub fn nodes(&self) -> Vec<(String, SocketAddr)> {
        let names = self.bench.nodes().iter().map(|node| node.name().to_owned());
        names.zip(self.addresses.iter().copied()).collect()
    }

    /// Returns the key that all nodes accept.
    #[must_use]
    pub fn key(&self) -> &Path {
        self.bench.nodes().first().map_or(Path::new(""), Node::key_path)
    }

    /// Returns what went over each node's wire since it was last asked; nothing without a wire.
    #[must_use]
    pub fn take_counts(&self) -> Vec<Counts> {
        self.wire.iter().flat_map(|wire| &wire.proxies).map(Proxy::take_counts).collect()
    }

    /// Returns the number of the last process that each node started. Asking starts [`ASKING`] processes there.
    #[must_use]
    pub fn last_processes(&self) -> Vec<u64> {
        let ask =
            |node: &Node| node.check("read -r line </proc/loadavg; echo \"${line##* }\"").trim().parse();
        self.bench.nodes().iter().map(|node| ask(node).unwrap_or_default()).collect()
    }

    /// Returns the fixture's own nodes.
    #[must_use]
    pub fn bench(&self) -> &Bench {
        &self.bench
    }
}

/// How many processes one look at the number of processes is.
pub const ASKING: u64 = 1;
