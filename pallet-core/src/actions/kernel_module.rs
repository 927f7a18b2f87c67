//! Modules of the kernel: loaded now and after the next start, or kept out.

use super::parts::{Composed, Part, WholeFile, check_one_line, composed_action, refuse_in_container};
use crate::action::{Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{PathKind, PathState, Probe};
use crate::script::{KERNEL, Script};
use crate::text::Text;
use crate::world::{Effects, World};

/// A module of the kernel.
#[derive(Debug)]
pub struct KernelModule {
    name: String,
    options: Option<String>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Loaded now and at every start.
    Loaded,
    /// Not loaded, and never by itself.
    Blacklisted,
    /// Neither loaded at the start nor kept out, and not loaded now.
    Absent,
}

/// Declares that a module of the kernel is loaded: now, and by a file below `/etc/modules-load.d` after the next start.
///
/// Checked: whether it is loaded, and the files. Changed: when one of them was not so. In a container, which shares the
/// kernel of its host, it is refused. Systems: all with `modprobe`; systemd or OpenRC reads the file.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// kernel_module("br_netfilter");
/// kernel_module("nf_conntrack").options("hashsize=65536");
/// kernel_module("pcspkr").blacklisted();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn kernel_module(name: impl Into<String>) -> Handle<KernelModule> {
    record(KernelModule { name: name.into(), options: None, state: State::Loaded })
}

impl Handle<KernelModule> {
    /// Sets the options with which the module is loaded from now on. A module that is loaded keeps its own.
    #[track_caller]
    pub fn options(self, options: impl Into<String>) -> Self {
        self.edit(|module| module.options = Some(options.into()))
    }

    /// Declares that the module is not loaded, and not loaded by itself when its hardware is found.
    #[track_caller]
    pub fn blacklisted(self) -> Self {
        self.edit(|module| module.state = State::Blacklisted)
    }

    /// Declares that the module is not loaded, and that pallet's files do not name it.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|module| module.state = State::Absent)
    }
}

/// That the module is loaded, or not.
#[derive(Debug)]
struct Live {
    name: String,
    loaded: bool,
}

impl Live {
    /// The kernel shows each module that it has, those that are built in only when they have options.
    fn path(&self) -> RemotePath {
        RemotePath::new(format!("/sys/module/{}", self.name)).expect("checked when the graph was built")
    }
}

impl Part for Live {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.path(&self.path());
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let known = view.world.path(&self.path());
        match (self.loaded, known.is.kind == PathKind::Absent) {
            (true, true) => diff.change("loaded"),
            (false, false) => diff.change("unloaded"),
            _ => {}
        }
        diff.doubt(known.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let loaded = if self.loaded { "yes" } else { "" };
        let script = Script::new().library(&KERNEL).call("p_module", [id.as_str(), &self.name, loaded]);
        script.code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        let root = || "root".to_owned();
        let state = PathState {
            kind: PathKind::Directory,
            mode: 0o755,
            owner: root(),
            group: root(),
            ..PathState::absent()
        };
        world.set_path(&self.path(), if self.loaded { state } else { PathState::absent() });
    }

    fn claims(&self) -> Vec<Claim> {
        let thing = Thing::Other("kernel module", self.name.clone());
        vec![Claim::new(thing, "loaded", self.loaded.to_string())]
    }
}

impl KernelModule {
    /// Returns the name as the kernel writes it.
    fn kernel_name(&self) -> String {
        self.name.replace('-', "_")
    }
}

impl Composed for KernelModule {
    const KIND: &'static str = "kernel-module";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        super::parts::check_file_name("a kernel module", &self.name)?;
        check_one_line("the options", self.options.as_deref().unwrap_or_default())
    }

    fn refuse(&self, facts: &Facts) -> Result<(), String> {
        refuse_in_container(&format!("module {}", self.name), facts)
    }

    /// It may bring settings, which the kernel then shows.
    fn effects(&self) -> Option<Effects> {
        RemotePath::new("/proc/sys").ok().map(Effects::Below)
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let name = self.kernel_name();
        let path = |text: String| RemotePath::new(text).expect("checked when the graph was built");
        let file = |place: String, content: Option<String>| {
            Box::new(WholeFile::new(&path(place), content.map(Text::from))) as Box<dyn Part>
        };
        let load = (self.state == State::Loaded).then(|| format!("# Written by pallet.\n{name}\n"));
        let settings = match (self.state, &self.options) {
            (State::Loaded, Some(options)) => {
                Some(format!("# Written by pallet.\noptions {name} {options}\n"))
            }
            (State::Blacklisted, _) => Some(format!("# Written by pallet.\nblacklist {name}\n")),
            _ => None,
        };
        vec![
            // Before the module is loaded, because its options are read then.
            file(format!("/etc/modprobe.d/pallet-{name}.conf"), settings),
            Box::new(Live { name: name.clone(), loaded: self.state == State::Loaded }),
            file(format!("/etc/modules-load.d/pallet-{name}.conf"), load),
        ]
    }
}

composed_action!(KernelModule);
