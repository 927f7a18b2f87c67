//! Hardware: models, how one lies over another, and what a machine comes to.
//!
//! From the bottom: the model `micro`; the model that is named; the node's own settings; its memory and number of CPUs;
//! what its image needs. Of each key the uppermost value counts.

pub(crate) mod files;
mod keys;
mod layer;
mod shares;
mod storage;

pub(crate) use layer::Layer;
pub(crate) use shares::Share;
pub(crate) use storage::{Controller, Device, Layout, NewDisk, Place};

use crate::network::Choice;
use crate::vboxmanage::Version;
use keys::Setting;
use pallet::compute::{ComputeError, HardwareModel};
use pallet::name::did_you_mean;
use pallet::options::{OptionError, Options};
use pallet::spec::{Hardware, Mib};
use std::collections::BTreeMap;
use std::path::Path;

/// The models that every service has: name, memory in MiB, CPUs. The first is what a node has that asks for none.
const BUILT_IN: &[(&str, u64, u64)] =
    &[("micro", 512, 1), ("small", 1024, 1), ("medium", 2048, 2), ("large", 4096, 4)];

/// The hardware of one machine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Machine {
    pub(crate) memory: Mib,
    pub(crate) layout: Layout,
    pub(crate) shares: Vec<Share>,
    /// The guest system, if the hardware says it in place of the image.
    pub(crate) os_type: Option<String>,
    settings: BTreeMap<&'static str, Setting>,
    extra: Vec<String>,
}

/// The models of one service by name.
#[derive(Debug, Clone)]
pub(crate) struct Models(BTreeMap<String, Model>);

#[derive(Debug, Clone)]
struct Model {
    layer: Layer,
    source: String,
}

impl Models {
    /// Returns the built-in models.
    pub(crate) fn built_in() -> Models {
        let built_in = BUILT_IN.iter().map(|&(name, memory, cpus)| {
            let layer = Layer::of_size(memory, cpus);
            (name.to_owned(), Model { layer, source: "built in".to_owned() })
        });
        Models(built_in.collect())
    }

    /// Adds those of a table of models by name, which win.
    pub(crate) fn add(&mut self, table: &Options) -> Result<(), OptionError> {
        for name in table.keys() {
            if let Some(settings) = table.table(name)? {
                let model = Model { layer: Layer::read(&settings)?, source: table.place(name).to_owned() };
                self.0.insert(name.to_owned(), model);
            }
        }
        Ok(())
    }

    /// Returns the layer of the named model and the node's own.
    pub(crate) fn layers(&self, wanted: Option<&Hardware>) -> Result<Layer, ComputeError> {
        let Some(wanted) = wanted else { return Ok(Layer::default()) };
        let named = wanted.model.as_deref().map(|name| self.named(name)).transpose()?.unwrap_or_default();
        let own = match &wanted.settings {
            Some(settings) => Layer::read(&settings.hyphenated())?,
            None => Layer::default(),
        };
        let mut values = Options::new("hardware", None);
        if let Some(memory) = wanted.memory {
            values.set("memory-size", i64::try_from(memory.0).unwrap_or(i64::MAX), "");
        }
        if let Some(cpus) = wanted.cpus {
            values.set("cpu-count", i64::from(cpus), "");
        }
        Ok(Layer::read(&values)?.over(own).over(named))
    }

    /// Returns all models for a listing.
    pub(crate) fn describe(&self) -> Vec<HardwareModel> {
        let describe = |(name, model): (&String, &Model)| HardwareModel {
            name: name.clone(),
            source: model.source.clone(),
            settings: model.layer.clone().over(Layer::micro()).describe(),
        };
        let mut models: Vec<(&String, &Model)> = self.0.iter().collect();
        // By size, as one chooses: the built-in ones read as a ladder.
        models.sort_by_key(|(name, model)| (model.layer.memory(), (*name).clone()));
        models.into_iter().map(describe).collect()
    }

