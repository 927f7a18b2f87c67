//! VMFest's `*.meta` files: a map from ids to maps of attributes, in EDN.
//!
//! They were made for another program, so attributes that mean nothing here are left out, and that is told.

use super::library::Entry;
use super::read::KEYS;
use super::tables::position;
use pallet::options::{OptionValue, Options};
use pallet_edn::{Form, Value};
use std::path::Path;

/// Returns the definitions of a file, or why it is none.
pub(super) fn entries(text: &str, path: &Path) -> Result<Vec<Entry>, String> {
    let value = pallet_edn::read(text).map_err(|mistake| {
        let (line, column) = position(text, mistake.at);
        format!("line {line}, column {column}: {mistake}")
    })?;
    let Form::Map(models) = value.form else {
        return Err("it is no map of image models".to_owned());
    };
    Ok(models.into_iter().filter_map(|(id, model)| Some(entry(id.name()?.to_owned(), model, path))).collect())
}

fn entry(id: String, model: Value, path: &Path) -> Entry {
    let (mut notes, place) = (Vec::new(), path.display().to_string());
    let options = match model.form {
        Form::Map(attributes) => Ok(options(&id, attributes, path, &mut notes)),
        _ => Err(format!("`{id}` is no map of attributes")),
    };
    Entry { id, place, options, notes }
}

fn options(id: &str, attributes: Vec<(Value, Value)>, path: &Path, notes: &mut Vec<String>) -> Options {
    let mut options = Options::new(format!("image `{id}`"), Some(path.into()));
    for (key, value) in attributes {
        let key = key.name().unwrap_or_default().to_owned();
        match option(value, path) {
            _ if !KEYS.contains(&key.as_str()) => notes.push(format!("`{key}` means nothing here")),
            Some(value) => options.set(key, value, path.display().to_string()),
            None => {}
        }
    }
    options
}

/// An option that is nil is one that is not given.
fn option(value: Value, path: &Path) -> Option<OptionValue> {
    match value.form {
        Form::Nil => None,
        Form::Bool(flag) => Some(OptionValue::Bool(flag)),
        Form::Integer(number) => Some(OptionValue::Integer(number)),
        Form::Float(number) => Some(OptionValue::Float(number)),
        Form::Text(text) | Form::Keyword(text) | Form::Symbol(text) => Some(OptionValue::String(text)),
        Form::List(items) | Form::Vector(items) | Form::Set(items) => {
            // In the list of a controller's devices, nil is an empty position.
            let empty = || OptionValue::Table(Options::default());
            Some(OptionValue::List(
                items.into_iter().map(|item| option(item, path).unwrap_or_else(empty)).collect(),
            ))
        }
        Form::Map(pairs) => Some(OptionValue::Table(table(pairs, path))),
        Form::Code(_) => None,
    }
}

fn table(pairs: Vec<(Value, Value)>, path: &Path) -> Options {
    let mut table = Options::new("a map", Some(path.into()));
    for (key, value) in pairs {
        if let (Some(key), Some(value)) = (key.name(), option(value, path)) {
            table.set(key, value, path.display().to_string());
        }
    }
    table
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
    fn an_image_says_what_it_needs_of_the_machine() {
        let text = r#"{:a {:uuid "x" :storage [{:name "S" :bus :sata :devices [nil {:device-type :dvd}]}]
                           :boot-mount-point ["S" 0] :hardware {:memory-size 768}}}"#;
        let [a] = &entries(text, "/m/a.meta".as_ref()).expect("EDN")[..] else { panic!("one model") };
        let options = a.options.as_ref().expect("options");
        let model = super::super::Model::read("a", options, None).expect("a model");
        assert_ne!(model.hardware, crate::hardware::Layer::default());
        assert_eq!(a.notes, [""; 0]);
    }

    #[test]
    fn what_is_no_map_is_no_file_of_models() {
        let refused = |text: &str| entries(text, "a.meta".as_ref()).err();
        assert_eq!(refused("[1]").as_deref(), Some("it is no map of image models"));
        assert_eq!(refused("{:a\n  @x}").as_deref(), Some("line 2, column 3: this is code, not data"));
    }
}
