//! The seam between the command line and the engine that does the work.

use super::Catalogue;
use crate::engine::{DrawRequest, NodeFacts};
use crate::event::{Failure, Listener, Summary};
use crate::hosts::Hosts;
use crate::request::{Confirm, Request, RunError};
use pallet::compute::{BoxFuture, Compute};
use pallet::graph::draw::Drawing;
use pallet::name::{GroupName, ServiceName};
use pallet::spec::Login;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the command line needs of an engine.
pub trait Engine: Send + Sync {
    /// Returns the groups and phases that are declared.
    ///
    /// # Errors
    ///
    /// When the declarations contradict each other; each failure names its places.
    fn catalogue(&self) -> Result<Catalogue, Vec<Failure>>;

    /// Draws action graphs, without asking a service or a node for anything.
    ///
    /// # Errors
    ///
    /// When there is nothing of that name, or the source has mistakes.
    fn draw(&self, request: &DrawRequest) -> Result<Drawing, Vec<Failure>>;

    /// Does what was asked for and tells `setup.listener` everything that happens.
    ///
    /// # Errors
    ///
    /// See [`RunError`].
    fn run(&self, setup: Setup, request: Request) -> BoxFuture<'_, Result<Summary, RunError>>;

    /// Reads the facts of the nodes that run, of these groups or, if there are none, of all.
    ///
    /// # Errors
    ///
    /// When the service does not tell its nodes. That a node cannot be reached stands in its entry.
    fn facts(&self, setup: Setup, groups: Vec<GroupName>) -> BoxFuture<'_, Result<Vec<NodeFacts>, RunError>>;
}

/// With what a run works.
#[derive(Clone)]
pub struct Setup {
    /// The compute service.
    pub service: Arc<dyn Compute>,
    /// Its name.
    pub service_name: ServiceName,
    /// The account under which nodes are configured.
    pub admin: Login,
    /// The file with the host keys of the service's nodes. It may not exist yet.
    pub known_hosts: PathBuf,
    /// The user's own SSH configuration. It may not exist.
    pub ssh_config: Option<PathBuf>,
    /// How long a machine that was made or started just now may take until it lets us in.
    pub boot_timeout: Duration,
    /// The machines that services are on, where that is not the controller.
    pub hosts: Option<Arc<Hosts>>,
    /// Takes the events.
    pub listener: Arc<dyn Listener>,
    /// Asks before something is destroyed.
    pub confirm: Arc<dyn Confirm>,
    /// Becomes true when nothing new is to be started.
    pub cancel: watch::Receiver<bool>,
}
