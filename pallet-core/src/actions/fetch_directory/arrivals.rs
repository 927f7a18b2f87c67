//! The difference between a directory on a node and one on the controller. What a node says of its files is not
//! trusted: names that lead anywhere are refused, and links that do are left out.

use crate::actions::patterns::{self, Pattern};
use crate::probe::{Contents, PathKind, PathState, Sha256, Tree, is_below};
use crate::sorted::Map;
use std::collections::BTreeMap;

/// What is in a directory on the controller, by the path from there. Names are whatever bytes they are.
pub type Listing = BTreeMap<Vec<u8>, FetchedEntry>;

/// Something in a directory on the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchedEntry {
    /// A directory with these permission bits.
    Directory {
        /// The permission bits.
        mode: u32,
    },
    /// A file.
    File {
        /// The hash of its content.
        hash: Sha256,
        /// The permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it leads.
        target: Vec<u8>,
    },
    /// Anything else.
    Other,
}

/// Something that is done in the directory on the controller once everything that the node sends has arrived. Names are
/// paths from the directory, without `..` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Something goes. Of a directory everything that is in it has gone before.
    Removal {
        /// Its name.
        name: Vec<u8>,
        /// Whether it is a directory.
        directory: bool,
    },
    /// A directory is made.
    Directory {
        /// Its name.
        name: Vec<u8>,
        /// Its permission bits.
        mode: u32,
    },
    /// A file is written. Files arrive in the order in which they are named.
    File {
        /// Its name.
        name: Vec<u8>,
        /// Its permission bits.
        mode: u32,
        /// How many bytes it has.
        size: u64,
        /// The hash of its content.
        hash: Sha256,
    },
    /// A symbolic link is made.
    Link {
        /// Its name.
        name: Vec<u8>,
        /// Where it leads.
        target: Vec<u8>,
    },
    /// The permission bits of a file or a directory change.
    Mode {
        /// Its name.
        name: Vec<u8>,
        /// The permission bits.
        mode: u32,
    },
}

/// What counts as a difference.
pub(super) struct Policy<'a> {
    pub(super) delete_extra: bool,
    pub(super) excluded: &'a [Pattern],
}

/// How many differences a plan names one by one.
const NAMED: usize = 8;

/// Returns what makes a directory on the controller the same as one on a node, in the order in which it is done.
///
/// # Errors
///
/// Why it cannot be: a name that no file may have here, or a directory that is in the way.
pub(super) fn compare(there: &Listing, node: &Tree, policy: &Policy<'_>) -> Result<Vec<Arrival>, String> {
    let mut wanted = Map::new();
    for (name, found) in node.iter().filter(|(name, _)| !patterns::any_matches(policy.excluded, name)) {
        check_name(name)?;
        if let Some(entry) = Wanted::of(name, found)? {
            wanted.insert(name, entry);
        }
    }
    let mut arrivals = removals(there, &wanted, policy)?;
    let mut later = Vec::new();
    for (name, entry) in wanted {
        match entry.difference(name, there.get(name)) {
            Some(arrival @ Arrival::Directory { .. }) => arrivals.push(arrival),
            Some(arrival) => later.push(arrival),
            None => {}
        }
    }
    arrivals.extend(later);
    Ok(arrivals)
}

/// Something that the controller shall have.
enum Wanted {
    Directory { mode: u32 },
    File { hash: Sha256, size: u64, mode: u32 },
    Link { target: Vec<u8> },
}

impl Wanted {
    fn of(name: &[u8], found: &PathState) -> Result<Option<Self>, String> {
        let mode = found.mode & 0o777;
        Ok(match &found.kind {
            // Whoever runs the program must be able to read and to remove it.
            PathKind::Directory => Some(Wanted::Directory { mode: mode | 0o700 }),
            PathKind::File(Contents::Hash(hash)) => {
                Some(Wanted::File { hash: *hash, size: found.size, mode: mode | 0o400 })
            }
            PathKind::File(_) => {
                let name = String::from_utf8_lossy(name);
                return Err(format!(
                    "the name {name:?} has a newline in it; leave it out with `.exclude(…)`"
                ));
            }
            PathKind::Link(target) if stays_within(name, target) => {
                Some(Wanted::Link { target: target.clone().into_bytes() })
            }
            _ => None,
        })
    }

    fn is_directory(&self) -> bool {
        matches!(self, Wanted::Directory { .. })
    }

