//! The disks and drives of a machine: its controllers, what is in their places, and where the node's own disk is.

use super::keys::{is_own, word};
use crate::command::storage::{CD_PORT, CONTROLLER};
use pallet::options::{OptionError, OptionValue, Options};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A controller as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Controller {
    pub(crate) name: String,
    pub(crate) bus: Bus,
    /// VirtualBox's name of the chip.
    pub(crate) chip: &'static str,
    pub(crate) ports: Option<u32>,
    pub(crate) bootable: bool,
    pub(crate) host_io_cache: Option<bool>,
    /// By position; `None` is an empty one.
    devices: Vec<Option<Device>>,
}

/// What a controller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bus {
    Ide,
    Sata,
    Scsi,
    Sas,
    Nvme,
    VirtioScsi,
    Floppy,
    Usb,
}

/// What is in a place of a controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Device {
    /// A disk that exists.
    Disk(String),
    /// A disk that is made for the node, in its own folder.
    New(NewDisk),
    /// A DVD drive with this medium: a file, `emptydrive` or `additions`.
    Dvd(String),
    /// A floppy drive with this medium: a file or `emptydrive`.
    Floppy(String),
}

/// A disk that is made for the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewDisk {
    /// Its name in the node's folder.
    pub(crate) file: String,
    /// In MB.
    pub(crate) size: u64,
    pub(crate) format: &'static str,
    pub(crate) variants: Vec<&'static str>,
}

/// A place that a medium can be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) controller: String,
    pub(crate) port: u32,
    pub(crate) device: u32,
}

/// The storage of a machine, with everything in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// With as many ports as they need.
    pub(crate) controllers: Vec<Controller>,
    /// Where the node's own disk is.
    pub(crate) boot: Place,
    pub(crate) drives: Vec<(Place, Device)>,
}

const CHIPS: &[(Bus, &[(&str, &str)])] = &[
    (Bus::Ide, &[("piix4", "PIIX4"), ("piix3", "PIIX3"), ("ich6", "ICH6")]),
    (Bus::Sata, &[("intel-ahci", "IntelAhci")]),
    (Bus::Scsi, &[("lsi-logic", "LsiLogic"), ("bus-logic", "BusLogic")]),
    (Bus::Sas, &[("lsi-logic-sas", "LSILogicSAS")]),
    (Bus::Nvme, &[("nvme", "NVMe")]),
    (Bus::VirtioScsi, &[("virtio", "VirtIO")]),
    (Bus::Floppy, &[("i82078", "I82078")]),
    (Bus::Usb, &[("usb", "USB")]),
];
const BUSES: &[(&str, Bus)] = &[
    ("ide", Bus::Ide),
    ("sata", Bus::Sata),
    ("scsi", Bus::Scsi),
    ("sas", Bus::Sas),
    ("nvme", Bus::Nvme),
    ("virtio-scsi", Bus::VirtioScsi),
    ("floppy", Bus::Floppy),
    ("usb", Bus::Usb),
];
const FORMATS: &[(&str, &str)] = &[("vdi", "VDI"), ("vmdk", "VMDK"), ("vhd", "VHD")];
const VARIANTS: &[(&str, &str)] = &[
    ("standard", "Standard"),
    ("fixed", "Fixed"),
    ("split-2g", "Split2G"),
    ("stream-optimized", "Stream"),
    ("esx", "ESX"),
];
/// The controller of a machine that asks for none.
const NAME: &str = CONTROLLER;
/// Each port that exists is scanned at boot: one is for the node's disk, three for what may come.
const USUAL_PORTS: u32 = 4;

impl Bus {
    /// Returns the word that `storagectl --add` takes.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Bus::Ide => "ide",
            Bus::Sata => "sata",
            Bus::Scsi => "scsi",
            Bus::Sas => "sas",
            Bus::Nvme => "pcie",
            Bus::VirtioScsi => "virtio",
            Bus::Floppy => "floppy",
            Bus::Usb => "usb",
        }
    }

    /// How many ports there can be, and whether their number can be chosen.
    fn ports(self) -> (u32, bool) {
        match self {
            Bus::Ide => (2, false),
            Bus::Sata => (30, true),
            Bus::Scsi => (16, false),
            Bus::Sas | Bus::Nvme => (255, true),
            Bus::VirtioScsi => (256, true),
            Bus::Floppy => (1, false),
            Bus::Usb => (8, false),
        }
    }

    fn chips(self) -> &'static [(&'static str, &'static str)] {
        CHIPS.iter().find(|(bus, _)| *bus == self).map_or(&[], |(_, chips)| chips)
    }

    fn devices_of_a_port(self) -> u32 {
        if matches!(self, Bus::Ide | Bus::Floppy) { 2 } else { 1 }
    }
}

