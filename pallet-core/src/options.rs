//! Options of a compute service, as a provider reads them: typed, each with the place it came from.

use crate::name::did_you_mean;
use crate::sorted::{Map, Set};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value in a configuration, before a provider says what it wants.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    String(String),
    /// A list.
    List(Vec<OptionValue>),
    /// A table of further options.
    Table(Options),
}

impl OptionValue {
    fn kind(&self) -> &'static str {
        match self {
            OptionValue::Bool(_) => "a boolean",
            OptionValue::Integer(_) => "a whole number",
            OptionValue::Float(_) => "a number",
            OptionValue::String(_) => "a text",
            OptionValue::List(_) => "a list",
            OptionValue::Table(_) => "a table",
        }
    }

    fn hyphenated(&self) -> OptionValue {
        match self {
            OptionValue::Table(table) => OptionValue::Table(table.hyphenated()),
            OptionValue::List(items) => OptionValue::List(items.iter().map(Self::hyphenated).collect()),
            other => other.clone(),
        }
    }
}

impl From<&str> for OptionValue {
    fn from(value: &str) -> Self {
        OptionValue::String(value.to_owned())
    }
}

impl From<bool> for OptionValue {
    fn from(value: bool) -> Self {
        OptionValue::Bool(value)
    }
}

impl From<i64> for OptionValue {
    fn from(value: i64) -> Self {
        OptionValue::Integer(value)
    }
}

/// A set of options that knows where each was written and which of them have been read.
///
/// A provider reads what it understands with the typed getters and then calls [`finish`](Options::finish),
/// which refuses what nobody asked for: a mistyped key is an error with a suggestion, never ignored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Shared: a list of a thousand hosts is a thousand tables, and all of them are handed on more than once.
    entries: Arc<Map<String, Entry>>,
    /// What the options belong to, for messages: `service "lab"`.
    owner: Arc<str>,
    /// Where the options were written as a whole; relative paths are resolved against its folder.
    origin: Option<Arc<Path>>,
    asked: Asked,
}

/// The names that getters have asked for. No part of an option set's value.
#[derive(Debug, Default)]
struct Asked(Mutex<Set<String>>);

impl Asked {
    fn lock(&self) -> MutexGuard<'_, Set<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Asked {
    fn clone(&self) -> Self {
        Asked(Mutex::new(self.lock().clone()))
    }
}

impl PartialEq for Asked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    value: OptionValue,
    place: String,
}

/// An option that is missing, has the wrong type, or is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    /// Where the option was written: `pallet.toml:12:3`; empty when it came from code.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// The way out, if there is one to name.
    pub hint: Option<String>,
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for OptionError {}

impl Options {
    /// Returns an empty set of options for `owner`, such as `service "lab"`. `origin` is the file they stand in.
    pub fn new(owner: impl Into<String>, origin: Option<PathBuf>) -> Self {
        let (owner, origin) = (owner.into().into(), origin.map(Arc::from));
        Options { owner, origin, ..Options::default() }
    }