    fn difference(self, name: &[u8], there: Option<&FetchedEntry>) -> Option<Arrival> {
        let name = name.to_vec();
        let is_mode = match (&self, there) {
            (Wanted::Directory { mode }, Some(FetchedEntry::Directory { mode: is })) => mode == is,
            (Wanted::File { hash, mode, .. }, Some(FetchedEntry::File { hash: found, mode: is }))
                if hash == found =>
            {
                mode == is
            }
            (Wanted::Link { target }, Some(FetchedEntry::Link { target: is })) if target == is => true,
            (Wanted::Directory { mode }, _) => return Some(Arrival::Directory { name, mode: *mode }),
            (Wanted::File { hash, size, mode }, _) => {
                return Some(Arrival::File { name, mode: *mode, size: *size, hash: *hash });
            }
            (Wanted::Link { target }, _) => return Some(Arrival::Link { name, target: target.clone() }),
        };
        match self {
            Wanted::Directory { mode } | Wanted::File { mode, .. } if !is_mode => {
                Some(Arrival::Mode { name, mode })
            }
            _ => None,
        }
    }
}

/// Returns the removal of what is in the way or not on the node, the innermost first.
fn removals(
    there: &Listing,
    wanted: &Map<&Vec<u8>, Wanted>,
    policy: &Policy<'_>,
) -> Result<Vec<Arrival>, String> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut removed = Vec::new();
    for (name, found) in there.iter().rev() {
        let is_directory = matches!(found, FetchedEntry::Directory { .. });
        let wanted = wanted.get(name);
        // What is no directory is replaced in one move, but by a directory.
        let obstructs = wanted.is_some_and(|wanted| wanted.is_directory() != is_directory);
        let is_excluded = patterns::any_matches(policy.excluded, name);
        let holds_more = kept.iter().any(|kept| is_below(kept, name));
        let goes = match is_directory {
            true => policy.delete_extra && !holds_more && (obstructs || wanted.is_none()),
            false => obstructs || (policy.delete_extra && wanted.is_none()),
        };
        if !is_excluded && goes {
            removed.push(Arrival::Removal { name: name.clone(), directory: is_directory });
        } else if is_directory && obstructs {
            let name = String::from_utf8_lossy(name);
            let hint = "to remove it with all that is in it write `.delete_extra()`";
            return Err(format!("{name} is a directory on the controller and not on the node, {hint}"));
        } else {
            kept.push(name);
        }
    }
    Ok(removed)
}

/// Refuses names that a node gives its files and no file has.
fn check_name(name: &[u8]) -> Result<(), String> {
    let wrong = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.contains(&0);
    if name.split(|byte| *byte == b'/').any(wrong) {
        let name = String::from_utf8_lossy(name);
        return Err(format!("the node says that a file is called {name:?}, which no file is"));
    }
    Ok(())
}

/// Tells whether a link leads to somewhere in the directory, whatever the other links in there are: it goes up first,
/// no further than the directory, and only down from then on.
fn stays_within(name: &[u8], target: &str) -> bool {
    let depth = name.iter().filter(|byte| **byte == b'/').count();
    let parts = || target.split('/');
    let ups = parts().take_while(|part| *part == "..").count();
    let is_text = !target.is_empty() && !target.contains(['\0', char::REPLACEMENT_CHARACTER]);
    is_text && !target.starts_with('/') && ups <= depth && !parts().skip(ups).any(|part| part == "..")
}

/// Returns the arrivals in words.
pub(super) fn describe(arrivals: &[Arrival]) -> Vec<String> {
    let mut words: Vec<String> = arrivals.iter().take(NAMED).map(Arrival::words).collect();
    let more = arrivals.len().saturating_sub(NAMED);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words
}

