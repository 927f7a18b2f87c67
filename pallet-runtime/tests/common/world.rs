//! The machine to log in to (`world.sh`), its keys, and ways to reach it.

use pallet::spec::Login;
use pallet_runtime::credentials::AdminUser;
use pallet_runtime::known_hosts::KnownHosts;
use pallet_runtime::ssh_config::{LocalUser, SshConfig};
use pallet_runtime::transport::TransportError;
use pallet_runtime::transport::ssh::{Route, SshTransport, Timing};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The passphrase of every key that has one.
pub const PASSPHRASE: &str = "open sesame";
/// Name, type, format and lock of each key that every account accepts.
const KEYS: [(&str, &[&str], bool); 7] = [
    ("ed25519", &["-t", "ed25519"], false),
    ("ed25519_locked", &["-t", "ed25519"], true),
    ("rsa", &["-t", "rsa", "-b", "2048"], false),
    ("rsa_locked", &["-t", "rsa", "-b", "2048"], true),
    ("rsa_pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"], false),
    ("rsa_pem_locked", &["-t", "rsa", "-b", "2048", "-m", "PEM"], true),
    ("ecdsa", &["-t", "ecdsa"], false),
];

/// A machine that runs as long as the test binary.
pub struct World {
    pub folder: PathBuf,
    /// The port of the machine.
    pub port: u16,
    /// The port of a second sshd, which calls itself `inner.pallet.test` and has another host key.
    pub inner: u16,
    /// The port of an sshd on a machine that still boots, until `/run/boot-nologin` there is removed.
    pub boot: u16,
    // Its standard input is the thread of life: it ends with this process.
    _script: Child,
}

impl World {
    /// Returns the machine of this test binary, made at the first call.
    pub fn get() -> &'static World {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(World::start)
    }

    /// Returns what this machine lacks to run one, if anything.
    pub fn missing() -> Option<String> {
        let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        if !root {
            return Some("needs root".to_owned());
        }
        let lacks = |file: &&str| !Path::new(file).exists();
        let programs =
            ["/usr/sbin/sshd", "/usr/bin/ssh-keygen", "/usr/bin/ssh-agent", "/usr/bin/sudo", "/usr/bin/doas"];
        let lacking: Vec<&str> = programs.into_iter().filter(lacks).collect();
        (!lacking.is_empty()).then(|| {
            format!(
                "needs {}: apt-get install openssh-server openssh-client sudo opendoas",
                lacking.join(", ")
            )
        })
    }

    /// Returns the path of a private key.
    pub fn key(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns a login with the plain key.
    pub fn login(&self, user: &str) -> Login {
        self.login_with(user, "ed25519")
    }

    /// Returns a login with a key.
    pub fn login_with(&self, user: &str, key: &str) -> Login {
        Login { username: user.to_owned(), private_key_path: Some(self.key(key)), ..Login::default() }
    }

    /// Connects as a user with the plain key.
    pub async fn connect(&self, user: &str) -> SshTransport {
        self.connect_as(&self.login(user)).await.expect("the machine lets us in")
    }

    /// Connects with a login.
    pub async fn connect_as(&self, login: &Login) -> Result<SshTransport, TransportError> {
        let route = self.route(&SshConfig::empty(self.local()), "127.0.0.1", Some(self.port), login).await?;
        SshTransport::connect(&route, &self.timing()).await
    }

    /// Returns the way to a host, with a known hosts file for this test alone.
    pub async fn route(
        &self,
        config: &SshConfig,
        host: &str,
        port: Option<u16>,
        login: &Login,
    ) -> Result<Route, TransportError> {
        Route::to(config, host, port, &AdminUser::new(login), &self.known_hosts()).await
    }

    /// Returns a known hosts file that is new.
    pub fn known_hosts(&self) -> KnownHosts {
        let folder = tempfile::tempdir_in(&self.folder).expect("a folder for known hosts").keep();
        KnownHosts::new(folder.join("known_hosts"))
    }

    /// Returns a user on this side with a home of its own and no agent.
    pub fn local(&self) -> LocalUser {
        let home = tempfile::tempdir_in(&self.folder).expect("a home").keep();
        LocalUser { home, agent: None, ..LocalUser::current() }
    }

    /// Returns limits that fit a slow test machine.
    pub fn timing(&self) -> Timing {
        Timing { connect: Duration::from_secs(60), ..Timing::default() }
    }

    fn start() -> World {
        let folder = tempfile::Builder::new().prefix("pallet-ssh-").tempdir().expect("a folder").keep();
        make_keys(&folder);
        std::fs::create_dir(folder.join("mnt")).expect("a mount point");
        let [port, inner, boot] = free_ports();
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/world.sh");
        let mut command = Command::new("sh");
        command.arg(script).arg(&folder).args([port, inner, boot].map(|port| port.to_string()));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let script = command.spawn().expect("the machine starts");
        for port in [port, inner, boot] {
            wait_for(port, &folder);
        }
        World { folder, port, inner, boot, _script: script }
    }
}

/// Makes the keys of hosts and users, and the file of those that are let in.
fn make_keys(folder: &Path) {
    keygen(&folder.join("host_ed25519"), &["-t", "ed25519"], "");
    keygen(&folder.join("host_ecdsa"), &["-t", "ecdsa"], "");
    let mut authorized = String::new();
    for (name, options, locked) in KEYS {
        let file = folder.join(name);
        keygen(&file, options, if locked { PASSPHRASE } else { "" });
        authorized += &std::fs::read_to_string(file.with_extension("pub")).expect("a public key");
    }
    keygen(&folder.join("stranger"), &["-t", "ed25519"], "");
    std::fs::write(folder.join("authorized"), authorized).expect("a list of keys");
}

fn keygen(file: &Path, options: &[&str], passphrase: &str) {
    let mut command = Command::new("ssh-keygen");
    command.args(options).args(["-q", "-C", "test", "-N", passphrase]).arg("-f").arg(file);
    assert!(command.status().expect("ssh-keygen runs").success(), "ssh-keygen {options:?}");
}

fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

fn wait_for(port: u16, folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < deadline, "no sshd on port {port}:\n{}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
}
