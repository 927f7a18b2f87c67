//! The difference between a directory on the controller and one on the node, and what makes them the same.

use super::tree::{LocalEntry, LocalTree};
use crate::actions::attributes::is_account;
use crate::actions::patterns::{self, Pattern};
use crate::probe::{Contents, PathKind, PathState, Sha256, Tree, is_below};
use crate::text::Text;

/// What counts as a difference.
pub(super) struct Policy<'a> {
    pub(super) owner: Option<&'a str>,
    pub(super) group: Option<&'a str>,
    pub(super) delete_extra: bool,
    pub(super) excluded: &'a [Pattern],
}

/// Something that has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change<'a> {
    Remove { name: Vec<u8> },
    Make { name: &'a str },
    Write(Write<'a>),
    Link { name: &'a str, target: &'a str, new: bool },
    Mode { name: &'a str, from: u32, to: u32 },
    Own { name: &'a str },
}

/// A file that travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write<'a> {
    pub(super) name: &'a str,
    pub(super) hash: Sha256,
    pub(super) size: u64,
    pub(super) bytes: Option<&'a [u8]>,
    /// What it is called in the staging: a number, in the folder of what is executable or the other.
    pub(super) staged: String,
    pub(super) new: bool,
}

/// How many differences a plan names one by one.
const NAMED: usize = 8;

/// Returns what makes a directory on the node the same as one on the controller, in the order in which it is done.
///
/// # Errors
///
/// Why it cannot be: a directory is in the way.
pub(super) fn compare<'a>(
    local: &'a LocalTree,
    remote: &Tree,
    policy: &Policy<'_>,
) -> Result<Vec<Change<'a>>, String> {
    let mut changes = removals(local, remote, policy);
    let mut later = Vec::new();
    for (name, entry) in local.entries() {
        let found = remote.get(name.as_bytes());
        let in_the_way = found.filter(|found| !is_same_kind(entry, found));
        match in_the_way.map(|found| &found.kind) {
            Some(PathKind::Directory) if !is_removed(&changes, name) => {
                let hint = match policy.delete_extra {
                    true => "and something is excluded in there",
                    false => "to remove it with all that is in it write `.delete_extra()`",
                };
                return Err(format!("{name} is a directory on the node and not on the controller, {hint}"));
            }
            Some(kind) if *entry == LocalEntry::Directory && *kind != PathKind::Directory => {
                changes.push(Change::Remove { name: name.into() });
            }
            _ => {}
        }
        let found = found.filter(|_| in_the_way.is_none());
        match (entry, found) {
            (LocalEntry::Directory, None) => changes.push(Change::Make { name }),
            _ => later.extend(entry_changes(name, entry, found, policy, later.len())),
        }
    }
    changes.extend(later);
    Ok(changes)
}

/// Returns the removal of what is not on the controller, the innermost first.
fn removals<'a>(local: &LocalTree, remote: &Tree, policy: &Policy<'_>) -> Vec<Change<'a>> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut removed = Vec::new();
    for (name, found) in remote.iter().rev() {
        let name = name.as_slice();
        if patterns::any_matches(policy.excluded, name) {
            kept.push(name);
            continue;
        }
        let holds_more = kept.iter().any(|kept| is_below(kept, name));
        let obstructs = found.kind == PathKind::Directory
            && local.entries().any(|(own, entry)| own.as_bytes() == name && *entry != LocalEntry::Directory);
        if policy.delete_extra && !holds_more && (obstructs || !local.has(name)) {
            removed.push(Change::Remove { name: name.to_vec() });
        }
    }
    removed
}