impl Arrival {
    fn words(&self) -> String {
        let (name, what) = match self {
            Arrival::Removal { name, .. } => (name, "removed".to_owned()),
            Arrival::Directory { name, .. } => (name, "made".to_owned()),
            Arrival::File { name, .. } => (name, "fetched".to_owned()),
            Arrival::Link { name, target } => {
                (name, format!("leads to {:?}", String::from_utf8_lossy(target)))
            }
            Arrival::Mode { name, mode } => (name, format!("mode {mode:04o}")),
        };
        // A name on a node may be anything, also what moves the cursor of a terminal.
        let name = String::from_utf8_lossy(name);
        let name = if name.chars().any(char::is_control) { format!("{name:?}") } else { name.into_owned() };
        format!("{name} {what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(kind: PathKind, mode: u32) -> PathState {
        PathState { kind, mode, ..PathState::absent() }
    }

    fn file(content: &str, mode: u32) -> PathState {
        is(PathKind::File(Contents::Hash(Sha256::of(content.as_bytes()))), mode)
    }

    fn has(content: &str, mode: u32) -> FetchedEntry {
        FetchedEntry::File { hash: Sha256::of(content.as_bytes()), mode }
    }

    fn words(there: &[(&str, FetchedEntry)], node: &[(&str, PathState)], delete_extra: bool) -> String {
        let excluded = [Pattern::new("kept")];
        let policy = Policy { delete_extra, excluded: &excluded };
        let there = there.iter().map(|(name, entry)| (name.as_bytes().to_vec(), entry.clone())).collect();
        let node = node.iter().map(|(name, state)| (name.as_bytes().to_vec(), state.clone())).collect();
        match compare(&there, &node, &policy) {
            Ok(arrivals) => arrivals.iter().map(Arrival::words).collect::<Vec<_>>().join(", "),
            Err(message) => message,
        }
    }

    #[test]
    fn what_differs_comes_and_nothing_else() {
        let link = |to: &str| is(PathKind::Link(to.to_owned()), 0o777);
        let dir = |mode| FetchedEntry::Directory { mode };
        let node = [
            ("dir", is(PathKind::Directory, 0o555)),
            ("dir/x", file("x", 0o4755)),
            ("link", link("dir/x")),
            ("none", file("", 0)),
        ];
        assert_eq!(
            words(&[], &node, false),
            "dir made, dir/x fetched, link leads to \"dir/x\", none fetched"
        );
        let same = [
            ("dir", dir(0o755)),
            ("dir/x", has("x", 0o755)),
            ("link", FetchedEntry::Link { target: b"dir/x".to_vec() }),
            ("none", has("", 0o400)),
        ];
        assert_eq!(words(&same, &node, true), "");
        let with = |name: &'static str, entry: FetchedEntry| {
            let mut there = same.to_vec();
            there.retain(|(other, _)| *other != name);
            there.push((name, entry));
            there
        };
        assert_eq!(words(&with("dir/x", has("y", 0o755)), &node, false), "dir/x fetched");
        assert_eq!(words(&with("dir/x", has("x", 0o644)), &node, false), "dir/x mode 0755");
        assert_eq!(words(&with("link", has("x", 0o644)), &node, false), "link leads to \"dir/x\"");
        assert_eq!(words(&with("dir", FetchedEntry::Other), &node, false), "dir removed, dir made");
        assert_eq!(words(&with("extra", has("x", 0o644)), &node, false), "");
        assert_eq!(words(&with("extra", has("x", 0o644)), &node, true), "extra removed");
        assert!(words(&with("none", dir(0o755)), &node, false).contains(".delete_extra()"));
        assert_eq!(words(&with("none", dir(0o755)), &node, true), "none removed, none fetched");
    }

    #[test]
    fn what_is_excluded_stays_on_both_sides() {
        let there = [
            ("kept", has("x", 0o644)),
            ("old", FetchedEntry::Directory { mode: 0o755 }),
            ("old/kept", has("x", 0o644)),
            ("old/y", has("x", 0o644)),
        ];
        assert_eq!(words(&there, &[("kept", file("other", 0o644))], true), "old/y removed");
    }

    #[test]
    fn a_node_cannot_name_what_is_not_its_own() {
        for name in ["..", "../x", "/etc/passwd", "a/../../x", "a//b", ".", "a/.", ""] {
            assert!(words(&[], &[(name, file("x", 0o644))], false).contains("which no file is"), "{name}");
        }
        assert!(
            words(&[], &[("a\nb", is(PathKind::File(Contents::NotRead), 0o644))], false).contains("exclude")
        );
    }

    #[test]
    fn links_that_lead_out_are_left_out() {
        for (name, target) in [("a", "b"), ("a/b", "../c"), ("a/b/c", "../../d/e"), ("a", "b/c"), ("a", ".")]
        {
            assert!(stays_within(name.as_bytes(), target), "{name} {target}");
        }
        // Where `b` is a link, `b/..` is not what it looks like.
        for (name, target) in
            [("a", "/etc"), ("a", ".."), ("a/b", "../.."), ("a", "b/../c"), ("a", "b/../../c"), ("a", "")]
        {
            assert!(!stays_within(name.as_bytes(), target), "{name} {target}");
        }
    }
}
