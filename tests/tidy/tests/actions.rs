//! Actions: each is in the table of all actions, and each is in a row of the table harness, which promises that the plan is
//! right and that a second run finds nothing to do.

use pallet_tests_tidy::{assert_none, files};

/// Actions that are not in the harness, with the reason.
const ELSEWHERE: [(&str, &str); 1] =
    [("reboot", "reboots in every run, of a node that really does: tests/e2e/tests/actions/reboots.rs")];

fn actions() -> (Vec<String>, String) {
    let all = files();
    let file =
        all.iter().find(|file| file.path == "pallet-core/src/actions.rs").expect("the table of actions");
    let table = file.text.lines().filter(|line| line.starts_with("//! |")).collect();
    (exported_functions(&file.code()), table)
}

#[test]
fn every_action_is_in_the_table_of_actions() {
    let (actions, table) = actions();
    let without = actions.into_iter().filter(|name| !table.contains(&format!("[`{name}`]")));
    assert_none("an action is in the table at the top of pallet-core/src/actions.rs", without);
}

#[test]
fn every_action_is_in_a_row_of_the_harness() {
    let (actions, _) = actions();
    let rows: String = files()
        .iter()
        .filter(|file| file.path.starts_with("tests/e2e/tests/actions/") && file.path.ends_with(".rs"))
        .map(|file| rows(&without_texts(&file.code())))
        .collect();
    let is_called = |name: &str| {
        let call = format!("{name}(");
        let mut before = rows.match_indices(&call).map(|(at, _)| rows[..at].chars().next_back());
        before.any(|c| !c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')))
    };
    let excused = |name: &str| ELSEWHERE.iter().any(|(other, _)| *other == name);
    let without = actions.iter().filter(|name| !is_called(name) && !excused(name)).cloned();
    assert_none("an action is called in a `Case::new(…)` of tests/e2e/tests/actions", without);
    let stale = ELSEWHERE.iter().filter(|(name, _)| is_called(name)).map(|(name, _)| (*name).to_owned());
    assert_none("an action that has a row needs no excuse", stale);
}

/// Returns the arguments of every `Case::new`, with the bodies of the functions and closures that are named in them.
fn rows(code: &str) -> String {
    let mut rows = String::new();
    for (at, start) in code.match_indices("Case::new(") {
        let arguments = bracketed(&code[at + start.len() - 1..]);
        rows.push_str(arguments);
        for name in words(arguments) {
            for definition in
                [format!("let {name} = |"), format!("let {name} = move |"), format!("fn {name}(")]
            {
                let bodies = code.match_indices(&definition).map(|(at, _)| &code[at..]);
                bodies.for_each(|from| rows.push_str(body(from)));
            }
        }
    }
    rows
}

/// Returns what a definition that stands at the start consists of: up to its end, or to that of its braces.
fn body(definition: &str) -> &str {
    match definition.find(['{', ';']) {
        Some(at) if definition[at..].starts_with('{') => {
            &definition[..at + bracketed(&definition[at..]).len()]
        }
        Some(at) => &definition[..at],
        None => "",
    }
}

/// Returns a text up to the bracket that closes its first letter.
fn bracketed(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..=at];
        }
    }
    text
}

/// Returns Rust code with all its strings, and quotes that are letters, left empty: brackets in them close nothing.
fn without_texts(code: &str) -> String {
    let mut left = String::new();
    let mut rest = code;
    while let Some(at) = rest.find('"') {
        let (before, behind) = rest.split_at(at);
        left.push_str(before);
        let hashes = before.len() - before.trim_end_matches('#').len();
        let raw = before[..before.len() - hashes].ends_with('r');
        let end = if before.ends_with('\'') {
            Some(1)
        } else if raw {
            let close = format!("\"{}", "#".repeat(hashes));
            behind[1..].find(&close).map(|end| end + 1 + close.len())
        } else {
            let mut escaped = false;
            let closes = |(_, c): &(usize, char)| {
                let closes = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            };
            behind.char_indices().skip(1).find(closes).map(|(end, _)| end + 1)
        };
        rest = &behind[end.unwrap_or(behind.len())..];
    }
    left + rest
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Returns the functions among what a file re-exports: the names without capitals.
fn exported_functions(code: &str) -> Vec<String> {
    let exports = code.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
    let names = exports
        .flat_map(|export| export.split(|next: char| !(next.is_alphanumeric() || next == '_')).skip(1));
    names
        .filter(|name| !name.is_empty() && name.chars().all(|letter| letter.is_lowercase() || letter == '_'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn rows_have_what_is_named_in_them() {
    let code = r##"fn phase() { one("}"); }
        let other = || two('"', r#"")"#);
        Case::new("three()", phase); x(Case::new("b", other)); Case::new("c", || four());
        five();"##;
    let rows = rows(&without_texts(code));
    let found: Vec<&str> =
        ["one(", "two(", "three(", "four(", "five("].into_iter().filter(|name| rows.contains(name)).collect();
    assert_eq!(found, ["one(", "two(", "four("], "{rows}");
}
