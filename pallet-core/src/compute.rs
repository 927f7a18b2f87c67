//! The ports through which pallet meets the world that makes machines: [`Provider`], [`Compute`] and
//! [`CommandRunner`].
//!
//! A provider lives in a package of its own and depends on `pallet` only, with its feature `engine`. It does not know how nodes are
//! configured, nor SSH; it says where a node is reached ([`Endpoint`]) and the runtime does the rest. What it
//! needs to run on the host it runs through the [`CommandRunner`] it is given, so the same provider can drive
//! a program on another machine.

mod doctor;
mod hardware;
mod heritage;
mod images;
mod power;
mod snapshots;

pub use doctor::{Check, Finding};
pub use hardware::HardwareModel;
pub use heritage::Heritage;
pub use images::{Algorithm, Checksum, ImageRecord, Images, InvalidChecksum, NewImage, Ranked, Verdict};
pub use power::Power;
pub use snapshots::{Snapshot, Snapshots};

use crate::name::{GroupName, NodeName, ServiceName};
use crate::options::{OptionError, Options};
use crate::secret::Secret;
use crate::spec::{Login, NodeSpec};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A future that can be sent between threads, of a type that is not named.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A kind of compute service, such as VirtualBox: opens services from their configuration.
pub trait Provider: Send + Sync {
    /// Returns the provider's name, as it is written in `provider = "…"`.
    fn name(&self) -> &'static str;

    /// Returns other names that configurations use for this provider, such as `vmfest` for VirtualBox.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// Opens a service. Nothing is created or changed by this.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] when the options are wrong or the host lacks something, with the way out as a hint.
    fn open(&self, config: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>>;

    /// Looks at the options of a service, and at nothing else. A provider without words of its own finds nothing wrong with
    /// them here, and refuses them when it opens.
    ///
    /// # Errors
    ///
    /// At the first option that is wrong or not known, with its place.
    fn check(&self, options: &Options) -> Result<(), OptionError> {
        let _ = options;
        Ok(())
    }

    /// Returns what differs from the provider of Clojure's Pallet that had one of this one's names.
    fn heritage(&self) -> Heritage {
        Heritage::default()
    }

    /// Looks at everything that a service needs and changes nothing. It also works where [`open`](Provider::open) fails.
    ///
    /// Without words of its own, a provider tells whether the service opens and lists its nodes.
    fn doctor(&self, config: ServiceConfig) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(async move {
            let service = match self.open(config).await {
                Ok(service) => service,
                Err(error) => return vec![Check::of("service", Err(error))],
            };
            let nodes = service.list().await.map(|nodes| match nodes.len() {
                1 => "1 node".to_owned(),
                many => format!("{many} nodes"),
            });
            vec![Check::fine("service", "opens"), Check::of("list of nodes", nodes)]
        })
    }

    /// Tells whether services can be on another machine than the controller: whether all that they need there goes
    /// through the [`CommandRunner`]. The runtime then understands the option `host`.
    fn can_be_elsewhere(&self) -> bool {
        false
    }
}

/// What a provider gets to open a service.
#[derive(Clone)]
pub struct ServiceConfig {
    /// The name of the service.
    pub name: ServiceName,
    /// The service's options; the provider calls [`Options::finish`] when it has read its own.
    pub options: Options,
    /// A folder on the controller that belongs to this service alone. It may not exist yet.
    pub state_dir: PathBuf,
    /// Runs programs on the machine that hosts the service.
    pub runner: Arc<dyn CommandRunner>,
    /// The account that is to configure nodes, where it is known: for images that can make it when they first start.
    pub admin: Option<AdminAccount>,
}

/// The account that configures nodes, as an image can be told to make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAccount {
    /// Its name.
    pub username: String,
    /// Public keys that let it log in, each a line as in `authorized_keys`.
    pub public_keys: Vec<String>,
}

