//! `~` and variables in the paths of a configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Returns the path that a text names: `~` and `~/…` are the home folder, `$NAME` and `${NAME}` variables, and a
/// relative path belongs to the folder of `file`.
///
/// # Errors
///
/// When a variable is not set or a brace is not closed, as a lower-case fragment.
pub(crate) fn path(text: &str, file: &Path, vars: &BTreeMap<String, String>) -> Result<PathBuf, String> {
    let expanded = variables(&home(text, vars)?, vars)?;
    Ok(file.parent().unwrap_or(Path::new("")).join(expanded))
}

/// Replaces a leading `~`, which alone is always the home folder.
pub(crate) fn home(text: &str, vars: &BTreeMap<String, String>) -> Result<String, String> {
    let Some(rest) = text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return Ok(text.to_owned());
    };
    let home = vars.get("HOME").ok_or("`~` is used, and HOME is not set")?;
    Ok(format!("{}{rest}", home.trim_end_matches('/')))
}

/// Replaces `$NAME` and `${NAME}`. A `$` that no name follows stays.
pub(crate) fn variables(text: &str, vars: &BTreeMap<String, String>) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, tail) = variable(after)?;
        match name {
            "" => expanded.push('$'),
            name => {
                expanded.push_str(vars.get(name).ok_or_else(|| format!("the variable {name} is not set"))?)
            }
        }
        rest = tail;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Splits what follows a `$` into the name of a variable, which may be empty, and the rest.
fn variable(after: &str) -> Result<(&str, &str), String> {
    match after.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or_else(|| "`${` without a `}`".to_owned()),
        None => {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            let end = if after.starts_with(|c: char| c.is_ascii_digit()) { 0 } else { end };
            Ok(after.split_at(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_expanded_and_belong_to_their_file() {
        let vars = [("HOME", "/home/u/"), ("KEYS", "/k")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let expand = |text| path(text, Path::new("/p/pallet.toml"), &vars);
        assert_eq!(expand("~/.ssh/id"), Ok("/home/u/.ssh/id".into()));
        assert_eq!(expand("~"), Ok("/home/u".into()));
        assert_eq!(expand("$KEYS/a"), Ok("/k/a".into()));
        assert_eq!(expand("x/${KEYS}y$"), Ok("/p/x//ky$".into()));
        assert_eq!(expand("keys/id"), Ok("/p/keys/id".into()));
        assert_eq!(expand("~other/x"), Ok("/p/~other/x".into()));
        assert_eq!(expand("$NONE/x"), Err("the variable NONE is not set".to_owned()));
        assert_eq!(expand("${KEYS"), Err("`${` without a `}`".to_owned()));
    }
}
