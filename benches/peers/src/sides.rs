//! Who is compared, and how each is called from the shell prompt.

use crate::fleet::{Fleet, USER};
use crate::workload::{self, FOLDER, LINE, PACKAGES, SMALL, TEMPLATE, TEMPLATES, UNIT};
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const PYINFRA: &str = include_str!("../sides/deploy.py");
const NODELAY: &str = include_str!("../sides/nodelay.py");
const ANSIBLE: &str = include_str!("../sides/playbook.yml");

/// One of those that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The least that it can cost.
    Floor,
    /// Pallet, built for release.
    Pallet,
    /// Pallet as `cargo run` builds it.
    PalletDebug,
    /// pyinfra as it is.
    Pyinfra,
    /// pyinfra with `TCP_NODELAY` set on its connections.
    PyinfraNodelay,
    /// Ansible as it is.
    Ansible,
    /// Ansible with pipelining, enough forks, and without reading facts.
    AnsibleTuned,
    /// The same with Mitogen.
    Mitogen,
}

impl Side {
    /// All of them, the floor first.
    pub const ALL: [Side; 8] = [
        Side::Floor,
        Side::Pallet,
        Side::PalletDebug,
        Side::PyinfraNodelay,
        Side::Pyinfra,
        Side::Mitogen,
        Side::AnsibleTuned,
        Side::Ansible,
    ];

    /// Returns what it is called in tables.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Side::Floor => "floor",
            Side::Pallet => "pallet",
            Side::PalletDebug => "pallet (debug build)",
            Side::Pyinfra => "pyinfra",
            Side::PyinfraNodelay => "pyinfra, TCP_NODELAY set",
            Side::Ansible => "Ansible",
            Side::AnsibleTuned => "Ansible, pipelining",
            Side::Mitogen => "Ansible, Mitogen",
        }
    }

    /// Tells whether it is one of the peers, which are installed from their registry.
    #[must_use]
    pub fn is_peer(self) -> bool {
        !matches!(self, Side::Floor | Side::Pallet | Side::PalletDebug)
    }

    /// Returns on how many nodes or in how many actions it changed something, read from what it wrote.
    #[must_use]
    pub fn changes(self, output: &str) -> Option<usize> {
        match self {
            Side::Floor => output.trim().strip_prefix("changed ")?.parse().ok(),
            Side::Pallet | Side::PalletDebug => {
                let last = output.lines().rev().find(|line| line.contains("\"finished\""))?;
                let event: serde_json::Value = serde_json::from_str(last).ok()?;
                event["changed"].as_u64().or_else(|| event["counts"]["changed"].as_u64()).map(|n| n as usize)
            }
            // A line of its summary for the whole: "Grand total 20 - 20 -", whose third word is what changed.
            Side::Pyinfra | Side::PyinfraNodelay => {
                let line = output.lines().find(|line| line.trim_start().starts_with("Grand total"))?;
                let words: Vec<&str> = line.split_whitespace().collect();
                words.get(3).map(|word| word.parse().unwrap_or(0))
            }
            Side::Ansible | Side::AnsibleTuned | Side::Mitogen => {
                let counts =
                    output.lines().filter_map(|line| line.split_once("changed=")).map(|(_, rest)| {
                        rest.split_whitespace()
                            .next()
                            .and_then(|word| word.parse::<usize>().ok())
                            .unwrap_or(0)
                    });
                output.contains("PLAY RECAP").then(|| counts.sum())
            }
        }
    }
}

/// Where the sides find what they need: a folder with their files, for one fleet.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    /// Where the programs of this package are, built for release and not.
    pub programs: PathBuf,
    /// The same, as `cargo run` builds them.
    pub debug_programs: PathBuf,
    /// The virtual environment of the peers.
    pub venv: PathBuf,
}