fn is_removed(changes: &[Change<'_>], name: &str) -> bool {
    changes.iter().any(|change| change.removed() == Some(name.as_bytes()))
}

fn is_same_kind(entry: &LocalEntry, found: &PathState) -> bool {
    matches!(
        (entry, &found.kind),
        (LocalEntry::Directory, PathKind::Directory)
            | (LocalEntry::File { .. }, PathKind::File(_))
            | (LocalEntry::Link { .. }, PathKind::Link(_))
    )
}

fn entry_changes<'a>(
    name: &'a str,
    entry: &'a LocalEntry,
    found: Option<&PathState>,
    policy: &Policy<'_>,
    number: usize,
) -> Vec<Change<'a>> {
    match (entry, found.map(|found| &found.kind)) {
        (LocalEntry::File { hash, .. }, Some(PathKind::File(Contents::Hash(is)))) if is == hash => {}
        (LocalEntry::File { hash, size, executable, bytes }, _) => {
            let folder = if *executable { "x" } else { "f" };
            let staged = format!("{folder}/{number}");
            let (hash, size, bytes) = (*hash, *size, bytes.as_deref());
            return vec![Change::Write(Write { name, hash, size, bytes, staged, new: found.is_none() })];
        }
        (LocalEntry::Link { target }, Some(PathKind::Link(is))) if is == target => {}
        (LocalEntry::Link { target }, _) => return vec![Change::Link { name, target, new: found.is_none() }],
        (LocalEntry::Directory, _) => {}
    }
    let Some(found) = found else { return Vec::new() };
    let is_owned = policy.owner.is_none_or(|owner| is_account(owner, &found.owner, found.uid))
        && policy.group.is_none_or(|group| is_account(group, &found.group, found.gid));
    // Changing the owner clears the set-id bits, so the mode comes last.
    let own = (!is_owned).then_some(Change::Own { name });
    let mode = entry.mode().filter(|mode| *mode != found.mode);
    let mode = mode.map(|to| Change::Mode { name, from: found.mode, to });
    own.into_iter().chain(mode).collect()
}

