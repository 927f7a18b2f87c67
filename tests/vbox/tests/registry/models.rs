//! Image models: where they are defined, what is told about them, and the ways to use their disks.

use crate::Test;
use crate::formats::{images, models, new_image, raw_disk, run};
use pallet::compute::{Compute, ErrorKind, ImageRecord, NodeRecord, Verdict};
use pallet::facts::OsFamily;
use pallet::options::OptionValue;
use pallet::spec::{Attach, ImageDefinition, ImageMatch};
use pallet_tests_vbox::world::{IMAGE, World, quietly, request};
use std::fs;
use std::path::Path;
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("models::files_of_the_folder_define_models_and_mistakes_in_them_are_told", files),
    ("models::an_image_in_use_is_not_removed_and_one_that_was_written_to_is_found", in_use),
    ("models::only_what_was_added_is_removed", not_ours),
    ("models::a_linked_clone_and_a_copy_are_disks_of_the_nodes_own", own_disks),
    ("models::an_immutable_disk_is_held_and_its_nodes_forget", immutable),
    ("models::a_type_that_does_not_fit_is_refused", mixed),
    ("models::cloud_init_finds_its_cd", cloud_init),
];

async fn listed(service: &dyn Compute) -> Vec<ImageRecord> {
    images(service).list().await.expect("a list")
}

async fn problems(service: &dyn Compute, id: &str) -> Vec<String> {
    let records = listed(service).await;
    records.into_iter().find(|record| record.id == id).unwrap_or_else(|| panic!("{id}")).problems
}

fn files(world: World, runtime: Runtime) {
    let folder = models(&world);
    fs::create_dir_all(&folder).expect("a folder");
    let disk = world.model().display().to_string();
    let toml = format!(
        "[bookworm]\npath = \"{disk}\"\nos-family = \"debian\"\nos-version = \"12\"\nos-64-bit = true\n\
         [gone]\npath = \"gone.vdi\"\n[bad]\npath = \"{disk}\"\nos-famly = \"debian\"\n\
         [{IMAGE}]\npath = \"/elsewhere.vdi\"\n"
    );
    fs::write(folder.join("mine.toml"), toml).expect("written");
    let meta = format!("{{:old {{:uuid \"{disk}\" :os-family :debian :os-version \"6.0\" :packager :apt}}}}");
    fs::write(folder.join("old one.meta"), meta).expect("written");
    fs::write(folder.join("broken.meta"), "{:a #=(eval (System/exit 1))}").expect("written");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let records = listed(&*service).await;
        let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, ["bad", "bookworm", IMAGE, "gone", "old", "broken.meta"]);
        let of = |id: &str| records.iter().find(|record| record.id == id).expect("listed");
        let file = folder.join("mine.toml").display().to_string();
        assert_eq!(of("bookworm").problems, [""; 0]);
        assert_eq!(of("bookworm").source, format!("{file}:1:2"));
        assert!(of("bookworm").registered && of("bookworm").uuid.is_some());
        assert_eq!(of("bad").problems, [format!("{file}:10:1: unknown option `os-famly` of image `bad`")]);
        let gone = folder.join("gone.vdi").display().to_string();
        assert_eq!(of("gone").problems, [format!("no file {gone} that can be read")]);
        assert_eq!(of("old").problems, ["`packager` means nothing here"]);
        assert_eq!(of(IMAGE).problems, [format!("{file}:11:2 defines it too, and loses")]);
        assert_eq!(
            of("broken.meta").problems,
            ["line 1, column 5: `#=` evaluates what follows; nothing is evaluated here"]
        );
        // The files serve like the configuration does, and the best of all is chosen.
        let wanted = ImageMatch { os_family: Some(OsFamily::Debian), ..ImageMatch::default() };
        let ranked = images(&*service).rank(&wanted);
        assert_eq!((ranked[0].id.as_str(), ranked[0].verdict), ("bookworm", Verdict::Chosen), "64-bit wins");
        let mut spec = request("web", 1);
        spec.spec = spec.spec.image("old");
        service.create(&spec, &quietly).await.expect("a node");
        spec.spec = spec.spec.image("bad");
        let error = service.check(&[spec]).await.expect_err("defined wrongly");
        assert_eq!(error.hint.as_deref(), Some("did you mean `os-family`?"));
    });
}

