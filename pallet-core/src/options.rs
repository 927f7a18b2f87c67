//! Options of a compute service, as a provider reads them: typed, each with the place it came from.

use crate::name::did_you_mean;
use crate::sorted::Map;
use std::fmt;
use std::num::NonZero;
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

/// Where an option was written. It is a text only when somebody reads it: a list of a thousand hosts has thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    file: Arc<str>,
    /// The line, and the column in characters, both from 1; without, the file says it all.
    at: Option<(NonZero<u32>, u32)>,
}

impl Place {
    /// Returns a place in a file, which is named as messages are to name it. Line and column, in characters, count from 1.
    ///
    /// # Examples
    ///
    /// ```
    /// # use pallet::options::Place;
    /// assert_eq!(Place::new("pallet.toml", 12, 3).to_string(), "pallet.toml:12:3");
    /// ```
    pub fn new(file: impl Into<Arc<str>>, line: usize, column: usize) -> Self {
        let (line, column) =
            (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX));
        Place { file: file.into(), at: NonZero::new(line).map(|line| (line, column)) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.at.map_or(Ok(()), |(line, column)| write!(f, ":{line}:{column}"))
    }
}

/// A place as somebody else has it; empty for what came from code.
impl From<&str> for Place {
    fn from(text: &str) -> Self {
        Place { file: text.into(), at: None }
    }
}

/// A place as somebody else has it; empty for what came from code.
impl From<String> for Place {
    fn from(text: String) -> Self {
        Place { file: text.into(), at: None }
    }
}

/// A set of options that knows where each was written and which of them have been read.
///
/// A provider reads what it understands with the typed getters and then calls [`finish`](Options::finish),
/// which refuses what nobody asked for: a mistyped key is an error with a suggestion, never ignored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Shared: a list of a thousand hosts is a thousand tables, and all of them are handed on more than once.
    given: Arc<Given>,
    asked: Asked,
}

/// What was given, and by whom.
#[derive(Debug, Clone, Default, PartialEq)]
struct Given {
    entries: Map<Arc<str>, Entry>,
    /// What the options belong to, for messages: `service "lab"`.
    owner: Arc<str>,
    /// Where the options were written as a whole; relative paths are resolved against its folder.
    origin: Option<Arc<Path>>,
}

/// The names that getters have asked for. No part of an option set's value.
#[derive(Debug, Default)]
struct Asked(Mutex<Names>);

#[derive(Debug, Clone, Default)]
struct Names {
    /// The options that were read.
    read: Vec<Arc<str>>,
    /// What was asked for and is not given, as long as something given had not been read: only then can it be what was meant.
    absent: Vec<String>,
}

impl Names {
    /// `key` is the one that the options have.
    fn have_read(&self, key: &Arc<str>) -> bool {
        self.read.iter().any(|read| Arc::ptr_eq(read, key))
    }
}

impl Asked {
    fn lock(&self) -> MutexGuard<'_, Names> {
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
    place: Place,
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
    pub fn new(owner: impl Into<Arc<str>>, origin: Option<Arc<Path>>) -> Self {
        let given = Given { owner: owner.into(), origin, ..Given::default() };
        Options { given: Arc::new(given), ..Options::default() }
    }

    /// Sets an option, replacing an earlier one of the same name. `place` is where it was written.
    pub fn set(&mut self, key: impl Into<Arc<str>>, value: impl Into<OptionValue>, place: impl Into<Place>) {
        let entry = Entry { value: value.into(), place: place.into() };
        Arc::make_mut(&mut self.given).entries.insert(key.into(), entry);
    }

    /// Tells whether the option is given.
    pub fn contains(&self, key: &str) -> bool {
        self.given.entries.contains_key(key)
    }

    /// Returns the names of the options given, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.given.entries.keys().map(|key| &**key)
    }

    /// Returns where an option was written, or an empty text.
    pub fn place(&self, key: &str) -> String {
        self.given.entries.get(key).map(|entry| entry.place.to_string()).unwrap_or_default()
    }

    /// Returns an option as it was given, for what has more than one form, or `None` if it is not given.
    pub fn value(&self, key: &str) -> Option<&OptionValue> {
        self.ask(key).map(|entry| &entry.value)
    }

    /// Returns all options as they were given, in the order of their names. None of them counts as read.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.given.entries.iter().map(|(key, entry)| (&**key, &entry.value))
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
        let Given { entries, owner, origin } = &*self.given;
        let entries = entries.iter().map(|(key, entry)| {
            let value = entry.value.hyphenated();
            (key.replace('_', "-").into(), Entry { value, place: entry.place.clone() })
        });
        let given = Given { entries: entries.collect(), owner: owner.clone(), origin: origin.clone() };
        Options { given: Arc::new(given), asked: Asked::default() }
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
        let base = self.given.origin.as_deref().and_then(Path::parent);
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
            place: self.given.origin.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            message: format!("{} needs the option `{key}`", self.given.owner),
            hint: None,
        }
    }

    /// Returns an error about the value of an option, at the place it was written.
    pub fn invalid(&self, key: &str, why: impl fmt::Display) -> OptionError {
        OptionError {
            place: self.place(key),
            message: format!("option `{key}` of {}: {why}", self.given.owner),
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
            place: self.place(key),
            message: format!("unknown option `{key}` of {}", self.given.owner),
            hint: Some(hint),
        }
    }

    /// Checks that every option given has been read.
    ///
    /// # Errors
    ///
    /// At the first option that no getter asked for, with the nearest known name as a hint.
    pub fn finish(&self) -> Result<(), OptionError> {
        let names = self.asked.lock();
        match self.given.entries.keys().find(|key| !names.have_read(key)) {
            None => Ok(()),
            Some(key) => {
                let read = names.read.iter().map(|name| &**name);
                let mut known: Vec<&str> = read.chain(names.absent.iter().map(String::as_str)).collect();
                known.sort_unstable();
                Err(self.unknown(key, known))
            }
        }
    }

    /// Returns what was given under a name, and remembers that somebody knows the name.
    fn ask(&self, key: &str) -> Option<&Entry> {
        let found = self.given.entries.get_key_value(key);
        let mut names = self.asked.lock();
        match found {
            Some((key, _)) if names.have_read(key) => {}
            Some((key, _)) => names.read.push(key.clone()),
            None if names.read.len() == self.given.entries.len() => {}
            None if names.absent.iter().any(|name| name == key) => {}
            None => names.absent.push(key.to_owned()),
        }
        found.map(|(_, entry)| entry)
    }

    fn get<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&OptionValue) -> Option<T>,
    ) -> Result<Option<T>, OptionError> {
        let Some(entry) = self.ask(key) else { return Ok(None) };
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
        let mut options = Options::new("service \"lab\"", Some(Path::new("/etc/pallet.toml").into()));
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
        let mut options = Options::new("service \"lab\"", Some(Path::new("/etc/pallet/pallet.toml").into()));
        options.set("model-path", "models", "");
        assert_eq!(options.path("model-path"), Ok(Some(Path::new("/etc/pallet/models").into())));
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
