//! Images are added from files of every kind, and what is dangerous is refused.

use crate::Test;
use pallet::compute::{
    Compute, ComputeError, ErrorKind, ImageRecord, Images, NewImage, Provider, ServiceConfig,
};
use pallet::options::OptionValue;
use pallet::spec::{Attach, ImageDefinition};
use pallet_tests_vbox::world::{World, quietly};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("formats::a_disk_of_every_format_becomes_a_model_with_the_same_content", every_format),
    ("formats::a_model_that_virtualbox_forgets_meanwhile_is_removed", forgotten),
    ("formats::a_box_and_an_appliance_are_opened", archives),
    ("formats::what_is_hostile_or_damaged_is_refused_and_leaves_nothing", hostile),
    ("formats::what_does_not_fit_on_the_host_is_refused_and_leaves_nothing", too_large),
];

pub(crate) fn new_image(id: &str, from: impl Into<String>) -> NewImage {
    // A copy asks least of the disk: these tests are about what is in it.
    let definition = ImageDefinition { attach: Some(Attach::FullCopy), ..ImageDefinition::default() };
    NewImage { id: id.to_owned(), from: from.into(), checksum: None, definition }
}

/// The image models of a service.
pub(crate) fn images(service: &dyn Compute) -> &dyn Images {
    service.images().expect("VirtualBox keeps images")
}

/// Where models are when no option says so.
pub(crate) fn models(world: &World) -> PathBuf {
    world.folder().join("home/.local/share/pallet/models")
}

/// A disk of two mebibytes that could boot, with some content.
pub(crate) fn raw_disk() -> Vec<u8> {
    let mut disk = vec![0; 2 << 20];
    disk[510..512].copy_from_slice(b"\x55\xaa");
    // Nothing that would become small when it is compressed.
    let mut state: u32 = 1;
    for byte in &mut disk[4096..600_000] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = state.to_be_bytes()[0];
    }
    disk
}

/// Runs a program in a folder.
pub(crate) fn run(folder: &Path, words: &[&str]) {
    let output = Command::new(words[0]).args(&words[1..]).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn same_content(world: &World, id: &str, raw: &Path) {
    let disk = models(world).join(format!("{id}.vdi"));
    let (disk, raw) = (disk.display().to_string(), raw.display().to_string());
    run(world.folder(), &["qemu-img", "compare", "-f", "vdi", "-F", "raw", &disk, &raw]);
}

fn only_the_model_is_registered(world: &World, what: &str) {
    let disks = world.vbox(&["list", "hdds"]);
    assert_eq!(disks.matches("\nLocation:").count(), 1, "{what}: {disks}");
}

fn every_format(world: World, runtime: Runtime) {
    // A name that every shell and every parser would rather not have.
    let folder = world.folder().join("my disks; \"$(x)\" 'y'");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("raw.img"), raw_disk()).expect("a disk");
    let convert = |format: &str, more: &[&str], to: &str| {
        run(&folder, &[&["qemu-img", "convert", "-f", "raw", "-O", format], more, &["raw.img", to]].concat());
    };
    convert("vdi", &[], "d.vdi");
    convert("vmdk", &[], "d.vmdk");
    convert("vmdk", &["-o", "subformat=streamOptimized"], "stream.vmdk");
    convert("vpc", &[], "d.vhd");
    convert("vpc", &["-o", "subformat=fixed,force_size"], "fixed.vhd");
    convert("qcow2", &[], "d.qcow2");
    convert("qcow2", &["-c"], "compressed.qcow2");
    run(&folder, &["gzip", "-k", "raw.img"]);
    run(&folder, &["xz", "-k", "raw.img"]);
    run(&folder, &["zstd", "-q", "-k", "raw.img"]);
    run(&folder, &["xz", "-k", "d.vmdk"]);
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        for file in [
            "raw.img",
            "d.vdi",
            "d.vmdk",
            "stream.vmdk",
            "d.vhd",
            "fixed.vhd",
            "d.qcow2",
            "compressed.qcow2",
            "raw.img.gz",
            "raw.img.xz",
            "raw.img.zst",
            "d.vmdk.xz",
        ] {
            let before = fs::read(folder.join(file)).expect("a file");
            let new = new_image(file, folder.join(file).display().to_string());
            let record = images(&*service).add(&new, &quietly).await;
            let record = record.unwrap_or_else(|error| panic!("{file}: {}", chain(&error)));
            assert_eq!(record.problems, [""; 0], "{file}");
            assert_eq!(record.path, Some(models(&world).join(format!("{file}.vdi"))));
            same_content(&world, file, &folder.join("raw.img"));
            assert!(fs::read(folder.join(file)).expect("a file") == before, "{file} was changed");
            let removed = images(&*service).remove(file).await;
            removed.unwrap_or_else(|error| panic!("{file}: {}", chain(&error)));
            only_the_model_is_registered(&world, file);
        }
        assert!(World::files(&models(&world)).is_empty());
    });
}

