//! What an action declares in the end, as data: the ground on which contradictions are found.
//!
//! A phase function may well change a thing several times (stop, migrate, start): what counts is the last claim it
//! makes. Two phase functions whose last claims differ would undo each other in every run.

use crate::name::{AccountName, RemotePath, UnitName};
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The thing.
    pub thing: Thing,
    /// What about it: `content`, `mode`, `running`.
    pub aspect: &'static str,
    /// The state. Claims of one aspect agree when their states are equal.
    pub state: String,
    /// The state for people, where that is another text: a hash says nothing, and a secret must not.
    pub shown: Option<String>,
}

impl Claim {
    /// Returns the claim that `aspect` of `thing` is `state`.
    pub fn new(thing: Thing, aspect: &'static str, state: impl Into<String>) -> Self {
        Claim { thing, aspect, state: state.into(), shown: None }
    }

    /// Sets what people are shown in the place of the state.
    #[must_use]
    pub fn shown(mut self, shown: impl Into<String>) -> Self {
        self.shown = Some(shown.into());
        self
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
