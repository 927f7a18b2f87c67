//! The configuration as a whole, as nginx sees it.
//!
//! Each file is checked by itself before it goes live; two of them can still contradict each other. nginx answers a
//! reload with success and goes on with what it had before, so somebody has to ask it.

use pallet::action::{Action, Diff, Trigger, View};
use pallet::facts::Facts;
use pallet::graph::{ActionId, Handle, Handles, record};
use pallet::probe::Probe;
use pallet::script::Script;
use pallet::world::{Effects, World};

const CHECK: &str = "nginx -t -q 2>&1";

/// Has nginx check its whole configuration: with the rest of the node's state, and again once these have changed.
///
/// Changes nothing. Fails when nginx does not accept what it would read.
#[track_caller]
pub(crate) fn check(changed: impl Handles) -> Handle<ConfigCheck> {
    record(ConfigCheck).notified_by(changed)
}

#[derive(Debug)]
pub(crate) struct ConfigCheck;

impl Action for ConfigCheck {
    fn kind(&self) -> &'static str {
        "nginx-check"
    }

    fn subject(&self) -> String {
        "/etc/nginx".to_owned()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        probe.capture(id, 0, Script::new().code(CHECK));
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let known = view.world.command(view.id, 0);
        let moved = known.doubt.or(match view.trigger {
            Trigger::Yes(by) | Trigger::Maybe(by) => Some(by),
            Trigger::No => None,
        });
        match known.is {
            _ if moved.is_some() => Diff { reads: true, doubt: moved, ..Diff::none() },
            Some(result) if result.status != 0 => {
                let said = String::from_utf8_lossy(&result.output);
                let hint =
                    "somebody changed the configuration by hand: repair it, or declare what they changed";
                Diff::problem(
                    format!("nginx does not accept its configuration: {}", said.trim()),
                    hint.to_owned(),
                )
            }
            _ => Diff::none(),
        }
    }

    fn apply(&self, _: &View<'_>) -> Script {
        Script::new().code(CHECK).code("\n")
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }
}
