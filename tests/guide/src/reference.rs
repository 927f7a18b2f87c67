//! The pages of the guide that are written by the code: the command line, and the configuration.

use crate::root;
use std::fs;

/// A page: its file below `guide/src`, and the text that it must have.
#[derive(Debug)]
pub struct Page {
    /// The file.
    pub path: &'static str,
    /// The text.
    pub text: String,
}

/// What is said about the configuration, in this order: a title, the file whose documentation says it, and the
/// heading there, or nothing for the beginning.
const CONFIGURATION: &[(&str, &str, &str)] = &[
    ("The files", "pallet-runtime/src/config.rs", ""),
    ("Hosts that exist: `node-list`", "pallet-runtime/src/providers/node_list.rs", ""),
    ("This machine: `localhost`", "pallet-runtime/src/providers/localhost.rs", ""),
    ("The sandbox: `sandbox`", "pallet-sandbox/src/lib.rs", "Options of a service"),
    ("VirtualBox: `vbox`", "pallet-vbox/src/lib.rs", "Options of a service"),
    ("Image models of VirtualBox", "pallet-vbox/src/lib.rs", "Image models"),
];

/// What is said about the machines of VirtualBox: all of a file.
const HARDWARE: &str = "pallet-vbox/docs/hardware.md";

/// Returns all pages that are generated.
///
/// # Panics
///
/// When a source file is not where it was.
#[must_use]
pub fn pages() -> Vec<Page> {
    let title = "<!-- Written by scripts/write-reference from the code: change it there. -->\n\n";
    let commands = format!("# The command line\n\n{title}{}", pallet_runtime::cli::reference());
    let sections = CONFIGURATION
        .iter()
        .map(|(title, file, heading)| format!("## {title}\n\n{}\n\n", documentation(file, heading)));
    let configuration = format!("# The configuration\n\n{title}{}", sections.collect::<String>());
    let hardware = format!("# Hardware and networks of VirtualBox\n\n{title}{}", demoted(&text_of(HARDWARE)));
    [
        ("reference/commands.md", commands),
        ("reference/configuration.md", configuration),
        ("reference/hardware.md", hardware),
    ]
    .map(|(path, text)| Page { path, text: format!("{}\n", text.trim_end()) })
    .into()
}

/// Returns a text whose headings are one level deeper.
fn demoted(text: &str) -> String {
    let mut in_code = false;
    let lines = text.lines().map(|line| {
        in_code ^= line.starts_with("```");
        let mark = if !in_code && line.starts_with('#') { "#" } else { "" };
        format!("{mark}{line}\n")
    });
    lines.collect()
}

fn text_of(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the part of a module's documentation below a heading, up to the next one.
fn documentation(file: &str, heading: &str) -> String {
    let text = text_of(file);
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let title = format!("# {heading}");
    let start = match heading {
        "" => 0,
        _ => lines.iter().position(|line| *line == title).unwrap_or_else(|| panic!("{file}: no {title}")) + 1,
    };
    // A line of TOML may be a comment; those of a heading stand outside blocks.
    let mut in_code = false;
    let part = lines[start..].iter().take_while(|line| {
        in_code ^= line.starts_with("```");
        in_code || !line.starts_with("# ")
    });
    without_links_to_code(part.copied().collect::<Vec<_>>().join("\n").trim())
}

/// Returns a text whose links to items of Rust are their names alone: the guide cannot follow them.
fn without_links_to_code(text: &str) -> String {
    let link =
        regex_lite::Regex::new(r"\[(`[^`]+`)\](\([a-z_A-Z:]*::[a-z_A-Z:]*\))?").expect("a valid pattern");
    let text = link.replace_all(text, "$1");
    // What is a module in Rust's documentation is a page here.
    text.replace("(hardware_reference)", "(hardware.md)").replace("(hardware_reference#", "(hardware.md#")
}
