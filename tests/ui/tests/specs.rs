//! What the function-like macros build: every key, in every form it can have.
#![deny(warnings)]

mod support;

use pallet::facts::{OsFamily, VersionReq};
use pallet::options::OptionValue;
use pallet::prelude::*;
use pallet::spec::{
    Adapter, AdapterModel, Attach, Attachment, Forward, Hardware, Image, ImageDefinition, ImageMatch, Login,
    Mib, Network,
};
use pallet::{DefinesCluster, DefinesGroup, DefinesPhase, DefinesServerSpec, Registry};
use support::labels;

#[phase]
fn base_node() {
    package("curl");
}

#[phase]
fn web() {
    package("nginx");
}

/// Sets the number of workers.
///
/// And nothing else.
#[phase]
fn tune(#[arg] workers: u16, #[arg] _names: Vec<&str>) {
    exec(format!("tune {workers}"));
}

server_spec! { BaseNode { roles: [node], configure: base_node } }

server_spec! {
    /// A web server.
    Web {
        extends: [BaseNode, additional("git"), (ServerSpec::new("inline").role("inline"))],
        roles: [web, "app-server"],
        settings: || (),
        bootstrap: base_node,
        configure: web,
        phases: { tune: tune(4, Vec::new()), "pre-configure": move || package("drain"), restart: helper("web") },
        default_phases: [configure, "tune"],
        node_spec: Small,
        hardware: { memory: 2 GiB },
    }
}

fn additional(name: &'static str) -> ServerSpec {
    ServerSpec::new("additional").phase("configure", move || package(name))
}

fn helper(name: &str) {
    exec(format!("systemctl restart {name}"));
}

node_spec! { Small { image: "debian-12", hardware: small, network: local } }

group! {
    WebServers { count: 2, extends: [Web], protect: true, node_spec: (Small::spec()), network: nat }
}

group! { HTTPProxy { name: "proxy", count: (1 + 1), protect: (false), default_phases: [] } }

cluster! {
    NorthSite { groups: [WebServers, (GroupSpec::new("extra"))], extends: [BaseNode], roles: [north] }
}

cluster! { Unnamed { name: "", groups: [HTTPProxy], configure: web, image: "debian-13" } }

fn run(spec: &ServerSpec, phase: &str) -> Vec<String> {
    let resolved = spec.resolve().expect("a valid spec");
    let functions = resolved.phases.iter().find(|(name, _)| name.as_str() == phase).expect("the phase").1;
    labels(|| functions.iter().for_each(|function| function.call().expect("no error")))
}

#[test]
fn a_server_spec_has_what_its_keys_say() {
    let web = Web::spec();
    assert_eq!(run(&web, "configure"), ["package curl", "package git", "package nginx"]);
    assert_eq!(run(&web, "bootstrap"), ["package curl"]);
    assert_eq!(run(&web, "pre-configure"), ["package drain"]);
    assert_eq!(run(&web, "tune"), ["exec tune 4"]);
    assert_eq!(run(&web, "restart"), ["exec systemctl restart web"]);
    let web = web.resolve().expect("a valid spec");
    let roles: Vec<&str> = web.roles.iter().map(AsRef::as_ref).collect();
    assert_eq!(roles, ["app-server", "inline", "node", "web"]);
    let default_phases: Vec<&str> = web.default_phases.iter().map(AsRef::as_ref).collect();
    assert_eq!(default_phases, ["configure", "tune"]);
    assert_eq!(web.node_spec.get_image(), Some(&Image::from("debian-12")));
    let hardware = web.node_spec.get_hardware().expect("hardware");
    assert_eq!((&hardware.model, hardware.memory), (&None, Some(Mib(2048))), "sections are replaced whole");
}

