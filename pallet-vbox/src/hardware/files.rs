//! Hardware models in files: one file with a table of models, or a folder with a file for each model.

use pallet::options::{OptionError, OptionValue, Options};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Reads a file of hardware models by name.
///
/// # Errors
///
/// When it cannot be read, or is no TOML.
pub(crate) fn read_file(path: &Path) -> Result<Options, OptionError> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    parse(path, &text, "hardware models")
}

/// Reads a folder of hardware models: each file `NAME.toml` is the model `NAME`. A folder that does not exist is empty.
///
/// # Errors
///
/// When it, or a file in it, cannot be read or is no TOML.
pub(crate) fn read_folder(folder: &Path) -> Result<Options, OptionError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Options::default()),
        other => other.map_err(|error| unreadable(folder, &error))?,
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        files.push(entry.map_err(|error| unreadable(folder, &error))?.path());
    }
    let mut models = Options::new("hardware models", None);
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let model = parse(path, &text, &format!("hardware model `{name}`"))?;
        models.set(name, OptionValue::Table(model), format!("{}:1:1", path.display()));
    }
    Ok(models)
}

fn parse(path: &Path, text: &str, owner: &str) -> Result<Options, OptionError> {
    let file = File { path, text };
    let table = DeTable::parse(text).map_err(|error| OptionError {
        place: file.place(error.span().map_or(0, |span| span.start)),
        message: error.message().split_whitespace().collect::<Vec<_>>().join(" "),
        hint: None,
    })?;
    file.options(table.get_ref(), owner)
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn options(&self, table: &DeTable<'_>, owner: &str) -> Result<Options, OptionError> {
        let mut options = Options::new(owner, Some(self.path.into()));
        for (key, value) in table {
            let place = self.place(key.span().start);
            let owner = format!("`{}` of {owner}", key.get_ref());
            options.set(key.get_ref().as_ref(), self.value(value.get_ref(), &owner, &place)?, place);
        }
        Ok(options)
    }

    fn value(&self, value: &DeValue<'_>, owner: &str, place: &str) -> Result<OptionValue, OptionError> {
        let odd = || OptionError {
            place: place.to_owned(),
            message: format!("{owner}: no hardware setting is of this kind"),
            hint: None,
        };
        Ok(match value {
            DeValue::String(text) => OptionValue::String(text.to_string()),
            DeValue::Boolean(flag) => OptionValue::Bool(*flag),
            DeValue::Integer(number) => {
                OptionValue::Integer(i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| odd())?)
            }
            DeValue::Float(number) => OptionValue::Float(number.as_str().parse().map_err(|_| odd())?),
            DeValue::Datetime(_) => return Err(odd()),
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.value(item.get_ref(), owner, place));
                OptionValue::List(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => OptionValue::Table(self.options(table, owner)?),
        })
    }

    fn place(&self, offset: usize) -> String {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        format!("{}:{line}:{column}", self.path.display())
    }
}

fn unreadable(path: &Path, error: &io::Error) -> OptionError {
    OptionError {
        place: path.display().to_string(),
        message: format!("cannot read the hardware models: {error}"),
        hint: Some("see `hardware-models-file` and `hardware-model-path` of the service".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_knows_its_line() {
        let text = "[db]\nmemory-size = 4_096\n'io-apic-enabled?' = true\nstorage = [{ name = 'S', bus = 'sata' }]\n";
        let models = parse(Path::new("/etc/hw.toml"), text, "hardware models").expect("models");
        let db = models.table("db").expect("a table").expect("given");
        assert_eq!(db.integer::<u32>("memory-size"), Ok(Some(4096)));
        assert_eq!(db.bool("io-apic-enabled?"), Ok(Some(true)));
        assert_eq!(db.tables("storage").expect("a list").len(), 1);
        assert_eq!(db.place("memory-size"), "/etc/hw.toml:2:1");
        let error = parse(Path::new("/etc/hw.toml"), "[db]\nmemory =\n", "x").expect_err("no TOML");
        assert!(error.place.starts_with("/etc/hw.toml:2:"), "{error}");
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_models() {
        assert_eq!(read_folder(Path::new("/nonexistent/models")), Ok(Options::default()));
        assert!(read_file(Path::new("/nonexistent/models.toml")).is_err());
    }
}
