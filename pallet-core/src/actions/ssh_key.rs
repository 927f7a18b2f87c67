//! SSH keys of the node and of its users: made where there are none, their public halves known to later actions.

use super::parts::{Composed, Folder, Part, WholeFile, check_file_name, composed_action};
use super::public_key::PublicKey;
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, Value, record};
use crate::name::{AccountName, RemotePath};
use crate::probe::Probe;
use crate::script::{SSH_KEYS, Script};
use crate::secret::Secret;
use crate::text::Text;
use crate::world::World;

/// An SSH key of a user or of the node.
#[derive(Debug)]
pub struct SshKey {
    owner: Owner,
    name: String,
}

#[derive(Debug, PartialEq)]
enum Owner {
    User(String),
    Node,
}

/// A host key of the node that is given.
#[derive(Debug)]
pub struct HostKeyPair {
    private: Secret,
    public: String,
}

/// A host key that is known to all users of the node.
#[derive(Debug)]
pub struct KnownHost {
    host: String,
    key: String,
    absent: bool,
}

/// Declares that a user has an SSH key, `~/.ssh/id_ed25519`, without a passphrase. One that is there stays as it is.
///
/// It is made with the rights of the user. Checked: that the public half is there and can be read. Changed: when the key was
/// made. Systems: all with OpenSSH's `ssh-keygen`.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let key = ssh_key("deploy").public_key();
/// remote_file("/srv/public/deploy.pub").content(key);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn ssh_key(user: impl Into<String>) -> Handle<SshKey> {
    record(SshKey { owner: Owner::User(user.into()), name: "id_ed25519".to_owned() })
}

/// Declares that the node has a host key for SSH, `/etc/ssh/ssh_host_ed25519_key`. One that is there stays as it is.
///
/// Checked: that the public half is there. Changed: when the key was made. Systems: all with OpenSSH.
#[track_caller]
pub fn host_key() -> Handle<SshKey> {
    record(SshKey { owner: Owner::Node, name: "ssh_host_ed25519_key".to_owned() })
}

/// Declares the host key of the node: both halves are given, so that a node that is made again is the same to those who
/// know it.
///
/// The files are those of the key's kind below `/etc/ssh`, 0600 and 0644. Checked: contents, modes and owner. Changed:
/// when one of the files was; let the service of SSH answer that with `restart_when_changed`. Systems: all with OpenSSH.
#[track_caller]
pub fn host_key_pair(private: impl Into<Secret>, public: impl Into<String>) -> Handle<HostKeyPair> {
    record(HostKeyPair { private: private.into(), public: public.into().trim().to_owned() })
}

/// Declares that all users of the node know the host key of a host, by a line of `/etc/ssh/ssh_known_hosts`.
///
/// `host` is a name or an address, or several with commas between them; with another port than 22 it is `[host]:port`.
/// Checked: the line for this host and this kind of key. Changed: when it was. Systems: all with OpenSSH.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// known_host("git.example.com", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvSrUq0g2bnhH0qvVqSgvoq3V3mHnYV9RUQ6qKpqVQ2");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn known_host(host: impl Into<String>, key: impl Into<String>) -> Handle<KnownHost> {
    record(KnownHost { host: host.into(), key: key.into(), absent: false })
}

impl Handle<SshKey> {
    /// Sets the name of the user's key: `id_deploy`.
    #[track_caller]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.edit(|key| key.name = name.into())
    }

    /// Returns the public half: the line of the `.pub` file.
    pub fn public_key(self) -> Value<String> {
        self.value()
    }
}

impl Handle<KnownHost> {
    /// Declares that no such key of the host is known to all users.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|host| host.absent = true)
    }
}

impl SshKey {
    fn user(&self) -> &str {
        match &self.owner {
            Owner::User(name) => name,
            Owner::Node => "root",
        }
    }

    fn words(&self) -> [&str; 3] {
        let folder = if self.owner == Owner::Node { "/etc/ssh" } else { "" };
        [self.user(), folder, &self.name]
    }
}

