//! Networks and adapters as configurations write them.

use pallet::options::{OptionError, OptionValue, Options};
use pallet::spec::{Adapter, AdapterModel, Attachment, Forward, Network, Promiscuous, Protocol};
use std::net::IpAddr;

const MODELS: &[(&str, AdapterModel)] = &[
    ("am79c970a", AdapterModel::Am79C970A),
    ("am79c973", AdapterModel::Am79C973),
    ("i82540em", AdapterModel::I82540EM),
    ("i82543gc", AdapterModel::I82543GC),
    ("i82545em", AdapterModel::I82545EM),
    ("virtio", AdapterModel::Virtio),
    // As VMFest spelled it.
    ("vitrio", AdapterModel::Virtio),
];
const PROMISCUOUS: &[(&str, Promiscuous)] = &[
    ("deny", Promiscuous::Deny),
    ("allow-vms", Promiscuous::AllowVms),
    ("allow-all", Promiscuous::AllowAll),
];

/// Reads a network that is a name or a list of adapters, of which `management-adapter` may choose one.
pub(crate) fn network(options: &Options, key: &str) -> Result<Option<Network>, OptionError> {
    let management = options.integer::<usize>("management-adapter")?;
    let network = match options.value(key) {
        None => None,
        Some(OptionValue::String(name)) => Some(named(options, key, name)?),
        Some(_) => {
            let adapters: Result<Vec<Adapter>, _> = options.tables(key)?.iter().map(adapter).collect();
            Some(Network::Adapters(adapters?))
        }
    };
    match (network, management) {
        (Some(Network::Adapters(adapters)), Some(slot)) => manage_through(options, adapters, slot).map(Some),
        (_, Some(_)) => Err(options.invalid(
            "management-adapter",
            format_args!("only a list of adapters in `{key}` has one to choose"),
        )),
        (network, None) => Ok(network),
    }
}

/// Reads the network of a hardware model.
pub(crate) fn network_of_model(options: &Options) -> Result<Option<Network>, OptionError> {
    network(options, "network")
}

/// Reads a network that is given by VMFest's keys for images: `network-type` and what goes with it.
pub(crate) fn named_network(options: &Options) -> Result<Option<Network>, OptionError> {
    let bridge = options.string("bridged-interface")?;
    let local = options.string("local-interface")?;
    let forwards: Vec<Forward> = options.tables("nat-rules")?.iter().map(rule).collect::<Result<_, _>>()?;
    let Some(name) = options.string("network-type")? else {
        let beside = ["bridged-interface", "local-interface", "nat-rules"];
        return match beside.into_iter().find(|key| options.contains(key)) {
            Some(key) => Err(options.invalid(key, "means something only beside `network-type`")),
            None => Ok(None),
        };
    };
    let network = named(options, "network-type", &name)?;
    let misplaced =
        |key: &str| Err(options.invalid(key, format_args!("the network `{name}` has no use for it")));
    Ok(Some(match network {
        Network::Local if bridge.is_some() => return misplaced("bridged-interface"),
        Network::Local if local.is_some() || !forwards.is_empty() => {
            Network::Adapters(vec![Adapter::new(Attachment::HostOnly(local)), Adapter::nat(forwards)])
        }
        Network::Nat if bridge.is_some() => return misplaced("bridged-interface"),
        Network::Nat if local.is_some() => return misplaced("local-interface"),
        Network::Nat if !forwards.is_empty() => Network::Adapters(vec![Adapter::nat(forwards)]),
        Network::Bridged(_) if local.is_some() => return misplaced("local-interface"),
        Network::Bridged(_) if !forwards.is_empty() => return misplaced("nat-rules"),
        Network::Bridged(_) => Network::Bridged(bridge),
        other => other,
    }))
}

fn named(options: &Options, key: &str, name: &str) -> Result<Network, OptionError> {
    match name {
        "local" => Ok(Network::Local),
        "nat" => Ok(Network::Nat),
        "bridged" => Ok(Network::Bridged(None)),
        _ => Err(options.invalid(key, "expected `local`, `nat`, `bridged` or a list of adapters")),
    }
}

