//! What is below directories. Names end with a NUL, and are whatever bytes they are.

use super::{Answer, ProbeError, parse_stat};
use crate::graph::ActionId;
use crate::probe::trees::TreeQuery;
use crate::probe::{Contents, PathKind, PathState, Sha256, State, Tree};
use crate::sorted::Map;

pub(super) fn parse(
    trees: &Map<ActionId, TreeQuery>,
    answer: &Answer<'_>,
    state: &mut State,
) -> Result<(), ProbeError> {
    for (id, query) in trees {
        let mut rest = Rest(answer.body(&format!("tree {}", id.0))?);
        let mut tree = Tree::new();
        while !rest.0.is_empty() {
            let batch = parse_batch(&mut rest);
            tree.extend(batch.ok_or_else(|| ProbeError::new(format!("what is in {}", query.path)))?);
        }
        // The directory itself is known as a path.
        tree.remove(&b"."[..]);
        state.trees.insert(*id, tree);
    }
    Ok(())
}

fn parse_batch(rest: &mut Rest<'_>) -> Option<Vec<(Vec<u8>, PathState)>> {
    let mut batch = Vec::new();
    loop {
        let name = rest.until(0)?;
        if name.is_empty() {
            break;
        }
        batch.push((name.strip_prefix(b"./").unwrap_or(name).to_vec(), PathState::absent()));
    }
    for (_, found) in &mut batch {
        *found = parse_stat(std::str::from_utf8(rest.until(b'\n')?).ok()?)?;
    }
    let is_hashed =
        |name: &[u8], kind: &PathKind| matches!(kind, PathKind::File(_)) && !name.contains(&b'\n');
    for (name, found) in &mut batch {
        if is_hashed(name, &found.kind) {
            let line = rest.until(b'\n')?;
            // A name with a backslash makes sha256sum put one before the hash.
            let hash = line.strip_prefix(b"\\").unwrap_or(line).get(..64)?;
            found.kind = PathKind::File(Contents::Hash(Sha256::parse(std::str::from_utf8(hash).ok()?)?));
        }
    }
    for (_, found) in &mut batch {
        if matches!(found.kind, PathKind::Link(_)) {
            found.kind = PathKind::Link(String::from_utf8_lossy(rest.until(0)?).into_owned());
        }
    }
    Some(batch)
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.0.iter().position(|byte| *byte == end)?;
        let (found, rest) = self.0.split_at(at);
        self.0 = &rest[1..];
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whatever_bytes_they_are() {
        let hash = Sha256::of(b"x").to_string();
        let answer = format!(
            ".\0./a\nb\0./-rf\0./l\0\0\
             41ed 0 0 40 1/root/root\n81a4 0 0 1 1/root/root\n81a4 0 0 1 1/root/root\na1ff 0 0 1 1/root/root\n\
             {hash}  ./-rf\nto\nit\0./\u{fe}\0\0{}",
            "41ed 0 0 40 1/root/root\n"
        );
        let mut rest = Rest(answer.as_bytes());
        let first = parse_batch(&mut rest).expect("a batch");
        let kinds: Vec<_> = first.iter().map(|(name, found)| (name.as_slice(), &found.kind)).collect();
        assert_eq!(kinds[1], (&b"a\nb"[..], &PathKind::File(Contents::NotRead)));
        assert_eq!(kinds[2], (&b"-rf"[..], &PathKind::File(Contents::Hash(Sha256::of(b"x")))));
        assert_eq!(kinds[3], (&b"l"[..], &PathKind::Link("to\nit".to_owned())));
        assert_eq!(parse_batch(&mut rest).expect("another").len(), 1);
        assert!(rest.0.is_empty());
        assert_eq!(parse_batch(&mut Rest(b"./a\0\0")), None, "an answer that is cut short is none");
    }
}
