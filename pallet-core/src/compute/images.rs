//! What a compute service that keeps image models can do with them: [`Images`].

use super::{BoxFuture, ComputeError, Progress};
use crate::facts::OsFamily;
use crate::spec::{ImageDefinition, ImageMatch};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The image models of a compute service: listed, checked, added, removed, and chosen from.
pub trait Images: Send + Sync {
    /// Returns every model, sorted by id, also those that cannot be used, with the reason.
    ///
    /// # Errors
    ///
    /// When the service could not be asked. What is wrong with a single model is told in its record.
    fn list(&self) -> BoxFuture<'_, Result<Vec<ImageRecord>, ComputeError>>;

    /// Returns every model as [`list`](Images::list) does, after reading all of its disk. Changes nothing.
    ///
    /// # Errors
    ///
    /// When the service could not be asked.
    fn check<'a>(&'a self, progress: Progress<'a>) -> BoxFuture<'a, Result<Vec<ImageRecord>, ComputeError>>;

    /// Brings a disk to the service's host and makes a model of it. A failure leaves nothing behind but what was
    /// downloaded so far, where the next attempt goes on.
    ///
    /// # Errors
    ///
    /// When there is such a model already, when the disk cannot be had, is not what its checksum says, is of no known
    /// kind, or does not fit on the host.
    fn add<'a>(
        &'a self,
        image: &'a NewImage,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<ImageRecord, ComputeError>>;

    /// Removes a model that was [added](Images::add), with its disk.
    ///
    /// # Errors
    ///
    /// When a node stands on it, or when it was defined by somebody else, who then has to remove it.
    fn remove<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Returns all models in the order in which they would be chosen for these conditions, and why.
    fn rank(&self, wanted: &ImageMatch) -> Vec<Ranked>;
}

/// An image model as its service knows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageRecord {
    /// Its id, as it is written in `image: "…"`.
    pub id: String,
    /// What people read about it.
    pub description: Option<String>,
    /// Where its disk is on the service's host.
    pub path: Option<PathBuf>,
    /// The provider's identity of the disk: a UUID for VirtualBox.
    pub uuid: Option<String>,
    /// Whether the provider knows the disk already. One that it does not know becomes known with the first node.
    pub registered: bool,
    /// How the disk is shared, by the provider's name, if that is known.
    pub kind: Option<String>,
    /// How many disks stand on it.
    pub children: usize,
    /// The family of the installed system.
    pub os_family: Option<OsFamily>,
    /// The version of the installed system.
    pub os_version: Option<String>,
    /// Whether the installed system is a 64-bit one.
    pub os_64_bit: Option<bool>,
    /// Where the model is defined: `pallet.toml:12:1`, a file of the host, or `code`.
    pub source: String,
    /// Where its disk came from, if it was added.
    pub origin: Option<String>,
    /// What is wrong with it. A model with a problem may be good enough all the same.
    pub problems: Vec<String>,
}

/// An image model to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewImage {
    /// Its id: lower-case letters, digits, and inner hyphens, dots and underscores.
    pub id: String,
    /// A URL, or a file on the service's host.
    pub from: String,
    /// What `from` must be.
    pub checksum: Option<Checksum>,
    /// What is to be known about it. The path says nothing: the service decides where the disk goes.
    pub definition: ImageDefinition,
}

/// The checksum of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    digest: String,
}

/// How a checksum was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Returns its name: `sha256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// Returns how many hexadecimal digits a checksum has.
    fn digits(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }
}

impl Checksum {
    /// Returns how it was made.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns its lower-case hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.digest)
    }
}

/// A text that is no checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidChecksum(String);

impl fmt::Display for InvalidChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no checksum: write `sha256:` and 64, or `sha512:` and 128 hexadecimal digits",
            self.0
        )
    }
}

impl std::error::Error for InvalidChecksum {}

/// Reads `sha256:HEX`, `sha512:HEX`, or the digits alone, whose number says which of the two it is.
///
/// ```
/// use pallet::compute::{Algorithm, Checksum};
///
/// let checksum: Checksum = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855".parse()?;
/// assert_eq!(checksum.algorithm(), Algorithm::Sha256);
/// assert!(checksum.to_string().starts_with("sha256:e3b0c442"));
/// assert!("sha512:e3b0".parse::<Checksum>().is_err());
/// # Ok::<(), pallet::compute::InvalidChecksum>(())
/// ```
impl FromStr for Checksum {
    type Err = InvalidChecksum;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, digits) = match text.trim().split_once(':') {
            Some((name, digits)) => (Some(name), digits),
            None => (None, text.trim()),
        };
        let algorithm = [Algorithm::Sha256, Algorithm::Sha512].into_iter().find(|algorithm| {
            digits.len() == algorithm.digits() && name.is_none_or(|name| name == algorithm.as_str())
        });
        match algorithm {
            Some(algorithm) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Ok(Checksum { algorithm, digest: digits.to_ascii_lowercase() })
            }
            _ => Err(InvalidChecksum(text.to_owned())),
        }
    }
}

/// A model in the order in which one would be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The model.
    pub id: String,
    /// Why it stands where it stands.
    pub verdict: Verdict,
    /// The reason in words.
    pub because: String,
}

/// What becomes of a model when one is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one.
    Chosen,
    /// It is as good as the one chosen, which only comes first by its id.
    Tied,
    /// It satisfies the conditions, and another is better.
    Behind,
    /// It does not satisfy the conditions, or cannot be used.
    Refused,
}
