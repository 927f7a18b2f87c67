//! One name for two items of different crates, and the order of everything that is registered.

use pallet::prelude::*;
use pallet::registry::Registered;
use pallet::{Location, PhaseDef, Registry};
use pallet_tests_ui::twice::Elsewhere;

/// The second of two groups of one name.
mod here {
    use super::*;

    group! {
        /// The first one is in the library.
        pub(crate) Here { name: "twice", count: 1 }
    }

    group! { pub(crate) Alone { count: 1, configure: first } }
    group! { pub(crate) Beside { count: 2, extends: [Zoo, Ape] } }
    server_spec! { pub(crate) Zoo { configure: second, phases: { other: first } } }
    server_spec! { pub(crate) Ape { configure: first } }

    #[phase]
    fn second() {}

    #[phase]
    fn first() {}
}

/// Returns what the macros of both crates registered, in the linker's order.
fn registered() -> Vec<&'static Registered> {
    // The library registers nothing unless something of it is called.
    let groups = [Elsewhere::spec(), here::Here::spec()];
    assert!(groups.iter().all(|group| group.clone().resolve().is_ok()));
    pallet::__private::inventory::iter::<Registered>().collect()
}

/// Returns a list in many orders.
fn orders<T: Copy>(items: &[T]) -> impl Iterator<Item = Vec<T>> + '_ {
    let turned = |by: usize| {
        let mut items = items.to_vec();
        items.rotate_left(by);
        items
    };
    let reversed = move |by: usize| turned(by).into_iter().rev().collect();
    (0..items.len()).flat_map(move |by| [turned(by), reversed(by)])
}

fn refusal(items: &[&'static Registered]) -> String {
    let registry = Registry::builder().items(items.iter().copied()).build();
    registry.expect_err("two items of one name").to_string()
}

#[test]
fn a_name_that_two_crates_give_is_refused_with_both_places() {
    let message = refusal(&registered());
    let (second, rest) =
        message.split_once(": group name `twice` is taken: it is defined at ").expect("one message");
    assert!(second.starts_with("tests/ui/tests/duplicates.rs:"), "{message}");
    assert!(rest.starts_with("tests/ui/src/twice.rs:") && rest.ends_with(" already"), "{message}");
    assert!(Registry::from_inventory().is_err_and(|error| error.to_string() == message));
}

#[test]
fn two_versions_of_one_crate_are_refused() {
    static OLD: PhaseDef = PhaseDef::new("install", "git", Location::new("git-1.0.0/src/lib.rs", 12, 1));
    static NEW: PhaseDef = PhaseDef::new("install", "git", Location::new("git-2.0.0/src/lib.rs", 14, 1));
    for items in [
        [Registered::Phase(&OLD), Registered::Phase(&NEW)],
        [Registered::Phase(&NEW), Registered::Phase(&OLD)],
    ] {
        let error = Registry::builder().items(&items).build().expect_err("one path, two phases");
        assert_eq!(
            error.to_string(),
            "git-2.0.0/src/lib.rs:14:1: phase `git::install` is taken: it is defined at git-1.0.0/src/lib.rs:12:1 already"
        );
    }
}

#[test]
fn the_order_of_registration_decides_nothing() {
    let all = registered();
    let message = refusal(&all);
    for items in orders(&all) {
        assert_eq!(refusal(&items), message);
    }
    let is_twice = |item: &&Registered| matches!(item, Registered::Group(def) if def.group_name() == "twice");
    let valid: Vec<&Registered> = all.into_iter().filter(|item| !is_twice(item)).collect();
    let registry = |items: &[&'static Registered]| {
        Registry::builder().items(items.iter().copied()).build().expect("valid")
    };
    let first = format!("{:?}", registry(&valid));
    for items in orders(&valid) {
        assert_eq!(format!("{:?}", registry(&items)), first);
    }
    let registry = registry(&valid);
    let names = |paths: Vec<String>| paths.join(" ");
    assert_eq!(
        names(registry.phases().iter().map(|def| def.path()).collect()),
        "duplicates::here::first duplicates::here::second"
    );
    assert_eq!(
        names(registry.server_specs().iter().map(|def| def.path()).collect()),
        "duplicates::here::Ape duplicates::here::Zoo"
    );
    assert_eq!(names(registry.groups().iter().map(|group| group.name.to_string()).collect()), "alone beside");
}
