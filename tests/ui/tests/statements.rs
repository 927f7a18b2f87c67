//! Statement by statement: what Rust has around actions, in a phase. Each test says which actions are recorded, and what
//! their handles lead to.
#![deny(warnings)]
#![allow(
    unused_doc_comments,
    clippy::match_like_matches_macro,
    clippy::useless_vec,
    reason = "to be seen to work"
)]

mod support;

use pallet::actions::{Package, Service};
use pallet::prelude::*;
use std::collections::BTreeMap;
use support::{edges, labels};

#[phase]
fn if_let_chains(#[arg] names: &[&str]) {
    if let [first, rest @ ..] = names
        && !rest.is_empty()
    {
        package(*first);
    } else if let Some(only) = names.first() {
        packages([*only, "alone"]);
    } else {
        package("none");
    }
    let handle = if names.len() > 1 { package("many") } else { package("few") };
    service("counted").running().after(handle);
}

#[test]
fn if_and_else_are_statements_and_values() {
    assert_eq!(labels(|| if_let_chains(&["a", "b"])), ["package a", "package many", "service counted"]);
    assert_eq!(labels(|| if_let_chains(&["a"])), ["package a alone", "package few", "service counted"]);
    assert_eq!(labels(|| if_let_chains(&[])), ["package none", "package few", "service counted"]);
    assert_eq!(edges(|| if_let_chains(&[])), ["service counted after package few"]);
}

enum Role<'a> {
    Web { port: u16 },
    Database(&'a str),
    Idle,
}

#[phase]
fn matches_roles(#[arg] role: Role<'_>) -> Option<Handle<Service>> {
    let handle = match role {
        Role::Web { port: port @ 1..1024 } => package(format!("privileged-{port}")),
        Role::Web { port } if port % 2 == 0 => package("even"),
        Role::Web { .. } => {
            package("odd-base");
            package("odd")
        }
        Role::Database(name) => {
            let (name, _) = name.split_once('-')?;
            package(name)
        }
        Role::Idle => return None,
    };
    Some(service("role").running().after(handle))
}

#[test]
fn match_has_guards_bindings_and_early_returns() {
    let web = |port| labels(|| matches_roles(Role::Web { port }));
    assert_eq!(web(80), ["package privileged-80", "service role"]);
    assert_eq!(web(8080), ["package even", "service role"]);
    assert_eq!(web(8081), ["package odd-base", "package odd", "service role"]);
    assert_eq!(
        labels(|| matches_roles(Role::Database("postgresql-15"))),
        ["package postgresql", "service role"]
    );
    assert_eq!(labels(|| matches_roles(Role::Database("postgresql"))), [""; 0]);
    assert_eq!(labels(|| matches_roles(Role::Idle)), [""; 0]);
}

#[phase]
fn leaves_blocks_by_label(#[arg] wanted: usize) {
    let handle = 'found: {
        for (i, name) in ["a", "b", "c"].iter().enumerate() {
            let handle = package(*name);
            if i == wanted {
                break 'found handle;
            }
        }
        package("none")
    };
    service("s").running().after(handle);
    let mut left = 3;
    let last = 'outer: loop {
        while left > 0 {
            left -= 1;
            if left == 1 {
                continue 'outer;
            }
            package(format!("left-{left}"));
        }
        break 'outer package("last");
    };
    service("t").running().after(last);
}

#[test]
fn labelled_blocks_and_loops_give_values() {
    let tail = ["package left-2", "package left-0", "package last", "service t"];
    assert_eq!(
        labels(|| leaves_blocks_by_label(1)),
        [&["package a", "package b", "service s"][..], &tail].concat()
    );
    assert_eq!(edges(|| leaves_blocks_by_label(1))[0], "service s after package b");
    assert_eq!(
        edges(|| leaves_blocks_by_label(9)),
        ["service s after package none", "service t after package last"]
    );
}

#[phase]
fn let_else(#[arg] flavour: Option<&str>) -> Result {
    let Some(flavour) = flavour else {
        package("plain");
        return Ok(());
    };
    let (name, "full" | "light") = flavour.split_once('-').ok_or("no flavour").map_err(Error::msg)? else {
        return Err(Error::msg(format!("what is {flavour}?")));
    };
    package(name);
    Ok(())
}