/// Adds an image from a raw disk, to be used in this way.
async fn added(world: &World, service: &dyn Compute, id: &str, attach: Attach) -> ImageRecord {
    let raw = world.folder().join("raw.img");
    fs::write(&raw, raw_disk()).expect("a disk");
    let mut new = new_image(id, raw.display().to_string());
    new.definition = ImageDefinition {
        os_family: Some(OsFamily::Debian),
        os_version: Some("12".to_owned()),
        attach: Some(attach),
        ..ImageDefinition::default()
    };
    images(service).add(&new, &quietly).await.expect("an image")
}

async fn node(service: &dyn Compute, group: &str, index: u32, image: &str) -> NodeRecord {
    let mut wanted = request(group, index);
    wanted.spec = wanted.spec.image(image);
    service
        .create(&wanted, &quietly)
        .await
        .unwrap_or_else(|error| panic!("{}", crate::formats::chain(&error)))
}

fn in_use(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let record = added(&world, &*service, "mine", Attach::MultiAttach).await;
        assert_eq!((record.kind.as_deref(), record.children), (Some("multiattach"), 0));
        let disk = record.path.expect("a disk");
        let web = node(&*service, "web", 1, "mine").await;
        // Another service of the same host sees it, and that it is in use.
        let other = world.open("prod", &[]).await.expect("a service");
        let seen = listed(&*other).await.into_iter().find(|record| record.id == "mine").expect("listed");
        assert_eq!(seen.children, 1);
        for service in [&service, &other] {
            let error = images(&**service).remove("mine").await.expect_err("in use");
            assert_eq!(error.message, "the image `mine` is in use: 1 disk stands on its disk");
            assert_eq!(error.kind, ErrorKind::Input);
        }
        assert!(disk.exists());
        service.destroy(&web.id).await.expect("a removal");
        let checked = images(&*service).check(&quietly).await.expect("a check");
        assert!(checked.iter().all(|record| record.problems.is_empty()), "{checked:?}");
        // Somebody writes to it.
        world.end_server();
        let mut bytes = fs::read(&disk).expect("the disk");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&disk, bytes).expect("written");
        let checked = images(&*service).check(&quietly).await.expect("a check");
        let mine = checked.iter().find(|record| record.id == "mine").expect("listed");
        assert_eq!(mine.problems, ["its disk was written to since it was added"]);
        images(&*service).remove("mine").await.expect("a removal");
        assert!(!disk.exists() && World::files(&models(&world)).is_empty());
        assert_eq!(world.machines(), [""; 0], "its holder went with it");
        let error = images(&*service).remove("mine").await.expect_err("gone");
        assert_eq!(error.message, "no image model `mine`");
    });
}

fn not_ours(world: World, runtime: Runtime) {
    let before = fs::read(world.model()).expect("the model");
    let folder = models(&world);
    fs::create_dir_all(&folder).expect("a folder");
    let disk = world.model().display().to_string();
    fs::write(folder.join("theirs.toml"), format!("[theirs]\npath = \"{disk}\"\n")).expect("written");
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        for id in [IMAGE, "theirs"] {
            let error = images(&*service).remove(id).await.expect_err("not ours");
            assert_eq!(error.message, format!("the image `{id}` was not added by `image add`"));
        }
        let error = images(&*service).remove("their").await.expect_err("no such");
        assert_eq!(error.hint.as_deref(), Some("did you mean `theirs`?"));
    });
    assert!(fs::read(world.model()).expect("the model") == before);
    assert!(folder.join("theirs.toml").exists());
}