#[test]
fn definitions_say_where_and_what_the_items_are() {
    let web = <Web as DefinesServerSpec>::DEF;
    assert_eq!((web.path().as_str(), web.get_doc()), ("specs::Web", "A web server."));
    assert!(web.location().file().ends_with("tests/specs.rs"));
    let tune = <tune as DefinesPhase>::DEF;
    assert_eq!(tune.get_doc(), "Sets the number of workers.");
    assert_eq!(tune.get_arguments(), ["workers: u16", "_names: Vec<&str>"]);
    assert!(tune.get_run().is_none());
    assert!(<web as DefinesPhase>::DEF.get_run().is_some());
    assert_eq!(<HTTPProxy as DefinesGroup>::DEF.group_name(), "proxy");
    assert_eq!(<NorthSite as DefinesCluster>::DEF.get_groups().len(), 1, "the other one is no item");
}

#[test]
fn groups_have_names_counts_and_protection() {
    let group = WebServers::spec().resolve().expect("a valid group");
    assert_eq!((group.name.as_str(), group.count, group.protect), ("web-servers", Some(2), true));
    assert_eq!(group.node_spec.get_network(), Some(&Network::Nat));
    assert_eq!(group.node_spec.get_hardware(), Some(&Hardware::from("small")));
    let group = HTTPProxy::spec().resolve().expect("a valid group");
    assert_eq!((group.name.as_str(), group.count, group.protect), ("proxy", Some(2), false));
}

#[test]
fn clusters_share_and_prefix() {
    let names = |cluster: ClusterSpec| -> Vec<String> {
        let groups = cluster.groups();
        groups.iter().map(|group| group.resolve().expect("a valid group").name.to_string()).collect()
    };
    assert_eq!(names(NorthSite::spec()), ["north-site-web-servers", "north-site-extra"]);
    assert_eq!(names(Unnamed::spec()), ["proxy"]);
}

#[test]
fn everything_is_registered() {
    let registry = Registry::from_inventory().expect("no duplicates");
    let groups: Vec<&str> = registry.groups().iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["fragments", "north-site-extra", "north-site-web-servers", "proxy"]);
    assert_eq!(registry.phases().len(), 3);
    assert_eq!(registry.server_specs().len(), 2);
}

#[test]
fn images_can_be_conditions_or_definitions() {
    node_spec! { Matching { image: { os_family: debian_base, os_version: ">= 12, < 14", os_64_bit: true } } }
    let wanted = ImageMatch {
        os_family: Some(OsFamily::DebianBase),
        os_version: VersionReq::parse(">= 12, < 14").ok(),
        os_64_bit: Some(true),
    };
    assert_eq!(Matching::spec().get_image(), Some(&Image::Matching(wanted)));

    node_spec! {
        Defined {
            image: {
                path: (format!("/srv/{}", "debian.vdi")),
                os_family: "debian",
                os_version: "12.5",
                os_type: "Debian12_64",
                description: "plain",
                username: "admin",
                password: (String::from("from somewhere")),
                private_key_path: "/srv/id",
                no_sudo: true,
                attach: linked_clone,
                cloud_init: false,
            },
        }
    }
    let definition = ImageDefinition {
        path: "/srv/debian.vdi".into(),
        description: Some("plain".to_owned()),
        os_type: Some("Debian12_64".to_owned()),
        os_family: Some(OsFamily::Debian),
        os_version: Some("12.5".to_owned()),
        os_64_bit: None,
        login: Some(Login {
            username: "admin".to_owned(),
            password: Some("from somewhere".into()),
            private_key_path: Some("/srv/id".into()),
            no_sudo: true,
            ..Login::default()
        }),
        attach: Some(Attach::LinkedClone),
        cloud_init: false,
    };
    assert_eq!(Defined::spec().get_image(), Some(&Image::from(definition)));
}

