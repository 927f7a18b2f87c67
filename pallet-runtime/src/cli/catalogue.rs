//! What the source declares, as far as the command line has to know it: which groups and phases can be named.

use pallet::name::{GroupName, PhaseName};
use serde::Serialize;

/// The groups and phases that can be named on the command line, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The groups.
    pub groups: Vec<GroupEntry>,
    /// The phases.
    pub phases: Vec<PhaseEntry>,
}

/// A group that is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupEntry {
    /// Its name.
    pub name: GroupName,
    /// How many nodes it is declared to have, if the source says it.
    pub count: Option<u32>,
    /// What its nodes are made from, in words.
    pub spec: String,
    /// Where it is declared: `src/main.rs:40:1`.
    pub source: String,
}

/// A phase that some group has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhaseEntry {
    /// Its name.
    pub name: PhaseName,
    /// The groups that have it.
    pub groups: Vec<GroupName>,
}
