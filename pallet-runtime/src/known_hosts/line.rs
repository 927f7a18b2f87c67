//! One line of a known hosts file: `[@marker] names type key [comment]`.
//!
//! Parsing never fails: a line that is none of ours to understand is no entry.

use super::HostKey;
use crate::ssh_config::pattern;
use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// A line that names keys of hosts.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) marker: Marker,
    pub(super) key: HostKey,
    names: Names,
}

/// What a line says about its key. Lines of certificate authorities are no entries: we ask for plain keys, and
/// an authority's key must never pass for a host's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    None,
    Revoked,
}

#[derive(Debug)]
enum Names {
    Plain(Vec<String>),
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

impl Entry {
    /// Returns the names that the line is for and no others, or `None` where a host must be compared with it.
    pub(super) fn plain_names(&self) -> Option<&[String]> {
        match &self.names {
            Names::Plain(names) if !names.iter().any(|name| name.contains(['*', '?', '!'])) => Some(names),
            Names::Plain(_) | Names::Hashed { .. } => None,
        }
    }

    /// Returns whether the line is about the host that is filed under `name`.
    pub(super) fn is_for(&self, name: &str) -> bool {
        match &self.names {
            Names::Plain(patterns) => pattern::matches_any(patterns, name),
            Names::Hashed { salt, hash } => digest(salt, name).is_some_and(|digest| digest == *hash),
        }
    }
}

/// Returns the entry on a line, or `None` for an empty line, a comment, an authority, or what is not an entry.
pub(super) fn parse(line: &str) -> Option<Entry> {
    let mut words = line.split_ascii_whitespace();
    let mut names = words.next()?;
    let marker = match names {
        "@revoked" => Marker::Revoked,
        _ if names.starts_with(['@', '#']) => return None,
        _ => Marker::None,
    };
    if marker == Marker::Revoked {
        names = words.next()?;
    }
    let algorithm = words.next()?;
    let key = HostKey::new(Base64::decode_vec(words.next()?).ok()?)?;
    let whole = key.algorithm() == algorithm && is_whole(&key);
    whole.then_some(Entry { marker, key, names: parse_names(names)? })
}

/// Tells whether a key has all its fields, each after its length, and ends where the last one ends.
fn is_whole(key: &HostKey) -> bool {
    let (mut rest, mut fields) = (key.blob.as_slice(), 0);
    while let Some((length, after)) = rest.split_first_chunk() {
        match after.get(u32::from_be_bytes(*length) as usize..) {
            Some(next) => rest = next,
            None => return false,
        }
        fields += 1;
    }
    // The type, and of most an exponent or the name of a curve before the rest.
    rest.is_empty() && fields >= if key.algorithm() == "ssh-ed25519" { 2 } else { 3 }
}

/// Returns the line for a host and its key.
pub(super) fn render(name: &str, algorithm: &str, blob: &[u8]) -> String {
    format!("{name} {algorithm} {}\n", Base64::encode_string(blob))
}

fn parse_names(names: &str) -> Option<Names> {
    let Some(hashed) = names.strip_prefix("|1|") else {
        return Some(Names::Plain(names.split(',').map(str::to_ascii_lowercase).collect()));
    };
    let (salt, hash) = hashed.split_once('|')?;
    Some(Names::Hashed { salt: Base64::decode_vec(salt).ok()?, hash: Base64::decode_vec(hash).ok()? })
}

fn digest(salt: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(name.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}
