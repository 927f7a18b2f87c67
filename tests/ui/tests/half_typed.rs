//! While somebody types: a phase gives no more errors than the same function without `#[phase]`, and everything else
//! still knows it.

#[path = "support/rustc.rs"]
mod rustc;

use rustc::Rustc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Bodies as they are while they are typed.
const BODIES: &[&str] = &[
    "",
    // Expressions.
    "node.",
    "node.host",
    "node.hostname(",
    "nod",
    "Node::",
    "pallet::actions::",
    "package",
    "package(",
    "package()",
    "package(\"ngi",
    "package(\"nginx\").",
    "package(\"nginx\").af",
    "package(\"nginx\").after()",
    "package(\"nginx\").after(ngin)",
    "package(\"nginx\") service(\"nginx\")",
    "package(\"nginx\").version()",
    "packages([\"a\" \"b\"]);",
    "packages([\"a\", ",
    "packages([])",
    "remote_file(\"/etc/motd\")\n    .content(format!(\"{}\"))",
    "remote_file(\"/etc/motd\").content(format!(\"{\"))",
    "remote_file(\"/etc/motd\").mode(0o)",
    "remote_file(\"/etc/motd\").mode(0o9)",
    "remote_file(\"/etc/motd\").template(\"\", context! { name => })",
    "exec(&)",
    "1 +",
    "!",
    "node as",
    "|name|",
    "[\"a\"].iter().map(|name| package())",
    "(package(\"a\"), ",
    "node.hostname()?",
    "?",
    "node.await",
    "return",
    "return node",
    "async { node. }",
    // Statements.
    "let",
    "let nginx",
    "let nginx =",
    "let nginx = ;",
    "let nginx = package(\"nginx\")",
    "let nginx = package(\"nginx\")\n    service(\"nginx\").running();",
    "let nginx: = package(\"nginx\");",
    "let names: Vec<",
    "let names: Vec = Vec::new();",
    "let names = Vec::new();",
    "let Some(name) = ",
    "let Some(name) = Some(1) else",
    "let Some(name) = Some(1) else { }",
    "let mut = 1;",
    "nginx = package(\"nginx\");",
    "if",
    "if node.",
    "if node. { }",
    "if true { package(\"a\") } else { }",
    "if true { package(\"a\"); } els",
    "match",
    "match node",
    "match node { }",
    "match Some(1) { Some( => }",
    "match Some(1) { Some(n) }",
    "for",
    "for name",
    "for name in",
    "for name in { }",
    "for name in [\"a\"] { package(nam) }",
    "while let Some(x) = { }",
    "'outer: loop { break 'oute; }",
    "loop { brea }",
    "{ package(\"a\")",
    "}",
    // Items, attributes and macros.
    "use std::",
    "use std::fs",
    "fn helper(",
    "fn helper() ->",
    "fn helper() -> { }",
    "struct Site {",
    "struct Site { name: }",
    "const NAME: &str",
    "macro_rules! install { ($name:ident) =>",
    "macro_rules! install { ($name:ident) => { package($nam) } } install!(a);",
    "install!(",
    "install!()",
    "println!(\"{}\")",
    "#[allow",
    "#[allow()]",
    "#[cfg(unix)]",
    "/// What follows",
    "/* What follows",
    "\"unterminated",
    "'",
    "r#\"raw",
    "0x",
    "1e",
    "$name",
    "@",
    "\\",
];

/// What else there is in the crate. It calls the function, and names it in a spec if it is a phase.
fn source(body: &str, is_phase: bool) -> String {
    let (attribute, argument) = if is_phase { ("#[phase]", "") } else { ("", "panic!()") };
    let spec = if is_phase { "server_spec! { pub Web { configure: web } }" } else { "" };
    format!(
        "use pallet::prelude::*;\n\
         fn caller() {{ web({argument}); }}\n\
         {spec}\n\
         {attribute}\n\
         fn web(node: &Node) {{\n    {body}\n}}\n"
    )
}

/// Says what is wrong with what rustc says of a body.
fn complaint(rustc: &Rustc, body: &str) -> Option<String> {
    let (without, with) =
        (rustc.errors("pallet", &source(body, false)), rustc.errors("pallet", &source(body, true)));
    let is_unknown = |error: &String| error.contains("cannot find") && error.contains("`web`");
    let wrong = with.len() > without.len() || with.iter().any(is_unknown);
    wrong.then(|| format!("{body}\n  without: {without:#?}\n  with: {with:#?}"))
}

#[test]
fn a_phase_gives_no_more_errors_than_a_function() {
    let rustc = Rustc::new();
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(body) = BODIES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let complaint = complaint(&rustc, body);
                    complaints.lock().unwrap_or_else(PoisonError::into_inner).extend(complaint);
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}
