//! What no file may contain, and what every file must.

use pallet_tests_tidy::{File, assert_none, files, root, rust_files};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};

/// Words in front of what is not finished. Put together here, so that this file is not an offence.
const UNFINISHED: &[&str] = &[
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("not yet ", "implemented"),
];

/// Host names of package registries: a program takes them from the system's own configuration.
const REGISTRIES: &[&str] = &[
    concat!("deb.debian", ".org"),
    concat!("security.debian", ".org"),
    concat!("ftp.debian", ".org"),
    concat!("archive.ubuntu", ".com"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("registry.", "npmjs", ".org"),
];

/// Returns `file:line: word` for every line of a file that has one of these words.
fn lines_with(file: &File, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        found.extend(
            words
                .iter()
                .filter(|word| line.contains(**word))
                .map(|word| format!("{}:{number}: {word}", file.path)),
        );
    }
    found
}

/// Whether a file is written by a tool.
fn is_generated(file: &File) -> bool {
    file.path.ends_with("Cargo.lock") || file.path.ends_with(".stderr") || file.path.ends_with(".snap")
}

/// Whether people write a file, so that it has our style; the others may hold captured output as it was.
fn is_written(file: &File) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_none_or(|extension| matches!(extension, "rs" | "toml" | "md" | "sh" | "yml"))
}

#[test]
fn nothing_is_unfinished() {
    assert_none(
        "what is committed is finished",
        rust_files().iter().flat_map(|file| lines_with(file, UNFINISHED)),
    );
}

#[test]
fn no_registry_is_named() {
    let written = files().into_iter().filter(|file| !is_generated(file));
    assert_none(
        "hosts of package registries are read from the system's own configuration",
        written.flat_map(|file| lines_with(&file, REGISTRIES)),
    );
}

#[test]
fn lines_end_where_their_text_ends() {
    let mut offences = Vec::new();
    for file in files().iter().filter(|file| is_written(file)) {
        // Two blanks at the end are a line break in Markdown; a backslash says it better.
        let trailing = file.lines().filter(|(_, line)| line.ends_with([' ', '\t', '\r']));
        offences.extend(trailing.map(|(number, _)| format!("{}:{number}", file.path)));
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            offences.push(format!("{}: no end of line at the end", file.path));
        }
    }
    assert_none("no blanks at the end of a line, a line end at the end of a file", offences);
}

#[test]
fn every_module_says_what_it_is_for() {
    let files = rust_files().into_iter();
    let modules = files.filter(|file| file.path.contains("/src/") && !is_test_module(file));
    let silent = modules.filter(|file| {
        let first = file.text.lines().find(|line| !line.is_empty() && !line.starts_with("#!"));
        !first.is_some_and(|line| line.starts_with("//!"))
    });
    assert_none("a module begins with its purpose and its boundary", silent.map(|file| file.path));
}

/// Whether a file holds the tests of the module beside it, whose purpose needs no words.
fn is_test_module(file: &File) -> bool {
    file.path.ends_with("/tests.rs") || file.path.contains("/src/tests/")
}

#[test]
fn shell_scripts_can_be_parsed() {
    let mut offences = Vec::new();
    for file in files() {
        let Some(shell) = interpreter(&file) else { continue };
        let parsed = Command::new(shell).arg("-n").arg(root().join(&file.path)).stdin(Stdio::null()).output();
        match parsed {
            Ok(output) if !output.status.success() => {
                offences.push(String::from_utf8_lossy(&output.stderr).into_owned())
            }
            // A machine without this shell runs no scripts for it either.
            Ok(_) | Err(_) => {}
        }
    }
    assert_none("a shell script is one", offences);
}

/// The libraries of one script share its names: what one defines anew is another function for all that follows. Those of
/// package managers (`p_pm_`) and of init systems stand in for each other and never travel together.
#[test]
fn each_shell_function_is_defined_once() {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files() {
        let in_library = file.path.starts_with("pallet-core/src/script/") && file.path.ends_with(".sh");
        if !in_library || file.path.contains("/services/") {
            continue;
        }
        let functions = file.text.lines().filter_map(|line| line.split_once("() {"));
        for (name, _) in functions.filter(|(name, _)| name.starts_with("p_") && !name.starts_with("p_pm_")) {
            homes.entry(name.to_owned()).or_default().push(file.path.clone());
        }
    }
    let twice = homes.into_iter().filter(|(_, homes)| homes.len() > 1);
    assert_none(
        "a shell function is defined once",
        twice.map(|(name, homes)| format!("{name}: {}", homes.join(", "))),
    );
}

/// Returns the shell that a file is written for, if it is a script.
fn interpreter(file: &File) -> Option<&'static str> {
    let first = file.text.lines().next()?;
    if first.starts_with("#!") && first.ends_with("bash") {
        Some("bash")
    } else if file.path.ends_with(".sh") || (first.starts_with("#!") && first.ends_with("sh")) {
        Some("sh")
    } else {
        None
    }
}
