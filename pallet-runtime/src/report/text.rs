//! Small texts that all reports share: numbers for people, and texts that cannot harm a terminal.

use crate::event::{ActionLabel, Verb};
use std::borrow::Cow;
use std::fmt::Write;

/// Returns the text with everything that a terminal would obey, or that would reorder what people read, made
/// visible. Whatever comes from outside passes through here before it is printed.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    // Almost all lines are plain.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => cleaned.push_str("    "),
            c if c.is_control() || reorders(c) => {
                let _ = write!(cleaned, "{}", c.escape_default());
            }
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

/// The marks that turn the direction of writing: what is printed would not be what is read.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Returns a time in seconds as people say it: `4.2s`, `3m 05s`.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 59.95 {
        return format!("{seconds:.1}s");
    }
    let whole = seconds.round() as u64;
    match whole / 3600 {
        0 => format!("{}m {:02}s", whole / 60, whole % 60),
        hours => format!("{hours}h {:02}m", whole % 3600 / 60),
    }
}

/// Returns a number of bytes as people say it: `2.1 kB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = count as f64 / 1000.0;
    if value < 1.0 {
        return format!("{count} B");
    }
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Returns a count with its noun in the right number: `1 node`, `2 nodes`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// How many characters of an action are shown: the subject of an `exec` may be a whole script.
const ACTION: usize = 72;

/// Returns an action as people name it: `package nginx`.
pub(crate) fn action(label: &ActionLabel) -> String {
    let whole = clean(&whole_action(label)).into_owned();
    match whole.char_indices().nth(ACTION) {
        Some((end, _)) => format!("{}…", whole[..end].trim_end()),
        None => whole,
    }
}

/// Returns what is said about an action, without the action's name in front of it.
pub(crate) fn about<'m>(message: &'m str, label: &ActionLabel) -> &'m str {
    let rest = message.strip_prefix(&whole_action(label)).and_then(|rest| rest.strip_prefix(": "));
    rest.unwrap_or(message)
}

fn whole_action(label: &ActionLabel) -> String {
    format!("{} {}", label.kind, label.subject).trim_end().to_owned()
}

/// Returns names in a row, the many behind a count: `a, b, c and 7 more`.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>, limit: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = clean(&names.iter().take(limit).copied().collect::<Vec<_>>().join(", ")).into_owned();
    match names.len().checked_sub(limit) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

impl Verb {
    /// Returns the verb as it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Converge => "converge",
            Verb::Plan => "plan",
            Verb::Lift => "lift",
            Verb::Destroy => "destroy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(clean("a\x1b[2Jb\u{9b}1m\r\u{7}\tc"), "a\\u{1b}[2Jb\\u{9b}1m\\r\\u{7}    c");
        assert_eq!(clean("safe\u{202e}txt.exe"), "safe\\u{202e}txt.exe");
        assert_eq!(clean("straße ✓"), "straße ✓");
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(
            [duration(0.04), duration(59.94), duration(59.96), duration(3725.0)],
            ["0.0s", "59.9s", "1m 00s", "1h 02m"]
        );
        assert_eq!(
            [bytes(999), bytes(2100), bytes(999_960), bytes(5_000_000_000)],
            ["999 B", "2.1 kB", "1.0 MB", "5.0 GB"]
        );
        assert_eq!([count(1, "node"), count(0, "node")], ["1 node", "0 nodes"]);
        assert_eq!(names(["a", "b", "c"], 2), "a, b and 1 more");
    }
}
