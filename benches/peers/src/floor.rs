//! The floor: the twenty actions by hand, for these nodes and nothing else.
//!
//! One connection for each node, one script that asks, and one that does everything where the answer is not the one
//! that was expected. No host key is checked, nothing is explained. Nobody can be much faster over SSH; it is what
//! the others are measured with.

use crate::workload::{self, FOLDER, LINE, PACKAGES, SMALL, TEMPLATES, UNIT};
use russh::client::{self, Handle};
use russh::keys::{PrivateKeyWithHashAlg, PublicKey, load_secret_key};
use russh::{ChannelMsg, Preferred};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its host name.
    pub name: String,
    /// Where its sshd is.
    pub address: SocketAddr,
}

/// The shell that scripts run in.
const SHELL: &str = "sudo -n sh";

/// Why the floor did not do it.
pub type Failure = Box<dyn Error + Send + Sync>;

impl Target {
    /// Reads `NAME=HOST:PORT`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Target> {
        let (name, address) = word.split_once('=')?;
        Some(Target { name: name.to_owned(), address: address.parse().ok()? })
    }
}

/// Does the work on all nodes at once and returns on how many something had to be done.
///
/// # Errors
///
/// When a node is not reached, or is not as it should be afterwards.
pub fn run(key: &Path, user: &str, targets: Vec<Target>) -> Result<usize, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let key = load_key(key)?;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for target in targets {
            let login = Login { user: user.to_owned(), key: key.clone() };
            tasks.spawn(async move { converge(&login, &target).await });
        }
        let mut changed = 0;
        while let Some(ended) = tasks.join_next().await {
            changed += usize::from(ended??);
        }
        Ok(changed)
    })
}

/// Reads a private key.
///
/// # Errors
///
/// When the file holds none, or a locked one.
pub fn load_key(file: &Path) -> Result<Arc<russh::keys::PrivateKey>, Failure> {
    Ok(Arc::new(load_secret_key(file, None)?))
}

/// Who logs in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The account.
    pub user: String,
    /// Its key.
    pub key: Arc<russh::keys::PrivateKey>,
}

/// A connection that is logged in.
pub struct Connection(Handle<Anyone>);

/// Accepts every host key.
struct Anyone;

impl client::Handler for Anyone {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKey) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    ///
    /// When nobody is there, or the node refuses the key.
    pub async fn open(login: &Login, address: SocketAddr) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut handle = client::connect_stream(Arc::new(config()), stream, Anyone).await?;
        let key = PrivateKeyWithHashAlg::new(login.key.clone(), None);
        if handle.authenticate_publickey(&login.user, key).await?.success() {
            Ok(Connection(handle))
        } else {
            Err(format!("{address} refuses {}", login.user).into())
        }
    }

    /// Runs a script in a shell that `command` starts, and returns what it wrote to its standard output.
    ///
    /// # Errors
    ///
    /// When it does not end with 0.
    pub async fn run(&self, command: &str, script: &str) -> Result<String, Failure> {
        let mut channel = self.0.channel_open_session().await?;
        channel.exec(true, command).await?;
        channel.data(script.as_bytes()).await?;
        channel.eof().await?;
        let (mut output, mut status) = (Vec::new(), None);
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => output.extend_from_slice(&data),
                ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                _ => {}
            }
        }
        if status == Some(0) {
            Ok(String::from_utf8(output)?)
        } else {
            Err(format!("a script ended with {status:?}").into())
        }
    }
}

/// The same algorithms that pallet asks for: nothing is gained by the choice.
fn config() -> client::Config {
    let default = Preferred::DEFAULT;
    let first = [russh::kex::CURVE25519, russh::kex::CURVE25519_PRE_RFC_8731];
    let rest = default.kex.iter().filter(|name| !first.contains(name)).copied();
    let preferred = Preferred { kex: first.iter().copied().chain(rest).collect(), ..default };
    client::Config { preferred, nodelay: true, ..client::Config::default() }
}

async fn converge(login: &Login, target: &Target) -> Result<bool, Failure> {
    let connection = Connection::open(login, target.address).await?;
    let wanted = expected(&target.name);
    if connection.run(SHELL, &probe()).await? == wanted {
        return Ok(false);
    }
    connection.run(SHELL, &apply(&target.name)).await?;
    let is = connection.run(SHELL, &probe()).await?;
    if is == wanted { Ok(true) } else { Err(format!("{} is not as it should be:\n{is}", target.name).into()) }
}