impl Controller {
    /// Returns the controller of a machine that asks for none.
    pub(crate) fn usual() -> Controller {
        Controller {
            name: NAME.to_owned(),
            bus: Bus::Sata,
            chip: "IntelAhci",
            ports: Some(USUAL_PORTS),
            bootable: true,
            host_io_cache: None,
            devices: vec![],
        }
    }

    fn read(table: &Options) -> Result<Controller, OptionError> {
        let bus = table.string("bus")?.ok_or_else(|| table.missing("bus"))?.replace('_', "-");
        let bus = BUSES.iter().find(|(name, _)| *name == bus).map(|(_, bus)| *bus).ok_or_else(|| {
            let names: Vec<&str> = BUSES.iter().map(|(name, _)| *name).collect();
            table.invalid("bus", format_args!("`{bus}` is none of {}", names.join(", ")))
        })?;
        let chip = match table.string("type")? {
            Some(chip) => word(table, "type", &chip, bus.chips())?,
            None => bus.chips().first().map_or("", |(_, chip)| chip),
        };
        let (most, can_choose) = bus.ports();
        let ports = table.integer::<u32>("port-count")?;
        if ports.is_some_and(|ports| ports == 0 || ports > most || (!can_choose && ports != most)) {
            let why = format!(
                "{} controllers have {}{most}",
                bus.argument(),
                if can_choose { "1 to " } else { "" }
            );
            return Err(table.invalid("port-count", why));
        }
        let devices: Result<_, _> = table.tables("devices")?.iter().map(Device::read).collect();
        let controller = Controller {
            name: table.string("name")?.ok_or_else(|| table.missing("name"))?,
            bus,
            chip,
            ports,
            bootable: table.bool("bootable")?.unwrap_or(true),
            host_io_cache: table.bool("host-io-cache")?,
            devices: devices?,
        };
        table.finish()?;
        Ok(controller)
    }

    /// IDE has two devices at a port, everything else one.
    fn place(&self, position: u32) -> Place {
        let each = self.bus.devices_of_a_port();
        Place { controller: self.name.clone(), port: position / each, device: position % each }
    }

    fn positions(&self) -> u32 {
        self.bus.ports().0 * self.bus.devices_of_a_port()
    }
}

/// Reads the list of controllers.
pub(super) fn controllers(options: &Options, given: &str) -> Result<Vec<Controller>, OptionError> {
    let controllers: Vec<Controller> =
        options.tables(given)?.iter().map(Controller::read).collect::<Result<_, _>>()?;
    let mut names = BTreeSet::new();
    let mut buses = BTreeSet::new();
    for controller in &controllers {
        if !names.insert(&controller.name) {
            return Err(
                options.invalid(given, format_args!("two controllers are called `{}`", controller.name))
            );
        }
        if !buses.insert(controller.bus) {
            let why = format!("VirtualBox makes one {} controller in a machine", controller.bus.argument());
            return Err(options.invalid(given, why));
        }
    }
    Ok(controllers)
}

/// Reads `["SATA", 0]`: where the node's own disk is.
pub(super) fn boot_place(options: &Options, given: &str) -> Result<(String, u32), OptionError> {
    match options.value(given) {
        Some(OptionValue::List(parts)) => {
            match parts.as_slice() {
                [OptionValue::String(name), OptionValue::Integer(position)]
                    if u32::try_from(*position).is_ok() =>
                {
                    Ok((name.clone(), u32::try_from(*position).unwrap_or_default()))
                }
                _ => Err(options
                    .invalid(given, "expected the name of a controller and a position: `[\"SATA\", 0]`")),
            }
        }
        _ => Err(options.invalid(given, "expected the name of a controller and a position: `[\"SATA\", 0]`")),
    }
}

