//! VMFest's `*.meta` files: a map from ids to maps of attributes, in EDN.
//!
//! They were made for another program, so attributes that mean nothing here are left out, and that is told.

use super::edn::{self, Value};
use super::library::Entry;
use super::read::KEYS;
use super::tables::position;
use pallet::options::{OptionValue, Options};
use std::path::Path;

/// Returns the definitions of a file, or why it is none.
pub(super) fn entries(text: &str, path: &Path) -> Result<Vec<Entry>, String> {
    let value = edn::read(text).map_err(|mistake| {
        let (line, column) = position(text, mistake.at);
        format!("line {line}, column {column}: {mistake}")
    })?;
    let Value::Map(models) = value else {
        return Err("it is no map of image models".to_owned());
    };
    Ok(models.into_iter().filter_map(|(id, model)| Some(entry(name(&id)?, model, path))).collect())
}

fn entry(id: String, model: Value, path: &Path) -> Entry {
    let (mut notes, place) = (Vec::new(), path.display().to_string());
    let options = match model {
        Value::Map(attributes) => Ok(options(&id, attributes, path, &mut notes)),
        _ => Err(format!("`{id}` is no map of attributes")),
    };
    Entry { id, place, options, notes }
}

fn options(id: &str, attributes: Vec<(Value, Value)>, path: &Path, notes: &mut Vec<String>) -> Options {
    let mut options = Options::new(format!("image `{id}`"), Some(path.to_owned()));
    for (key, value) in attributes {
        let key = name(&key).unwrap_or_default();
        match option(value) {
            _ if !KEYS.contains(&key.as_str()) => notes.push(format!("`{key}` means nothing here")),
            Some(value) => options.set(key, value, path.display().to_string()),
            None => {}
        }
    }
    options
}

/// Keywords, texts and symbols name things.
fn name(value: &Value) -> Option<String> {
    match value {
        Value::Keyword(name) | Value::Text(name) | Value::Symbol(name) => Some(name.clone()),
        _ => None,
    }
}

/// An option that is nil is one that is not given. Lists and maps are no values of any key that is known.
fn option(value: Value) -> Option<OptionValue> {
    match value {
        Value::Nil => None,
        Value::Bool(flag) => Some(OptionValue::Bool(flag)),
        Value::Integer(number) => Some(OptionValue::Integer(number)),
        Value::Float(number) => Some(OptionValue::Float(number)),
        Value::Text(text) | Value::Keyword(text) | Value::Symbol(text) => Some(OptionValue::String(text)),
        Value::List(_) | Value::Map(_) => Some(OptionValue::List(vec![])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_texts_and_what_means_nothing_is_told() {
        let text = "{:a {:os-family :debian :uuid \"x\" :packager :apt, :username nil}, 1 2, :b 3}";
        let found = entries(text, "/m/a.meta".as_ref()).expect("EDN");
        let [a, b] = &found[..] else { panic!("two models") };
        let options = a.options.as_ref().expect("options");
        assert_eq!(options.string("os-family"), Ok(Some("debian".to_owned())));
        assert!(!options.contains("username"));
        assert_eq!(a.notes, ["`packager` means nothing here"]);
        assert_eq!(b.options.as_ref().expect_err("no map"), "`b` is no map of attributes");
    }

    #[test]
    fn what_is_no_map_is_no_file_of_models() {
        let refused = |text: &str| entries(text, "a.meta".as_ref()).err();
        assert_eq!(refused("[1]").as_deref(), Some("it is no map of image models"));
        assert_eq!(refused("{:a\n  @x}").as_deref(), Some("line 2, column 3: this is code, not data"));
    }
}
