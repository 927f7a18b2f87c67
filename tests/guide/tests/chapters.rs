//! What every chapter must keep to, so that nothing in it goes stale unseen.

use pallet_tests_guide::markdown::{self, Block};
use pallet_tests_guide::{COMPILED, reference, root};
use std::fs;
use std::path::{Path, PathBuf};

/// A variable that lets the pages that are generated be written anew.
const WRITE: &str = "PALLET_WRITE_REFERENCE";

fn source() -> PathBuf {
    root().join("guide/src")
}

/// Returns the files of the guide, each with its path below `guide/src`.
fn chapters() -> Vec<(String, String)> {
    fn collect(folder: &Path, below: &str, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).expect("the guide").map(|entry| entry.expect("an entry")) {
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                collect(&entry.path(), &format!("{name}/"), found);
            } else if name.ends_with(".md") {
                found.push((name, fs::read_to_string(entry.path()).expect("readable")));
            }
        }
    }
    let mut found = Vec::new();
    collect(&source(), "", &mut found);
    found.sort();
    found
}

fn each_block(mut check: impl FnMut(&str, &Block) -> Option<String>) {
    let mut offences = Vec::new();
    for (path, text) in chapters() {
        for block in markdown::blocks(&text) {
            let offence = check(&path, &block);
            offences.extend(offence.map(|what| format!("guide/src/{path}:{}: {what}", block.line)));
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn every_chapter_is_in_the_table_of_contents() {
    let summary = fs::read_to_string(source().join("SUMMARY.md")).expect("a table of contents");
    let listed = markdown::links(&summary);
    let missing: Vec<String> = chapters()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path != "SUMMARY.md" && !listed.contains(path))
        .collect();
    assert!(missing.is_empty(), "not in SUMMARY.md: {missing:?}");
}

#[test]
fn links_lead_to_files() {
    let mut broken = Vec::new();
    for (path, text) in chapters() {
        let folder = source().join(&path).parent().expect("a folder").to_owned();
        let lost = markdown::links(&text).into_iter().filter(|link| !folder.join(link).is_file());
        broken.extend(lost.map(|link| format!("guide/src/{path}: {link}")));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_block_is_compiled_run_or_marked_as_text() {
    each_block(|path, block| match block.language.as_str() {
        // The documentation of a package, and compiled there.
        "rust" if path.starts_with("reference/") => None,
        "rust" | "rust,no_run" if COMPILED.contains(&path) => None,
        "rust" | "rust,no_run" => Some("the chapter is not in tests/guide/src/lib.rs".to_owned()),
        // Code of an example, which is a package and compiled there.
        "rust,ignore" if block.text.trim().starts_with("{{#include ") => None,
        "console" | "toml" | "text" | "yaml" => None,
        other => Some(format!("{other:?}: expected rust, console, toml, yaml or text")),
    });
}

#[test]
fn what_is_included_exists() {
    each_block(|path, block| {
        let included =
            block.text.lines().filter_map(|line| line.strip_prefix("{{#include ")?.strip_suffix("}}"));
        let folder = source().join(path).parent().expect("a folder").to_owned();
        let lost = included
            .map(|file| file.split(':').next().unwrap_or(file))
            .find(|file| !folder.join(file).is_file());
        lost.map(|file| format!("{file} is not there"))
    });
}

#[test]
fn configurations_are_valid() {
    each_block(|_, block| {
        let is_toml = block.language == "toml" && !block.text.starts_with("{{#include");
        let parsed = if is_toml { toml::from_str::<toml::Table>(&block.text).map(drop) } else { Ok(()) };
        parsed.err().map(|error| error.to_string())
    });
}

/// The blocks that say `provider =` are read as a configuration; what nobody understands is refused there.
#[test]
fn configurations_are_understood() {
    each_block(|_, block| {
        let is_configuration = block.language == "toml"
            && ["provider = ", "[admin-user]", "default-service"]
                .iter()
                .any(|word| block.text.contains(word));
        if !is_configuration {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("pallet.toml"), &block.text).expect("written");
        let vars = [("HOME".to_owned(), folder.path().display().to_string())].into();
        let files = pallet_runtime::config::ConfigFiles {
            named: None,
            cwd: folder.path(),
            user: &folder.path().join("user"),
        };
        pallet_runtime::config::load(&files, &vars).err().map(|error| format!("{error:?}"))
    });
}

#[test]
fn the_reference_is_that_of_the_code() {
    let write = std::env::var_os(WRITE).is_some();
    for page in reference::pages() {
        let path = source().join(page.path);
        if write {
            fs::write(&path, &page.text).expect("written");
        }
        let is = fs::read_to_string(&path).unwrap_or_default();
        assert!(is == page.text, "guide/src/{} is stale: run scripts/write-reference", page.path);
    }
}

/// What the troubleshooting chapter explains is still said somewhere.
#[test]
fn error_texts_are_those_of_the_code() {
    let (_, text) = chapters().into_iter().find(|(path, _)| path == "troubleshooting.md").expect("a chapter");
    let sources = said_by_the_code();
    let titles = text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    let parts = titles.flat_map(|title| title.split('…')).map(str::trim).filter(|part| !part.is_empty());
    let gone: Vec<&str> = parts.filter(|part| !sources.contains(part)).collect();
    assert!(gone.is_empty(), "no source says: {gone:?}");
}

/// Returns all sources of the product in one text, with texts that go over several lines put together.
fn said_by_the_code() -> String {
    fn collect(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).expect("sources").map(|entry| entry.expect("an entry")) {
            if entry.path().is_dir() {
                collect(&entry.path(), text);
            } else {
                text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
            }
        }
    }
    let mut text = String::new();
    for package in ["pallet-core", "pallet-runtime", "pallet-sandbox", "pallet-vbox"] {
        collect(&root().join(package).join("src"), &mut text);
    }
    let continued = regex_lite::Regex::new(r"\\\n\s*").expect("a valid pattern");
    continued.replace_all(&text, "").into_owned()
}
