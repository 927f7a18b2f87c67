//! Lines of files that belong to many: each action has its own and leaves the others alone.
//!
//! The edit is done twice by the same rules: here, to say what will change, and on the node by `lines.sh`, which sees the
//! file as it is then. A line is found by its key, no more, so that a shell can do it; what users edit by patterns is in
//! [`edit`](crate::actions::edit), and the controller does that.

use super::Part;
use crate::action::{ContentChange, Diff, View};
use crate::claim::{Claim, Thing};
use crate::graph::ActionId;
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, PathState, Probe, Sha256};
use crate::script::{LINES, Script};
use crate::text::Bytes;
use crate::world::{FileText, World};

/// What tells a line from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// Its first word.
    First(String),
    /// Its second word, if it is no comment.
    Second(String),
    /// Its first two words.
    Pair(String, String),
    /// The first two words behind any `#`.
    Shown(String, String),
    /// What stands before `=`.
    Assign(String),
}

/// That a file has one line with this key, or none.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) path: RemotePath,
    pub(crate) key: Key,
    /// `None`: there is no such line.
    pub(crate) line: Option<String>,
}

/// That a file has these lines between two marks, or neither them nor the marks.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) path: RemotePath,
    pub(crate) name: String,
    /// Empty: there is no such block. Else whole lines.
    pub(crate) content: String,
}

impl Key {
    /// Returns the names by which `lines.sh` knows it.
    fn words(&self) -> (&'static str, String) {
        match self {
            Key::First(word) => ("first", word.clone()),
            Key::Second(word) => ("second", word.clone()),
            Key::Pair(first, second) => ("pair", format!("{first} {second}")),
            Key::Shown(first, second) => ("shown", format!("{first} {second}")),
            Key::Assign(name) => ("assign", name.clone()),
        }
    }

    fn is_of(&self, line: &str) -> bool {
        let words = |line: &str| {
            let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty()).map(str::to_owned);
            (words.next().unwrap_or_default(), words.next().unwrap_or_default())
        };
        match self {
            Key::First(word) => words(line).0 == *word,
            Key::Second(word) => {
                let (first, second) = words(line);
                !first.starts_with('#') && second == *word
            }
            Key::Pair(first, second) => words(line) == (first.clone(), second.clone()),
            Key::Shown(first, second) => {
                words(line.rsplit('#').next().unwrap_or_default()) == (first.clone(), second.clone())
            }
            Key::Assign(name) => line.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('=')),
        }
    }
}

/// Returns the text with the line in it, or `None` when it is so already. Of several lines with the key the first is
/// kept.
pub(crate) fn edit_line(before: &str, key: &Key, line: Option<&str>) -> Option<String> {
    let mut after = String::with_capacity(before.len() + line.map_or(0, str::len) + 1);
    let (mut found, mut same) = (false, true);
    for is in before.lines() {
        let mut kept = is;
        if key.is_of(is) {
            match line {
                Some(line) if !found => kept = line,
                _ => {
                    same = false;
                    continue;
                }
            }
            found = true;
            same &= is == kept;
        }
        after.push_str(kept);
        after.push('\n');
    }
    if let Some(line) = line.filter(|_| !found) {
        same = false;
        after.push_str(line);
        after.push('\n');
    }
    (!same).then_some(after)
}

/// Returns the text with the block in it, or `None` when it is so already.
pub(crate) fn edit_block(before: &str, name: &str, content: &str) -> Option<String> {
    let (begin, end) = (format!("# BEGIN {name} (pallet)"), format!("# END {name} (pallet)"));
    let block = if content.is_empty() { String::new() } else { format!("{begin}\n{content}{end}\n") };
    let mut after = String::with_capacity(before.len() + block.len());
    let (mut inside, mut found) = (false, false);
    for line in before.lines() {
        if line == begin {
            if !found {
                after.push_str(&block);
            }
            (inside, found) = (true, true);
        } else if line == end {
            inside = false;
        } else if !inside {
            after.push_str(line);
            after.push('\n');
        }
    }
    if !found {
        after.push_str(&block);
    }
    let ends = before.is_empty() || before.ends_with('\n');
    let same = after == before || !ends && after.strip_suffix('\n') == Some(before);
    (!same).then_some(after)
}

