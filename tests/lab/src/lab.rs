//! The engine against one node, with a phase given as a closure.

use crate::controller::{self, Controller};
use crate::machine::Machine;
use crate::report::Report;
use pallet::spec::Login;
use pallet::{GroupSpec, PhaseOutput, Registry};
use pallet_runtime::event::Verb;
use pallet_runtime::request::Request;
use std::sync::Arc;

/// A phase of a test.
pub type Phase = Arc<dyn Fn() -> pallet::Result + Send + Sync>;

/// Returns a phase that does what a closure does, whatever that returns.
pub fn phase<R: PhaseOutput>(phase: impl Fn() -> R + Send + Sync + 'static) -> Phase {
    Arc::new(move || phase().finish())
}

/// The name of the group, and of its only phase that is not standard.
const GROUP: &str = "node";

/// A node and a controller that configures it.
#[derive(Debug)]
pub struct Lab {
    /// The node.
    pub machine: Machine,
    controller: Controller,
    username: Option<String>,
}

impl Lab {
    /// Returns a controller for a node.
    #[must_use]
    pub fn new(machine: Machine) -> Lab {
        Lab { machine, controller: Controller::new(), username: None }
    }

    /// Logs in as another user than the machine says, with the same key.
    #[must_use]
    pub fn as_user(self, username: &str) -> Lab {
        Lab { username: Some(username.to_owned()), ..self }
    }

    fn login(&self) -> Login {
        let login = self.machine.login();
        Login { username: self.username.clone().unwrap_or(login.username.clone()), ..login }
    }

    /// Says what converging a phase would do.
    pub fn plan<R: PhaseOutput>(&self, phase: impl Fn() -> R + Send + Sync + 'static) -> Report {
        self.run(&Request::new(Verb::Plan), self::phase(phase))
    }

    /// Converges a phase.
    pub fn converge<R: PhaseOutput>(&self, phase: impl Fn() -> R + Send + Sync + 'static) -> Report {
        self.run(&Request::new(Verb::Converge), self::phase(phase))
    }

    /// Does what is asked with a phase.
    pub fn run(&self, request: &Request, phase: Phase) -> Report {
        self.run_phases(request, [("configure", phase)])
    }

    /// Does what is asked with several phases, by their names.
    pub fn run_phases(
        &self,
        request: &Request,
        phases: impl IntoIterator<Item = (&'static str, Phase)>,
    ) -> Report {
        let group = phases
            .into_iter()
            .fold(GroupSpec::new(GROUP).count(1), |group, (name, phase)| group.phase(name, move || phase()));
        let registry = Registry::builder().group(group).build().expect("a valid group");
        let node = controller::record(GROUP, "node-1", self.machine.endpoint(), None);
        self.controller.run(registry, vec![node], self.login(), request)
    }
}
