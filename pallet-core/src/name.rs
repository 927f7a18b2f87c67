//! Newtypes for every kind of name, each with the rule it must satisfy.
//!
//! A name is checked when it is made, so a value of one of these types is always valid. The rules are
//! those of the systems that will read the names: host name labels (RFC 1123) for groups and nodes,
//! Debian policy for packages, `useradd` for users.

use std::fmt;

/// Why a text is not a valid name of some kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName {
    kind: &'static str,
    given: String,
    rule: &'static str,
}

impl InvalidName {
    pub(crate) fn new(kind: &'static str, given: impl Into<String>, rule: &'static str) -> Self {
        InvalidName { kind, given: given.into(), rule }
    }
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid {} {:?}: {}", self.kind, self.given, self.rule)
    }
}

impl std::error::Error for InvalidName {}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
        pub struct $name(String);

        impl $name {
            /// Returns the name.
            ///
            /// # Errors
            ///
            /// When `text` breaks the rule of this kind of name, which the error states.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok($name(text)) } else { Err(InvalidName::new($kind, text, $rule)) }
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                $name::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                $name::new(text)
            }
        }
    )*};
}

names! {
    /// The name of a group of nodes. Its nodes are called `<group>-1`, `<group>-2` and so on.
    GroupName, "group name",
    "1 to 50 lower-case letters, digits and inner hyphens (it becomes part of a host name)",
    |s| is_label(s, 50);

    /// The name of one node, unique within its compute service.
    NodeName, "node name",
    "1 to 63 letters, digits, inner hyphens and dots",
    |s| s.len() <= 253 && s.split('.').all(|label| is_label_any_case(label, 63));

    /// The name of a phase: `configure`, `bootstrap`, `restart` and so on.
    PhaseName, "phase name",
    "a letter, then letters, digits, hyphens and underscores, at most 64",
    |s| is_word(s, 64);

    /// The name of a server spec.
    SpecName, "server spec name",
    "a letter, then letters, digits, hyphens and underscores, at most 64",
    |s| is_word(s, 64);

    /// A role that a server spec gives its nodes, such as `web`.
    RoleName, "role",
    "a letter, then letters, digits, hyphens and underscores, at most 64",
    |s| is_word(s, 64);

    /// A tag by which actions are selected.
    Tag, "tag",
    "a letter, then letters, digits, hyphens and underscores, at most 64",
    |s| is_word(s, 64);

    /// The name under which a compute service is configured.
    ServiceName, "service name",
    "a letter, then letters, digits, hyphens and underscores, at most 64",
    |s| is_word(s, 64);

    /// The name of a state of a node that is kept, such as `clean`.
    SnapshotName, "snapshot name",
    "a letter, then letters, digits, hyphens and underscores, at most 64",
    |s| is_word(s, 64);

    /// The name of a package as its package manager spells it, such as `g++`, optionally with an
    /// architecture (`libc6:i386`).
    PackageName, "package name",
    "a letter or digit, then letters, digits and `+ - . _`, optionally `:` and an architecture",
    is_package;

    /// The name of a user or of a Unix group.
    AccountName, "user or group name",
    "a letter or underscore, then letters, digits, hyphens and underscores, at most 32, optionally a final `$`",
    is_account;

    /// The name of a service as the node's init system spells it, without `.service`.
    UnitName, "service name",
    "letters, digits and `: - _ . @ \\`, not beginning with a hyphen",
    |s| !s.is_empty() && s.len() <= 255 && !s.starts_with(['-', '.'])
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b":-_.@\\".contains(&b));

    /// An absolute path on a node.
    RemotePath, "remote path",
    "an absolute path without control characters, `.` or `..` components, and not ending in `/`",
    is_remote_path;
}

/// What systemd calls its kinds of units (systemd.unit(5)).
const UNIT_KINDS: &[&str] = &[
    "service",
    "socket",
    "timer",
    "path",
    "target",
    "mount",
    "automount",
    "swap",
    "slice",
    "scope",
    "device",
];

