//! The user's program: its groups and phases, connected with the command line.

use crate::cli::{self, Catalogue, Engine, GroupEntry, Main, PhaseEntry};
use crate::connector::Reach;
use crate::engine::{self, Cancel, DrawRequest, NodeFacts};
use crate::event::{Failure, Summary};
use crate::request::{Request, RunError};
use pallet::Registry;
use pallet::compute::BoxFuture;
use pallet::graph::draw::Drawing;
use pallet::name::{GroupName, PhaseName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the main program of everything that the macros of this program registered.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     pallet_runtime::main().run()
/// }
/// ```
pub fn main() -> Main {
    main_of(Registry::from_inventory)
}

/// Returns the main program of groups that are put together at run time, as the builder of
/// [`Registry`] does.
///
/// The function is called whenever the groups are needed, so that each run has its own.
pub fn main_of<E: std::fmt::Display>(
    registry: impl Fn() -> Result<Registry, E> + Send + Sync + 'static,
) -> Main {
    Main::new(Program { registry: Arc::new(move || registry().map_err(|error| error.to_string())) })
}

struct Program {
    registry: Arc<dyn Fn() -> Result<Registry, String> + Send + Sync>,
}

impl Program {
    /// Every line of a registry's error is a mistake of its own.
    fn registry(&self) -> Result<Registry, Vec<Failure>> {
        if cfg!(panic = "abort") {
            let hint =
                "take `panic = \"abort\"` out of the profile: pallet ends the build of a phase by unwinding";
            return Err(vec![Failure::new("this program cannot unwind").hint(hint)]);
        }
        (self.registry)().map_err(|error| error.lines().map(Failure::new).collect())
    }

    async fn engine_setup(&self, setup: cli::Setup) -> Result<engine::Setup, RunError> {
        let registry = self.registry().map_err(RunError::Input)?;
        let reach = Reach::new(setup.admin, setup.ssh_config, setup.known_hosts);
        let reach = reach.boot_timeout(setup.boot_timeout);
        let reach = match setup.hosts {
            Some(hosts) => reach.through(hosts),
            None => reach,
        };
        reach
            .check()
            .await
            .map_err(|error| RunError::Input(vec![Failure::new(error.message).maybe_hint(error.hint)]))?;
        Ok(engine::Setup {
            registry,
            service: setup.service,
            service_name: setup.service_name,
            admin: Some(reach.admin_user()),
            connector: Arc::new(reach),
            listener: setup.listener,
            confirm: setup.confirm,
            cancel: Cancel::new(setup.cancel),
        })
    }
}

impl Engine for Program {
    fn catalogue(&self) -> Result<Catalogue, Vec<Failure>> {
        let registry = self.registry()?;
        let mut phases: BTreeMap<PhaseName, Vec<GroupName>> = BTreeMap::new();
        for group in registry.groups() {
            for phase in group.phases.keys() {
                phases.entry(phase.clone()).or_default().push(group.name.clone());
            }
        }
        let groups = registry.groups().iter().map(|group| GroupEntry {
            name: group.name.clone(),
            count: group.count,
            spec: engine::describe(&group.node_spec),
            source: group.location.to_string(),
        });
        Ok(Catalogue {
            groups: groups.collect(),
            phases: phases.into_iter().map(|(name, groups)| PhaseEntry { name, groups }).collect(),
        })
    }

    fn draw(&self, request: &DrawRequest) -> Result<Drawing, Vec<Failure>> {
        engine::draw(&self.registry()?, request)
    }

    fn run(&self, setup: cli::Setup, request: Request) -> BoxFuture<'_, Result<Summary, RunError>> {
        Box::pin(async move { engine::run(self.engine_setup(setup).await?, request).await })
    }

    fn facts(
        &self,
        setup: cli::Setup,
        groups: Vec<GroupName>,
    ) -> BoxFuture<'_, Result<Vec<NodeFacts>, RunError>> {
        Box::pin(async move { engine::facts(self.engine_setup(setup).await?, &groups).await })
    }
}
