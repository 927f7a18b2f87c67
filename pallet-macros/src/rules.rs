//! The rules for names and numbers, as `pallet` has them, for literals that can be checked while compiling.
//!
//! A repetition of `pallet::name` and `pallet::facts`, because a macro cannot depend on the library it generates
//! code for. A test in `tests/ui` includes this file and compares both by table; it names nothing else of the crate.

/// A kind of name: what people call it, and its rule in words and as a check.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    /// What people call it, such as `group name`.
    pub(crate) kind: &'static str,
    /// The rule in words.
    pub(crate) text: &'static str,
    /// Tells whether a text satisfies the rule.
    pub(crate) holds: fn(&str) -> bool,
}

const WORD: &str = "a letter, then letters, digits, hyphens and underscores, at most 64";

/// `GroupName`
pub(crate) const GROUP: Rule = Rule {
    kind: "group name",
    text: "1 to 50 lower-case letters, digits and inner hyphens (it becomes part of a host name)",
    holds: |s| is_label(s, 50),
};

/// The name of a cluster stands before those of its groups, so it obeys the same rule, or is not there.
pub(crate) const CLUSTER: Rule = Rule {
    kind: "cluster name",
    text: "1 to 50 lower-case letters, digits and inner hyphens, or empty",
    holds: |s| s.is_empty() || is_label(s, 50),
};

/// `PhaseName`
pub(crate) const PHASE: Rule = Rule { kind: "phase name", text: WORD, holds: is_word };

/// `RoleName`
pub(crate) const ROLE: Rule = Rule { kind: "role", text: WORD, holds: is_word };

/// `PackageName`
pub(crate) const PACKAGE: Rule = Rule {
    kind: "package name",
    text: "a letter or digit, then letters, digits and `+ - . _`, optionally `:` and an architecture",
    holds: is_package,
};

/// `AccountName`
pub(crate) const ACCOUNT: Rule = Rule {
    kind: "user or group name",
    text: "a letter or underscore, then letters, digits, hyphens and underscores, at most 32, optionally a final `$`",
    holds: is_account,
};

/// `UnitName`
pub(crate) const UNIT: Rule = Rule {
    kind: "service name",
    text: "letters, digits and `: - _ . @ \\`, not beginning with a hyphen",
    holds: is_unit,
};

/// `RemotePath`
pub(crate) const PATH: Rule = Rule {
    kind: "remote path",
    text: "an absolute path without control characters, `.` or `..` components, and not ending in `/`",
    holds: is_remote_path,
};

/// Every way to use the disk of an image by its name in specs, with the variant of `Attach` that it is.
pub(crate) const ATTACH: &[(&str, &str)] = &[
    ("multi-attach", "MultiAttach"),
    ("immutable", "Immutable"),
    ("linked-clone", "LinkedClone"),
    ("full-copy", "FullCopy"),
];

/// Every OS family by its name in specs, with the variant of `OsFamily` that it is.
pub(crate) const FAMILIES: &[(&str, &str)] = &[
    ("linux", "Linux"),
    ("debian-base", "DebianBase"),
    ("debian", "Debian"),
    ("ubuntu", "Ubuntu"),
    ("rh-base", "RhBase"),
    ("rhel", "Rhel"),
    ("centos", "Centos"),
    ("rocky", "Rocky"),
    ("almalinux", "Alma"),
    ("fedora", "Fedora"),
    ("ol", "Oracle"),
    ("amzn-linux", "Amazon"),
    ("suse-base", "SuseBase"),
    ("sles", "Sles"),
    ("opensuse", "OpenSuse"),
    ("arch-base", "ArchBase"),
    ("arch", "Arch"),
    ("gentoo-base", "GentooBase"),
    ("gentoo", "Gentoo"),
    ("alpine", "Alpine"),
];

/// The most nodes a group can have.
pub(crate) const MOST_NODES: u64 = 1000;
/// The most network adapters a node can have.
pub(crate) const MOST_ADAPTERS: usize = 8;
/// All the bits a file mode has.
pub(crate) const MOST_MODE: u64 = 0o7777;

/// Tells whether a text is a condition on a version, such as `>= 20.04, < 24`.
pub(crate) fn is_version_condition(text: &str) -> bool {
    text.split(',').all(|comparison| {
        let comparison = comparison.trim();
        let signs = [">=", "<=", ">", "<", "="];
        let version =
            signs.iter().find_map(|sign| comparison.strip_prefix(sign)).unwrap_or(comparison).trim();
        !version.is_empty() && version.split('.').all(|part| part.parse::<u64>().is_ok())
    })
}

/// Returns an identifier in the spelling of group names: `WebServers` becomes `web-servers`.
pub(crate) fn kebab_case(ident: &str) -> String {
    let chars: Vec<char> = ident.chars().collect();
    let mut name = String::with_capacity(ident.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let word_begins = c.is_uppercase()
            && before.is_some_and(|before| {
                // In `HTTPServer` the last capital of a run begins the next word.
                let after_is_lower = chars.get(i + 1).is_some_and(|after| after.is_lowercase());
                before != '_' && (!before.is_uppercase() || after_is_lower)
            });
        if word_begins {
            name.push('-');
        }
        match c {
            '_' => name.push('-'),
            c => name.extend(c.to_lowercase()),
        }
    }
    name
}

/// Returns the candidate nearest to `given`, if one is near enough to be a slip of the keyboard.
pub(crate) fn did_you_mean<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = given.chars().count().div_ceil(3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(given, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

fn is_label(s: &str, max: usize) -> bool {
    (1..=max).contains(&s.len())
        && !s.starts_with('-')
        && !s.ends_with('-')
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_word(s: &str) -> bool {
    s.len() <= 64
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

fn is_unit(s: &str) -> bool {
    (1..=255).contains(&s.len())
        && !s.starts_with(['-', '.'])
        && s.bytes().all(|b| b.is_ascii_alphanumeric() || b":-_.@\\".contains(&b))
}

fn is_remote_path(s: &str) -> bool {
    s == "/"
        || s.strip_prefix('/').is_some_and(|rest| {
            !s.chars().any(char::is_control)
                && rest.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        })
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
