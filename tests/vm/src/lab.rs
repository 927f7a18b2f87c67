//! What a test stands on: a registry with a model that boots, a controller, and ways to look at machines past pallet.

use crate::qemu::Qemu;
use crate::standin::{CONSOLES, StandIn};
use pallet_tests_e2e::place::{Outcome, Place};
use pallet_tests_vbox::real::Real;
use pallet_tests_vbox::world::World;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

/// How long one command of pallet may take, booting included. Two processors that others use as well are slow.
const LIMIT: &str = "900";
/// How long a guest may take to come to a point that it comes to by itself.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(500);
/// How much of a console is shown when a test fails.
const TAIL: usize = 60;

/// The programs that a lab is made with.
#[derive(Debug, Clone, Copy)]
pub struct Programs {
    /// What stands in for VBoxManage.
    pub vboxmanage: &'static str,
    /// What is converged with.
    pub infra: &'static str,
}

/// Whom pallet logs in as on a machine that has just been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLogin {
    /// The account that the image has.
    Image,
    /// The admin user, whom cloud-init makes of what it reads on the machine's CD.
    CloudInit,
}

/// A registry with a model, and a controller with the program `vm-infra`. All of it goes when it is dropped.
pub struct Lab {
    world: World,
    place: Place,
    infra: PathBuf,
    real: Real,
    original: PathBuf,
}

impl Lab {
    /// Makes a lab whose model is a copy of the disk `original`.
    ///
    /// # Panics
    ///
    /// When the host lacks something that making it needs.
    #[must_use]
    pub fn new(real: &Real, programs: Programs, original: &Path, first: FirstLogin) -> Lab {
        let world = World::new(real, programs.vboxmanage);
        let vboxmanage = wrapper(&world, real, programs.vboxmanage);
        let model = world.folder().join("models/bookworm.vdi");
        install(&world, original, &model);
        let place = Place::new(&config(&world, &vboxmanage, &model, first));
        let key = place.path("key");
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
        let public = fs::read_to_string(key.with_extension("pub")).expect("a public key");
        let package = package(&place);
        let place =
            place.var("VM_ADMIN_KEY", public.trim()).var("VM_PACKAGE", &package.display().to_string());
        let (real, original) = (real.clone(), original.to_owned());
        Lab { world, place, infra: programs.infra.into(), real, original }
    }

    /// Runs a command line of pallet and returns what came of it.
    #[must_use]
    pub fn run(&self, line: &str) -> Outcome {
        let output = self.command(line).output().expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Outcome {
            code: output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Returns the process of a command line of pallet, which has a time limit.
    #[must_use]
    pub fn command(&self, line: &str) -> Command {
        let mut command =
            self.place.command(Path::new("/usr/bin/timeout"), &format!("--kill-after=10 {LIMIT}"));
        command.arg(&self.infra).args(line.split_whitespace()).args(["--output", "json"]);
        if line.starts_with("converge") {
            // An emulated machine on a busy one takes its time.
            command.args(["--boot-timeout", "600"]);
        }
        command
    }

    /// Calls VBoxManage as a user of the host would.
    #[must_use]
    pub fn vbox(&self, args: &[&str]) -> String {
        self.world.vbox(args)
    }

    /// Returns the names of all machines in the registry.
    #[must_use]
    pub fn machines(&self) -> Vec<String> {
        self.world.machines()
    }

    /// Returns a line of what VirtualBox says of a machine.
    ///
    /// # Panics
    ///
    /// When it says no such thing.
    #[must_use]
    pub fn setting(&self, name: &str, key: &str) -> String {
        let info = self.vbox(&["showvminfo", &self.world.id_of(name), "--machinereadable"]);
        let line = info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("no {key} in {info}")).trim_matches('"').to_owned()
    }

    /// Returns the QEMU that a machine runs in.
    #[must_use]
    pub fn qemu(&self, name: &str) -> Qemu {
        let id = self.world.id_of(name);
        StandIn::new(self.real.clone(), self.world.folder().to_owned()).qemu(&id)
    }

    /// Runs a line of shell on a machine as root, over SSH as the admin user and past pallet.
    ///
    /// # Errors
    ///
    /// What it or ssh wrote to the standard error, when it failed.
    pub fn ask(&self, name: &str, script: &str) -> Result<String, String> {
        let rule = self.setting(name, "Forwarding(0)");
        let port = rule.split(',').nth(3).expect("a port in the rule").to_owned();
        let output = Command::new("timeout")
            .args(["--kill-after=5", "120", "ssh", "-F", "none", "-o", "BatchMode=yes"])
            .args(["-o", "ConnectTimeout=60", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"])
            .args(["-o", "UserKnownHostsFile=/dev/null", "-p", &port, "-i"])
            .arg(self.place.path("key"))
            .arg("ops@127.0.0.1")
            .arg(format!("sudo sh -c '{}'", script.replace('\'', r"'\''")))
            .output()
            .expect("ssh runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Runs a line of shell on a machine that must succeed.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn check(&self, name: &str, script: &str) -> String {
        self.ask(name, script).unwrap_or_else(|error| panic!("{script} on {name}: {error}"))
    }

    /// Waits for something that comes by itself.
    ///
    /// # Panics
    ///
    /// When it does not come.
    #[track_caller]
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < deadline, "{what} does not come in {} s", PATIENCE.as_secs());
            std::thread::sleep(PAUSE);
        }
    }

    /// Checks that nothing is left of any node: no machine but the model's holder, no disk but the model, no file in the
    /// folder of the nodes, no process. And that the model has the content of the disk that it was made from.
    ///
    /// # Panics
    ///
    /// When something is left.
    pub fn check_nothing_left(&self) {
        let machines = self.machines();
        assert!(machines.len() == 1 && machines[0].starts_with("pallet-model-"), "{machines:?}");
        let nodes = World::files(&self.world.nodes().join("pallet/lab"));
        assert!(nodes.is_empty(), "{nodes:?}");
        let disks = self.vbox(&["list", "hdds"]);
        let left: Vec<&str> = disks.lines().filter(|line| line.starts_with("Location:")).collect();
        assert!(left.iter().all(|line| line.contains("/models/")), "{left:?}");
        assert_eq!(processes(self.world.folder()), [""; 0]);
        let notes = World::files(&self.world.folder().join("states"));
        assert!(notes.is_empty(), "{notes:?}");
        let model = self.world.folder().join("models/bookworm.vdi");
        run(Command::new("qemu-img")
            .args(["compare", "-f", "raw", "-F", "vdi"])
            .args([&self.original, &model]));
    }
}

/// Kills what a [command](Lab::command) of pallet runs: it is the child of the process that limits its time.
///
/// # Panics
///
/// When there is nothing to kill.
pub fn kill_child_of(limiter: &Child) {
    run(Command::new("pkill").args(["-KILL", "-P", &limiter.id().to_string()]));
}

/// Whoever reads of a failure cannot look at the machines any more.
impl Drop for Lab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for console in World::files(&self.world.folder().join(CONSOLES)) {
            let text = fs::read(&console).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<&str> = text.lines().collect();
            eprintln!("---- the end of {}", console.display());
            eprintln!("{}", lines[lines.len().saturating_sub(TAIL)..].join("\n"));
        }
        let machines = self.world.try_vbox(&["list", "vms", "--long"]).unwrap_or_else(|error| error);
        let told = machines.lines().filter(|line| line.starts_with("Name:") || line.starts_with("State:"));
        eprintln!("---- the machines\n{}", told.collect::<Vec<_>>().join("\n"));
    }
}

