//! Image models: the disks that nodes start from, and how one of them is chosen.

use crate::machine::MediumId;
use pallet::Secret;
use pallet::compute::ComputeError;
use pallet::facts::{OsFamily, Version};
use pallet::name::did_you_mean;
use pallet::options::{OptionError, Options};
use pallet::spec::{Image, ImageDefinition, ImageMatch, Login};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An image model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    /// What is written down with a node: the model's id, or the path of a disk that no service knows.
    pub(crate) name: String,
    pub(crate) disk: Disk,
    /// VirtualBox's id of the guest system.
    pub(crate) os_type: String,
    /// The account that exists in the image.
    pub(crate) login: Option<Login>,
    os_family: Option<OsFamily>,
    os_version: Option<String>,
    os_64_bit: Option<bool>,
}

/// Where the disk of a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disk {
    /// A file on the host.
    File(PathBuf),
    /// A disk that VirtualBox knows already.
    Known(MediumId),
}

impl Disk {
    fn parse(text: &str, folder: Option<&Path>) -> Disk {
        match (MediumId::parse(text), folder) {
            (Some(id), _) => Disk::Known(id),
            (None, Some(folder)) => Disk::File(folder.join(text)),
            (None, None) => Disk::File(text.into()),
        }
    }

    /// Returns the disk as VBoxManage wants it named.
    pub(crate) fn argument(&self) -> String {
        match self {
            Disk::File(path) => path.display().to_string(),
            Disk::Known(id) => id.to_string(),
        }
    }
}

/// The models of one service by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Models(BTreeMap<String, Model>);

impl Models {
    /// Reads the table of models. Relative paths belong to `folder`, or to the folder of the configuration.
    pub(crate) fn read(table: Option<&Options>, folder: Option<&Path>) -> Result<Models, OptionError> {
        let mut models = BTreeMap::new();
        for id in table.iter().flat_map(|table| table.keys()) {
            if let Some(options) = table.and_then(|table| table.table(id).transpose()).transpose()? {
                models.insert(id.to_owned(), Model::read(id, &options, folder)?);
            }
        }
        Ok(Models(models))
    }

    /// Returns all models.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Model> {
        self.0.values()
    }

    /// Returns the model of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Model> {
        self.0.get(id)
    }

    /// Returns the model that a node is to be made from.
    pub(crate) fn select(&self, wanted: Option<&Image>) -> Result<Model, ComputeError> {
        match wanted {
            None => Err(self.unknown("the node spec names no image".to_owned(), None)),
            Some(Image::Id(id)) => match self.0.get(id) {
                Some(model) => Ok(model.clone()),
                None => Err(self.unknown(format!("no image model `{id}`"), Some(id))),
            },
            Some(Image::Matching(wanted)) => match self.best(wanted) {
                Some(model) => Ok(model.clone()),
                None => Err(self.unknown(format!("no image model is {wanted}"), None)),
            },
            Some(Image::Definition(definition)) => Ok(Model::define(definition)),
        }
    }

    /// Returns the model with the newest system of those that match; of equal ones a 64-bit one, then the first by id.
    fn best(&self, wanted: &ImageMatch) -> Option<&Model> {
        let version = |model: &Model| Version::parse(model.os_version.as_deref().unwrap_or_default());
        self.0
            .values()
            .filter(|model| model.matches(wanted))
            .min_by_key(|model| (Reverse(version(model)), Reverse(model.os_64_bit), model.name.clone()))
    }

    fn unknown(&self, message: String, given: Option<&str>) -> ComputeError {
        let ids = || self.0.keys().map(String::as_str);
        let hint = match given.and_then(|given| did_you_mean(given, ids())) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.0.is_empty() => {
                "the service has no image models; add one to its option `images`".to_owned()
            }
            None => format!("image models: {}", ids().collect::<Vec<_>>().join(", ")),
        };
        ComputeError::input(message).hint(hint)
    }
}

impl Model {
    fn read(id: &str, options: &Options, folder: Option<&Path>) -> Result<Model, OptionError> {
        let os_family = options
            .string("os-family")?
            .map(|text| text.parse().map_err(|error| options.invalid("os-family", error)))
            .transpose()?;
        let os_64_bit = options.bool("os-64-bit")?;
        // The description is for people who read the configuration.
        options.string("description")?;
        let model = Model {
            name: id.to_owned(),
            disk: read_disk(options, folder)?,
            os_type: either(options, "os-type", "os-type-id")?
                .unwrap_or_else(|| default_os_type(os_family, os_64_bit)),
            login: read_login(options)?,
            os_family,
            os_version: options.string("os-version")?,
            os_64_bit,
        };
        options.finish()?;
        Ok(model)
    }

