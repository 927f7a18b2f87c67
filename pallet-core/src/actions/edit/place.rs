//! Where a line or a block goes if it has to be added.

use super::lines::{Lines, Pattern};
use super::{Edit, FileEdit};
use crate::graph::Handle;

/// Where something new goes.
#[derive(Debug, Default)]
pub(crate) enum Place {
    Start,
    #[default]
    End,
    /// Below the last line that is meant.
    Below(Pattern),
    /// Above the first line that is meant.
    Above(Pattern),
}

impl Place {
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Place::Start | Place::End => Ok(()),
            Place::Below(pattern) | Place::Above(pattern) => pattern.check(),
        }
    }

    /// Returns the number that a new line gets.
    ///
    /// # Errors
    ///
    /// When no line is meant.
    pub(super) fn find(&self, lines: &Lines<'_>) -> Result<usize, String> {
        let (found, pattern) = match self {
            Place::Start => return Ok(0),
            Place::End => return Ok(lines.count()),
            Place::Below(pattern) => {
                (lines.find(&|line| pattern.matches(line)).last().map(|index| index + 1), pattern)
            }
            Place::Above(pattern) => (lines.find(&|line| pattern.matches(line)).first().copied(), pattern),
        };
        found.ok_or_else(|| {
            format!("no line {}, so there is no place for what is to be added", pattern.shown())
        })
    }
}

/// An edit that may add something.
pub(crate) trait Placed: Edit {
    fn place(&mut self) -> &mut Place;
}

#[expect(private_bounds, reason = "what an edit is, is ours: others implement `Action`")]
impl<E: Placed> Handle<FileEdit<E>> {
    /// Says where the line or block goes if it has to be added: below the last line that this regular expression
    /// matches. It is an error when none does.
    #[track_caller]
    pub fn below(self, pattern: impl AsRef<str>) -> Self {
        self.edit(|action| *action.edit.place() = Place::Below(Pattern::regex(pattern)))
    }

    /// Says where the line or block goes if it has to be added: above the first line that this regular expression
    /// matches. It is an error when none does.
    #[track_caller]
    pub fn above(self, pattern: impl AsRef<str>) -> Self {
        self.edit(|action| *action.edit.place() = Place::Above(Pattern::regex(pattern)))
    }

    /// Says that the line or block goes to the beginning of the file if it has to be added, in the place of its end.
    #[track_caller]
    pub fn at_start(self) -> Self {
        self.edit(|action| *action.edit.place() = Place::Start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_the_first_or_last_line_that_is_meant() {
        let lines = Lines::of(b"a1\nb\na2\nc\n");
        let pattern = || Pattern::regex("^a");
        assert_eq!(Place::Below(pattern()).find(&lines), Ok(3));
        assert_eq!(Place::Above(pattern()).find(&lines), Ok(0));
        let missing = Place::Above(Pattern::prefix("z")).find(&lines).expect_err("no such line");
        assert!(missing.starts_with("no line begins with \"z\""), "{missing}");
    }
}
