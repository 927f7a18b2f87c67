//! Shell scripts as values: code that we wrote, words that must arrive unchanged, and secrets.
//!
//! Everything that is not our own code goes through [`quote`], the one place where quoting happens. The
//! scripts are POSIX `sh`: tested with dash, bash and busybox.

mod library;
mod upload;
#[cfg(feature = "engine")]
mod values;

pub use library::{
    ACCOUNTS, ALTERNATIVES, APK, APPLY, APT, ARCHIVES, AS_USER, AUTHORIZED_KEYS, COMMANDS, CRONTABS, DNF,
    DOWNLOADS, FETCHES, FILES, HOW, KERNEL, LINES, LOCALES, Library, MOUNTS, OPENRC, PACKAGES, PACKING,
    PACMAN, RUNIT, SERVICES, SSH_KEYS, SYSTEMD, SYSV, TREES, UFW, UPLOADS, ZYPPER,
};
pub use upload::{INLINE_LIMIT, PackedFile, Payload, Upload};

use crate::text::{Text, TextPart};
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

    /// Returns the script as the node gets it, secrets and all. It must travel on a standard input and nowhere
    /// else.
    pub fn render(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self.libraries.iter().flat_map(|library| library.code().bytes()).collect();
        for part in &self.parts {
            match part {
                Part::Code(code) => out.extend_from_slice(code.as_bytes()),
                Part::Word(text) => render_word(text, &mut out),
                Part::Print(text) => render_print(text, &mut out),
            }
        }
        out
    }

    /// Returns the script for people: secrets as `***`, and without the libraries.
    pub fn masked(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Code(code) => code.to_string(),
                Part::Word(text) => shown(text),
                Part::Print(text) => format!("printf %s {}\n", shown(text)),
            })
            .collect()
    }
}

fn shown(text: &Text) -> String {
    let mut quoted = Vec::new();
    quote(text.masked().as_bytes(), &mut quoted);
    String::from_utf8_lossy(&quoted).into_owned()
}

fn render_word(text: &Text, out: &mut Vec<u8>) {
    let before = out.len();
    for part in text.parts() {
        match part {
            TextPart::Literal(bytes) => quote(bytes, out),
            TextPart::Secret(secret) => quote(secret.expose().as_bytes(), out),
            TextPart::Value(value) => out.extend_from_slice(format!("\"$p_v{}\"", value.id.0).as_bytes()),
        }
    }
    if out.len() == before {
        out.extend_from_slice(b"''");
    }
}

/// One list of commands, which fails when one of them does: a full disk must not look like the end of the text.
fn render_print(text: &Text, out: &mut Vec<u8>) {
    out.push(b':');
    for part in text.parts() {
        match part {
            TextPart::Literal(bytes) => print_bytes(bytes, out),
            TextPart::Secret(secret) => print_bytes(secret.expose().as_bytes(), out),
            TextPart::Value(value) => {
                out.extend_from_slice(format!(" &&\nprintf %s \"$p_v{}\"", value.id.0).as_bytes());
            }
        }
    }
    out.push(b'\n');
}

/// `printf` is a builtin of every shell we know, so nothing of this shows in a process list, and the length of
/// what it prints is not limited as arguments of a program are.
fn print_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    if bytes.contains(&0) {
        // A shell word cannot hold a NUL, but a format can name one.
        let mut format = Vec::with_capacity(bytes.len() + bytes.len() / 4);
        for &byte in bytes {
            match byte {
                0 => format.extend_from_slice(b"\\000"),
                b'\\' => format.extend_from_slice(b"\\\\"),
                b'%' => format.extend_from_slice(b"%%"),
                _ => format.push(byte),
            }
        }
        // A format that begins with a hyphen would be read as an option by some shells.
        out.extend_from_slice(b" &&\nprintf -- ");
        quote(&format, out);
    } else {
        out.extend_from_slice(b" &&\nprintf %s ");
        quote(bytes, out);
    }
}

/// Appends `bytes` as one shell word that stands for exactly these bytes.
///
/// Inside single quotes a POSIX shell gives no character a meaning but the single quote itself. A NUL cannot
/// be in a word of any shell and is left out; [`Script::print`] is for texts that may have one.
pub fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-+:,=@".contains(b);
    if !bytes.is_empty() && bytes.iter().all(plain) {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'\'');
    for &byte in bytes {
        match byte {
            0 => {}
            b'\'' => out.extend_from_slice(b"'\\''"),
            _ => out.push(byte),
        }
    }
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn words_are_quoted_and_code_is_not() {
        let script = Script::new().call("p_dir", ["/srv/a b", "", "it's", "$(rm -rf /)", "plain/path"]);
        assert_eq!(
            String::from_utf8_lossy(&script.render()),
            "p_dir '/srv/a b' '' 'it'\\''s' '$(rm -rf /)' plain/path\n"
        );
    }

    #[test]
    fn a_library_travels_once_and_after_what_it_needs() {
        static BASE: Library = Library::new("base", "base() { :; }\n", &[]);
        static ONE: Library = Library::new("one", "one() { base; }\n", &[&BASE]);
        let step = || Script::new().library(&ONE).call("one", [""; 0]);
        let script = Script::new().append(step()).append(step()).library(&BASE);
        assert_eq!(String::from_utf8_lossy(&script.render()), "base() { :; }\none() { base; }\none\none\n");
    }

    #[test]
    fn a_secret_is_rendered_for_the_node_and_masked_for_people() {
        let script = Script::new().call("set_password", [Text::from(Secret::from("hunter2"))]);
        assert!(String::from_utf8_lossy(&script.render()).contains("hunter2"));
        assert_eq!(script.masked(), "set_password '***'\n");
        assert!(!format!("{script:?}").contains("hunter2"));
    }

    #[test]
    fn contents_with_nul_become_formats() {
        let script = Script::new().print(b"100%\\\0x".to_vec());
        assert_eq!(String::from_utf8_lossy(&script.render()), ": &&\nprintf -- '100%%\\\\\\000x'\n");
    }
}
