//! Networks: the adapters that a node gets, and through which of them pallet reaches it.

pub(crate) mod adapters;

use pallet::compute::ComputeError;
use pallet::spec::{Adapter, AdapterModel, Attachment, Forward, Network, Promiscuous, Protocol};
use std::net::{IpAddr, Ipv4Addr};

/// The name of the forwarding rule that leads to a node's SSH server.
pub(crate) const SSH_RULE: &str = "pallet-ssh";
/// The port that SSH servers listen on.
const SSH_PORT: u16 = 22;
/// The adapters of a machine with the default chipset. VBoxManage takes a ninth without a word.
const MOST: usize = 8;

/// The service's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) network: Network,
    pub(crate) local_interface: String,
    pub(crate) bridged_interface: Option<String>,
}

/// The networks that a node gets if its spec names none: its hardware's, else its image's, else the service's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) hardware: Option<Network>,
    pub(crate) image: Option<Network>,
}

impl Choice {
    /// Returns the strongest of them.
    pub(crate) fn best<'a>(&'a self, wanted: Option<&'a Network>) -> Option<&'a Network> {
        wanted.or(self.hardware.as_ref()).or(self.image.as_ref())
    }
}

/// The adapters of one node, with all names filled in but an interface to bridge to that is still to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adapters {
    adapters: Vec<Adapter>,
    /// The slot of the adapter through which pallet reaches the node: 1 is the first.
    pub(crate) management: u8,
    /// Whether host-only interfaces are networks, as on macOS.
    pub(crate) on_mac: bool,
}

impl Adapters {
    /// Returns the adapters of a node that wants this network.
    pub(crate) fn resolve(wanted: Option<&Network>, defaults: &Defaults) -> Result<Adapters, ComputeError> {
        let adapters = match wanted.unwrap_or(&defaults.network) {
            Network::Local => vec![Adapter::host_only(), Adapter::nat([])],
            Network::Bridged(interface) => vec![Adapter::new(Attachment::Bridged(interface.clone()))],
            Network::Nat => vec![Adapter::nat([])],
            Network::Adapters(adapters) => adapters.clone(),
        };
        let management = management(&adapters)?;
        adapters.iter().try_for_each(check)?;
        let named = |mut adapter: Adapter| {
            match &mut adapter.attachment {
                Attachment::HostOnly(name @ None) => *name = Some(defaults.local_interface.clone()),
                Attachment::Bridged(name @ None) => name.clone_from(&defaults.bridged_interface),
                _ => {}
            }
            adapter
        };
        Ok(Adapters { adapters: adapters.into_iter().map(named).collect(), management, on_mac: false })
    }

    /// Returns the host-only interfaces that must exist.
    pub(crate) fn host_only_interfaces(&self) -> impl Iterator<Item = &str> {
        self.adapters.iter().filter_map(|adapter| match &adapter.attachment {
            Attachment::HostOnly(name) => name.as_deref(),
            _ => None,
        })
    }

    /// Returns the interfaces to bridge to that are named.
    pub(crate) fn bridged_interfaces(&self) -> impl Iterator<Item = &str> {
        self.adapters.iter().filter_map(|adapter| match &adapter.attachment {
            Attachment::Bridged(name) => name.as_deref(),
            _ => None,
        })
    }

