//! The reference documentation, against the tables that the macros work with: nothing is missing, nothing is there
//! that is not so, and every example is accepted.

use super::{errors, expand};
use crate::literals;
use crate::rules::FAMILIES;
use crate::spec::{ADAPTERS, HARDWARE_BLOCK, IMAGE_BLOCK, Keys, Kind, NETWORKS};
use std::fs;
use std::path::Path;

const KINDS: [Kind; 4] = [Kind::ServerSpec, Kind::Group, Kind::NodeSpec, Kind::Cluster];

/// A key as documented.
struct Row {
    key: String,
    value: String,
    default: String,
    example: String,
}

fn reference(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(format!("{name}.md"));
    fs::read_to_string(path).expect("every macro has its reference")
}

/// Returns the part of a reference below a heading, up to the next.
fn section<'r>(reference: &'r str, heading: &str) -> &'r str {
    let (_, below) = reference.split_once(&format!("\n{heading}\n")).expect("the section");
    // Examples have hidden lines that look like headings.
    let mut is_code = false;
    let mut is_heading = |line: &str| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('#')
    };
    let lines = below.split_inclusive('\n').take_while(|line| !is_heading(line));
    &below[..lines.map(str::len).sum()]
}

/// Returns the rows of the table of keys in a section. That of other forms has fewer columns.
fn rows(section: &str) -> Vec<Row> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>());
    let row = |cells: Vec<&str>| match cells.as_slice() {
        ["key" | "argument", ..] => None,
        [key, value, default, example] => Some(Row {
            key: key.trim_matches('`').to_owned(),
            value: (*value).to_owned(),
            default: (*default).to_owned(),
            example: example.trim_matches('`').to_owned(),
        }),
        _ => None,
    };
    cells.filter_map(row).collect()
}

/// Checks that a section documents these keys, each with everything there is to say, and no others.
#[track_caller]
fn check(section: &str, keys: &Keys, accepts: impl Fn(&str, &str) -> Vec<String>) {
    let rows = rows(section);
    let documented: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    for known in keys.keys {
        let times = documented.iter().filter(|key| **key == known.name).count();
        assert_eq!(times, 1, "{} documents `{}` once", keys.place, known.name);
        for example in known.example.split("` or `") {
            assert_eq!(
                accepts(known.name, example),
                [""; 0],
                "the example in messages about `{}`",
                known.name
            );
        }
    }
    for Row { key, value, default, example } in &rows {
        assert!(keys.find(key).is_some() || key == "any other", "{} has no `{key}`", keys.place);
        assert!(!value.is_empty() && !default.is_empty(), "`{key}` of {} has gaps", keys.place);
        let begins = key == "any other" || example.starts_with(&format!("{key}: "));
        assert!(begins, "`{example}` is no example of `{key}`");
        assert_eq!(accepts(key, example), [""; 0], "the example of `{key}` in {}", keys.place);
    }
}

#[test]
fn every_key_of_a_macro_is_documented() {
    for kind in KINDS {
        check(section(&reference(kind.form()), "# Keys"), kind.keys(), |key, example| {
            let needed = if kind == Kind::Cluster && key != "groups" { "groups: [Web], " } else { "" };
            errors(expand(&format!("{}! {{ Item {{ {needed}{example} }} }}", kind.form())))
        });
    }
}

#[test]
fn every_key_of_an_image_is_documented() {
    check(section(&reference("node_spec"), "## `image`"), &IMAGE_BLOCK, |key, example| {
        let needed = match key {
            "os_family" | "os_version" | "os_64_bit" | "path" => "",
            "username" => "path: \"/x\", ",
            _ => "path: \"/x\", username: \"x\", ",
        };
        errors(expand(&format!("node_spec! {{ Item {{ image: {{ {needed}{example} }} }} }}")))
    });
}

