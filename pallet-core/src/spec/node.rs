//! Node specs: from what a node is made.

use super::adapter::Adapter;
use crate::facts::{OsFamily, VersionReq};
use crate::options::{OptionValue, Options};
use crate::secret::Secret;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The template for creating a node: image, hardware and network (Pallet's node-spec).
///
/// Whatever is not said is decided by the compute service. Sections are replaced whole when one spec is laid
/// over another, as in Pallet: an `image` given here leaves nothing of an inherited one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeSpec {
    image: Option<Image>,
    hardware: Option<Hardware>,
    network: Option<Network>,
    provider_options: Option<Options>,
}

impl NodeSpec {
    /// Returns a spec that leaves everything to the compute service.
    pub fn new() -> Self {
        NodeSpec::default()
    }

    /// Sets the image.
    #[must_use]
    pub fn image(mut self, image: impl Into<Image>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Sets the hardware.
    #[must_use]
    pub fn hardware(mut self, hardware: impl Into<Hardware>) -> Self {
        self.hardware = Some(hardware.into());
        self
    }

    /// Sets the network.
    #[must_use]
    pub fn network(mut self, network: impl Into<Network>) -> Self {
        self.network = Some(network.into());
        self
    }

    /// Sets options that only one provider understands.
    #[must_use]
    pub fn provider_options(mut self, options: Options) -> Self {
        self.provider_options = Some(options);
        self
    }

    /// Returns the image wanted, if any was named.
    pub fn get_image(&self) -> Option<&Image> {
        self.image.as_ref()
    }

    /// Returns the hardware wanted, if any was named.
    pub fn get_hardware(&self) -> Option<&Hardware> {
        self.hardware.as_ref()
    }

    /// Returns the network wanted, if any was named.
    pub fn get_network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// Returns the options that only one provider understands.
    pub fn get_provider_options(&self) -> Option<&Options> {
        self.provider_options.as_ref()
    }

    /// Returns this spec laid over `base`: each section from here, or from `base` where there is none.
    #[must_use]
    pub fn over(self, base: NodeSpec) -> NodeSpec {
        NodeSpec {
            image: self.image.or(base.image),
            hardware: self.hardware.or(base.hardware),
            network: self.network.or(base.network),
            provider_options: self.provider_options.or(base.provider_options),
        }
    }
}

/// Which disk image (VirtualBox) or root file system (sandbox) a node starts from.
#[derive(Debug, Clone, PartialEq)]
pub enum Image {
    /// The image model with this id, as the compute service knows it.
    Id(String),
    /// The best of the service's image models that satisfy all of this.
    Matching(ImageMatch),
    /// A complete definition, known to no service beforehand.
    Definition(Box<ImageDefinition>),
}

impl From<&str> for Image {
    fn from(id: &str) -> Self {
        Image::Id(id.to_owned())
    }
}

impl From<ImageMatch> for Image {
    fn from(wanted: ImageMatch) -> Self {
        Image::Matching(wanted)
    }
}

impl From<ImageDefinition> for Image {
    fn from(definition: ImageDefinition) -> Self {
        Image::Definition(Box::new(definition))
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Image::Id(id) => f.write_str(id),
            Image::Matching(wanted) => fmt::Display::fmt(wanted, f),
            Image::Definition(definition) => write!(f, "{}", definition.path.display()),
        }
    }
}

/// What an image must be. Conditions that are not given are not checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageMatch {
    /// The family of operating systems, such as `debian`.
    pub os_family: Option<OsFamily>,
    /// The versions that will do, such as `>= 12`.
    pub os_version: Option<VersionReq>,
    /// Whether the system is a 64-bit one.
    pub os_64_bit: Option<bool>,
}

impl fmt::Display for ImageMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = self.os_family.map(|family| family.to_string());
        let version = self.os_version.as_ref().map(|version| version.to_string());
        let bits = self.os_64_bit.map(|wide| if wide { "64-bit" } else { "32-bit" }.to_owned());
        let parts: Vec<String> = [family, version, bits].into_iter().flatten().collect();
        f.write_str(&if parts.is_empty() { "any image".to_owned() } else { parts.join(" ") })
    }
}

/// A complete image model, with the keys of a VMFest meta file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageDefinition {
    /// The disk image, root directory or archive, or a VirtualBox UUID.
    pub path: PathBuf,
    /// What people read in listings.
    pub description: Option<String>,
    /// VirtualBox's id of the guest type, such as `Debian12_64`.
    pub os_type: Option<String>,
    /// The family of the installed system.
    pub os_family: Option<OsFamily>,
    /// The version of the installed system.
    pub os_version: Option<String>,
    /// Whether the installed system is a 64-bit one.
    pub os_64_bit: Option<bool>,
    /// The account that exists in the image, used for bootstrap only.
    pub login: Option<Login>,
    /// How nodes use the disk; [`Attach::MultiAttach`] by default.
    pub attach: Option<Attach>,
    /// Whether cloud-init in the image makes the admin user when a node first starts. Such an image needs no login.
    pub cloud_init: bool,
}