    fn named(&self, name: &str) -> Result<Layer, ComputeError> {
        let names = || self.0.keys().map(String::as_str);
        self.0.get(name).map(|model| model.layer.clone()).ok_or_else(|| {
            let hint = match did_you_mean(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("hardware models: {}", names().collect::<Vec<_>>().join(", ")),
            };
            ComputeError::input(format!("no hardware model `{name}`")).hint(hint)
        })
    }
}

impl Machine {
    /// Returns the machine that a node's layers come to, with what its image needs, and the network they ask for.
    pub(crate) fn resolve(node: Layer, image: Layer) -> Result<(Machine, Choice), ComputeError> {
        let choice = Choice { hardware: node.network.clone(), image: image.network.clone() };
        let Layer { settings, storage, boot, data_disks, dvd, shares, extra, network: _ } =
            image.over(node).over(Layer::micro());
        let controllers = storage.unwrap_or_else(|| vec![Controller::usual()]);
        let layout = Layout::new(controllers, boot, data_disks.unwrap_or_default(), dvd)
            .map_err(|why| ComputeError::input(format!("the hardware does not fit together: {why}")))?;
        let mut machine = Machine {
            memory: Mib(number(&settings, "memory-size").unwrap_or_default()),
            layout,
            shares: shares.unwrap_or_default(),
            os_type: match settings.get("os-type-id") {
                Some(Setting::Text(os_type)) => Some(os_type.clone()),
                _ => None,
            },
            settings,
            extra: extra.unwrap_or_default(),
        };
        if machine.layout.needs_usb() {
            machine.settings.entry("usb-controller").or_insert(Setting::Word("xhci"));
        }
        machine.check()?;
        Ok((machine, choice))
    }

    /// Makes sure that a CD for cloud-init has its place.
    pub(crate) fn reserve_cd(&mut self) -> Result<(), ComputeError> {
        self.layout.reserve_cd().map_err(|why| {
            ComputeError::input(format!("the hardware does not fit together: {why}"))
                .hint("the image makes its admin user with cloud-init, and reads from a CD which that is")
        })
    }

    /// What VirtualBox would only say when the machine starts, or not at all.
    fn check(&self) -> Result<(), ComputeError> {
        let is_off = |key: &str| self.settings.get(key) == Some(&Setting::Flag(false));
        if is_off("io-apic-enabled") && number(&self.settings, "cpu-count").is_some_and(|cpus| cpus > 1) {
            return Err(ComputeError::input("a machine with several CPUs needs an I/O APIC")
                .hint("leave out `io-apic-enabled`, or give the machine one CPU"));
        }
        let balloon = number(&self.settings, "memory-balloon-size").unwrap_or_default();
        if balloon >= self.memory.0 {
            return Err(ComputeError::input(format!(
                "a balloon of {} leaves nothing of {} of memory",
                Mib(balloon),
                self.memory
            ))
            .hint("lower `memory-balloon-size`"));
        }
        Ok(())
    }

    /// Returns the arguments of `modifyvm` for this hardware. `folder` is the machine's own.
    pub(crate) fn arguments(&self, folder: &Path, version: Version) -> Vec<String> {
        let of = |key: &keys::Key| {
            let setting = self.settings.get(key.name)?;
            Some(key.arguments(setting, folder, version))
        };
        keys::KEYS.iter().filter_map(of).flatten().collect()
    }

    /// Returns the arguments that the user wrote. They come after all others, so that they win.
    pub(crate) fn extra_arguments(&self) -> &[String] {
        &self.extra
    }
}

