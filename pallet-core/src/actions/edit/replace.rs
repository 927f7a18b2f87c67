//! Texts within the lines of a file, and others in their place.

use super::lines::{Lines, Pattern};
use super::regex::Regex;
use super::{Edit, FileEdit, Resolved};
use crate::graph::{Handle, record};
use crate::text::Text;

/// Texts within the lines of a file, and others in their place.
pub type ReplaceInFile = FileEdit<Replacements>;

/// What is replaced by what.
#[derive(Debug, Default)]
pub struct Replacements {
    all: Vec<Replacement>,
    only: Option<Pattern>,
}

#[derive(Debug)]
struct Replacement {
    from: Sought,
    to: Text,
}

#[derive(Debug)]
enum Sought {
    Text(String),
    Regex(Regex),
}

/// Declares that a text, or what a regular expression matches, does not stand in a file any more, but another text in
/// its place: what `sed -i` is used for.
///
/// Say what with [`replace`](Handle::<ReplaceInFile>::replace) and
/// [`replace_matches`](Handle::<ReplaceInFile>::replace_matches); several follow each other. Each line is taken for
/// itself, without its ending. Where nothing is found nothing changes. What would differ when it were done twice is
/// refused, so a second run finds nothing to do. Checked: the whole content of the file, which may have 1 MiB, and
/// its attributes if they are given. A file that is not there is an error. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// replace_in_file("/etc/default/grub").replace_matches("^GRUB_TIMEOUT=.*", "GRUB_TIMEOUT=1");
/// replace_in_file("/etc/app.conf").replace("http://old.example", "https://new.example");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn replace_in_file(path: impl AsRef<str>) -> Handle<ReplaceInFile> {
    record(FileEdit::new(path, Replacements::default()))
}

impl Handle<ReplaceInFile> {
    /// Replaces a text, wherever it stands, by another.
    #[track_caller]
    pub fn replace(self, from: impl Into<String>, to: impl Into<Text>) -> Self {
        let from = Sought::Text(from.into());
        self.edit(|action| action.edit.all.push(Replacement { from, to: to.into() }))
    }

    /// Replaces what a regular expression matches, wherever it does. `$1` or `${name}` in the other text stands for a
    /// group of it, and `$$` for a dollar.
    #[track_caller]
    pub fn replace_matches(self, pattern: impl AsRef<str>, to: impl Into<Text>) -> Self {
        let from = Sought::Regex(Regex::new(pattern.as_ref()));
        self.edit(|action| action.edit.all.push(Replacement { from, to: to.into() }))
    }

    /// Leaves alone the lines that this regular expression does not match.
    #[track_caller]
    pub fn in_lines(self, pattern: impl AsRef<str>) -> Self {
        self.edit(|action| action.edit.only = Some(Pattern::regex(pattern)))
    }
}

impl Replacement {
    fn check(&self) -> Result<(), String> {
        match &self.from {
            Sought::Text(from) if from.is_empty() => {
                Err("nothing cannot be replaced: give a text".to_owned())
            }
            Sought::Text(from) if from.contains('\n') => {
                Err("a text in a line has no line break in it".to_owned())
            }
            Sought::Text(_) => Ok(()),
            Sought::Regex(regex) => regex.check(),
        }
    }

    fn apply(&self, line: String, to: &str) -> String {
        match &self.from {
            Sought::Text(from) => line.replace(from, to),
            Sought::Regex(regex) => regex.replace_all(&line, to).into_owned(),
        }
    }
}

impl Replacements {
    fn once(&self, before: &[u8], to: &[&str]) -> Vec<u8> {
        let mut lines = Lines::of(before);
        for index in lines.find(&|line| self.only.as_ref().is_none_or(|only| only.matches(line))) {
            // A line that is not UTF-8 is nobody's text.
            let Some(Ok(line)) = lines.iter().nth(index).map(std::str::from_utf8) else { continue };
            let start = line.to_owned();
            let end = self.all.iter().zip(to).fold(start.clone(), |line, (one, to)| one.apply(line, to));
            if end != start {
                lines.replace(index, end.as_bytes());
            }
        }
        lines.text()
    }
}

impl Edit for Replacements {
    const KIND: &'static str = "replace-in-file";

    fn check(&self) -> Result<(), String> {
        self.only.as_ref().map_or(Ok(()), Pattern::check)?;
        self.all.iter().try_for_each(Replacement::check)
    }

    fn missing(&self) -> Option<&'static str> {
        self.all.is_empty().then_some("nothing is to be replaced: call `replace` or `replace_matches`")
    }

    fn texts(&self) -> Vec<&Text> {
        self.all.iter().map(|one| &one.to).collect()
    }

    fn needs_file(&self) -> bool {
        true
    }

    fn apply(&self, before: &[u8], texts: &Resolved) -> Result<Vec<u8>, String> {
        let to = texts.iter().map(std::str::from_utf8).collect::<Result<Vec<_>, _>>();
        let to = to.map_err(|_| "what is put in its place is not UTF-8".to_owned())?;
        let after = self.once(before, &to);
        if self.once(&after, &to) != after {
            return Err(
                "every run would replace again what the one before put there: match more, such as the \
                        beginning and the end of the line"
                    .to_owned(),
            );
        }
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(edit: &Replacements, before: &str) -> Result<String, String> {
        edit.check()?;
        let texts = Resolved::of(edit.texts().into_iter().map(|text| text.masked().into_bytes()));
        Ok(String::from_utf8(edit.apply(before.as_bytes(), &texts)?).expect("UTF-8"))
    }

    fn text(from: &str, to: &str) -> Replacements {
        let one = Replacement { from: Sought::Text(from.into()), to: to.into() };
        Replacements { all: vec![one], only: None }
    }

    fn regex(from: &str, to: &str) -> Replacements {
        let from = Sought::Regex(Regex::new(from));
        Replacements { all: vec![Replacement { from, to: to.into() }], only: None }
    }

    #[test]
    fn texts_and_matches_are_replaced_line_by_line() {
        let only = Replacements { only: Some(Pattern::prefix("b")), ..text("1", "2") };
        for (edit, before, after) in [
            (text("a.c", "x"), "abc a.c a.c\r\na.c", "abc x x\r\nx"),
            (regex("^x=.*$", "x=2"), "x=1\nyx=1\nx=\n", "x=2\nyx=1\nx=2\n"),
            (regex(r"^(\w+)=(\w+)$", "$1 = $2"), "a=1\n", "a = 1\n"),
            (regex("^a$", "a$$"), "a\n", "a$\n"),
            (only, "a1\nb1\n", "a1\nb2\n"),
            (text("z", "y"), "a\n", "a\n"),
        ] {
            assert_eq!(edited(&edit, before).as_deref(), Ok(after), "{edit:?} of {before:?}");
        }
    }

    #[test]
    fn what_would_go_on_for_ever_is_refused() {
        for edit in [text("a", "aa"), regex("x", "xy"), regex("^", "# ")] {
            assert!(edited(&edit, "ax\n").expect_err("refused").contains("every run"), "{edit:?}");
        }
        assert!(Replacements::default().missing().expect("refused").contains("nothing is to be"));
        assert!(edited(&text("", "x"), "").is_err());
    }
}
