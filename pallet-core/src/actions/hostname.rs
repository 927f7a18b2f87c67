//! The name of the node.

use super::hosts;
use super::parts::{Composed, KernelValue, Part, WholeFile, composed_action};
use crate::action::{Diff, View};
use crate::claim::Claim;
use crate::graph::{ActionId, Handle, record};
use crate::name::{NodeName, RemotePath};
use crate::probe::Probe;
use crate::script::{KERNEL, Script};
use crate::text::Text;
use crate::world::World;
use std::net::IpAddr;

/// The name of the node.
#[derive(Debug)]
pub struct Hostname {
    name: String,
    hosts_entry: bool,
}

/// Declares the name of the node: now, and by `/etc/hostname` after the next start.
///
/// Checked: the live name and the file. Changed: when one of them was. Systems: all; a node of the sandbox has a name of
/// its own.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// hostname("web-1").with_hosts_entry();
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn hostname(name: impl Into<String>) -> Handle<Hostname> {
    record(Hostname { name: name.into(), hosts_entry: false })
}

impl Handle<Hostname> {
    /// Declares the line of 127.0.1.1 in `/etc/hosts`, too, by which the node finds itself without a name server.
    #[track_caller]
    pub fn with_hosts_entry(self) -> Self {
        self.edit(|hostname| hostname.hosts_entry = true)
    }
}

/// The live name. A program sets it where the kernel's file cannot be written.
#[derive(Debug)]
struct LiveName(KernelValue);

impl Part for LiveName {
    fn probe(&self, id: ActionId, probe: &mut Probe) {
        self.0.probe(id, probe);
    }

    fn diff(&self, view: &View<'_>, diff: &mut Diff) {
        let known = view.world.line(&self.0.path);
        let is = known.is.unwrap_or(view.facts.hostname.as_str());
        if is != self.0.value {
            diff.change(format!("live {is} → {}", self.0.value));
        }
        diff.doubt(known.doubt);
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let id = view.id.0.to_string();
        Script::new()
            .library(&KERNEL)
            .call("p_hostname", [id.as_str(), &self.0.value])
            .code("[ $? -eq 0 ] || return\n")
    }

    fn predict(&self, world: &mut World) {
        self.0.predict(world);
    }

    fn claims(&self) -> Vec<Claim> {
        self.0.claims()
    }
}

impl Composed for Hostname {
    const KIND: &'static str = "hostname";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        if self.name.len() > 64 {
            return Err(format!("the kernel takes host names of at most 64 letters: {:?}", self.name));
        }
        NodeName::new(&*self.name).map(|_| ()).map_err(|error| error.to_string())
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let path = |text: &str| RemotePath::new(text).expect("a valid path");
        let file = WholeFile::new(&path("/etc/hostname"), Some(Text::from(format!("{}\n", self.name))));
        let live = KernelValue { path: path("/proc/sys/kernel/hostname"), value: self.name.clone() };
        let mut parts: Vec<Box<dyn Part>> = vec![Box::new(file), Box::new(LiveName(live))];
        if self.hosts_entry {
            let short = self.name.split('.').next().unwrap_or_default();
            let mut names = vec![self.name.clone()];
            names.extend((short != self.name).then(|| short.to_owned()));
            parts.push(Box::new(hosts::entry(IpAddr::from([127, 0, 1, 1]), Some(&names))));
        }
        parts
    }
}

composed_action!(Hostname);
