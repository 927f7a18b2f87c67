//! One definition of a model: its keys, the same wherever it is written.

use super::{Added, Disk, Model};
use crate::hardware::Layer;
use pallet::Secret;
use pallet::facts::OsFamily;
use pallet::options::{OptionError, Options};
use pallet::spec::{ImageDefinition, Login};
use std::path::Path;

/// All keys. VMFest's meta files have more, which mean nothing here.
pub(super) const KEYS: &[&str] = &[
    "attach",
    "boot-mount-point",
    "bridged-interface",
    "cloud-init",
    "description",
    "disk-sha256",
    "hardware",
    "local-interface",
    "nat-rules",
    "network-type",
    "no-sudo",
    "origin",
    "os-64-bit",
    "os-family",
    "os-type",
    "os-type-id",
    "os-version",
    "passphrase",
    "password",
    "path",
    "private-key",
    "private-key-path",
    "public-key-path",
    "storage",
    "sudo-password",
    "username",
    "uuid",
];

impl Model {
    /// Reads a definition. A relative path belongs to `folder`, or to the folder of the file that the options stand in.
    pub(super) fn read(id: &str, options: &Options, folder: Option<&Path>) -> Result<Model, OptionError> {
        let os_family = parsed(options, "os-family")?;
        let os_64_bit = options.bool("os-64-bit")?;
        let model = Model {
            name: id.to_owned(),
            disk: read_disk(options, folder)?,
            os_type: either(options, "os-type", "os-type-id")?
                .unwrap_or_else(|| default_os_type(os_family, os_64_bit)),
            login: read_login(options)?,
            hardware: Layer::of_image(options)?,
            attach: parsed(options, "attach")?.unwrap_or_default(),
            cloud_init: options.bool("cloud-init")?.unwrap_or(false),
            description: options.string("description")?,
            os_family,
            os_version: options.string("os-version")?,
            os_64_bit,
            added: read_added(options)?,
        };
        options.finish()?;
        if model.cloud_init && model.login.is_some() {
            return Err(options.invalid("cloud-init", "an image that makes the admin user has no `username`"));
        }
        Ok(model)
    }

    /// Returns the model of a definition in the program.
    pub(super) fn define(definition: &ImageDefinition) -> Model {
        let path = definition.path.display().to_string();
        let default = || default_os_type(definition.os_family, definition.os_64_bit);
        Model {
            disk: Disk::parse(&path, None),
            name: path,
            os_type: definition.os_type.clone().unwrap_or_else(default),
            login: definition.login.clone(),
            hardware: Layer::default(),
            attach: definition.attach.unwrap_or_default(),
            cloud_init: definition.cloud_init,
            description: definition.description.clone(),
            os_family: definition.os_family,
            os_version: definition.os_version.clone(),
            os_64_bit: definition.os_64_bit,
            added: None,
        }
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    options: &Options,
    key: &str,
) -> Result<Option<T>, OptionError> {
    let text = options.string(key)?;
    text.map(|text| text.parse().map_err(|error| options.invalid(key, error))).transpose()
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
        public_key_path: options.path("public-key-path")?,
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

/// What [`add`](super::add) wrote beside what it was told.
fn read_added(options: &Options) -> Result<Option<Added>, OptionError> {
    match (options.string("origin")?, options.string("disk-sha256")?) {
        (Some(origin), Some(digest)) => Ok(Some(Added { origin, digest })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(options.missing("disk-sha256")),
        (None, Some(_)) => Err(options.missing("origin")),
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
    use pallet::spec::Attach;

    fn options(values: &[(&str, &str)]) -> Options {
        let mut options = Options::new("image `x`", Some(Path::new("/etc/pallet/pallet.toml").into()));
        for (key, value) in values {
            options.set(*key, *value, "");
        }
        options
    }

    fn read(values: &[(&str, &str)]) -> Result<Model, OptionError> {
        Model::read("x", &options(values), None)
    }

    #[test]
    fn a_path_belongs_to_the_folder_of_models_or_to_the_configuration() {
        let disk = |path, folder: Option<&str>| {
            let model = Model::read("x", &options(&[("path", path)]), folder.map(Path::new));
            model.expect("a model").disk.argument()
        };
        assert_eq!(disk("u.vdi", None), "/etc/pallet/u.vdi");
        assert_eq!(disk("u.vdi", Some("/models")), "/models/u.vdi");
        assert_eq!(disk("/srv/u.vdi", Some("/models")), "/srv/u.vdi");
        let uuid = "64a43b38-92a2-4fd0-87c9-a24f2b4707b2";
        assert_eq!(disk(uuid, None), uuid);
    }

    #[test]
    fn a_model_needs_a_disk_and_a_login_needs_a_user() {
        let refused = |values: &[(&str, &str)]| read(values).expect_err("a mistake").message;
        assert_eq!(refused(&[]), "image `x` needs the option `path`");
        assert_eq!(refused(&[("path", "x"), ("password", "y")]), "image `x` needs the option `username`");
        assert_eq!(refused(&[("path", "x"), ("os-typ", "y")]), "unknown option `os-typ` of image `x`");
        assert!(refused(&[("path", "x"), ("os-family", "y")]).contains("invalid OS family \"y\""));
        assert_eq!(
            refused(&[("path", "x"), ("attach", "copy")]),
            "option `attach` of image `x`: expected one of `multi-attach`, `immutable`, `linked-clone`, `full-copy`"
        );
        assert_eq!(refused(&[("path", "x"), ("origin", "y")]), "image `x` needs the option `disk-sha256`");
        let mut both = options(&[("path", "x"), ("username", "y")]);
        both.set("cloud-init", true, "");
        assert!(Model::read("x", &both, None).is_err());
    }

    #[test]
    fn the_guest_system_follows_from_the_family() {
        let os_type = |values: &[(&str, &str)]| read(values).expect("a model").os_type;
        assert_eq!(os_type(&[("path", "x"), ("os-family", "debian")]), "Debian_64");
        assert_eq!(os_type(&[("path", "x")]), "Linux_64");
        assert_eq!(default_os_type(Some(OsFamily::Rocky), Some(false)), "RedHat");
    }

    #[test]
    fn every_key_is_one_that_is_read() {
        for key in KEYS {
            let mut options = options(&[("path", "x")]);
            options.set(*key, "x", "");
            let message = Model::read("x", &options, None).err().map(|error| error.message);
            assert!(!message.is_some_and(|message| message.contains("unknown option")), "{key}");
        }
    }

    #[test]
    fn a_definition_is_a_model_of_its_own() {
        let definition = ImageDefinition {
            path: "/srv/x.vdi".into(),
            attach: Some(Attach::FullCopy),
            ..ImageDefinition::default()
        };
        let model = Model::define(&definition);
        assert_eq!((model.name.as_str(), model.os_type.as_str()), ("/srv/x.vdi", "Linux_64"));
        assert_eq!(model.attach, Attach::FullCopy);
    }
}