/// A compute service: lists, creates, starts, stops and destroys nodes (Pallet's word).
///
/// Every call may be made while others are under way, except that the runtime never makes two calls about the
/// same node at once.
pub trait Compute: Send + Sync {
    /// Tells whether the service makes nodes. One that only knows hosts that exist says no.
    fn makes_nodes(&self) -> bool {
        true
    }

    /// Returns what can be done with the service's image models, if it keeps any.
    fn images(&self) -> Option<&dyn Images> {
        None
    }

    /// Returns every node of this service that pallet made, whatever its state, and no other machine.
    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>>;

    /// Checks that all these nodes could be made as asked: known images, possible hardware, room on the host.
    /// Changes nothing; `plan` calls it too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for what the user can put right in the source or the configuration.
    fn check<'a>(&'a self, requests: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Returns what the user should know of a node that [can be made](Compute::check) as asked, each a sentence without
    /// its full stop: that several images are as good as the chosen one. `plan` and `converge` show it.
    fn remarks(&self, request: &CreateRequest) -> Vec<String> {
        let _ = request;
        Vec::new()
    }

    /// Creates and starts a node and returns once its endpoint is known. A failure leaves nothing behind.
    ///
    /// # Errors
    ///
    /// When the node could not be made, after what was made of it has been removed again.
    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>>;

    /// Starts a node that exists and is not running, and returns once its endpoint is known.
    ///
    /// # Errors
    ///
    /// When it cannot be started; it then is as it was.
    fn start<'a>(
        &'a self,
        id: &'a NodeId,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>>;

    /// Stops a node, gracefully if it will, and returns when it has stopped. A stopped node stays stopped.
    ///
    /// # Errors
    ///
    /// When the node still runs at the end.
    fn stop<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Removes a node and everything that was made for it. A node that is gone already is not an error.
    ///
    /// # Errors
    ///
    /// When something of it is left, which the error names.
    fn destroy<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Writes a tag on a node, where [`list`](Compute::list) finds it again. `None` removes it.
    ///
    /// # Errors
    ///
    /// When the tag could not be stored.
    fn tag<'a>(
        &'a self,
        id: &'a NodeId,
        key: &'a str,
        value: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Writes a tag on many nodes, as [`tag`](Compute::tag) does on one, and returns those on which that failed.
    /// A service that keeps the tags of all nodes in one place can write it once.
    fn tag_all<'a>(
        &'a self,
        ids: &'a [NodeId],
        key: &'a str,
        value: Option<&'a str>,
    ) -> BoxFuture<'a, Vec<(&'a NodeId, ComputeError)>> {
        Box::pin(async move {
            let mut failed = Vec::new();
            for id in ids {
                if let Err(error) = self.tag(id, key, value).await {
                    failed.push((id, error));
                }
            }
            failed
        })
    }

    /// Returns what can pause, save and restart nodes, if the service can.
    fn power(&self) -> Option<&dyn Power> {
        None
    }

    /// Returns what keeps states of nodes, if the service can.
    fn snapshots(&self) -> Option<&dyn Snapshots> {
        None
    }

    /// Returns the hardware models that node specs can name, if the service has such models.
    fn hardware_models(&self) -> Option<Vec<HardwareModel>> {
        None
    }
}

/// Where a provider says what it is doing, in a few words: "copying the disk".
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// A provider's own, stable identity of a node: a UUID for VirtualBox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub String);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A node to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRequest {
    /// The group it will belong to.
    pub group: GroupName,
    /// Its name: the group's, a hyphen, and the lowest free index from 1.
    pub name: NodeName,
    /// From what it is to be made.
    pub spec: NodeSpec,
}

/// A node as its provider knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRecord {
    /// The provider's identity of the node.
    pub id: NodeId,
    /// Its name.
    pub name: NodeName,
    /// The group it was made for.
    pub group: GroupName,
    /// Whether it runs.
    pub state: NodeState,
    /// Where it is reached, if it runs.
    pub endpoint: Option<Endpoint>,
    /// The address at which other nodes of the service reach it, if it has one.
    pub private_ip: Option<IpAddr>,
    /// The address at which the controller reaches it, if it has one.
    pub primary_ip: Option<IpAddr>,
    /// What was written with [`Compute::tag`].
    pub tags: BTreeMap<String, String>,
    /// The account that the image came with, for bootstrap.
    pub image_login: Option<Login>,
}

