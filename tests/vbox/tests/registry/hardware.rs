//! What hardware is asked for, and what VirtualBox says of the machine afterwards.

use crate::Test;
use pallet::compute::{Compute, ComputeError, NodeRecord};
use pallet::options::{OptionValue, Options};
use pallet::spec::{Hardware, NodeSpec};
use pallet_tests_vbox::world::{World, quietly, request};
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("hardware::every_key_is_what_virtualbox_says_afterwards", keys),
    ("hardware::models_come_from_files_folders_and_configuration", models),
    ("hardware::disks_and_drives_are_where_they_were_asked_for", storage),
    ("hardware::every_controller_takes_the_nodes_own_disk", controllers),
    ("hardware::shared_folders_are_read_only_unless_they_say_otherwise", shares),
    ("hardware::an_image_says_what_it_needs", image),
    ("hardware::what_virtualbox_refuses_leaves_nothing", refused),
    ("hardware::a_model_is_no_data_disk", model_as_data),
];

/// The machine, a key of it, a value, and the lines of `showvminfo --machinereadable` that must be there. What VirtualBox
/// keeps and does not tell there is told here without lines: it took the argument.
const KEYS: &[(usize, &str, Value, &[&str])] = &[
    (0, "description", Text("a build machine"), &["description=\"a build machine\""]),
    (0, "os-type-id", Text("Ubuntu_64"), &["ostype=\"Ubuntu (64-bit)\""]),
    (
        0,
        "hardware-uuid",
        Text("11111111-2222-4333-8444-555555555555"),
        &["hardwareuuid=\"11111111-2222-4333-8444-555555555555\""],
    ),
    (0, "cpu-count", Number(3), &["cpus=3", "ioapic=\"on\""]),
    (0, "cpu-execution-cap", Number(50), &["cpuexecutioncap=50"]),
    (0, "memory-size", Number(700), &["memory=700"]),
    (0, "memory-balloon-size", Number(64), &["GuestMemoryBalloon=64"]),
    (0, "page-fusion-enabled", Flag(false), &["pagefusion=\"off\""]),
    (0, "vram-size", Number(20), &["vram=20"]),
    (1, "vram", Number(21), &["vram=21"]),
    (0, "graphics-controller", Text("vmsvga"), &["graphicscontroller=\"vmsvga\""]),
    (0, "monitor-count", Number(2), &["monitorcount=2"]),
    (0, "accelerate-2d-video-enabled", Flag(true), &[]),
    (0, "firmware-type", Text("bios"), &["firmware=\"BIOS\""]),
    (1, "firmware", Text("efi"), &["firmware=\"EFI\""]),
    (2, "firmware", Text("efi-32"), &["firmware=\"EFI32\""]),
    (3, "firmware", Text("efi_64"), &["firmware=\"EFI64\""]),
    (0, "pointing-hid-type", Text("usb-tablet"), &["hidpointing=\"usbtablet\""]),
    (2, "pointing-hid-type", Text("usb-multi-touch"), &["hidpointing=\"usbmultitouch\""]),
    (1, "mouse", Text("none"), &["hidpointing=\"none\""]),
    (0, "keyboard-hid-type", Text("usb-keyboard"), &["hidkeyboard=\"usbkbd\""]),
    (1, "keyboard", Text("none"), &["hidkeyboard=\"none\""]),
    (0, "hpet-enabled", Flag(true), &["hpet=\"on\""]),
    (1, "hpet-enabled?", Flag(true), &["hpet=\"on\""]),
    (0, "snapshot-folder", Text("States"), &["/web-1/States\""]),
    (0, "clipboard-mode", Text("host-to-guest"), &["clipboard=\"hosttoguest\""]),
    (2, "clipboard-mode", Text("bidirectional"), &["clipboard=\"bidirectional\""]),
    (0, "drag-and-drop", Text("guest-to-host"), &["draganddrop=\"guesttohost\""]),
    (0, "rtc-use-utc", Flag(false), &[]),
    (1, "utc-time", Flag(true), &[]),
    (
        0,
        "boot-order",
        Texts(&["network", "hard-disk"]),
        &["boot1=\"net\"", "boot2=\"disk\"", "boot3=\"none\"", "boot4=\"none\""],
    ),
    (0, "teleporter-enabled", Flag(true), &["teleporterenabled=\"on\""]),
    (0, "teleporter-port", Number(7000), &["teleporterport=7000"]),
    (0, "teleporter-address", Text("127.0.0.1"), &["teleporteraddress=\"127.0.0.1\""]),
    (0, "io-cache-enabled", Flag(false), &[]),
    (0, "io-cache-size", Number(20), &[]),
    (1, "io-apic-enabled", Flag(false), &["ioapic=\"off\""]),
    (0, "acpi-enabled", Flag(false), &["acpi=\"off\""]),
    (0, "cpu-hot-plug-enabled", Flag(true), &[]),
    (0, "chipset", Text("ich9"), &["chipset=\"ich9\""]),
    (0, "pae-enabled", Flag(true), &["pae=\"on\""]),
    (1, "pae", Flag(false), &["pae=\"off\""]),
    (0, "nested-hw-virt", Flag(true), &["nested-hw-virt=\"on\""]),
    (0, "paravirt-provider", Text("minimal"), &["paravirtprovider=\"minimal\""]),
    (0, "tpm-type", Text("2.0"), &[]),
    (0, "audio-enabled", Flag(true), &["audio=\"default\""]),
    (0, "usb-controller", Text("xhci"), &["xhci=\"on\""]),
    (1, "usb", Text("ohci"), &["usb=\"on\"", "xhci=\"off\""]),
    (0, "console-file", Text("console.log"), &["uart1=\"0x03f8,4\"", "/web-1/console.log\""]),
    (0, "session-type", Text("gui"), &["defaultfrontend=\"gui\""]),
    (0, "vrde-enabled", Flag(true), &["vrde=\"on\""]),
    (
        1,
        "extra-modifyvm",
        Texts(&["--cpu-execution-cap=33", "--hwvirtex=off"]),
        &["cpuexecutioncap=33", "hwvirtex=\"off\""],
    ),
];

