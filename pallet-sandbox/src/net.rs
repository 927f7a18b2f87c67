//! The network of a service: one bridge, one address a node, and the way out through the host.

mod host;
mod link;
mod netlink;
mod nft;
mod own;
pub(crate) mod subnet;

use crate::error::{Context, Result};
use crate::process::ProcessId;
use crate::store::{Stored, read_versioned, write_versioned};
use crate::tools::{Rights, Tools};
use host::Host;
use link::{Links, Veth};
use pallet::compute::ComputeError;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::thread;
use subnet::{Subnet, default_interface};

/// The interface of every node.
const NODE_INTERFACE: &str = "eth0";

/// The network of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    /// The name of the bridge and of the firewall table.
    pub(crate) bridge: String,
    pub(crate) subnet: Subnet,
    /// The process that holds the service's own namespaces, where the controller is not root.
    #[serde(default)]
    pub(crate) holder: Option<ProcessId>,
}

impl Stored for Network {
    const VERSION: u32 = 1;
}

/// Who asks for a network, and where it is remembered.
pub(crate) struct Owner<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) state_dir: &'a Path,
}

impl Owner<'_> {
    fn file(&self) -> PathBuf {
        self.state_dir.join("service.json")
    }

    /// Returns the service's network, if it has one.
    pub(crate) fn network(&self) -> Result<Option<Network>> {
        read_versioned(&self.file())
    }

    fn remember(&self, network: &Network) -> Result<()> {
        write_versioned(&self.file(), network)
    }
}

impl Network {
    /// Chooses a network that the host does not use, has it remembered, and brings it up. No other service of root's
    /// can choose at the same time.
    pub(crate) fn establish(owner: &Owner<'_>, bridge: String, wanted: Option<Subnet>) -> Result<()> {
        match owner.tools.rights {
            Rights::Root => {
                let mut host = Host::lock()?;
                let network = Network { bridge, subnet: choose_subnet(wanted)?, holder: None };
                // First of all, so that a controller that is killed below leaves nothing nobody knows of.
                owner.remember(&network)?;
                network.bring_up(&mut host, owner.state_dir)
            }
            Rights::User => {
                let mut network = Network { bridge, subnet: choose_subnet(wanted)?, holder: None };
                network.bring_up_own(owner)
            }
        }
    }

    /// Brings up what nodes share, or repairs it: the bridge, the firewall table, forwarding, the way out. The
    /// caller holds the service's lock.
    pub(crate) fn ensure(&mut self, owner: &Owner<'_>) -> Result<()> {
        match owner.tools.rights {
            Rights::Root => self.bring_up(&mut Host::lock()?, owner.state_dir),
            Rights::User => self.bring_up_own(owner),
        }
    }

    fn bring_up(&self, host: &mut Host, state_dir: &Path) -> Result<()> {
        let links =
            Links::open().context(|| "cannot talk to the kernel's network configuration".to_owned())?;
        if !links.exists(&self.bridge) {
            self.refuse_taken_subnet()?;
            self.make_bridge(&links)?;
        }
        host.enter(&self.bridge, state_dir)?;
        nft::replace_table(&self.bridge, self.subnet, &self.bridge)
            .context(|| format!("cannot make the firewall table {}", self.bridge))?;
        refuse_blocked_way_out(&self.bridge)
    }

    fn bring_up_own(&mut self, owner: &Owner<'_>) -> Result<()> {
        let holder = match self.holder.take().filter(|holder| holder.find().is_some()) {
            Some(holder) => holder,
            None => {
                // A way out that has outlived its namespaces leads nowhere.
                own::release(None, owner.state_dir)?;
                own::start_holder(owner.tools, |holder| {
                    owner.remember(&Network { holder: Some(holder.clone()), ..self.clone() })
                })?
            }
        };
        let (gateway, subnet) = (self.subnet.gateway().to_string(), self.subnet.to_string());
        let mtu = way_out_mtu();
        own::start_way_out(owner.tools, &holder, owner.state_dir, mtu)?;
        own::run(owner.tools, &holder, &["up", &self.bridge, &gateway, &subnet, &mtu.to_string()])?;
        self.holder = Some(holder);
        Ok(())
    }

