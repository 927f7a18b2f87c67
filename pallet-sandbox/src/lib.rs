//! The sandbox: a compute service whose nodes are Linux namespaces on the controller itself. It needs no machine
//! image, no hypervisor and no download, and a node takes less than a second.
//!
//! A node has its own mounts, processes, host name, network and System V IPC. Its disk is an overlay over the host's
//! own root file system, or over an image; its network is one of the service's own, with the way out through the
//! host. What packages it installs and what services they start is as real as on any machine.
//!
//! # What it is not
//!
//! It is a test bench, **not a security boundary**: root of a node that wants to do harm to the host can. Against
//! mistakes there is this: homes, keys, sockets and enabled services of the host do not exist in a node, and what
//! would reach the host's kernel (settings below `/proc/sys`, modules, clock, swap, devices) is refused.
//!
//! # Options of a service
//!
//! | option | meaning |
//! |---|---|
//! | `image` | the image of nodes that name none; `host` by default |
//! | `images` | a table of further images: `id = "path"` of a folder with a root file system, or of an archive of one |
//! | `init` | what is process 1 of new nodes: `auto` (default), `systemd` or `sysv`; see below |
//! | `subnet` | the nodes' network, such as `"10.9.8.0/24"`; by default one of `10.213.0.0/16` that the host does not use |
//!
//! # Images
//!
//! `host` is the host's own root: everything installed there is installed in a node, though disabled and stopped. The
//! host must be a Debian or Ubuntu whose `/usr`, `/etc` and `/var` are not mounts of their own. An id such as
//! `debian-12` means it too, if that is what the host is. While nodes exist, upgrading the host's packages changes
//! under the nodes what they have not changed themselves.
//!
//! An image needs a shell, `env`, `umount`, `rmdir` and `sleep`, or systemd. Hardware asked for is not applied: a node
//! has what the host has.
//!
//! # Init
//!
//! With the option `init` at `auto`, process 1 of a node is systemd where that is possible: the controller is root, the
//! host has `systemd-nspawn` (package `systemd-container`) and a cgroup tree that can be written to, and systemd is in
//! the node's root. Else it is the small init. `systemd` refuses to do with less, `sysv` is always the small init. A
//! node keeps the init that it was created with.
//!
//! **systemd** runs under systemd-nspawn and takes about half a second more. A node is ready when its systemd has
//! started everything, even if some of it failed. Units for networks, devices, consoles and log-in sessions are masked
//! in it, because the sandbox makes the network and there is nothing else. A node that reboots itself is stopped.
//!
//! **The small init** is a shell script. It starts the services that are enabled for runlevel 2 with the packages' own
//! scripts in `/etc/init.d`, reaps orphans, and stops the services when the node is stopped. There is no systemd:
//! `systemctl` says so, and facts call the init `sysv`.
//!
//! # Where the disks are
//!
//! In the service's folder, so a node outlives a restart of the host (as stopped). If overlayfs cannot write to the
//! file system there, as inside a container, disks are kept in memory, each up to half of it, and are lost with it.
//!
//! # What changes on the host
//!
//! For root: forwarding is switched on, and there are a bridge and a firewall table `pallet-…` for each service. It
//! is all undone when the last node goes. Nothing may drop forwarded packets; a firewall that does is reported. A node
//! with systemd has a branch `pallet-…` of the host's cgroup tree, without limits, until it is stopped or destroyed; the
//! host's own systemd is told nothing of it.
//!
//! # Without root
//!
//! All of a service is in a user namespace, and nodes have the small init. That needs the packages `uidmap`,
//! `slirp4netns`, `iproute2`, `nftables`, subordinate ids, and an image; if none is named, `mmdebstrap` builds one of the
//! host's release. Such a network cannot be reached from outside, so nodes have a private address but no primary one. To
//! look at a page that a node serves, enter the network from any node's first process, whose pid is in its endpoint:
//!
//! ```sh
//! nsenter --user --net --preserve-credentials --target=PID curl http://10.213.0.2/
//! ```

#[cfg(target_os = "linux")]
mod compute;
#[cfg(target_os = "linux")]
mod error;
#[cfg(target_os = "linux")]
mod image;
#[cfg(target_os = "linux")]
mod net;
#[cfg(target_os = "linux")]
mod node;
#[cfg(target_os = "linux")]
mod nodes;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod provider;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod provider;
#[cfg(target_os = "linux")]
mod resolver;
#[cfg(target_os = "linux")]
mod service;
#[cfg(target_os = "linux")]
mod settings;
#[cfg(target_os = "linux")]
mod store;
#[cfg(target_os = "linux")]
mod talk;
#[cfg(target_os = "linux")]
mod tools;

use pallet::compute::Provider;

/// Returns the provider named `sandbox`.
///
/// Its services are to be used inside a tokio runtime, whose threads they block for what takes time.
pub fn provider() -> impl Provider {
    provider::SandboxProvider
}
