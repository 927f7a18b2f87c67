//! The catalogue of compile errors is complete: every message has a case. That every case is in the index is a rule of
//! `tests/tidy`.

// The table of messages itself. It is not public, and names nothing else of its crate.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../pallet-macros/src/messages.rs"]
mod messages;

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the files below a folder of the repository that have this extension.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder that can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).expect("a file that can be read")
}

/// Returns what the compiler says to all cases, one error an item, blanks and line breaks alike.
fn errors() -> Vec<String> {
    let texts: Vec<String> = files("cases", "stderr").iter().map(read).collect();
    let errors = texts.iter().flat_map(|text| text.split("\n\n"));
    errors.map(|error| error.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Returns what the traits of `pallet` say of types that do not implement them.
fn messages_of_traits() -> Vec<String> {
    let sources: Vec<String> = files("../../pallet-core/src", "rs").iter().map(read).collect();
    let message = |attribute: &str| {
        let text = attribute.split_once("message = \"").expect("the message comes first").1;
        text.split_once('"').expect("the end of the message").0.to_owned()
    };
    let attributes =
        sources.iter().flat_map(|source| source.split("#[diagnostic::on_unimplemented(").skip(1));
    attributes.map(message).collect()
}

/// Tells whether an error consists of the fixed parts of a message, in their order, up to the place of the error.
fn is_said_by(message: &str, error: &str) -> bool {
    let braces_apart = format!("{message}\n -->").replace("{{", "\u{1}").replace("}}", "\u{2}");
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
fn every_message_of_a_trait_has_a_case() {
    let (errors, messages) = (errors(), messages_of_traits());
    assert!(messages.len() > 5, "the traits have messages: {messages:?}");
    let has_case = |message: &String| {
        let message = format!("error[E0277]: {message}");
        errors.iter().any(|error| error.starts_with("error[E0277]: ") && is_said_by(&message, error))
    };
    let missing: Vec<&String> = messages.iter().filter(|message| !has_case(message)).collect();
    assert!(missing.is_empty(), "no case in tests/ui/cases gives these messages: {missing:?}");
}

#[test]
fn a_message_is_recognised_by_its_fixed_parts() {
    let error = "error: key `a` has no value note: write `a: …` --> file";
    assert!(is_said_by("key `{key}` has no value\nnote: write `{key}: …`", error));
    assert!(!is_said_by("key `{key}` is given twice\nnote: {way_out}", error));
    assert!(is_said_by("write `f! {{ {name} }}`", "error: write `f! { Web }` --> file"));
    assert!(!is_said_by("`{Self}` is not a phase", "error: `Web` is not a phase that can run --> file"));
}
