//! The simple settings of a machine: one table of all keys, how their values are read, and what `modifyvm` is told.
//!
//! The names are those of VMFest, without the question mark, and a shorter one where theirs is long. What has a form of
//! its own, such as controllers and adapters, is read elsewhere.

use crate::vboxmanage::Version;
use pallet::options::{OptionError, OptionValue, Options};
use std::fmt;
use std::path::Path;

/// A key of a machine.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Other names it is known by.
    also: &'static [&'static str],
    kind: Kind,
    /// The option of `modifyvm`, without hyphens before it.
    option: &'static str,
}

/// What a value is.
#[derive(Debug)]
enum Kind {
    Flag,
    /// A flag that VirtualBox refuses on some hosts even when it is switched off, which it is anyway.
    FlagOn,
    Number(u64, u64),
    Text,
    /// One of these words, each with VirtualBox's own.
    Word(&'static [(&'static str, &'static str)]),
    /// Devices to boot from, in order.
    BootOrder,
    /// A file that is given by its name in the machine's own folder.
    OwnFile,
    /// A folder below the machine's own.
    OwnFolder,
    File,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    Flag(bool),
    Number(u64),
    Text(String),
    /// VirtualBox's own word.
    Word(&'static str),
    /// VirtualBox's own words.
    Words(Vec<&'static str>),
}

const DIRECTIONS: &[(&str, &str)] = &[
    ("disabled", "disabled"),
    ("host-to-guest", "hosttoguest"),
    ("guest-to-host", "guesttohost"),
    ("bidirectional", "bidirectional"),
];
const FIRMWARE: &[(&str, &str)] =
    &[("bios", "bios"), ("efi", "efi"), ("efi-32", "efi32"), ("efi-64", "efi64")];
const MICE: &[(&str, &str)] = &[
    ("none", "none"),
    ("ps2-mouse", "ps2"),
    ("usb-mouse", "usb"),
    ("usb-tablet", "usbtablet"),
    ("usb-multi-touch", "usbmultitouch"),
];
const KEYBOARDS: &[(&str, &str)] = &[("none", "none"), ("ps2-keyboard", "ps2"), ("usb-keyboard", "usb")];
const CHIPSETS: &[(&str, &str)] = &[("piix3", "piix3"), ("ich9", "ich9")];
const GRAPHICS: &[(&str, &str)] =
    &[("none", "none"), ("vboxvga", "vboxvga"), ("vmsvga", "vmsvga"), ("vboxsvga", "vboxsvga")];
const PARAVIRT: &[(&str, &str)] = &[
    ("none", "none"),
    ("default", "default"),
    ("legacy", "legacy"),
    ("minimal", "minimal"),
    ("hyperv", "hyperv"),
    ("kvm", "kvm"),
];
const SESSIONS: &[(&str, &str)] =
    &[("headless", "headless"), ("gui", "gui"), ("sdl", "sdl"), ("separate", "separate")];
const TPM: &[(&str, &str)] = &[("none", "none"), ("1.2", "1.2"), ("2.0", "2.0"), ("host", "host")];
const USB: &[(&str, &str)] = &[("off", ""), ("ohci", "ohci"), ("ehci", "ehci"), ("xhci", "xhci")];
const BOOT_DEVICES: &[(&str, &str)] = &[
    ("hard-disk", "disk"),
    ("disk", "disk"),
    ("dvd", "dvd"),
    ("floppy", "floppy"),
    ("network", "net"),
    ("null", "none"),
    ("none", "none"),
];

const fn key(name: &'static str, also: &'static [&'static str], kind: Kind, option: &'static str) -> Key {
    Key { name, also, kind, option }
}

/// All keys, in the order in which `modifyvm` is told: what others depend on comes first.
pub(crate) const KEYS: &[Key] = &[
    key("description", &[], Kind::Text, "description"),
    key("os-type-id", &["os-type"], Kind::Text, "os-type"),
    key("hardware-uuid", &[], Kind::Text, "hardware-uuid"),
    key("chipset", &[], Kind::Word(CHIPSETS), "chipset"),
    key("firmware-type", &["firmware"], Kind::Word(FIRMWARE), "firmware"),
    key("tpm-type", &[], Kind::Word(TPM), "tpm-type"),
    key("io-apic-enabled", &["io-apic"], Kind::Flag, "ioapic"),
    key("acpi-enabled", &["acpi"], Kind::Flag, "acpi"),
    key("cpu-count", &["cpus"], Kind::Number(1, 64), "cpus"),
    key("cpu-hot-plug-enabled", &["cpu-hot-plug"], Kind::Flag, "cpu-hotplug"),
    key("cpu-execution-cap", &[], Kind::Number(1, 100), "cpu-execution-cap"),
    key("hpet-enabled", &["hpet"], Kind::Flag, "x86-hpet"),
    key("pae-enabled", &["pae"], Kind::Flag, "x86-pae"),
    key("nested-hw-virt", &["nested"], Kind::Flag, "nested-hw-virt"),
    key("paravirt-provider", &[], Kind::Word(PARAVIRT), "paravirt-provider"),
    key("memory-size", &["memory"], Kind::Number(4, 2_097_152), "memory"),
    key("memory-balloon-size", &["memory-balloon"], Kind::Number(0, 2_097_152), "guest-memory-balloon"),
    key("page-fusion-enabled", &["page-fusion"], Kind::FlagOn, "page-fusion"),
    key("graphics-controller", &[], Kind::Word(GRAPHICS), "graphicscontroller"),
    key("vram-size", &["vram"], Kind::Number(0, 256), "vram"),
    key("monitor-count", &["monitors"], Kind::Number(1, 64), "monitor-count"),
    key("accelerate-3d-enabled", &["accelerate-3d"], Kind::FlagOn, "accelerate-3d"),
    key("accelerate-2d-video-enabled", &["accelerate-2d-video"], Kind::FlagOn, "accelerate-2d-video"),
    key("usb-controller", &["usb"], Kind::Word(USB), "usb"),
    key("pointing-hid-type", &["mouse"], Kind::Word(MICE), "mouse"),
    key("keyboard-hid-type", &["keyboard"], Kind::Word(KEYBOARDS), "keyboard"),
    key("audio-enabled", &["audio"], Kind::Flag, "audio-enabled"),
    key("clipboard-mode", &["clipboard"], Kind::Word(DIRECTIONS), "clipboard-mode"),
    key("drag-and-drop", &[], Kind::Word(DIRECTIONS), "drag-and-drop"),
    key("rtc-use-utc", &["utc-time"], Kind::Flag, "rtc-use-utc"),
    key("boot-order", &[], Kind::BootOrder, "boot"),
    key("io-cache-enabled", &["io-cache"], Kind::Flag, "iocache"),
    key("io-cache-size", &[], Kind::Number(0, 1023), "iocachesize"),
    key("snapshot-folder", &[], Kind::OwnFolder, "snapshot-folder"),
    key("console-file", &[], Kind::OwnFile, "uart-mode1"),
    key("session-type", &[], Kind::Word(SESSIONS), "default-frontend"),
    key("vrde-enabled", &["vrde"], Kind::Flag, "vrde"),
    key("vrde-port", &[], Kind::Number(1, 65535), "vrde-port"),
    key("vrde-address", &[], Kind::Text, "vrde-address"),
    key("teleporter-enabled", &["teleporter"], Kind::Flag, "teleporter"),
    key("teleporter-port", &[], Kind::Number(0, 65535), "teleporter-port"),
    key("teleporter-address", &[], Kind::Text, "teleporter-address"),
    key("teleporter-password-file", &[], Kind::File, "teleporter-password-file"),
];

/// Keys that VMFest had and VirtualBox or pallet has not, with the way out.
const GONE: &[(&str, &str)] = &[
    ("name", "a node is called after its group, with a number; put a text into `description`"),
    ("hardware-version", "VirtualBox has no such setting any more; leave it out"),
    ("guest-property-notification-patters", "VirtualBox has no such setting any more; leave it out"),
    ("guest-property-notification-patterns", "VirtualBox has no such setting any more; leave it out"),
    (
        "teleporter-password",
        "other programs could read it: put it into a file, for `teleporter-password-file`",
    ),
];

/// Returns the key of this name, its own or another.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name || key.also.contains(&name))
}

/// Returns the names of all keys.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

/// Returns the error about a key that was there once, if it is one.
pub(crate) fn gone(options: &Options, given: &str, name: &str) -> Option<OptionError> {
    let (_, way_out) = GONE.iter().find(|(gone, _)| *gone == name)?;
    Some(OptionError { hint: Some((*way_out).to_owned()), ..options.invalid(given, "cannot be set") })
}

impl Key {
    /// Reads the value that was given under `given`.
    pub(crate) fn read(&self, options: &Options, given: &str) -> Result<Setting, OptionError> {
        match &self.kind {
            Kind::Flag | Kind::FlagOn => flag(options, given),
            Kind::Number(least, most) => number(options, given, *least, *most),
            Kind::Text => text(options, given).map(Setting::Text),
            Kind::Word(words) => word(options, given, &text(options, given)?, words).map(Setting::Word),
            Kind::BootOrder => boot_order(options, given),
            Kind::OwnFile | Kind::OwnFolder => own_path(options, given),
            Kind::File => {
                let path = options.path(given)?.unwrap_or_default();
                Ok(Setting::Text(path.display().to_string()))
            }
        }
    }

    /// Returns the arguments of `modifyvm` for a value. `folder` is the machine's own.
    pub(crate) fn arguments(&self, setting: &Setting, folder: &Path, version: Version) -> Vec<String> {
        let option = self.option(version);
        match (&self.kind, setting) {
            (Kind::FlagOn, Setting::Flag(false)) => vec![],
            (_, Setting::Flag(on)) => vec![format!("--{option}={}", if *on { "on" } else { "off" })],
            (_, Setting::Number(number)) => vec![format!("--{option}={number}")],
            (Kind::OwnFile, Setting::Text(name)) => {
                let file = folder.join(name).display().to_string();
                // COM1 with the port and interrupt that every system expects. The second words are arguments of their own.
                ["--uart1", "0x3F8", "4", "--uart-mode1", "file", &file].map(str::to_owned).to_vec()
            }
            (_, Setting::Text(text)) => vec![format!("--{option}={text}")],
            (_, Setting::Word(word)) if self.option == "usb" => usb(word),
            (_, Setting::Word(word)) => vec![format!("--{option}={word}")],
            // All four places are set: what is not said would stay as VirtualBox thinks best for the guest system.
            (_, Setting::Words(words)) => (0..4)
                .map(|at| format!("--{option}{}={}", at + 1, words.get(at).copied().unwrap_or("none")))
                .collect(),
        }
    }

    /// 7.1 gave the options for x86 alone a name of their own, which 7.0 does not know.
    fn option(&self, version: Version) -> &'static str {
        match self.option.strip_prefix("x86-") {
            Some(old) if !version.is_at_least(7, 1) => old,
            _ => self.option,
        }
    }
}

/// Each kind of controller has a switch; one includes those before it.
fn usb(word: &str) -> Vec<String> {
    let kinds = ["ohci", "ehci", "xhci"];
    // The third speaks all speeds by itself.
    let is_on = |kind: &str| match word {
        "xhci" => kind == "xhci",
        "ehci" => kind != "xhci",
        other => kind == other,
    };
    kinds.iter().map(|kind| format!("--usb-{kind}={}", if is_on(kind) { "on" } else { "off" })).collect()
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Flag(flag) => write!(f, "{flag}"),
            Setting::Number(number) => write!(f, "{number}"),
            Setting::Text(text) => f.write_str(text),
            Setting::Word("") => f.write_str("off"),
            Setting::Word(word) => f.write_str(word),
            Setting::Words(words) => f.write_str(&words.join(", ")),
        }
    }
}

