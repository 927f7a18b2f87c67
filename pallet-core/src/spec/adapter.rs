//! Network adapters of a node: what each is attached to, and how it behaves.

use std::net::IpAddr;

/// One network adapter.
///
/// # Examples
///
/// ```
/// use pallet::spec::{Adapter, AdapterModel, Forward, Network};
///
/// let network = Network::Adapters(vec![
///     Adapter::host_only().management(),
///     Adapter::nat([Forward::tcp(8080, 80), Forward::udp(5353, 53)]).model(AdapterModel::Virtio),
/// ]);
/// assert_eq!(network.to_string(), "2 adapters");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// What the adapter is attached to.
    pub attachment: Attachment,
    /// Whether pallet reaches the node through this adapter. Without any such mark it is the first one.
    pub management: bool,
    /// The network card that the guest sees; the provider's choice by default.
    pub model: Option<AdapterModel>,
    /// Its MAC address as twelve hexadecimal digits; one of its own by default. Only for a group of one.
    pub mac: Option<String>,
    /// Set when the guest is to find the cable pulled.
    pub unplugged: bool,
    /// The speed that the guest is told, in kbit/s.
    pub speed: Option<u32>,
    /// Which frames of others the adapter may see; none by default.
    pub promiscuous: Option<Promiscuous>,
}

impl Adapter {
    /// Returns an adapter with this attachment.
    pub fn new(attachment: Attachment) -> Self {
        Adapter {
            attachment,
            management: false,
            model: None,
            mac: None,
            unplugged: false,
            speed: None,
            promiscuous: None,
        }
    }

    /// Returns an adapter behind NAT with these forwarded ports.
    pub fn nat(forwards: impl IntoIterator<Item = Forward>) -> Self {
        Adapter::new(Attachment::Nat { forwards: forwards.into_iter().collect() })
    }

    /// Returns an adapter on the service's host-only interface.
    pub fn host_only() -> Self {
        Adapter::new(Attachment::HostOnly(None))
    }

    /// Returns an adapter bridged to an interface of the host.
    pub fn bridged(interface: impl Into<String>) -> Self {
        Adapter::new(Attachment::Bridged(Some(interface.into())))
    }

    /// Marks the adapter as the one through which pallet reaches the node.
    #[must_use]
    pub fn management(mut self) -> Self {
        self.management = true;
        self
    }

    /// Sets the network card that the guest sees.
    #[must_use]
    pub fn model(mut self, model: AdapterModel) -> Self {
        self.model = Some(model);
        self
    }

    /// Sets the MAC address: twelve hexadecimal digits.
    #[must_use]
    pub fn mac(mut self, mac: impl Into<String>) -> Self {
        self.mac = Some(mac.into());
        self
    }

    /// Pulls the cable.
    #[must_use]
    pub fn unplugged(mut self) -> Self {
        self.unplugged = true;
        self
    }

    /// Sets the speed that the guest is told, in kbit/s.
    #[must_use]
    pub fn speed(mut self, kbit: u32) -> Self {
        self.speed = Some(kbit);
        self
    }

    /// Sets which frames of others the adapter may see.
    #[must_use]
    pub fn promiscuous(mut self, promiscuous: Promiscuous) -> Self {
        self.promiscuous = Some(promiscuous);
        self
    }
}

/// What a network adapter is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// VirtualBox's NAT engine, with forwarded ports.
    Nat {
        /// Ports of the host that lead to ports of the guest.
        forwards: Vec<Forward>,
    },
    /// The host's interface of this name, or the first usable one.
    Bridged(Option<String>),
    /// The host-only interface of this name (on macOS: the host-only network), or the service's default.
    HostOnly(Option<String>),
    /// The internal network of this name.
    Internal(String),
    /// The NAT network of this name.
    NatNetwork(String),
    /// Nothing: there is no adapter in this place, and those behind it keep their numbers.
    Absent,
}

/// A network card that guests have drivers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterModel {
    /// AMD PCNet-PCI II.
    Am79C970A,
    /// AMD PCNet-FAST III.
    Am79C973,
    /// Intel PRO/1000 MT Desktop.
    I82540EM,
    /// Intel PRO/1000 T Server.
    I82543GC,
    /// Intel PRO/1000 MT Server.
    I82545EM,
    /// The paravirtualised card, which is the fastest.
    Virtio,
}

/// Which frames that are not its own an adapter may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promiscuous {
    /// None.
    Deny,
    /// Those of other machines on the same network.
    AllowVms,
    /// All, also the host's.
    AllowAll,
}

/// A port of the host that leads to a port of the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The address of the host to listen on; only the host itself can use the port by default.
    pub host_address: Option<IpAddr>,
    /// The port on the host.
    pub host: u16,
    /// The address of the guest, where it has several.
    pub guest_address: Option<IpAddr>,
    /// The port on the guest.
    pub guest: u16,
    /// What the rule is called; by its ports by default.
    pub name: Option<String>,
}

impl Forward {
    /// Returns a rule for TCP that only the host itself can use.
    pub fn tcp(host: u16, guest: u16) -> Self {
        Forward { protocol: Protocol::Tcp, host_address: None, host, guest_address: None, guest, name: None }
    }

    /// Returns a rule for UDP that only the host itself can use.
    pub fn udp(host: u16, guest: u16) -> Self {
        Forward { protocol: Protocol::Udp, ..Forward::tcp(host, guest) }
    }

    /// Listens on another address of the host: `0.0.0.0` opens the port to the host's networks.
    #[must_use]
    pub fn listen_on(mut self, address: IpAddr) -> Self {
        self.host_address = Some(address);
        self
    }

    /// Leads to this address of the guest.
    #[must_use]
    pub fn to_address(mut self, address: IpAddr) -> Self {
        self.guest_address = Some(address);
        self
    }

    /// Gives the rule a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// The protocol of a forwarded port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// Returns the protocol's name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}
