//! A setting of the running kernel: one line below `/proc/sys`.

use super::Part;
use crate::action::{Diff, View};
use crate::claim::{Claim, Thing};
use crate::graph::ActionId;
use crate::name::RemotePath;
use crate::probe::Probe;
use crate::script::{KERNEL, Script};
use crate::world::World;

/// That a setting of the running kernel has a value.
#[derive(Debug)]
pub(crate) struct KernelValue {
    pub(crate) path: RemotePath,
    pub(crate) value: String,
}

/// The kernel separates numbers by tabs, people by blanks.
fn words(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Part for KernelValue {
    fn probe(&self, _: ActionId, probe: &mut Probe) {
        probe.line(&self.path);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let known = view.world.line(&self.path);
        let is = known.is.map(words);
        match is {
            Some(is) if is == words(&self.value) => {}
            Some(_) if view.world.is_locked(&self.path) && known.doubt.is_none() => {
                let message =
                    format!("{} cannot be written: this node shares its kernel with its host", self.path);
                let hint = "set it on the host, or use a machine with a kernel of its own".to_owned();
                *diff = Diff::problem(message, hint);
            }
            Some(is) => diff.change(format!("live {is} → {}", words(&self.value))),
            None if known.doubt.is_none() => {
                let message = format!("the kernel has no setting {}", self.path);
                let hint =
                    "is it spelled right? A setting of a module needs `kernel_module` before this line";
                *diff = Diff::problem(message, hint.to_owned());
            }
            None => diff.change(format!("live {}", words(&self.value))),
        }
        diff.doubt(known.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        Script::new()
            .library(&KERNEL)
            .call("p_kernel", [id.as_str(), self.path.as_str(), &words(&self.value)])
            .code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        world.set_line(&self.path, words(&self.value));
    }

    fn claims(&self) -> Vec<Claim> {
        vec![Claim::new(Thing::Other("kernel setting", self.path.to_string()), "value", words(&self.value))]
    }
}
