//! A VirtualBox registry of its own for one test, with a model disk, and without anything left behind.

use crate::real::Real;
use crate::runner::TestRunner;
use crate::server::{self, WithoutServer};
use pallet::compute::{
    AdminAccount, Compute, ComputeError, CreateRequest, HostCommand, Provider, ServiceConfig,
};
use pallet::name::{GroupName, NodeName, ServiceName};
use pallet::options::{OptionValue, Options};
use pallet::spec::{Network, NodeSpec};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// The id of the image model that every service in a world has.
pub const IMAGE: &str = "debian-12";

/// A registry, a folder for machines, and a model. Everything of it, processes included, goes when it is dropped.
pub struct World {
    folder: TempDir,
    root: PathBuf,
    program: PathBuf,
    /// Runs the programs of the services in this world.
    pub runner: Arc<TestRunner>,
}

impl World {
    /// Makes a world around a real VirtualBox and the program that stands in for the hypervisor.
    ///
    /// # Panics
    ///
    /// When the host lacks something that making the world needs.
    pub fn new(real: &Real, program: &str) -> World {
        let folder = tempfile::Builder::new().prefix("pallet-vbox-").tempdir().expect("a temporary folder");
        for part in ["home", "tmp", "models", "states"] {
            fs::create_dir(folder.path().join(part)).expect("a folder in our own");
        }
        let path = |part: &str| folder.path().join(part).display().to_string();
        let env = BTreeMap::from([
            ("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ("HOME".to_owned(), path("home")),
            ("PALLET_TEST_VBOX_ROOT".to_owned(), real.root.display().to_string()),
            ("PALLET_TEST_VBOX_WORLD".to_owned(), folder.path().display().to_string()),
        ]);
        let runner = Arc::new(TestRunner::new(env));
        let world = World { folder, root: real.root.clone(), program: program.into(), runner };
        world.vbox(&[
            "createmedium",
            "disk",
            "--filename",
            &world.model().display().to_string(),
            "--size",
            "64",
        ]);
        world
    }

    /// Returns the folder of this world.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the disk of the model.
    pub fn model(&self) -> PathBuf {
        self.folder().join("models/debian-12.vdi")
    }

    /// Returns the folder that machines live in.
    pub fn nodes(&self) -> PathBuf {
        self.folder().join("nodes")
    }

    /// Opens a service. Options of the test's own come last.
    ///
    /// # Errors
    ///
    /// What the provider says.
    pub async fn open(
        &self,
        name: &str,
        own: &[(&str, OptionValue)],
    ) -> Result<Arc<dyn Compute>, ComputeError> {
        pallet_vbox::provider().open(self.config(name, own)).await
    }

    /// Returns what a provider gets to open a service. Options of the test's own come last.
    ///
    /// # Panics
    ///
    /// When the name is none.
    pub fn config(&self, name: &str, own: &[(&str, OptionValue)]) -> ServiceConfig {
        let mut options = Options::new(format!("service \"{name}\""), None);
        options.set("images", self.images(&[]), "");
        options.set("vboxmanage-path", self.program.display().to_string().as_str(), "");
        options.set("vbox-user-home", self.home().as_str(), "");
        options.set("node-path", self.nodes().display().to_string().as_str(), "");
        options.set("default-network", "nat", "");
        for (key, value) in own {
            options.set(*key, value.clone(), "");
        }
        ServiceConfig {
            name: ServiceName::new(name).expect("a service name"),
            options,
            state_dir: self.folder().join("state").join(name),
            runner: self.runner.clone(),
            admin: Some(AdminAccount {
                username: "anna".to_owned(),
                public_keys: vec!["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 anna@here".to_owned()],
            }),
        }
    }

    /// Returns the folder that VirtualBox was installed into.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the program that stands in for VBoxManage.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Returns the option `images` of a service: the model of this world, with further keys.
    pub fn images(&self, more: &[(&str, OptionValue)]) -> OptionValue {
        let mut image = Options::new("image", None);
        for (key, value) in [
            ("path", self.model().display().to_string().as_str()),
            ("os-type", "Debian12_64"),
            ("os-family", "debian"),
            ("os-version", "12"),
        ] {
            image.set(key, value, "");
        }
        if !more.iter().any(|(key, _)| *key == "cloud-init") {
            image.set("username", "root", "");
            image.set("password", "secret", "");
        }
        for (key, value) in more {
            image.set(*key, value.clone(), "");
        }
        let mut images = Options::new("images", None);
        images.set(IMAGE, OptionValue::Table(image), "");
        OptionValue::Table(images)
    }

    /// Calls VBoxManage as a user of the host would, and returns what it wrote.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn vbox(&self, args: &[&str]) -> String {
        self.try_vbox(args).unwrap_or_else(|error| panic!("VBoxManage {}: {error}", args.join(" ")))
    }

