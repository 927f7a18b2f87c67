//! A text as lines that keep their endings, and what lines are chosen by.

use super::regex::Regex;
use std::borrow::Cow;

/// A text, line by line. Each line has its own ending; new ones get that of the first.
pub(super) struct Lines<'a> {
    lines: Vec<Cow<'a, [u8]>>,
    ending: &'static [u8],
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(Cow::Borrowed).collect();
        let ending: &[u8] =
            if lines.first().is_some_and(|line| line.ends_with(b"\r\n")) { b"\r\n" } else { b"\n" };
        Lines { lines, ending }
    }

    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// Returns what the lines say, without their endings.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.lines.iter().map(|line| content(line))
    }

    /// Returns the numbers of the lines for which something holds.
    pub(super) fn find(&self, holds: &dyn Fn(&[u8]) -> bool) -> Vec<usize> {
        self.iter().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index).collect()
    }

    /// Adds a line before that of this number, or at the end.
    pub(super) fn insert(&mut self, index: usize, line: &[u8]) {
        if let Some(before) = index.checked_sub(1).and_then(|before| self.lines.get_mut(before))
            && !before.ends_with(b"\n")
        {
            before.to_mut().extend_from_slice(self.ending);
        }
        self.lines.insert(index, Cow::Owned([line, self.ending].concat()));
    }

    /// Changes what a line says; its ending stays.
    pub(super) fn replace(&mut self, index: usize, line: &[u8]) {
        let ending = self.lines[index][content(&self.lines[index]).len()..].to_vec();
        self.lines[index] = Cow::Owned([line, &ending].concat());
    }

    pub(super) fn remove(&mut self, index: usize) {
        self.lines.remove(index);
    }

    pub(super) fn text(self) -> Vec<u8> {
        self.lines.concat()
    }
}

fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// What a line is chosen by.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// A regular expression that matches somewhere in it.
    Regex(Regex),
    /// It begins with this.
    Prefix(String),
}

impl Pattern {
    pub(super) fn regex(pattern: impl AsRef<str>) -> Self {
        Pattern::Regex(Regex::new(pattern.as_ref()))
    }

    pub(super) fn prefix(prefix: impl Into<String>) -> Self {
        Pattern::Prefix(prefix.into())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Pattern::Regex(regex) => regex.check(),
            Pattern::Prefix(prefix) if prefix.is_empty() => Err("every line begins with nothing".to_owned()),
            Pattern::Prefix(_) => Ok(()),
        }
    }

    /// Tells whether a line is meant. One that is not UTF-8 matches no regular expression.
    pub(super) fn matches(&self, line: &[u8]) -> bool {
        match self {
            Pattern::Regex(regex) => std::str::from_utf8(line).is_ok_and(|line| regex.is_match(line)),
            Pattern::Prefix(prefix) => line.starts_with(prefix.as_bytes()),
        }
    }

    /// Returns the pattern for people.
    pub(super) fn shown(&self) -> String {
        match self {
            Pattern::Regex(regex) => format!("matches {}", regex.shown()),
            Pattern::Prefix(prefix) => format!("begins with {prefix:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_endings_and_new_ones_get_that_of_the_first() {
        let mut lines = Lines::of(b"one\r\ntwo\nthree");
        lines.replace(1, b"2");
        lines.insert(3, b"four");
        assert_eq!(lines.text(), b"one\r\n2\nthree\r\nfour\r\n");
    }

    #[test]
    fn what_is_not_utf_8_matches_by_its_bytes_only() {
        assert!(Pattern::prefix("a").matches(b"a\xff"));
        assert!(!Pattern::regex("a").matches(b"a\xff"));
    }
}
