//! Many nodes that run already: what is found before the first one is contacted.

mod support;

use pallet::prelude::*;
use pallet::{GroupSpec, Registry};
use pallet_runtime::main_of;
use std::fmt::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Outcome, Place};

/// Nodes that take every connection and never say a word.
struct Silent {
    place: Place,
    listener: TcpListener,
}

impl Silent {
    fn new(count: usize) -> Self {
        let place = Place::new();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("it does not wait");
        let port = listener.local_addr().expect("an address").port();
        let mut config = "[admin-user]\nusername = \"nobody\"\npassword = \"none\"\n\n[services.many]\n\
                          provider = \"node-list\"\nnodes = [\n"
            .to_owned();
        for number in 1..=count {
            writeln!(
                config,
                "{{ name = \"web-{number}\", group = \"web\", address = \"127.0.0.1\", port = {port} }},"
            )
            .expect("a text grows");
        }
        place.write("project/pallet.toml", &(config + "]\n"));
        Silent { place, listener }
    }

    /// Runs a program in which the phase of these nodes has a mistake.
    fn run(&self, wrong: &'static [&'static str], line: &str) -> Outcome {
        let program = move || {
            let configure = move || {
                let name = pallet::extract::<Node>("node").name().to_string();
                // The mistake of each node is its own.
                let path = if wrong.contains(&name.as_str()) { name } else { format!("/srv/{name}") };
                directory(path);
            };
            let web = GroupSpec::new("web").count(1).phase("configure", configure);
            Registry::builder().group(web).build()
        };
        self.place.run_main(main_of(program), line)
    }

    fn were_contacted(&self) -> bool {
        self.listener.accept().is_ok()
    }
}

#[test]
fn mistakes_of_single_nodes_are_all_found_before_any_contact() {
    let nodes = Silent::new(200);
    for verb in ["converge web=200", "plan web=200", "lift", "converge web=200 --require-all"] {
        // The nodes of a list are in the order of their names, and the last of these is the last one.
        let outcome = nodes.run(&["web-2", "web-190", "web-99"], verb);
        assert_eq!(outcome.code, 2, "{}", outcome.show());
        for name in ["web-2", "web-190", "web-99"] {
            assert!(outcome.stderr.contains(&format!("\"{name}\"")), "{}", outcome.show());
        }
        assert!(!nodes.were_contacted(), "{verb}");
    }
}

#[test]
fn a_mistake_that_only_the_last_node_has_is_found_before_any_contact() {
    let nodes = Silent::new(200);
    for verb in ["converge web=200", "plan web=200", "lift"] {
        let outcome = nodes.run(&["web-99"], verb);
        assert_eq!(outcome.code, 2, "{}", outcome.show());
        assert!(outcome.stderr.contains("\"web-99\""), "{}", outcome.show());
        assert!(!nodes.were_contacted(), "{verb}");
    }
}

/// Builds `configure` for 200 nodes before any contact, and returns how often.
fn builds(settings: impl Fn() + Clone + Send + Sync + 'static, configure: fn()) -> usize {
    let nodes = Silent::new(200);
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let program = move || {
        let (settings, counter) = (settings.clone(), counter.clone());
        let configure = move || {
            counter.fetch_add(1, Ordering::Relaxed);
            configure();
        };
        let web = GroupSpec::new("web").count(1).phase("settings", settings).phase("configure", configure);
        // So the run ends before it tries to connect.
        let web = web.phase("post-configure", || _ = directory("relative"));
        Registry::builder().group(web).build()
    };
    let outcome = nodes.place.run_main(main_of(program), "converge web=200");
    assert_eq!(outcome.code, 2, "{}", outcome.show());
    count.load(Ordering::Relaxed)
}

