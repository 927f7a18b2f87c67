//! What stands for something else inside a value: `%h` and its like, `${VARIABLE}`.

use sha1::{Digest, Sha1};
use std::collections::BTreeMap;

/// What each letter after a `%` stands for.
pub(super) struct Tokens(BTreeMap<char, String>);

impl Tokens {
    pub(super) fn new() -> Self {
        Tokens(BTreeMap::from([('%', "%".to_owned())]))
    }

    pub(super) fn with(mut self, letter: char, value: &str) -> Self {
        self.0.insert(letter, value.to_owned());
        self
    }

    /// Returns the text with every token replaced, or what is wrong with one.
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let letter = chars.next().ok_or("ends with a lone %")?;
            out.push_str(self.0.get(&letter).ok_or_else(|| format!("%{letter} stands for nothing here"))?);
        }
        Ok(out)
    }
}

/// Returns the text with every `${NAME}` replaced by the variable of the environment.
pub(super) fn expand_variables(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("a ${ is not closed")?;
        out.push_str(before);
        out.push_str(&std::env::var(name).map_err(|_| format!("the variable {name} is not set"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Returns what `%C` stands for.
pub(super) fn connection_hash(parts: &[&str]) -> String {
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}
