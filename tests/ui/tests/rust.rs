//! Everything around actions still is Rust: whatever a phase does, its actions are recorded, all of them, in the
//! order in which they were called, with their lines.
#![deny(warnings)]
#![allow(
    clippy::never_loop,
    clippy::suspicious_map,
    clippy::redundant_closure_call,
    reason = "what nobody should write must work, too"
)]

mod support;

use pallet::prelude::*;
use support::{build, labels};

#[phase]
fn conditions(#[arg] wanted: bool, #[arg] flavour: Option<&str>) {
    if wanted {
        package("wanted");
    } else {
        package("unwanted");
    }
    match flavour {
        Some("light") => package("nginx-light"),
        Some(other) => package(other),
        None => package("nginx"),
    };
    let Some(flavour) = flavour else { return };
    if let "light" | "full" = flavour {
        package(format!("nginx-{flavour}-doc"));
    }
}

#[test]
fn conditions_choose() {
    assert_eq!(labels(|| conditions(true, None)), ["package wanted", "package nginx"]);
    let light = ["package unwanted", "package nginx-light", "package nginx-light-doc"];
    assert_eq!(labels(|| conditions(false, Some("light"))), light);
    assert_eq!(labels(|| conditions(true, Some("tengine"))), ["package wanted", "package tengine"]);
}

#[phase]
fn loops() {
    for name in ["a", "b"] {
        package(name);
    }
    let mut left = vec!["d", "c"];
    while let Some(name) = left.pop() {
        package(name);
    }
    'outer: for group in [["e", "skip"], ["f", "stop"]] {
        for name in group {
            match name {
                "skip" => continue 'outer,
                "stop" => break 'outer,
                name => package(name),
            };
        }
    }
    let found = loop {
        break package("g");
    };
    service("g").running().after(found);
}

#[test]
fn loops_repeat() {
    let packages = ["a", "b", "c", "d", "e", "f", "g"].map(|name| format!("package {name}"));
    assert_eq!(labels(loops), [&packages[..], &["service g".to_owned()]].concat());
}

#[phase]
fn closures_and_iterators() {
    let install = |name: &str| package(name);
    install("a");
    let handles: Vec<_> = ["b", "c"].into_iter().map(package).collect();
    let count = ["d", "e"].iter().map(|name| package(*name)).count();
    assert_eq!(count, 2);
    ["f"].iter().for_each(|name| {
        package(*name);
    });
    let nested = || (|| package("g"))();
    service("all").running().after(handles).after(nested());
}

#[test]
fn closures_and_iterators_record_when_they_are_called() {
    let order = ["a", "b", "c", "d", "e", "f"].map(|name| format!("package {name}"));
    let order = [&order[..], &["service all".to_owned(), "package g".to_owned()]].concat();
    // The service is called first and comes last: `after` moves it.
    let mut expected = order;
    expected.swap(6, 7);
    assert_eq!(labels(closures_and_iterators), expected);
}

#[phase]
fn inference(#[arg] port: &str) -> Result {
    let port = port.parse()?;
    let _: u16 = port;
    let mut names = Vec::new();
    for part in "a,b".split(',') {
        names.push(part.to_owned());
    }
    let more: Vec<String> = names.iter().map(|name| format!("{name}-{port}")).collect();
    packages(more);
    let text = &String::from("kept");
    package(text);
    let options: std::collections::BTreeMap<_, _> = [("c", 1)].into_iter().collect();
    for (name, version) in &options {
        let name = format!("{name}{version}"); // shadowed
        package(name);
    }
    Ok(())
}

#[test]
fn types_are_inferred_as_without_the_attribute() {
    assert_eq!(labels(|| inference("80")), ["package a-80 b-80", "package kept", "package c1"]);
}

#[phase]
fn ends_early(#[arg] fail: bool) -> Result {
    package("before");
    if fail {
        return Err(Error::msg("no luck"));
    }
    package("after");
    Ok(())
}

#[test]
fn a_phase_can_end_early() {
    assert_eq!(labels(|| ends_early(false)), ["package before", "package after"]);
    let outcome = pallet::graph::build(&pallet::Context::example(), || {
        assert_eq!(ends_early(true).expect_err("it fails").to_string(), "no luck");
    });
    assert_eq!(outcome.expect("a graph").graph.len(), 1);
}

/// Says what a statement is for.
#[phase]
fn blocks_and_attributes() {
    {
        {
            package("inner");
        }
    }
    #[cfg(any())]
    package("never");
    #[allow(clippy::let_unit_value)]
    let _nothing = ();
    let handle = {
        let name = "value";
        package(name)
    };
    unsafe_free::helper(handle);
}

mod unsafe_free {
    use super::*;

    pub(crate) fn helper(after: Handle<pallet::actions::Package>) {
        service("helped").running().after(after);
    }
}

#[test]
fn blocks_attributes_and_helpers_are_plain_rust() {
    assert_eq!(labels(blocks_and_attributes), ["package inner", "package value", "service helped"]);
}

macro_rules! install_all {
    ($($name:literal $(=> $service:ident)?),*) => {
        $(
            let handle = package($name);
            $(service(stringify!($service)).running().after(handle);)?
            let _ = handle;
        )*
    };
}

#[phase]
fn own_macros() {
    install_all!("a" => a, "b");
}

#[test]
fn a_users_macros_record() {
    assert_eq!(labels(own_macros), ["package a", "service a", "package b"]);
}

