//! Many nodes that run already: what is found before the first one is contacted, and what while connecting.

mod support;

use pallet::prelude::*;
use pallet::{GroupSpec, Registry};
use pallet_runtime::main_of;
use std::fmt::Write;
use std::net::TcpListener;
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
fn a_mistake_of_one_of_the_first_nodes_is_found_with_all_others_before_any_contact() {
    let nodes = Silent::new(200);
    for verb in ["converge web=200", "plan web=200", "lift"] {
        let outcome = nodes.run(&["web-2", "web-190"], verb);
        assert_eq!(outcome.code, 2, "{}", outcome.show());
        assert!(outcome.stderr.contains("\"web-2\""), "{}", outcome.show());
        assert!(outcome.stderr.contains("\"web-190\""), "{}", outcome.show());
        assert!(!nodes.were_contacted(), "{verb}");
    }
}

#[test]
fn up_to_64_nodes_are_all_checked_before_any_contact() {
    let nodes = Silent::new(64);
    let outcome = nodes.run(&["web-9"], "converge web=64");
    assert_eq!(outcome.code, 2, "{}", outcome.show());
    assert!(!nodes.were_contacted());
}

#[test]
fn a_mistake_of_one_node_of_many_ends_the_run_while_it_connects() {
    let nodes = Silent::new(200);
    for verb in ["converge web=200", "plan web=200"] {
        // The nodes of a list are in the order of their names, and this is the last one.
        let outcome = nodes.run(&["web-99"], verb);
        assert_eq!(outcome.code, 2, "{}", outcome.show());
        assert!(outcome.stderr.contains("\"web-99\""), "{}", outcome.show());
    }
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
fn who_wants_all_or_nothing_gets_all_mistakes_before_any_contact() {
    let nodes = Silent::new(200);
    let outcome = nodes.run(&["web-99"], "converge web=200 --require-all");
    assert_eq!(outcome.code, 2, "{}", outcome.show());
    assert!(!nodes.were_contacted());
}