#[test]
fn a_phase_that_is_the_same_for_all_nodes_of_a_group_is_checked_once() {
    let publish = || settings::publish(Port(5432));
    let same: [fn(); 4] = [
        || _ = directory("/srv"),
        || _ = directory(format!("/srv/{}", pallet::extract::<Node>("node").group())),
        || _ = directory(format!("/srv/{}", pallet::extract::<Settings<Port>>("port").0)),
        || _ = package(pallet::extract::<Facts>("facts").os.family.to_string()),
    ];
    for (number, configure) in same.into_iter().enumerate() {
        assert_eq!(builds(publish, configure), 1, "number {number}");
    }
}

#[test]
fn a_phase_that_asks_for_its_node_is_checked_for_every_node() {
    let publish = || settings::publish(Port(5432));
    let different: [fn(); 5] = [
        || _ = directory(format!("/srv/{}", pallet::extract::<Node>("node").name())),
        || _ = directory(format!("/srv/{}", pallet::extract::<Node>("node").hostname())),
        || _ = remote_file("/srv/node").content(format!("{:?}", pallet::extract::<Node>("node"))),
        || _ = remote_file("/srv/ip").content(pallet::extract::<Node>("node").primary_ip().to_string()),
        || {
            let (node, all) = (pallet::extract::<Node>("node"), pallet::extract::<Nodes>("nodes"));
            directory(format!("/srv/{:?}", all.iter().position(|other| *other == node)));
        },
    ];
    for (number, configure) in different.into_iter().enumerate() {
        assert_eq!(builds(publish, configure), 200, "number {number}");
    }
}

#[test]
fn a_phase_that_reads_settings_is_checked_for_every_node_if_they_differ() {
    let publish = || settings::publish(Port(pallet::extract::<Node>("node").name().as_str().len() as u16));
    let configure = || _ = directory(format!("/srv/{}", pallet::extract::<Settings<Port>>("port").0));
    assert_eq!(builds(publish, configure), 200);
}

#[derive(Debug)]
struct Port(u16);

#[test]
fn settings_of_the_last_node_are_known_to_the_first() {
    let Silent { place, listener } = Silent::new(200);
    // Nobody can be reached, so the run ends once it tries.
    drop(listener);
    let program = || {
        let publish = || settings::publish(Port(5432));
        let configure = || {
            let nodes = pallet::extract::<Nodes>("nodes");
            let ports = nodes.iter().map(|node| Some(settings::of::<Port>(node)?.0));
            assert!(ports.into_iter().all(|port| port == Some(5432)), "a node has no settings yet");
            directory("/srv/all");
        };
        let web = GroupSpec::new("web").count(1).phase("settings", publish).phase("configure", configure);
        Registry::builder().group(web).build()
    };
    let outcome = place.run_main(main_of(program), "converge web=200");
    assert_eq!(outcome.code, 1, "{}", outcome.show());
}

#[test]
fn settings_that_depend_on_what_is_published_already_differ() {
    let publish = || {
        let all = pallet::extract::<Nodes>("nodes");
        let published = all.iter().filter(|node| settings::of::<Port>(node).is_some()).count();
        settings::publish(Port(u16::try_from(published).expect("few")));
    };
    let configure = || _ = directory(format!("/srv/{}", pallet::extract::<Settings<Port>>("port").0));
    assert_eq!(builds(publish, configure), 200);
}

#[test]
fn settings_are_published_in_the_order_of_the_nodes() {
    let nodes = Silent::new(200);
    let program = || {
        let publish = || {
            let (node, all) = (pallet::extract::<Node>("node"), pallet::extract::<Nodes>("nodes"));
            let own = all.iter().position(|other| *other == node).expect("it is one of them");
            let before = own.checked_sub(1).map_or(5432, |before| {
                settings::of::<Port>(&all[before]).expect("the node before has published its own").0
            });
            settings::publish(Port(before + 1));
        };
        // So the run ends before it tries to connect.
        let configure = || _ = directory("relative");
        let web = GroupSpec::new("web").count(1).phase("settings", publish).phase("configure", configure);
        Registry::builder().group(web).build()
    };
    let outcome = nodes.place.run_main(main_of(program), "converge web=200");
    assert_eq!(outcome.code, 2, "{}", outcome.show());
    assert!(!outcome.stderr.contains("published"), "{}", outcome.show());
}
