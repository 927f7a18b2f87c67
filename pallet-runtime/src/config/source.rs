//! A configuration file: its text, and the places in it.

use super::section::Section;
use crate::error::{Excerpt, ExcerptLine, InputError};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// Words that make a line one that must not be shown: what follows them may be a secret.
const SECRET_WORDS: [&str; 6] = ["password", "passphrase", "secret", "credential", "token", "private-key ="];

/// A configuration file that has been read.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    /// The path as messages name it: relative where that is shorter.
    shown: String,
    text: String,
    /// Where each line begins. Every value of a configuration is asked for its place, and there may be thousands.
    lines: Vec<usize>,
}

impl Source {
    /// Reads a file, or returns `None` if there is none. Messages name it relative to `cwd` if it lies there.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
    pub fn read(path: &Path, cwd: &Path) -> Result<Option<Source>, InputError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(Source::of_text(path, cwd, text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(InputError::new("cannot read the configuration")
                .source(error)
                .at(Excerpt::place(path.strip_prefix(cwd).unwrap_or(path).display().to_string()))
                .hint("check its type, permissions and encoding (UTF-8)")),
        }
    }

    /// Returns a file that was read by somebody else.
    pub(crate) fn of_text(path: &Path, cwd: &Path, text: String) -> Source {
        let shown = path.strip_prefix(cwd).unwrap_or(path).display().to_string();
        let newlines = text.match_indices('\n').map(|(newline, _)| newline + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        Source { path: path.to_owned(), shown, text, lines }
    }

    /// Returns what the file says.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path as messages name it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Parses the file and hands its top level to `read`.
    pub(crate) fn parse<T>(
        &self,
        read: impl FnOnce(&Section<'_>) -> Result<T, InputError>,
    ) -> Result<T, InputError> {
        let table = DeTable::parse(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            InputError::new(one_line(error.message())).at(self.excerpt(span))
        })?;
        read(&Section::top(self, table.get_ref()))
    }

    /// Returns `file:line:column` of a byte offset.
    pub(crate) fn place(&self, offset: usize) -> String {
        let (line, column) = self.position(offset);
        format!("{}:{line}:{column}", self.shown)
    }

    /// Returns the place of a part of the file with its line.
    pub(crate) fn excerpt(&self, span: Range<usize>) -> Excerpt {
        let (number, column) = self.position(span.start);
        let text = self.text.lines().nth(number - 1).unwrap_or_default();
        let rest = text.chars().count().saturating_sub(column - 1);
        let wanted = self.text.get(span.clone()).map_or(1, |part| part.chars().count());
        let line = ExcerptLine {
            number,
            text: text.to_owned(),
            skip: column - 1,
            width: wanted.clamp(1, rest.max(1)),
        };
        Excerpt { place: self.place(span.start), line: may_show(text).then_some(line) }
    }

    /// Returns the excerpt for a text that begins with `file:line:column: ` of this file, and what follows.
    ///
    /// Providers know places only as text; this finds the line again.
    pub(crate) fn locate<'m>(&self, message: &'m str) -> Option<(Excerpt, &'m str)> {
        let rest = message.strip_prefix(&self.shown)?.strip_prefix(':')?;
        let (line, rest) = rest.split_once(':')?;
        let (column, rest) = rest.split_once(": ")?;
        let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
        let text = self.text.lines().nth(line.checked_sub(1)?)?;
        let start = text.as_ptr() as usize - self.text.as_ptr() as usize;
        let skipped: usize = text.chars().take(column.checked_sub(1)?).map(char::len_utf8).sum();
        let from = start + skipped;
        // Such places are those of keys.
        let key = self.text.get(from..)?.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(1);
        Some((self.excerpt(from..from + key), rest))
    }

    /// Returns line and column of a byte offset, in characters, from 1.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let number = self.lines.partition_point(|start| *start <= before.len());
        (number, before[self.lines[number - 1]..].chars().count() + 1)
    }
}

/// Tells whether a line of configuration can be shown without showing a secret.
fn may_show(line: &str) -> bool {
    let line = line.to_lowercase();
    !SECRET_WORDS.iter().any(|word| line.contains(word))
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