fn boot_disk(world: &World, node: &NodeRecord) -> String {
    let info = world.vbox(&["showvminfo", &node.id.0, "--machinereadable"]);
    let line = info.lines().find_map(|line| line.strip_prefix("\"SATA-0-0\"=")).expect("a disk");
    line.trim_matches('"').to_owned()
}

fn own_disks(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let clone_of = added(&world, &*service, "for-clones", Attach::LinkedClone).await;
        let copy_of = added(&world, &*service, "for-copies", Attach::FullCopy).await;
        assert_eq!(
            clone_of.kind.as_deref(),
            Some("multiattach"),
            "else VirtualBox may delete it with a clone"
        );
        let [clone_of, copy_of] = [clone_of, copy_of].map(|record| record.path.expect("a disk"));
        let before = [&clone_of, &copy_of].map(|path| fs::read(path).expect("a disk"));
        let (one, two) =
            (node(&*service, "web", 1, "for-clones").await, node(&*service, "web", 2, "for-clones").await);
        let copy = node(&*service, "db", 1, "for-copies").await;
        for (node, kind) in
            [(&one, "normal (differencing)"), (&two, "normal (differencing)"), (&copy, "normal (base)")]
        {
            let disk = boot_disk(&world, node);
            assert_eq!(
                disk,
                world.nodes().join(format!("pallet/lab/{}/boot.vdi", node.name)).display().to_string()
            );
            assert!(world.vbox(&["showmediuminfo", "disk", &disk]).contains(kind), "{disk}");
        }
        // The same content, disk against disk.
        let disk = boot_disk(&world, &copy);
        let raw = world.folder().join("raw.img").display().to_string();
        run(world.folder(), &["qemu-img", "compare", "-f", "vdi", "-F", "raw", &disk, &raw]);
        // A copy needs its image no more.
        images(&*service).remove("for-copies").await.expect("a removal");
        assert!(!copy_of.exists() && Path::new(&disk).exists());
        images(&*service).remove("for-clones").await.expect_err("in use");
        // Whoever removes a clone by hand, with all its files, does not take the image along.
        service.stop(&one.id).await.expect("a stop");
        service.stop(&two.id).await.expect("a stop");
        service.destroy(&one.id).await.expect("a removal");
        world.vbox(&["unregistervm", &two.id.0, "--delete"]);
        service.destroy(&copy.id).await.expect("a removal");
        assert!(fs::read(&clone_of).expect("the image") == before[0], "the image was written to");
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
        images(&*service).remove("for-clones").await.expect("a removal");
    });
}

fn immutable(world: World, runtime: Runtime) {
    let before = fs::read(world.model()).expect("the model");
    runtime.block_on(async {
        let option = world.images(&[("attach", "immutable".into())]);
        let service = world.open("lab", &[("images", option)]).await.expect("a service");
        let one = service.create(&request("web", 1), &quietly).await.expect("a node");
        let settings = world.nodes().join("pallet/lab/web-1/web-1.vbox");
        let settings = fs::read_to_string(settings).expect("its settings");
        assert!(!settings.contains("debian-12.vdi"), "the first node got the model into its own registry");
        // Somebody removes the holder: VirtualBox moves the model to the registry of the node.
        let holder =
            world.machines().into_iter().find(|name| name.starts_with("pallet-model-")).expect("a holder");
        world.vbox(&["unregistervm", &holder, "--delete"]);
        let two = service.create(&request("web", 2), &quietly).await.expect("a node");
        assert_eq!(world.machines().len(), 3, "a holder again");
        for node in [&one, &two] {
            let info = world.vbox(&["showmediuminfo", "disk", &boot_disk(&world, node)]);
            assert!(info.contains("Auto-Reset:     on"), "{info}");
        }
        // Read from the files again, it is the same, and it outlives the node that had it.
        service.stop(&one.id).await.expect("a stop");
        world.vbox(&["snapshot", &one.id.0, "take", "one"]);
        world.end_server();
        assert_eq!(service.list().await.expect("a list").len(), 2);
        service.destroy(&one.id).await.expect("a removal");
        world.end_server();
        assert_eq!(service.list().await.expect("a list"), std::slice::from_ref(&two));
        let three = service.create(&request("web", 3), &quietly).await.expect("a node");
        world.end_server();
        service.destroy(&two.id).await.expect("a removal");
        service.destroy(&three.id).await.expect("a removal");
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
    });
    assert!(fs::read(world.model()).expect("the model") == before, "the model was written to");
}

