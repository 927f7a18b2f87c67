//! What a service may be able to do with a node that runs, beyond starting and stopping it.

use super::{BoxFuture, ComputeError, NodeId, NodeRecord, Progress};

/// Suspends, wakes and restarts nodes. An optional capability: [`Compute::power`](super::Compute::power).
///
/// A node that is paused or saved is [suspended](super::NodeState::Suspended);
/// [`start`](super::Compute::start) lets it go on.
pub trait Power: Send + Sync {
    /// Holds a node that runs where it is, in memory. One that is paused already stays so.
    ///
    /// # Errors
    ///
    /// When it does not run, or still runs at the end.
    fn pause<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Lets a node go on that is paused. One that runs already stays so.
    ///
    /// # Errors
    ///
    /// When it is not paused: a node that is saved or switched off is started.
    fn resume<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Writes the memory of a node that runs to the host's disk and ends it there. One that is saved stays so.
    ///
    /// # Errors
    ///
    /// When it does not run, or its memory could not be written; it then runs on.
    fn save<'a>(&'a self, id: &'a NodeId, progress: Progress<'a>) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Presses the reset button of a node that runs: its system is not asked.
    ///
    /// # Errors
    ///
    /// When it does not run.
    fn reset<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>>;

    /// Stops a node that runs, gracefully if it will, starts it again, and returns once its endpoint is known.
    ///
    /// # Errors
    ///
    /// When it does not run, or one of the two failed.
    fn reboot<'a>(
        &'a self,
        id: &'a NodeId,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>>;

    /// Switches a node off at once, as by pulling its plug, whatever it is doing. What it had not written to its disk
    /// is lost, and so is a saved memory.
    ///
    /// # Errors
    ///
    /// When the node still runs at the end.
    fn cut<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>>;
}
