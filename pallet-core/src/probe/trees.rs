//! Everything below a directory, read with one `find` and one `sha256sum`. Names on a node may be hostile: they end
//! with a NUL and are never read back from the output of a tool that could have changed them.

use super::parse::{Answer, ProbeError, parse_stat};
use super::state::{Contents, PathKind, PathState, Sha256, State};
use crate::graph::ActionId;
use crate::name::RemotePath;
use crate::script::Script;
use crate::sorted::Map;

/// What is below a directory, by the path from there. Names are whatever bytes they are.
pub type Tree = Map<Vec<u8>, PathState>;

/// A directory that is asked for.
#[derive(Debug, Clone)]
pub(super) struct TreeQuery {
    pub(super) path: RemotePath,
    pub(super) passed_over: Vec<String>,
}

/// Tells whether something in a tree lies below something else in it.
pub(crate) fn is_below(name: &[u8], directory: &[u8]) -> bool {
    name.strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
}

pub(super) fn script(trees: &Map<ActionId, TreeQuery>) -> Script {
    if trees.is_empty() {
        return Script::new();
    }
    trees.iter().fold(Script::new().code(TREES), |script, (id, tree)| {
        let script = script.code(format!("p_frame tree {}\np_list ", id.0)).word(tree.path.as_str());
        let passed_over = tree.passed_over.iter().flat_map(|pattern| {
            let by = if pattern.contains('/') { "-path" } else { "-name" };
            [by, pattern.as_str(), "-prune", "-o"]
        });
        passed_over.fold(script, |script, word| script.code(" ").word(word)).code("\n")
    })
}

/// A large directory comes in several batches, each complete in itself: all names, an empty one, a line of `stat` each,
/// the hashes of the files and the targets of the links. No file with a newline in its name is hashed, as no tool agrees
/// with another on how it writes such a name; nothing that pallet puts on a node is called that.
const TREES: &str = r#"p_list() (
  [ -d "$1" ] && [ ! -L "$1" ] && cd -P -- "$1" || exit 0
  shift
  find . \( "$@" ! -name . -o -name . \) -exec sh -c '
    printf "%s\000" "$@"
    printf "\000"
    stat -c "%f %u %g %s %Y/%U/%G" "$@"
    (
      n=$#
      while [ "$n" -gt 0 ]; do
        path=$1
        shift
        n=$((n - 1))
        case $path in *"
"*) continue ;; esac
        if [ -f "$path" ] && [ ! -L "$path" ]; then set -- "$@" "$path"; fi
      done
      [ $# -eq 0 ] || sha256sum "$@"
    )
    for path in "$@"; do
      if [ -L "$path" ]; then readlink -n "$path"; printf "\000"; fi
    done
  ' sh {} + 2>/dev/null
)
"#;

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
