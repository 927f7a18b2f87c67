//! Rebooting a node, and going on when it is back.

use crate::action::{Action, Diff, Split, View};
use crate::facts::{Facts, OsFamily};
use crate::graph::{ActionId, Handle, Handles, record};
use crate::name::RemotePath;
use crate::probe::{PathKind, Probe};
use crate::script::{Library, Script};
use crate::world::{Effects, World};
use std::time::Duration;

/// A reboot.
#[derive(Debug)]
pub struct Reboot {
    when_required: bool,
    when_changed: bool,
    limit: Duration,
}

/// The functions of rebooting.
static REBOOT: Library =
    Library::new("reboot", include_str!("../script/reboot.sh"), &[&crate::script::APPLY]);

/// Under which key it is written down that a node owes a reboot.
pub(crate) const OWED_KEY: &str = "reboot";

/// The file of that key. In it is the identifier of the boot since which it is owed.
const OWED_FILE: &str = "/var/lib/pallet/owed/reboot";

/// What Debian's packages make when they need a reboot.
const REQUIRED_FILE: &str = "/run/reboot-required";

/// How long a node may take when nothing else is said.
const LIMIT: Duration = Duration::from_secs(300);

/// Reboots the node here, waits until it is back, and goes on with the rest of the phase, for which the node is looked at
/// again.
///
/// Without a condition it reboots in every run; [`when_required`](Handle::<Reboot>::when_required),
/// [`when_changed`](Handle::<Reboot>::when_changed) and those of every action say when. That the node is back means that
/// one can log in and that the kernel tells of another boot. When it does not come back in time, the action has failed, and
/// the next run goes on behind it. Changed means that it rebooted. Systems: all with `reboot`, but not the machine on
/// which the program runs, and not nodes of the sandbox.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// package("linux-image-amd64");
/// reboot().when_required();
/// let console = remote_file("/etc/default/grub.d/console.cfg").content("GRUB_TIMEOUT=1\n");
/// let grub = exec("update-grub").if_changed(console);
/// reboot().when_changed(grub);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn reboot() -> Handle<Reboot> {
    record(Reboot { when_required: false, when_changed: false, limit: LIMIT })
}

impl Handle<Reboot> {
    /// Reboots when the node's packages ask for it: `/run/reboot-required` on Debian and what is built on it,
    /// `needs-restarting -r` on Red Hat and what is built like it.
    #[track_caller]
    pub fn when_required(self) -> Self {
        self.edit(|reboot| reboot.when_required = true)
    }

    /// Reboots once one of these has changed. That is written down on the node before the change, so an interrupted
    /// run does not lose it; a reboot that somebody else made in the meantime will do.
    #[track_caller]
    pub fn when_changed(self, causes: impl Handles) -> Self {
        self.edit(|reboot| reboot.when_changed = true).notified_by(causes)
    }

    /// Sets how long the node may take until it is back; five minutes if it is not set.
    #[track_caller]
    pub fn limit(self, limit: Duration) -> Self {
        self.edit(|reboot| reboot.limit = limit)
    }
}

impl Reboot {
    /// Returns how long the node may take until it is back.
    pub fn time_limit(&self) -> Duration {
        self.limit
    }

    fn is_always(&self) -> bool {
        !self.when_required && !self.when_changed
    }

    /// Adds why it is to reboot.
    fn diff_causes(&self, view: &View<'_>, diff: &mut Diff) {
        let debt = view.world.debt(OWED_KEY).filter(|debt| self.when_changed && !debt.since_earlier);
        let required = self.diff_required(view);
        if let Some(debt) = debt {
            diff.change("reboot");
            diff.doubt(debt.doubt);
        } else if self.when_changed && owed_earlier(view) {
            diff.change("reboot, owed since an earlier run");
        } else if let Some(doubt) = required {
            diff.change("reboot, which packages ask for");
            diff.doubt(doubt);
        }
    }

    /// Returns whether packages ask for a reboot, and the action that makes that a guess.
    fn diff_required(&self, view: &View<'_>) -> Option<Option<ActionId>> {
        if !self.when_required {
            return None;
        }
        let file = view.world.path(&path(REQUIRED_FILE));
        let asked = view.world.command(view.id, 0);
        let required = file.is.kind != PathKind::Absent || asked.is.is_some_and(|answer| answer.status == 0);
        let doubt = file.doubt.or(asked.is.and(asked.doubt));
        (required || doubt.is_some()).then_some(doubt)
    }
}

/// Tells whether the node has not been booted since an earlier run wrote down that it owes a reboot.
fn owed_earlier(view: &View<'_>) -> bool {
    view.world.line(&path(OWED_FILE)).is.is_some_and(|boot| boot == view.facts.boot_id)
}

fn path(text: &str) -> RemotePath {
    RemotePath::new(text).expect("a constant that is a path")
}

impl Action for Reboot {
    fn kind(&self) -> &'static str {
        "reboot"
    }

    fn subject(&self) -> String {
        match (self.when_required, self.when_changed) {
            (false, false) => "in every run",
            (true, false) => "when required",
            (false, true) => "when changed",
            (true, true) => "when required or changed",
        }
        .to_owned()
    }

    fn check(&self) -> Result<(), String> {
        if self.limit.is_zero() { Err("a node needs some time to reboot".to_owned()) } else { Ok(()) }
    }

    fn probe(&self, id: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        if facts.container.as_deref() == Some("pallet-sandbox") {
            return Err("a node of the sandbox does not come back from a reboot".to_owned());
        }
        if self.when_changed {
            probe.line(&path(OWED_FILE));
        }
        if self.when_required {
            probe.path(&path(REQUIRED_FILE));
            if facts.os.family.is(OsFamily::RhBase) {
                probe.check(id, 0, Script::new().library(&REBOOT).code("p_reboot_required\n"));
            }
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        if self.is_always() {
            diff.change("reboot");
        } else {
            self.diff_causes(view, &mut diff);
        }
        if !diff.changes.is_empty() {
            diff.restarts = true;
            diff.split = Some(Split::After);
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let flag = |wanted: bool| if wanted { "yes" } else { "" };
        let id = view.id.0.to_string();
        let words = [&*id, flag(self.when_required), flag(self.when_changed)];
        Script::new().library(&REBOOT).call("p_reboot", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        world.settle(OWED_KEY);
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Anything)
    }

    fn owes(&self) -> Option<String> {
        self.when_changed.then(|| OWED_KEY.to_owned())
    }
}
