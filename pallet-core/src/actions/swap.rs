//! Swap space in a file.

use super::mount::escape;
use super::parts::{Composed, Key, Line, Part, composed_action, refuse_in_container};
use crate::action::{Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::name::RemotePath;
use crate::probe::{Contents, PathKind, PathState, Probe};
use crate::script::{MOUNTS, Script};
use crate::world::World;

/// Swap space in a file.
#[derive(Debug)]
pub struct SwapFile {
    path: String,
    bytes: u64,
    absent: bool,
}

/// Declares swap space in a file of this many bytes: in use now, and by its line in `/etc/fstab` after the next start.
///
/// A file of another size is taken out of use and made anew. The file is 0600. Checked: its size, its mode, whether it
/// is in use, and the line. Changed: when one of them was not so. In a container, which shares the kernel of its host,
/// it is refused. Systems: all with `mkswap` and `swapon`.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// swap_file("/swapfile", 2 << 30);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn swap_file(path: impl Into<String>, bytes: u64) -> Handle<SwapFile> {
    record(SwapFile { path: path.into(), bytes, absent: false })
}

impl Handle<SwapFile> {
    /// Declares that there is no such swap space and no such file.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|swap| swap.absent = true)
    }
}

fn table() -> RemotePath {
    RemotePath::new("/proc/swaps").expect("a valid path")
}

/// That the file is there and in use, or neither.
#[derive(Debug)]
struct Live {
    path: RemotePath,
    /// `None`: there is no such file.
    bytes: Option<u64>,
}

impl Live {
    fn is_used(&self, table: &[String]) -> bool {
        let name = escape(self.path.as_str());
        table.iter().any(|line| line.split([' ', '\t']).next() == Some(&name))
    }
}

impl Part for Live {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.path(&self.path);
        probe.listing(&table());
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let file = view.world.path(&self.path);
        let swaps = view.world.listing(&table());
        let used = self.is_used(swaps.is);
        match (self.bytes, &file.is.kind) {
            (_, PathKind::Directory | PathKind::Link(_) | PathKind::Other) if file.doubt.is_none() => {
                *diff = Diff::problem(format!("{} is not a file", self.path), None);
                return;
            }
            (None, PathKind::Absent) => {}
            (None, _) => diff.change("removed"),
            (Some(_), PathKind::Absent) => diff.change("created"),
            (Some(bytes), _) if file.is.size != bytes => {
                diff.change(format!("size {} → {bytes}", file.is.size));
            }
            (Some(_), _) if file.is.mode != 0o600 => {
                diff.change(format!("mode {:04o} → 0600", file.is.mode));
            }
            _ => {}
        }
        match (self.bytes.is_some(), used) {
            (true, false) => diff.change("in use"),
            (false, true) => diff.change("out of use"),
            _ => {}
        }
        diff.doubt(file.doubt.or(swaps.doubt));
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        let bytes = self.bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        Script::new()
            .library(&MOUNTS)
            .call("p_swap", [id.as_str(), self.path.as_str(), &escape(self.path.as_str()), &bytes])
            .code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        let root = || "root".to_owned();
        let state = match self.bytes {
            None => PathState::absent(),
            Some(size) => PathState {
                kind: PathKind::File(Contents::NotRead),
                mode: 0o600,
                owner: root(),
                uid: Some(0),
                group: root(),
                gid: Some(0),
                size,
                modified: 0,
            },
        };
        world.set_path(&self.path, state);
        let mut lines = world.listing(&table()).is.to_vec();
        let name = escape(self.path.as_str());
        lines.retain(|line| line.split([' ', '\t']).next() != Some(&name));
        lines.extend(self.bytes.map(|_| name));
        world.set_listing(&table(), lines);
    }

    fn claims(&self) -> Vec<Claim> {
        let state = self.bytes.map_or("absent".to_owned(), |bytes| bytes.to_string());
        vec![Claim::new(Thing::Other("swap", self.path.to_string()), "size", state)]
    }
}

impl Composed for SwapFile {
    const KIND: &'static str = "swap-file";

    fn subject(&self) -> String {
        self.path.clone()
    }

    fn check(&self) -> Result<(), String> {
        RemotePath::new(&*self.path).map_err(|error| error.to_string())?;
        if self.bytes < 1 << 20 || !self.bytes.is_multiple_of(4096) {
            return Err(format!("{} bytes of swap: at least a MiB, in whole pages of 4096", self.bytes));
        }
        Ok(())
    }

    fn refuse(&self, facts: &Facts) -> Result<(), String> {
        refuse_in_container("swap space", facts)
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let Ok(path) = RemotePath::new(&*self.path) else { return Vec::new() };
        let fstab = RemotePath::new("/etc/fstab").expect("a valid path");
        let name = escape(&self.path);
        let line = (!self.absent).then(|| format!("{name} none swap sw 0 0"));
        vec![
            Box::new(Live { path, bytes: (!self.absent).then_some(self.bytes) }),
            Box::new(Line { path: fstab, key: Key::First(name), line }),
        ]
    }
}

composed_action!(SwapFile);