    /// Calls VBoxManage as a user of the host would.
    ///
    /// # Errors
    ///
    /// What it wrote to its standard error, when it failed.
    ///
    /// # Panics
    ///
    /// When it cannot be run.
    pub fn try_vbox(&self, args: &[&str]) -> Result<String, String> {
        let output = Command::new(&self.program)
            .args(args)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder().join("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("VBOX_USER_HOME", self.home())
            .env("PALLET_TEST_VBOX_ROOT", &self.root)
            .env("PALLET_TEST_VBOX_WORLD", self.folder())
            .output()
            .expect("the stand-in runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Returns a call of VBoxManage without arguments, as the services of this world make them.
    pub fn bare(&self) -> HostCommand {
        let mut command = HostCommand::new(&self.program);
        command.env.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
        command.env.insert("VBOX_USER_HOME".to_owned(), self.home());
        command
    }

    /// Returns the names of all machines of the registry, sorted.
    pub fn machines(&self) -> Vec<String> {
        let list = self.vbox(&["list", "vms"]);
        let mut names: Vec<String> =
            list.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Returns the UUID of a machine by its name.
    ///
    /// # Panics
    ///
    /// When there is no such machine.
    pub fn id_of(&self, name: &str) -> String {
        let list = self.vbox(&["list", "vms"]);
        let line = list.lines().find(|line| line.starts_with(&format!("\"{name}\" {{")));
        let line = line.unwrap_or_else(|| panic!("no machine {name} in:\n{list}"));
        line.rsplit(['{', '}']).nth(1).expect("a UUID in braces").to_owned()
    }

    /// Returns every file below a folder, sorted.
    pub fn files(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else { return vec![] };
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .flat_map(
                |entry| if entry.path().is_dir() { World::files(&entry.path()) } else { vec![entry.path()] },
            )
            .collect();
        files.sort();
        files
    }

    /// Ends VirtualBox's server, as after a minute without a call.
    pub fn end_server(&self) {
        server::end(&self.home());
    }

    /// Returns what runs the programs of a service whose every call finds no server.
    pub fn without_server(&self) -> Arc<WithoutServer> {
        self.without_server_for("")
    }

    /// Returns what runs the programs of a service whose calls with this word find no server.
    pub fn without_server_for(&self, word: &'static str) -> Arc<WithoutServer> {
        Arc::new(WithoutServer::new(self.runner.clone(), self.home(), word))
    }

    /// Ends VirtualBox's server, and lets the next one read the machine of this UUID after all others.
    ///
    /// # Panics
    ///
    /// When the registry does not name the machine, or cannot be written.
    pub fn read_last(&self, id: &str) {
        self.end_server();
        let registry = Path::new(&self.home()).join("VirtualBox.xml");
        let text = fs::read_to_string(&registry).expect("the registry");
        let entry = text.lines().find(|line| line.contains("<MachineEntry ") && line.contains(id));
        let entry = format!("{}\n", entry.expect("the machine's entry"));
        let end = "</MachineRegistry>";
        let text = text.replace(&entry, "").replace(end, &format!("{entry}{end}"));
        fs::write(&registry, text).expect("the registry");
    }

    fn home(&self) -> String {
        self.folder().join("home/vbox").display().to_string()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end_server();
        // The empty folder in the root over which this world was mounted. The mounts went with their processes.
        if let Ok(inside) = self.folder().strip_prefix("/") {
            let _ = fs::remove_dir(self.root.join(inside));
        }
    }
}

/// Returns a request for a node of a group, behind NAT.
///
/// # Panics
///
/// When the group has no valid name.
pub fn request(group: &str, index: u32) -> CreateRequest {
    CreateRequest {
        group: GroupName::new(group).expect("a group name"),
        name: NodeName::new(format!("{group}-{index}")).expect("a node name"),
        spec: NodeSpec::new().image(IMAGE).hardware("micro").network(Network::Nat),
    }
}

/// Says nothing to nobody.
pub fn quietly(_: &str) {}
