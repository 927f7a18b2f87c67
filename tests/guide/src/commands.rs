//! The commands in a text: blocks of `console`, whose lines after `$` are run and whose other lines are expected, and
//! blocks of `sh`, all of whose lines are run.

use crate::markdown::{self, Block};

/// A command, and what it must write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// As it is typed.
    pub line: String,
    /// Lines that its output must have, in this order.
    pub expected: Vec<String>,
    /// The line of the text that it stands on, counted from 1.
    pub at: usize,
    /// An address in it, and the node that it is of: what `<!-- run: 10.0.0.2 is web-1 -->` above the block says.
    pub address: Option<(String, String)>,
}

/// Returns the commands of a text in their order. A comment `<!-- run: not, because … -->` above a block leaves it out.
#[must_use]
pub fn commands(text: &str) -> Vec<Command> {
    let blocks = markdown::blocks(text).into_iter();
    let run = blocks.filter(|block| !block.note.as_deref().is_some_and(|note| note.starts_with("not,")));
    run.flat_map(|block| match block.language.as_str() {
        "console" => with_output(&block),
        "sh" => bare(&block),
        _ => Vec::new(),
    })
    .collect()
}

fn with_output(block: &Block) -> Vec<Command> {
    let mut found: Vec<Command> = Vec::new();
    for (line, at) in block.text.lines().zip(block.line + 1..) {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(line), _) => found.push(command(line, at, block)),
            (None, Some(command)) => command.expected.push(line.to_owned()),
            (None, None) => {}
        }
    }
    found
}

fn bare(block: &Block) -> Vec<Command> {
    let lines = block.text.lines().zip(block.line + 1..);
    let lines = lines.filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, at)| command(line, at, block)).collect()
}

fn command(line: &str, at: usize, block: &Block) -> Command {
    let address = block.note.as_deref().and_then(|note| note.split_once(" is "));
    let address = address.map(|(address, node)| (address.to_owned(), node.to_owned()));
    Command { line: line.to_owned(), expected: Vec::new(), at, address }
}

/// Returns the address that a run gave to a node, by what it wrote: `web-1  + created at 10.0.0.2  0.3s`.
#[must_use]
pub fn address_of<'a>(node: &str, output: &'a str) -> Option<&'a str> {
    let created = output.lines().filter(|line| line.split_whitespace().next() == Some(node));
    created.filter_map(|line| line.split_once("created at ")?.1.split_whitespace().next()).last()
}

/// Returns the first expected line that is not in an output, where it must come after the ones before it.
///
/// What differs from run to run counts as equal: times, sizes, addresses, numbers of round trips. `…` stands for anything.
#[must_use]
pub fn missing<'a>(expected: &'a [String], output: &str) -> Option<&'a str> {
    let mut lines = output.lines().map(stable);
    expected.iter().map(String::as_str).filter(|line| !line.trim().is_empty()).find(|line| {
        let wanted = stable(line);
        !lines.any(|found| matches(&wanted, &found))
    })
}

/// Returns a line with one sign for each thing that differs from run to run.
fn stable(line: &str) -> String {
    let blanks = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let patterns =
        [r"\b\d+(\.\d+)?s\b", r"\b\d+(\.\d+)? k?B\b", r"\b\d+\.\d+\.\d+\.\d+\b", r"\b\d+ round trips?\b"];
    patterns.iter().fold(blanks, |line, pattern| {
        let pattern = regex_lite::Regex::new(pattern).expect("a valid pattern");
        pattern.replace_all(&line, "#").into_owned()
    })
}

/// Tells whether a line is as wanted: all parts between `…` are in it, in their order, the first at its beginning and the last at its end.
fn matches(wanted: &str, found: &str) -> bool {
    let mut parts = wanted.split('…').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lines_with_their_output() {
        let text = "```console\n$ one\nsays\nthis\n$ two\n```\n<!-- run: not, needs another account -->\n```sh\nthree\n```\n\
                    ```sh\nfour\n```\n```text\nfive\n```\n";
        let found = commands(text);
        let lines: Vec<(&str, usize)> =
            found.iter().map(|command| (command.line.as_str(), command.at)).collect();
        assert_eq!(lines, [("one", 2), ("two", 5), ("four", 12)]);
        assert_eq!(found[0].expected, ["says", "this"]);
    }

    #[test]
    fn what_differs_from_run_to_run_is_equal() {
        let is_there = |expected: &str, output: &str| missing(&[expected.to_owned()], output).is_none();
        assert!(is_there(
            "nothing changed: 17 unchanged; 3 nodes, 6 round trips, 12.1 kB sent, 0.1s",
            "x\nnothing changed: 17 unchanged; 3 nodes, 9 round trips, 900 B sent, 11s\n"
        ));
        assert!(!is_there("nothing changed: 17 unchanged", "nothing changed: 16 unchanged"));
        assert!(is_there("I am at 10.0.0.1.", "I am at 10.2.3.4."));
        assert!(is_there("done: 2 created, …", "done: 2 created, 5 changed"));
        assert!(!is_there("done: 2 created, …", "not done: 2 created, 5 changed"));
        assert!(is_there("web … up", "web-1  10.0.0.1  up"));
    }

    #[test]
    fn addresses_are_those_of_this_run() {
        let text = "<!-- run: 10.0.0.2 is web-1 -->\n```sh\ncurl http://10.0.0.2/\n```\n";
        assert_eq!(commands(text)[0].address, Some(("10.0.0.2".to_owned(), "web-1".to_owned())));
        let output = "web-10  + created at 10.2.0.9  0.3s\nweb-1  + created at 10.2.0.3  0.3s\n";
        assert_eq!(address_of("web-1", output), Some("10.2.0.3"));
        assert_eq!(address_of("web-2", output), None);
    }

    #[test]
    fn lines_are_expected_in_their_order() {
        let expected = ["a".to_owned(), "b".to_owned()];
        assert_eq!(missing(&expected, "a\nx\nb\n"), None);
        assert_eq!(missing(&expected, "b\na\n"), Some("b"));
    }
}
