//! The configuration of Clojure's Pallet, `~/.pallet/config.clj` and `services/*.clj`, as a configuration of ours.
//!
//! Old files are source, and are read as data: nothing in them is evaluated. What is no data, and what nothing here
//! understands, is told with its place and left out; what cannot be read at all is an error. Passwords stay in the files that are
//! written, which are for the user alone.
//!
//! Boundary: reads the old files and makes texts; [`Import::write`] alone writes. Which options a provider knows, it is asked.

mod admin;
mod files;
mod node_list;
mod notes;
mod service;
mod tree;

pub use files::NewFile;
pub use notes::Note;

use super::Source;
use crate::error::{Excerpt, InputError};
use files::OldFile;
use notes::Notes;
use pallet::compute::Provider;
use pallet::name::ServiceName;
use pallet_edn::{Form, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Table;

/// What was made of old files.
#[derive(Debug)]
pub struct Import {
    /// The files to be, with their names below the folder of the configuration.
    pub files: Vec<NewFile>,
    /// What could not be carried over.
    pub notes: Vec<Note>,
}

/// Reads the configuration of Pallet in a folder, or one of its files. Messages name files relative to `cwd` if they lie
/// there.
///
/// # Errors
///
/// When there is none, or a file cannot be read: it is too large, no text, or its brackets do not match.
pub fn import(from: &Path, cwd: &Path, providers: &[Arc<dyn Provider>]) -> Result<Import, InputError> {
    let mut import = Importer { providers, main: Main::default(), files: Vec::new(), notes: Vec::new() };
    for old in files::find(from)? {
        let source = files::read(&old.path, cwd)?;
        import.file(&old, &source)?;
    }
    Ok(import.finish())
}

impl Import {
    /// Writes the files into a folder, for this user alone, and returns their paths.
    ///
    /// # Errors
    ///
    /// When one exists already, unless `replace` says that it may go; when one cannot be written.
    pub fn write(&self, folder: &Path, replace: bool) -> Result<Vec<PathBuf>, InputError> {
        files::write(&self.files, folder, replace)
    }
}

/// What becomes of `config.clj`: a `config.toml`.
#[derive(Default)]
struct Main {
    default_service: Option<(String, usize)>,
    /// The service that stands at the top level, without a name.
    unnamed: Option<String>,
    admin: Table,
    /// In the order of the text: without a default, the first is it.
    services: Vec<(String, Table)>,
}

struct Importer<'a> {
    providers: &'a [Arc<dyn Provider>],
    main: Main,
    files: Vec<NewFile>,
    notes: Vec<Note>,
}

