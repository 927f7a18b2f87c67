//! Input as it is while somebody types: what was understood stays in the expansion, for the editor to work with.

use super::{Use, errors, expand, plain};
use proc_macro2::{Group, TokenStream, TokenTree};

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
        &["): `#[phase]` cannot read the signature of this function"],
        &["fn web (node)"],
    );
}

#[test]
fn a_function_without_a_body_gets_one() {
    check("#[phase] fn web();", &[";: phase `web` has no body"], &["fn web ()", "struct web"]);
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
fn a_half_typed_value_keeps_the_others() {
    check(
        "group! { pub Web { count: (), configure: ||, extends: [Base] } }",
        &[
            "(): `count` takes a number of nodes, or an expression in parentheses",
            "|: `configure` takes a phase, a phase with its arguments, or a closure",
        ],
        &["struct Web", "Base"],
    );
    check(
        "group! { pub Web { configure: |por, extends: [Base] } }",
        &["|: `configure` takes a phase, a phase with its arguments, or a closure"],
        &["Base"],
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

/// Whatever is typed so far, and whatever is deleted: no panic, and the editor keeps something to work with.
#[test]
fn no_part_of_an_item_is_too_little() {
    let sources = [
        r#"#[phase(crate = a::b)] pub fn web(node: &Node, #[arg] mut port: u16) -> Result { package("x").mode(7); }"#,
        r#"server_spec! { crate = a; pub Web { extends: [A, b::c(1)], phases: { x: y(1), "z": || w } } }"#,
        r#"group! { pub W { name: "w", count: 2, hardware: { memory: 1 GiB, x: [1] }, protect: (true) } }"#,
        r#"node_spec! { S { image: { os_family: debian, path: "/x" }, network: [nat(forward 1 => 2), internal("x")] } }"#,
        r#"cluster! { S { groups: [A], default_phases: [a], node_spec: B } }"#,
    ];
    for source in sources {
        match Use::parse(source) {
            Use::Phase(arguments, item) => {
                let expansions =
                    mutilated(item.clone()).into_iter().map(|item| Use::Phase(arguments.clone(), item));
                expansions.for_each(|phase| drop(phase.expand()));
                let expansions =
                    mutilated(arguments).into_iter().map(|arguments| Use::Phase(arguments, item.clone()));
                expansions.for_each(|phase| assert!(plain(&phase.expand()).contains("fn web")));
            }
            Use::Spec(kind, input) => {
                mutilated(input).into_iter().for_each(|input| drop(Use::Spec(kind, input).expand()));
            }
        }
    }
}

/// Returns the tokens without each one of them, at any depth, and without all that follow each.
fn mutilated(tokens: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut all = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let without = |inner: Option<TokenTree>, rest: &[TokenTree]| -> TokenStream {
            tokens[..i].iter().cloned().chain(inner).chain(rest.iter().cloned()).collect()
        };
        if let TokenTree::Group(group) = token {
            for inner in mutilated(group.stream()) {
                let group = TokenTree::Group(Group::new(group.delimiter(), inner));
                all.push(without(Some(group), &tokens[i + 1..]));
            }
        } else {
            all.push(without(None, &tokens[i + 1..]));
            all.push(without(None, &[]));
        }
    }
    all
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
