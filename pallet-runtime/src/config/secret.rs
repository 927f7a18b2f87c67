//! Secrets in a configuration: written out, or said where they are kept.

use super::Located;
use super::expand;
use super::section::{Section, kind};
use crate::error::{Excerpt, InputError};
use pallet::Secret;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use toml::de::DeValue;

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// In the configuration itself.
    Literal(Secret),
    /// In an environment variable.
    Env(String),
    /// In the first line that a program writes.
    Command(Vec<String>),
    /// In the first line of a file.
    File(PathBuf),
}

/// Tells from the name of a key whether its value is a secret.
pub(crate) fn names_secret(key: &str) -> bool {
    // Each host of a list is asked about: no text is made of it.
    let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || (a == b'_' && b == b'-');
    let is = |part: &[u8], word: &str| part.iter().zip(word.as_bytes()).all(|(a, b)| same(*a, *b));
    let key = key.as_bytes();
    let has = |word: &str| key.windows(word.len()).any(|part| is(part, word));
    let ends_with = |end: &str| key.len() >= end.len() && is(&key[key.len() - end.len()..], end);
    let is_elsewhere = ["-path", "-file", "-dir"].into_iter().any(ends_with);
    let is_key = key.len() == "private-key".len() && has("private-key");
    !is_elsewhere
        && (is_key || ["password", "passphrase", "secret", "credential", "token"].into_iter().any(has))
}

impl SecretSource {
    /// Returns where the secret is kept, as a configuration says it; never the secret.
    pub(crate) fn masked(&self) -> String {
        match self {
            SecretSource::Literal(_) => "***".to_owned(),
            SecretSource::Env(name) => format!("{{ env = {name:?} }}"),
            SecretSource::Command(argv) => format!("{{ command = {argv:?} }}"),
            SecretSource::File(path) => format!("{{ file = {:?} }}", path.display().to_string()),
        }
    }
}

impl Located<SecretSource> {
    /// Reads a key that holds a secret: a text, or a table with one of `env`, `command` and `file`.
    pub(crate) fn parse(
        section: &Section<'_>,
        key: &'static str,
        vars: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, InputError> {
        let Some(value) = section.value(key) else { return Ok(None) };
        let source = match value.get_ref() {
            DeValue::String(text) => SecretSource::Literal(Secret::from(text.as_ref())),
            DeValue::Table(table) => {
                let inner = Section::new(section.source(), table, format!("`{key}`"));
                let at = Excerpt::place(section.source().place(value.span().start));
                reference(&inner, key, at, vars)?
            }
            other => return Err(section.mistyped(key, FORMS, other, value.span())),
        };
        Ok(Some(section.located(source, value.span())))
    }

    /// Gets the secret from where it is kept.
    ///
    /// # Errors
    ///
    /// When it is not there; the error names the place in the configuration that said it would be.
    pub(crate) fn fetch(&self, vars: &BTreeMap<String, String>) -> Result<Secret, InputError> {
        let secret = match &self.value {
            SecretSource::Literal(secret) => return Ok(secret.clone()),
            SecretSource::Env(name) => vars
                .get(name)
                .cloned()
                .ok_or_else(|| InputError::new(format!("the variable {name} is not set")))
                .map(Secret::new),
            SecretSource::Command(argv) => run(argv).and_then(|output| first_line(&output)),
            SecretSource::File(path) => std::fs::read(path)
                .map(Secret::new)
                .map_err(|error| {
                    InputError::new(format!("cannot read the secret in {}", path.display())).source(error)
                })
                .and_then(|content| first_line(&content)),
        };
        secret.map_err(|error| error.at(Excerpt::place(self.at.place.clone())))
    }
}

const FORMS: &str = "a text, `{ env = \"…\" }`, `{ command = [\"…\"] }` or `{ file = \"…\" }`";

fn reference(
    section: &Section<'_>,
    key: &str,
    at: Excerpt,
    vars: &BTreeMap<String, String>,
) -> Result<SecretSource, InputError> {
    let (env, file, command) = (section.text("env")?, section.text("file")?, argv(section)?);
    section.finish()?;
    match (env, file, command) {
        (Some(name), None, None) => Ok(SecretSource::Env(name.value)),
        (None, Some(file), None) => expand::path(&file.value, section.source().path(), vars)
            .map(SecretSource::File)
            .map_err(|why| InputError::new(why).at(file.at)),
        (None, None, Some(argv)) => Ok(SecretSource::Command(argv)),
        _ => Err(InputError::new(format!("`{key}` needs exactly one of `env`, `command` and `file`")).at(at)),
    }
}

fn argv(section: &Section<'_>) -> Result<Option<Vec<String>>, InputError> {
    let Some(value) = section.value("command") else { return Ok(None) };
    let wanted = "a list of texts: the program and its arguments";
    let DeValue::Array(items) = value.get_ref() else {
        return Err(section.mistyped("command", wanted, value.get_ref(), value.span()));
    };
    let words = items.iter().map(|item| match item.get_ref() {
        DeValue::String(word) => Ok(word.to_string()),
        other => Err(InputError::new(format!("`command`: expected {wanted}, found {} in it", kind(other)))
            .at(section.source().excerpt(item.span()))),
    });
    let words = words.collect::<Result<Vec<_>, _>>()?;
    if words.is_empty() {
        return Err(InputError::new(format!("`command` is empty; it is {wanted}"))
            .at(section.source().excerpt(value.span())));
    }
    Ok(Some(words))
}

/// Standard input and standard error stay the user's: a password store may ask for a passphrase.
fn run(argv: &[String]) -> Result<Secret<Vec<u8>>, InputError> {
    let program = &argv[0];
    let output = Command::new(program)
        .args(&argv[1..])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| InputError::new(format!("cannot run `{program}` for a secret")).source(error))?;
    if !output.status.success() {
        return Err(InputError::new(format!("`{program}` gave no secret: {}", output.status)));
    }
    Ok(Secret::new(output.stdout))
}

/// The rest of the lines is for people, as `pass` has it.
fn first_line(content: &Secret<Vec<u8>>) -> Result<Secret, InputError> {
    let text =
        std::str::from_utf8(content.expose()).map_err(|_| InputError::new("the secret is not text"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::from(line)),
        _ => Err(InputError::new("the secret is empty")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_and_those_of_files_are_none() {
        for key in [
            "password",
            "sudo-password",
            "sudo_password",
            "passphrase",
            "private-key",
            "credential",
            "apiToken",
        ] {
            assert!(names_secret(key), "{key}");
        }
        for key in ["private-key-path", "teleporter-password-file", "username", "public-key", "path"] {
            assert!(!names_secret(key), "{key}");
        }
    }
}