macro_rules! make_phase {
    ($name:ident, $package:expr, $argument:ident: $type:ty) => {
        #[phase]
        fn $name(node: &Node, #[arg] $argument: $type) {
            package($package).comment(node.hostname());
            package($argument);
        }

        group! { Made { count: 1, hardware: { cpus: 1 }, configure: $name("given") } }
    };
}

make_phase!(made, "made", name: &str);

macro_rules! make_phase_of_fragments {
    ($vis:vis $name:ident($node:ident: $extractor:ty) $body:block) => {
        #[phase]
        $vis fn $name($node: $extractor) $body
    };
}

make_phase_of_fragments!(pub(crate) of_fragments(node: &Node) {
    package("fragment").comment(node.hostname());
});

#[test]
fn a_users_macros_can_make_phases_and_groups() {
    assert_eq!(labels(|| made("x")), ["package made", "package x"]);
    assert_eq!(labels(of_fragments), ["package fragment"]);
    let group = Made::spec().resolve().expect("a valid group");
    let phase = &group.phases.values().next().expect("one phase")[0];
    assert_eq!(labels(|| phase.call().expect("no error")), ["package made", "package given"]);
}

mod library {
    //! As another crate would be.
    use pallet::prelude::*;

    pub(crate) mod nginx {
        use super::*;

        /// Installs nginx and returns its service.
        #[phase]
        pub(crate) fn install(#[arg] module: Option<String>) -> Handle<pallet::actions::Service> {
            let nginx = package("nginx");
            if let Some(module) = module {
                package(format!("nginx-mod-{module}"));
            }
            service("nginx").running().after(nginx)
        }
    }

    pub(crate) use nginx::install as install_nginx;
}

#[phase]
fn composed() {
    let nginx = library::install_nginx(Some("stream".to_owned()));
    remote_file("/etc/nginx/app").content("x").after(nginx);
    library::nginx::install(None);
}

server_spec! {
    Composed { configure: library::install_nginx(None), phases: { again: composed } }
}

#[test]
fn phases_call_phases_by_any_path_and_return_handles() {
    let expected = [
        "package nginx",
        "package nginx-mod-stream",
        "service nginx",
        "remote-file /etc/nginx/app",
        "package nginx",
        "service nginx",
    ];
    let built = build(composed);
    let labels: Vec<String> = built.graph.in_order().map(|(_, action)| action.label()).collect();
    assert_eq!(labels, expected);
    let (_, first) = built.graph.in_order().next().expect("an action");
    assert_eq!(first.phases(), ["rust::composed", "rust::library::nginx::install"]);
    assert_eq!(Composed::spec().resolve().expect("a valid spec").phases.len(), 2);
}

struct Site<'a> {
    names: &'a [&'a str],
}

#[phase]
fn arguments_of_any_type(
    #[arg] mut names: Vec<String>,
    #[arg] more: [&str; 1 + 1],
    #[arg] site: &Site<'_>,
    node: &Node,
) {
    names.extend(site.names.iter().map(|name| format!("{name}-{}", node.hostname())));
    packages(names);
    packages(more);
}

#[test]
fn arguments_are_of_any_type() {
    let site = Site { names: &["b"] };
    assert_eq!(
        labels(|| arguments_of_any_type(vec!["a".to_owned()], ["c", "d"], &site)),
        ["package a b-example-1", "package c d"]
    );
}

#[phase]
fn counts_down(#[arg] left: u32) {
    if left > 0 {
        package(format!("p{left}"));
        counts_down(left - 1);
    }
}

#[test]
fn a_phase_can_call_itself() {
    assert_eq!(labels(|| counts_down(2)), ["package p2", "package p1"]);
}

#[phase]
fn r#loop(#[arg] r#type: &str) {
    package(r#type);
}

#[test]
fn raw_names_are_names() {
    assert_eq!(labels(|| r#loop("x")), ["package x"]);
    assert_eq!(<r#loop as pallet::DefinesPhase>::DEF.name(), "loop");
    assert_eq!(<r#loop as pallet::DefinesPhase>::DEF.get_arguments(), ["type: &str"]);
}

#[test]
fn actions_know_the_lines_they_were_written_on() {
    let built = build(|| conditions(true, None));
    let lines: Vec<u32> = built.graph.in_order().map(|(_, action)| action.location().line()).collect();
    let first = <conditions as pallet::DefinesPhase>::DEF.location().line();
    assert_eq!(lines, [first + 2, first + 9]);
}

#[phase]
#[cfg(any())]
fn left_out() {
    no_such_function();
}

#[phase]
#[deprecated]
#[must_use]
fn deprecated() -> Handle<pallet::actions::Package> {
    package("old")
}

#[phase]
#[expect(unused_variables, reason = "to see that the attribute reaches the body")]
#[inline]
fn with_unused(node: &Node) {
    let unused = package("x");
}

#[test]
fn attributes_of_the_function_stay() {
    #[expect(deprecated)]
    let labels_of_deprecated = labels(deprecated);
    assert_eq!(labels_of_deprecated, ["package old"]);
    assert_eq!(labels(with_unused), ["package x"]);
}

#[test]
fn items_can_stand_in_functions() {
    #[phase]
    fn local() {
        package("local");
    }
    server_spec! { Local { configure: local } }
    assert_eq!(labels(local), ["package local"]);
    assert_eq!(Local::spec().resolve().expect("a valid spec").phases.len(), 1);
}