/// Adds what an edit changes, which `edit` returns for the text of the file.
fn diff_edit(
    path: &RemotePath,
    what: &str,
    edit: impl Fn(&str) -> Option<String>,
    view: &View<'_>,
    diff: &mut Diff,
) {
    let known = view.world.text(path);
    let kind = view.world.path(path).is.kind;
    let before = match known.is {
        FileText::Is(text) => String::from_utf8_lossy(text).into_owned(),
        FileText::NoFile if kind == PathKind::Absent => String::new(),
        FileText::NoFile if known.doubt.is_none() => {
            *diff = Diff::problem(format!("{path} is not a file"), None);
            return;
        }
        FileText::TooLarge if known.doubt.is_none() => {
            *diff = Diff::problem(format!("{path} is larger than a MiB"), None);
            return;
        }
        FileText::NoFile | FileText::TooLarge | FileText::Unknown => {
            diff.change(format!("{path}: {what}"));
            diff.doubt(known.doubt.or(Some(view.id)));
            return;
        }
    };
    if let Some(after) = edit(&before) {
        diff.change(format!("{path}: {what}"));
        diff.content.get_or_insert(ContentChange {
            path: path.clone(),
            before: matches!(kind, PathKind::File(_)).then_some(before.len() as u64),
            after: Some(Bytes::alone(after.into_bytes())),
        });
    }
    diff.doubt(known.doubt);
}

/// Returns a word that is not empty when pallet wrote all that stands in a file: then the edit is remembered, so that
/// edits by others are noticed by whoever writes the file as a whole.
fn ours(path: &RemotePath, world: &World) -> &'static str {
    let ours = match world.path(path).is.kind {
        PathKind::File(Contents::Hash(is)) => world.written(path).is_some() && !world.is_edited(path, is),
        kind => kind == PathKind::Absent,
    };
    if ours { "ours" } else { "" }
}

/// Returns the claims of an edit: edits agree with each other, and with nobody who writes the file as a whole.
fn edit_claims(path: &RemotePath, own: Claim) -> Vec<Claim> {
    vec![own, Claim::new(Thing::Path(path.clone()), "content", "edited in part")]
}

/// Takes down what an edit made.
fn predict_edit(path: &RemotePath, edit: impl Fn(&str) -> Option<String>, world: &mut World) {
    let before = match world.text(path).is {
        FileText::Is(text) => Some(String::from_utf8_lossy(text).into_owned()),
        FileText::NoFile => Some(String::new()),
        FileText::TooLarge | FileText::Unknown => None,
    };
    let state = world.path(path).is;
    let fresh = state.kind == PathKind::Absent;
    let state = if fresh {
        let root = || "root".to_owned();
        let ids = (Some(0), Some(0));
        PathState { mode: 0o644, owner: root(), group: root(), uid: ids.0, gid: ids.1, ..state }
    } else {
        state
    };
    let Some(before) = before else {
        world.set_path(path, PathState { kind: PathKind::File(Contents::NotRead), ..state });
        return;
    };
    let after = edit(&before).unwrap_or(before);
    if after.is_empty() && fresh {
        return;
    }
    let hash = Sha256::of(after.as_bytes());
    if !ours(path, world).is_empty() {
        world.set_written(path, Some(hash));
    }
    world.set_path(path, PathState { kind: PathKind::File(Contents::Hash(hash)), ..state });
    world.set_text(path, after.into_bytes());
}