/// Returns the paths and contents of all files of a node.
fn files(host: &str) -> Vec<(String, String)> {
    let small = SMALL.iter().map(|name| (format!("{FOLDER}/{name}"), workload::small(name)));
    let templates =
        TEMPLATES.iter().map(|part| (format!("{FOLDER}/conf/{part}"), workload::rendered(part, host)));
    let mut files: Vec<_> = small.chain(templates).collect();
    files.push((format!("{FOLDER}/large"), workload::large().to_owned()));
    files.push(("/etc/systemd/system/bench.service".to_owned(), UNIT.to_owned()));
    files
}

fn paths(host: &str) -> String {
    files(host).into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(" ")
}

/// Returns the script that asks for everything, in as few processes as it takes.
#[must_use]
pub fn probe() -> String {
    format!(
        "exec 2>/dev/null\n\
         dpkg-query -W -f '${{Package}} ${{db:Status-Abbrev}}\\n' {} cron\n\
         grep -c '^bench:' /etc/passwd /etc/group\n\
         grep -cxF '{LINE}' /etc/hosts\n\
         stat -c '%n %F %a %U %G' {FOLDER} {FOLDER}/conf {FOLDER}/current {FOLDER}/done {files}\n\
         readlink {FOLDER}/current\n\
         sha256sum {files}\n\
         systemctl show --property=Id,ActiveState,UnitFileState bench cron\n\
         exit 0\n",
        PACKAGES.join(" "),
        files = paths("")
    )
}

/// Returns the answer of a node that is as it should be.
fn expected(host: &str) -> String {
    let mut text = String::new();
    let mut names = PACKAGES.to_vec();
    names.push("cron");
    // dpkg sorts what it is asked for.
    names.sort_unstable();
    for name in names {
        let _ = writeln!(text, "{name} ii ");
    }
    let _ = writeln!(text, "/etc/passwd:1\n/etc/group:1\n1");
    let _ = writeln!(text, "{FOLDER} directory 755 root root\n{FOLDER}/conf directory 750 root root");
    let _ = writeln!(text, "{FOLDER}/current symbolic link 777 root root");
    let _ = writeln!(text, "{FOLDER}/done regular empty file 644 root root");
    for (path, _) in files(host) {
        let mode = if path.contains("/conf/") { 640 } else { 644 };
        let owner = if path == format!("{FOLDER}/{}", SMALL[3]) { "bench bench" } else { "root root" };
        let _ = writeln!(text, "{path} regular file {mode} {owner}");
    }
    text.push_str("conf\n");
    for (path, content) in files(host) {
        let hash = Sha256::digest(content);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(text, "{hash}  {path}");
    }
    text.push_str("Id=bench.service\nActiveState=active\nUnitFileState=enabled\n\n");
    text.push_str("Id=cron.service\nActiveState=active\nUnitFileState=enabled\n");
    text
}

/// Returns the script that does everything.
fn apply(host: &str) -> String {
    let mut script = format!(
        "set -e\nexec >/dev/null 2>&1 </dev/null\nexport DEBIAN_FRONTEND=noninteractive\n\
         apt-get install --yes --no-install-recommends {} cron\n\
         groupadd bench\nuseradd --gid bench --no-create-home --shell /bin/bash bench\n\
         mkdir -m 755 {FOLDER}\nmkdir -m 750 {FOLDER}/conf\n",
        PACKAGES.join(" ")
    );
    for (path, content) in files(host) {
        let mode = if path.contains("/conf/") { 640 } else { 644 };
        let _ = write!(script, "cat >{path} <<'END'\n{content}END\nchmod {mode} {path}\n");
    }
    let _ = write!(
        script,
        "chown bench:bench {FOLDER}/{}\nln -s conf {FOLDER}/current\n\
         [ -z \"$(tail -c 1 /etc/hosts)\" ] || echo >>/etc/hosts\necho '{LINE}' >>/etc/hosts\n\
         systemctl daemon-reload\nsystemctl enable --now bench\nsystemctl start cron\ntouch {FOLDER}/done\n",
        SMALL[3]
    );
    // Read to its end before it runs, so that nothing in it can eat the rest.
    format!("{{\n{script}exit 0\n}}\n")
}