fn manage_through(options: &Options, adapters: Vec<Adapter>, slot: usize) -> Result<Network, OptionError> {
    if slot == 0 || slot > adapters.len() {
        let why = format!("expected 1 to {}, the number of an adapter", adapters.len());
        return Err(options.invalid("management-adapter", why));
    }
    let mark = |(number, adapter): (usize, Adapter)| Adapter { management: number == slot, ..adapter };
    Ok(Network::Adapters((1..).zip(adapters).map(mark).collect()))
}

fn adapter(table: &Options) -> Result<Adapter, OptionError> {
    if table.bool("enabled")? == Some(false) {
        return Ok(Adapter::new(Attachment::Absent));
    }
    let mut adapter = Adapter::new(attachment(table)?);
    adapter.management = table.bool("management")?.unwrap_or(false);
    adapter.model = choice(table, "adapter-type", MODELS)?;
    adapter.promiscuous = choice(table, "promiscuous", PROMISCUOUS)?;
    adapter.mac = table.string("mac-address")?.map(|mac| mac.replace([':', '-'], "").to_uppercase());
    adapter.speed = table.integer("line-speed")?;
    adapter.unplugged = table.bool("cable-connected")? == Some(false);
    table.finish()?;
    Ok(adapter)
}

fn attachment(table: &Options) -> Result<Attachment, OptionError> {
    let kind = table.string("attachment-type")?.ok_or_else(|| table.missing("attachment-type"))?;
    Ok(match kind.replace('_', "-").as_str() {
        "nat" => {
            let forwards: Result<_, _> = table.tables("nat-rules")?.iter().map(rule).collect();
            Attachment::Nat { forwards: forwards? }
        }
        "bridged" => {
            let (new, old) = (table.string("bridged-interface")?, table.string("host-interface")?);
            Attachment::Bridged(new.or(old))
        }
        "host-only" => Attachment::HostOnly(table.string("host-only-interface")?),
        "internal" => {
            let name = table.string("internal-network")?;
            Attachment::Internal(name.ok_or_else(|| table.missing("internal-network"))?)
        }
        "nat-network" => {
            let name = table.string("network")?;
            Attachment::NatNetwork(name.ok_or_else(|| table.missing("network"))?)
        }
        _ => {
            let why = format!("`{kind}` is none of nat, bridged, host-only, internal, nat-network");
            return Err(table.invalid("attachment-type", why));
        }
    })
}

fn rule(table: &Options) -> Result<Forward, OptionError> {
    let port =
        |key: &str| table.integer::<u16>(key)?.filter(|port| *port > 0).ok_or_else(|| table.missing(key));
    let mut forward = Forward::tcp(port("host-port")?, port("guest-port")?);
    forward.protocol = match table.string("protocol")?.as_deref() {
        None | Some("tcp") => Protocol::Tcp,
        Some("udp") => Protocol::Udp,
        Some(_) => return Err(table.invalid("protocol", "expected `tcp` or `udp`")),
    };
    forward.host_address = address(table, "host-ip")?;
    forward.guest_address = address(table, "guest-ip")?;
    forward.name = table.string("name")?;
    if forward.name.as_ref().is_some_and(|name| !is_rule_name(name)) {
        return Err(table.invalid("name", "expected letters, digits, hyphens and underscores"));
    }
    table.finish()?;
    Ok(forward)
}

/// Commas separate the parts of a rule for VirtualBox.
pub(super) fn is_rule_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn address(table: &Options, key: &str) -> Result<Option<IpAddr>, OptionError> {
    let parse = |text: String| text.parse().map_err(|_| table.invalid(key, "expected an IP address"));
    table.string(key)?.map(parse).transpose()
}