#[derive(Clone, Copy)]
enum Value {
    Flag(bool),
    Number(i64),
    Text(&'static str),
    Texts(&'static [&'static str]),
}
use Value::{Flag, Number, Text, Texts};

impl From<Value> for OptionValue {
    fn from(value: Value) -> OptionValue {
        match value {
            Flag(flag) => flag.into(),
            Number(number) => number.into(),
            Text(text) => text.into(),
            Texts(texts) => OptionValue::List(texts.iter().map(|text| (*text).into()).collect()),
        }
    }
}

fn table(entries: &[(&str, OptionValue)]) -> OptionValue {
    let mut options = Options::new("a table", None);
    for (key, value) in entries {
        options.set(*key, value.clone(), "");
    }
    OptionValue::Table(options)
}

fn list(items: impl IntoIterator<Item = OptionValue>) -> OptionValue {
    OptionValue::List(items.into_iter().collect())
}

async fn create(service: &dyn Compute, hardware: Hardware) -> Result<NodeRecord, ComputeError> {
    let mut wanted = request("web", 1);
    wanted.spec = wanted.spec.hardware(hardware);
    service.check(std::slice::from_ref(&wanted)).await?;
    service.create(&wanted, &quietly).await
}

fn info(world: &World) -> String {
    world.vbox(&["showvminfo", &world.id_of("web-1"), "--machinereadable"])
}

fn keys(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        for machine in 0..=3 {
            let asked = || KEYS.iter().filter(|(of, ..)| *of == machine);
            let hardware = asked()
                .fold(Hardware::default(), |hardware, (_, key, value, _)| hardware.setting(key, *value));
            world.runner.restart(None);
            let node =
                create(&*service, hardware).await.unwrap_or_else(|error| panic!("{machine}: {error:?}"));
            let calls = world.runner.calls();
            assert_eq!(calls.iter().filter(|call| call[0] == "modifyvm").count(), 1, "all in one call");
            let info = info(&world);
            for (_, key, _, lines) in asked() {
                for line in *lines {
                    assert!(info.contains(line), "{key}: {line} is not in\n{info}");
                }
            }
            if machine == 0 {
                // What the guest writes to its serial port.
                let console = world.nodes().join("pallet/lab/web-1/console.log");
                std::fs::write(console, "hello\n").expect("the node's folder");
            }
            service.destroy(&node.id).await.unwrap_or_else(|error| panic!("{machine}: {error}"));
            assert!(World::files(&world.nodes().join("pallet/lab")).is_empty(), "{machine}");
        }
    });
}

