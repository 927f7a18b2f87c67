//! Services of the init system.

use crate::action::{Action, Diff, Trigger, View};
use crate::claim::{Claim, Thing};
use crate::facts::{Facts, InitSystem};
use crate::graph::{ActionId, Handle, Handles, record};
use crate::name::UnitName;
use crate::probe::Probe;
use crate::script::{SERVICES, Script};
use crate::world::{Effects, World};

/// A service: whether it starts with the system, whether it runs, and what it does when something changed.
#[derive(Debug)]
pub struct Service {
    name: String,
    enabled: Option<bool>,
    running: Option<bool>,
    answer: Option<Answer>,
}

/// What a service does when something it was told of has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Reload,
    Restart,
}

impl Answer {
    fn as_str(self) -> &'static str {
        match self {
            Answer::Reload => "reload",
            Answer::Restart => "restart",
        }
    }
}

/// Declares something about a service: say what with `enabled`, `running` and so on.
///
/// A reload or restart that is owed is written down on the node before the change and cleared after the answer, so
/// an interrupted run does not lose it: the next one makes up for it. A service that was started in the
/// meantime owes nothing. Systems: systemd, and SysV init scripts.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let site = remote_file("/etc/nginx/conf.d/site.conf").content("server { listen 80; }\n");
/// service("nginx").enabled().running().reload_when_changed(site);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn service(name: impl Into<String>) -> Handle<Service> {
    record(Service { name: name.into(), enabled: None, running: None, answer: None })
}

impl Handle<Service> {
    /// Declares that the service starts with the system.
    #[track_caller]
    pub fn enabled(self) -> Self {
        self.edit(|service| service.enabled = Some(true))
    }

    /// Declares that the service does not start with the system.
    #[track_caller]
    pub fn disabled(self) -> Self {
        self.edit(|service| service.enabled = Some(false))
    }

    /// Declares that the service runs.
    #[track_caller]
    pub fn running(self) -> Self {
        self.edit(|service| service.running = Some(true))
    }

    /// Declares that the service does not run.
    #[track_caller]
    pub fn stopped(self) -> Self {
        self.edit(|service| service.running = Some(false))
    }

    /// Reloads the service, if it runs, once one of these has changed.
    #[track_caller]
    pub fn reload_when_changed(self, causes: impl Handles) -> Self {
        self.edit(|service| {
            service.answer.get_or_insert(Answer::Reload);
        })
        .notified_by(causes)
    }

    /// Restarts the service, if it runs, once one of these has changed. A restart does what a reload does, so with
    /// both it restarts.
    #[track_caller]
    pub fn restart_when_changed(self, causes: impl Handles) -> Self {
        self.edit(|service| service.answer = Some(Answer::Restart)).notified_by(causes)
    }
}

impl Service {
    fn unit(&self) -> Result<UnitName, String> {
        UnitName::new(self.name.strip_suffix(".service").unwrap_or(&self.name))
            .map_err(|error| error.to_string())
    }

    /// Returns under which name it is written down that the service owes an answer.
    pub(crate) fn owed_key(&self) -> Option<String> {
        Some(format!("{}-{}", self.answer?.as_str(), self.unit().ok()?))
    }

    fn diff_answer(&self, runs: bool, view: &View<'_>, diff: &mut Diff) {
        let Some(answer) = self.answer else { return };
        let verb = answer.as_str();
        let owed = self.unit().is_ok_and(|unit| {
            // What was owed as a reload may have become a restart in the source since, and the other way round.
            ["reload", "restart"].iter().any(|verb| view.world.is_owed(&format!("{verb}-{unit}")))
        });
        if !runs {
            // Whoever starts it later owes nothing.
            diff.notes = owed || view.trigger != Trigger::No;
        } else if owed {
            diff.change(format!("{verb}, owed since an earlier run"));
            diff.restarts = true;
        } else if let Trigger::Yes(_) | Trigger::Maybe(_) = view.trigger {
            diff.change(verb);
            diff.restarts = true;
        }
        if let Trigger::Maybe(by) = view.trigger {
            diff.doubt(Some(by));
        }
    }
}

impl Action for Service {
    fn kind(&self) -> &'static str {
        "service"
    }

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        self.unit()?;
        if self.enabled.is_none() && self.running.is_none() && self.answer.is_none() {
            return Err(
                "nothing is declared: call `enabled`, `running`, `reload_when_changed` or the like".into()
            );
        }
        Ok(())
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        if facts.init == InitSystem::Unknown {
            return Err(
                "services are supported with systemd and SysV init scripts; this node has neither".into()
            );
        }
        probe.unit(&self.unit()?);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let Ok(unit) = self.unit() else { return Diff::none() };
        let known = view.world.unit(&unit);
        let wants_it = self.enabled == Some(true) || self.running == Some(true);
        if !known.is.exists && known.doubt.is_none() && wants_it {
            let hint = "install the package that brings it before this line".to_owned();
            return Diff::problem(format!("there is no service {unit}"), hint);
        }
        let mut diff = Diff::none();
        match self.enabled {
            _ if known.is.fixed => {}
            Some(true) if !known.is.enabled => diff.change("enabled"),
            Some(false) if known.is.enabled => diff.change("disabled"),
            _ => {}
        }
        match self.running {
            Some(true) if !known.is.running => diff.change("started"),
            Some(false) if known.is.running => diff.change("stopped"),
            _ => {}
        }
        let keeps_running = known.is.running && self.running != Some(false);
        self.diff_answer(keeps_running, view, &mut diff);
        diff.doubt(known.doubt);
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let flag = |wanted: Option<bool>| match wanted {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let unit = self.unit().map(|unit| unit.to_string()).unwrap_or_default();
        let answer = self.answer.map_or("", Answer::as_str);
        let id = view.id.0.to_string();
        Script::new()
            .library(&SERVICES)
            .call("p_service", [&*id, &*unit, flag(self.enabled), flag(self.running), answer])
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let Ok(unit) = self.unit() else { return };
        let mut state = world.unit(&unit).is;
        state.exists |= self.enabled == Some(true) || self.running == Some(true);
        state.enabled = self.enabled.unwrap_or(state.enabled);
        state.running = self.running.unwrap_or(state.running);
        world.set_unit(&unit, state);
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Service)
    }

    fn declares(&self) -> Vec<Claim> {
        let Ok(unit) = self.unit() else { return Vec::new() };
        let claim = |aspect, state| Claim::new(Thing::Service(unit.clone()), aspect, state).shown(state);
        let enabled = self.enabled.map(|yes| claim("start", if yes { "enabled" } else { "disabled" }));
        let running = self.running.map(|yes| claim("activity", if yes { "running" } else { "stopped" }));
        enabled.into_iter().chain(running).collect()
    }
}