/// Reads the list of further disks: sizes in MB, or tables.
pub(super) fn data_disks(options: &Options, given: &str) -> Result<Vec<NewDisk>, OptionError> {
    let bad = || options.invalid(given, "expected a list of sizes in MB, or of tables with a `size`");
    let Some(OptionValue::List(items)) = options.value(given) else { return Err(bad()) };
    let disk = |(index, item): (usize, &OptionValue)| {
        let usual = format!("data-{}", index + 1);
        match item {
            OptionValue::Integer(size) => match u64::try_from(*size) {
                Ok(size) if size > 0 => {
                    Ok(NewDisk { file: format!("{usual}.vdi"), size, format: "VDI", variants: vec![] })
                }
                _ => Err(bad()),
            },
            OptionValue::Table(table) => {
                let disk = NewDisk::read(table, Some(&usual))?;
                table.finish()?;
                Ok(disk)
            }
            _ => Err(bad()),
        }
    };
    items.iter().enumerate().map(disk).collect()
}

impl NewDisk {
    /// Reads a disk to be made. `usual` is its name without ending if it is given none.
    fn read(table: &Options, usual: Option<&str>) -> Result<NewDisk, OptionError> {
        let format = match table.string("format")? {
            Some(format) => word(table, "format", &format.to_lowercase(), FORMATS)?,
            None => "VDI",
        };
        let variants = table.strings("variants")?;
        let size = table.integer::<u64>("size")?.ok_or_else(|| table.missing("size"))?;
        if size == 0 {
            return Err(table.invalid("size", "expected a size in MB"));
        }
        let file = match (table.string("location")?, usual) {
            (Some(file), _) => file,
            (None, Some(usual)) => format!("{usual}.{}", format.to_lowercase()),
            (None, None) => return Err(table.missing("location")),
        };
        if !is_own(&file) {
            let why = "a disk that is made belongs to its node: expected a name in the node's own folder";
            return Err(table.invalid("location", why));
        }
        let variants: Result<_, _> =
            variants.iter().map(|variant| word(table, "variants", variant, VARIANTS)).collect();
        Ok(NewDisk { file, size, format, variants: variants? })
    }
}

impl Device {
    /// Reads a device. An empty table is an empty position.
    fn read(table: &Options) -> Result<Option<Device>, OptionError> {
        if table.keys().next().is_none() {
            return Ok(None);
        }
        let kind =
            table.string("device-type")?.ok_or_else(|| table.missing("device-type"))?.replace('_', "-");
        let device = match kind.as_str() {
            "hard-disk" | "disk" if table.bool("create")?.unwrap_or(false) => {
                Device::New(NewDisk::read(table, None)?)
            }
            "hard-disk" | "disk" => Device::Disk(medium(table)?.ok_or_else(|| table.missing("location"))?),
            "dvd" => Device::Dvd(medium(table)?.unwrap_or_else(|| "emptydrive".to_owned())),
            "floppy" => Device::Floppy(medium(table)?.unwrap_or_else(|| "emptydrive".to_owned())),
            _ => return Err(table.invalid("device-type", "expected `hard-disk`, `dvd` or `floppy`")),
        };
        table.finish()?;
        Ok(Some(device))
    }

    /// Returns the file that must exist on the host, if there is one.
    pub(crate) fn file(&self) -> Option<&str> {
        match self {
            Device::Disk(file) => Some(file),
            Device::Dvd(file) | Device::Floppy(file) => file.starts_with('/').then_some(file),
            Device::New(_) => None,
        }
    }
}

/// Returns the medium of a drive: a path, a UUID, or one of VirtualBox's words.
fn medium(table: &Options) -> Result<Option<String>, OptionError> {
    let Some(text) = table.string("location")? else { return Ok(None) };
    let is_word = ["emptydrive", "additions"].contains(&text.as_str());
    if is_word || crate::machine::MediumId::parse(&text).is_some() {
        return Ok(Some(text));
    }
    let path: PathBuf = table.path("location")?.unwrap_or_default();
    match path.is_absolute() {
        true => Ok(Some(path.display().to_string())),
        false => Err(table.invalid("location", "expected an absolute path on the host")),
    }
}

