//! Hardware models, and the machine settings they come to.

use pallet::compute::ComputeError;
use pallet::name::did_you_mean;
use pallet::options::{OptionError, Options};
use pallet::spec::{Hardware, Mib};
use std::collections::BTreeMap;

/// The models that every service has: name, memory in MiB, CPUs. The first is what a node has that asks for none.
const BUILT_IN: &[(&str, u64, u32)] =
    &[("micro", 512, 1), ("small", 1024, 1), ("medium", 2048, 2), ("large", 4096, 4)];

/// VirtualBox's own limits (`list systemproperties`).
const MEMORY: std::ops::RangeInclusive<u64> = 4..=2_097_152;
const CPUS: std::ops::RangeInclusive<u32> = 1..=64;

/// What a hardware model sets. What it does not set stays as in the model below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Model {
    memory: Option<Mib>,
    cpus: Option<u32>,
}

/// The hardware of one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) memory: Mib,
    pub(crate) cpus: u32,
}

/// The models of one service by name.
#[derive(Debug, Clone)]
pub(crate) struct Models(BTreeMap<String, Model>);

impl Models {
    /// Returns the built-in models and those of a table, which win.
    pub(crate) fn read(table: Option<&Options>) -> Result<Models, OptionError> {
        let built_in = BUILT_IN.iter().map(|&(name, memory, cpus)| {
            (name.to_owned(), Model { memory: Some(Mib(memory)), cpus: Some(cpus) })
        });
        let mut models: BTreeMap<String, Model> = built_in.collect();
        for name in table.iter().flat_map(|table| table.keys()) {
            if let Some(settings) = table.and_then(|table| table.table(name).transpose()).transpose()? {
                models.insert(name.to_owned(), Model::read(&settings)?);
            }
        }
        Ok(Models(models))
    }

    /// Returns the hardware of a node: the base model, under the named one, under the node's own values.
    pub(crate) fn resolve(&self, wanted: Option<&Hardware>) -> Result<Machine, ComputeError> {
        let wanted = wanted.cloned().unwrap_or_default();
        let named = wanted.model.as_deref().map(|name| self.named(name)).transpose()?.unwrap_or_default();
        let settings = wanted.settings.as_ref().map(Model::read).transpose()?.unwrap_or_default();
        let (_, memory, cpus) = BUILT_IN[0];
        let machine = Machine {
            memory: wanted.memory.or(settings.memory).or(named.memory).unwrap_or(Mib(memory)),
            cpus: wanted.cpus.or(settings.cpus).or(named.cpus).unwrap_or(cpus),
        };
        machine.check()
    }

    fn named(&self, name: &str) -> Result<Model, ComputeError> {
        let names = || self.0.keys().map(String::as_str);
        self.0.get(name).copied().ok_or_else(|| {
            let hint = match did_you_mean(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("hardware models: {}", names().collect::<Vec<_>>().join(", ")),
            };
            ComputeError::input(format!("no hardware model `{name}`")).hint(hint)
        })
    }
}

impl Model {
    /// Reads a table of settings, and refuses what is none.
    fn read(settings: &Options) -> Result<Model, OptionError> {
        let memory = settings.integer("memory-size")?;
        let cpus = settings.integer("cpu-count")?;
        settings.finish()?;
        Ok(Model { memory: memory.map(Mib), cpus })
    }
}

impl Machine {
    fn check(self) -> Result<Machine, ComputeError> {
        if !MEMORY.contains(&self.memory.0) {
            let (least, most) = MEMORY.into_inner();
            return Err(ComputeError::input(format!(
                "VirtualBox cannot make a machine with {}",
                self.memory
            ))
            .hint(format!("between {least} and {most} MiB")));
        }
        if !CPUS.contains(&self.cpus) {
            let (least, most) = CPUS.into_inner();
            return Err(ComputeError::input(format!(
                "VirtualBox cannot make a machine with {} CPUs",
                self.cpus
            ))
            .hint(format!("between {least} and {most}")));
        }
        Ok(self)
    }

    /// Returns the arguments of `modifyvm` for this hardware.
    pub(crate) fn arguments(self) -> Vec<String> {
        vec![
            format!("--memory={}", self.memory.0),
            format!("--cpus={}", self.cpus),
            // More than one CPU needs it, and 64-bit systems expect it.
            "--ioapic=on".to_owned(),
            // Linux takes the hardware clock for UTC; otherwise the node's time is off by the host's zone at boot.
            "--rtc-use-utc=on".to_owned(),
            // The disk first: nothing of ours has a floppy, and waiting for one costs a second.
            "--boot1=disk".to_owned(),
            "--boot2=dvd".to_owned(),
            "--boot3=none".to_owned(),
            "--boot4=none".to_owned(),
            // A server makes no sound, and a host without sound is a reason not to start.
            "--audio-enabled=off".to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> Models {
        let mut big = Options::new("hardware model `big`", None);
        big.set("memory-size", 8192, "");
        let mut table = Options::new("hardware models", None);
        table.set("big", pallet::options::OptionValue::Table(big), "");
        Models::read(Some(&table)).expect("a table of models")
    }

    fn resolved(wanted: Hardware) -> (u64, u32) {
        let machine = models().resolve(Some(&wanted)).expect("possible hardware");
        (machine.memory.0, machine.cpus)
    }

    #[test]
    fn a_model_lies_over_the_base_and_single_values_over_the_model() {
        let base = models().resolve(None).expect("the base model");
        assert_eq!((base.memory.0, base.cpus), (512, 1));
        assert_eq!(resolved("large".into()), (4096, 4));
        assert_eq!(resolved("big".into()), (8192, 1), "CPUs from the base");
        assert_eq!(resolved(Hardware { memory: Some(Mib(700)), ..Hardware::from("medium") }), (700, 2));
        let mut settings = Options::new("hardware", None);
        settings.set("cpu-count", 3, "");
        assert_eq!(resolved(Hardware { settings: Some(settings), ..Hardware::from("medium") }), (2048, 3));
    }

    #[test]
    fn an_unknown_model_or_setting_is_an_error() {
        let error = models().resolve(Some(&"smal".into())).expect_err("no such model");
        assert_eq!(error.to_string(), "no hardware model `smal`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `small`?"));
        let mut settings = Options::new("hardware", None);
        settings.set("vram", 16, "");
        let wanted = Hardware { settings: Some(settings), ..Hardware::default() };
        let error = models().resolve(Some(&wanted)).expect_err("no such setting");
        assert_eq!(error.to_string(), "unknown option `vram` of hardware");
    }

    #[test]
    fn what_virtualbox_cannot_make_is_refused() {
        for wanted in [
            Hardware { memory: Some(Mib(0)), ..Hardware::default() },
            Hardware { memory: Some(Mib::gib(4096)), ..Hardware::default() },
            Hardware { cpus: Some(0), ..Hardware::default() },
            Hardware { cpus: Some(65), ..Hardware::default() },
        ] {
            assert!(models().resolve(Some(&wanted)).is_err(), "{wanted}");
        }
    }
}