/// A disk that VirtualBox was only asked about is known as long as its server runs, which may end before any call.
fn forgotten(world: World, runtime: Runtime) {
    let file = world.folder().join("raw.img");
    fs::write(&file, raw_disk()).expect("a disk");
    let config =
        ServiceConfig { runner: world.without_server_for("closemedium"), ..world.config("lab", &[]) };
    runtime.block_on(async {
        let service = pallet_vbox::provider().open(config).await.expect("a service");
        let added = images(&*service).add(&new_image("small", file.display().to_string()), &quietly).await;
        let disk = added.unwrap_or_else(|error| panic!("{}", chain(&error))).path.expect("a disk");
        // Now VirtualBox knows it, and has not written that down.
        world.vbox(&["showmediuminfo", "disk", &disk.display().to_string()]);
        let removed = images(&*service).remove("small").await;
        removed.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert!(World::files(&models(&world)).is_empty());
        only_the_model_is_registered(&world, "small");
    });
}

/// An error with all that it came from.
pub(crate) fn chain(error: &ComputeError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

fn archives(world: World, runtime: Runtime) {
    let folder = world.folder().join("archives");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("raw.img"), raw_disk()).expect("a disk");
    let stream = ["-o", "subformat=streamOptimized", "raw.img", "box disk001.vmdk"];
    run(&folder, &[&["qemu-img", "convert", "-f", "raw", "-O", "vmdk"], &stream[..]].concat());
    fs::write(folder.join("metadata.json"), "{\"provider\": \"virtualbox\"}").expect("written");
    fs::write(folder.join("box.ovf"), "<Envelope/>").expect("written");
    run(&folder, &["tar", "-czf", "d.box", "./metadata.json", "./box.ovf", "./box disk001.vmdk"]);
    run(&folder, &["tar", "-cf", "d.ova", "--format=ustar", "box.ovf", "box disk001.vmdk"]);
    run(&folder, &["tar", "-cJf", "d.tar.xz", "raw.img"]);
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        for file in ["d.box", "d.ova", "d.tar.xz"] {
            let mut new = new_image(file, folder.join(file).display().to_string());
            new.definition.attach = None;
            let record = images(&*service).add(&new, &quietly).await;
            let record = record.unwrap_or_else(|error| panic!("{file}: {}", chain(&error)));
            assert_eq!(record.kind.as_deref(), Some("multiattach"), "{file}");
            same_content(&world, file, &folder.join("raw.img"));
        }
        let text = fs::read_to_string(models(&world).join("d.box.toml")).expect("a definition");
        assert!(text.contains("username = \"vagrant\""), "{text}");
        let text = fs::read_to_string(models(&world).join("d.ova.toml")).expect("a definition");
        assert!(!text.contains("username"), "{text}");
        let again = images(&*service).add(&new_image("d.box", "x"), &quietly).await.expect_err("twice");
        assert!(again.message.starts_with("there is an image `d.box` already, in "), "{again}");
    });
}

/// Adds a file, which must not succeed, and returns why not.
async fn refused(world: &World, service: &dyn Compute, file: &Path) -> ComputeError {
    let result: Result<ImageRecord, ComputeError> =
        images(service).add(&new_image("bad", file.display().to_string()), &quietly).await;
    let error = result.expect_err("nothing that could be a model");
    assert!(World::files(&models(world)).is_empty(), "{error}");
    only_the_model_is_registered(world, &error.message);
    error
}

