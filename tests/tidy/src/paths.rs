//! Finds what code names from the standard library, with the groups of `use` taken apart.

/// Returns every path that begins with `std::`, with the number of its line: `use std::{env, fs::File}` gives
/// `std::env` and `std::fs::File`.
#[must_use]
pub fn std_paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("std::") {
        let is_whole_word = !code[..start].ends_with(|last: char| last.is_alphanumeric() || last == '_');
        if is_whole_word {
            let line = code[..start].lines().count().max(1);
            let line = if code[..start].ends_with('\n') { line + 1 } else { line };
            let mut paths = Vec::new();
            expand("std::", &code[start + "std::".len()..], &mut paths);
            found.extend(paths.into_iter().map(|path| (line, path)));
        }
    }
    found
}

/// Reads one path, or a group of them, that continues `prefix`. Returns how much of the text it was.
fn expand(prefix: &str, text: &str, found: &mut Vec<String>) -> usize {
    let skipped = text.len() - text.trim_start().len();
    let rest = &text[skipped..];
    if let Some(group) = rest.strip_prefix('{') {
        return skipped + 1 + expand_group(prefix, group, found);
    }
    let word = rest.find(|next: char| !(next.is_alphanumeric() || next == '_')).unwrap_or(rest.len());
    let path = format!("{prefix}{}", &rest[..word]);
    if let Some(after) = rest[word..].strip_prefix("::") {
        return skipped + word + 2 + expand(&format!("{path}::"), after, found);
    }
    found.push(path);
    skipped + word
}

/// Reads the paths of a group up to its closing bracket. Returns how much of the text it was, with the bracket.
fn expand_group(prefix: &str, group: &str, found: &mut Vec<String>) -> usize {
    let mut at = 0;
    while at < group.len() {
        at += expand(prefix, &group[at..], found);
        let Some(next) = group[at..].find([',', '}']) else { return group.len() };
        at += next + 1;
        if group[..at].ends_with('}') {
            return at;
        }
        if group[at..].trim_start().starts_with('}') {
            return at + group[at..].find('}').map_or(0, |bracket| bracket + 1);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::std_paths;

    fn paths(code: &str) -> Vec<String> {
        std_paths(code).into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn groups_are_taken_apart() {
        let code = "use std::{\n    env,\n    fs::{self, File},\n    io::Read as _,\n};\nlet x = std::process::id();";
        let expected = ["std::env", "std::fs::self", "std::fs::File", "std::io::Read", "std::process::id"]
            .map(str::to_owned);
        assert_eq!(paths(code), expected);
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(
            std_paths("std::fs::x\n\n  std::env::y"),
            [(1, "std::fs::x".into()), (3, "std::env::y".into())]
        );
        assert_eq!(std_paths("a\nstd::fs::x"), [(2, "std::fs::x".into())]);
    }

    #[test]
    fn other_words_that_end_alike_are_not_it() {
        assert_eq!(paths("my_std::fs::x"), Vec::<String>::new());
    }
}
