//! What an action declares in the end, as data: the ground on which contradictions are found.
//!
//! A phase function may well change a thing several times (stop, migrate, start): what counts is the last claim it
//! makes. Two functions of one phase whose last claims differ would undo each other in every run; [conflicts](crate::conflicts)
//! are such pairs.

#[cfg(feature = "engine")]
mod compare;

use crate::name::{AccountName, RemotePath, UnitName};
use std::borrow::Cow;
use std::fmt;

/// Something on a node of which a state can be declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// What stands at a path.
    Path(RemotePath),
    /// A package, by its name without a version.
    Package(String),
    /// A service.
    Service(UnitName),
    /// A user.
    User(AccountName),
    /// A group of users.
    Group(AccountName),
    /// Anything else, by kind and name: `sysctl`, `net.ipv4.ip_forward`.
    Other(&'static str, String),
}

/// That an action wants one aspect of a thing to be in a state.
///
/// An action that has claims names everything it brings about: one that is left out because others override it is
/// missed in nothing.
///
/// ```
/// use pallet::claim::{Claim, Thing};
/// let thing = || Thing::Other("sysctl", "vm.swappiness".to_owned());
/// let (low, high) = (Claim::new(thing(), "value", "10"), Claim::new(thing(), "value", "60"));
/// assert!(low.contradicts(&high) && !low.contradicts(&low));
/// assert_eq!(low.phrase(), "value 10");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    thing: Thing,
    aspect: Cow<'static, str>,
    state: Option<String>,
    shown: Option<String>,
}

/// The aspect that says whether there is such a thing, and of what kind.
const EXISTENCE: &str = "existence";

/// The state of what is not there.
const ABSENT: &str = "absent";

impl Claim {
    /// Returns the claim that `aspect` of `thing` is `state`: `mode`, `0644`.
    pub fn new(thing: Thing, aspect: impl Into<Cow<'static, str>>, state: impl Into<String>) -> Self {
        Claim { thing, aspect: aspect.into(), state: Some(state.into()), shown: None }
    }

    /// Returns the claim that a thing is there, and as what: `a file`, `installed`.
    pub fn existence(thing: Thing, state: impl Into<String>) -> Self {
        let state = state.into();
        Claim { shown: Some(state.clone()), ..Claim::new(thing, EXISTENCE, state) }
    }

    /// Returns the claim that there is no such thing.
    pub fn absent(thing: Thing) -> Self {
        Claim::existence(thing, ABSENT)
    }

    /// Returns the claim that `aspect` of `thing` is in a state that is known to the node alone. It agrees with every
    /// other.
    pub fn unknown(thing: Thing, aspect: impl Into<Cow<'static, str>>) -> Self {
        Claim { thing, aspect: aspect.into(), state: None, shown: None }
    }

    /// Sets the words that people read in place of aspect and state: `running`. A hash says nothing to them, and a
    /// secret must not.
    #[must_use]
    pub fn shown(mut self, words: impl Into<String>) -> Self {
        self.shown = Some(words.into());
        self
    }

    /// Returns the thing.
    pub fn thing(&self) -> &Thing {
        &self.thing
    }

    /// Returns what about the thing: `content`, `mode`, `running`.
    pub fn aspect(&self) -> &str {
        &self.aspect
    }

    /// Returns the claim in words, without the thing: `mode 0644`, `running`.
    pub fn phrase(&self) -> String {
        match (&self.shown, &self.state) {
            (Some(shown), _) => shown.clone(),
            (None, Some(state)) => format!("{} {state}", self.aspect),
            (None, None) => format!("{} that is known to the node alone", self.aspect),
        }
    }
}

/// Returns the claims that are made.
pub(crate) fn given(claims: [Option<Claim>; 3]) -> Vec<Claim> {
    let mut given = Vec::new();
    claims.into_iter().for_each(|claim| given.extend(claim));
    given
}

/// That a file stands at a path, as a state of [`Claim::existence`].
pub const FILE: &str = "a file";
/// That a directory stands at a path.
pub const DIRECTORY: &str = "a directory";
/// That a symbolic link stands at a path.
pub const LINK: &str = "a symbolic link";

impl fmt::Debug for Claim {
    /// The state may be the hash of a secret, so it is not shown where words are given for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim({}: {})", self.thing, self.phrase())
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::Path(path) => write!(f, "{path}"),
            Thing::Package(name) => write!(f, "package {name}"),
            Thing::Service(unit) => write!(f, "service {unit}"),
            Thing::User(name) => write!(f, "user {name}"),
            Thing::Group(name) => write!(f, "group {name}"),
            Thing::Other(kind, name) => write!(f, "{kind} {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Thing {
        Thing::Path(RemotePath::new(text).expect("a valid path"))
    }

    #[test]
    fn a_hash_that_has_words_is_not_in_debug() {
        let claim = Claim::new(path("/a"), "content", "5eb63bbb").shown("content with a secret");
        assert_eq!(format!("{claim:?}"), "Claim(/a: content with a secret)");
    }
}
