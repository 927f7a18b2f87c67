//! The compute services of a configuration, as options that their providers read.

use super::secret::names_secret;
use super::section::Section;
use super::source::Source;
use super::{Located, expand};
use crate::error::InputError;
use pallet::name::ServiceName;
use pallet::options::{OptionValue, Options, Place};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The compute services by name.
pub type ServiceTable = BTreeMap<ServiceName, Service>;

/// A compute service as it is configured.
#[derive(Debug, Clone)]
pub struct Service {
    /// The provider, by name or alias.
    pub provider: Located<String>,
    /// All other keys.
    pub options: Options,
}

/// Environment variables, by name.
type Vars = BTreeMap<String, String>;

/// Reads the tables of `[services]`.
pub(crate) fn parse(section: &Section<'_>, vars: &Vars) -> Result<ServiceTable, InputError> {
    section
        .entries()
        .map(|(key, value)| {
            let name = ServiceName::new(key.value.clone())
                .map_err(|error| InputError::new(error.to_string()).at(key.at.clone()))?;
            let DeValue::Table(table) = value.get_ref() else {
                return Err(section.mistyped(&key.value, "a table", value.get_ref(), value.span()));
            };
            let own = Section::new(section.source(), table, format!("[services.{name}]"));
            let service = service(&own, &key, vars)?;
            Ok((name, service))
        })
        .collect()
}

/// Reads one service. `name` is where it got its name: a key, or the name of its file.
pub(crate) fn service(
    section: &Section<'_>,
    name: &Located<String>,
    vars: &Vars,
) -> Result<Service, InputError> {
    let Some(provider) = section.text("provider")? else {
        return Err(InputError::new(format!("service `{}` has no `provider`", name.value))
            .at(name.at.clone())
            .hint("say what kind of service it is, such as `provider = \"node-list\"`"));
    };
    // What a service on another machine needs lies there.
    let is_elsewhere = section.raw().contains_key("host");
    let reader = Reader::new(section.source(), vars, is_elsewhere);
    let owner = format!("service \"{}\"", name.value).into();
    let options = reader.options(section.raw(), &owner, &["provider"])?;
    Ok(Service { provider, options })
}

/// Tells whether a secret is written out in one of these services, such as the password of an image.
pub(crate) fn hold_secret(services: &ServiceTable) -> bool {
    services.values().any(|service| holds_secret(&service.options))
}

fn holds_secret(options: &Options) -> bool {
    options.iter().any(|(key, value)| match value {
        OptionValue::String(_) => names_secret(key),
        OptionValue::Table(table) => holds_secret(table),
        OptionValue::List(items) => {
            items.iter().any(|item| matches!(item, OptionValue::Table(table) if holds_secret(table)))
        }
        _ => false,
    })
}

/// Turns TOML into options. A list of a thousand hosts has the same few names and the same file a thousand times; they are
/// shared.
struct Reader<'a> {
    source: &'a Source,
    shown: Arc<str>,
    path: Arc<Path>,
    vars: &'a Vars,
    is_elsewhere: bool,
    names: RefCell<BTreeSet<Arc<str>>>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source, vars: &'a Vars, is_elsewhere: bool) -> Self {
        let (shown, path) = (source.shown().into(), source.path().into());
        Reader { source, shown, path, vars, is_elsewhere, names: RefCell::default() }
    }

    fn options(&self, table: &DeTable<'_>, owner: &Arc<str>, except: &[&str]) -> Result<Options, InputError> {
        let mut options = Options::new(owner.clone(), Some(self.path.clone()));
        for (key, value) in table.iter().filter(|(key, _)| !except.contains(&key.get_ref().as_ref())) {
            let (line, column) = self.source.position(key.span().start);
            let place = Place::new(self.shown.clone(), line, column);
            let value = self.value(&Key::new(key.get_ref(), owner), value)?;
            options.set(self.name(key.get_ref()), value, place);
        }
        Ok(options)
    }

    fn name(&self, key: &str) -> Arc<str> {
        let mut names = self.names.borrow_mut();
        names.get(key).cloned().unwrap_or_else(|| {
            let name: Arc<str> = key.into();
            names.insert(name.clone());
            name
        })
    }

    fn value(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<OptionValue, InputError> {
        let name = key.name;
        let wrong = |why: String| InputError::new(why).at(self.source.excerpt(value.span()));
        Ok(match value.get_ref() {
            DeValue::String(text) if self.is_elsewhere && key.is_path_there() => {
                OptionValue::String(absolute(name, text).map_err(wrong)?)
            }
            DeValue::String(text) => OptionValue::String(self.text(key, text).map_err(wrong)?),
            DeValue::Integer(number) => {
                let parsed = i64::from_str_radix(number.as_str(), number.radix());
                OptionValue::Integer(parsed.map_err(|_| wrong(format!("`{name}` is out of range")))?)
            }
            DeValue::Float(number) => {
                let parsed = number.as_str().parse();
                OptionValue::Float(parsed.map_err(|_| wrong(format!("`{name}` is no number")))?)
            }
            DeValue::Boolean(flag) => OptionValue::Bool(*flag),
            DeValue::Datetime(_) => return Err(wrong(format!("`{name}`: dates are not used; write a text"))),
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.value(key, item));
                OptionValue::List(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => OptionValue::Table(self.options(table, key.as_owner(), &[])?),
        })
    }

    /// `~/` is a home folder wherever it stands. Variables are replaced only where a path is expected: elsewhere
    /// a `$` may mean itself.
    fn text(&self, key: &Key<'_>, text: &str) -> Result<String, String> {
        let text = if text.starts_with("~/") || key.is_path {
            expand::home(text, self.vars)?
        } else {
            text.to_owned()
        };
        if key.is_path { expand::variables(&text, self.vars) } else { Ok(text) }
    }
}

