//! Contents that are too large to travel in a script. They go to the node beside it, before it runs.

use super::{Script, UPLOADS};
use crate::probe::Sha256;
use crate::text::Text;
use std::path::{Path, PathBuf};

/// Larger contents do not travel in a script.
pub const INLINE_LIMIT: u64 = 256 << 10;

/// A content that a script expects on the node: as a file, named by its hash, in the folder `$p_incoming`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    hash: Sha256,
    size: u64,
    payload: Payload,
}

/// What is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// This, in which no value is left open.
    Text(Text),
    /// A file on the controller.
    File(PathBuf),
    /// Files on the controller, as one tar archive. What stands for its hash are their hashes: those are to be checked.
    Pack(Vec<PackedFile>),
}

/// A file in an archive that is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// Its name in the archive.
    pub name: String,
    /// Where it is on the controller.
    pub path: PathBuf,
    /// How many bytes it had when it was read.
    pub size: u64,
}

impl Upload {
    /// Returns the upload of a file on the controller that had this hash and size when it was read.
    pub fn file(path: &Path, hash: Sha256, size: u64) -> Self {
        Upload { hash, size, payload: Payload::File(path.to_owned()) }
    }

    /// Returns the upload of several files as one archive, named by a hash of their hashes.
    pub(crate) fn pack(hash: Sha256, files: Vec<PackedFile>) -> Self {
        let size = files.iter().map(|file| file.size).sum();
        Upload { hash, size, payload: Payload::Pack(files) }
    }

    /// Returns the hash, by which the script finds it.
    pub fn hash(&self) -> Sha256 {
        self.hash
    }

    /// Returns how many bytes it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns what is uploaded.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }
}

impl Payload {
    /// Returns the bytes of a text, secrets and all. They must reach the node and nothing else.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Payload::Text(text) => text.literal().ok(),
            Payload::File(_) | Payload::Pack(_) => None,
        }
    }
}

impl Script {
    /// Returns code that fills the staged file `p_new` with a text: in the script itself, or by an upload. When it fails
    /// it has removed the file.
    pub(crate) fn staged(text: Text) -> Script {
        match text.literal() {
            Ok(bytes) if bytes.len() as u64 > INLINE_LIMIT => {
                let (hash, size) = (Sha256::of(&bytes), bytes.len() as u64);
                Script::received(Upload { hash, size, payload: Payload::Text(text) })
            }
            _ => Script::new()
                .code("{\n")
                .print(text)
                .code("} >\"$p_new\" || { rm -f \"$p_new\"; return 1; }\n"),
        }
    }

    /// Returns code that fills the staged file `p_new` with an upload. When it fails it has removed the file.
    pub(crate) fn received(upload: Upload) -> Script {
        let hash = upload.hash.to_string();
        let mut script = Script::new().library(&UPLOADS).code("p_receive ").word(hash).code(" || return\n");
        script.uploads.push(upload);
        script
    }

    /// Says that an upload must be on the node before the script runs.
    #[must_use]
    pub(crate) fn upload(mut self, upload: Upload) -> Script {
        self = self.library(&UPLOADS);
        self.uploads.push(upload);
        self
    }

    /// Returns what must be on the node before the script runs.
    pub fn uploads(&self) -> &[Upload] {
        &self.uploads
    }
}
