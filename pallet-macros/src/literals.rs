//! Literals in the bodies of phases: names, paths, ports and modes that can be refused before anything runs.
//!
//! A body is never parsed, only looked through for the few shapes that stand for a call of one of pallet's actions
//! with a literal. What is not seen here is checked again when the plan is made.

use crate::diagnostics::Sink;
use crate::messages;
use crate::rules::{self, Rule};
use crate::syntax::{Value, arguments};
use proc_macro2::{Delimiter, Group, TokenTree};
use syn::{Lit, LitInt, LitStr};

/// What a literal must be where it is the first argument.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    Text(Rule),
    /// A list of such texts.
    Texts(Rule),
    /// The name or number of a user or group.
    Account,
    Port,
    Mode,
    /// Whatever it is; the methods that follow are looked at.
    Anything,
}

#[cfg(test)]
impl Expected {
    pub(crate) fn is_anything(self) -> bool {
        matches!(self, Expected::Anything)
    }
}

/// The functions that make actions.
pub(crate) const ACTIONS: &[(&[&str], Expected)] = &[
    (&["remote_file", "directory", "file", "symbolic_link", "remote_directory"], Expected::Text(rules::PATH)),
    (&["line_in_file", "block_in_file", "replace_in_file"], Expected::Text(rules::PATH)),
    (&["fifo", "package_file", "swap_file", "wait_for_file"], Expected::Text(rules::PATH)),
    (&["fetch_file", "fetch_directory", "archive"], Expected::Text(rules::PATH)),
    (&["crontab"], Expected::Text(rules::ACCOUNT)),
    (&["wait_for_port"], Expected::Port),
    (&["package"], Expected::Text(rules::PACKAGE)),
    (&["packages"], Expected::Texts(rules::PACKAGE)),
    (&["service", "unit_file"], Expected::Text(rules::UNIT)),
    (&["user", "group"], Expected::Text(rules::ACCOUNT)),
    (&["exec", "exec_script"], Expected::Anything),
];

/// The methods of what they return.
pub(crate) const METHODS: &[(&[&str], Expected)] = &[
    (&["creates", "dir", "home", "shell"], Expected::Text(rules::PATH)),
    (&["owner", "group"], Expected::Account),
    (&["groups"], Expected::Texts(rules::ACCOUNT)),
];

/// Reports every literal in the body that its action would refuse.
pub(crate) fn check(body: &Group, sink: &Sink<'_>) {
    check_tokens(&tokens(body), sink);
}

fn tokens(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

fn check_tokens(body: &[TokenTree], sink: &Sink<'_>) {
    for (i, token) in body.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let expected = match called(&body[..i]) {
            // What a macro does with its tokens is its own business.
            Called::Macro => continue,
            Called::Function(name) => find(ACTIONS, &name),
            // On whatever it is called: a mode in decimal is a mistake everywhere.
            Called::Method(name) if name == "mode" => Some(Expected::Mode),
            Called::Method(name) => find(METHODS, &name).filter(|_| is_chain_of_action(&body[..i])),
            Called::Nothing => None,
        };
        let inner = tokens(group);
        if let Some(expected) = expected
            && group.delimiter() == Delimiter::Parenthesis
            && let Some(argument) = first_argument(&inner)
        {
            check_argument(argument, expected, sink);
        }
        check_tokens(&inner, sink);
    }
}

fn find(table: &[(&[&str], Expected)], name: &str) -> Option<Expected> {
    table.iter().find(|(names, _)| names.contains(&name)).map(|(_, expected)| *expected)
}

/// What the last of the tokens calls, if a group follows.
enum Called {
    /// A function that may be one of pallet's.
    Function(String),
    Method(String),
    Macro,
    Nothing,
}

fn called(tokens: &[TokenTree]) -> Called {
    let [before @ .., last] = tokens else { return Called::Nothing };
    // Not by their texts: making one of a group prints all that is in it.
    let after =
        |mark: char| matches!(before.last(), Some(TokenTree::Punct(before)) if before.as_char() == mark);
    match (before.last(), last) {
        (Some(TokenTree::Ident(_)), TokenTree::Punct(mark)) if mark.as_char() == '!' => Called::Macro,
        // `macro_rules! name { … }`
        (_, TokenTree::Ident(_)) if after('!') => Called::Macro,
        (_, TokenTree::Ident(name)) if after('.') => Called::Method(name.to_string()),
        (Some(TokenTree::Ident(word)), TokenTree::Ident(_)) if word == "fn" => Called::Nothing,
        (_, TokenTree::Ident(name)) if is_ours(&modules(before)) => Called::Function(name.to_string()),
        _ => Called::Nothing,
    }
}