impl Action for SshKey {
    fn kind(&self) -> &'static str {
        if self.owner == Owner::Node { "host-key" } else { "ssh-key" }
    }

    fn subject(&self) -> String {
        match &self.owner {
            Owner::User(name) => format!("{} of {name}", self.name),
            Owner::Node => self.name.clone(),
        }
    }

    fn check(&self) -> Result<(), String> {
        AccountName::new(self.user()).map_err(|error| error.to_string())?;
        check_file_name("a key", &self.name)
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        if let Ok(name) = AccountName::new(self.user()) {
            probe.user(&name);
        }
        probe.capture(id, 0, Script::new().library(&SSH_KEYS).call("p_read_key", self.words()));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let user = AccountName::new(self.user()).map(|name| view.world.user(&name));
        if let Ok(user) = user
            && user.is.is_none()
            && user.doubt.is_none()
        {
            let hint = format!("write `user(\"{}\")` before this line", self.user());
            return Diff::problem(format!("there is no user {}", self.user()), hint);
        }
        let known = view.world.command(view.id, 0);
        let is_there = known.is.is_some_and(|result| result.status == 0 && !result.output.is_empty());
        let mut diff = Diff::none();
        if !is_there {
            diff.change("generated");
        }
        // The value is known only if nothing before it moves.
        diff.reads = is_there && known.doubt.is_none();
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let words = [id.as_str()].into_iter().chain(self.words());
        Script::new()
            .library(&SSH_KEYS)
            .call("p_ssh_key", words)
            .code(format!("[ $? -eq 0 ] || return\np_v{id}=$p_key\n"))
    }

    fn declares(&self) -> Vec<Claim> {
        let thing = match &self.owner {
            Owner::User(user) => Thing::Other("SSH key", format!("{} of {user}", self.name)),
            Owner::Node => Thing::Other("SSH key", self.name.clone()),
        };
        vec![Claim::existence(thing, "there")]
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        let known = world.command(id, 0);
        if let (Some(result), None) = (known.is, known.doubt)
            && result.status == 0
            && !result.output.is_empty()
        {
            let value = result.output.clone();
            world.set_value(id, value);
        }
    }
}

impl Composed for HostKeyPair {
    const KIND: &'static str = "host-key-pair";

    fn subject(&self) -> String {
        PublicKey::parse(&self.public).map_or_else(|_| "invalid".to_owned(), |key| key.in_short())
    }

    fn check(&self) -> Result<(), String> {
        PublicKey::parse(&self.public)?;
        self.file_name().map(|_| ())
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let Ok(name) = self.file_name() else { return Vec::new() };
        let file = |end: &str, content: Text, mode| {
            let path = RemotePath::new(format!("/etc/ssh/{name}{end}")).ok()?;
            let file = WholeFile::new(&path, Some(content));
            Some(Box::new(WholeFile { mode, folder: Folder::Of("openssh-server"), ..file }) as Box<dyn Part>)
        };
        // OpenSSH does not read a private key without a newline at its end.
        let private = Text::concat([Text::from(&self.private), Text::from("\n")]);
        let public = Text::from(format!("{}\n", self.public));
        [file("", private, 0o600), file(".pub", public, 0o644)].into_iter().flatten().collect()
    }
}

impl HostKeyPair {
    fn file_name(&self) -> Result<&'static str, String> {
        let key = PublicKey::parse(&self.public)?;
        match key.kind() {
            "ssh-ed25519" => Ok("ssh_host_ed25519_key"),
            "ssh-rsa" => Ok("ssh_host_rsa_key"),
            kind if kind.starts_with("ecdsa-") => Ok("ssh_host_ecdsa_key"),
            kind => Err(format!("a host key of kind {kind} is not supported: ed25519, rsa or ecdsa")),
        }
    }
}

impl Composed for KnownHost {
    const KIND: &'static str = "known-host";

    fn subject(&self) -> String {
        self.host.clone()
    }

    fn check(&self) -> Result<(), String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".:-_[],*?".contains(&b);
        if self.host.is_empty() || !self.host.bytes().all(plain) {
            return Err(format!("invalid host {:?}: a name or an address, or `[host]:port`", self.host));
        }
        PublicKey::parse(&self.key).map(|_| ())
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let Ok(key) = PublicKey::parse(&self.key) else { return Vec::new() };
        let line = (!self.absent).then(|| format!("{} {} {}", self.host, key.kind(), key.blob()));
        vec![Box::new(super::parts::Line {
            path: RemotePath::new("/etc/ssh/ssh_known_hosts").expect("a valid path"),
            key: super::parts::Key::Pair(self.host.clone(), key.kind().to_owned()),
            line,
        })]
    }
}

composed_action!(HostKeyPair);
composed_action!(KnownHost);