/// How a node uses the disk of its image, which is never written to.
///
/// ```
/// use pallet::spec::Attach;
///
/// assert_eq!("full-copy".parse(), Ok(Attach::FullCopy));
/// assert_eq!(Attach::LinkedClone.to_string(), "linked-clone");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attach {
    /// Each node has a difference to the disk, which VirtualBox makes when it is attached.
    #[default]
    MultiAttach,
    /// The same, and VirtualBox empties the difference whenever the node is switched on: it forgets everything.
    Immutable,
    /// Each node has a difference to the disk as a disk of its own, which it keeps when it is detached.
    LinkedClone,
    /// Each node has a copy of the disk and does not need the image any more.
    FullCopy,
}

impl Attach {
    /// All ways.
    pub const ALL: [Attach; 4] =
        [Attach::MultiAttach, Attach::Immutable, Attach::LinkedClone, Attach::FullCopy];

    /// Returns its name, as it is written in configurations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Attach::MultiAttach => "multi-attach",
            Attach::Immutable => "immutable",
            Attach::LinkedClone => "linked-clone",
            Attach::FullCopy => "full-copy",
        }
    }
}

impl fmt::Display for Attach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Attach {
    type Err = InvalidAttach;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Attach::ALL.into_iter().find(|attach| attach.as_str() == text).ok_or(InvalidAttach)
    }
}

/// A text that names no way to use a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidAttach;

impl fmt::Display for InvalidAttach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = Attach::ALL.iter().map(|attach| format!("`{attach}`")).collect();
        write!(f, "expected one of {}", names.join(", "))
    }
}

impl std::error::Error for InvalidAttach {}

/// An account on a node and what proves that we may use it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The user to log in as.
    pub username: String,
    /// The password of that user, for SSH.
    pub password: Option<Secret>,
    /// A private key file.
    pub private_key_path: Option<PathBuf>,
    /// The file with the public half of that key, if it is not the one beside it that ends in `.pub`.
    pub public_key_path: Option<PathBuf>,
    /// A private key itself, in OpenSSH's format.
    pub private_key: Option<Secret>,
    /// What decrypts the private key.
    pub passphrase: Option<Secret>,
    /// The password that sudo or doas will ask for; by default `password`.
    pub sudo_password: Option<Secret>,
    /// Set when the account needs no sudo, or may not use it.
    pub no_sudo: bool,
}

/// The hardware of a node: a model by name, single values over it, or both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hardware {
    /// The hardware model to start from: `micro`, `small`, `medium`, `large`, or one of the service's own.
    pub model: Option<String>,
    /// Main memory.
    pub memory: Option<Mib>,
    /// Number of virtual CPUs.
    pub cpus: Option<u32>,
    /// Further settings of the machine by the provider's names.
    pub settings: Option<Options>,
}

impl Hardware {
    /// Sets one of the provider's own settings, such as `firmware-type` for VirtualBox.
    ///
    /// # Examples
    ///
    /// ```
    /// use pallet::spec::{Hardware, NodeSpec};
    ///
    /// let spec = NodeSpec::new().hardware(Hardware::from("small").setting("firmware-type", "efi"));
    /// assert!(spec.get_hardware().is_some_and(|hardware| hardware.settings.is_some()));
    /// ```
    #[must_use]
    pub fn setting(mut self, key: &str, value: impl Into<OptionValue>) -> Self {
        self.settings.get_or_insert_with(|| Options::new("hardware", None)).set(key, value, "");
        self
    }
}

impl From<&str> for Hardware {
    fn from(model: &str) -> Self {
        Hardware { model: Some(model.to_owned()), ..Hardware::default() }
    }
}

impl fmt::Display for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory.map(|memory| memory.to_string());
        let cpus = self.cpus.map(|cpus| format!("{cpus} CPU{}", if cpus == 1 { "" } else { "s" }));
        let parts: Vec<String> = [self.model.clone(), memory, cpus].into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}

/// An amount of memory in mebibytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mib(pub u64);

impl Mib {
    /// Returns `n` gibibytes.
    pub const fn gib(n: u64) -> Mib {
        Mib(n * 1024)
    }
}

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0)
    }
}

/// How a node is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// A host-only adapter for management and a NAT adapter for the way out (Pallet's default).
    Local,
    /// One adapter bridged to this interface of the host, or to the first usable one.
    Bridged(Option<String>),
    /// One NAT adapter; SSH is reached through a forwarded port.
    Nat,
    /// Exactly these adapters, at most eight.
    Adapters(Vec<Adapter>),
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Network::Local => f.write_str("local"),
            Network::Bridged(None) => f.write_str("bridged"),
            Network::Bridged(Some(interface)) => write!(f, "bridged to {interface}"),
            Network::Nat => f.write_str("nat"),
            Network::Adapters(adapters) => write!(f, "{} adapters", adapters.len()),
        }
    }
}
