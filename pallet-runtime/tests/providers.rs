//! The providers that are always there.

mod support;

use pallet::compute::{
    BoxFuture, CommandOutput, CommandRunner, Compute, CreateRequest, Endpoint, ErrorKind, HostCommand,
    NodeId, Provider, RunError, ServiceConfig,
};
use pallet::name::{GroupName, NodeName, ServiceName};
use pallet::options::{OptionValue, Options};
use pallet::spec::NodeSpec;
use pallet_runtime::providers::{localhost::Localhost, node_list::NodeList};
use std::path::Path;
use std::sync::Arc;
use support::{FakeEngine, Place};

struct NoPrograms;

impl CommandRunner for NoPrograms {
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>> {
        panic!("these providers run nothing, and this ran {command:?}");
    }
}

fn table(entries: &[(&str, OptionValue)]) -> Options {
    let mut options = Options::new("service \"lab\"", None);
    for (key, value) in entries {
        options.set(*key, value.clone(), "");
    }
    options
}

fn lab() -> Options {
    let web = table(&[
        ("name", "web-1".into()),
        ("group", "web".into()),
        ("address", "10.0.0.7".into()),
        ("port", 2222.into()),
        ("image-user", "debian".into()),
    ]);
    let db = table(&[
        ("name", "db.example.org".into()),
        ("group", "databases".into()),
        ("address", "db.example.org".into()),
        ("private-ip", "fd00::1".into()),
    ]);
    table(&[("nodes", OptionValue::List(vec![OptionValue::Table(web), OptionValue::Table(db)]))])
}

async fn open(provider: &dyn Provider, options: Options, state: &Path) -> Arc<dyn Compute> {
    let config = ServiceConfig {
        name: ServiceName::new("lab").expect("a valid name"),
        options,
        state_dir: state.join("lab"),
        runner: Arc::new(NoPrograms),
        admin: None,
    };
    provider.open(config).await.expect("it opens")
}

fn create(group: &str, name: &str) -> CreateRequest {
    CreateRequest {
        group: GroupName::new(group).expect("a valid name"),
        name: NodeName::new(name).expect("a valid name"),
        spec: NodeSpec::new(),
    }
}

#[tokio::test]
async fn listed_hosts_are_nodes_and_remember_their_tags() {
    let state = tempfile::tempdir().expect("a folder");
    let lab_service = open(&NodeList, lab(), state.path()).await;
    let nodes = lab_service.list().await.expect("listed");
    assert_eq!(nodes[0].endpoint, Some(Endpoint::Ssh { host: "10.0.0.7".to_owned(), port: 2222 }));
    assert_eq!(nodes[0].private_ip, nodes[0].primary_ip, "the address will do for other nodes");
    assert_eq!(nodes[0].image_login.as_ref().map(|login| login.username.as_str()), Some("debian"));
    assert_eq!(nodes[1].endpoint, Some(Endpoint::Ssh { host: "db.example.org".to_owned(), port: 22 }));
    assert_eq!((nodes[1].primary_ip, nodes[1].private_ip), (None, "fd00::1".parse().ok()));

    lab_service.tag(&nodes[0].id, "bootstrapped", Some("1")).await.expect("stored");
    let again = open(&NodeList, lab(), state.path()).await.list().await.expect("listed");
    assert_eq!(again[0].tags.get("bootstrapped").map(String::as_str), Some("1"));
    assert!(again[1].tags.is_empty());
    let stranger = lab_service.tag(&NodeId("nobody".to_owned()), "x", None).await;
    assert_eq!(stranger.expect_err("not listed").to_string(), "service `lab` lists no node `nobody`");
}

#[tokio::test]
async fn listed_hosts_are_neither_created_nor_destroyed() {
    let state = tempfile::tempdir().expect("a folder");
    let lab_service = open(&NodeList, lab(), state.path()).await;
    lab_service.check(&[]).await.expect("nothing is asked for");
    let requests = [create("web", "web-2"), create("web", "web-3"), create("cache", "cache-1")];
    let error = lab_service.check(&requests).await.expect_err("hosts exist or do not");
    assert_eq!(error.kind, ErrorKind::Input);
    assert_eq!(
        error.to_string(),
        "service `lab` lists hosts that exist; it does not create any: group `cache` wants 1 node, and none is \
         listed; group `web` wants 3 nodes, and 1 is listed"
    );
    let error = lab_service.destroy(&NodeId("web-1".to_owned())).await.expect_err("hosts stay");
    assert_eq!(error.to_string(), "service `lab` lists hosts that exist; it does not destroy `web-1`");
    assert!(!state.path().join("lab").exists(), "nothing was written");
}

#[tokio::test]
async fn this_machine_is_the_only_node_of_localhost() {
    let state = tempfile::tempdir().expect("a folder");
    let here = open(&Localhost, table(&[("group", "web".into())]), state.path()).await;
    let nodes = here.list().await.expect("listed");
    assert_eq!((nodes.len(), nodes[0].name.as_str()), (1, "web-1"));
    assert_eq!(nodes[0].endpoint, Some(Endpoint::Local));
    let error = here.check(&[create("web", "web-2")]).await.expect_err("one is all");
    assert_eq!(
        error.to_string(),
        "this machine is the only node of `localhost`, in group `web`: it cannot create web-2"
    );
    assert!(here.destroy(&nodes[0].id).await.is_err());
}

#[test]
fn localhost_belongs_to_the_only_group_that_is_meant() {
    let place = Place::new();
    let outcome = place.run(&FakeEngine::untouched(), "nodes web -s localhost");
    assert_eq!(outcome.stdout, "NODE   GROUP  STATE    ADDRESS\nweb-1  web    running  this machine\n");
    let outcome = place.run(&FakeEngine::untouched(), "nodes -s localhost");
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr,
        "error: service \"localhost\" needs the option `group`\n  hint: this machine is one node: say `group = \
         \"…\"`, or name one group on the command line\n"
    );
}