#[test]
fn hardware_has_settings_of_the_provider_with_their_lines() {
    node_spec! {
        Large {
            hardware: {
                model: "large",
                memory: (Mib::gib(3)),
                cpus: 4,
                vram: 16,
                firmware: efi,
                nested: true,
                weight: 0.5,
                boot_order: [disk, "net"],
                storage: { name: "SATA", ports: 4 },
            },
        }
    }
    let line = line!() - 5;
    let spec = Large::spec();
    let hardware = spec.get_hardware().expect("hardware");
    assert_eq!((hardware.model.as_deref(), hardware.cpus), (Some("large"), Some(4)));
    assert_eq!(hardware.memory, Some(Mib(3072)));
    let settings = hardware.settings.as_ref().expect("settings");
    assert_eq!(settings.integer::<u32>("vram"), Ok(Some(16)));
    assert_eq!(settings.string("firmware"), Ok(Some("efi".to_owned())));
    assert_eq!(settings.bool("nested"), Ok(Some(true)));
    assert_eq!(settings.strings("boot_order"), Ok(vec!["disk".to_owned(), "net".to_owned()]));
    let storage = settings.table("storage").expect("a table").expect("given");
    assert_eq!(storage.integer::<u8>("ports"), Ok(Some(4)));
    assert!(
        settings.place("boot_order").contains(&format!("specs.rs:{line}:")),
        "{}",
        settings.place("boot_order")
    );
    let _: OptionValue = 1.into();
}

#[test]
fn networks_are_named_or_listed() {
    node_spec! { Bridged { network: bridged } }
    node_spec! { Interface { network: bridged("eth0") } }
    node_spec! { Computed { network: (if cfg!(unix) { Network::Local } else { Network::Nat }) } }
    assert_eq!(Bridged::spec().get_network(), Some(&Network::Bridged(None)));
    assert_eq!(Interface::spec().get_network(), Some(&Network::Bridged(Some("eth0".to_owned()))));
    assert_eq!(Computed::spec().get_network(), Some(&Network::Local));

    node_spec! {
        Listed {
            network: [
                nat(forward 8080 => 80, forward 8443 => 443),
                management(host_only("vboxnet0")),
                host_only,
                bridged("eth0"),
                bridged,
                internal("backbone"),
                nat_network("lab"),
                (Adapter::nat([Forward::udp(5353, 53)]).model(AdapterModel::Virtio)),
            ],
        }
    }
    let forwards = vec![Forward::tcp(8080, 80), Forward::tcp(8443, 443)];
    let name = |name: &str| Some(name.to_owned());
    let adapters = vec![
        Adapter::new(Attachment::Nat { forwards }),
        Adapter::new(Attachment::HostOnly(name("vboxnet0"))).management(),
        Adapter::new(Attachment::HostOnly(None)),
        Adapter::new(Attachment::Bridged(name("eth0"))),
        Adapter::new(Attachment::Bridged(None)),
        Adapter::new(Attachment::Internal("backbone".to_owned())),
        Adapter::new(Attachment::NatNetwork("lab".to_owned())),
        Adapter::nat([Forward::udp(5353, 53)]).model(AdapterModel::Virtio),
    ];
    assert_eq!(Listed::spec().get_network(), Some(&Network::Adapters(adapters)));
}

macro_rules! group_of_fragments {
    ($name:ident, $count:expr, $image:literal, $hardware:expr, $base:path, $phase:path) => {
        group! {
            $name {
                count: $count,
                image: $image,
                hardware: $hardware,
                extends: [$base],
                configure: $phase,
                phases: { tune: $phase },
            }
        }
    };
}

mod elsewhere {
    use pallet::prelude::*;
    use pallet::spec::{Hardware, Image};

    group_of_fragments!(Fragments, 1 + 2, "debian-12", "small", super::BaseNode, super::web);

    #[test]
    fn a_users_macros_can_pass_fragments_on() {
        let group = Fragments::spec().resolve().expect("a valid group");
        assert_eq!((group.count, group.phases.len()), (Some(3), 2));
        assert_eq!(group.node_spec.get_image(), Some(&Image::from("debian-12")));
        assert_eq!(group.node_spec.get_hardware(), Some(&Hardware::from("small")));
    }
}
