//! Lines of a file between two marks.

use super::lines::Lines;
use super::place::{Place, Placed};
use super::{Edit, FileEdit, Resolved};
use crate::graph::{Handle, record};
use crate::text::Text;

/// Lines of a file between two marks.
pub type BlockInFile = FileEdit<Block>;

/// What is declared of a block.
#[derive(Debug)]
pub struct Block {
    block: Option<Text>,
    marks: (String, String),
    place: Place,
    absent: bool,
}

/// Declares lines of a file that others write as well: that these stand between two marks, or that neither the marks
/// nor anything between them is there.
///
/// The marks are lines of their own, `# BEGIN pallet` and `# END pallet`: several blocks of one file need
/// [`marker`](Handle::<BlockInFile>::marker), and files in which `#` begins no comment need
/// [`marks`](Handle::<BlockInFile>::marks). The rest of the file stays byte for byte, and so do its mode, owner and
/// line endings. Checked: the whole content of the file, which may have 1 MiB, and its attributes if they are given.
/// Changed: when the block was not so. A file that is not there is an error without
/// [`create`](Handle::<BlockInFile>::create), and so is one in which a mark has lost the other. Works on every system.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// block_in_file("/etc/hosts").marker("databases").block("10.0.0.7 db-1\n10.0.0.8 db-2\n");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn block_in_file(path: impl AsRef<str>) -> Handle<BlockInFile> {
    let block = Block { block: None, marks: marks("pallet"), place: Place::End, absent: false };
    record(FileEdit::new(path, block))
}

fn marks(name: &str) -> (String, String) {
    (format!("# BEGIN {name}"), format!("# END {name}"))
}

impl Handle<BlockInFile> {
    /// Gives the lines. The last one may lack its ending.
    #[track_caller]
    pub fn block(self, lines: impl Into<Text>) -> Self {
        self.edit(|action| action.edit.block = Some(lines.into()))
    }

    /// Gives the block a name of its own, `# BEGIN pallet NAME`. It must stay the same: a block under another name is
    /// another block.
    #[track_caller]
    pub fn marker(self, name: impl AsRef<str>) -> Self {
        self.edit(|action| action.edit.marks = marks(&format!("pallet {}", name.as_ref())))
    }

    /// Gives the two lines between which the block stands, for files in which `#` begins no comment.
    #[track_caller]
    pub fn marks(self, begin: impl Into<String>, end: impl Into<String>) -> Self {
        self.edit(|action| action.edit.marks = (begin.into(), end.into()))
    }

    /// Declares that there is no such block.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|action| action.edit.absent = true)
    }
}

impl Placed for Block {
    fn place(&mut self) -> &mut Place {
        &mut self.place
    }
}

impl Block {
    /// Returns the numbers of the marks, if they are there.
    fn find(&self, lines: &Lines<'_>) -> Result<Option<(usize, usize)>, String> {
        let (begin, end) = (&self.marks.0, &self.marks.1);
        let begins = lines.find(&|line| line == begin.as_bytes());
        let ends = lines.find(&|line| line == end.as_bytes());
        match (begins.as_slice(), ends.as_slice()) {
            ([], []) => Ok(None),
            ([begin], [end]) if begin < end => Ok(Some((*begin, *end))),
            _ => Err(format!(
                "the marks {begin:?} and {end:?} do not stand in it as a pair: mend it by hand, or give the block \
                 another name with `marker`"
            )),
        }
    }
}

impl Edit for Block {
    const KIND: &'static str = "block-in-file";

    fn check(&self) -> Result<(), String> {
        let (begin, end) = &self.marks;
        if begin == end
            || [begin, end].iter().any(|mark| mark.is_empty() || mark.chars().any(char::is_control))
        {
            return Err("the marks of a block are two different lines without control characters".to_owned());
        }
        self.place.check()
    }

    fn missing(&self) -> Option<&'static str> {
        (self.block.is_none() && !self.absent).then_some("no lines are given: call `block`, or `absent`")
    }

    fn texts(&self) -> Vec<&Text> {
        self.block.iter().collect()
    }

    fn apply(&self, before: &[u8], texts: &Resolved) -> Result<Vec<u8>, String> {
        let wanted = Lines::of(texts.first().unwrap_or_default());
        let is_mark = |line: &[u8]| line == self.marks.0.as_bytes() || line == self.marks.1.as_bytes();
        if wanted.iter().any(is_mark) {
            return Err("a line of the block is one of its marks".to_owned());
        }
        let mut lines = Lines::of(before);
        let found = self.find(&lines)?;
        let mut at = match found {
            Some((begin, _)) => begin,
            None if self.absent => return Ok(before.to_vec()),
            None => self.place.find(&lines)?,
        };
        if let Some((begin, end)) = found {
            let is = (begin + 1..end).map(|index| lines.iter().nth(index));
            if !self.absent && is.eq(wanted.iter().map(Some)) {
                return Ok(before.to_vec());
            }
            (begin..=end).rev().for_each(|index| lines.remove(index));
        }
        if !self.absent {
            let (begin, end) = (self.marks.0.as_bytes(), self.marks.1.as_bytes());
            for line in std::iter::once(begin).chain(wanted.iter()).chain([end]) {
                lines.insert(at, line);
                at += 1;
            }
        }
        Ok(lines.text())
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::Pattern;
    use super::*;

    fn edited(edit: &Block, before: &str) -> Result<String, String> {
        let texts = Resolved::of(edit.texts().into_iter().map(|text| text.masked().into_bytes()));
        let after = edit.apply(before.as_bytes(), &texts)?;
        assert_eq!(edit.apply(&after, &texts)?, after, "twice is once");
        Ok(String::from_utf8(after).expect("UTF-8"))
    }

    fn block(text: &str) -> Block {
        Block { block: Some(text.into()), marks: marks("x"), place: Place::End, absent: false }
    }

    #[test]
    fn a_block_is_added_replaced_and_removed() {
        let absent = || Block { absent: true, ..block("") };
        let first = Block { place: Place::Above(Pattern::prefix("b")), ..block("1") };
        for (edit, before, after) in [
            (block("1\n2\n"), "a\n", "a\n# BEGIN x\n1\n2\n# END x\n"),
            (block("1"), "", "# BEGIN x\n1\n# END x\n"),
            (block("1"), "a\r\nb", "a\r\nb\r\n# BEGIN x\r\n1\r\n# END x\r\n"),
            (block("2"), "a\n# BEGIN x\n1\n# END x\nb\n", "a\n# BEGIN x\n2\n# END x\nb\n"),
            (block("1\n"), "# BEGIN x\n1\n# END x", "# BEGIN x\n1\n# END x"),
            (absent(), "a\n# BEGIN x\n1\n# END x\nb", "a\nb"),
            (absent(), "a", "a"),
            (first, "a\nb\n", "a\n# BEGIN x\n1\n# END x\nb\n"),
        ] {
            assert_eq!(edited(&edit, before).as_deref(), Ok(after), "{edit:?} of {before:?}");
        }
    }

    #[test]
    fn marks_that_are_no_pair_are_refused() {
        for before in ["# BEGIN x\n", "# END x\n# BEGIN x\n", "# BEGIN x\n# BEGIN x\n# END x\n"] {
            assert!(edited(&block("1"), before).expect_err("refused").contains("as a pair"), "{before:?}");
        }
        assert!(edited(&block("# END x"), "").expect_err("refused").contains("one of its marks"));
        assert!(Block { marks: ("a".into(), "a".into()), ..block("") }.check().is_err());
        let missing = Block { block: None, ..block("") }.missing();
        assert!(missing.expect("refused").contains("no lines are given"));
    }
}
