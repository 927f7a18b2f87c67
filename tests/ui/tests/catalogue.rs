//! The catalogue of compile errors is complete: every message has a case. That every case is in the index is a rule of
//! `tests/tidy`.

// The table of messages itself. It is not public, and names nothing else of its crate.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../pallet-macros/src/messages.rs"]
mod messages;

use std::fs;
use std::path::Path;

/// Returns what the compiler says to all cases, one error an item, blanks and line breaks alike.
fn errors() -> Vec<String> {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")).expect("the cases");
    let files = folders.flat_map(|folder| fs::read_dir(folder.expect("a folder").path()).expect("its cases"));
    let paths = files.map(|file| file.expect("a file").path());
    let texts = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .map(|path| fs::read_to_string(path).expect("what the compiler says"));
    let errors = texts.flat_map(|text| text.split("\n\n").map(str::to_owned).collect::<Vec<_>>());
    errors.map(|error| error.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Tells whether an error consists of the fixed parts of a message, in their order.
fn is_said_by(message: &str, error: &str) -> bool {
    let braces_apart = message.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let parts = braces_apart.split('{').map(|part| part.split_once('}').map_or(part, |(_, fixed)| fixed));
    let mut rest = error;
    for part in parts {
        let part = part.replace('\u{1}', "{").replace('\u{2}', "}");
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        match rest.split_once(&part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[test]
fn every_message_has_a_case() {
    let errors = errors();
    let missing: Vec<&str> = messages::ALL
        .iter()
        .filter(|(_, text)| {
            !errors.iter().any(|error| error.starts_with("error: ") && is_said_by(text, error))
        })
        .map(|(name, _)| *name)
        .collect();
    assert!(missing.is_empty(), "no case in tests/ui/cases gives these messages: {missing:?}");
}

#[test]
fn a_message_is_recognised_by_its_fixed_parts() {
    let error = "error: key `a` has no value note: write `a: …` --> file";
    assert!(is_said_by("key `{key}` has no value\nnote: write `{key}: …`", error));
    assert!(!is_said_by("key `{key}` is given twice\nnote: {way_out}", error));
    assert!(is_said_by("write `f! {{ {name} }}`", "error: write `f! { Web }`"));
}
