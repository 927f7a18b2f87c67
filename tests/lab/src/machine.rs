//! The nodes that tests work on, whatever they are made of.

use pallet::compute::Endpoint;
use pallet::spec::Login;
use pallet_test::nodes::{Bench, Chroot, Output, Userland};

/// A node of a test.
#[derive(Debug)]
pub enum Machine {
    /// Without init, entered by `nsenter`.
    Light(Chroot),
    /// With systemd, reached over SSH: the first node of a bench.
    Full(Bench),
}

impl Machine {
    /// Starts a light Debian node.
    #[must_use]
    pub fn debian() -> Machine {
        Machine::Light(Chroot::start(Userland::Debian).expect("a Debian node"))
    }

    /// Starts a light node that has one package manager of this name and says that it is this system. `system` is
    /// the text of its `/etc/os-release`.
    ///
    /// # Panics
    ///
    /// When the node cannot be made.
    #[must_use]
    pub fn with_packager(name: &str, system: &str) -> Machine {
        let machine =
            Machine::Light(Chroot::start(Userland::Packagers).expect("a node with package managers"));
        let others = ["apt-get", "dnf", "zypper", "pacman", "apk"].into_iter().filter(|other| *other != name);
        let programs: Vec<String> = others.map(|other| format!("/usr/bin/{other}")).collect();
        machine.check(&format!("rm -f {}", programs.join(" ")));
        machine.check(&format!("rm -f /etc/os-release; printf '%s' '{system}' >/etc/os-release"));
        machine
    }

    /// Starts a light Debian node with another init system.
    #[must_use]
    pub fn with_init(userland: Userland) -> Machine {
        Machine::Light(Chroot::start(userland).expect("a Debian node"))
    }

    /// Starts a light node that has busybox and nothing else.
    #[must_use]
    pub fn busybox() -> Machine {
        Machine::Light(Chroot::start(Userland::Busybox).expect("a busybox node"))
    }

    /// Starts a Debian node with systemd and OpenSSH.
    #[must_use]
    pub fn systemd() -> Machine {
        Machine::Full(Bench::start(1).expect("a node with systemd"))
    }

    /// Returns where a controller reaches the node.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        match self {
            Machine::Light(node) => node.endpoint(),
            Machine::Full(bench) => bench.nodes()[0].endpoint(),
        }
    }

    /// Returns the account under which a controller reaches the node.
    #[must_use]
    pub fn login(&self) -> Login {
        match self {
            Machine::Light(_) => Login::default(),
            Machine::Full(bench) => Login {
                username: "root".to_owned(),
                private_key_path: Some(bench.nodes()[0].key_path().to_owned()),
                ..Login::default()
            },
        }
    }

    /// Runs a line of shell on the node as root, past pallet.
    #[must_use]
    pub fn run(&self, script: &str) -> Output {
        match self {
            Machine::Light(node) => node.run(script),
            Machine::Full(bench) => bench.nodes()[0].run(script),
        }
    }

    /// Runs a line of shell that must succeed and returns its standard output.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn check(&self, script: &str) -> String {
        match self {
            Machine::Light(node) => node.check(script),
            Machine::Full(bench) => bench.nodes()[0].check(script),
        }
    }
}