fn flag(options: &Options, given: &str) -> Result<Setting, OptionError> {
    Ok(Setting::Flag(options.bool(given)?.unwrap_or(false)))
}

fn number(options: &Options, given: &str, least: u64, most: u64) -> Result<Setting, OptionError> {
    let number = options.integer::<u64>(given)?.unwrap_or(least);
    if (least..=most).contains(&number) {
        return Ok(Setting::Number(number));
    }
    Err(options.invalid(given, format_args!("VirtualBox takes {least} to {most}, not {number}")))
}

fn text(options: &Options, given: &str) -> Result<String, OptionError> {
    Ok(options.string(given)?.unwrap_or_default())
}

/// Returns VirtualBox's word for one of ours; its own words are understood, too.
pub(super) fn word(
    options: &Options,
    given: &str,
    text: &str,
    words: &[(&'static str, &'static str)],
) -> Result<&'static str, OptionError> {
    // Written in Rust, hyphens are underscores.
    let text = text.replace('_', "-");
    let found = words.iter().find(|(ours, theirs)| *ours == text || (*theirs == text && !theirs.is_empty()));
    found.map(|(_, theirs)| *theirs).ok_or_else(|| {
        let ours: Vec<&str> = words.iter().map(|(ours, _)| *ours).collect();
        options.invalid(given, format_args!("`{text}` is none of {}", ours.join(", ")))
    })
}

