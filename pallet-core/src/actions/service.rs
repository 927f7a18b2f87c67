//! Services of the init system.

mod answer;
mod unit_file;

pub use answer::ServiceAnswer;
use answer::{Answer, cannot_reload, diff_answer, settle};
pub use unit_file::{UnitFile, init_script, unit_drop_in, unit_file};

use crate::action::{Action, Diff, View};
use crate::claim::{self, Claim, Thing};
use crate::facts::{Facts, InitSystem};
use crate::graph::{ActionId, Handle, Handles, record};
use crate::name::UnitName;
use crate::probe::{Probe, UnitState};
use crate::script::{Library, OPENRC, RUNIT, SYSTEMD, SYSV, Script};
use crate::world::{Effects, Known, World};

/// A service: whether it starts with the system, whether it runs, and what it does when something changed.
#[derive(Debug)]
pub struct Service {
    name: String,
    enabled: Option<bool>,
    running: Option<bool>,
    masked: Option<bool>,
    answer: Option<Answer>,
    always: Option<Answer>,
    /// Whether an action of its own answers at the end of the phase.
    answers_at_end: bool,
}

/// Declares something about a service: say what with `enabled`, `running` and so on.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let site = remote_file("/etc/nginx/conf.d/site.conf").content("server { listen 80; }\n");
/// service("nginx").enabled().running().reload_when_changed(site);
/// service("backup.timer").enabled().running();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
///
/// # Answers to changes
///
/// A service answers once, however many of its causes have changed: at its own line with
/// [`reload_when_changed`](Handle::<Service>::reload_when_changed) and
/// [`restart_when_changed`](Handle::<Service>::restart_when_changed), or after everything else of the phase with
/// [`reload_at_end`](Handle::<Service>::reload_at_end) and [`restart_at_end`](Handle::<Service>::restart_at_end).
/// A restart does what a reload does, so a service that owes both restarts. What is owed is written down on the node
/// before the change and cleared after the answer, so an interrupted run does not lose it: the next one makes up
/// for it. A service that was started in the meantime owes nothing.
///
/// # What is checked, and what counts as changed
///
/// Whether it starts with the system, whether it runs, whether it is masked. Changed means: one of those was
/// not so, or it was reloaded or restarted. A static unit of systemd, which only others start, is neither enabled nor
/// disabled. When a service of systemd fails, the failure repeats what the service wrote to the journal.
///
/// # Systems
///
/// | | starts with the system | runs |
/// |---|---|---|
/// | systemd | `systemctl is-enabled` | `systemctl is-active` |
/// | SysV | linked in `/etc/rc?.d` | `/etc/init.d/NAME status` |
/// | OpenRC | in any run level; enabled in `default` | `rc-service NAME status` |
/// | runit | linked, and no file `down` | `sv status` |
///
/// The name is that of a service or, with systemd, of any unit: `backup.timer`, `app.socket`, `spool.path`.
#[track_caller]
pub fn service(name: impl Into<String>) -> Handle<Service> {
    record(Service {
        name: name.into(),
        enabled: None,
        running: None,
        masked: None,
        answer: None,
        always: None,
        answers_at_end: false,
    })
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

    /// Declares that nothing can start the service, by hand or as another's dependency. Only systemd knows that. A
    /// service that runs goes on running: add `stopped`.
    #[track_caller]
    pub fn masked(self) -> Self {
        self.edit(|service| service.masked = Some(true))
    }

    /// Declares that the service is not masked.
    #[track_caller]
    pub fn unmasked(self) -> Self {
        self.edit(|service| service.masked = Some(false))
    }

    /// Reloads the service here, if it runs, once one of these has changed.
    #[track_caller]
    pub fn reload_when_changed(self, causes: impl Handles) -> Self {
        self.answering(Answer::Reload).notified_by(causes)
    }

    /// Restarts the service here, if it runs, once one of these has changed.
    #[track_caller]
    pub fn restart_when_changed(self, causes: impl Handles) -> Self {
        self.answering(Answer::Restart).notified_by(causes)
    }

    /// Reloads the service at the end of the phase, if it runs then and one of these has changed. The causes may
    /// stand further down than the service.
    #[track_caller]
    pub fn reload_at_end(self, causes: impl Handles) -> Self {
        self.at_end(Answer::Reload, &causes)
    }

    /// Restarts the service at the end of the phase, if it runs then and one of these has changed. The causes may
    /// stand further down than the service.
    #[track_caller]
    pub fn restart_at_end(self, causes: impl Handles) -> Self {
        self.at_end(Answer::Restart, &causes)
    }

    /// Reloads the service here in every run, if it runs. That always counts as a change.
    #[track_caller]
    pub fn reloaded(self) -> Self {
        self.edit(|service| service.always = service.always.max(Some(Answer::Reload)))
    }

    /// Restarts the service here in every run, or starts it. That always counts as a change.
    #[track_caller]
    pub fn restarted(self) -> Self {
        self.edit(|service| service.always = Some(Answer::Restart))
    }

    #[track_caller]
    fn answering(self, answer: Answer) -> Self {
        self.edit(|service| service.answer = service.answer.max(Some(answer)))
    }

    #[track_caller]
    fn at_end(self, answer: Answer, causes: &impl Handles) -> Self {
        let mut name = String::new();
        let service = self.edit(|service| {
            service.answers_at_end = true;
            name.clone_from(&service.name);
        });
        answer::record_answer(name, answer, service, causes);
        service
    }
}

impl Service {
    fn unit(&self) -> Result<UnitName, String> {
        unit_name(&self.name)
    }

