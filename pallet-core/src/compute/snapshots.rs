//! States of nodes that a service may be able to keep and go back to.

use super::{BoxFuture, ComputeError, NodeId, Progress};
use crate::name::SnapshotName;

/// Keeps states of nodes. An optional capability: [`Compute::snapshots`](super::Compute::snapshots).
pub trait Snapshots: Send + Sync {
    /// Returns the snapshots of a node, each after the one it is based on.
    ///
    /// # Errors
    ///
    /// When the node is none of the service's.
    fn list<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<Vec<Snapshot>, ComputeError>>;

    /// Keeps the state of a node: its disks, and its memory if it runs, which it goes on doing.
    ///
    /// # Errors
    ///
    /// When it has a snapshot of this name, or the state could not be kept.
    fn take<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a SnapshotName,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Puts a node back into a state that was kept, with the [tags](super::Compute::tag) it had then. What it is now is
    /// lost; if it runs it is switched off first. It does not run afterwards.
    ///
    /// # Errors
    ///
    /// When it has no snapshot of this name, or several.
    fn restore<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Removes a state that was kept. What the node is now stays as it is.
    ///
    /// # Errors
    ///
    /// When it has no snapshot of this name, or several, or others are based on it in more than one way.
    fn delete<'a>(
        &'a self,
        id: &'a NodeId,
        name: &'a str,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<(), ComputeError>>;
}

/// A state of a node that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name. Snapshots that were made elsewhere may have any, and share it with others.
    pub name: String,
    /// The provider's identity of it.
    pub id: String,
    /// The [`id`](Snapshot::id) of the snapshot it is based on, if it is not the first.
    pub parent: Option<String>,
    /// Whether the node's present state is based on it.
    pub current: bool,
}