impl Place {
    /// Fills an empty folder with the files of all sides. Its path must be short: there will be sockets in it.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn new(folder: PathBuf, programs: &Path, debug_programs: &Path, venv: &Path) -> io::Result<Place> {
        std::fs::create_dir(folder.join("files"))?;
        std::fs::create_dir(folder.join("home"))?;
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text);
        for name in SMALL {
            write(&format!("files/{name}"), &workload::small(name))?;
        }
        write("files/large", workload::large())?;
        write("files/bench.service", UNIT)?;
        write("files/template.j2", TEMPLATE)?;
        write("nodelay.py", NODELAY)?;
        write("deploy.py", PYINFRA)?;
        write("playbook.yml", ANSIBLE)?;
        write("values.json", &values())?;
        let (programs, debug_programs) = (programs.to_owned(), debug_programs.to_owned());
        Ok(Place { folder, programs, debug_programs, venv: venv.to_owned() })
    }

    /// Tells all sides where the nodes are now.
    ///
    /// # Errors
    ///
    /// When their files cannot be written.
    pub fn point_at(&self, fleet: &Fleet) -> io::Result<()> {
        let nodes = fleet.nodes();
        let key = fleet.key().display();
        let mut pallet = format!(
            "[admin-user]\nusername = \"{USER}\"\nprivate-key-path = \"{key}\"\n\n\
             [services.bench]\nprovider = \"node-list\"\nnodes = [\n"
        );
        let mut pyinfra = "hosts = [\n".to_owned();
        let mut ansible = "[bench]\n".to_owned();
        for (name, address) in &nodes {
            let (host, port) = (address.ip(), address.port());
            let _ = writeln!(
                pallet,
                "    {{ name = \"{name}\", group = \"bench\", address = \"{host}\", port = {port} }},"
            );
            let _ = writeln!(
                pyinfra,
                "    (\"{name}\", {{\"ssh_hostname\": \"{host}\", \"ssh_port\": {port}, \"ssh_user\": \"{USER}\", \
                 \"ssh_key\": \"{key}\", \"_sudo\": True, \"ssh_known_hosts_file\": \"known_hosts\", \
                 \"ssh_strict_host_key_checking\": \"accept-new\"}}),"
            );
            let _ = writeln!(ansible, "{name} ansible_host={host} ansible_port={port}");
        }
        pallet.push_str("]\n");
        pyinfra.push_str("]\n");
        let _ = write!(
            ansible,
            "\n[bench:vars]\nansible_user={USER}\nansible_ssh_private_key_file={key}\n\
             ansible_python_interpreter=/usr/bin/python3\nansible_become=true\n"
        );
        let write = |name: &str, text: &str| std::fs::write(self.folder.join(name), text);
        write("pallet.toml", &pallet)?;
        write("inventory.py", &pyinfra)?;
        write("inventory_nodelay.py", &format!("{NODELAY}\n{pyinfra}"))?;
        write("inventory.ini", &ansible)?;
        // Other nodes may be where some were before.
        for file in ["known_hosts", "home/state/services/bench/known_hosts"] {
            match std::fs::remove_file(self.folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the command that brings the nodes to what the workload says.
    #[must_use]
    pub fn command(&self, side: Side, fleet: &Fleet) -> Command {
        let mut command = match side {
            Side::Floor => self.floor(fleet),
            Side::Pallet => self.pallet(&self.programs, fleet),
            Side::PalletDebug => self.pallet(&self.debug_programs, fleet),
            Side::Pyinfra => self.pyinfra("inventory.py"),
            Side::PyinfraNodelay => self.pyinfra("inventory_nodelay.py"),
            Side::Ansible => self.ansible(&[]),
            Side::AnsibleTuned => self.ansible(&[("ANSIBLE_PIPELINING", "1"), ("ANSIBLE_FORKS", "20")]),
            Side::Mitogen => {
                // It knows no middle between a host key that is known and none that is looked at.
                let mut command =
                    self.ansible(&[("ANSIBLE_FORKS", "20"), ("ANSIBLE_HOST_KEY_CHECKING", "False")]);
                command.env("ANSIBLE_STRATEGY", "mitogen_linear");
                command.env("ANSIBLE_STRATEGY_PLUGINS", self.mitogen_plugins());
                command
            }
        };
        command.current_dir(&self.folder);
        command
    }

    /// Ends what a run left open: Ansible's connections, so that the next run begins with a handshake as well.
    ///
    /// # Errors
    ///
    /// When `ssh` cannot be started.
    pub fn end_connections(&self) -> io::Result<()> {
        let Ok(sockets) = std::fs::read_dir(self.folder.join("cp")) else { return Ok(()) };
        for socket in sockets.flatten() {
            let control = format!("ControlPath={}", socket.path().display());
            Command::new("ssh").args(["-O", "exit", "-o", &control, "node"]).output()?;
        }
        Ok(())
    }

    fn floor(&self, fleet: &Fleet) -> Command {
        let mut command = Command::new(self.programs.join("floor"));
        command.arg(fleet.key()).arg(USER);
        command.args(fleet.nodes().iter().map(|(name, address)| format!("{name}={address}")));
        command
    }

    fn pallet(&self, programs: &Path, fleet: &Fleet) -> Command {
        let mut command = Command::new(programs.join("ours"));
        command.args(["converge", "--output", "json"]).arg(format!("bench={}", fleet.nodes().len()));
        command.env("PALLET_HOME", self.folder.join("home"));
        command
    }

    fn pyinfra(&self, inventory: &str) -> Command {
        let mut command = Command::new(self.venv.join("bin/pyinfra"));
        command.args(["-y", inventory, "deploy.py"]);
        command
    }

    fn ansible(&self, vars: &[(&str, &str)]) -> Command {
        let mut command = Command::new(self.venv.join("bin/ansible-playbook"));
        command.args(["-i", "inventory.ini", "playbook.yml"]);
        let facts = if vars.is_empty() { "gather=yes" } else { "gather=no" };
        command.args(["--extra-vars", "@values.json", "--extra-vars", facts]);
        let known = self.folder.join("known_hosts");
        command.env("ANSIBLE_SSH_ARGS", ssh_arguments(&known)).envs(vars.iter().copied());
        command.env("ANSIBLE_SSH_CONTROL_PATH_DIR", self.folder.join("cp")).env("LC_ALL", "C.UTF-8");
        command
    }

    fn mitogen_plugins(&self) -> PathBuf {
        let lib = self.venv.join("lib");
        let versions = std::fs::read_dir(&lib).into_iter().flatten().flatten().map(|entry| entry.path());
        let strategy = |python: PathBuf| python.join("site-packages/ansible_mitogen/plugins/strategy");
        versions.map(strategy).find(|path| path.is_dir()).unwrap_or(lib)
    }
}

/// Ansible's own arguments, with a file of host keys that is the benchmark's.
fn ssh_arguments(known_hosts: &Path) -> String {
    format!(
        "-C -o ControlMaster=auto -o ControlPersist=60s -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile={}",
        known_hosts.display()
    )
}

/// The workload's values for sides that are not written in Rust.
fn values() -> String {
    serde_json::json!({
        "packages": PACKAGES, "folder": FOLDER, "small": SMALL, "templates": TEMPLATES, "line": LINE,
    })
    .to_string()
}
