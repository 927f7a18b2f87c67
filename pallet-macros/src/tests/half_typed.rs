//! Input as it is while somebody types: what was understood stays in the expansion, for the editor to work with.

use super::{errors, expand, plain};

#[track_caller]
fn check(source: &str, expected_errors: &[&str], kept: &[&str]) {
    let expansion = expand(source);
    let text = plain(&expansion);
    for kept in kept {
        assert!(text.contains(kept), "`{kept}` is missing from\n{text}");
    }
    assert_eq!(errors(expansion), expected_errors);
}

#[test]
fn a_half_typed_body_is_passed_on() {
    check("#[phase] fn web() { let x = ; foo. }", &[], &["{ let x = ; foo . }", "struct web"]);
    check("#[phase] fn web(node: &Node) { node. }", &[], &["{ node . }"]);
}

#[test]
fn a_half_typed_parameter_keeps_the_function() {
    check(
        "#[phase] fn web(node) { package(\"nginx\"); }",
        &["fn: `#[phase]` cannot read the signature of this function"],
        &["fn web (node)"],
    );
}

#[test]
fn a_function_without_a_body_is_left_to_rustc() {
    check("#[phase] fn web();", &[], &["fn web ()"]);
}

#[test]
fn a_half_typed_key_keeps_the_others() {
    check(
        "group! { pub Web { extends: [Base], cou } }",
        &["cou: key `cou` has no value"],
        &["struct Web", "Base"],
    );
    check(
        "group! { pub Web { count: , extends: [Base] } }",
        &["count: key `count` has no value"],
        &["struct Web", "Base"],
    );
    check(
        "group! { pub Web { image: hardware: small, extends: [Base] } }",
        &["image: key `image` has no value"],
        &["hardware", "Base"],
    );
}

#[test]
fn a_half_typed_item_has_its_name_at_least() {
    check("group! { }", &[": `group!` needs the name of a group and its keys"], &[]);
    check("group! { pub }", &[": `group!` needs the name of a group and its keys"], &[]);
    check("group! { pub Web }", &["Web: `group!` needs the name of a group and its keys"], &["struct Web"]);
    check(
        "server_spec! { pub struct Web { } }",
        &["struct: `server_spec!` makes the struct by itself"],
        &["struct Web"],
    );
}

#[test]
fn a_half_typed_path_to_pallet_keeps_the_item() {
    check("group! { crate = ; pub Web { } }", &[": `crate = …;` of `group!` takes a path"], &["struct Web"]);
    check(
        "group! { crate = my:: pub Web { } }",
        &["my: `crate = …;` of `group!` takes a path"],
        &["struct Web"],
    );
}