    /// Sets an option, replacing an earlier one of the same name. `place` is where it was written.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<OptionValue>, place: impl Into<String>) {
        Arc::make_mut(&mut self.entries)
            .insert(key.into(), Entry { value: value.into(), place: place.into() });
    }

    /// Tells whether the option is given.
    pub fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Returns the names of the options given, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Returns where an option was written, or an empty text.
    pub fn place(&self, key: &str) -> &str {
        self.entries.get(key).map_or("", |entry| &entry.place)
    }

    /// Returns an option as it was given, for what has more than one form, or `None` if it is not given.
    pub fn value(&self, key: &str) -> Option<&OptionValue> {
        self.asked.lock().insert(key.to_owned());
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// Returns these options with hyphens for the underscores in all their names, also in tables and lists: as
    /// configuration files spell what Rust writes with underscores. None of them counts as read.
    ///
    /// # Examples
    ///
    /// ```
    /// use pallet::options::Options;
    ///
    /// let mut options = Options::new("hardware", None);
    /// options.set("boot_order", "disk", "");
    /// assert_eq!(options.hyphenated().string("boot-order"), Ok(Some("disk".to_owned())));
    /// ```
    #[must_use]
    pub fn hyphenated(&self) -> Options {
        let entries = self.entries.iter().map(|(key, entry)| {
            let value = entry.value.hyphenated();
            (key.replace('_', "-"), Entry { value, place: entry.place.clone() })
        });
        Options {
            entries: Arc::new(entries.collect()),
            owner: self.owner.clone(),
            origin: self.origin.clone(),
            asked: Asked::default(),
        }
    }

    /// Returns a text, or `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// When it is given and is something else.
    pub fn string(&self, key: &str) -> Result<Option<String>, OptionError> {
        self.get(key, "a text", |value| match value {
            OptionValue::String(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// Returns a boolean, or `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// When it is given and is something else.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, OptionError> {
        self.get(key, "a boolean", |value| match value {
            OptionValue::Bool(flag) => Some(*flag),
            _ => None,
        })
    }

    /// Returns a whole number of type `T`, or `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// When it is given and is something else, or does not fit `T`.
    pub fn integer<T: TryFrom<i64>>(&self, key: &str) -> Result<Option<T>, OptionError> {
        self.get(key, "a whole number", |value| match value {
            OptionValue::Integer(number) => T::try_from(*number).ok(),
            _ => None,
        })
    }

    /// Returns a path, or `None` if the option is not given. A relative path is resolved against the folder of
    /// the file that names it; `~/` stays for the runtime to expand before it fills in the options.
    ///
    /// # Errors
    ///
    /// When it is given and is not a text.
    pub fn path(&self, key: &str) -> Result<Option<PathBuf>, OptionError> {
        let base = self.origin.as_deref().and_then(Path::parent);
        Ok(self.string(key)?.map(|text| match base {
            Some(base) => base.join(text),
            None => PathBuf::from(text),
        }))
    }

    /// Returns a list of tables, empty if the option is not given.
    ///
    /// # Errors
    ///
    /// When it is given and is something else.
    pub fn tables(&self, key: &str) -> Result<Vec<Options>, OptionError> {
        let found = self.get(key, "a list of tables", |value| match value {
            OptionValue::List(items) => items
                .iter()
                .map(|item| match item {
                    OptionValue::Table(table) => Some(table.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>(),
            _ => None,
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Returns a table, or `None` if the option is not given.
    ///
    /// # Errors
    ///
    /// When it is given and is something else.
    pub fn table(&self, key: &str) -> Result<Option<Options>, OptionError> {
        self.get(key, "a table", |value| match value {
            OptionValue::Table(table) => Some(table.clone()),
            _ => None,
        })
    }

    /// Returns a list of texts, empty if the option is not given.
    ///
    /// # Errors
    ///
    /// When it is given and is something else.
    pub fn strings(&self, key: &str) -> Result<Vec<String>, OptionError> {
        let found = self.get(key, "a list of texts", |value| match value {
            OptionValue::List(items) => items
                .iter()
                .map(|item| match item {
                    OptionValue::String(text) => Some(text.clone()),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>(),
            _ => None,
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Returns an error that says the option is required.
    pub fn missing(&self, key: &str) -> OptionError {
        OptionError {
            place: self.origin.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            message: format!("{} needs the option `{key}`", self.owner),
            hint: None,
        }
    }

    /// Returns an error about the value of an option, at the place it was written.
    pub fn invalid(&self, key: &str, why: impl fmt::Display) -> OptionError {
        OptionError {
            place: self.place(key).to_owned(),
            message: format!("option `{key}` of {}: {why}", self.owner),
            hint: None,
        }
    }

    /// Returns an error about an option that nobody knows, with the nearest of the `known` ones, or all, as a hint.
    pub fn unknown<'a>(&self, key: &str, known: impl IntoIterator<Item = &'a str>) -> OptionError {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match did_you_mean(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known options: {}", known.join(", ")),
        };
        OptionError {
            place: self.place(key).to_owned(),
            message: format!("unknown option `{key}` of {}", self.owner),
            hint: Some(hint),
        }
    }

    /// Checks that every option given has been read.
    ///
    /// # Errors
    ///
    /// At the first option that no getter asked for, with the nearest known name as a hint.
    pub fn finish(&self) -> Result<(), OptionError> {
        let asked = self.asked.lock();
        match self.entries.keys().find(|key| !asked.contains(*key)) {
            None => Ok(()),
            Some(key) => Err(self.unknown(key, asked.iter().map(String::as_str))),
        }
    }

    fn get<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&OptionValue) -> Option<T>,
    ) -> Result<Option<T>, OptionError> {
        self.asked.lock().insert(key.to_owned());
        let Some(entry) = self.entries.get(key) else { return Ok(None) };
        match read(&entry.value) {
            Some(value) => Ok(Some(value)),
            None => match &entry.value {
                OptionValue::Integer(number) if wanted.contains("number") => {
                    Err(self.invalid(key, format_args!("{number} is out of range")))
                }
                found => Err(self.invalid(key, format_args!("expected {wanted}, found {}", found.kind()))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asked_for_is_refused_with_a_suggestion() {
        let mut options = Options::new("service \"lab\"", Some("/etc/pallet.toml".into()));
        options.set("node-pth", "nodes", "pallet.toml:3:1");
        options.set("count", 4, "pallet.toml:4:1");
        assert_eq!(options.integer::<u8>("count"), Ok(Some(4)));
        assert_eq!(options.path("node-path"), Ok(None));
        let error = options.finish().expect_err("a key nobody asked for");
        assert_eq!(error.to_string(), "pallet.toml:3:1: unknown option `node-pth` of service \"lab\"");
        assert_eq!(error.hint.as_deref(), Some("did you mean `node-path`?"));
    }

    #[test]
    fn a_relative_path_belongs_to_its_file() {
        let mut options = Options::new("service \"lab\"", Some("/etc/pallet/pallet.toml".into()));
        options.set("model-path", "models", "");
        assert_eq!(options.path("model-path"), Ok(Some("/etc/pallet/models".into())));
    }

    #[test]
    fn a_wrong_type_names_both() {
        let mut options = Options::new("service \"lab\"", None);
        options.set("count", "four", "pallet.toml:1:9");
        let error = options.integer::<u8>("count").expect_err("a text is no number");
        assert_eq!(
            error.to_string(),
            "pallet.toml:1:9: option `count` of service \"lab\": expected a whole number, found a text"
        );
    }
}
