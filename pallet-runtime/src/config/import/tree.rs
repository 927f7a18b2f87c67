//! What an old file says, as far as a new one can say it: tables, lists and plain values, with the places of their keys.

use super::notes::Notes;
use super::shown;
use crate::config::Source;
use pallet::options::{OptionValue, Options};
use pallet_edn::{Form, Value};
use std::collections::BTreeSet;
use toml::{Table as Toml, Value as TomlValue};

/// A value that TOML has.
pub(super) enum Node {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// Each with the byte that it begins at.
    List(Vec<(usize, Node)>),
    Table(Table),
}

/// A table, in the order of the text.
#[derive(Default)]
pub(super) struct Table(pub(super) Vec<Entry>);

/// A key, the byte that it begins at, and its value.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: usize,
    pub(super) node: Node,
}

impl Node {
    /// Returns a value, or nothing after noting why it is none. `what` is the key that it belongs to.
    pub(super) fn of(value: Value, what: &str, notes: &mut Notes<'_>) -> Option<Node> {
        let kind = value.kind();
        Some(match value.form {
            Form::Bool(flag) => Node::Bool(flag),
            Form::Integer(number) => Node::Integer(number),
            Form::Float(number) => Node::Float(number),
            Form::Text(text) | Form::Keyword(text) => Node::Text(text),
            Form::Vector(items) | Form::Set(items) => Node::List(Node::items(items, what, notes)),
            Form::Map(pairs) => Node::Table(Table::of(pairs, notes)),
            Form::Nil => return None,
            Form::Symbol(_) | Form::List(_) | Form::Code(_) => {
                notes.add(value.at.start, format!("{what}: {kind} is code, which is not evaluated"));
                return None;
            }
        })
    }

    /// In a list, nil is a place that is left empty.
    fn items(items: Vec<Value>, what: &str, notes: &mut Notes<'_>) -> Vec<(usize, Node)> {
        let item = |item: Value| {
            let at = item.at.start;
            match item.form {
                Form::Nil => Some((at, Node::Table(Table::default()))),
                _ => Node::of(item, what, notes).map(|node| (at, node)),
            }
        };
        items.into_iter().filter_map(item).collect()
    }

    fn option(&self, owner: &str, source: &Source) -> OptionValue {
        match self {
            Node::Bool(flag) => OptionValue::Bool(*flag),
            Node::Integer(number) => OptionValue::Integer(*number),
            Node::Float(number) => OptionValue::Float(*number),
            Node::Text(text) => OptionValue::String(text.clone()),
            Node::List(items) => {
                OptionValue::List(items.iter().map(|(_, item)| item.option(owner, source)).collect())
            }
            Node::Table(table) => OptionValue::Table(table.options(owner, source)),
        }
    }

    fn toml(self) -> TomlValue {
        match self {
            Node::Bool(flag) => flag.into(),
            Node::Integer(number) => number.into(),
            Node::Float(number) => number.into(),
            Node::Text(text) => text.into(),
            Node::List(items) => TomlValue::Array(items.into_iter().map(|(_, item)| item.toml()).collect()),
            Node::Table(table) => table.toml().into(),
        }
    }

    /// Removes the key that begins at a byte, and tells whether there was one.
    fn remove(&mut self, at: usize) -> bool {
        match self {
            Node::Table(table) => table.remove(at),
            Node::List(items) => items.iter_mut().any(|(_, item)| item.remove(at)),
            _ => false,
        }
    }
}

impl Table {
    pub(super) fn of(pairs: Vec<(Value, Value)>, notes: &mut Notes<'_>) -> Table {
        let (mut table, mut seen) = (Table::default(), BTreeSet::new());
        for (key, value) in pairs {
            let (at, what) = (key.at.start, shown(&key));
            match key.name() {
                None => notes.add(at, format!("{what} is no name of an option")),
                Some(name) if !seen.insert(name.to_owned()) => {
                    notes.add(at, format!("{what} is there twice"))
                }
                Some(name) => {
                    let node = Node::of(value, &what, notes);
                    table.0.extend(node.map(|node| Entry { key: name.to_owned(), at, node }));
                }
            }
        }
        table
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    /// Returns the entry of a key and takes it out.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let index = self.0.iter().position(|entry| entry.key == key)?;
        Some(self.0.remove(index))
    }

    /// Returns the table as a provider reads it. The place of a key is the byte that it begins at: lines are counted when
    /// there is something to tell.
    pub(super) fn options(&self, owner: &str, source: &Source) -> Options {
        let mut options = Options::new(owner, Some(source.path().into()));
        for entry in &self.0 {
            let inner = format!("`{}` of {owner}", entry.key);
            options.set(entry.key.as_str(), entry.node.option(&inner, source), entry.at.to_string());
        }
        options
    }

    pub(super) fn toml(self) -> Toml {
        self.0.into_iter().map(|entry| (entry.key, entry.node.toml())).collect()
    }

    /// Removes the key that begins at a byte, and tells whether there was one.
    pub(super) fn remove(&mut self, at: usize) -> bool {
        match self.0.iter().position(|entry| entry.at == at) {
            Some(index) => {
                self.0.remove(index);
                true
            }
            None => self.0.iter_mut().any(|entry| entry.node.remove(at)),
        }
    }
}