    /// Connects a node: a pair of interfaces, its address, the route out.
    pub(crate) fn attach(&self, owner: &Owner<'_>, pid: i32, address: Ipv4Addr) -> Result<()> {
        let (port, gateway) = (self.port(address), self.subnet.gateway());
        if let Some(holder) = &self.holder {
            let [pid, address, gateway] = [pid.to_string(), address.to_string(), gateway.to_string()];
            let mtu = way_out_mtu().to_string();
            let task = ["attach", &self.bridge, &port, &pid, &address, &gateway, &mtu];
            return own::run(owner.tools, holder, &task);
        }
        let what = || format!("cannot connect the node with address {address} to the bridge {}", self.bridge);
        let links = Links::open().context(what)?;
        // What a node that died a moment ago leaves is removed by the kernel a moment later.
        links.remove(&port).context(what)?;
        let mtu = way_out_mtu();
        let veth = Veth { name: &port, bridge: &self.bridge, peer: NODE_INTERFACE, peer_pid: pid, mtu };
        links.add_veth(&veth).context(what)?;
        in_network_of(pid, move || configure_node(address, gateway)).context(what)
    }

    /// Removes a node's interface at once instead of when the kernel gets round to it.
    pub(crate) fn detach(&self, owner: &Owner<'_>, address: Ipv4Addr) -> Result<()> {
        let port = self.port(address);
        match &self.holder {
            Some(holder) if holder.find().is_none() => Ok(()),
            Some(holder) => own::run(owner.tools, holder, &["detach", &port]),
            None => Links::open()
                .and_then(|links| links.remove(&port))
                .context(|| format!("cannot remove the interface {port}")),
        }
    }

    /// Removes what nodes shared and gives the host back its settings.
    pub(crate) fn release(&self, owner: &Owner<'_>) -> Result<()> {
        if owner.tools.rights == Rights::User {
            return own::release(self.holder.as_ref(), owner.state_dir);
        }
        let host = Host::lock()?;
        Links::open()
            .and_then(|links| links.remove(&self.bridge))
            .context(|| format!("cannot remove the bridge {}", self.bridge))?;
        nft::remove_table(&self.bridge)
            .context(|| format!("cannot remove the firewall table {}", self.bridge))?;
        host.leave(&self.bridge)
    }

    /// A subnet was free when it was chosen; since then a reboot or a VPN may have changed that.
    fn refuse_taken_subnet(&self) -> Result<()> {
        match self.subnet.taken_by(&routes()?) {
            None => Ok(()),
            Some(interface) => Err(ComputeError::failed(format!(
                "the network {} of the sandbox is now in use by the host's interface {interface}",
                self.subnet
            ))
            .hint("destroy the nodes and converge again, which chooses another network")),
        }
    }

    fn make_bridge(&self, links: &Links) -> Result<()> {
        let [_, b, c, d] = self.subnet.gateway().octets();
        // The second lowest bit of the first byte says that the address is locally administered.
        let hardware_address = [0x02, b'p', b'l', b, c, d];
        links
            .add_bridge(&self.bridge, hardware_address, way_out_mtu())
            .and_then(|()| links.add_address(&self.bridge, self.subnet.gateway()))
            .and_then(|()| links.up(&self.bridge))
            .context(|| format!("cannot make the bridge {}", self.bridge))
    }

    /// The host's end of a node's pair of interfaces: `pl0a1b2c3d-254`, at most 15 characters as the kernel wants.
    fn port(&self, address: Ipv4Addr) -> String {
        let service = self.bridge.trim_start_matches("pallet-");
        format!("pl{service}-{}", address.octets()[3])
    }
}

/// Returns the network that is wanted, or one that is free.
///
/// # Errors
///
/// When the host uses the wanted one, or all.
pub(crate) fn choose_subnet(wanted: Option<Subnet>) -> Result<Subnet> {
    let routes = routes()?;
    let way_out = "set the option `subnet` to a private network that the host has no route to";
    match wanted {
        None => Subnet::choose(&routes)
            .ok_or_else(|| ComputeError::input("the host uses every network of 10.213.0.0/16").hint(way_out)),
        Some(subnet) => match subnet.taken_by(&routes) {
            None => Ok(subnet),
            Some(interface) => {
                let message = format!("the network {subnet} is in use by the host's interface {interface}");
                Err(ComputeError::input(message).hint(way_out))
            }
        },
    }
}