    /// Returns the NAT networks that must exist.
    pub(crate) fn nat_networks(&self) -> impl Iterator<Item = &str> {
        self.adapters.iter().filter_map(|adapter| match &adapter.attachment {
            Attachment::NatNetwork(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Returns the MAC addresses that are given.
    pub(crate) fn macs(&self) -> impl Iterator<Item = &str> {
        self.adapters.iter().filter_map(|adapter| adapter.mac.as_deref())
    }

    /// Tells whether an interface to bridge to must still be found.
    pub(crate) fn wants_a_bridge(&self) -> bool {
        self.adapters.iter().any(|adapter| adapter.attachment == Attachment::Bridged(None))
    }

    /// Fills in the interface to bridge to.
    pub(crate) fn bridge_to(&mut self, interface: &str) {
        for adapter in &mut self.adapters {
            if adapter.attachment == Attachment::Bridged(None) {
                adapter.attachment = Attachment::Bridged(Some(interface.to_owned()));
            }
        }
    }

    /// Returns the ports of the host that the user chose.
    pub(crate) fn host_ports(&self) -> impl Iterator<Item = (Protocol, u16)> {
        let forwards = self.adapters.iter().flat_map(|adapter| forwards_of(&adapter.attachment));
        forwards.map(|forward| (forward.protocol, forward.host))
    }

    /// Tells whether a port of the host must be found that leads to the node's SSH server.
    pub(crate) fn wants_an_ssh_port(&self) -> bool {
        let management =
            self.adapters.get(usize::from(self.management) - 1).map(|adapter| &adapter.attachment);
        matches!(management, Some(Attachment::Nat { forwards }) if ssh_forward(forwards).is_none())
    }

    /// Returns the arguments of `modifyvm` for these adapters. `ssh_port` leads to the SSH server, if one is wanted.
    pub(crate) fn arguments(&self, ssh_port: Option<u16>) -> Vec<String> {
        let numbered = (1..).zip(&self.adapters);
        numbered
            .flat_map(|(slot, adapter)| {
                let mut args = self.attachment_arguments(slot, &adapter.attachment, ssh_port);
                args.extend(card_arguments(slot, adapter));
                args
            })
            .collect()
    }

    fn attachment_arguments(&self, slot: u8, attachment: &Attachment, ssh_port: Option<u16>) -> Vec<String> {
        let named = |kind: &str, option: &str, name: Option<&str>| {
            let name = name.map(|name| format!("--{option}{slot}={name}"));
            [format!("--nic{slot}={kind}")].into_iter().chain(name).collect()
        };
        match attachment {
            Attachment::Nat { forwards } => self.nat_arguments(slot, forwards, ssh_port),
            Attachment::Bridged(interface) => named("bridged", "bridge-adapter", interface.as_deref()),
            Attachment::HostOnly(network) if self.on_mac => {
                named("hostonlynet", "host-only-net", network.as_deref())
            }
            Attachment::HostOnly(interface) => named("hostonly", "host-only-adapter", interface.as_deref()),
            Attachment::Internal(name) => named("intnet", "intnet", Some(name)),
            Attachment::NatNetwork(name) => named("natnetwork", "nat-network", Some(name)),
            Attachment::Absent => named("none", "", None),
        }
    }

    fn nat_arguments(&self, slot: u8, forwards: &[Forward], ssh_port: Option<u16>) -> Vec<String> {
        let is_management = slot == self.management;
        let mut args = vec![format!("--nic{slot}=nat")];
        if let Some(port) = ssh_port.filter(|_| is_management) {
            args.push(rule_argument(slot, SSH_RULE, &Forward::tcp(port, SSH_PORT)));
        }
        let own = ssh_forward(forwards).filter(|_| is_management);
        args.extend(forwards.iter().map(|forward| {
            let name = if Some(forward) == own { SSH_RULE.to_owned() } else { rule_name(forward) };
            rule_argument(slot, &name, forward)
        }));
        args
    }
}

/// What the guest sees of an adapter.
fn card_arguments(slot: u8, adapter: &Adapter) -> Vec<String> {
    let model = adapter.model.map(|model| format!("--nic-type{slot}={}", model_argument(model)));
    let mac = adapter.mac.as_ref().map(|mac| format!("--mac-address{slot}={mac}"));
    let cable = adapter.unplugged.then(|| format!("--cable-connected{slot}=off"));
    let speed = adapter.speed.map(|speed| format!("--nic-speed{slot}={speed}"));
    let promiscuous = adapter.promiscuous.map(|promiscuous| {
        let word = match promiscuous {
            Promiscuous::Deny => "deny",
            Promiscuous::AllowVms => "allow-vms",
            Promiscuous::AllowAll => "allow-all",
        };
        format!("--nic-promisc{slot}={word}")
    });
    [model, mac, cable, speed, promiscuous].into_iter().flatten().collect()
}

fn model_argument(model: AdapterModel) -> &'static str {
    match model {
        AdapterModel::Am79C970A => "Am79C970A",
        AdapterModel::Am79C973 => "Am79C973",
        AdapterModel::I82540EM => "82540EM",
        AdapterModel::I82543GC => "82543GC",
        AdapterModel::I82545EM => "82545EM",
        AdapterModel::Virtio => "virtio",
    }
}

/// Returns the arguments of `modifyvm` that let another port of the host lead to the SSH server.
pub(crate) fn move_ssh_port(slot: u8, port: u16) -> Vec<String> {
    vec![
        // Two arguments; `=delete,name`, the `=delete=name` of the usage text and one argument are all refused.
        format!("--nat-pf{slot}=delete"),
        SSH_RULE.to_owned(),
        rule_argument(slot, SSH_RULE, &Forward::tcp(port, SSH_PORT)),
    ]
}

/// Only the host itself can use a forwarded port, unless an address is given; else it would be open to the host's
/// network.
fn rule_argument(slot: u8, name: &str, forward: &Forward) -> String {
    let Forward { protocol, host, guest, .. } = forward;
    let listen = forward.host_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let to = forward.guest_address.map(|address| address.to_string()).unwrap_or_default();
    format!("--nat-pf{slot}={name},{},{listen},{host},{to},{guest}", protocol.as_str())
}

fn rule_name(forward: &Forward) -> String {
    let usual = || match forward.protocol {
        Protocol::Tcp => format!("pallet-{}-{}", forward.host, forward.guest),
        Protocol::Udp => format!("pallet-udp-{}-{}", forward.host, forward.guest),
    };
    forward.name.clone().unwrap_or_else(usual)
}

fn forwards_of(attachment: &Attachment) -> &[Forward] {
    match attachment {
        Attachment::Nat { forwards } => forwards,
        _ => &[],
    }
}

/// A rule that leads to the SSH server, and that the controller can use.
fn ssh_forward(forwards: &[Forward]) -> Option<&Forward> {
    forwards.iter().find(|forward| {
        let is_local =
            forward.host_address.is_none_or(|address| address.is_loopback() || address.is_unspecified());
        forward.guest == SSH_PORT && forward.protocol == Protocol::Tcp && is_local
    })
}

/// What VBoxManage would take and get wrong.
fn check(adapter: &Adapter) -> Result<(), ComputeError> {
    if let Some(mac) = &adapter.mac {
        let is_mac = mac.len() == 12 && mac.bytes().all(|b| b.is_ascii_hexdigit());
        let is_multicast =
            u8::from_str_radix(mac.get(..2).unwrap_or_default(), 16).is_ok_and(|first| first & 1 == 1);
        if !is_mac || is_multicast {
            return Err(ComputeError::input(format!("`{mac}` is no MAC address of an adapter"))
                .hint("twelve hexadecimal digits, of which the second is even: `080027AB12CD`"));
        }
    }
    let mut names: Vec<String> = forwards_of(&adapter.attachment).iter().map(rule_name).collect();
    if let Some(name) = names.iter().find(|name| !adapters::is_rule_name(name) || *name == SSH_RULE) {
        return Err(ComputeError::input(format!("a forwarded port cannot be called `{name}`"))
            .hint(format!("letters, digits, hyphens and underscores; `{SSH_RULE}` is pallet's own")));
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() < all {
        return Err(ComputeError::input("two forwarded ports of an adapter have one name").hint("rename one"));
    }
    Ok(())
}

fn management(adapters: &[Adapter]) -> Result<u8, ComputeError> {
    if adapters.is_empty() || adapters.len() > MOST {
        return Err(ComputeError::input(format!("a node cannot have {} network adapters", adapters.len()))
            .hint(format!("give it 1 to {MOST}")));
    }
    let mut marked = (1..).zip(adapters).filter(|(_, adapter)| adapter.management);
    let first = || (1..).zip(adapters).find(|(_, adapter)| adapter.attachment != Attachment::Absent);
    let (slot, adapter) = marked.next().or_else(first).unwrap_or((1, &adapters[0]));
    if let Some((other, _)) = marked.next() {
        return Err(ComputeError::input(format!(
            "adapters {slot} and {other} are both marked as the one to manage the node through"
        ))
        .hint("mark one"));
    }
    match &adapter.attachment {
        Attachment::Internal(name) | Attachment::NatNetwork(name) => {
            Err(ComputeError::input(format!("pallet cannot reach a node through the network `{name}`"))
                .hint("mark a NAT, host-only or bridged adapter as the one to manage the node through"))
        }
        Attachment::Absent => {
            Err(ComputeError::input(format!("adapter {slot} is to manage the node through and is absent"))
                .hint("mark a NAT, host-only or bridged adapter as the one to manage the node through"))
        }
        Attachment::Nat { .. } | Attachment::Bridged(_) | Attachment::HostOnly(_) if adapter.unplugged => {
            Err(ComputeError::input(format!(
                "adapter {slot} is to manage the node through and has its cable pulled"
            ))
            .hint("plug it in, or mark another adapter as the one to manage the node through"))
        }
        Attachment::Nat { .. } | Attachment::Bridged(_) | Attachment::HostOnly(_) => Ok(slot),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults { network: Network::Local, local_interface: "vboxnet0".to_owned(), bridged_interface: None }
    }

    fn resolve(network: Network) -> Adapters {
        Adapters::resolve(Some(&network), &defaults()).expect("a possible network")
    }

    fn refused(adapters: Vec<Adapter>) -> String {
        Adapters::resolve(Some(&Network::Adapters(adapters)), &defaults())
            .expect_err("an impossible network")
            .to_string()
    }

    fn nat(forwards: &[(u16, u16)]) -> Adapter {
        Adapter::nat(forwards.iter().map(|&(host, guest)| Forward::tcp(host, guest)))
    }

    #[test]
    fn local_is_host_only_with_nat_for_the_way_out() {
        let adapters = Adapters::resolve(None, &defaults()).expect("the default");
        assert_eq!(
            adapters.arguments(None),
            ["--nic1=hostonly", "--host-only-adapter1=vboxnet0", "--nic2=nat"]
        );
        assert!(!adapters.wants_an_ssh_port());
        assert_eq!(adapters.host_only_interfaces().collect::<Vec<_>>(), ["vboxnet0"]);
    }

    #[test]
    fn nat_forwards_a_port_of_the_host_alone() {
        let adapters = resolve(Network::Nat);
        assert!(adapters.wants_an_ssh_port());
        assert_eq!(
            adapters.arguments(Some(22001)),
            ["--nic1=nat", "--nat-pf1=pallet-ssh,tcp,127.0.0.1,22001,,22"]
        );
    }

    #[test]
    fn a_forward_of_the_users_own_to_port_22_is_the_way_in() {
        let adapters = resolve(Network::Adapters(vec![nat(&[(8080, 80), (2222, 22)])]));
        assert!(!adapters.wants_an_ssh_port());
        assert_eq!(
            adapters.arguments(None),
            [
                "--nic1=nat",
                "--nat-pf1=pallet-8080-80,tcp,127.0.0.1,8080,,80",
                "--nat-pf1=pallet-ssh,tcp,127.0.0.1,2222,,22",
            ]
        );
        assert_eq!(adapters.host_ports().collect::<Vec<_>>(), [(Protocol::Tcp, 8080), (Protocol::Tcp, 2222)]);
    }

    #[test]
    fn a_bridge_is_found_or_named() {
        let mut adapters = resolve(Network::Bridged(None));
        assert!(adapters.wants_a_bridge());
        adapters.bridge_to("eth0");
        assert_eq!(adapters.arguments(None), ["--nic1=bridged", "--bridge-adapter1=eth0"]);
        assert_eq!(
            resolve(Network::Bridged(Some("br0".to_owned()))).bridged_interfaces().next(),
            Some("br0")
        );
    }

    #[test]
    fn the_marked_adapter_is_the_way_in() {
        let adapters = resolve(Network::Adapters(vec![
            Adapter::new(Attachment::Internal("back".to_owned())),
            Adapter::new(Attachment::NatNetwork("lab".to_owned())),
            nat(&[]).management(),
        ]));
        assert_eq!(adapters.management, 3);
        assert_eq!(
            adapters.arguments(Some(22002)),
            [
                "--nic1=intnet",
                "--intnet1=back",
                "--nic2=natnetwork",
                "--nat-network2=lab",
                "--nic3=nat",
                "--nat-pf3=pallet-ssh,tcp,127.0.0.1,22002,,22",
            ]
        );
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(refused(vec![]), "a node cannot have 0 network adapters");
        assert_eq!(refused(vec![nat(&[]); 9]), "a node cannot have 9 network adapters");
        assert_eq!(
            refused(vec![nat(&[]).management(), nat(&[]).management()]),
            "adapters 1 and 2 are both marked as the one to manage the node through"
        );
        let internal = Adapter::new(Attachment::Internal("back".to_owned()));
        assert_eq!(
            refused(vec![internal, nat(&[])]),
            "pallet cannot reach a node through the network `back`"
        );
    }

    #[test]
    fn every_setting_of_an_adapter_has_an_argument() {
        let any = "0.0.0.0".parse().expect("an address");
        let adapter = Adapter::nat([Forward::udp(5353, 53).listen_on(any).named("dns")])
            .model(AdapterModel::Virtio)
            .mac("080027AB12CD")
            .speed(1000)
            .promiscuous(Promiscuous::AllowAll);
        let absent = Adapter::new(Attachment::Absent);
        let adapters = resolve(Network::Adapters(vec![absent, adapter, Adapter::host_only().unplugged()]));
        assert_eq!(adapters.management, 2);
        assert_eq!(
            adapters.arguments(Some(22001)).join(" "),
            "--nic1=none --nic2=nat --nat-pf2=pallet-ssh,tcp,127.0.0.1,22001,,22 --nat-pf2=dns,udp,0.0.0.0,5353,,53 \
             --nic-type2=virtio --mac-address2=080027AB12CD --nic-speed2=1000 --nic-promisc2=allow-all \
             --nic3=hostonly --host-only-adapter3=vboxnet0 --cable-connected3=off"
        );
        let mac = Adapters { on_mac: true, ..resolve(Network::Local) };
        assert_eq!(mac.arguments(None), ["--nic1=hostonlynet", "--host-only-net1=vboxnet0", "--nic2=nat"]);
    }

    #[test]
    fn what_an_adapter_cannot_have_is_refused() {
        assert!(refused(vec![nat(&[]).mac("0800")]).contains("no MAC address"));
        assert!(refused(vec![nat(&[]).mac("01002700AABB")]).contains("no MAC address"));
        assert!(refused(vec![nat(&[]).unplugged()]).contains("cable pulled"));
        let named = |name: &str| Adapter::nat([Forward::tcp(1, 2).named(name)]);
        assert!(refused(vec![named("a,b")]).contains("cannot be called"));
        assert!(refused(vec![named(SSH_RULE)]).contains("cannot be called"));
        assert!(
            refused(vec![Adapter::nat([Forward::tcp(80, 80), Forward::tcp(80, 80)])]).contains("one name")
        );
    }

    #[test]
    fn a_port_is_moved_in_one_call() {
        assert_eq!(
            move_ssh_port(1, 22007),
            ["--nat-pf1=delete", "pallet-ssh", "--nat-pf1=pallet-ssh,tcp,127.0.0.1,22007,,22"]
        );
    }
}