fn number(settings: &BTreeMap<&'static str, Setting>, key: &str) -> Option<u64> {
    match settings.get(key) {
        Some(Setting::Number(number)) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::options::OptionValue;

    fn models() -> Models {
        let mut big = Options::new("hardware model `big`", None);
        big.set("memory-size", 8192, "");
        big.set("vram", 32, "");
        let mut table = Options::new("hardware models", None);
        table.set("big", OptionValue::Table(big), "pallet.toml:3:1");
        let mut models = Models::built_in();
        models.add(&table).expect("a table of models");
        models
    }

    fn resolve(wanted: Option<Hardware>, image: Layer) -> Result<Machine, ComputeError> {
        let layers = models().layers(wanted.as_ref())?;
        Machine::resolve(layers, image).map(|(machine, _)| machine)
    }

    fn resolved(wanted: Hardware) -> (u64, u64) {
        let machine = resolve(Some(wanted), Layer::default()).expect("possible hardware");
        (machine.memory.0, number(&machine.settings, "cpu-count").expect("a number of CPUs"))
    }

    fn arguments(machine: &Machine) -> String {
        let version = Version { major: 7, minor: 2, patch: 0 };
        machine.arguments(Path::new("/n/web-1"), version).join(" ")
    }

    #[test]
    fn a_model_lies_over_the_base_and_single_values_over_the_model() {
        let base = resolve(None, Layer::default()).expect("the base model");
        assert_eq!(
            arguments(&base),
            "--ioapic=on --cpus=1 --memory=512 --audio-enabled=off --rtc-use-utc=on --boot1=disk --boot2=dvd \
             --boot3=none --boot4=none"
        );
        assert_eq!(resolved("large".into()), (4096, 4));
        assert_eq!(resolved("big".into()), (8192, 1), "CPUs from the base");
        assert_eq!(resolved(Hardware { memory: Some(Mib(700)), ..Hardware::from("medium") }), (700, 2));
        assert_eq!(resolved(Hardware::from("medium").setting("cpu_count", 3)), (2048, 3));
        let both =
            Hardware { memory: Some(Mib(700)), ..Hardware::from("medium").setting("memory-size", 800) };
        assert_eq!(resolved(both), (700, 2));
    }

    #[test]
    fn an_image_gets_what_it_needs() {
        let mut needs = Options::new("hardware", None);
        needs.set("firmware", "efi", "");
        let image = Layer::read(&needs).expect("a layer");
        let machine =
            resolve(Some(Hardware::from("small").setting("firmware", "bios")), image).expect("hardware");
        assert!(arguments(&machine).starts_with("--firmware=efi "), "{}", arguments(&machine));
    }

    #[test]
    fn an_unknown_model_or_setting_is_an_error() {
        let error = resolve(Some("smal".into()), Layer::default()).expect_err("no such model");
        assert_eq!(error.to_string(), "no hardware model `smal`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `small`?"));
        let refused = |key: &str| {
            let error = resolve(Some(Hardware::default().setting(key, 16)), Layer::default());
            let error = error.expect_err("no such setting");
            (error.message, error.hint.unwrap_or_default())
        };
        let (message, hint) = refused("vram_szie");
        assert_eq!(message, "unknown option `vram-szie` of hardware");
        assert_eq!(hint, "did you mean `vram-size`?");
        let (message, hint) = refused("hardware_version");
        assert_eq!(message, "option `hardware-version` of hardware: cannot be set");
        assert!(hint.contains("leave it out"));
        let twice = Hardware::default().setting("vram", 16).setting("vram_size", 16);
        let error = resolve(Some(twice), Layer::default()).expect_err("given twice");
        assert!(error.message.contains("given twice"), "{error}");
    }

    #[test]
    fn what_virtualbox_cannot_make_is_refused() {
        for wanted in [
            Hardware { memory: Some(Mib(0)), ..Hardware::default() },
            Hardware { memory: Some(Mib::gib(4096)), ..Hardware::default() },
            Hardware { cpus: Some(0), ..Hardware::default() },
            Hardware { cpus: Some(65), ..Hardware::default() },
            Hardware { cpus: Some(2), ..Hardware::default() }.setting("io-apic", false),
            Hardware::from("small").setting("memory-balloon-size", 1024),
        ] {
            assert!(resolve(Some(wanted.clone()), Layer::default()).is_err(), "{wanted}");
        }
    }

    #[test]
    fn a_listing_shows_what_a_model_comes_to() {
        let listed = models().describe();
        let names: Vec<&str> = listed.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["micro", "small", "medium", "large", "big"]);
        let big = &listed[4];
        assert_eq!(big.source, "pallet.toml:3:1");
        assert!(big.settings.contains(&("vram-size".to_owned(), "32".to_owned())), "{:?}", big.settings);
    }
}
