//! Phases with arguments of any type, in modules, under other names: each is called, named in a spec, and recorded.
#![deny(warnings)]

mod support;

use pallet::DefinesPhase;
use pallet::actions::Package;
use pallet::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use support::{edges, labels};

type Install = Box<dyn FnOnce(&str) -> Handle<Package>>;

#[derive(Clone, Default)]
struct Site<T> {
    name: T,
    ports: HashMap<u16, &'static str>,
}

trait Named {
    fn name(&self) -> String;
}

impl<T: ToString> Named for Site<T> {
    fn name(&self) -> String {
        self.name.to_string()
    }
}

#[phase]
fn owned(
    #[arg] number: u8,
    #[arg] flag: bool,
    #[arg] text: String,
    #[arg] list: Vec<Option<&'static str>>,
    #[arg] pair: (u16, [i8; 2]),
    #[arg] site: Site<u32>,
    #[arg] nothing: (),
) {
    let () = nothing;
    package(format!("{number}{flag}{text}"));
    packages(list.into_iter().flatten());
    package(format!("{}.{}.{}", pair.0, pair.1[0], pair.1[1]));
    package(format!("{}.{}", site.name, site.ports[&80]));
}

#[phase]
fn borrowed(
    #[arg] text: &str,
    #[arg] list: &[&str],
    #[arg] site: &Site<String>,
    #[arg] path: &Path,
    #[arg] cow: Cow<'_, str>,
    #[arg] names: &mut Vec<String>,
    #[arg] named: &dyn Named,
) {
    package(text);
    packages(list.iter().copied());
    package(&site.name);
    package(path.display().to_string());
    package(cow);
    package(named.name());
    names.push(text.to_owned());
}

#[phase]
fn called(
    #[arg] function: fn(&str) -> Handle<Package>,
    #[arg] boxed: Install,
    #[arg] borrowed: &dyn Fn() -> u8,
    node: &Node,
) {
    let first = function("a");
    boxed(node.hostname()).after(first);
    package(format!("n{}", borrowed()));
}

#[phase]
fn handles(#[arg] before: Handle<Package>, #[arg] more: Vec<Handle<Package>>, #[arg] content: Value<String>) {
    service("s").running().after(before).after(more);
    remote_file("/etc/x").content(content);
}

#[phase]
fn mixed(#[arg] mut count: u8, nodes: Nodes, #[arg] _unused: &str, facts: &Facts, #[arg] r#type: &str) {
    count += 1;
    package(format!("{type}{count}-{}-{}", nodes.len(), facts.kernel.is_empty()));
}

fn site<T>(name: T) -> Site<T> {
    Site { name, ports: HashMap::from([(80, "http")]) }
}

#[test]
fn arguments_are_owned_or_borrowed() {
    let list = vec![Some("a"), None, Some("b")];
    let recorded = labels(|| owned(1, true, "y".to_owned(), list, (8, [-1, 2]), site(7), ()));
    assert_eq!(recorded, ["package 1truey", "package a b", "package 8.-1.2", "package 7.http"]);

    let mut names = Vec::new();
    let (text, cow) = (String::from("t"), Cow::Borrowed("c"));
    let recorded = labels(|| {
        borrowed(&text, &["l", "m"], &site("s".to_owned()), Path::new("p"), cow, &mut names, &site(5));
    });
    assert_eq!(recorded, ["t", "l m", "s", "p", "c", "5"].map(|name| format!("package {name}")));
    assert_eq!(names, ["t"]);
}

#[test]
fn arguments_can_be_called_and_be_handles() {
    let calls = || called(|name| package(name), Box::new(|name| package(name)), &|| 3);
    assert_eq!(labels(calls), ["package a", "package example-1", "package n3"]);
    assert_eq!(edges(calls), ["package example-1 after package a"]);

    let edges = edges(|| handles(package("a"), vec![package("b")], output_of("id")));
    assert!(edges.contains(&"service s after package a".to_owned()), "{edges:?}");
    assert!(edges.contains(&"service s after package b".to_owned()), "{edges:?}");
}

#[test]
fn arguments_and_extractors_stand_in_any_order() {
    assert_eq!(labels(|| mixed(1, "", "t")), ["package t2-1-false"]);
    assert_eq!(mixed::DEF.get_arguments(), ["count: u8", "_unused: &str", "type: &str"]);
}

server_spec! {
    WithArguments {
        configure: mixed(1, "", "spec"),
        phases: { owned: owned(1, false, String::new(), vec![], (0, [0, 0]), site(1), ()) },
    }
}

#[test]
fn a_spec_gives_them_as_a_call_does() {
    let spec = WithArguments::spec().resolve().expect("a valid spec");
    let (_, functions) = spec.phases.iter().next().expect("a phase");
    assert_eq!(labels(|| functions[0].call().expect("no error")), ["package spec2-1-false"]);
}

mod company {
    //! As other crates would be: phases in modules, under the names that each level gives them.
    pub(crate) mod web {
        pub(crate) mod nginx {
            use pallet::prelude::*;

            #[phase]
            pub(crate) fn install(#[arg] flavour: &str) {
                package(format!("nginx-{flavour}"));
                super::tune();
            }

            #[phase]
            pub(in crate::company) fn hidden() {
                package("hidden");
            }
        }

        #[pallet::phase]
        pub(super) fn tune() {
            pallet::actions::package("tuned");
        }

        pub(crate) use nginx::install as nginx_of;
    }

    #[pallet::phase]
    pub(crate) fn all() {
        web::nginx::hidden();
        web::tune();
        web_server("full");
    }

    pub(crate) mod prelude {
        pub(crate) use super::web::{self, nginx};
        pub(crate) use super::*;
    }

    #[allow(unused_imports, reason = "what a glob brings is looked up by name")]
    pub(crate) use web::nginx_of as web_server;
}

mod user {
    use super::company::prelude::*;
    use pallet::prelude::*;

    server_spec! {
        pub(crate) Everything { configure: all, phases: { light: web::nginx_of("light"), more: nginx::install("more") } }
    }
}

#[test]
fn phases_are_found_by_every_path() {
    assert_eq!(
        labels(company::all),
        ["package hidden", "package tuned", "package nginx-full", "package tuned"]
    );
    assert_eq!(labels(|| company::web_server("x")), ["package nginx-x", "package tuned"]);
    assert_eq!(company::web_server::DEF.path(), "arguments::company::web::nginx::install");
    let spec = user::Everything::spec().resolve().expect("a valid spec");
    assert_eq!(spec.phases.len(), 3);
}
