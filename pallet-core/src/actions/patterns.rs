//! What is left out of a directory, as patterns of names.

/// A pattern in which `*` stands for any characters but `/`, and `?` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

/// Tells whether something, or a directory that it is in, matches one of the patterns.
pub(super) fn any_matches(patterns: &[Pattern], name: &[u8]) -> bool {
    let ends = name.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    ends.chain([name.len()]).any(|end| patterns.iter().any(|pattern| pattern.matches(&name[..end])))
}

impl Pattern {
    pub(super) fn new(pattern: impl Into<String>) -> Self {
        let pattern = pattern.into();
        // Whoever ends a name with a slash means a directory; nothing else has the same name.
        Pattern(pattern.strip_suffix('/').unwrap_or(&pattern).to_owned())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let wrong = |name: &str| matches!(name, "" | "." | ".." | "**");
        if self.0.split('/').any(wrong) || self.0.chars().any(char::is_control) {
            let rule =
                "names with `*` and `?`, separated by `/`, from the directory on: `*.swp`, `static/uploads`";
            return Err(format!("invalid pattern {:?}: {rule}", self.0));
        }
        Ok(())
    }

    /// Returns the pattern as `find` has it, if it is the same there: its `*` stands for `/` as well in paths.
    pub(super) fn for_find(&self) -> Option<String> {
        let escaped = self.0.replace('\\', "\\\\").replace('[', "\\[");
        match (self.0.contains('/'), self.0.contains(['*', '?'])) {
            (false, _) => Some(escaped),
            (true, false) => Some(format!("./{escaped}")),
            (true, true) => None,
        }
    }

    fn matches(&self, name: &[u8]) -> bool {
        let name = match self.0.contains('/') {
            true => name,
            false => name.rsplit(|byte| *byte == b'/').next().unwrap_or(name),
        };
        matches(self.0.as_bytes(), name)
    }
}

/// Goes back to the last `*` only: what an earlier one could take, the last one can.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') if name[n] != b'/' => {
                p += 1;
                // One character, however many bytes it has.
                n += 1;
                while name.get(n).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    n += 1;
                }
            }
            Some(byte) if *byte == name[n] && *byte != b'?' => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) if name[taken] != b'/' => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_or_whole_paths() {
        let table: [(&str, &[&str], &[&str]); 8] = [
            ("*.swp", &["a.swp", "b/.swp", "b/c.swp", "x.swp/inside"], &["a.swpx", "swp"]),
            (".git", &[".git", ".git/config", "sub/.git/HEAD"], &[".gitignore", "a.git"]),
            ("static/uploads", &["static/uploads", "static/uploads/1"], &["uploads", "x/static/uploads"]),
            ("*/cache", &["a/cache", "a/cache/b"], &["cache", "a/b/cache"]),
            ("a*b*c", &["abc", "axbxbxc"], &["ab", "abcd"]),
            ("?", &["x", "dir/ü"], &["xy"]),
            ("dir/", &["dir", "dir/x"], &["dirx"]),
            ("x?", &["x?"], &["x"]),
        ];
        for (pattern, yes, no) in table {
            let patterns = [Pattern::new(pattern)];
            assert!(patterns[0].check().is_ok(), "{pattern}");
            yes.iter().for_each(|name| assert!(any_matches(&patterns, name.as_bytes()), "{pattern} {name}"));
            no.iter().for_each(|name| assert!(!any_matches(&patterns, name.as_bytes()), "{pattern} {name}"));
        }
        for pattern in ["", "/a", "../a", "a//b", "**/a", "a\nb"] {
            assert!(Pattern::new(pattern).check().is_err(), "{pattern:?}");
        }
    }
}