/// Returns the changes in words.
pub(super) fn describe(changes: &[Change<'_>]) -> Vec<String> {
    let mut words: Vec<String> = changes.iter().take(NAMED).map(Change::words).collect();
    let more = changes.len().saturating_sub(NAMED);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words
}

/// Returns the functions that make the changes, with their words.
pub(super) fn apply(changes: &[Change<'_>]) -> Vec<(&'static str, Vec<Text>)> {
    let mut calls = Vec::new();
    let mut now: Option<&[u8]> = None;
    for change in changes {
        let (folder, name) = split(change.name());
        if now != Some(folder) {
            calls.push(("p_tree_in", vec![Text::from(folder.to_vec())]));
            now = Some(folder);
        }
        let name = Text::from(name.to_vec());
        calls.push(match change {
            Change::Remove { .. } => ("p_tree_gone", vec![name]),
            Change::Make { .. } => ("p_tree_dir", vec![name]),
            Change::Write(write) => ("p_tree_put", vec![name, write.word()]),
            Change::Link { target, .. } => ("p_tree_link", vec![name, Text::from(*target)]),
            Change::Mode { to, .. } => ("p_tree_mode", vec![name, Text::from(format!("{to:04o}"))]),
            Change::Own { .. } => ("p_tree_own", vec![name]),
        });
    }
    calls
}

/// Splits a path into the directory and the name in it.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

impl<'a> Change<'a> {
    pub(super) fn write(&self) -> Option<&Write<'a>> {
        match self {
            Change::Write(write) => Some(write),
            _ => None,
        }
    }

    pub(super) fn removed(&self) -> Option<&[u8]> {
        match self {
            Change::Remove { name } => Some(name),
            _ => None,
        }
    }

    fn name(&self) -> &[u8] {
        match self {
            Change::Remove { name } => name,
            Change::Write(write) => write.name.as_bytes(),
            Change::Make { name }
            | Change::Link { name, .. }
            | Change::Mode { name, .. }
            | Change::Own { name } => name.as_bytes(),
        }
    }

    fn words(&self) -> String {
        // A name on a node may be anything, also what moves the cursor of a terminal.
        let name = String::from_utf8_lossy(self.name());
        let name = if name.chars().any(char::is_control) { format!("{name:?}") } else { name.into_owned() };
        match self {
            Change::Remove { .. } => format!("{name} removed"),
            Change::Make { .. } | Change::Write(Write { new: true, .. }) | Change::Link { new: true, .. } => {
                format!("{name} created")
            }
            Change::Write(_) => format!("{name} content"),
            Change::Link { target, .. } => format!("{name} leads to {target:?}"),
            Change::Mode { from, to, .. } => format!("{name} mode {from:04o} → {to:04o}"),
            Change::Own { .. } => format!("{name} owner"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str, executable: bool) -> LocalEntry {
        let (hash, size) = (Sha256::of(content.as_bytes()), content.len() as u64);
        LocalEntry::File { hash, size, executable, bytes: None }
    }

    fn local(entries: &[(&str, LocalEntry)]) -> LocalTree {
        let mut tree = LocalTree::default();
        entries.iter().for_each(|(name, entry)| tree.add(*name, entry.clone()).expect("a plain name"));
        tree
    }

    fn is(kind: PathKind, mode: u32) -> PathState {
        let root = || "root".to_owned();
        PathState {
            kind,
            mode,
            owner: root(),
            uid: Some(0),
            group: root(),
            gid: Some(0),
            ..PathState::absent()
        }
    }

    fn has(content: &str, mode: u32) -> PathState {
        is(PathKind::File(Contents::Hash(Sha256::of(content.as_bytes()))), mode)
    }

    fn words(
        own: &[(&str, LocalEntry)],
        remote: &[(&str, PathState)],
        owner: Option<&str>,
        delete_extra: bool,
    ) -> String {
        let excluded = [Pattern::new("kept")];
        let policy = Policy { owner, group: None, delete_extra, excluded: &excluded };
        let remote = remote.iter().map(|(name, state)| (name.as_bytes().to_vec(), state.clone())).collect();
        let own = local(own);
        match compare(&own, &remote, &policy) {
            Ok(changes) => changes.iter().map(Change::words).collect::<Vec<_>>().join(", "),
            Err(message) => message,
        }
    }

    #[test]
    fn what_differs_is_done_and_nothing_else() {
        let dir = || is(PathKind::Directory, 0o755);
        let link = |to: &str| is(PathKind::Link(to.to_owned()), 0o777);
        let own = [
            ("bin", LocalEntry::Directory),
            ("bin/run", file("run", true)),
            ("conf", file("conf", false)),
            ("link", LocalEntry::Link { target: "conf".to_owned() }),
        ];
        let same = vec![
            ("bin", dir()),
            ("bin/run", has("run", 0o755)),
            ("conf", has("conf", 0o644)),
            ("link", link("conf")),
        ];
        let with = |name: &'static str, state: PathState| {
            let mut remote = same.clone();
            remote.retain(|(other, _)| *other != name);
            remote.push((name, state));
            remote
        };
        assert_eq!(words(&own, &[], None, false), "bin created, bin/run created, conf created, link created");
        assert_eq!(words(&own, &same, Some("root"), true), "");
        assert_eq!(
            words(&own, &same, Some("app"), false),
            "bin owner, bin/run owner, conf owner, link owner"
        );
        let table = [
            (with("conf", has("other", 0o644)), "conf content"),
            (with("conf", has("conf", 0o755)), "conf mode 0755 → 0644"),
            (with("bin/run", has("run", 0o4755)), "bin/run mode 4755 → 0755"),
            (with("link", link("/etc")), "link leads to \"conf\""),
            (with("conf", link("bin/run")), "conf created"),
            (with("link", has("x", 0o644)), "link created"),
            (with("extra", has("x", 0o644)), ""),
            (with("extra\u{1b}", has("x", 0o644)), ""),
        ];
        for (remote, expected) in &table {
            assert_eq!(words(&own, remote, None, false), *expected);
        }
        // Nothing below a link is in the tree: what stood there is not what was meant.
        let mut linked = same.clone();
        linked.retain(|(name, _)| !name.starts_with("bin"));
        linked.push(("bin", link("/usr/bin")));
        assert_eq!(words(&own, &linked, None, false), "bin removed, bin created, bin/run created");
    }

    #[test]
    fn extra_things_go_from_the_inside_and_what_is_excluded_stays() {
        let dir = || is(PathKind::Directory, 0o755);
        let own = [("conf", file("conf", false))];
        let remote = [
            ("conf", has("conf", 0o644)),
            ("old", dir()),
            ("old/x\n", has("x", 0o644)),
            ("used", dir()),
            ("used/kept", dir()),
            ("used/kept/x", has("x", 0o644)),
            ("used/y", has("x", 0o644)),
        ];
        assert_eq!(words(&own, &remote, None, false), "");
        assert_eq!(words(&own, &remote, None, true), "used/y removed, \"old/x\\n\" removed, old removed");
        let in_the_way = [("conf", dir()), ("conf/x", has("x", 0o644))];
        assert_eq!(words(&own, &in_the_way, None, true), "conf/x removed, conf removed, conf created");
        assert!(words(&own, &in_the_way, None, false).contains(".delete_extra()"));
        let guarded = [("conf", dir()), ("conf/kept", has("x", 0o644))];
        assert!(words(&own, &guarded, None, true).contains("excluded"));
    }
}
