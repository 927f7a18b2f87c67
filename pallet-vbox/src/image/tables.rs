//! Definitions of models in TOML: a table for each, `[debian-12]`.

use super::library::Entry;
use pallet::options::{OptionValue, Options};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Returns the definitions of a file, or why it is none.
pub(super) fn entries(text: &str, path: &Path) -> Result<Vec<Entry>, String> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = position(text, at);
        format!("line {line}, column {column}: {}", error.message().lines().next().unwrap_or_default())
    })?;
    let file = File { text, path };
    Ok(table.get_ref().iter().map(|(id, value)| file.entry(id, value)).collect())
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl File<'_> {
    fn entry(&self, id: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) -> Entry {
        let name = id.get_ref().to_string();
        let options = match value.get_ref() {
            DeValue::Table(table) => self.options(table, format!("image `{name}`")),
            _ => Err(format!("`{name}` is no table: write `[{name}]` and its keys below")),
        };
        Entry { id: name, place: self.place(id.span().start), options, notes: vec![] }
    }

    fn options(&self, table: &DeTable<'_>, owner: String) -> Result<Options, String> {
        let mut options = Options::new(owner, Some(self.path.into()));
        for (key, value) in table.iter() {
            let found = self.value(key.get_ref(), value.get_ref())?;
            options.set(key.get_ref().as_ref(), found, self.place(key.span().start));
        }
        Ok(options)
    }

    fn value(&self, key: &str, value: &DeValue<'_>) -> Result<OptionValue, String> {
        Ok(match value {
            DeValue::String(text) => OptionValue::String(text.to_string()),
            DeValue::Boolean(flag) => OptionValue::Bool(*flag),
            DeValue::Integer(number) => OptionValue::Integer(
                i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| format!("`{key}` is out of range"))?,
            ),
            DeValue::Float(number) => {
                OptionValue::Float(number.as_str().parse().map_err(|_| format!("`{key}` is no number"))?)
            }
            DeValue::Datetime(_) => return Err(format!("`{key}`: dates are not used; write a text")),
            DeValue::Array(items) => OptionValue::List(
                items.iter().map(|item| self.value(key, item.get_ref())).collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => OptionValue::Table(self.options(table, format!("`{key}`"))?),
        })
    }

    fn place(&self, at: usize) -> String {
        let (line, column) = position(self.text, at);
        format!("{}:{line}:{column}", self.path.display())
    }
}

/// Returns line and column, counted from 1, of the character at this byte.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_model_and_its_values_keep_their_places() {
        let found =
            entries("[a]\npath = 'x'\nos-64-bit = true\n\n[b]\n", "/m/f.toml".as_ref()).expect("TOML");
        let [a, b] = &found[..] else { panic!("two") };
        assert_eq!(
            (a.id.as_str(), a.place.as_str(), b.place.as_str()),
            ("a", "/m/f.toml:1:2", "/m/f.toml:5:2")
        );
        let options = a.options.as_ref().expect("options");
        assert_eq!(options.bool("os-64-bit"), Ok(Some(true)));
        assert_eq!(options.place("os-64-bit"), "/m/f.toml:3:1");
    }

    #[test]
    fn what_is_no_table_is_no_model() {
        let found = entries("a = 1\n", "f".as_ref()).expect("TOML");
        assert_eq!(
            found[0].options.as_ref().expect_err("no table"),
            "`a` is no table: write `[a]` and its keys below"
        );
        assert!(entries("a = \n", "f".as_ref()).is_err());
    }
}