fn mixed(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let one = service.create(&request("web", 1), &quietly).await.expect("a node");
        let option = world.images(&[("attach", "immutable".into())]);
        let other = world.open("prod", &[("images", option)]).await.expect("a service");
        let error = other.create(&request("db", 1), &quietly).await.expect_err("of another type");
        assert!(
            error.message.contains("is of the type multiattach, and `attach = \"immutable\"`"),
            "{error}"
        );
        assert_eq!(problems(&*other, IMAGE).await.len(), 1);
        // Copies can be made of any disk, also while others stand on it.
        let option = world.images(&[("attach", "full-copy".into())]);
        let third = world.open("third", &[("images", option)]).await.expect("a service");
        let copy = third.create(&request("db", 1), &quietly).await.expect("a copy");
        third.destroy(&copy.id).await.expect("a removal");
        service.destroy(&one.id).await.expect("a removal");
    });
}

fn cloud_init(world: World, runtime: Runtime) {
    runtime.block_on(async {
        let option = world.images(&[("cloud-init", OptionValue::Bool(true))]);
        let service = world.open("lab", &[("images", option)]).await.expect("a service");
        let node = service.create(&request("web", 1), &quietly).await.expect("a node");
        assert_eq!(node.image_login, None, "it is bootstrapped by the admin user");
        let info = world.vbox(&["showvminfo", &node.id.0, "--machinereadable"]);
        let cd = info.lines().find_map(|line| line.strip_prefix("\"SATA-1-0\"=")).expect("a drive");
        let cd = cd.trim_matches('"');
        assert!(cd.ends_with("/web-1/seed.iso"), "{cd}");
        let mac = info.lines().find_map(|line| line.strip_prefix("macaddress1=")).expect("an adapter");
        let first = mac.trim_matches('"')[..2].to_lowercase();

        // As cloud-init finds it, and as a real reader of Joliet, and one of plain names, read it.
        let out = world.folder().join("cd");
        fs::create_dir(&out).expect("a folder");
        let read = "blkid -p -o value -s LABEL \"$1\" >\"$2/label\"
            isoinfo -J -f -i \"$1\" >\"$2/names\"; isoinfo -f -i \"$1\" >>\"$2/names\"
            for file in meta-data user-data network-config; do isoinfo -J -x \"/$file;1\" -i \"$1\" >\"$2/$file\"; done";
        run(&out, &["sh", "-ec", read, "sh", cd, &out.display().to_string()]);
        let text = |name: &str| fs::read_to_string(out.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(text("label").trim(), "cidata");
        let names = "/meta-data;1\n/network-config;1\n/user-data;1\n";
        assert_eq!(text("names"), format!("{names}{}", names.to_uppercase().replace(';', ".;")));
        let meta = format!("instance-id: \"{}\"\nlocal-hostname: \"web-1\"\n", node.id);
        assert_eq!(text("meta-data"), meta);
        let user = text("user-data");
        assert!(user.starts_with("#cloud-config\n") && user.contains("- name: \"anna\""), "{user}");
        assert!(user.contains("- \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 anna@here\""), "{user}");
        assert!(text("network-config").contains(&format!("macaddress: \"{first}:")));

        // It goes with the node, whether that has snapshots or not.
        service.stop(&node.id).await.expect("a stop");
        world.vbox(&["snapshot", &node.id.0, "take", "one"]);
        service.destroy(&node.id).await.expect("a removal");
        assert!(World::files(&world.nodes().join("pallet/lab")).is_empty());
        assert!(!world.vbox(&["list", "dvds"]).contains("seed.iso"));
    });
}