    fn define(definition: &ImageDefinition) -> Model {
        let path = definition.path.display().to_string();
        let default = || default_os_type(definition.os_family, definition.os_64_bit);
        Model {
            disk: Disk::parse(&path, None),
            name: path,
            os_type: definition.os_type.clone().unwrap_or_else(default),
            login: definition.login.clone(),
            os_family: definition.os_family,
            os_version: definition.os_version.clone(),
            os_64_bit: definition.os_64_bit,
        }
    }

    /// A condition on something that the model does not say is not met.
    fn matches(&self, wanted: &ImageMatch) -> bool {
        let ImageMatch { os_family, os_version, os_64_bit } = wanted;
        os_family.is_none_or(|family| self.os_family.is_some_and(|own| own.is(family)))
            && os_version.as_ref().is_none_or(|condition| {
                self.os_version.as_deref().is_some_and(|own| condition.matches(&Version::parse(own)))
            })
            && os_64_bit.is_none_or(|wide| self.os_64_bit == Some(wide))
    }
}

fn either(options: &Options, key: &str, old: &str) -> Result<Option<String>, OptionError> {
    let (new, old) = (options.string(key)?, options.string(old)?);
    Ok(new.or(old))
}

fn read_disk(options: &Options, folder: Option<&Path>) -> Result<Disk, OptionError> {
    let key = if options.contains("path") { "path" } else { "uuid" };
    let text = either(options, "path", "uuid")?.ok_or_else(|| options.missing("path"))?;
    match (Disk::parse(&text, folder), folder) {
        // Without a folder of models, a path belongs to the configuration that holds it.
        (Disk::File(_), None) => Ok(Disk::File(options.path(key)?.unwrap_or_default())),
        (disk, _) => Ok(disk),
    }
}

fn read_login(options: &Options) -> Result<Option<Login>, OptionError> {
    let secret = |key| Ok(options.string(key)?.map(Secret::new));
    let login = Login {
        password: secret("password")?,
        sudo_password: secret("sudo-password")?,
        no_sudo: options.bool("no-sudo")?.unwrap_or(false),
        private_key_path: options.path("private-key-path")?,
        private_key: secret("private-key")?,
        passphrase: secret("passphrase")?,
        username: String::new(),
    };
    match options.string("username")? {
        Some(username) => Ok(Some(Login { username, ..login })),
        None if login == Login::default() => Ok(None),
        None => Err(options.missing("username")),
    }
}

