//! A second host with a real sshd, in a network namespace, on which a world's VBoxManage runs.

use pallet::compute::{Compute, ServiceConfig};
use pallet::spec::Login;
use pallet_runtime::credentials::AdminUser;
use pallet_runtime::hosts::Hosts;
use pallet_runtime::known_hosts::KnownHosts;
use pallet_runtime::ssh_config::{LocalUser, SshConfig};
use pallet_tests_vbox::world::World;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A second host. It goes when this is dropped.
pub(crate) struct Host {
    folder: PathBuf,
    name: String,
    address: String,
    script: Child,
}

impl Host {
    /// Starts a host beside a world.
    pub(crate) fn start(world: &World) -> Host {
        let folder = world.folder().join("host");
        fs::create_dir(&folder).expect("a folder in our own");
        for key in ["host_key", "user_key"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", ""]).arg("-f").arg(folder.join(key));
            assert!(keygen.status().expect("ssh-keygen").success());
        }
        fs::copy(folder.join("user_key.pub"), folder.join("authorized")).expect("the key is let in");
        // Tests of one process have a host each.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let number = (2 * std::process::id() + made) % 250 + 1;
        let name = format!("plt{}-{made}", std::process::id());
        let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/remote/host.sh");
        let script = Command::new("sh")
            .arg(script)
            .arg(&folder)
            .args([&name, &number.to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell");
        let host = Host { folder, name, address: format!("10.213.{number}.2"), script };
        host.write_program(world);
        host.wait_for_sshd();
        host
    }

    /// On the host VBoxManage is a script: it knows its world, and cuts its own connection where `cut` says so.
    fn write_program(&self, world: &World) {
        let path = self.program();
        let folder = self.folder.display();
        let text = format!(
            r#"#!/bin/sh
export PALLET_TEST_VBOX_ROOT='{root}' PALLET_TEST_VBOX_WORLD='{world}' HOME='{world}/home'
cut() {{
    pid=$$
    while [ "$pid" -gt 1 ]; do
        pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
        case $(cat "/proc/$pid/comm") in sshd*) kill -KILL "$pid"; exit 0 ;; esac
    done
}}
case $(cat '{folder}/cut' 2>/dev/null) in
"$1 before") rm '{folder}/cut'; cut ;;
"$1 after") rm '{folder}/cut'; '{program}' "$@" >/dev/null 2>&1; cut ;;
esac
exec '{program}' "$@"
"#,
            root = world.root().display(),
            world = world.folder().display(),
            program = world.program().display(),
        );
        fs::write(&path, text).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join("VBoxManage")
    }

    /// What the option `host` would say.
    pub(crate) fn name(&self) -> String {
        format!("root@{}", self.address)
    }

    /// Lets the connection be cut when this subcommand is called next, `before` or `after` it did its work.
    pub(crate) fn cut(&self, subcommand: &str, when: &str) {
        fs::write(self.folder.join("cut"), format!("{subcommand} {when}")).expect("a note");
    }

    /// Tells whether the connection is still to be cut.
    pub(crate) fn is_uncut(&self) -> bool {
        self.folder.join("cut").exists()
    }

    /// The way of a controller to this host, with connections of its own.
    pub(crate) fn hosts(&self) -> Arc<Hosts> {
        let local = LocalUser { home: self.folder.clone(), agent: None, ..LocalUser::current() };
        let own = KnownHosts::new(self.folder.join("known_hosts"));
        Arc::new(Hosts::with(AdminUser::new(&self.login()), SshConfig::empty(local), own))
    }

    pub(crate) fn login(&self) -> Login {
        Login {
            username: "root".to_owned(),
            private_key_path: Some(self.folder.join("user_key")),
            ..Login::default()
        }
    }

    /// Opens a service as a controller with this state would.
    pub(crate) async fn open(&self, world: &World, hosts: &Arc<Hosts>, controller: &str) -> Arc<dyn Compute> {
        let program = self.program().display().to_string();
        let config = world.config("lab", &[("vboxmanage-path", program.as_str().into())]);
        let state_dir = self.folder.join(controller);
        let runner = Arc::new(hosts.runner(&self.name()));
        let config = ServiceConfig { state_dir, runner, ..config };
        pallet::compute::Provider::open(&pallet_vbox::provider(), config).await.expect("a service")
    }

    /// Starts an sshd on a port that only the host itself reaches, as that of a NAT rule.
    pub(crate) fn listen(&self, port: u16) -> Child {
        let config = fs::read_to_string(self.folder.join("sshd_config")).expect("a configuration");
        let own = self.folder.join("node_config");
        let config = config
            .replace(&format!("ListenAddress {}", self.address), &format!("ListenAddress 127.0.0.1:{port}"))
            .replace("sshd.pid", "node.pid");
        fs::write(&own, config).expect("a configuration");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, "/usr/sbin/sshd", "-D", "-e", "-f"]).arg(own);
        command.stderr(Stdio::null()).spawn().expect("an sshd")
    }

    /// A connection proves nothing: before the address is there, something else in the network may accept it.
    fn wait_for_sshd(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains("Server listening") {
                return;
            }
            assert!(Instant::now() < deadline, "no sshd on {}: {log}", self.address);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the host's sshd:\n{}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
        }
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}
