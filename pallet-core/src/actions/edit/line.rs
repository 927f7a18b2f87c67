//! One line of a file.

use super::lines::{Lines, Pattern};
use super::place::{Place, Placed};
use super::{Edit, FileEdit, Resolved};
use crate::graph::{Handle, record};
use crate::text::Text;

/// One line of a file that others write as well.
pub type LineInFile = FileEdit<Line>;

/// What is declared of a line.
#[derive(Debug, Default)]
pub struct Line {
    line: Option<Text>,
    matching: Option<Pattern>,
    place: Place,
    absent: bool,
}

/// Declares a line of a file that others write as well: that it is there, once, or that it is not.
///
/// Say which with [`line`](Handle::<LineInFile>::line), and with [`matching`](Handle::<LineInFile>::matching) which
/// older forms of it are to go. The rest of the file stays byte for byte, and so do its mode, owner and line
/// endings. Checked: the whole content of the file, which may have 1 MiB, and its attributes if they are given.
/// Changed: when the line was not so. A file that is not there is an error without
/// [`create`](Handle::<LineInFile>::create); a symbolic link always is. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// line_in_file("/etc/ssh/sshd_config").matching("^#?PermitRootLogin ").line("PermitRootLogin no");
/// line_in_file("/etc/my.cnf").line("skip-networking").below(r"^\[mysqld\]");
/// line_in_file("/etc/fstab").matching(r"\sswap\s").absent();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn line_in_file(path: impl AsRef<str>) -> Handle<LineInFile> {
    record(FileEdit::new(path, Line::default()))
}

impl Handle<LineInFile> {
    /// Gives the line, without an ending.
    #[track_caller]
    pub fn line(self, line: impl Into<Text>) -> Self {
        self.edit(|action| action.edit.line = Some(line.into()))
    }

    /// Says which lines are older forms of this one, by a regular expression that matches somewhere in them. The
    /// first of them is replaced, the others are removed: one line is left that is meant.
    #[track_caller]
    pub fn matching(self, pattern: impl AsRef<str>) -> Self {
        self.edit(|action| action.edit.matching = Some(Pattern::regex(pattern)))
    }

    /// Says which lines are older forms of this one, by the text with which they begin.
    #[track_caller]
    pub fn starting_with(self, prefix: impl Into<String>) -> Self {
        self.edit(|action| action.edit.matching = Some(Pattern::prefix(prefix)))
    }

    /// Declares that there is no such line: none equal to the one given, none that matches.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|action| action.edit.absent = true)
    }
}

impl Placed for Line {
    fn place(&mut self) -> &mut Place {
        &mut self.place
    }
}

impl Edit for Line {
    const KIND: &'static str = "line-in-file";

    fn check(&self) -> Result<(), String> {
        self.matching.as_ref().map_or(Ok(()), Pattern::check)?;
        self.place.check()
    }

    fn missing(&self) -> Option<&'static str> {
        match (&self.line, &self.matching) {
            (None, _) if !self.absent => Some("no line is given: call `line`, or `absent`"),
            (None, None) => Some("which line is absent? call `line` or `matching`"),
            _ => None,
        }
    }

    fn texts(&self) -> Vec<&Text> {
        self.line.iter().collect()
    }

    fn apply(&self, before: &[u8], texts: &Resolved) -> Result<Vec<u8>, String> {
        let wanted = texts.first();
        if wanted.is_some_and(|line| line.contains(&b'\n')) {
            return Err(
                "a line cannot have a line break in it: use `block_in_file` for several lines".to_owned()
            );
        }
        let mut lines = Lines::of(before);
        let equal = |line: &[u8]| wanted.is_some_and(|wanted| wanted == line);
        let old = |line: &[u8]| self.matching.as_ref().is_some_and(|pattern| pattern.matches(line));
        let found = lines.find(&|line| equal(line) || old(line));
        let keep = match wanted {
            Some(_) if !self.absent => found
                .iter()
                .copied()
                .find(|index| lines.iter().nth(*index).is_some_and(equal))
                .or(found.first().copied()),
            _ => None,
        };
        for index in found.into_iter().rev().filter(|index| Some(*index) != keep) {
            lines.remove(index);
        }
        if let Some(wanted) = wanted.filter(|_| !self.absent) {
            // Those before it are gone by now.
            match lines.find(&|line| equal(line) || old(line)).first() {
                Some(index) => lines.replace(*index, wanted),
                None => lines.insert(self.place.find(&lines)?, wanted),
            }
        }
        Ok(lines.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edit: &Line, before: &str) -> Result<String, String> {
        let texts = Resolved::of(edit.texts().into_iter().map(|text| text.masked().into_bytes()));
        let after = edit.apply(before.as_bytes(), &texts)?;
        assert_eq!(edit.apply(&after, &texts)?, after, "twice is once");
        Ok(String::from_utf8(after).expect("UTF-8"))
    }

    fn line(line: &str) -> Line {
        Line { line: Some(line.into()), ..Line::default() }
    }

    #[test]
    fn a_line_is_added_where_it_belongs_once() {
        let below = Line { place: Place::Below(Pattern::regex(r"^\[b\]")), ..line("x=1") };
        let start = Line { place: Place::Start, ..line("x") };
        for (edit, before, after) in [
            (line("b"), "a\n", "a\nb\n"),
            (line("b"), "a", "a\nb\n"),
            (line("b"), "", "b\n"),
            (line("b"), "a\r\n", "a\r\nb\r\n"),
            (line("a"), "a", "a"),
            (line("a"), "a\nb\na\n", "a\nb\n"),
            (below, "[a]\nx=1 \n[b]\ny=2\n", "[a]\nx=1 \n[b]\nx=1\ny=2\n"),
            (start, "a\n", "x\na\n"),
        ] {
            assert_eq!(edited(&edit, before).as_deref(), Ok(after), "{edit:?} of {before:?}");
        }
    }

    #[test]
    fn older_forms_of_a_line_become_this_one() {
        let root = || Line { matching: Some(Pattern::regex("^#?Root ")), ..line("Root no") };
        for (before, after) in [
            ("#Root x\nA\nRoot yes\n", "Root no\nA\n"),
            ("A\nRoot yes", "A\nRoot no"),
            ("Root yes\nRoot no\nA\n", "Root no\nA\n"),
            ("A\n", "A\nRoot no\n"),
        ] {
            assert_eq!(edited(&root(), before).as_deref(), Ok(after), "{before:?}");
        }
    }

    #[test]
    fn lines_that_are_absent_go_and_others_stay() {
        let absent = |line: Option<&str>, pattern: Option<&str>| Line {
            line: line.map(Text::from),
            matching: pattern.map(Pattern::regex),
            absent: true,
            ..Line::default()
        };
        assert_eq!(edited(&absent(Some("b"), None), "a\nb\nbb\nb").as_deref(), Ok("a\nbb\n"));
        assert_eq!(edited(&absent(None, Some("swap")), "a\nx swap y\n").as_deref(), Ok("a\n"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let missing = |edit: &Line| edit.missing().expect("refused");
        assert!(missing(&Line::default()).contains("no line is given"));
        assert!(missing(&Line { absent: true, ..Line::default() }).contains("which line"));
        let wrong = Line { matching: Some(Pattern::regex("(")), ..line("x") };
        assert!(wrong.check().expect_err("refused").contains("regular expression \"(\""));
        assert!(edited(&line("a\nb"), "").expect_err("two lines").contains("block_in_file"));
        let nowhere = Line { place: Place::Below(Pattern::regex("^z")), ..line("x") };
        assert!(edited(&nowhere, "a\n").expect_err("no place").contains("no line matches"));
    }
}