fn models(world: World, runtime: Runtime) {
    let folder = world.folder().join("hardware");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("db.toml"), "memory-size = 600\ncpu-count = 2\n").expect("a model");
    std::fs::write(folder.join("old.toml"), "memory-size = 601\n").expect("a model");
    let file = world.folder().join("hardware.toml");
    std::fs::write(&file, "[old]\nmemory-size = 602\n\n[small]\nmemory-size = 603\n").expect("models");
    let text = |path: &std::path::Path| OptionValue::from(path.display().to_string().as_str());
    let own = [
        ("hardware-model-path", text(&folder)),
        ("hardware-models-file", text(&file)),
        ("hardware-models", table(&[("small", table(&[("memory-size", 604.into())]))])),
    ];
    runtime.block_on(async {
        let service = world.open("lab", &own).await.expect("a service");
        let models = service.hardware_models().expect("models");
        let memory = |name: &str| {
            let model = models.iter().find(|model| model.name == name).expect("a model");
            let memory = model.settings.iter().find(|(key, _)| key == "memory-size");
            (memory.expect("a size").1.clone(), model.source.clone())
        };
        assert_eq!(memory("db"), ("600".to_owned(), format!("{}:1:1", folder.join("db.toml").display())));
        assert_eq!(memory("old"), ("602".to_owned(), format!("{}:1:2", file.display())));
        assert_eq!(memory("small").0, "604");
        assert_eq!(memory("micro"), ("512".to_owned(), "built in".to_owned()));
        let node = create(&*service, Hardware::from("db").setting("vram", 17)).await.expect("a node");
        let said = info(&world);
        for line in ["memory=600", "cpus=2", "vram=17"] {
            assert!(said.contains(line), "{line}");
        }
        service.destroy(&node.id).await.expect("a removal");
        std::fs::write(folder.join("bad.toml"), "memory-szie = 1\n").expect("a model");
        let error = world.open("lab", &own).await.err().expect("a mistake");
        assert!(error.message.contains("bad.toml:1:1: unknown option `memory-szie`"), "{error}");
        assert_eq!(error.hint.as_deref(), Some("did you mean `memory-size`?"));
    });
}

fn storage(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    let iso = world.folder().join("models/x.iso");
    let iso = iso.display().to_string();
    std::fs::write(&iso, vec![0; 1 << 20]).expect("an image of a DVD");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let fixed =
            table(&[("size", 8.into()), ("format", "vmdk".into()), ("variants", list(["fixed".into()]))]);
        let hardware = Hardware::default()
            .setting("data_disks", list([16.into(), fixed, 8.into(), 8.into()]))
            .setting("dvd", iso.as_str());
        let node = create(&*service, hardware).await.expect("a node");
        let said = info(&world);
        let own = world.nodes().join("pallet/lab/web-1");
        for (port, file) in [(2, "data-1.vdi"), (3, "data-2.vmdk"), (4, "data-3.vdi"), (5, "data-4.vdi")] {
            let line = format!("\"SATA-{port}-0\"=\"{}\"", own.join(file).display());
            assert!(said.contains(&line), "{line}\n{said}");
        }
        assert!(said.contains(&format!("\"SATA-6-0\"=\"{iso}\"")), "{said}");
        assert!(said.contains("storagecontrollerportcount0=\"7\""), "{said}");
        assert!(
            own.join("data-2.vmdk").metadata().expect("a disk").len() >= 8 << 20
                || own.join("data-2-flat.vmdk").exists()
        );
        service.destroy(&node.id).await.expect("a removal");
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
        assert!(std::path::Path::new(&iso).exists());
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn controllers(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    const BUSES: &[(&str, Option<&str>, &str)] = &[
        ("ide", None, "PIIX4"),
        ("ide", Some("ich6"), "ICH6"),
        ("sata", Some("intel-ahci"), "IntelAhci"),
        ("scsi", None, "LsiLogic"),
        ("scsi", Some("bus-logic"), "BusLogic"),
        ("sas", None, "LsiLogicSas"),
        ("nvme", None, "NVMe"),
        ("virtio-scsi", None, "VirtioSCSI"),
        ("usb", None, "USB"),
    ];
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        for (bus, chip, said_chip) in BUSES {
            let drive = |kind: &str| table(&[("device-type", kind.into())]);
            let mut boot = vec![("name", OptionValue::from("Own Disk")), ("bus", (*bus).into())];
            boot.extend(chip.map(|chip| ("type", chip.into())));
            let floppy = table(&[
                ("name", "Floppy".into()),
                ("bus", "floppy".into()),
                ("devices", list([drive("floppy")])),
            ]);
            let hardware = Hardware::default()
                .setting("storage", list([floppy, table(&boot)]))
                .setting("boot_mount_point", list(["Own Disk".into(), 1.into()]));
            let node = create(&*service, hardware).await.unwrap_or_else(|error| panic!("{bus}: {error:?}"));
            let said = info(&world);
            let place = if *bus == "ide" { "0-1" } else { "1-0" };
            assert!(said.contains(&format!("storagecontrollertype1=\"{said_chip}\"")), "{bus}\n{said}");
            let snapshots = world.nodes().join("pallet/lab/web-1/Snapshots");
            let line = format!("\"Own Disk-{place}\"=\"{}/", snapshots.display());
            assert!(said.contains(&line), "{bus}: {line}\n{said}");
            assert!(said.contains("\"Floppy-0-0\"=\"emptydrive\""), "{bus}");
            if *bus == "usb" {
                assert!(said.contains("xhci=\"on\""), "a disk needs a USB controller");
            }
            service.destroy(&node.id).await.unwrap_or_else(|error| panic!("{bus}: {error}"));
        }
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn shares(world: World, runtime: Runtime) {
    let host = world.folder().join("models").display().to_string();
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let share = |name: &str, writable: bool| {
            table(&[
                ("name", name.into()),
                ("host-path", host.as_str().into()),
                ("writable", writable.into()),
            ])
        };
        let hardware =
            Hardware::default().setting("shared_folders", list([share("src", false), share("out", true)]));
        let node = create(&*service, hardware).await.expect("a node");
        let said = world.vbox(&["showvminfo", &node.id.0]);
        let line =
            |name: &str| said.lines().find(|line| line.contains(&format!("'{name}'"))).unwrap_or_default();
        assert!(line("src").contains("readonly"), "{said}");
        assert!(line("out").contains("writable"), "{said}");
        service.destroy(&node.id).await.expect("a removal");
        assert!(world.model().exists());
        let missing = table(&[("name", "x".into()), ("host-path", "/nonexistent".into())]);
        let error = create(&*service, Hardware::default().setting("shared_folders", list([missing]))).await;
        assert_eq!(error.expect_err("no folder").message, "the host has no /nonexistent that can be read");
    });
}

