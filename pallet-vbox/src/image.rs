//! Image models: the disks that nodes start from.
//!
//! A model is defined in the program, in the configuration, or in a file of the host's folder of models, and all three
//! have the same keys. [`read`] reads a definition, [`library`] the folder; [`select`] chooses a model; [`list`], [`add`]
//! and [`remove`] are what a user can do with them.

pub(crate) mod add;
pub(crate) mod catalogue;
pub(crate) mod library;
pub(crate) mod list;
mod meta;
mod read;
pub(crate) mod remove;
mod select;
mod tables;

use crate::hardware::Layer;
use crate::machine::MediumId;
use pallet::facts::OsFamily;
use pallet::options::{OptionError, Options};
use pallet::spec::{Attach, ImageDefinition, Login};
use std::collections::BTreeMap;
use std::fmt;
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
    /// What it needs of the machine.
    pub(crate) hardware: Layer,
    /// How nodes use the disk.
    pub(crate) attach: Attach,
    /// Whether cloud-init in the image makes the admin user.
    pub(crate) cloud_init: bool,
    pub(crate) description: Option<String>,
    pub(crate) os_family: Option<OsFamily>,
    pub(crate) os_version: Option<String>,
    pub(crate) os_64_bit: Option<bool>,
    pub(crate) added: Option<Added>,
}

/// What is known about a model that was added: where its disk came from, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    pub(crate) origin: String,
    /// SHA-256 of the disk in the folder of models.
    pub(crate) digest: String,
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

/// Where a model is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// In the program.
    Code,
    /// In the configuration of the service, at this place if it is known.
    Configuration(String),
    /// In a file of the folder of models.
    File { path: PathBuf, place: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Code => f.pad("code"),
            Source::Configuration(place) if place.is_empty() => f.pad("configuration"),
            Source::Configuration(place) | Source::File { place, .. } => f.pad(place),
        }
    }
}

/// A model, or what is wrong with its definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Defined {
    pub(crate) source: Source,
    pub(crate) model: Result<Model, OptionError>,
    /// What was found odd about it, and does no harm.
    pub(crate) notes: Vec<String>,
}

/// The models of one service by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Models {
    by_id: BTreeMap<String, Defined>,
    /// Files of the folder of models that could not be read, and why.
    pub(crate) unreadable: Vec<(PathBuf, String)>,
}

impl Models {
    /// Returns models that the program defines.
    pub(crate) fn define(definitions: &BTreeMap<String, ImageDefinition>) -> Models {
        let mut models = Models::default();
        for (id, definition) in definitions {
            let model = Ok(Model { name: id.clone(), ..Model::define(definition) });
            models.insert(id, Defined { source: Source::Code, model, notes: vec![] });
        }
        models
    }

    /// Adds the models of a configuration, which win over those that are there. A mistake in one of them is an error:
    /// whoever makes it is sitting in front of it. Relative paths belong to `folder`, or to that of the configuration.
    pub(crate) fn configure(
        mut self,
        table: Option<&Options>,
        folder: Option<&Path>,
    ) -> Result<Models, OptionError> {
        for id in table.iter().flat_map(|table| table.keys()) {
            let Some(table) = table else { continue };
            if let Some(options) = table.table(id)? {
                let model = Ok(Model::read(id, &options, folder)?);
                let source = Source::Configuration(table.place(id).to_owned());
                self.insert(id, Defined { source, model, notes: vec![] });
            }
        }
        Ok(self)
    }

    /// Adds the models of the host's folder, which lose against those that are there.
    pub(crate) fn with_library(mut self, library: &library::Library) -> Models {
        let read = library.definitions();
        self.unreadable = read.unreadable;
        for (id, defined) in read.models {
            match self.by_id.get_mut(&id) {
                Some(first) => first.notes.push(format!("{} defines it too, and loses", defined.source)),
                None => self.insert(&id, defined),
            }
        }
        self
    }

    fn insert(&mut self, id: &str, mut defined: Defined) {
        if let Some(loser) = self.by_id.get(id) {
            defined.notes.push(format!("{} defines it too, and loses", loser.source));
        }
        self.by_id.insert(id.to_owned(), defined);
    }

    /// Returns the model with this id, if there is one that can be used.
    pub(crate) fn get(&self, id: &str) -> Option<&Model> {
        self.by_id.get(id)?.model.as_ref().ok()
    }

    /// Returns all models by id, also those that are defined wrongly.
    pub(crate) fn all(&self) -> &BTreeMap<String, Defined> {
        &self.by_id
    }

    /// Tells whether a path or UUID is the disk of one of the models.
    pub(crate) fn has_disk(&self, text: &str) -> bool {
        let models = self.by_id.values().filter_map(|defined| defined.model.as_ref().ok());
        models.into_iter().any(|model| model.disk.argument() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::options::OptionValue;

    fn table(path: &str) -> Options {
        let mut image = Options::new("image `a`", Some(Path::new("/etc/pallet/pallet.toml").into()));
        image.set("path", path, "");
        let mut table = Options::new("images", None);
        table.set("a", OptionValue::Table(image), "pallet.toml:7:1");
        table
    }

    fn disk(models: &Models) -> String {
        models.get("a").expect("a model").disk.argument()
    }

    #[test]
    fn the_configuration_wins_over_the_program_and_both_over_files() {
        let code = BTreeMap::from([(
            "a".to_owned(),
            ImageDefinition { path: "/code.vdi".into(), ..ImageDefinition::default() },
        )]);
        let library = library::Library::of("/m", &[("a.toml", "[a]\npath = 'file.vdi'\n")]);
        let models = Models::default().with_library(&library);
        assert_eq!(disk(&models), "/m/file.vdi");
        let models = Models::define(&code).with_library(&library);
        assert_eq!(disk(&models), "/code.vdi");
        let models = Models::define(&code).configure(Some(&table("/conf.vdi")), None).expect("models");
        assert_eq!(disk(&models), "/conf.vdi");
        let models = models.with_library(&library);
        let defined = &models.all()["a"];
        assert_eq!(defined.source.to_string(), "pallet.toml:7:1");
        assert_eq!(
            defined.notes,
            ["code defines it too, and loses", "/m/a.toml:1:2 defines it too, and loses"]
        );
    }
}