impl UnitName {
    /// Returns the name as systemd spells it: `nginx.service`, `backup.timer`.
    pub fn systemd(&self) -> String {
        if self.kind().is_some() { self.0.clone() } else { format!("{}.service", self.0) }
    }

    /// Returns the kind of unit in the name, such as `timer`; `None` for a service, which needs none.
    pub fn kind(&self) -> Option<&str> {
        let (_, kind) = self.0.rsplit_once('.')?;
        UNIT_KINDS.contains(&kind).then_some(kind)
    }
}

impl RemotePath {
    /// Returns the path of the directory that holds this one, or `None` for `/`.
    pub fn parent(&self) -> Option<RemotePath> {
        match self.0.rsplit_once('/')? {
            ("", "") => None,
            ("", _) => Some(RemotePath("/".to_owned())),
            (parent, _) => Some(RemotePath(parent.to_owned())),
        }
    }

    /// Tells whether this path is `other` or lies below it.
    pub fn is_within(&self, other: &RemotePath) -> bool {
        other.0 == "/"
            || self.0 == other.0
            || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

fn is_label(s: &str, max: usize) -> bool {
    is_label_any_case(s, max) && !s.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_label_any_case(s: &str, max: usize) -> bool {
    (1..=max).contains(&s.len())
        && !s.starts_with('-')
        && !s.ends_with('-')
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_word(s: &str, max: usize) -> bool {
    s.len() <= max
        && s.starts_with(|c: char| c.is_ascii_alphabetic())
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_package(s: &str) -> bool {
    let (name, architecture) = s.split_once(':').unwrap_or((s, "any"));
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b))
        && !architecture.is_empty()
        && architecture.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_account(s: &str) -> bool {
    let stem = s.strip_suffix('$').unwrap_or(s);
    (1..=32).contains(&s.len())
        && stem.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_remote_path(s: &str) -> bool {
    s == "/"
        || s.strip_prefix('/').is_some_and(|rest| {
            !s.chars().any(char::is_control)
                && rest.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        })
}

/// Returns the candidate nearest to `given`, if one is near enough to be a slip of the keyboard.
///
/// Every "did you mean" of pallet comes from here.
pub fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = given.chars().count().div_ceil(3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(given, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, replacements, and swaps of neighbours count one each.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names_with_plus_signs_are_names() {
        for name in ["g++", "libstdc++6", "0ad", "libc6:i386", "python3.11"] {
            assert_eq!(PackageName::new(name).map(|n| n.to_string()).as_deref(), Ok(name));
        }
        for name in ["", "-y", "nginx=1.2", "a b", "nginx:", "a;b", "$(x)"] {
            assert!(PackageName::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn remote_paths_are_absolute_and_plain() {
        for path in ["/", "/etc/x y", "/a/b.c", "/ü"] {
            assert!(RemotePath::new(path).is_ok(), "{path:?}");
        }
        for path in ["", "etc", "/etc/", "//etc", "/a/../b", "/a/./b", "/a\nb", "/a\0", "/a\u{1b}[0m"] {
            assert!(RemotePath::new(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_path_knows_what_it_lies_in() {
        let path = |p| RemotePath::new(p).expect("a valid path");
        assert!(path("/etc/nginx").is_within(&path("/etc")));
        assert!(path("/etc").is_within(&path("/")));
        assert!(!path("/etcetera").is_within(&path("/etc")));
        assert_eq!(path("/etc").parent(), Some(path("/")));
        assert_eq!(path("/").parent(), None);
    }

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let keys = ["count", "image", "hardware"];
        assert_eq!(did_you_mean("cuont", keys), Some("count"));
        assert_eq!(did_you_mean("imag", keys), Some("image"));
        assert_eq!(did_you_mean("zebra", keys), None);
    }
}
