//! Shell scripts as values: code that we wrote, words that must arrive unchanged, and secrets.
//!
//! Everything that is not our own code goes through `quote`, the one place where quoting happens. The
//! scripts are POSIX `sh`: tested with dash, bash and busybox.

mod library;
#[cfg(feature = "engine")]
mod render;
mod upload;

pub use library::{
    ACCOUNTS, ALTERNATIVES, APK, APPLY, APT, ARCHIVES, AS_USER, AUTHORIZED_KEYS, COMMANDS, CRONTABS, DNF,
    DOWNLOADS, FETCHES, FILES, HOW, KERNEL, LINES, LOCALES, Library, MOUNTS, OPENRC, PACKAGES, PACKING,
    PACMAN, RUNIT, SERVICES, SSH_KEYS, SYSTEMD, SYSV, TREES, UFW, UPLOADS, ZYPPER,
};
#[cfg(feature = "engine")]
pub use render::quote;
pub use upload::{INLINE_LIMIT, PackedFile, Payload, Upload};

use crate::text::Text;
use crate::world::World;
use std::borrow::Cow;

/// A piece of shell script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    libraries: Vec<&'static Library>,
    parts: Vec<Part>,
    uploads: Vec<Upload>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Shell code, written by us.
    Code(Cow<'static, str>),
    /// One word, which the shell must take literally.
    Word(Text),
    /// Commands that print this byte for byte: for what a word cannot hold, which is a NUL.
    Print(Text),
}

impl Script {
    /// Returns an empty script.
    pub fn new() -> Self {
        Script::default()
    }

    /// Says that the script calls functions of a library.
    #[must_use]
    pub fn library(mut self, library: &'static Library) -> Self {
        library.collect(&mut self.libraries);
        self
    }

    /// Adds shell code. Never give it anything that came from elsewhere: that is what [`word`](Script::word) is for.
    #[must_use]
    pub fn code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.parts.push(Part::Code(code.into()));
        self
    }

    /// Adds a word that the shell takes literally, whatever is in it.
    #[must_use]
    pub fn word(mut self, word: impl Into<Text>) -> Self {
        self.parts.push(Part::Word(word.into()));
        self
    }

    /// Adds a line that calls a command with these words.
    #[must_use]
    pub fn call<T: Into<Text>>(mut self, command: &'static str, words: impl IntoIterator<Item = T>) -> Self {
        self = self.code(command);
        for word in words {
            self = self.code(" ").word(word);
        }
        self.code("\n")
    }

    /// Adds commands that print a text byte for byte, and fail if that fails.
    #[must_use]
    pub fn print(mut self, text: impl Into<Text>) -> Self {
        self.parts.push(Part::Print(text.into()));
        self
    }

    /// Adds another script.
    #[must_use]
    pub fn append(mut self, other: Script) -> Self {
        other.libraries.into_iter().for_each(|library| library.collect(&mut self.libraries));
        self.parts.extend(other.parts);
        self.uploads.extend(other.uploads);
        self
    }

    /// Returns the script with the values filled in that are known.
    pub(crate) fn fill(&self, world: &World) -> Script {
        let fill = |part: &Part| match part {
            Part::Code(code) => Part::Code(code.clone()),
            Part::Word(text) => Part::Word(text.fill(world)),
            Part::Print(text) => Part::Print(text.fill(world)),
        };
        Script {
            libraries: self.libraries.clone(),
            parts: self.parts.iter().map(fill).collect(),
            uploads: self.uploads.clone(),
        }
    }
}
