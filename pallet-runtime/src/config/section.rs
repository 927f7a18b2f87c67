//! A table of a configuration file, read key by key: typed, and with nothing left over.

use super::Located;
use super::source::Source;
use crate::error::{InputError, candidates};
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table of a configuration file.
pub(crate) struct Section<'a> {
    source: &'a Source,
    table: &'a DeTable<'a>,
    /// What the table is, for messages: `[admin-user]`.
    name: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    pub(crate) fn top(source: &'a Source, table: &'a DeTable<'a>) -> Self {
        Section::new(source, table, "the configuration".to_owned())
    }

    pub(crate) fn new(source: &'a Source, table: &'a DeTable<'a>, name: String) -> Self {
        Section { source, table, name, asked: RefCell::default() }
    }

    pub(crate) fn source(&self) -> &'a Source {
        self.source
    }

    pub(crate) fn raw(&self) -> &'a DeTable<'a> {
        self.table
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (Located<String>, &'a Spanned<DeValue<'a>>)> {
        self.table.iter().map(|(key, value)| (self.located(key.get_ref().to_string(), key.span()), value))
    }

    pub(crate) fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    pub(crate) fn text(&self, key: &'static str) -> Result<Option<Located<String>>, InputError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(self.located(text.to_string(), value.span()))),
            other => Err(self.mistyped(key, "a text", other, value.span())),
        }
    }

    pub(crate) fn bool(&self, key: &'static str) -> Result<Option<Located<bool>>, InputError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(Some(self.located(*flag, value.span()))),
            other => Err(self.mistyped(key, "true or false", other, value.span())),
        }
    }

    pub(crate) fn table(&self, key: &'static str) -> Result<Option<Section<'a>>, InputError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(table) => Ok(Some(Section::new(self.source, table, format!("[{key}]")))),
            other => Err(self.mistyped(key, "a table", other, value.span())),
        }
    }

    /// Returns an error about the value of a key.
    pub(crate) fn mistyped(
        &self,
        key: &str,
        wanted: &str,
        found: &DeValue<'_>,
        span: Range<usize>,
    ) -> InputError {
        InputError::new(format!("`{key}` in {}: expected {wanted}, found {}", self.name, kind(found)))
            .at(self.source.excerpt(span))
    }

    pub(crate) fn located<T>(&self, value: T, span: Range<usize>) -> Located<T> {
        Located { value, at: self.source.excerpt(span) }
    }

    /// Refuses keys that nobody asked for.
    pub(crate) fn finish(&self) -> Result<(), InputError> {
        let asked = self.asked.borrow();
        let stranger = self.table.keys().find(|key| !asked.contains(&key.get_ref().as_ref()));
        let Some(key) = stranger else { return Ok(()) };
        Err(InputError::new(format!("unknown key `{}` in {}", key.get_ref(), self.name))
            .at(self.source.excerpt(key.span()))
            .hint(candidates(key.get_ref(), "keys", asked.iter().copied())))
    }
}

pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