impl Layout {
    /// Puts everything in its place, or says what has none.
    pub(crate) fn new(
        controllers: Vec<Controller>,
        boot: Option<(String, u32)>,
        data_disks: Vec<NewDisk>,
        dvd: Option<String>,
    ) -> Result<Layout, String> {
        let (name, position) = match boot {
            Some(boot) => boot,
            None => (first_for_disks(&controllers)?.name.clone(), 0),
        };
        let controller = controllers.iter().find(|controller| controller.name == name).ok_or_else(|| {
            let names: Vec<&str> = controllers.iter().map(|controller| controller.name.as_str()).collect();
            format!("there is no controller `{name}` for the node's own disk: {}", names.join(", "))
        })?;
        if controller.bus == Bus::Floppy {
            return Err(format!("the controller `{name}` takes no disks"));
        }
        let boot = controller.place(position);
        let mut drives = Vec::new();
        for controller in &controllers {
            for (position, device) in (0..).zip(&controller.devices) {
                if let Some(device) = device {
                    drives.push((controller.place(position), device.clone()));
                }
            }
        }
        let mut layout = Layout { controllers: controllers.clone(), boot, drives };
        layout.check()?;
        for device in data_disks.into_iter().map(Device::New).chain(dvd.map(Device::Dvd)) {
            let place = layout.free_place(controller)?;
            layout.drives.push((place, device));
        }
        layout.make_room();
        layout.check_names()?;
        Ok(layout)
    }

    /// The first place of the controller of the node's own disk that nothing is in.
    fn free_place(&self, controller: &Controller) -> Result<Place, String> {
        let mut places = (0..controller.positions()).map(|position| controller.place(position));
        let is_free = |place: &Place| {
            *place != self.boot && *place != cd_place() && self.drives.iter().all(|(taken, _)| taken != place)
        };
        places.find(is_free).ok_or_else(|| format!("the controller `{}` has no place left", controller.name))
    }