fn choice<T: Copy>(table: &Options, key: &str, known: &[(&str, T)]) -> Result<Option<T>, OptionError> {
    let Some(given) = table.string(key)? else { return Ok(None) };
    let given = given.to_lowercase().replace('_', "-");
    match known.iter().find(|(name, _)| *name == given || *name == format!("i{given}")) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(table.invalid(key, format_args!("`{given}` is none of {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, OptionValue)]) -> Options {
        let mut options = Options::new("network", None);
        for (key, value) in entries {
            options.set(*key, value.clone(), "");
        }
        options
    }

    fn list(adapters: &[&[(&str, OptionValue)]]) -> OptionValue {
        OptionValue::List(adapters.iter().map(|entries| OptionValue::Table(table(entries))).collect())
    }

    fn refused(entries: &[(&str, OptionValue)]) -> String {
        network(&table(&[("network", list(&[entries]))]), "network").expect_err("a mistake").message
    }

    #[test]
    fn every_key_of_an_adapter_is_read() {
        let rules = list(&[&[
            ("name", "dns".into()),
            ("protocol", "udp".into()),
            ("host-ip", "0.0.0.0".into()),
            ("host-port", 5353.into()),
            ("guest-ip", "10.0.2.15".into()),
            ("guest-port", 53.into()),
        ]]);
        let options = table(&[
            (
                "network",
                list(&[
                    &[("attachment-type", "nat".into()), ("nat-rules", rules)],
                    &[("enabled", false.into())],
                    &[
                        ("attachment-type", "host-only".into()),
                        ("host-only-interface", "vboxnet3".into()),
                        ("adapter-type", "82545em".into()),
                        ("mac-address", "08:00:27:ab:cd:ef".into()),
                        ("line-speed", 1000.into()),
                        ("cable-connected", false.into()),
                        ("promiscuous", "allow-vms".into()),
                    ],
                ]),
            ),
            ("management-adapter", 3.into()),
        ]);
        let forward = Forward::udp(5353, 53)
            .named("dns")
            .listen_on("0.0.0.0".parse().expect("an address"))
            .to_address("10.0.2.15".parse().expect("an address"));
        let adapters = vec![
            Adapter::nat([forward]),
            Adapter::new(Attachment::Absent),
            Adapter::new(Attachment::HostOnly(Some("vboxnet3".to_owned())))
                .management()
                .model(AdapterModel::I82545EM)
                .mac("080027ABCDEF")
                .speed(1000)
                .unplugged()
                .promiscuous(Promiscuous::AllowVms),
        ];
        assert_eq!(network(&options, "network"), Ok(Some(Network::Adapters(adapters))));
    }

    #[test]
    fn mistakes_name_the_key() {
        assert!(refused(&[("attachment-type", "vde".into())]).contains("`vde` is none of nat, bridged"));
        assert!(
            refused(&[("attachment-type", "internal".into())])
                .contains("needs the option `internal-network`")
        );
        assert!(
            refused(&[("attachment-type", "nat".into()), ("mac", "x".into())])
                .contains("unknown option `mac`")
        );
        let odd = table(&[("network", "nat".into()), ("management-adapter", 1.into())]);
        assert!(network(&odd, "network").is_err());
        let far = table(&[
            ("network", list(&[&[("attachment-type", "nat".into())]])),
            ("management-adapter", 2.into()),
        ]);
        assert!(network(&far, "network").expect_err("no such adapter").message.contains("expected 1 to 1"));
    }

    #[test]
    fn images_name_their_network_as_vmfest_did() {
        let read = |entries: &[(&str, OptionValue)]| named_network(&table(entries));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(
            read(&[("network-type", "bridged".into()), ("bridged-interface", "br0".into())]),
            Ok(Some(Network::Bridged(Some("br0".to_owned()))))
        );
        let local = vec![Adapter::new(Attachment::HostOnly(Some("vboxnet1".to_owned()))), Adapter::nat([])];
        assert_eq!(
            read(&[("network-type", "local".into()), ("local-interface", "vboxnet1".into())]),
            Ok(Some(Network::Adapters(local)))
        );
        assert!(read(&[("local-interface", "vboxnet1".into())]).is_err());
        assert!(read(&[("network-type", "briged".into())]).is_err());
    }
}
