//! OpenSSH's patterns: `*` and `?`, and lists of them in which a `!` takes a match back.

/// Returns whether a name fits a pattern with `*` and `?`.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where to go on after a mismatch: behind the last star, one character of the name later.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, n + 1));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match retry {
                Some((star, next)) => {
                    (p, n) = (star, next);
                    retry = Some((star, next + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

/// Returns whether one of the patterns fits and none of the negated ones does.
pub(crate) fn matches_any<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>, name: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.as_ref().strip_prefix('!') {
            Some(negated) if matches(negated, name) => return false,
            Some(_) => {}
            None => found = found || matches(pattern.as_ref(), name),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_negated_pattern_takes_a_match_back() {
        assert!(matches_any(["*.example", "!web.example"], "db.example"));
        assert!(!matches_any(["*.example", "!web.example"], "web.example"));
        assert!(!matches_any(["!web.example"], "db.example"));
    }

    proptest! {
    #[test]
    fn patterns_agree_with_a_simple_matcher(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
        fn slow(pattern: &[u8], name: &[u8]) -> bool {
            match (pattern.split_first(), name.split_first()) {
                (None, None) => true,
                (Some((b'*', rest)), _) => slow(rest, name) || (!name.is_empty() && slow(pattern, &name[1..])),
                (Some((b'?', p)), Some((_, n))) => slow(p, n),
                (Some((a, p)), Some((b, n))) if a == b => slow(p, n),
                _ => false,
            }
        }
        prop_assert_eq!(matches(&pattern, &name), slow(pattern.as_bytes(), name.as_bytes()));
    }
    }
}
