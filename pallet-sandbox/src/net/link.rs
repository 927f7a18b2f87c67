//! Interfaces, addresses and routes (rtnetlink(7)), in the network namespace of the calling thread.

use super::netlink::{ACK, CREATE, EXCLUSIVE, Message, Socket};
use rustix::io::Errno;
use rustix::net::netdevice::name_to_index;
use std::io;
use std::net::Ipv4Addr;

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const NEW_ADDRESS: u16 = 20;
const NEW_ROUTE: u16 = 24;

const LINK_ADDRESS: u16 = 1;
const LINK_NAME: u16 = 3;
const LINK_MTU: u16 = 4;
const LINK_MASTER: u16 = 10;
const LINK_INFO: u16 = 18;
const LINK_NAMESPACE_PID: u16 = 19;
const INFO_KIND: u16 = 1;
const INFO_DATA: u16 = 2;
const VETH_PEER: u16 = 1;

const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const BROADCAST: u16 = 4;

const GATEWAY: u16 = 5;
const OUT_INTERFACE: u16 = 4;

const INET: u8 = 2;
const FLAG_UP: u32 = 1;

/// Configures interfaces of one network namespace.
pub(crate) struct Links(Socket);

/// A pair of interfaces: what enters one leaves the other.
pub(crate) struct Veth<'a> {
    pub(crate) name: &'a str,
    pub(crate) bridge: &'a str,
    pub(crate) peer: &'a str,
    /// A process in the network namespace that the peer is put into.
    pub(crate) peer_pid: i32,
    pub(crate) mtu: u32,
}

impl Links {
    pub(crate) fn open() -> io::Result<Self> {
        Socket::route().map(Links)
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.index(name).is_ok()
    }

    /// Makes a bridge. Its hardware address is set, because otherwise it changes with every port that comes or
    /// goes, and the nodes' neighbour tables go stale.
    pub(crate) fn add_bridge(&self, name: &str, hardware_address: [u8; 6], mtu: u32) -> io::Result<()> {
        self.send(
            Message::new(NEW_LINK, ACK | CREATE | EXCLUSIVE)
                .raw(&link_header(0, 0))
                .text(LINK_NAME, name)
                .attribute(LINK_ADDRESS, &hardware_address)
                .attribute(LINK_MTU, &mtu.to_ne_bytes())
                .nested(LINK_INFO, |info| info.text(INFO_KIND, "bridge")),
        )
    }

    /// Makes a pair of interfaces, one a port of the bridge and up, the other in a node.
    pub(crate) fn add_veth(&self, veth: &Veth<'_>) -> io::Result<()> {
        let bridge = self.index(veth.bridge)?;
        self.send(
            Message::new(NEW_LINK, ACK | CREATE | EXCLUSIVE)
                .raw(&link_header(0, FLAG_UP))
                .text(LINK_NAME, veth.name)
                .attribute(LINK_MASTER, &bridge.to_ne_bytes())
                .attribute(LINK_MTU, &veth.mtu.to_ne_bytes())
                .nested(LINK_INFO, |info| {
                    info.text(INFO_KIND, "veth").nested(INFO_DATA, |data| {
                        data.nested(VETH_PEER, |peer| {
                            peer.raw(&link_header(0, 0))
                                .text(LINK_NAME, veth.peer)
                                .attribute(LINK_MTU, &veth.mtu.to_ne_bytes())
                                .attribute(LINK_NAMESPACE_PID, &veth.peer_pid.to_ne_bytes())
                        })
                    })
                }),
        )
    }

    pub(crate) fn up(&self, name: &str) -> io::Result<()> {
        let index = self.index(name)?;
        self.send(Message::new(NEW_LINK, ACK).raw(&link_header(index, FLAG_UP)))
    }

    /// Gives an interface an address in a network of 24 bits.
    pub(crate) fn add_address(&self, name: &str, address: Ipv4Addr) -> io::Result<()> {
        let index = self.index(name)?;
        let [a, b, c, _] = address.octets();
        self.send(
            Message::new(NEW_ADDRESS, ACK | CREATE | EXCLUSIVE)
                .raw(&[INET, 24, 0, 0])
                .raw(&index.to_ne_bytes())
                .attribute(LOCAL, &address.octets())
                .attribute(ADDRESS, &address.octets())
                .attribute(BROADCAST, &[a, b, c, 255]),
        )
    }

    /// Sends everything that has no better route to this gateway.
    pub(crate) fn add_default_route(&self, name: &str, gateway: Ipv4Addr) -> io::Result<()> {
        const TABLE_MAIN: u8 = 254;
        const PROTOCOL_BOOT: u8 = 3;
        const SCOPE_UNIVERSE: u8 = 0;
        const UNICAST: u8 = 1;
        let index = self.index(name)?;
        self.send(
            Message::new(NEW_ROUTE, ACK | CREATE | EXCLUSIVE)
                .raw(&[INET, 0, 0, 0, TABLE_MAIN, PROTOCOL_BOOT, SCOPE_UNIVERSE, UNICAST, 0, 0, 0, 0])
                .attribute(GATEWAY, &gateway.octets())
                .attribute(OUT_INTERFACE, &index.to_ne_bytes()),
        )
    }

    /// Removes an interface. One that is gone already is not an error; the kernel removes those of a node that
    /// has ended by itself, some time later.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        let removed = self.send(Message::new(DELETE_LINK, ACK).raw(&link_header(0, 0)).text(LINK_NAME, name));
        match removed {
            Err(error) if error.raw_os_error() == Some(Errno::NODEV.raw_os_error()) => Ok(()),
            other => other,
        }
    }

    fn index(&self, name: &str) -> io::Result<u32> {
        Ok(name_to_index(self.0.fd(), name)?)
    }

    fn send(&self, message: Message) -> io::Result<()> {
        self.0.request(message)
    }
}

/// `struct ifinfomsg`: which interface, and which flags to set.
fn link_header(index: u32, flags: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..16].copy_from_slice(&flags.to_ne_bytes());
    header
}
