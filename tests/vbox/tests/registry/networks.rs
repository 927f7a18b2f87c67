//! The adapters that a node asks for, and what VirtualBox says of them afterwards.

use crate::Test;
use pallet::compute::CreateRequest;
use pallet::options::{OptionValue, Options};
use pallet::spec::{Adapter, AdapterModel, Attachment, Forward, Network, NodeSpec, Promiscuous};
use pallet_tests_vbox::world::{IMAGE, World, quietly, request};
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("networks::eight_adapters_of_every_kind_are_as_asked_for", eight),
    ("networks::a_service_has_a_network_of_its_own", of_service),
    ("networks::a_missing_nat_network_is_named_with_the_way_to_make_it", nat_network),
    ("networks::an_address_that_virtualbox_would_refuse_is_explained", range),
];

fn eight(world: World, runtime: Runtime) {
    world.vbox(&["natnetwork", "add", "--netname=lab", "--network=10.9.0.0/24", "--enable"]);
    let any = "0.0.0.0".parse().expect("an address");
    let guest = "10.0.2.15".parse().expect("an address");
    let internal = |name: &str| Adapter::new(Attachment::Internal(name.to_owned()));
    let adapters = vec![
        internal("back").model(AdapterModel::Am79C970A),
        Adapter::nat([Forward::udp(25353, 53).listen_on(any).to_address(guest).named("dns")])
            .model(AdapterModel::Virtio)
            .mac("080027AB12CD")
            .management(),
        Adapter::new(Attachment::Absent),
        Adapter::new(Attachment::NatNetwork("lab".to_owned())).model(AdapterModel::I82543GC),
        internal("b").unplugged().speed(1000).model(AdapterModel::I82545EM),
        internal("c").promiscuous(Promiscuous::AllowVms).model(AdapterModel::Am79C973),
        Adapter::nat([]).model(AdapterModel::I82540EM),
        internal("d"),
    ];
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let mut wanted = request("web", 1);
        wanted.spec = NodeSpec::new().image(IMAGE).network(Network::Adapters(adapters));
        service.check(std::slice::from_ref(&wanted)).await.expect("possible");
        let node = service.create(&wanted, &quietly).await.expect("a node");
        assert_eq!(node.primary_ip, Some("127.0.0.1".parse().expect("an address")));
        let said = world.vbox(&["showvminfo", &node.id.0, "--machinereadable"]);
        for line in [
            "nic1=\"intnet\"",
            "intnet1=\"back\"",
            "nictype1=\"Am79C970A\"",
            "nic2=\"nat\"",
            "nictype2=\"virtio\"",
            "macaddress2=\"080027AB12CD\"",
            "\"dns,udp,0.0.0.0,25353,10.0.2.15,53\"",
            "\"pallet-ssh,tcp,127.0.0.1,",
            "nic3=\"none\"",
            "nic4=\"natnetwork\"",
            "nat-network4=\"lab\"",
            "nictype4=\"82543GC\"",
            "cableconnected5=\"off\"",
            "nicspeed5=\"1000\"",
            "nictype5=\"82545EM\"",
            "nictype6=\"Am79C973\"",
            "nictype7=\"82540EM\"",
            "intnet8=\"d\"",
        ] {
            assert!(said.contains(line), "{line}\n{said}");
        }
        let people = world.vbox(&["showvminfo", &node.id.0]);
        let sixth = people.lines().find(|line| line.starts_with("NIC 6:")).unwrap_or_default();
        assert!(sixth.contains("Promisc Policy: allow-vms"), "{sixth}");
        // The same address twice is no group of two.
        let both = [1, 2].map(|index| CreateRequest { spec: wanted.spec.clone(), ..request("db", index) });
        let error = service.check(&both).await.expect_err("one port and one address");
        assert!(error.message.contains("the port 25353 of the host"), "{error}");
    });
}

fn adapters(entries: &[&[(&str, OptionValue)]]) -> OptionValue {
    let table = |entries: &&[(&str, OptionValue)]| {
        let mut options = Options::new("adapter", None);
        for (key, value) in *entries {
            options.set(*key, value.clone(), "");
        }
        OptionValue::Table(options)
    };
    OptionValue::List(entries.iter().map(table).collect())
}

fn of_service(world: World, runtime: Runtime) {
    let network = adapters(&[
        &[("attachment-type", "internal".into()), ("internal-network", "back".into())],
        &[("attachment-type", "nat".into())],
    ]);
    runtime.block_on(async {
        let own = [("default-network", network), ("management-adapter", 2.into())];
        let service = world.open("lab", &own).await.expect("a service");
        let mut wanted = request("web", 1);
        wanted.spec = NodeSpec::new().image(IMAGE);
        let node = service.create(&wanted, &quietly).await.expect("a node");
        let said = world.vbox(&["showvminfo", &node.id.0, "--machinereadable"]);
        assert!(said.contains("nic1=\"intnet\"") && said.contains("nic2=\"nat\""), "{said}");
        assert_eq!(service.list().await.expect("a list"), [node]);
    });
}

fn nat_network(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let mut wanted = request("web", 1);
        let adapters = vec![Adapter::nat([]), Adapter::new(Attachment::NatNetwork("lab".to_owned()))];
        wanted.spec = NodeSpec::new().image(IMAGE).network(Network::Adapters(adapters));
        let error = service.check(std::slice::from_ref(&wanted)).await.expect_err("no such network");
        assert_eq!(error.message, "VirtualBox has no NAT network `lab`");
        assert!(error.hint.is_some_and(|hint| hint.contains("natnetwork add --netname=lab")));
    });
}

fn range(world: World, runtime: Runtime) {
    // What this host allows is its own business.
    if std::path::Path::new("/etc/vbox/networks.conf").exists() {
        return;
    }
    runtime.block_on(async {
        let service =
            world.open("lab", &[("default-local-address", "10.1.2.1".into())]).await.expect("a service");
        let mut wanted = request("web", 1);
        wanted.spec = NodeSpec::new().image(IMAGE).network(Network::Local);
        let error = service.check(&[wanted]).await.expect_err("out of range");
        assert_eq!(error.message, "VirtualBox does not allow the address 10.1.2.1 for a host-only network");
        assert!(error.hint.is_some_and(|hint| hint.contains("/etc/vbox/networks.conf")));
        assert_eq!(world.machines(), [""; 0]);
    });
}
