//! Whole programs with a mistake that no type can see: refused with exit code 2 before a node is made or contacted.
//!
//! The index is `pallet-core/docs/mistakes.md`, as for the mistakes within one phase.

mod support;

use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, NodeId, NodeRecord, Progress, Provider, ServiceConfig,
};
use pallet::prelude::*;
use pallet::registry::RegistryBuilder;
use pallet::spec::{Adapter, Attachment, Forward, Network, NodeSpec};
use pallet::{GroupSpec, Registry, ServerSpec};
use pallet_runtime::main_of;
use std::sync::Arc;
use support::Place;

struct Mistake {
    /// What is wrong, as in the index.
    what: &'static str,
    program: fn() -> RegistryBuilder,
    /// What is said, with `‹…›` in place of a line: what stands behind `//~` there.
    says: &'static str,
}

const CATALOGUE: &[Mistake] = &[
    Mistake {
        what: "a group without a count",
        program: || Registry::builder().group(GroupSpec::new("web")), //~ group
        says: "error: group web has no count\n  --> ‹group›\n  hint: write `count: 1` in the group, or say `web=1` on \
               the command line\n",
    },
    Mistake {
        what: "two groups of one name",
        program: || {
            let first = GroupSpec::new("web").count(1); //~ first
            let second = GroupSpec::new("web").count(1); //~ second
            Registry::builder().group(first).group(second)
        },
        says: "error: ‹second›: group name `web` is taken: it is defined at ‹first› already\n",
    },
    Mistake {
        what: "two functions of one phase that contradict each other",
        program: || {
            let base = ServerSpec::new("base").phase("configure", || {
                service("app").running(); //~ inherited
            });
            let web = GroupSpec::new("web").count(2).extends(base).phase("configure", || {
                service("app").stopped(); //~ own
            });
            Registry::builder().group(web)
        },
        says: "error: service app: a closure declares stopped, and a closure before it running (the other line is ‹inherited›)\n\
             \x20 --> ‹own›\n\
             \x20 hint: let one of them decide; or say `.overrides()` at the later line, if it is meant to win\n",
    },
    Mistake {
        what: "two files on the controller for one path",
        program: || {
            let base = ServerSpec::new("base").phase("configure", || {
                remote_file("/a").local_file("/dev/null") //~ read
            });
            let web = GroupSpec::new("web").count(1).extends(base).phase("configure", || {
                remote_file("/a").content("a") //~ written
            });
            Registry::builder().group(web)
        },
        says: "error: /a: a closure declares content \"a\", and a closure before it content \"\" (the other line is ‹read›)\n\
             \x20 --> ‹written›\n\
             \x20 hint: let one of them decide; or say `.overrides()` at the later line, if it is meant to win\n",
    },
    Mistake {
        what: "a file on the controller that cannot be read",
        program: || {
            let web = GroupSpec::new("web").count(1).phase("configure", || {
                remote_file("/a").local_file("/nowhere/motd") //~ local
            });
            Registry::builder().group(web)
        },
        says: "error: cannot read /nowhere/motd on the controller: No such file or directory (os error 2)\n\
             \x20 --> ‹local›\n",
    },
    Mistake {
        what: "a port of the host for two nodes of a group",
        program: || Registry::builder().group(GroupSpec::new("web").count(2).node_spec(forwarded(8080))), //~ two
        says: "error: port 8080 of the host is forwarded to web-1 (‹two›) and to web-2\n\
             \x20 --> ‹two›\n\
             \x20 hint: a port of the host leads to one node: give each group its own, and such a group one node\n",
    },
    Mistake {
        what: "a port of the host for two groups",
        program: || {
            let db = GroupSpec::new("db").count(1).node_spec(forwarded(8080)); //~ db
            let web = GroupSpec::new("web").count(1).node_spec(forwarded(8080)); //~ web
            Registry::builder().group(db).group(web)
        },
        says: "error: port 8080 of the host is forwarded to db-1 (‹db›) and to web-1\n\
             \x20 --> ‹web›\n\
             \x20 hint: a port of the host leads to one node: give each group its own, and such a group one node\n",
    },
    Mistake {
        what: "an action in the `settings` phase of a group",
        program: || {
            let web = GroupSpec::new("web").count(1).phase("settings", || {
                file("/a"); //~ setting
            });
            Registry::builder().group(web)
        },
        says: "error: file /a: an action cannot stand in the `settings` phase\n\
             \x20 --> ‹setting›\n\
             \x20 hint: the settings phase computes and publishes settings; move the action to `configure`\n",
    },
];

/// A node spec with a port of the host that leads to the node.
fn forwarded(host: u16) -> NodeSpec {
    let nat = Attachment::Nat { forwards: vec![Forward::tcp(host, 80)] };
    NodeSpec::new().network(Network::Adapters(vec![Adapter::new(nat)]))
}

/// A service without nodes, which must not be asked to make any.
struct Untouched;

impl Provider for Untouched {
    fn name(&self) -> &'static str {
        "untouched"
    }

    fn open(&self, _: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async { Ok(Arc::new(Untouched) as Arc<dyn Compute>) })
    }
}

impl Compute for Untouched {
    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn check<'a>(&'a self, requests: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>> {
        panic!("the service was asked whether it can make {requests:?}")
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        panic!("{} was to be made", request.name)
    }

    fn start<'a>(
        &'a self,
        id: &'a NodeId,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        panic!("{id} was to be started")
    }

    fn stop<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        panic!("{id} was to be stopped")
    }

    fn destroy<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        panic!("{id} was to be removed")
    }

    fn tag<'a>(
        &'a self,
        id: &'a NodeId,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        panic!("{id} was to be tagged")
    }
}

/// Puts the marks of lines in place of lines.
fn marked(text: &str) -> String {
    let mut parts = text.split(concat!(file!(), ":"));
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(part.len());
        let end = part[..end].trim_end_matches(':').len();
        let number: usize = part[..end].split(':').next().and_then(|line| line.parse().ok()).expect("a line");
        let line = include_str!("mistakes.rs").lines().nth(number - 1).expect("a line of this file");
        let mark = line.split_once("//~ ").map_or(line.trim(), |(_, mark)| mark);
        out.push_str(&format!("‹{mark}›{}", &part[end..]));
    }
    out
}

#[test]
fn programs_with_a_mistake_touch_nothing() {
    let index = include_str!("../../pallet-core/docs/mistakes.md");
    let mut wrong = Vec::new();
    for case in CATALOGUE {
        for verb in ["converge", "plan"] {
            let place = Place::new();
            let program = case.program;
            let main = main_of(move || program().build()).provider(Untouched);
            let outcome = place.run_main(main, verb);
            assert_eq!(outcome.code, 2, "{}: {}", case.what, outcome.show());
            let said = marked(&outcome.stderr);
            if said != case.says {
                wrong.push(format!("{}\n{said}", case.what));
            }
        }
        assert!(
            index.contains(&format!("| {} |", case.what)),
            "pallet-core/docs/mistakes.md lacks {}",
            case.what
        );
    }
    assert!(wrong.is_empty(), "other words than expected:\n\n{}", wrong.join("\n\n"));
}