impl Importer<'_> {
    fn file(&mut self, old: &OldFile, source: &Source) -> Result<(), InputError> {
        let forms = pallet_edn::read_source(source.text()).map_err(|mistake| {
            InputError::new(mistake.to_string()).at(source.excerpt(mistake.at..mistake.at + 1))
        })?;
        let mut notes = Notes::new(source);
        for form in forms {
            match form.form {
                Form::List(words) if is_call(&words, &["defpallet"]) => self.defpallet(words, &mut notes)?,
                // What makes names known to Clojure says nothing about services.
                Form::List(words) if is_call(&words, &["ns", "in-ns", "use", "require", "import"]) => {}
                Form::Map(services) if old.is_service => self.service_file(services, &mut notes),
                Form::List(words) if words.first().is_some_and(|word| word.name().is_some()) => {
                    let name = words[0].name().unwrap_or_default();
                    notes.add(form.at.start, format!("`({name} …)`: code is not evaluated"));
                }
                _ => notes.add(form.at.start, "neither `(defpallet …)` nor a map of services"),
            }
        }
        self.notes.extend(notes.finish());
        Ok(())
    }

    fn defpallet(&mut self, words: Vec<Value>, notes: &mut Notes<'_>) -> Result<(), InputError> {
        let mut words = words.into_iter().skip(1);
        let mut unnamed = Vec::new();
        while let Some(key) = words.next() {
            let Some(value) = words.next() else {
                let at = notes.source().excerpt(key.at);
                return Err(InputError::new("a key without a value").at(at));
            };
            match key.name().unwrap_or_default() {
                "services" | "providers" => self.services(value, notes),
                "default-service" => self.main.default_service = named(&value, "a service", notes),
                "admin-user" => self.main.admin = admin::table(value, notes),
                "provider" | "identity" | "credential" | "endpoint" | "node-list" => {
                    unnamed.push((key, value))
                }
                "environment" => notes
                    .add(key.at.start, "`environment`: say it in the program, as constants and arguments"),
                "blobstore" => notes.add(key.at.start, "`blobstore`: there are no stores of blobs here"),
                _ => notes.add(key.at.start, format!("{}: no such key is known", shown(&key))),
            }
        }
        if let Some(at) = unnamed.first().map(|(key, _)| key.at.clone()) {
            let value = Value { form: Form::Map(unnamed), at };
            if let Some((name, table)) = self.unnamed(value, notes) {
                self.main.unnamed = Some(name.clone());
                self.main.services.push((name, table));
            }
        }
        Ok(())
    }

    /// The service without a name gets that of its provider.
    fn unnamed(&mut self, value: Value, notes: &mut Notes<'_>) -> Option<(String, Table)> {
        let at = value.at.start;
        let table = service::table("default", value, self.providers, notes)?;
        let name = table.get("provider")?.as_str()?.to_owned();
        match self.main.services.iter().any(|(taken, _)| *taken == name) {
            true => {
                notes.add(at, format!("the service without a name: there is one called `{name}` already"));
                None
            }
            false => Some((name, table)),
        }
    }

    /// Services are a map, or a vector of pairs where their order matters.
    fn services(&mut self, value: Value, notes: &mut Notes<'_>) {
        let at = value.at.start;
        let pairs = match value.form {
            Form::Map(pairs) => pairs,
            Form::Vector(values) => pairs(values),
            _ => vec![],
        };
        if pairs.is_empty() {
            notes.add(at, "`services`: expected a map of services");
        }
        for (key, value) in pairs {
            let at = key.at.start;
            let Some((name, table)) = self.service(&key, value, notes) else { continue };
            match self.main.services.iter().any(|(taken, _)| *taken == name) {
                true => notes.add(at, format!("the service `{name}` is there twice")),
                false => self.main.services.push((name, table)),
            }
        }
    }

    fn service_file(&mut self, services: Vec<(Value, Value)>, notes: &mut Notes<'_>) {
        for (key, value) in services {
            let at = key.at.start;
            let Some((name, table)) = self.service(&key, value, notes) else { continue };
            let file = NewFile::service(&name, table);
            match self.files.iter().any(|other| other.name == file.name) {
                true => notes.add(at, format!("another file has a service `{name}`")),
                false => self.files.push(file),
            }
        }
    }

    fn service(&mut self, key: &Value, value: Value, notes: &mut Notes<'_>) -> Option<(String, Table)> {
        let Some(name) = key.name() else {
            notes.add(key.at.start, format!("a service has a name, not {}", key.kind()));
            return None;
        };
        match ServiceName::new(name) {
            Ok(name) => {
                let table = service::table(name.as_str(), value, self.providers, notes)?;
                Some((name.to_string(), table))
            }
            Err(error) => {
                notes.add(key.at.start, format!("the service `{name}`: {error}"));
                None
            }
        }
    }

    fn finish(mut self) -> Import {
        let known: Vec<&str> = (self.main.services.iter().map(|(name, _)| name.as_str()))
            .chain(self.files.iter().filter_map(NewFile::service_name))
            .collect();
        // Without a word, Pallet took the first; here, several without a default are an error.
        let first = self.main.services.first().map(|(name, _)| name.clone()).filter(|_| known.len() > 1);
        let given = self.main.default_service.take().map(|(name, _)| name);
        let default =
            given.filter(|name| known.contains(&name.as_str())).or(self.main.unnamed.take()).or(first);
        let mut table = Table::new();
        if let Some(name) = default {
            table.insert("default-service".to_owned(), name.into());
        }
        if !self.main.admin.is_empty() {
            table.insert("admin-user".to_owned(), self.main.admin.into());
        }
        if !self.main.services.is_empty() {
            let services: Table =
                self.main.services.into_iter().map(|(name, table)| (name, table.into())).collect();
            table.insert("services".to_owned(), services.into());
        }
        if !table.is_empty() {
            self.files.insert(0, NewFile::main(table));
        }
        Import { files: self.files, notes: self.notes }
    }
}

/// Pairs as `[[:a {}] [:b {}]]` or `[:a {} :b {}]`.
fn pairs(values: Vec<Value>) -> Vec<(Value, Value)> {
    let mut flat = values.into_iter().flat_map(|value| match value.form {
        Form::Vector(pair) if pair.len() == 2 => pair,
        form => vec![Value { form, at: value.at }],
    });
    let mut pairs = Vec::new();
    while let (Some(key), Some(value)) = (flat.next(), flat.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn is_call(words: &[Value], of: &[&str]) -> bool {
    let Some(Value { form: Form::Symbol(name), .. }) = words.first() else { return false };
    // `pallet.configure/defpallet` is the same one.
    of.contains(&name.rsplit('/').next().unwrap_or(name))
}

fn named(value: &Value, what: &str, notes: &mut Notes<'_>) -> Option<(String, usize)> {
    let name = value.name().map(|name| (name.to_owned(), value.at.start));
    if name.is_none() {
        notes.add(value.at.start, format!("expected the name of {what}, found {}", value.kind()));
    }
    name
}

/// Returns a key for a message.
fn shown(key: &Value) -> String {
    key.name().map_or_else(|| key.kind().to_owned(), |name| format!("`{name}`"))
}

/// Returns an error about a whole file.
fn at_file(message: &str, path: &Path) -> InputError {
    InputError::new(message).at(Excerpt::place(path.display().to_string()))
}
