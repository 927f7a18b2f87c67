//! Literals in the bodies of phases: names, paths and modes that can be refused before anything runs.
//!
//! A body is never parsed, only looked through for the few shapes that stand for a call of one of pallet's actions
//! with a literal. What is not seen here is checked again when the plan is made.

use crate::diagnostics::Sink;
use crate::messages;
use crate::rules::{self, Rule};
use crate::syntax::{Value, arguments};
use proc_macro2::{Delimiter, Group, TokenTree};
use syn::{Lit, LitInt, LitStr};

/// Reports every literal in the body that its action would refuse.
pub(crate) fn check(body: &Group, sink: &Sink<'_>) {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        match before(&tokens[..i]) {
            // What a macro does with its tokens is its own business.
            Before::Macro => continue,
            Before::Action(action) => check_action(&action, group, sink),
            Before::Method(method) if method == "mode" => check_mode(group, sink),
            Before::Method(_) | Before::Other => {}
        }
        check(group, sink);
    }
}

/// What stands before a group.
enum Before {
    /// A function that may be one of pallet's.
    Action(String),
    Method(String),
    Macro,
    Other,
}

fn before(tokens: &[TokenTree]) -> Before {
    let is = |i: usize, text: &str| {
        tokens
            .len()
            .checked_sub(i)
            .and_then(|at| tokens.get(at))
            .is_some_and(|token| token.to_string() == text)
    };
    match tokens.last() {
        Some(TokenTree::Punct(punct)) if punct.as_char() == '!' && tokens.len() > 1 => {
            match &tokens[tokens.len() - 2] {
                TokenTree::Ident(_) => Before::Macro,
                _ => Before::Other,
            }
        }
        // `macro_rules! name { … }`
        Some(TokenTree::Ident(_)) if is(2, "!") => Before::Macro,
        Some(TokenTree::Ident(name)) if is(2, ".") => Before::Method(name.to_string()),
        Some(TokenTree::Ident(_)) if is(2, "fn") => Before::Other,
        // `other::file("x")` is somebody else's.
        Some(TokenTree::Ident(_)) if is(2, ":") && !is(4, "pallet") => Before::Other,
        Some(TokenTree::Ident(name)) => Before::Action(name.to_string()),
        _ => Before::Other,
    }
}

fn check_action(name: &str, call: &Group, sink: &Sink<'_>) {
    let rule = match name {
        "remote_file" | "directory" | "file" | "symbolic_link" => rules::PATH,
        "package" | "packages" => rules::PACKAGE,
        "service" => rules::UNIT,
        "user" | "group" => rules::ACCOUNT,
        _ => return,
    };
    let Some(argument) = first_argument(call) else { return };
    match argument {
        Value::Literal(Lit::Str(text)) if name != "packages" => check_text(&text, rule, sink),
        Value::List(list) if name == "packages" => {
            for item in arguments(list.stream()) {
                item.text().into_iter().for_each(|text| check_text(text, rule, sink));
            }
        }
        _ => {}
    }
}

fn first_argument(call: &Group) -> Option<Value> {
    if call.delimiter() != Delimiter::Parenthesis {
        return None;
    }
    arguments(call.stream()).into_iter().next().map(|argument| argument.value)
}

fn check_text(text: &LitStr, rule: Rule, sink: &Sink<'_>) {
    if !(rule.holds)(&text.value()) {
        sink.report(text, messages::literal_name(rule.kind, text.token(), rule.text));
    }
}

fn check_mode(call: &Group, sink: &Sink<'_>) {
    let Some(Value::Literal(Lit::Int(mode))) = first_argument(call) else { return };
    let Ok(number) = mode.base10_parse::<u64>() else { return };
    if !is_octal(&mode) && number != 0 {
        sink.report(&mode, messages::mode_decimal(&mode, way_out(&mode, number)));
    } else if number > rules::MOST_MODE {
        sink.report(&mode, messages::mode_range(&mode));
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
