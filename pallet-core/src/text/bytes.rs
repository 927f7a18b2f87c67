//! Bytes that many hold, and that are hashed once.

use crate::probe::Sha256;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// From how many bytes on a content that is the same on several nodes is held once.
const SHARED_FROM: usize = 4 << 10;

/// Larger contents are not kept for the next node: what is kept is kept until the program ends.
const SHARED_UP_TO: usize = 1 << 20;

/// How many contents are kept for the next node.
const SHARED: usize = 16;

/// Bytes that do not change. A copy is the same bytes, and their hash is computed once for all copies.
///
/// A phase is built for each of its nodes, several times, and mostly says the same: a content of some size that was made a moment
/// ago is not held a second time.
///
/// ```
/// # use pallet::actions::Bytes;
/// let large = "x".repeat(100_000);
/// let (one, other) = (Bytes::from(large.as_str()), Bytes::from(large));
/// assert!(std::ptr::eq(&*one, &*other));
/// ```
#[derive(Clone)]
pub struct Bytes(Arc<Content>);

struct Content {
    bytes: Box<[u8]>,
    hash: OnceLock<Sha256>,
}

impl Bytes {
    /// Returns their hash.
    pub fn hash(&self) -> Sha256 {
        *self.0.hash.get_or_init(|| Sha256::of(&self.0.bytes))
    }

    /// Returns bytes that are not kept for the next node: they are of one node, or have a secret in them.
    pub(crate) fn alone(bytes: impl Into<Box<[u8]>>) -> Self {
        Bytes(Arc::new(Content { bytes: bytes.into(), hash: OnceLock::new() }))
    }

    fn new(bytes: impl Into<Box<[u8]>> + AsRef<[u8]>) -> Self {
        if !(SHARED_FROM..=SHARED_UP_TO).contains(&bytes.as_ref().len()) {
            return Bytes::alone(bytes);
        }
        static RECENT: Mutex<VecDeque<Bytes>> = Mutex::new(VecDeque::new());
        let recent = || RECENT.lock().unwrap_or_else(PoisonError::into_inner);
        // Compared outside of the lock: it takes as long as there are bytes.
        let candidates: Vec<Bytes> =
            recent().iter().filter(|known| known.len() == bytes.as_ref().len()).cloned().collect();
        if let Some(known) = candidates.into_iter().find(|known| **known == *bytes.as_ref()) {
            return known;
        }
        let new = Bytes::alone(bytes);
        let mut recent = recent();
        recent.truncate(SHARED - 1);
        recent.push_front(new.clone());
        new
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Bytes::new(text.as_bytes())
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        Bytes::new(text.into_bytes())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::new(bytes)
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.bytes == other.0.bytes
    }
}

impl Eq for Bytes {}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_held_once_and_what_is_not_is_not_mixed_up() {
        let contents: Vec<Vec<u8>> = (0..40_u8).map(|byte| vec![byte; SHARED_FROM]).collect();
        let all: Vec<Bytes> = contents.iter().cloned().map(Bytes::from).collect();
        assert!(all.iter().zip(&contents).all(|(bytes, content)| **bytes == **content));
        let again = Bytes::from(contents[39].clone());
        assert!(Arc::ptr_eq(&again.0, &all[39].0));
        assert_eq!(Bytes::from(contents[0].clone()), all[0], "also when it is forgotten");
        assert_eq!(again.hash(), Sha256::of(&contents[39]));
    }
}
