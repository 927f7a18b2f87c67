//! The reference documentation, against the tables of keys that the parser works with.

use crate::rules::FAMILIES;
use crate::spec::{HARDWARE_BLOCK, IMAGE_BLOCK, Keys, Kind};
use std::fs;
use std::path::Path;

fn reference(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(format!("{name}.md"));
    fs::read_to_string(path).expect("every macro has its reference")
}

/// Returns the keys in the first column of the tables in a reference.
fn documented(reference: &str) -> Vec<String> {
    let rows = reference.lines().filter_map(|line| line.strip_prefix("| `"));
    let first_columns = rows.filter_map(|row| row.split(" | ").next());
    first_columns
        .flat_map(|column| column.split("`, `"))
        .map(|key| key.trim_end_matches('`').to_owned())
        .collect()
}

#[track_caller]
fn check(reference_of: &str, keys: &Keys) {
    let reference = reference(reference_of);
    let documented = documented(&reference);
    for key in keys.keys {
        let name = key.name;
        assert!(documented.iter().any(|key| key == name), "{reference_of}.md has no row for `{name}`");
        assert!(reference.contains(&format!("`{name}: ")), "{reference_of}.md has no example of `{name}`");
    }
}

#[test]
fn every_key_has_a_row_and_an_example() {
    for kind in [Kind::Group, Kind::NodeSpec, Kind::Cluster] {
        check(kind.form(), kind.keys());
    }
    check("node_spec", &IMAGE_BLOCK);
    check("node_spec", &HARDWARE_BLOCK);
}

#[test]
fn every_key_of_a_server_spec_has_a_row() {
    // Its examples of the sections of a node spec are in the reference of `node_spec!`.
    let documented = documented(&reference("server_spec"));
    for key in Kind::ServerSpec.keys().keys {
        assert!(documented.iter().any(|documented| documented == key.name), "no row for `{}`", key.name);
    }
}

#[test]
fn every_row_is_a_key() {
    for kind in [Kind::ServerSpec, Kind::Group, Kind::Cluster] {
        for key in documented(&reference(kind.form())) {
            assert!(kind.keys().find(&key).is_some(), "{}.md documents `{key}`", kind.form());
        }
    }
}

#[test]
fn every_family_is_listed() {
    let reference = reference("node_spec");
    for (family, _) in FAMILIES {
        assert!(reference.contains(&format!("`{family}`")), "{family}");
    }
}