/// Whether a node runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeState {
    /// It runs.
    Running,
    /// It is switched off.
    Stopped,
    /// It is paused or its state is saved; starting it resumes it.
    Suspended,
    /// The provider cannot tell or cannot use it; the text says why.
    Inaccessible(String),
}

/// How the controller gets a shell on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Over SSH, with the credentials of the admin user, or of the image before bootstrap.
    Ssh {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Over SSH as above, from the host of a service that is not on the controller.
    Through {
        /// That host, as [`CommandRunner::host`] names it.
        via: String,
        /// Host name or address of the node, as `via` knows it.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// By running this program on the controller, followed by the arguments and a command line, as one runs
    /// `nsenter … -- sh -c …`. The shell it starts is already the one to use.
    Command {
        /// The program.
        program: PathBuf,
        /// Its arguments before the command line.
        args: Vec<String>,
    },
    /// The controller itself is the node.
    Local,
}

/// Runs programs on the machine that hosts a compute service.
pub trait CommandRunner: Send + Sync {
    /// Runs a program to its end.
    ///
    /// # Errors
    ///
    /// When it could not be run or did not end in time. A program that ends with a failure is not an error of
    /// this call: the output says how it ended.
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>>;

    /// Returns the machine that programs run on, in the words of the option `host`, unless it is the controller.
    fn host(&self) -> Option<&str> {
        None
    }
}

/// A program to run on the host of a compute service: never through a shell, with nothing inherited but what
/// the runner adds.
#[derive(Debug, Clone)]
pub struct HostCommand {
    /// The program, by path or by name.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Environment variables to set.
    pub env: BTreeMap<String, String>,
    /// What it reads from its standard input; nothing by default.
    pub stdin: Option<Secret<Vec<u8>>>,
    /// How long it may take.
    pub timeout: Duration,
}

impl HostCommand {
    /// Returns a command without arguments that may take a minute.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        HostCommand {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            stdin: None,
            timeout: Duration::from_secs(60),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
}

/// How a program ended and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutput {
    /// Its exit code, or `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Why a program could not be run to its end.
#[derive(Debug)]
pub enum RunError {
    /// There is no such program.
    NotFound(PathBuf),
    /// It did not end in time and was killed.
    TimedOut(Duration),
    /// The connection to the host was lost; whether the program ran is not known.
    ConnectionLost(String),
    /// It could not be started or read.
    Io(std::io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::NotFound(program) => write!(f, "no program {}", program.display()),
            RunError::TimedOut(limit) => write!(f, "no end after {} s", limit.as_secs()),
            RunError::ConnectionLost(why) => write!(f, "connection to the host lost: {why}"),
            RunError::Io(_) => f.write_str("could not be run"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// An error of a compute service.
#[derive(Debug)]
pub struct ComputeError {
    /// Whose turn it is.
    pub kind: ErrorKind,
    /// What went wrong: a lower-case fragment that does not repeat the source.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What it came from.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Whose turn it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The user's: source, configuration or host must be changed first. Exit code 2, nothing was touched.
    Input,
    /// The world's: something that was run or waited for did not end well. Exit code 1.
    Failed,
}

impl ComputeError {
    /// Returns an error about what the user gave or what the host lacks.
    pub fn input(message: impl Into<String>) -> Self {
        ComputeError { kind: ErrorKind::Input, message: message.into(), hint: None, source: None }
    }

    /// Returns an error about something that did not end well.
    pub fn failed(message: impl Into<String>) -> Self {
        ComputeError { kind: ErrorKind::Failed, message: message.into(), hint: None, source: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what it came from.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for ComputeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ComputeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<OptionError> for ComputeError {
    fn from(error: OptionError) -> Self {
        let hint = error.hint.clone();
        ComputeError { kind: ErrorKind::Input, message: error.to_string(), hint, source: None }
    }
}
