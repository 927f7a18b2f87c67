//! The hosts file: names of addresses.

use super::parts::{Block, Composed, Key, Line, Part, composed_action};
use crate::context::Node;
use crate::graph::{Handle, record};
use crate::name::{NodeName, RemotePath};
use std::net::IpAddr;

/// A line of `/etc/hosts`.
#[derive(Debug)]
pub struct HostsEntry {
    ip: IpAddr,
    names: Vec<String>,
    absent: bool,
}

/// The nodes of a run in `/etc/hosts`.
#[derive(Debug)]
pub struct Hosts {
    name: String,
    entries: Vec<(IpAddr, Vec<String>)>,
    absent: bool,
}

/// Declares the line of an address in `/etc/hosts`, with all its names; the first is the canonical one.
///
/// Other lines stay; further lines of the same address go. Checked: that there is this line and no other of the
/// address. Changed: when the file was. Systems: all.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// hosts_entry([10, 0, 0, 7], ["db-1.internal", "db-1"]);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn hosts_entry<S: Into<String>>(
    ip: impl Into<IpAddr>,
    names: impl IntoIterator<Item = S>,
) -> Handle<HostsEntry> {
    let names = names.into_iter().map(Into::into).collect();
    record(HostsEntry { ip: ip.into(), names, absent: false })
}

/// Declares that `/etc/hosts` has the names and addresses of these nodes, between two marks that name the block.
///
/// The addresses are those at which nodes reach each other. What stands outside of the marks stays. Checked: the block.
/// Changed: when the file was. Systems: all.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// # let nodes: Vec<pallet::Node> = Vec::new();
/// hosts("nodes", nodes.iter()); // with `nodes: Nodes` as a parameter of the phase
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn hosts<'a>(name: impl Into<String>, nodes: impl IntoIterator<Item = &'a Node>) -> Handle<Hosts> {
    // A loop and not `map`, so that the line of an address that is not known yet is the caller's.
    let mut entries = Vec::new();
    for node in nodes {
        entries.push((node.private_ip(), vec![node.hostname().to_owned()]));
    }
    record(Hosts { name: name.into(), entries, absent: false })
}

impl Handle<HostsEntry> {
    /// Declares that there is no line of this address.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|entry| entry.absent = true)
    }
}

impl Handle<Hosts> {
    /// Adds a name of an address.
    #[track_caller]
    pub fn entry<S: Into<String>>(self, ip: impl Into<IpAddr>, names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.edit(|hosts| hosts.entries.push((ip.into(), names)))
    }

    /// Declares that there is no such block.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|hosts| hosts.absent = true)
    }
}

const NAMELESS: &str = "an address without a name";

fn hosts_file() -> RemotePath {
    RemotePath::new("/etc/hosts").expect("a valid path")
}

/// Returns the line of `/etc/hosts` for an address.
pub(super) fn entry(ip: IpAddr, names: Option<&[String]>) -> Line {
    let line = names.map(|names| format!("{ip} {}", names.join(" ")));
    Line { path: hosts_file(), key: Key::First(ip.to_string()), line }
}

/// Checks names of hosts: those of nodes, and with underscores, which the hosts file has no rule against.
pub(super) fn check_names(names: &[String]) -> Result<(), String> {
    names.iter().try_for_each(|name| {
        NodeName::new(name.replace('_', "-")).map(|_| ()).map_err(|_| format!("invalid host name {name:?}"))
    })
}

impl Composed for HostsEntry {
    const KIND: &'static str = "hosts-entry";

    fn subject(&self) -> String {
        self.ip.to_string()
    }

    fn check(&self) -> Result<(), String> {
        if self.absent { Ok(()) } else { check_names(&self.names) }
    }

    fn missing(&self) -> Option<&'static str> {
        (self.names.is_empty() && !self.absent).then_some(NAMELESS)
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        vec![Box::new(entry(self.ip, (!self.absent).then_some(&self.names)))]
    }
}

impl Composed for Hosts {
    const KIND: &'static str = "hosts";

    fn subject(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Result<(), String> {
        super::parts::check_file_name("a block", &self.name)?;
        self.entries.iter().try_for_each(|(_, names)| match names.is_empty() {
            true => Err(NAMELESS.to_owned()),
            false => check_names(names),
        })
    }

    fn parts(&self) -> Vec<Box<dyn Part>> {
        let lines = self.entries.iter().filter(|_| !self.absent);
        let content = lines.map(|(ip, names)| format!("{ip} {}\n", names.join(" "))).collect();
        vec![Box::new(Block { path: hosts_file(), name: self.name.clone(), content })]
    }
}

composed_action!(HostsEntry);
composed_action!(Hosts);