fn boot_order(options: &Options, given: &str) -> Result<Setting, OptionError> {
    let devices = match options.value(given) {
        Some(OptionValue::String(only)) => vec![only.clone()],
        Some(OptionValue::List(items)) if matches!(items.first(), Some(OptionValue::List(_))) => {
            numbered(items).ok_or_else(|| {
                options.invalid(given, "expected devices, or pairs of a place from 1 to 4 and a device")
            })?
        }
        _ => options.strings(given)?,
    };
    if devices.len() > 4 {
        return Err(options.invalid(given, "a machine has four places to boot from"));
    }
    let words: Result<_, _> =
        devices.iter().map(|device| word(options, given, device, BOOT_DEVICES)).collect();
    words.map(Setting::Words)
}

/// Reads VMFest's form, `[[1, "hard-disk"], [3, "dvd"]]`. What is not said is nothing.
fn numbered(pairs: &[OptionValue]) -> Option<Vec<String>> {
    let mut devices: Vec<String> = Vec::new();
    for pair in pairs {
        let OptionValue::List(pair) = pair else { return None };
        let [OptionValue::Integer(place @ 1..=4), OptionValue::String(device)] = &pair[..] else {
            return None;
        };
        let place = usize::try_from(*place).ok()?;
        if devices.len() < place {
            devices.resize(place, "null".to_owned());
        }
        devices[place - 1].clone_from(device);
    }
    Some(devices)
}