impl Part for Line {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.text(&self.path);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let what = match &self.line {
            Some(line) => format!("line `{line}`"),
            None => format!("no line of {}", self.key.words().1),
        };
        let edit = |text: &str| edit_line(text, &self.key, self.line.as_deref());
        diff_edit(&self.path, &what, edit, view, diff);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let (how, key) = self.key.words();
        let id = view.id.0.to_string();
        let line = self.line.as_deref().unwrap_or_default();
        Script::new()
            .library(&LINES)
            .call("p_keyed", [id.as_str(), self.path.as_str(), how, &key, line, ours(&self.path, view.world)])
            .code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        predict_edit(&self.path, |text| edit_line(text, &self.key, self.line.as_deref()), world);
    }

    fn claims(&self) -> Vec<Claim> {
        let thing = Thing::Other("line", format!("{} of {}", self.key.words().1, self.path));
        edit_claims(&self.path, Claim::new(thing, "text", self.line.clone().unwrap_or_default()))
    }
}

impl Part for Block {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.text(&self.path);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let what = format!("block {}", self.name);
        diff_edit(&self.path, &what, |text| edit_block(text, &self.name, &self.content), view, diff);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        Script::new()
            .library(&LINES)
            .call(
                "p_block",
                [&*id, self.path.as_str(), &self.name, &self.content, ours(&self.path, view.world)],
            )
            .code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        predict_edit(&self.path, |text| edit_block(text, &self.name, &self.content), world);
    }

    fn claims(&self) -> Vec<Claim> {
        let thing = Thing::Other("block", format!("{} of {}", self.name, self.path));
        edit_claims(&self.path, Claim::new(thing, "content", self.content.clone()).shown("another content"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_lines_with_a_key_one_is_left() {
        let key = Key::First("10.0.0.1".to_owned());
        let edit = |text: &str, line| edit_line(text, &key, line);
        assert_eq!(edit("", Some("10.0.0.1 a")).as_deref(), Some("10.0.0.1 a\n"));
        assert_eq!(edit("10.0.0.1 a\n", Some("10.0.0.1 a")), None);
        assert_eq!(edit("10.0.0.1 a", Some("10.0.0.1 a")), None);
        let several = "# x\n 10.0.0.1\tb\n::1 c\n10.0.0.1 d\n10.0.0.10 e\n";
        let one = edit(several, Some("10.0.0.1 a"));
        assert_eq!(one.as_deref(), Some("# x\n10.0.0.1 a\n::1 c\n10.0.0.10 e\n"));
        assert_eq!(edit(several, None).as_deref(), Some("# x\n::1 c\n10.0.0.10 e\n"));
        assert_eq!(edit("::1 c\n", None), None);
    }

    #[test]
    fn keys_are_where_they_belong() {
        let second = Key::Second("/srv".to_owned());
        assert!(second.is_of("tmpfs /srv tmpfs") && !second.is_of("#tmpfs /srv") && !second.is_of("/srv /x"));
        let shown = Key::Shown("de_DE.UTF-8".to_owned(), "UTF-8".to_owned());
        assert!(shown.is_of("# de_DE.UTF-8 UTF-8  ") && shown.is_of("de_DE.UTF-8 UTF-8"));
        assert!(!shown.is_of("# de_DE ISO-8859-1"));
        let assign = Key::Assign("PATH".to_owned());
        assert!(assign.is_of("PATH=/bin") && !assign.is_of("PATHS=/bin") && !assign.is_of("#PATH=/bin"));
    }

    #[test]
    fn a_block_is_put_in_replaced_and_taken_out() {
        let once = edit_block("a\n", "n", "x\n").expect("a change");
        assert_eq!(once, "a\n# BEGIN n (pallet)\nx\n# END n (pallet)\n");
        assert_eq!(edit_block(&once, "n", "x\n"), None);
        let more = format!("{once}b\n");
        let other = edit_block(&more, "n", "y\n").expect("a change");
        assert_eq!(other, "a\n# BEGIN n (pallet)\ny\n# END n (pallet)\nb\n");
        assert_eq!(edit_block(&other, "n", "").as_deref(), Some("a\nb\n"));
        assert_eq!(edit_block("a", "n", ""), None);
    }
}
