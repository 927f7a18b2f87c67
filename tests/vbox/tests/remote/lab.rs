//! A hybrid service over VirtualBox here, VirtualBox on another host, and a machine that is only known: one inventory, from
//! the command line. Then the images and the hardware of the part that is elsewhere.

use crate::host::Host;
use crate::program::Project;
use pallet_tests_vbox::world::{IMAGE, World};
use std::fs;

/// Hardware models are files of the project, also those of a service elsewhere.
const HARDWARE: &str = "[tiny]\nmemory-size = 128\nconsole-file = \"console.log\"\n";

pub(crate) fn is_one_inventory(world: &World, host: &Host) {
    let project = project(world, host);
    it_is_made_and_listed(&project);
    a_tie_is_told(&project);
    its_nodes_are_switched_where_they_are(&project);
    its_nodes_go_back_where_they_are(&project);
    images_are_those_of_one_part(&project, world);
    project.ends(0, "destroy web --yes");
    let left: Vec<String> =
        world.machines().into_iter().filter(|name| !name.starts_with("pallet-model-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn project(world: &World, host: &Host) -> Project {
    let vbox = |name: &str, more: &str| {
        format!(
            "[services.{name}]\nprovider = \"vbox\"\nvboxmanage-path = \"{program}\"\nvbox-user-home = \"{world}/home/vbox\"\n\
             node-path = \"{world}/nodes\"\nmodel-path = \"{world}/models-of-{name}\"\n\
             hardware-models-file = \"hardware.toml\"\nstop-timeout = 5\n{more}\n\
             [services.{name}.images.{IMAGE}]\npath = \"{model}\"\nos-family = \"debian\"\nos-version = \"12\"\n\
             username = \"root\"\npassword = \"secret\"\n\
             [services.{name}.images.{IMAGE}-too]\npath = \"{model}\"\nos-family = \"debian\"\nos-version = \"12\"\n\
             username = \"root\"\npassword = \"secret\"\n",
            program = host.program().display(),
            world = world.folder().display(),
            model = world.model().display(),
        )
    };
    let key = host.login().private_key_path.expect("a key");
    let config = format!(
        "default-service = \"lab\"\n[admin-user]\nusername = \"root\"\nprivate-key-path = \"{}\"\n\
         [services.lab]\nprovider = \"hybrid\"\nsub-services = [\"tower\", \"far\", \"rack\"]\n\
         groups-for-services = {{ tower = [\"web\", \"twin\"], far = [\"web\"], rack = [\"old\"] }}\n{}{}\
         [services.rack]\nprovider = \"node-list\"\n\
         nodes = [{{ name = \"old-1\", group = \"old\", address = \"192.0.2.7\" }}]\n",
        key.display(),
        vbox("tower", ""),
        vbox("far", &format!("host = \"{}\"", host.name())),
    );
    Project::new(&world.folder().join("project"), &[("pallet.toml", &config), ("hardware.toml", HARDWARE)])
}

fn it_is_made_and_listed(project: &Project) {
    project.ends(0, "converge web --yes");
    let nodes = project.ends(0, "nodes -o json");
    let line = |name: &str| {
        let name = format!("\"node\":\"{name}\"");
        nodes.lines().find(|line| line.contains(&name)).unwrap_or_else(|| panic!("{name} in {nodes}"))
    };
    for (name, service) in [("web-1", "tower"), ("web-2", "far"), ("old-1", "rack")] {
        assert!(line(name).contains(&format!("\"id\":\"{service}/")), "{nodes}");
    }
}

fn a_tie_is_told(project: &Project) {
    let plan = project.ends(0, "plan twin=2");
    let told = format!("group twin: service `tower`: the image is {IMAGE} (debian 12, 32-bit or 64-bit)");
    assert_eq!(plan.matches(&told).count(), 1, "{plan}");
    assert!(plan.contains(&format!("{IMAGE}-too would do as well")), "{plan}");
}

/// Each command ends with the nodes as they are then.
fn switches(project: &Project, line: &str, state: &str) {
    let text = project.ends(0, line);
    assert_eq!(text.matches(&format!(" {state} ")).count(), 2, "{line}: {text}");
}

fn its_nodes_are_switched_where_they_are(project: &Project) {
    // What one part cannot, the others do all the same.
    let text = project.ends(1, "pause");
    assert!(text.contains("the service `rack` cannot pause, save and reset nodes"), "{text}");
    assert_eq!(text.matches(" suspended ").count(), 2, "{text}");
    let text = project.ends(2, "pause --service rack");
    assert!(text.contains("the service rack cannot pause nodes: its provider is `node-list`"), "{text}");
    for (line, state) in [
        ("resume web", "running"),
        ("reset web", "running"),
        ("save web", "suspended"),
        ("start web", "running"),
        ("reboot web", "running"),
        ("stop web --now", "stopped"),
    ] {
        switches(project, line, state);
    }
}

fn its_nodes_go_back_where_they_are(project: &Project) {
    project.ends(0, "snapshot take clean web");
    let listed = project.ends(0, "snapshot list web");
    assert_eq!(listed.matches(" clean ").count(), 2, "{listed}");
    switches(project, "start web", "running");
    switches(project, "snapshot restore clean web --yes", "running");
    project.ends(0, "snapshot delete clean web --yes");
    switches(project, "stop web", "stopped");
    let text = project.ends(1, "snapshot take clean old");
    assert!(text.contains("the service `rack` cannot keep states of nodes"), "{text}");
}

fn images_are_those_of_one_part(project: &Project, world: &World) {
    for line in ["images", "hardware"] {
        let text = project.ends(2, line);
        assert!(text.contains("`--service`: tower, far, rack"), "{line}: {text}");
    }
    let hardware = project.ends(0, "hardware --service far");
    assert!(hardware.contains("tiny") && hardware.contains("hardware.toml"), "{hardware}");
    let raw = world.folder().join("new.raw");
    let mut disk = vec![0; 2 << 20];
    disk[510..512].copy_from_slice(b"\x55\xaa");
    fs::write(&raw, disk).expect("a folder of our own");
    let add = format!("image add new {} --os-family debian --username root --service far", raw.display());
    project.ends(0, &add);
    assert!(world.folder().join("models-of-far/new.vdi").exists(), "where the service's host keeps models");
    let listed = project.ends(0, "images --service far");
    assert!(listed.contains("new") && listed.contains(IMAGE), "{listed}");
    let ranked = project.ends(0, "images --service far --os-family debian");
    assert!(ranked.contains("chosen") && ranked.contains("as good, and later by id"), "{ranked}");
    project.ends(0, "image check --service far");
    let text = project.ends(2, &format!("image remove {IMAGE} --service far --yes"));
    assert!(text.contains(IMAGE), "{text}");
    project.ends(0, "image remove new --service far --yes");
    assert!(!world.folder().join("models-of-far/new.vdi").exists());
}
