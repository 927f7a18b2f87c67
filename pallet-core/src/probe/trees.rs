//! Everything below a directory, read with one `find` and one `sha256sum`. Names on a node may be hostile: they end
//! with a NUL and are never read back from the output of a tool that could have changed them.

use super::state::PathState;
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
