//! Several groups of nodes, for phases that look at other nodes.

use crate::controller::{self, Controller};
use crate::report::Report;
use pallet::Registry;
use pallet::compute::NodeRecord;
use pallet::spec::Login;
use pallet_runtime::event::Verb;
use pallet_runtime::request::Request;
use pallet_test::nodes::{Bench, Node};

/// Debian nodes with systemd and OpenSSH on one network, each in a group, and a controller that configures them.
///
/// ```no_run
/// use pallet::prelude::*;
/// use pallet::Registry;
/// use pallet_lab::Fleet;
///
/// group! { Apps { name: "app", count: 2 } }
///
/// let fleet = Fleet::start(&[("app", 2)]);
/// fleet.converge(Registry::builder().group(Apps::spec()).build().unwrap()).summary();
/// fleet.node("app-2").check("true");
/// ```
#[derive(Debug)]
pub struct Fleet {
    bench: Bench,
    controller: Controller,
    names: Vec<(String, String)>,
}

impl Fleet {
    /// Starts nodes: so many of each group, named as pallet would name them.
    ///
    /// # Panics
    ///
    /// When they cannot be started.
    #[must_use]
    pub fn start(groups: &[(&str, usize)]) -> Fleet {
        let names: Vec<(String, String)> = groups
            .iter()
            .flat_map(|(group, count)| {
                (1..=*count).map(move |index| ((*group).to_owned(), format!("{group}-{index}")))
            })
            .collect();
        let bench = Bench::start(names.len()).expect("nodes with systemd");
        Fleet { bench, controller: Controller::new(), names }
    }

    /// Returns a node by its name, such as `web-1`.
    ///
    /// # Panics
    ///
    /// When there is no such node.
    #[must_use]
    #[track_caller]
    pub fn node(&self, name: &str) -> &Node {
        let index = self.names.iter().position(|(_, known)| known == name);
        &self.bench.nodes()[index.unwrap_or_else(|| panic!("no node {name} in {:?}", self.names))]
    }

    /// Says what converging these groups would do.
    pub fn plan(&self, registry: Registry) -> Report {
        self.run(registry, &Request::new(Verb::Plan))
    }

    /// Converges these groups.
    pub fn converge(&self, registry: Registry) -> Report {
        self.run(registry, &Request::new(Verb::Converge))
    }

    /// Does what is asked with these groups.
    pub fn run(&self, registry: Registry, request: &Request) -> Report {
        let login = Login {
            username: "root".to_owned(),
            private_key_path: Some(self.bench.nodes()[0].key_path().to_owned()),
            ..Login::default()
        };
        self.controller.run(registry, self.records(), login, request)
    }

    fn records(&self) -> Vec<NodeRecord> {
        let nodes = self.names.iter().zip(self.bench.nodes());
        nodes
            .map(|((group, name), node)| {
                controller::record(group, name, node.endpoint(), Some(node.address()))
            })
            .collect()
    }
}