/// Returns the host's routes as the kernel lists them.
fn routes() -> Result<String> {
    fs::read_to_string("/proc/net/route").context(|| "cannot read the host's routes".to_owned())
}

/// Checks in a network namespace of its own that the kernel can do what nodes need, and changes nothing.
pub(crate) fn probe(pid: i32) -> Result<()> {
    let missing = |what: &str, module: &str, error: io::Error| {
        ComputeError::input(format!("this kernel cannot make {what} (module {module})"))
            .hint(format!("load it with `modprobe {module}`, or use a kernel that has it"))
            .source(error)
    };
    in_network_of(pid, move || {
        let links = Links::open()?;
        let bridge = "pallet-probe";
        let made = links.add_bridge(bridge, [2, 0, 0, 0, 0, 1], 1500);
        let veth = Veth { name: "pallet-veth", bridge, peer: "pallet-peer", peer_pid: pid, mtu: 1500 };
        let paired = made.as_ref().ok().map(|()| links.add_veth(&veth));
        let subnet = Subnet::choose("").expect("without routes every network is free");
        let filtered = nft::replace_table(bridge, subnet, bridge);
        Ok((made, paired, filtered))
    })
    .context(|| "cannot look into a network namespace".to_owned())
    .and_then(|(made, paired, filtered)| {
        made.map_err(|error| missing("a bridge", "bridge", error))?;
        paired.unwrap_or(Ok(())).map_err(|error| missing("a pair of interfaces", "veth", error))?;
        filtered.map_err(|error| missing("a table that rewrites addresses", "nft_masq", error))
    })
}

/// In nftables one table cannot overrule another, so what the host drops we cannot let through.
pub(crate) fn refuse_blocked_way_out(bridge: &str) -> Result<()> {
    // A kernel that cannot list its chains has none.
    match nft::blocking_chain(bridge).unwrap_or_default() {
        None => Ok(()),
        Some(chain) => Err(ComputeError::input(format!(
            "the host's firewall drops what nodes send (chain {chain} has policy drop and no rule for {bridge})"
        ))
        .hint(format!("let it through, for example: iptables -I FORWARD -i {bridge} -j ACCEPT && iptables -I FORWARD -o {bridge} -j ACCEPT"))),
    }
}

/// The largest packet that leaves the host whole: a larger one from a node would be lost wherever the notice that
/// it is too large is.
fn way_out_mtu() -> u32 {
    const ETHERNET: u32 = 1500;
    let mtu_of = |interface: String| {
        fs::read_to_string(format!("/sys/class/net/{interface}/mtu")).ok()?.trim().parse::<u32>().ok()
    };
    routes()
        .ok()
        .as_deref()
        .and_then(default_interface)
        .and_then(mtu_of)
        .map_or(ETHERNET, |mtu| mtu.min(ETHERNET))
}

fn configure_node(address: Ipv4Addr, gateway: Ipv4Addr) -> io::Result<()> {
    let links = Links::open()?;
    links.up("lo")?;
    links.add_address(NODE_INTERFACE, address)?;
    links.up(NODE_INTERFACE)?;
    links.add_default_route(NODE_INTERFACE, gateway)
}

/// Runs something in the network namespace of a process: on a thread of its own, because a thread that has
/// entered a namespace stays there.
fn in_network_of<T: Send + 'static>(
    pid: i32,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let enter = move || {
        let namespace = File::open(format!("/proc/{pid}/ns/net"))?;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        work()
    };
    let thread = thread::Builder::new().name("pallet-network".to_owned()).spawn(enter)?;
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_names_fit_the_kernel() {
        let subnet: Subnet = "10.9.8.0/24".parse().expect("a subnet");
        let network = Network { bridge: "pallet-0a1b2c3d".to_owned(), subnet, holder: None };
        assert!(network.bridge.len() <= 15);
        assert_eq!(network.port(Ipv4Addr::new(10, 9, 8, 254)), "pl0a1b2c3d-254");
    }
}