fn hostile(world: World, runtime: Runtime) {
    let folder = world.folder().join("hostile");
    fs::create_dir_all(folder.join("in")).expect("a folder");
    fs::write(folder.join("raw.img"), raw_disk()).expect("a disk");
    let outside = world.folder().join("outside.vmdk");
    run(&folder, &["qemu-img", "convert", "-f", "raw", "-O", "vmdk", "raw.img", "good.vmdk"]);
    fs::copy(folder.join("good.vmdk"), &outside).expect("a copy");
    run(&folder.join("in"), &["tar", "-cPf", "../dots.ova", "../good.vmdk"]);
    run(&folder, &["tar", "-cPf", "absolute.ova", &outside.display().to_string()]);
    fs::copy(folder.join("good.vmdk"), folder.join("other.vmdk")).expect("a copy");
    run(&folder, &["tar", "-cf", "two.ova", "good.vmdk", "other.vmdk"]);
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link.vmdk")).expect("a link");
    run(&folder, &["tar", "-cf", "link.ova", "link.vmdk"]);
    run(&folder, &["gzip", "-k", "raw.img"]);
    let whole = fs::read(folder.join("raw.img.gz")).expect("a file");
    fs::write(folder.join("cut.gz"), &whole[..whole.len() / 2]).expect("written");
    let whole = fs::read(folder.join("good.vmdk")).expect("a file");
    fs::write(folder.join("cut.vmdk"), &whole[..66_000]).expect("written");
    fs::write(folder.join("page.img"), "<!DOCTYPE html><title>404</title>").expect("written");
    run(
        &folder,
        &["qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", "child.qcow2"],
    );
    for name in ["child.qcow2", "dots.ova", "absolute.ova"] {
        assert!(folder.join(name).exists());
    }
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        for (file, expected) in [
            ("dots.ova", "its file \"../good.vmdk\" would lie outside of it"),
            ("absolute.ova", "would lie outside of it"),
            ("two.ova", "there are 2 disks in it"),
            ("link.ova", "it is no disk in a format that is known"),
            ("cut.gz", "it is damaged or cut off"),
            ("page.img", "it is a web page"),
            ("child.qcow2", "it is only the difference to another disk"),
            ("none.img", "there is no file"),
            ("in", "there is no file"),
        ] {
            let error = refused(&world, &*service, &folder.join(file)).await;
            assert!(error.message.contains(expected), "{file}: {error}");
            assert_eq!(error.kind, ErrorKind::Input, "{file}");
            assert!(error.hint.is_some(), "{file}");
        }
        let error = refused(&world, &*service, &folder.join("cut.vmdk")).await;
        assert!(chain(&error).contains("VBoxManage"), "{}", chain(&error));
        for id in ["../x", "", "a b", "-x"] {
            let error = images(&*service).add(&new_image(id, "x"), &quietly).await.expect_err("no id");
            assert!(error.message.ends_with("is no id for an image"), "{error}");
        }
    });
    assert!(fs::read(&outside).expect("a file") == whole, "it was touched");
}

/// A file system of its own, gone when it is dropped.
struct Small(PathBuf);

impl Small {
    fn mount(folder: PathBuf, size: &str) -> Small {
        fs::create_dir(&folder).expect("a folder");
        let option = format!("size={size}");
        run(Path::new("/"), &["mount", "-t", "tmpfs", "-o", &option, "none", &folder.display().to_string()]);
        Small(folder)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a process that was just ended may still stand in it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn too_large(world: World, runtime: Runtime) {
    let bomb = world.folder().join("bomb.gz");
    let zeros = format!("head -c 400000000 /dev/zero | gzip -1 >'{}'", bomb.display());
    run(world.folder(), &["sh", "-c", &zeros]);
    let plain = world.folder().join("plain.gz");
    fs::write(world.folder().join("plain"), raw_disk()).expect("a disk");
    run(world.folder(), &["gzip", "plain"]);
    runtime.block_on(async {
        for (size, file, expected) in [
            ("300m", &bomb, "does not fit on the host once it is unpacked"),
            ("64m", &plain, "0 MiB are left"),
        ] {
            let small = Small::mount(world.folder().join("small"), size);
            let path = OptionValue::from(small.0.display().to_string().as_str());
            let service = world.open("lab", &[("model-path", path)]).await.expect("a service");
            let new = new_image("big", file.display().to_string());
            let error = images(&*service).add(&new, &quietly).await.expect_err("too large");
            assert!(error.message.contains(expected), "{error}");
            assert_eq!(error.kind, ErrorKind::Input);
            assert!(World::files(&small.0).is_empty());
            drop(small);
            fs::remove_dir(world.folder().join("small")).expect("it is empty");
        }
    });
}