#[test]
fn let_else_leaves_the_phase() {
    assert_eq!(labels(|| let_else(None)), ["package plain"]);
    assert_eq!(labels(|| let_else(Some("nginx-light"))), ["package nginx"]);
    let failed = |flavour| {
        let context = pallet::Context::example();
        let built = pallet::graph::build(&context, || assert!(let_else(Some(flavour)).is_err()));
        built.expect("a graph").graph.len()
    };
    assert_eq!((failed("nginx"), failed("nginx-huge")), (0, 0));
}

#[phase]
fn shadows() {
    let it = package("first");
    let it = service("second").running().after(it);
    {
        let it = package("inner");
        service("in-between").running().after(it);
    }
    let package = |name: &str| package(format!("shadowing-{name}"));
    let last = package("c").after(it);
    let name = "d";
    let name = format!("{name}{name}");
    package(&name).after(last);
}

#[test]
fn a_shadowed_handle_is_another() {
    assert_eq!(
        edges(shadows),
        [
            "service second after package first",
            "service in-between after package inner",
            "package shadowing-c after service second",
            "package shadowing-dd after package shadowing-c",
        ]
    );
}

#[phase]
fn infers(#[arg] numbers: &str) -> Result {
    let mut handles = Vec::new();
    let mut seen = BTreeMap::default();
    let numbers =
        numbers.split(' ').map(|number| number.parse()).collect::<std::result::Result<Vec<u8>, _>>()?;
    for number in &numbers {
        *seen.entry(number % 2 == 0).or_insert(0) += 1;
        handles.push(package(format!("n{number}")));
    }
    let total = numbers.iter().copied().map(u32::from).sum::<u32>();
    let by_parity: Vec<_> = seen.into_iter().map(|(even, count)| format!("{even}-{count}")).collect();
    service(format!("total-{total}")).running().after(handles);
    packages(by_parity);
    let text = std::fs::read_to_string("/nowhere").unwrap_or_default();
    exec(if text.is_empty() { "true" } else { "false" });
    Ok(())
}

#[test]
fn types_are_inferred_from_what_follows() {
    let expected =
        ["package n1", "package n2", "package n3", "service total-6", "package false-2 true-1", "exec true"];
    assert_eq!(labels(|| infers("1 2 3")), expected);
    assert_eq!(
        edges(|| infers("1 2")),
        ["service total-3 after package n1", "service total-3 after package n2"]
    );
    let built = pallet::graph::build(&pallet::Context::example(), || assert!(infers("1 x").is_err()));
    assert!(built.expect("a graph").graph.is_empty(), "it ended before the first action");
}

#[phase]
fn chains() {
    let wanted = |name: &&str| !name.starts_with('-');
    let handles = ["a", "-b", "c"].into_iter().filter(wanted).rev().map(package).collect::<Vec<_>>();
    let all = vec![package("v"), package("w")];
    let after =
        (1..=2).zip(["x", "y"]).fold(all[0], |before, (i, name)| package(format!("{name}{i}")).after(before));
    let nested = [["k", "l"], ["m", "n"]];
    let last = nested
        .iter()
        .flatten()
        .filter(|name| **name != "l")
        .map(|name| package(*name))
        .reduce(|_, last| last);
    service("end").running().after(handles).after(after).after(last.into_iter().collect::<Vec<_>>());
    let lazy = ["never"].iter().map(|name| package(*name));
    drop(lazy);
    let mut later = Vec::new();
    later.extend(std::iter::once("o").map(package));
    later.iter().for_each(|handle| {
        service("p").running().after(*handle);
    });
}

#[test]
fn iterators_record_what_they_yield() {
    let recorded = ["c", "a", "v", "w", "x1", "y2", "k", "m", "n"].map(|name| format!("package {name}"));
    let expected = [&recorded[..], &["service end", "package o", "service p"].map(str::to_owned)].concat();
    assert_eq!(labels(chains), expected);
    assert!(edges(chains).contains(&"service end after package y2".to_owned()));
}