/// VirtualBox only tunes the machine by it; what it cannot do without is to know 64-bit from 32-bit.
fn default_os_type(family: Option<OsFamily>, wide: Option<bool>) -> String {
    let system = match family {
        Some(family) if family.is(OsFamily::Ubuntu) => "Ubuntu",
        Some(family) if family.is(OsFamily::DebianBase) => "Debian",
        Some(family) if family.is(OsFamily::Fedora) => "Fedora",
        Some(family) if family.is(OsFamily::RhBase) => "RedHat",
        Some(family) if family.is(OsFamily::SuseBase) => "OpenSUSE",
        Some(family) if family.is(OsFamily::ArchBase) => "ArchLinux",
        Some(family) if family.is(OsFamily::GentooBase) => "Gentoo",
        _ => "Linux",
    };
    format!("{system}{}", if wide == Some(false) { "" } else { "_64" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::facts::VersionReq;
    use pallet::options::OptionValue;

    fn table(images: &[(&str, &[(&str, &str)])]) -> Options {
        let mut table = Options::new("images", Some("/etc/pallet/pallet.toml".into()));
        for (id, values) in images {
            let mut image = Options::new(format!("image `{id}`"), Some("/etc/pallet/pallet.toml".into()));
            for (key, value) in *values {
                image.set(*key, *value, "");
            }
            table.set(*id, OptionValue::Table(image), "");
        }
        table
    }

    fn models() -> Models {
        let table = table(&[
            ("debian-11", &[("path", "d11.vdi"), ("os-family", "debian"), ("os-version", "11")]),
            ("debian-12", &[("path", "d12.vdi"), ("os-family", "debian"), ("os-version", "12")]),
            ("debian-12b", &[("path", "d12b.vdi"), ("os-family", "debian"), ("os-version", "12")]),
            ("ubuntu", &[("path", "u.vdi"), ("os-family", "ubuntu"), ("os-version", "22.04")]),
            ("bare", &[("uuid", "64a43b38-92a2-4fd0-87c9-a24f2b4707b2")]),
        ]);
        Models::read(Some(&table), None).expect("models")
    }

    fn chosen(wanted: ImageMatch) -> Option<String> {
        models().select(Some(&wanted.into())).ok().map(|model| model.name)
    }

    #[test]
    fn the_newest_match_is_chosen_and_a_tie_goes_to_the_first_id() {
        let family = |family| ImageMatch { os_family: Some(family), ..ImageMatch::default() };
        assert_eq!(chosen(family(OsFamily::Debian)).as_deref(), Some("debian-12"));
        assert_eq!(chosen(family(OsFamily::DebianBase)).as_deref(), Some("ubuntu"));
        assert_eq!(chosen(family(OsFamily::RhBase)), None);
        let old = VersionReq::parse("< 12").expect("a condition");
        assert_eq!(
            chosen(ImageMatch { os_version: Some(old), ..ImageMatch::default() }).as_deref(),
            Some("debian-11")
        );
        assert_eq!(chosen(ImageMatch { os_64_bit: Some(true), ..ImageMatch::default() }), None);
    }

    #[test]
    fn an_unknown_id_names_the_nearest() {
        let error = models().select(Some(&"debian12".into())).expect_err("no such model");
        assert_eq!(error.to_string(), "no image model `debian12`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `debian-12`?"));
        let error = models().select(None).expect_err("no image named");
        assert!(error.hint.is_some_and(|hint| hint.contains("debian-11, debian-12")));
    }

    #[test]
    fn a_path_belongs_to_the_folder_of_models_or_to_the_configuration() {
        let disk = |models: Models, id| models.get(id).map(|model| model.disk.argument());
        assert_eq!(disk(models(), "ubuntu").as_deref(), Some("/etc/pallet/u.vdi"));
        assert_eq!(disk(models(), "bare").as_deref(), Some("64a43b38-92a2-4fd0-87c9-a24f2b4707b2"));
        let table = table(&[("a", &[("path", "a.vdi")]), ("b", &[("path", "/srv/b.vdi")])]);
        let models = Models::read(Some(&table), Some("/models".as_ref())).expect("models");
        assert_eq!(disk(models.clone(), "a").as_deref(), Some("/models/a.vdi"));
        assert_eq!(disk(models, "b").as_deref(), Some("/srv/b.vdi"));
    }

    #[test]
    fn a_model_needs_a_disk_and_a_login_needs_a_user() {
        let read = |values: &[(&str, &str)]| {
            Models::read(Some(&table(&[("x", values)])), None).expect_err("a mistake").message
        };
        assert_eq!(read(&[]), "image `x` needs the option `path`");
        assert_eq!(read(&[("path", "x"), ("password", "y")]), "image `x` needs the option `username`");
        assert_eq!(read(&[("path", "x"), ("os-typ", "y")]), "unknown option `os-typ` of image `x`");
        assert!(read(&[("path", "x"), ("os-family", "y")]).contains("invalid OS family \"y\""));
    }

    #[test]
    fn the_guest_system_follows_from_the_family() {
        let os_type = |id: &str| models().get(id).map(|model| model.os_type.clone());
        assert_eq!(os_type("debian-12").as_deref(), Some("Debian_64"));
        assert_eq!(os_type("bare").as_deref(), Some("Linux_64"));
        assert_eq!(default_os_type(Some(OsFamily::Rocky), Some(false)), "RedHat");
    }

    #[test]
    fn a_definition_is_a_model_of_its_own() {
        let definition = ImageDefinition { path: "/srv/x.vdi".into(), ..ImageDefinition::default() };
        let model = Models::default().select(Some(&definition.into())).expect("a model");
        assert_eq!((model.name.as_str(), model.os_type.as_str()), ("/srv/x.vdi", "Linux_64"));
    }
}