#[test]
fn every_key_of_hardware_is_documented() {
    let reference = reference("node_spec");
    let hardware = section(&reference, "## `hardware`");
    check(hardware, &HARDWARE_BLOCK, |_, example| {
        errors(expand(&format!("node_spec! {{ Item {{ hardware: {{ {example} }} }} }}")))
    });
    assert!(rows(hardware).iter().any(|row| row.key == "any other"), "providers have keys of their own");
}

/// Returns every piece of code that begins like this, without the rest of its line.
fn code<'r>(section: &'r str, begin: &'r str) -> impl Iterator<Item = &'r str> {
    section.split('`').skip(1).step_by(2).filter(move |code| code.starts_with(begin))
}

#[test]
fn every_form_of_a_value_is_accepted() {
    let reference = reference("node_spec");
    for (heading, key) in
        [("## `image`", "image: "), ("## `hardware`", "hardware: "), ("## `network`", "network: ")]
    {
        let section = section(&reference, heading);
        assert!(code(section, key).count() > 2, "{heading} has examples of its forms");
        for example in code(section, key) {
            assert_eq!(
                errors(expand(&format!("node_spec! {{ Item {{ {example} }} }}"))),
                [""; 0],
                "{example}"
            );
        }
    }
}

#[test]
fn every_network_and_adapter_is_documented() {
    let reference = reference("node_spec");
    let section = section(&reference, "## `network`");
    for network in NETWORKS {
        assert!(section.contains(&format!("`network: {network}`")), "{network}");
    }
    for adapter in ADAPTERS {
        assert!(code(section, adapter).count() > 0, "{adapter}");
        for example in code(section, adapter) {
            let errors = errors(expand(&format!("node_spec! {{ Item {{ network: [{example}] }} }}")));
            assert_eq!(errors, [""; 0], "{example}");
        }
    }
}

#[test]
fn every_family_is_listed() {
    let reference = reference("node_spec");
    let image = section(&reference, "## `image`");
    let (_, list) = image.split_once("The families are ").expect("the list of families");
    let listed: Vec<&str> = code(list.split('.').next().unwrap_or(list), "").collect();
    let families: Vec<&str> = FAMILIES.iter().map(|(family, _)| *family).collect();
    assert_eq!(listed, families);
}

#[test]
fn the_arguments_of_phase_are_documented() {
    let reference = reference("phase");
    let rows = rows(section(&reference, "# Arguments"));
    let [Row { key, example, .. }] = rows.as_slice() else { panic!("one argument") };
    assert_eq!(key, "crate");
    assert_eq!(errors(expand(&format!("{example} fn web() {{ }}"))), [""; 0]);
}

#[test]
fn every_literal_that_is_checked_is_documented() {
    let reference = reference("phase");
    let (_, table) = reference.split_once("| first argument of |").expect("the table of literals");
    let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| ")?.split(" | ").next());
    let documented: Vec<String> = rows.flat_map(|row| code(row, "")).map(str::to_owned).collect();
    let functions = literals::ACTIONS.iter().filter(|(_, expected)| !expected.is_anything());
    let functions = functions.flat_map(|(names, _)| names.iter().map(|name| (*name).to_owned()));
    let methods = literals::METHODS.iter().flat_map(|(names, _)| names.iter().map(|name| format!(".{name}")));
    let checked: Vec<String> = functions.chain(methods).chain([".mode".to_owned()]).collect();
    for name in &checked {
        assert!(documented.contains(name), "phase.md does not say that the literal of `{name}` is checked");
    }
    for name in &documented {
        assert!(checked.contains(name), "phase.md says that the literal of `{name}` is checked");
    }
}

#[test]
fn every_item_is_shown_as_written_by_hand() {
    for name in KINDS.map(Kind::form).into_iter().chain(["phase"]) {
        let reference = reference(name);
        let by_hand = section(&reference, "# Written by hand");
        let is_compiled = by_hand.contains("```\nuse pallet::prelude::*;\n");
        let names_it = by_hand.contains("by_hand") || by_hand.contains("ByHand");
        assert!(is_compiled && names_it && by_hand.contains("assert"), "{name}.md");
    }
}