/// An option that is being read.
struct Key<'a> {
    name: &'a str,
    /// What it belongs to, for messages.
    owner: &'a str,
    is_path: bool,
    as_owner: OnceCell<Arc<str>>,
}

impl<'a> Key<'a> {
    fn new(name: &'a str, owner: &'a str) -> Self {
        Key { name, owner, is_path: names_path(name), as_owner: OnceCell::new() }
    }

    /// Returns what the options of its tables belong to, for messages.
    fn as_owner(&self) -> &Arc<str> {
        self.as_owner.get_or_init(|| format!("`{}` of {}", self.name, self.owner).into())
    }

    /// Tells whether the value is a path on the machine that the service is on.
    ///
    /// What belongs to the program and is kept with it stays here wherever the service is: keys, which are shown to nodes
    /// from here, and files of hardware models, which the specs of the program name as they do those of `pallet.toml`.
    /// What lies in a node's own folder is a path to nobody.
    fn is_path_there(&self) -> bool {
        let is_here =
            ["private-key", "public-key", "hardware-model"].iter().any(|begin| self.name.starts_with(begin));
        let is_of_a_node = ["console-file", "snapshot-folder"].contains(&self.name);
        self.is_path && !is_here && !is_of_a_node
    }
}

/// Neither the folder of the configuration nor our home folder means anything on another machine.
fn absolute(key: &str, text: &str) -> Result<String, String> {
    match text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err(format!("`{key}` of a service with a `host` is a path there, which begins with `/`")),
    }
}

/// Tells from an option's name whether its value is a path.
fn names_path(key: &str) -> bool {
    let last = key.rsplit(['-', '_']).next().unwrap_or(key);
    matches!(last, "path" | "paths" | "file" | "files" | "dir" | "dirs" | "folder" | "root" | "home")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_keep_their_places_and_paths_are_expanded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pallet.toml");
        std::fs::write(
            &path,
            "[lab]\nprovider = \"vbox\"\nmodel-path = \"$W/m\"\nmotd = \"$W\"\nkey = \"~/k\"\n\
             n = 0x1_0\nhosts = [{ name = \"a\" }]\n",
        )
        .expect("written");
        let vars = [("W", "/w"), ("HOME", "/h")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let source = Source::read(&path, folder.path()).expect("readable").expect("there");
        let services = source.parse(|top| parse(top, &vars)).expect("valid");
        let options = &services["lab"].options;
        assert_eq!(options.path("model-path"), Ok(Some("/w/m".into())));
        assert_eq!(options.string("motd"), Ok(Some("$W".to_owned())));
        assert_eq!(options.string("key"), Ok(Some("/h/k".to_owned())));
        assert_eq!(options.integer::<u8>("n"), Ok(Some(16)));
        let hosts = options.tables("hosts").expect("a list");
        assert_eq!(hosts[0].place("name"), "pallet.toml:7:12");
        assert!(options.finish().is_ok());
    }
}