/// Returns the modules that a function is called through, the innermost first.
fn modules(mut tokens: &[TokenTree]) -> Vec<String> {
    let mut modules = Vec::new();
    while let [before @ .., TokenTree::Ident(module), TokenTree::Punct(first), TokenTree::Punct(second)] =
        tokens
        && first.as_char() == ':'
        && second.as_char() == ':'
    {
        modules.push(module.to_string());
        tokens = before;
    }
    modules
}

/// `other::file("x")` is somebody else's.
fn is_ours(modules: &[String]) -> bool {
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    matches!(modules.as_slice(), [] | ["pallet"] | ["actions" | "prelude", "pallet"])
}

/// Tells whether the tokens, which end with the name of a method, are `action(…).method(…).method`: on anything else,
/// a method of this name may be somebody else's.
fn is_chain_of_action(tokens: &[TokenTree]) -> bool {
    let [receiver @ .., TokenTree::Group(_), TokenTree::Punct(_), TokenTree::Ident(_)] = tokens else {
        return false;
    };
    match called(receiver) {
        Called::Function(name) => find(ACTIONS, &name).is_some(),
        Called::Method(_) => is_chain_of_action(receiver),
        Called::Macro | Called::Nothing => false,
    }
}

fn first_argument(call: &[TokenTree]) -> Option<Value> {
    // Only literals and lists of them are looked at, and most calls begin with something else.
    match call.first()? {
        TokenTree::Literal(_) => {}
        TokenTree::Group(list) if list.delimiter() == Delimiter::Bracket => {}
        _ => return None,
    }
    arguments(call).next().map(|argument| argument.value)
}

fn check_argument(argument: Value, expected: Expected, sink: &Sink<'_>) {
    match (expected, argument) {
        (Expected::Text(rule), Value::Literal(Lit::Str(text))) => check_text(&text, rule, sink),
        (Expected::Texts(rule), Value::List(list)) => {
            for item in arguments(&tokens(&list)) {
                item.text().into_iter().for_each(|text| check_text(text, rule, sink));
            }
        }
        (Expected::Account, Value::Literal(Lit::Str(text))) if text.value().parse::<u32>().is_err() => {
            check_text(&text, rules::ACCOUNT, sink);
        }
        (Expected::Port, Value::Literal(Lit::Int(port))) => check_port(&port, sink),
        (Expected::Mode, Value::Literal(Lit::Int(mode))) => check_mode(&mode, sink),
        _ => {}
    }
}

fn check_text(text: &LitStr, rule: Rule, sink: &Sink<'_>) {
    let value = text.value();
    if (rule.holds)(&value) {
        return;
    }
    let message = match value.split_once('=') {
        Some((name, version)) if rule.kind == rules::PACKAGE.kind && (rule.holds)(name) => {
            messages::package_with_version(text.token(), name, version)
        }
        _ => messages::literal_name(rule.kind, text.token(), rule.text),
    };
    sink.report(text, message);
}

fn check_port(port: &LitInt, sink: &Sink<'_>) {
    if !port.base10_parse::<u16>().is_ok_and(|number| number > 0) {
        sink.report(port, messages::number_range("port", port, 1, u16::MAX));
    }
}

fn check_mode(mode: &LitInt, sink: &Sink<'_>) {
    let Ok(number) = mode.base10_parse::<u64>() else { return };
    if !is_octal(mode) && number != 0 {
        sink.report(mode, messages::mode_decimal(mode, way_out(mode, number)));
    } else if number > rules::MOST_MODE {
        sink.report(mode, messages::mode_range(mode));
    }
}

fn is_octal(mode: &LitInt) -> bool {
    mode.token().to_string().starts_with("0o")
}

/// Returns what the number means, and what it was meant to be: `644` is `0o1204`, and hardly ever meant so.
fn way_out(mode: &LitInt, number: u64) -> String {
    let written = mode.token().to_string();
    let is_decimal = !written.starts_with("0x") && !written.starts_with("0b");
    match u64::from_str_radix(mode.base10_digits(), 8) {
        Ok(meant) if is_decimal && meant <= rules::MOST_MODE => {
            format!("as it stands it is `{number:#o}`; did you mean `{meant:#o}`?")
        }
        _ => format!("write `{number:#o}`"),
    }
}
