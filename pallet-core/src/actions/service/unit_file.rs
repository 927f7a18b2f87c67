//! Files that define services: units of systemd, what is added to them, and init scripts.

use super::super::directory::directory;
use super::super::remote_file::{RemoteFile, remote_file};
use crate::action::{Action, Diff, View};
use crate::claim::Claim;
use crate::facts::{Facts, InitSystem};
use crate::graph::{ActionId, AnyHandle, Handle, record};
use crate::name::UnitName;
use crate::probe::Probe;
use crate::script::{FILES, Library, Script};
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, World};

/// The file of a unit of systemd.
#[derive(Debug)]
pub struct UnitFile {
    unit: Result<UnitName, String>,
    content: Text,
    file: RemoteFile,
}

/// Checks a unit before it goes live.
static UNITS: Library = Library::new("units", include_str!("../../script/services/units.sh"), &[&FILES]);

/// Where the administrator's units are (systemd.unit(5)).
const UNITS_FOLDER: &str = "/etc/systemd/system";

/// Declares a unit of systemd with this content, in `/etc/systemd/system`. A name without a kind is that of a service.
///
/// systemd reads its files again before the next action that concerns a service, in this run or, if this one is
/// interrupted, in the next. Where `systemd-analyze` is there, a service that systemd would refuse to start does not
/// go live: the action fails with what `systemd-analyze` says. Checked: content. Changed means that it was another
/// one. Systems: systemd.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let unit = unit_file("app", "[Service]\nExecStart=/srv/app\n[Install]\nWantedBy=multi-user.target\n");
/// service("app").enabled().running().restart_when_changed(unit);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn unit_file(name: impl AsRef<str>, content: impl Into<Text>) -> Handle<UnitFile> {
    let unit = super::unit_name(name.as_ref());
    let file_name = unit.as_ref().map_or_else(|_| name.as_ref().to_owned(), UnitName::systemd);
    let content = content.into();
    let file = RemoteFile::with_text(&format!("{UNITS_FOLDER}/{file_name}"), content.clone());
    record(UnitFile { unit, content, file })
}

/// Declares an addition to a unit: the file `NAME.conf` in the folder `UNIT.d` of `/etc/systemd/system`, and the
/// folder. systemd reads it before the next action that concerns a service.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let limits = unit_drop_in("nginx", "limits", "[Service]\nLimitNOFILE=65536\n");
/// service("nginx").restart_when_changed(limits);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn unit_drop_in(
    unit: impl AsRef<str>,
    name: impl AsRef<str>,
    content: impl Into<Text>,
) -> Handle<RemoteFile> {
    let given = unit.as_ref().to_owned();
    let unit = super::unit_name(&given).map_or(given, |unit| unit.systemd());
    let folder = format!("{UNITS_FOLDER}/{unit}.d");
    directory(&folder);
    remote_file(format!("{folder}/{}.conf", name.as_ref())).content(content)
}

/// Declares an init script with this content: `/etc/init.d/NAME`, which everybody may run. For SysV and OpenRC;
/// systemd makes a unit of it, if it has the header that LSB asks for.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let script = init_script("app", "#!/sbin/openrc-run\ncommand=/srv/app\ncommand_background=yes\n");
/// service("app").enabled().running().restart_when_changed(script);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn init_script(name: impl AsRef<str>, content: impl Into<Text>) -> Handle<RemoteFile> {
    remote_file(format!("/etc/init.d/{}", name.as_ref())).content(content).mode(0o755)
}

impl UnitFile {
    /// Returns whether the unit's content is known and has such a line: what is known about the unit from then on.
    fn has(&self, world: &World, word: &str) -> Option<bool> {
        let content = self.content.resolve(world).ok()?;
        let content = String::from_utf8_lossy(&content).into_owned();
        Some(content.lines().any(|line| line.trim_start().starts_with(word)))
    }
}

impl Action for UnitFile {
    fn kind(&self) -> &'static str {
        "unit-file"
    }

    fn subject(&self) -> String {
        self.unit.as_ref().map_or_else(|_| "with an invalid name".to_owned(), UnitName::systemd)
    }

    fn check(&self) -> Result<(), String> {
        self.unit.as_ref().map_err(Clone::clone)?;
        self.file.check()
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.file.values()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.file.secrets()
    }

    fn probe(&self, id: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        if facts.init != InitSystem::Systemd {
            return Err(format!("units are of systemd; this node has {}: use `init_script`", facts.init));
        }
        probe.unit(self.unit.as_ref().map_err(Clone::clone)?);
        self.file.probe(id, facts, probe)
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        self.file.diff(view)
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let write = self.file.apply(view);
        let is_service = self.unit.as_ref().is_ok_and(|unit| unit.kind().is_none());
        if !is_service {
            return write;
        }
        Script::new()
            .library(&UNITS)
            .code(format!("p_unit_draft {} || return\n{{\n", view.id.0))
            .print(view.fill(&self.content))
            .code("} >\"$p_new\" && p_unit_verify || { rm -f \"$p_new\"; return 1; }\nrm -f \"$p_new\"\n")
            .append(write)
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        self.file.predict(id, world);
        let Ok(unit) = &self.unit else { return };
        let known = world.unit(unit);
        let facts = (self.has(world, "[Install]"), self.has(world, "ExecReload="));
        if let (None, (Some(installs), Some(reloads))) = (known.doubt, facts) {
            let mut state = known.is;
            state.exists = true;
            state.masked = false;
            state.fixed = !installs;
            state.no_reload = !reloads;
            world.set_unit(unit, state);
        } else {
            world.disturb(id, Effects::Below(self.file.path().clone()));
        }
    }

    fn effects(&self) -> Option<Effects> {
        // What it does to its unit is told by `predict`.
        Some(Effects::Itself)
    }

    fn declares(&self) -> Vec<Claim> {
        self.file.declares()
    }
}