fn image(world: World, runtime: Runtime) {
    let model = world.model().display().to_string();
    let needs = table(&[
        ("path", model.as_str().into()),
        ("os-type", "Debian12_64".into()),
        ("hardware", table(&[("firmware", "efi".into())])),
        ("storage", list([table(&[("name", "IDE".into()), ("bus", "ide".into())])])),
        ("boot-mount-point", list(["IDE".into(), 0.into()])),
        ("network-type", "nat".into()),
    ]);
    runtime.block_on(async {
        let service =
            world.open("lab", &[("images", table(&[("debian-12", needs)]))]).await.expect("a service");
        let mut wanted = request("web", 1);
        wanted.spec =
            NodeSpec::new().image("debian-12").hardware(Hardware::from("small").setting("firmware", "bios"));
        service.create(&wanted, &quietly).await.expect("a node");
        let said = info(&world);
        for line in ["firmware=\"EFI\"", "memory=1024", "\"IDE-0-0\"=\"", "nic1=\"nat\"", "nic2=\"none\""] {
            assert!(said.contains(line), "{line}\n{said}");
        }
    });
}

fn refused(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        // This build cannot share pages, and the second option is none.
        for hardware in [
            Hardware::default().setting("page-fusion-enabled", true),
            Hardware::default().setting("extra-modifyvm", list(["--no-such-option=1".into()])),
        ] {
            let error = create(&*service, hardware).await.expect_err("VirtualBox refuses it");
            assert!(error.message.starts_with("cannot set up the machine "), "{error}");
            assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
        }
        assert_eq!(world.machines().len(), 1, "only the holder");
    });
}

fn model_as_data(world: World, runtime: Runtime) {
    let before = std::fs::read(world.model()).expect("the model");
    let model = world.model().display().to_string();
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let disk = table(&[("device-type", "hard-disk".into()), ("location", model.as_str().into())]);
        let sata =
            table(&[("name", "SATA".into()), ("bus", "sata".into()), ("devices", list([table(&[]), disk]))]);
        let error = create(&*service, Hardware::default().setting("storage", list([sata]))).await;
        assert!(error.expect_err("a model").message.contains("is the model of an image"));
        assert_eq!(world.machines(), [""; 0]);
    });
    assert!(std::fs::read(world.model()).expect("the model") == before, "the model was written to");
}