    fn check(&self) -> Result<(), String> {
        for (place, device) in &self.drives {
            if *place == self.boot {
                return Err(format!(
                    "the node's own disk and another device are both at position {} of the controller `{}`",
                    place.port, place.controller
                ));
            }
            let bus = self.bus_of(&place.controller);
            let is_floppy = matches!(device, Device::Floppy(_));
            if is_floppy != (bus == Some(Bus::Floppy)) {
                return Err(format!(
                    "a floppy drive and the controller `{}` do not go together",
                    place.controller
                ));
            }
        }
        let places = self.drives.iter().map(|(place, _)| place).chain([&self.boot]);
        for place in places {
            let controller = self.controllers.iter().find(|controller| controller.name == place.controller);
            if controller.is_some_and(|controller| place.port >= controller.bus.ports().0) {
                return Err(format!("the controller `{}` has no port {}", place.controller, place.port));
            }
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for (_, device) in &self.drives {
            if let Device::New(disk) = device
                && !names.insert(&disk.file)
            {
                return Err(format!("two disks of the node are called `{}`", disk.file));
            }
        }
        Ok(())
    }

    fn bus_of(&self, name: &str) -> Option<Bus> {
        self.controllers.iter().find(|controller| controller.name == name).map(|controller| controller.bus)
    }

    /// Gives every controller as many ports as are used.
    fn make_room(&mut self) {
        let places: Vec<Place> =
            self.drives.iter().map(|(place, _)| place.clone()).chain([self.boot.clone()]).collect();
        for controller in &mut self.controllers {
            let (most, can_choose) = controller.bus.ports();
            let used = places.iter().filter(|place| place.controller == controller.name);
            let needed = used.map(|place| place.port + 1).max().unwrap_or(1);
            let usual = if controller.bus == Bus::Nvme { 1 } else { USUAL_PORTS };
            controller.ports =
                Some(if can_choose { controller.ports.unwrap_or(usual).max(needed) } else { most });
        }
    }

    /// Makes sure of the place where a CD for cloud-init goes.
    pub(crate) fn reserve_cd(&mut self) -> Result<(), String> {
        let cd = cd_place();
        if self.boot == cd || self.drives.iter().any(|(place, _)| *place == cd) {
            return Err(format!(
                "position {CD_PORT} of the controller `{CONTROLLER}` is for the CD of cloud-init"
            ));
        }
        match self.controllers.iter_mut().find(|controller| controller.name == CONTROLLER) {
            Some(controller) if controller.bus == Bus::Sata => {
                controller.ports = controller.ports.map(|ports| ports.max(CD_PORT + 1));
                Ok(())
            }
            _ => Err(format!("the CD of cloud-init needs a SATA controller `{CONTROLLER}`")),
        }
    }

    /// Tells whether the machine must be able to speak USB.
    pub(crate) fn needs_usb(&self) -> bool {
        self.controllers.iter().any(|controller| controller.bus == Bus::Usb)
    }
}

/// Nothing else is put there unless it is asked for in so many words.
fn cd_place() -> Place {
    Place { controller: CONTROLLER.to_owned(), port: CD_PORT, device: 0 }
}

fn first_for_disks(controllers: &[Controller]) -> Result<&Controller, String> {
    controllers
        .iter()
        .find(|controller| controller.bus != Bus::Floppy)
        .ok_or_else(|| "the machine has no controller for the node's own disk".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, OptionValue)]) -> OptionValue {
        let mut options = Options::new("storage", None);
        for (key, value) in entries {
            options.set(*key, value.clone(), "");
        }
        OptionValue::Table(options)
    }

    fn read(controllers_given: Vec<OptionValue>) -> Result<Vec<Controller>, String> {
        let mut options = Options::new("hardware", None);
        options.set("storage", OptionValue::List(controllers_given), "");
        controllers(&options, "storage").map_err(|error| error.message)
    }

    fn ide(devices: Vec<OptionValue>) -> OptionValue {
        table(&[("name", "IDE".into()), ("bus", "ide".into()), ("devices", OptionValue::List(devices))])
    }

    fn layout(controllers: Vec<Controller>, boot: Option<(&str, u32)>) -> Result<Layout, String> {
        Layout::new(controllers, boot.map(|(name, position)| (name.to_owned(), position)), vec![], None)
    }

    #[test]
    fn positions_of_ide_are_two_a_port() {
        let dvd = table(&[("device-type", "dvd".into())]);
        let controllers =
            read(vec![ide(vec![table(&[]), table(&[]), table(&[]), dvd])]).expect("a controller");
        let layout = layout(controllers, None).expect("a layout");
        let (place, device) = &layout.drives[0];
        assert_eq!((place.port, place.device, device), (1, 1, &Device::Dvd("emptydrive".to_owned())));
        assert_eq!((layout.boot.port, layout.boot.device, layout.controllers[0].ports), (0, 0, Some(2)));
    }

    #[test]
    fn data_disks_take_the_free_places_behind_the_own_one() {
        let disk = |file: &str| NewDisk { file: file.to_owned(), size: 1, format: "VDI", variants: vec![] };
        let disks: Vec<NewDisk> = (1..=5).map(|n| disk(&format!("{n}.vdi"))).collect();
        let layout = Layout::new(
            vec![Controller::usual()],
            Some((NAME.to_owned(), 1)),
            disks,
            Some("/x.iso".to_owned()),
        )
        .expect("a layout");
        let ports: Vec<u32> = layout.drives.iter().map(|(place, _)| place.port).collect();
        assert_eq!((ports, layout.controllers[0].ports), (vec![0, 2, 3, 4, 5, 6], Some(7)));
        let twice = vec![disk("a.vdi"), disk("a.vdi")];
        let error = Layout::new(vec![Controller::usual()], None, twice, None).expect_err("one name");
        assert_eq!(error, "two disks of the node are called `a.vdi`");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let controllers =
            read(vec![ide(vec![table(&[("device-type", "dvd".into())])])]).expect("a controller");
        assert!(layout(controllers, None).expect_err("taken").contains("are both at position 0"));
        assert_eq!(
            layout(vec![Controller::usual()], Some(("IDE", 0))).expect_err("no such controller"),
            "there is no controller `IDE` for the node's own disk: SATA"
        );
        let floppy = table(&[("device-type", "floppy".into())]);
        let controllers = read(vec![ide(vec![table(&[]), floppy])]).expect("a controller");
        assert!(layout(controllers, None).expect_err("no floppy on IDE").contains("do not go together"));
        let two = vec![ide(vec![]), table(&[("name", "B".into()), ("bus", "ide".into())])];
        assert!(read(two).expect_err("two").ends_with("VirtualBox makes one ide controller in a machine"));
        let unknown = table(&[("name", "B".into()), ("bus", "sata".into()), ("prots", 1.into())]);
        assert!(read(vec![unknown]).expect_err("a mistake").contains("unknown option `prots`"));
        let wrong = table(&[("name", "B".into()), ("bus", "sata".into()), ("type", "piix4".into())]);
        assert!(read(vec![wrong]).expect_err("a mistake").ends_with("`piix4` is none of intel-ahci"));
        let outside = table(&[
            ("device-type", "hard-disk".into()),
            ("create", true.into()),
            ("size", 10.into()),
            ("location", "/srv/x.vdi".into()),
        ]);
        assert!(
            read(vec![ide(vec![table(&[]), outside])])
                .expect_err("a mistake")
                .contains("belongs to its node")
        );
    }
}
