//! The value of `phases`, a block of phases by name, and of the keys that hold one phase each.

use super::check::wrong;
use super::keys::{Known, OTHER_PHASE, unique};
use super::model::{Name, Phase, PhaseBody};
use crate::diagnostics::Sink;
use crate::messages;
use crate::rules;
use crate::syntax::{Entry, Key, Value, Written, entries};
use quote::ToTokens;

/// The phases that have a key of their own.
const WITH_KEY: [&str; 3] = ["settings", "bootstrap", "configure"];
/// The other phases that pallet runs by itself.
const STANDARD: [&str; 3] = ["destroy-server", "destroy-group", "create-group"];

/// Checks the value of `phases`.
pub(super) fn check(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Vec<Phase>> {
    let Value::Block(block) = &value.value else { return wrong(value, known, sink) };
    let entries = unique(entries(block.stream(), "`phases`", sink), "`phases`", sink);
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.name.as_str()).collect();
    Some(entries.iter().filter_map(|entry| phase(entry, &names, sink)).collect())
}

fn phase(entry: &Entry, names: &[&str], sink: &Sink<'_>) -> Option<Phase> {
    let name = name(&entry.key, names, sink)?;
    let body = body(&entry.value, &entry.key.name, &OTHER_PHASE, sink)?;
    Some(Phase { name, body })
}

fn name(key: &Key, names: &[&str], sink: &Sink<'_>) -> Option<Name> {
    let text = key.name.as_str();
    let message = if WITH_KEY.contains(&text) {
        messages::phase_has_key(text)
    } else if let Some(meant) = with_hyphens(text, names) {
        messages::phase_with_underscores(text, meant)
    } else if !(rules::PHASE.holds)(text) {
        messages::invalid_name(rules::PHASE.kind, text, rules::PHASE.text)
    } else {
        return Some(Name { text: text.to_owned(), span: key.span() });
    };
    sink.report(key, message);
    None
}

/// Returns the phase that was meant, where underscores make a phase of what pallet would run by itself: nobody
/// would ever run `pre_configure`.
fn with_hyphens(text: &str, names: &[&str]) -> Option<String> {
    let hyphenated = text.replacen('_', "-", 1);
    let around = ["pre-", "post-"].iter().find_map(|prefix| hyphenated.strip_prefix(prefix));
    let is_run = |name: &str| WITH_KEY.contains(&name) || STANDARD.contains(&name) || names.contains(&name);
    let is_meant =
        hyphenated != text && (STANDARD.contains(&hyphenated.as_str()) || around.is_some_and(is_run));
    is_meant.then_some(hyphenated)
}

/// Checks what a phase runs.
pub(super) fn body(value: &Written, key: &str, known: &Known, sink: &Sink<'_>) -> Option<PhaseBody> {
    match &value.value {
        Value::Path(path) => Some(PhaseBody::Path(path.clone())),
        Value::Call(..) => Some(PhaseBody::Call(value.to_token_stream())),
        Value::Closure(parameters) if !parameters.is_empty() => {
            sink.report(parameters, messages::phase_closure_parameters());
            None
        }
        Value::Closure(_) => Some(PhaseBody::Closure(value.to_token_stream())),
        _ => {
            sink.report(value, messages::wrong_value(key, known.takes, known.example));
            None
        }
    }
}
