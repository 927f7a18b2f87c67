//! From an item as written to a spec that can be expanded.
//!
//! Each key is checked by itself, so that one mistake does not hide the next. Whether a path leads to what it should
//! is left to rustc, which knows.

use super::keys::{Kind, Known};
use super::model::{Call, Name, Node, Phase, Spec, SpecRef};
use super::{hardware, image, network, phases};
use crate::diagnostics::Sink;
use crate::messages;
use crate::rules::{self, Rule};
use crate::syntax::{Entry, Item, Value, Written, items, spelling};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::Lit;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

/// Checks an item. What is wrong is reported and missing from the result.
pub(crate) fn item(kind: Kind, item: Item, sink: &Sink<'_>) -> Spec {
    let Item { pallet, attributes, visibility, name: ident, entries } = item;
    let mut spec = Spec {
        kind,
        pallet,
        attributes,
        visibility,
        name: Name { text: rules::kebab_case(&ident.unraw().to_string()), span: ident.span() },
        ident,
        count: None,
        protect: None,
        groups: Vec::new(),
        extends: Vec::new(),
        roles: Vec::new(),
        phases: Vec::new(),
        default_phases: None,
        node: Node::default(),
    };
    let resolved = kind.keys().resolve(entries, sink);
    let given: BTreeSet<&str> = resolved.iter().map(|(known, _)| known.name).collect();
    check_presence(&spec, &given, sink);
    for (known, entry) in &resolved {
        // A failed key has reported why.
        let _: Option<()> = key(&mut spec, known, entry, sink);
    }
    spec
}

/// Checks what must be there.
fn check_presence(spec: &Spec, given: &BTreeSet<&str>, sink: &Sink<'_>) {
    if let Some(rule) = name_rule(spec.kind)
        && !given.contains("name")
        && !(rule.holds)(&spec.name.text)
    {
        sink.report(&spec.ident, messages::underivable_name(rule.kind, &spec.ident, rule.text));
    }
    if let (Kind::Cluster, Some(groups)) = (spec.kind, spec.kind.keys().find("groups"))
        && !given.contains(groups.name)
    {
        let place = format!("cluster `{}`", spec.ident);
        sink.report(&spec.ident, messages::missing_key(groups.name, place, groups.example));
    }
}

fn name_rule(kind: Kind) -> Option<Rule> {
    match kind {
        Kind::Group => Some(rules::GROUP),
        Kind::Cluster => Some(rules::CLUSTER),
        Kind::ServerSpec | Kind::NodeSpec => None,
    }
}

/// Checks one key and puts it into the spec.
fn key(spec: &mut Spec, known: &Known, entry: &Entry, sink: &Sink<'_>) -> Option<()> {
    let Entry { key, value } = entry;
    match known.name {
        "name" => spec.name = name(value, name_rule(spec.kind)?, known, sink)?,
        "count" => spec.count = Some(Call { key: key.span(), argument: count(value, known, sink)? }),
        "protect" => spec.protect = Some(Call { key: key.span(), argument: boolean(value, known, sink)? }),
        "groups" => spec.groups = references(value, known, sink)?,
        "extends" => spec.extends = references(value, known, sink)?,
        "roles" => spec.roles = names(value, rules::ROLE, known, sink)?,
        "phases" => spec.phases.extend(phases::check(value, known, sink)?),
        "default_phases" => {
            spec.default_phases = Some((key.span(), names(value, rules::PHASE, known, sink)?))
        }
        "node_spec" => spec.node.base = Some((key.span(), reference(value, known, sink)?)),
        "image" => spec.node.image = Some((key.span(), image::check(value, known, sink)?)),
        "hardware" => spec.node.hardware = Some((key.span(), hardware::check(value, known, sink)?)),
        "network" => spec.node.network = Some((key.span(), network::check(value, known, sink)?)),
        // The rest of the table: phases that have a key of their own.
        phase => {
            let name = Name { text: phase.to_owned(), span: key.span() };
            spec.phases.push(Phase { name, body: phases::body(value, phase, known, sink)? });
        }
    }
    Some(())
}

/// Reports that a value is not of a form that its key takes.
pub(super) fn wrong<T>(value: impl ToTokens, known: &Known, sink: &Sink<'_>) -> Option<T> {
    sink.report(value, messages::wrong_value(known.name, known.takes, known.example));
    None
}

/// Checks a text that is a name, as a value of its own.
fn name(value: &Written, rule: Rule, known: &Known, sink: &Sink<'_>) -> Option<Name> {
    match value.text() {
        Some(text) => checked_name(text.value(), value, rule, sink),
        None => wrong(value, known, sink),
    }
}

fn checked_name(text: String, at: &Written, rule: Rule, sink: &Sink<'_>) -> Option<Name> {
    if !(rule.holds)(&text) {
        sink.report(at, messages::invalid_name(rule.kind, &text, rule.text));
        return None;
    }
    Some(Name { text, span: at.span() })
}

/// Checks a list of names.
fn names(value: &Written, rule: Rule, known: &Known, sink: &Sink<'_>) -> Option<Vec<Name>> {
    let name = |item: &Written| match item.word_or_text() {
        Some(text) => checked_name(text, item, rule, sink),
        None => wrong(item, known, sink),
    };
    let list = list(value, known, sink)?;
    Some(list.iter().filter_map(name).collect())
}

/// Returns the items of a list, without those that are there twice.
fn list(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Vec<Written>> {
    let Value::List(group) = &value.value else { return wrong(value, known, sink) };
    let mut list = items(group.stream(), sink);
    let mut seen = BTreeSet::new();
    list.retain(|item| {
        let text = item.word_or_text().unwrap_or_else(|| spelling(item));
        let is_new = seen.insert(text.clone());
        if !is_new {
            sink.report(item, messages::listed_twice(text, known.name));
        }
        is_new
    });
    Some(list)
}

fn references(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Vec<SpecRef>> {
    Some(list(value, known, sink)?.iter().filter_map(|item| reference(item, known, sink)).collect())
}

fn reference(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<SpecRef> {
    match &value.value {
        Value::Path(path) => Some(SpecRef::Item(path.clone())),
        Value::Call(..) => Some(SpecRef::Built(value.to_token_stream())),
        Value::Expression(expression) => Some(SpecRef::Built(expression.clone())),
        _ => wrong(value, known, sink),
    }
}

fn count(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<TokenStream> {
    number(value, known, 0, rules::MOST_NODES, sink)
}

/// Checks a whole number in a range. An expression is left to rustc.
pub(super) fn number(
    value: &Written,
    known: &Known,
    least: u64,
    most: u64,
    sink: &Sink<'_>,
) -> Option<TokenStream> {
    match &value.value {
        Value::Expression(expression) => Some(expression.clone()),
        Value::Literal(Lit::Int(number)) => match number.base10_parse::<u64>() {
            Ok(n) if (least..=most).contains(&n) => Some(number.to_token_stream()),
            _ => {
                sink.report(value, messages::number_range(known.name, number, least, most));
                None
            }
        },
        _ => wrong(value, known, sink),
    }
}

/// Checks a truth value. An expression is left to rustc.
pub(super) fn boolean(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<TokenStream> {
    match &value.value {
        Value::Expression(expression) => Some(expression.clone()),
        Value::Literal(Lit::Bool(flag)) => Some(flag.to_token_stream()),
        _ => wrong(value, known, sink),
    }
}
