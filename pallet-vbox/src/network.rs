//! Networks: the adapters that a node gets, and through which of them pallet reaches it.

use pallet::compute::ComputeError;
use pallet::spec::{Adapter, Attachment, Forward, Network};

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

/// The adapters of one node, with all names filled in but an interface to bridge to that is still to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Adapters {
    adapters: Vec<Attachment>,
    /// The slot of the adapter through which pallet reaches the node: 1 is the first.
    pub(crate) management: u8,
}

impl Adapters {
    /// Returns the adapters of a node that wants this network.
    pub(crate) fn resolve(wanted: Option<&Network>, defaults: &Defaults) -> Result<Adapters, ComputeError> {
        let adapters = match wanted.unwrap_or(&defaults.network) {
            Network::Local => {
                vec![
                    Adapter::new(Attachment::HostOnly(None)),
                    Adapter::new(Attachment::Nat { forwards: vec![] }),
                ]
            }
            Network::Bridged(interface) => vec![Adapter::new(Attachment::Bridged(interface.clone()))],
            Network::Nat => vec![Adapter::new(Attachment::Nat { forwards: vec![] })],
            Network::Adapters(adapters) => adapters.clone(),
        };
        let management = management(&adapters)?;
        let named = |adapter: Adapter| match adapter.attachment {
            Attachment::HostOnly(None) => Attachment::HostOnly(Some(defaults.local_interface.clone())),
            Attachment::Bridged(None) => Attachment::Bridged(defaults.bridged_interface.clone()),
            other => other,
        };
        Ok(Adapters { adapters: adapters.into_iter().map(named).collect(), management })
    }

    /// Returns the host-only interfaces that must exist.
    pub(crate) fn host_only_interfaces(&self) -> impl Iterator<Item = &str> {
        self.adapters.iter().filter_map(|adapter| match adapter {
            Attachment::HostOnly(name) => name.as_deref(),
            _ => None,
        })
    }

    /// Returns the interfaces to bridge to that are named.
    pub(crate) fn bridged_interfaces(&self) -> impl Iterator<Item = &str> {
        self.adapters.iter().filter_map(|adapter| match adapter {
            Attachment::Bridged(name) => name.as_deref(),
            _ => None,
        })
    }

    /// Tells whether an interface to bridge to must still be found.
    pub(crate) fn wants_a_bridge(&self) -> bool {
        self.adapters.contains(&Attachment::Bridged(None))
    }

    /// Fills in the interface to bridge to.
    pub(crate) fn bridge_to(&mut self, interface: &str) {
        for adapter in &mut self.adapters {
            if *adapter == Attachment::Bridged(None) {
                *adapter = Attachment::Bridged(Some(interface.to_owned()));
            }
        }
    }

    /// Returns the ports of the host that the user chose.
    pub(crate) fn host_ports(&self) -> impl Iterator<Item = u16> {
        self.adapters.iter().flat_map(forwards_of).map(|forward| forward.host)
    }

    /// Tells whether a port of the host must be found that leads to the node's SSH server.
    pub(crate) fn wants_an_ssh_port(&self) -> bool {
        let management = self.adapters.get(usize::from(self.management) - 1);
        matches!(management, Some(Attachment::Nat { forwards }) if ssh_forward(forwards).is_none())
    }

    /// Returns the arguments of `modifyvm` for these adapters. `ssh_port` leads to the SSH server, if one is wanted.
    pub(crate) fn arguments(&self, ssh_port: Option<u16>) -> Vec<String> {
        let numbered = (1..).zip(&self.adapters);
        numbered.flat_map(|(slot, adapter)| self.adapter_arguments(slot, adapter, ssh_port)).collect()
    }

    fn adapter_arguments(&self, slot: u8, adapter: &Attachment, ssh_port: Option<u16>) -> Vec<String> {
        match adapter {
            Attachment::Nat { forwards } => {
                let is_management = slot == self.management;
                let mut args = vec![format!("--nic{slot}=nat")];
                if let Some(port) = ssh_port.filter(|_| is_management) {
                    args.push(rule_argument(slot, SSH_RULE, Forward { host: port, guest: SSH_PORT }));
                }
                let own = ssh_forward(forwards).filter(|_| is_management);
                args.extend(forwards.iter().map(|forward| {
                    let name = if Some(*forward) == own { SSH_RULE.to_owned() } else { rule_name(*forward) };
                    rule_argument(slot, &name, *forward)
                }));
                args
            }
            Attachment::Bridged(interface) => {
                let interface = interface.iter().map(|name| format!("--bridge-adapter{slot}={name}"));
                [format!("--nic{slot}=bridged")].into_iter().chain(interface).collect()
            }
            Attachment::HostOnly(interface) => {
                let interface = interface.iter().map(|name| format!("--host-only-adapter{slot}={name}"));
                [format!("--nic{slot}=hostonly")].into_iter().chain(interface).collect()
            }
            Attachment::Internal(name) => {
                vec![format!("--nic{slot}=intnet"), format!("--intnet{slot}={name}")]
            }
            Attachment::NatNetwork(name) => {
                vec![format!("--nic{slot}=natnetwork"), format!("--nat-network{slot}={name}")]
            }
        }
    }
}

/// Returns the arguments of `modifyvm` that let another port of the host lead to the SSH server.
pub(crate) fn move_ssh_port(slot: u8, port: u16) -> Vec<String> {
    vec![
        // Two arguments; `=delete,name`, the `=delete=name` of the usage text and one argument are all refused.
        format!("--nat-pf{slot}=delete"),
        SSH_RULE.to_owned(),
        rule_argument(slot, SSH_RULE, Forward { host: port, guest: SSH_PORT }),
    ]
}

/// Only the host itself can use a forwarded port; without the address it would be open to the host's network.
fn rule_argument(slot: u8, name: &str, forward: Forward) -> String {
    format!("--nat-pf{slot}={name},tcp,127.0.0.1,{},,{}", forward.host, forward.guest)
}

fn rule_name(forward: Forward) -> String {
    format!("pallet-{}-{}", forward.host, forward.guest)
}

fn forwards_of(adapter: &Attachment) -> &[Forward] {
    match adapter {
        Attachment::Nat { forwards } => forwards,
        _ => &[],
    }
}

fn ssh_forward(forwards: &[Forward]) -> Option<Forward> {
    forwards.iter().copied().find(|forward| forward.guest == SSH_PORT)
}

fn management(adapters: &[Adapter]) -> Result<u8, ComputeError> {
    if adapters.is_empty() || adapters.len() > MOST {
        return Err(ComputeError::input(format!("a node cannot have {} network adapters", adapters.len()))
            .hint(format!("give it 1 to {MOST}")));
    }
    let mut marked = (1..).zip(adapters).filter(|(_, adapter)| adapter.management);
    let (slot, adapter) = marked.next().unwrap_or((1, &adapters[0]));
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
        let forwards = forwards.iter().map(|&(host, guest)| Forward { host, guest }).collect();
        Adapter::new(Attachment::Nat { forwards })
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
        assert_eq!(adapters.host_ports().collect::<Vec<_>>(), [8080, 2222]);
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
    fn a_port_is_moved_in_one_call() {
        assert_eq!(
            move_ssh_port(1, 22007),
            ["--nat-pf1=delete", "pallet-ssh", "--nat-pf1=pallet-ssh,tcp,127.0.0.1,22007,,22"]
        );
    }
}