#[phase]
fn closures() -> Result {
    let mut count = 0;
    let mut install = |name: &str| {
        count += 1;
        package(format!("{name}{count}"))
    };
    install("a");
    install("a");
    let fallible =
        |port: &str| -> Result<Handle<Package>> { Ok(package(format!("p{}", port.parse::<u16>()?))) };
    let handle = fallible("80")?;
    let make: Box<dyn Fn() -> Handle<Service>> = Box::new(move || service("boxed").running().after(handle));
    make();
    let once: fn(&str) -> Handle<Package> = |name| package(name);
    once("pointer");
    if fallible("none").is_err() {
        package("recovered");
    }
    Ok(())
}

#[test]
fn closures_capture_and_fail() {
    let expected =
        ["package a1", "package a2", "package p80", "service boxed", "package pointer", "package recovered"];
    assert_eq!(labels(closures), expected);
    assert_eq!(edges(closures), ["service boxed after package p80"]);
}

#[phase]
fn items_and_attributes() {
    use std::fmt::Display;
    const NAMES: [&str; 2] = ["a", "b"];
    static LAST: &str = "z";
    struct Prefixed<'a>(&'a str);
    impl Prefixed<'_> {
        fn install(&self, name: impl Display) -> Handle<Package> {
            package(format!("{}-{name}", self.0))
        }
    }
    fn twice<T: Display>(name: T) -> [Handle<Package>; 2] {
        [1, 2].map(|i| package(format!("{name}{i}")))
    }
    macro_rules! install {
        ($($name:literal),+; then $last:expr) => {{
            $(package(concat!("m-", $name));)+
            $last
        }};
    }

    /// What a statement is for.
    #[allow(unused_mut)]
    let mut prefixed = Prefixed("x");
    #[cfg(not(any()))]
    for name in NAMES {
        prefixed.install(name);
    }
    #[cfg(any())]
    no_such_function();
    #[expect(clippy::let_and_return, reason = "to see an attribute on a block")]
    let handle = {
        let handle = package(LAST);
        handle
    };
    match () {
        #[cfg(any())]
        () => package("never"),
        #[cfg(not(any()))]
        () => package("always"),
    };
    let handles = install!("c", "d"; then twice("t"));
    service("after").running().after(handles).after(handle);
    {
        package("nested");
    }
}

#[test]
fn items_attributes_and_macros_can_stand_in_a_phase() {
    let packages =
        ["x-a", "x-b", "z", "always", "m-c", "m-d", "t1", "t2"].map(|name| format!("package {name}"));
    let expected = [&packages[..], &["service after", "package nested"].map(str::to_owned)].concat();
    assert_eq!(labels(items_and_attributes), expected);
    assert_eq!(
        edges(items_and_attributes),
        ["service after after package t1", "service after after package t2", "service after after package z"]
    );
}

#[phase]
fn ends_early(#[arg] stop_at: &str) -> Result<(Vec<Handle<Package>>, Value<String>)> {
    let version = output_of("uname -r");
    let mut handles = Vec::new();
    for name in ["a", "b", "c"] {
        if name == stop_at {
            return Ok((handles, version));
        }
        handles.push(package(name));
    }
    Err(std::io::Error::other("nothing stopped it"))?;
    unreachable!()
}

#[phase]
fn uses_what_others_return() -> Result {
    let (handles, version) = ends_early("c")?;
    remote_file("/etc/kernel").content(version).after(handles);
    if let Err(error) = ends_early("never") {
        exec(format!("echo {error:?}"));
    }
    Ok(())
}

#[test]
fn a_return_gives_what_was_recorded_so_far() {
    assert_eq!(labels(|| ends_early("b")), ["output-of uname -r", "package a"]);
    let edges = edges(uses_what_others_return);
    assert!(edges.contains(&"remote-file /etc/kernel after package b".to_owned()), "{edges:?}");
    assert_eq!(labels(uses_what_others_return).len(), 3 + 1 + 4 + 1);
}