/// All that belongs to a node lies in its folder, so that it goes with the node and no two nodes share it.
fn own_path(options: &Options, given: &str) -> Result<Setting, OptionError> {
    let name = text(options, given)?;
    if !is_own(&name) {
        let why = "expected a name in the node's own folder, without `/` at the beginning and `..`";
        return Err(options.invalid(given, why));
    }
    Ok(Setting::Text(name))
}

/// Tells whether a path stays in the folder it belongs to.
pub(super) fn is_own(name: &str) -> bool {
    use std::path::Component;
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Version = Version { major: 7, minor: 2, patch: 0 };
    const OLD: Version = Version { major: 7, minor: 0, patch: 0 };

    fn arguments(name: &str, value: impl Into<OptionValue>, version: Version) -> Result<String, String> {
        let mut options = Options::new("hardware", None);
        options.set(name, value, "");
        let key = find(name).expect("a key");
        let setting = key.read(&options, name).map_err(|error| error.message)?;
        Ok(key.arguments(&setting, Path::new("/n/web-1"), version).join(" "))
    }

    #[test]
    fn every_key_has_its_own_names() {
        let mut names: Vec<&str> =
            KEYS.iter().flat_map(|key| key.also.iter().copied().chain([key.name])).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(GONE.iter().all(|(gone, _)| find(gone).is_none()));
    }

    #[test]
    fn every_key_is_documented() {
        let docs = include_str!("../../docs/hardware.md");
        for key in KEYS {
            for name in key.also.iter().chain([&key.name]) {
                assert!(docs.contains(&format!("`{name}`")), "`{name}`");
            }
        }
    }

    #[test]
    fn values_become_virtualboxs_own() {
        assert_eq!(arguments("vram", 16, NEW).as_deref(), Ok("--vram=16"));
        assert_eq!(arguments("hpet", true, NEW).as_deref(), Ok("--x86-hpet=on"));
        assert_eq!(arguments("hpet", true, OLD).as_deref(), Ok("--hpet=on"));
        assert_eq!(arguments("page-fusion", false, NEW).as_deref(), Ok(""));
        assert_eq!(
            arguments("usb", "ehci", NEW).as_deref(),
            Ok("--usb-ohci=on --usb-ehci=on --usb-xhci=off")
        );
        assert_eq!(
            arguments("usb", "off", NEW).as_deref(),
            Ok("--usb-ohci=off --usb-ehci=off --usb-xhci=off")
        );
        assert_eq!(
            arguments("boot-order", "network", NEW).as_deref(),
            Ok("--boot1=net --boot2=none --boot3=none --boot4=none")
        );
        let pair = |place, device: &str| OptionValue::List(vec![OptionValue::Integer(place), device.into()]);
        assert_eq!(
            arguments("boot-order", OptionValue::List(vec![pair(3, "dvd"), pair(1, "hard-disk")]), NEW)
                .as_deref(),
            Ok("--boot1=disk --boot2=none --boot3=dvd --boot4=none")
        );
        assert!(arguments("boot-order", OptionValue::List(vec![pair(5, "dvd")]), NEW).is_err());
        assert_eq!(
            arguments("console-file", "console.log", NEW).as_deref(),
            Ok("--uart1 0x3F8 4 --uart-mode1 file /n/web-1/console.log")
        );
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let message = |name: &str, value: OptionValue| arguments(name, value, NEW).expect_err("a mistake");
        assert_eq!(
            message("firmware", "efi-dual".into()),
            "option `firmware` of hardware: `efi-dual` is none of bios, efi, efi-32, efi-64"
        );
        assert!(message("cpus", 65.into()).ends_with("VirtualBox takes 1 to 64, not 65"));
        assert!(message("acpi", 1.into()).ends_with("expected a boolean, found a whole number"));
        for path in ["/var/log/x", "../x", ""] {
            assert!(message("console-file", path.into()).contains("own folder"), "{path:?}");
        }
    }
}
