//! Divides the stream from a node into marks and what is between them.

use super::ShellError;

/// A mark longer than this is not one of ours: the longest lists the actions of a batch.
const MARK_LIMIT: usize = 64 << 10;

/// Divides a stream at marks: the record separator (0x1e), the token, a blank, words, a newline.
#[derive(Debug)]
pub struct Framer {
    mark: Vec<u8>,
    held: Vec<u8>,
}

/// A part of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A mark, with the words after the token.
    Mark(String),
    /// Bytes between marks.
    Bytes(Vec<u8>),
}

impl Framer {
    /// Returns a framer for marks with this token.
    pub fn new(token: &str) -> Self {
        Framer { mark: format!("\u{1e}{token} ").into_bytes(), held: Vec::new() }
    }

    /// Takes bytes and returns what is complete. What may be the beginning of a mark is held back.
    ///
    /// # Errors
    ///
    /// When a mark does not end.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Item>, ShellError> {
        self.held.extend_from_slice(bytes);
        let mut items = Vec::new();
        while let Some(at) = find(&self.held, &self.mark) {
            let Some(end) = self.held[at..].iter().position(|byte| *byte == b'\n').map(|end| at + end) else {
                if self.held.len() - at > MARK_LIMIT {
                    return Err(ShellError::Garbled("a mark without end".to_owned()));
                }
                break;
            };
            if at > 0 {
                items.push(Item::Bytes(self.held[..at].to_vec()));
            }
            let words = String::from_utf8_lossy(&self.held[at + self.mark.len()..end]).into_owned();
            items.push(Item::Mark(words));
            self.held.drain(..=end);
        }
        let keep = self.possible_mark();
        if keep > 0 {
            let rest = self.held.split_off(keep);
            items.push(Item::Bytes(std::mem::replace(&mut self.held, rest)));
        }
        Ok(items)
    }

    /// Returns where something begins that may become a mark.
    fn possible_mark(&self) -> usize {
        let starts = self.held.iter().enumerate().filter(|(_, byte)| **byte == self.mark[0]);
        starts
            .map(|(at, _)| at)
            .find(|&at| {
                let rest = &self.held[at..];
                let common = rest.len().min(self.mark.len());
                rest[..common] == self.mark[..common]
            })
            .unwrap_or(self.held.len())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(items: Vec<Item>) -> Vec<Item> {
        items.into_iter().fold(Vec::new(), |mut all, item| {
            match (all.last_mut(), item) {
                (Some(Item::Bytes(before)), Item::Bytes(bytes)) => before.extend(bytes),
                (_, item) => all.push(item),
            }
            all
        })
    }

    #[test]
    fn every_division_of_the_stream_gives_the_same() {
        let stream = b"noise\x1eabc start 1\nout\x1eput \x1eab\x1eabc end 1 0\n\x1eabc over\ntail";
        let expected = vec![
            Item::Bytes(b"noise".to_vec()),
            Item::Mark("start 1".into()),
            Item::Bytes(b"out\x1eput \x1eab".to_vec()),
            Item::Mark("end 1 0".into()),
            Item::Mark("over".into()),
            Item::Bytes(b"tail".to_vec()),
        ];
        for size in 1..stream.len() {
            let mut framer = Framer::new("abc");
            let mut items = Vec::new();
            for chunk in stream.chunks(size) {
                items.extend(framer.push(chunk).expect("well-formed"));
            }
            assert_eq!(joined(items), expected, "in chunks of {size}");
        }
    }

    #[test]
    fn output_is_not_held_back_longer_than_it_may_be_a_mark() {
        let mut framer = Framer::new("abc");
        assert_eq!(framer.push(b"progress").expect("fine"), [Item::Bytes(b"progress".to_vec())]);
        assert_eq!(framer.push(b"\x1ea").expect("fine"), []);
        assert_eq!(framer.push(b"x").expect("fine"), [Item::Bytes(b"\x1eax".to_vec())]);
    }

    #[test]
    fn a_mark_without_end_is_refused() {
        let mut framer = Framer::new("abc");
        framer.push(b"\x1eabc ").expect("fine");
        assert!(framer.push(&[b'x'; MARK_LIMIT + 1]).is_err());
    }
}
