//! One layer of hardware: what a model, a node spec or an image says, and nothing more.

use super::keys::{self, Setting};
use super::shares::{self, Share};
use super::storage::{self, Controller, NewDisk};
use crate::network::adapters;
use pallet::options::{OptionError, OptionValue, Options};
use pallet::spec::{Mib, Network};
use std::collections::BTreeMap;

/// What one layer says. What it does not say stays as in the layer below it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layer {
    pub(super) settings: BTreeMap<&'static str, Setting>,
    pub(super) storage: Option<Vec<Controller>>,
    pub(super) boot: Option<(String, u32)>,
    pub(super) data_disks: Option<Vec<NewDisk>>,
    pub(super) dvd: Option<String>,
    pub(super) shares: Option<Vec<Share>>,
    pub(super) network: Option<Network>,
    pub(super) extra: Option<Vec<String>>,
}

/// Keys with a form of their own.
const STRUCTURED: &[&str] = &[
    "storage",
    "boot-mount-point",
    "data-disks",
    "dvd",
    "shared-folders",
    "network",
    "management-adapter",
    "extra-modifyvm",
];

impl Layer {
    /// Reads a table of settings, and refuses what is none.
    pub(crate) fn read(options: &Options) -> Result<Layer, OptionError> {
        let mut layer = Layer::default();
        for given in options.keys() {
            // VMFest's names end in a question mark where the answer is yes or no.
            layer.add(options, given, given.trim_end_matches('?'))?;
        }
        Ok(layer)
    }

    /// Reads what an image says beside its own keys.
    pub(crate) fn of_image(options: &Options) -> Result<Layer, OptionError> {
        let mut layer = match options.table("hardware")? {
            Some(table) => Layer::read(&table)?,
            None => Layer::default(),
        };
        for key in ["storage", "boot-mount-point"] {
            if options.contains(key) {
                layer.add(options, key, key)?;
            }
        }
        if let Some(network) = adapters::named_network(options)? {
            layer.network = Some(network);
        }
        Ok(layer)
    }

    /// Returns the base of all: what a node has that asks for nothing.
    pub(super) fn micro() -> Layer {
        let (_, memory, cpus) = super::BUILT_IN[0];
        let mut layer = Layer::of_size(memory, cpus);
        layer.settings.extend([
            // More than one CPU needs it, and 64-bit systems expect it.
            ("io-apic-enabled", Setting::Flag(true)),
            // Linux takes the hardware clock for UTC; otherwise the node's time is off by the host's zone at boot.
            ("rtc-use-utc", Setting::Flag(true)),
            // The disk first: nothing of ours has a floppy, and waiting for one costs a second.
            ("boot-order", Setting::Words(vec!["disk", "dvd"])),
            // A server makes no sound, and a host without sound is a reason not to start.
            ("audio-enabled", Setting::Flag(false)),
        ]);
        layer
    }

    pub(super) fn of_size(memory: u64, cpus: u64) -> Layer {
        let settings =
            [("memory-size", Setting::Number(memory)), ("cpu-count", Setting::Number(cpus))].into();
        Layer { settings, ..Layer::default() }
    }

    /// Returns this layer laid over another: of each key the upper value, whole.
    pub(crate) fn over(self, base: Layer) -> Layer {
        let mut settings = base.settings;
        settings.extend(self.settings);
        Layer {
            settings,
            // A position is one in the controllers that it was written with.
            boot: if self.storage.is_some() { self.boot } else { self.boot.or(base.boot) },
            storage: self.storage.or(base.storage),
            data_disks: self.data_disks.or(base.data_disks),
            dvd: self.dvd.or(base.dvd),
            shares: self.shares.or(base.shares),
            network: self.network.or(base.network),
            extra: self.extra.or(base.extra),
        }
    }

    pub(super) fn memory(&self) -> Mib {
        match self.settings.get("memory-size") {
            Some(Setting::Number(memory)) => Mib(*memory),
            _ => Mib(0),
        }
    }

    /// Returns the settings for a listing, in the order of the keys.
    pub(super) fn describe(&self) -> Vec<(String, String)> {
        let simple = keys::KEYS
            .iter()
            .filter_map(|key| Some((key.name.to_owned(), self.settings.get(key.name)?.to_string())));
        let names = |controllers: &Vec<Controller>| {
            controllers.iter().map(|controller| controller.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let structured = [
            ("storage", self.storage.as_ref().map(names)),
            ("boot-mount-point", self.boot.as_ref().map(|(name, position)| format!("{name} {position}"))),
            (
                "data-disks",
                self.data_disks.as_ref().map(|disks| {
                    disks.iter().map(|disk| format!("{} MB", disk.size)).collect::<Vec<_>>().join(", ")
                }),
            ),
            ("dvd", self.dvd.clone()),
            (
                "shared-folders",
                self.shares.as_ref().map(|shares| {
                    shares.iter().map(|share| share.name.as_str()).collect::<Vec<_>>().join(", ")
                }),
            ),
            ("network", self.network.as_ref().map(ToString::to_string)),
            ("extra-modifyvm", self.extra.as_ref().map(|arguments| arguments.join(" "))),
        ];
        let structured = structured.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        simple.chain(structured).collect()
    }

    fn add(&mut self, options: &Options, given: &str, name: &str) -> Result<(), OptionError> {
        match name {
            "storage" => self.storage = Some(storage::controllers(options, given)?),
            "boot-mount-point" => self.boot = Some(storage::boot_place(options, given)?),
            "data-disks" => self.data_disks = Some(storage::data_disks(options, given)?),
            "dvd" => self.dvd = Some(dvd(options, given)?),
            "shared-folders" => self.shares = Some(shares::read(&options.tables(given)?)?),
            "network" | "management-adapter" => self.network = adapters::network_of_model(options)?,
            "extra-modifyvm" => self.extra = Some(options.strings(given)?),
            _ => self.add_setting(options, given, name)?,
        }
        Ok(())
    }

    fn add_setting(&mut self, options: &Options, given: &str, name: &str) -> Result<(), OptionError> {
        let Some(key) = keys::find(name) else {
            let known = keys::names().chain(STRUCTURED.iter().copied());
            return Err(keys::gone(options, given, name).unwrap_or_else(|| options.unknown(given, known)));
        };
        match self.settings.insert(key.name, key.read(options, given)?) {
            None => Ok(()),
            Some(_) => Err(options
                .invalid(given, format_args!("given twice, also under another name of `{}`", key.name))),
        }
    }
}

/// A DVD: a file, `additions` for the Guest Additions, or `emptydrive`.
fn dvd(options: &Options, given: &str) -> Result<String, OptionError> {
    match options.value(given) {
        Some(OptionValue::String(word)) if ["additions", "emptydrive"].contains(&word.as_str()) => {
            Ok(word.clone())
        }
        _ => {
            let path = options.path(given)?.unwrap_or_default();
            match path.is_absolute() {
                true => Ok(path.display().to_string()),
                false => Err(options
                    .invalid(given, "expected an absolute path on the host, `additions` or `emptydrive`")),
            }
        }
    }
}