/// Returns a VBoxManage that a configuration can name: the environment of programs that pallet runs says nothing of tests.
fn wrapper(world: &World, real: &Real, program: &str) -> PathBuf {
    let path = world.folder().join("VBoxManage");
    let (root, folder) = (real.root.display(), world.folder().display());
    let script = format!(
        "#!/bin/sh\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n\
         export PALLET_TEST_VBOX_ROOT='{root}' PALLET_TEST_VBOX_WORLD='{folder}'\nexec '{program}' \"$@\"\n"
    );
    fs::write(&path, script).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

/// Makes the model as a user with a raw disk would. VirtualBox sees only what is in the world.
fn install(world: &World, original: &Path, model: &Path) {
    let copy = model.with_extension("img");
    run(Command::new("cp").arg("--sparse=always").args([original, &copy]));
    world.vbox(&[
        "convertfromraw",
        &copy.display().to_string(),
        &model.display().to_string(),
        "--format=VDI",
    ]);
    fs::remove_file(copy).expect("removed");
}

fn config(world: &World, vboxmanage: &Path, model: &Path, first: FirstLogin) -> String {
    let login = match first {
        FirstLogin::Image => "username = \"debian\"\npassword = \"debian\"\nsudo-password = \"debian\"",
        FirstLogin::CloudInit => "cloud-init = true",
    };
    format!(
        "[admin-user]\nusername = \"ops\"\nprivate-key-path = \"key\"\n\n\
         [services.lab]\nprovider = \"vbox\"\nvboxmanage-path = \"{}\"\nvbox-user-home = \"{}\"\nnode-path = \"{}\"\n\n\
         [services.lab.images.debian-12]\npath = \"{}\"\nos-type = \"Debian12_64\"\nos-family = \"debian\"\n\
         os-version = \"12\"\n{login}\n",
        vboxmanage.display(),
        world.folder().join("home/vbox").display(),
        world.nodes().display(),
        model.display(),
    )
}

/// Builds a package with a program that is a service.
fn package(place: &Place) -> PathBuf {
    let folder = place.path("greeter");
    fs::create_dir_all(folder.join("DEBIAN")).expect("a folder");
    fs::create_dir_all(folder.join("usr/bin")).expect("a folder");
    let control = "Package: greeter\nVersion: 1.0\nArchitecture: all\nMaintainer: the tests <tests@example.org>\n\
                   Description: writes down its configuration and goes on\n";
    fs::write(folder.join("DEBIAN/control"), control).expect("written");
    let program = folder.join("usr/bin/greeter");
    fs::write(&program, "#!/bin/sh\ncat /etc/greeter.conf >>/srv/greetings\nexec sleep infinity\n")
        .expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    let package = place.path("greeter.deb");
    run(Command::new("dpkg-deb").args(["--build", "--root-owner-group"]).args([&folder, &package]));
    package
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
    output
}

/// Returns the command lines of QEMU whose files are in this folder.
fn processes(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    let folder = folder.display().to_string();
    lines.filter(|line| line.starts_with("qemu-system") && line.contains(&folder)).collect()
}