    /// Whether a state is declared, and not only an answer.
    fn declares_a_state(&self) -> bool {
        [self.enabled, self.running, self.masked].iter().any(Option::is_some) || self.always.is_some()
    }

    fn wants_it(&self) -> bool {
        self.enabled == Some(true) || self.running == Some(true) || self.always == Some(Answer::Restart)
    }

    /// Returns why the service cannot be so, as far as that is certain.
    fn problem(&self, unit: &UnitName, known: &Known<UnitState>) -> Option<Diff> {
        if known.doubt.is_some() {
            return None;
        }
        if !known.is.exists && self.wants_it() {
            let hint = "install the package that brings it before this line".to_owned();
            return Some(Diff::problem(format!("there is no service {unit}"), hint));
        }
        if known.is.masked && self.masked.is_none() && self.wants_it() {
            let hint = "declare it `unmasked()` if it is to run all the same".to_owned();
            return Some(Diff::problem(format!("service {unit} is masked"), hint));
        }
        if known.is.no_reload && [self.answer, self.always].contains(&Some(Answer::Reload)) {
            return Some(cannot_reload(unit));
        }
        None
    }

    fn diff_always(&self, runs: bool, diff: &mut Diff) {
        let starts = self.running == Some(true) && !runs;
        match self.always {
            Some(Answer::Restart) if !starts => diff.change("restart"),
            Some(Answer::Reload) if runs => diff.change("reload"),
            _ => return,
        }
        diff.restarts = true;
    }
}

/// Returns a service's name as it is kept: without the suffix that says no more than that it is one.
fn unit_name(name: &str) -> Result<UnitName, String> {
    UnitName::new(name.strip_suffix(".service").unwrap_or(name)).map_err(|error| error.to_string())
}

/// Asks for a unit, if such a node can have it.
fn probe_unit(unit: &UnitName, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
    if facts.init == InitSystem::Unknown {
        return Err(
            "services are supported with systemd, SysV init scripts, OpenRC and runit; this node has \
                    none of them"
                .into(),
        );
    }
    if let (Some(kind), false) = (unit.kind(), facts.init == InitSystem::Systemd) {
        return Err(format!("a {kind} is a unit of systemd; this node has {}", facts.init));
    }
    probe.unit(unit);
    Ok(())
}

/// Returns what is known about a unit. Where systemd still has to read changed files it may be wrong.
fn known_unit(unit: &UnitName, view: &View<'_>) -> Known<UnitState> {
    let known = view.world.unit(unit);
    let stale = view.facts.init == InitSystem::Systemd && view.world.debt("daemon-reload").is_some();
    Known { doubt: known.doubt.or(stale.then_some(view.id)), ..known }
}

/// Returns the shell functions for services of an init system.
fn library(init: InitSystem) -> &'static Library {
    match init {
        InitSystem::Systemd => &SYSTEMD,
        InitSystem::OpenRc => &OPENRC,
        InitSystem::Runit => &RUNIT,
        InitSystem::Sysv | InitSystem::Unknown => &SYSV,
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
        if self.masked == Some(true) && self.wants_it() {
            return Err("a masked service can neither start with the system nor run".into());
        }
        Ok(())
    }

    fn missing(&self) -> Option<&'static str> {
        let silent = !self.declares_a_state() && self.answer.is_none() && !self.answers_at_end;
        silent.then_some("nothing is declared: call `enabled`, `running`, `reload_when_changed` or the like")
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        if self.masked.is_some() && facts.init != InitSystem::Systemd {
            return Err(format!("only systemd masks services; this node has {}", facts.init));
        }
        probe_unit(&self.unit()?, facts, probe)
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let Ok(unit) = self.unit() else { return Diff::none() };
        let known = known_unit(&unit, view);
        if let Some(problem) = self.problem(&unit, &known) {
            return problem;
        }
        let mut diff = Diff::none();
        if self.masked == Some(false) && known.is.masked {
            diff.change("unmasked");
        }
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
        if self.masked == Some(true) && !known.is.masked {
            diff.change("masked");
        }
        let keeps_running = known.is.running && self.running != Some(false);
        if self.always.is_some() {
            self.diff_always(keeps_running, &mut diff);
        } else if let Some(answer) = self.answer {
            diff_answer(answer, &unit, keeps_running, view, &mut diff);
        }
        // What owes no answer gives none, however the service is.
        if self.declares_a_state() || diff.notes || !diff.changes.is_empty() {
            diff.doubt(known.doubt);
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let flag = |wanted: Option<bool>| match wanted {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        let verb = |answer: Option<Answer>| answer.map_or("", Answer::as_str);
        let unit = self.unit().map(|unit| unit.to_string()).unwrap_or_default();
        let id = view.id.0.to_string();
        let states = [flag(self.enabled), flag(self.running), flag(self.masked)];
        let words = [&*id, &*unit].into_iter().chain(states).chain([verb(self.answer), verb(self.always)]);
        Script::new().library(library(view.facts.init)).call("p_service", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let Ok(unit) = self.unit() else { return };
        let mut state = world.unit(&unit).is;
        if state.running != self.running.unwrap_or(state.running)
            || self.answer.is_some()
            || self.always.is_some()
        {
            settle(&unit, world);
        }
        state.exists |= self.wants_it();
        state.enabled = self.enabled.unwrap_or(state.enabled);
        state.running = self.running.unwrap_or(state.running) || self.always == Some(Answer::Restart);
        state.masked = self.masked.unwrap_or(state.masked);
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
        let masked = self.masked.map(|yes| claim("mask", if yes { "masked" } else { "unmasked" }));
        claim::given([enabled, running, masked])
    }

    fn owes(&self) -> Option<String> {
        Some(self.answer?.key(&self.unit().ok()?))
    }
}
