//! A sandbox service: the nodes in its folder, and what happens to them.
//!
//! Everything here blocks; `compute.rs` gives it threads. What survives the controller is in the folder:
//! `service.json` (the network), `nodes/NAME/` (one folder a node) and `images/` (unpacked archives). Whoever
//! changes the set of nodes holds the folder's lock, whoever changes one node holds that node's.

use crate::error::{Context, Result};
use crate::image::{self, Source};
use crate::net::subnet::Subnet;
use crate::net::{self, Network, Owner};
use crate::node::boot::Boot;
use crate::node::disk::{Disk, Identity, Medium};
use crate::node::endpoint::endpoint;
use crate::node::init::Init;
use crate::node::{NodeState, Phase, cgroup, systemd};
use crate::nodes::{Held, Nodes, is_hidden};
use crate::process::{Process, ProcessId};
use crate::resolver;
use crate::settings::Settings;
use crate::store::Lock;
use crate::tools::{Rights, Tools};
use pallet::compute::{ComputeError, CreateRequest, NodeId, NodeRecord, NodeState as State};
use pallet::name::{GroupName, NodeName};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long services may take to stop before they are killed.
const STOP_LIMIT: Duration = Duration::from_secs(90);
/// The kernel ends a killed namespace as soon as its processes can be interrupted.
const KILL_LIMIT: Duration = Duration::from_secs(20);

/// One service and its folder.
pub(crate) struct Service {
    pub(crate) state_dir: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) tools: Tools,
}

impl Service {
    /// Returns all nodes, after removing what a killed controller left half made.
    pub(crate) fn list(&self) -> Result<Vec<NodeRecord>> {
        let Some(lock) = Lock::of_existing(&self.state_dir)? else { return Ok(Vec::new()) };
        self.sweep()?;
        self.release_if_empty(&lock)?;
        let states = self.nodes().states()?;
        states.iter().filter(|state| state.phase == Phase::Made).map(|state| self.record(state)).collect()
    }

    pub(crate) fn create(&self, request: &CreateRequest, report: &dyn Fn(&str)) -> Result<NodeRecord> {
        let source = image::select(&self.settings, self.tools.rights, request.spec.get_image())?;
        let mut node = self.reserve(request, &source, report)?;
        match self.build(&mut node, &source, report) {
            Ok(()) => self.record(&node.state),
            Err(error) => {
                self.remove(&node)?;
                Err(error)
            }
        }
    }

    pub(crate) fn start(&self, id: &NodeId, report: &dyn Fn(&str)) -> Result<NodeRecord> {
        let mut node = self.nodes().hold(id)?.ok_or_else(|| gone(id))?;
        if running(&node.state).is_none() {
            if !disk(&node).exists() {
                return Err(lost_disk(&node.state));
            }
            self.ensure_network()?;
            self.boot(&mut node, report).inspect_err(|_| {
                // The error that is reported is the first; what is left over, the next start or destroy removes.
                let _ = self.kill(&node.state);
            })?;
        }
        self.record(&node.state)
    }

    pub(crate) fn stop(&self, id: &NodeId) -> Result<()> {
        let Some(node) = self.nodes().hold(id)? else { return Err(gone(id)) };
        if let Some(process) = running(&node.state) {
            let what = || format!("cannot stop {}", node.state.name);
            process.signal(Signal::TERM).context(what)?;
            process.wait(STOP_LIMIT).context(what)?;
        }
        self.kill(&node.state)
    }

    pub(crate) fn destroy(&self, id: &NodeId) -> Result<()> {
        match self.nodes().hold(id)? {
            Some(node) => self.remove(&node),
            None => Ok(()),
        }
    }

    pub(crate) fn tag(&self, id: &NodeId, key: &str, value: Option<&str>) -> Result<()> {
        let mut node = self.nodes().hold(id)?.ok_or_else(|| gone(id))?;
        match value {
            Some(value) => node.state.tags.insert(key.to_owned(), value.to_owned()),
            None => node.state.tags.remove(key),
        };
        node.state.write(&node.folder)
    }

    /// Returns the bridge's name, which follows from the folder's: a rule that somebody wrote for it stays right.
    pub(crate) fn bridge(&self) -> String {
        let path = self.state_dir.as_os_str().as_encoded_bytes();
        // FNV-1a: a hash that is the same in every version of every program.
        let hash = path
            .iter()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        format!("pallet-{hash:08x}")
    }

    /// Makes room for a node: its name, its address, its image, its folder.
    fn reserve(&self, request: &CreateRequest, source: &Source, report: &dyn Fn(&str)) -> Result<Held> {
        let lock = Lock::take(&self.state_dir)?;
        self.sweep()?;
        let reserved = self.reserve_locked(request, source, report);
        if reserved.is_err() {
            self.release_if_empty(&lock)?;
        }
        reserved
    }

    fn reserve_locked(
        &self,
        request: &CreateRequest,
        source: &Source,
        report: &dyn Fn(&str),
    ) -> Result<Held> {
        let folder = self.nodes().0.join(request.name.as_str());
        if folder.exists() {
            return Err(ComputeError::failed(format!("there is a node {} already", request.name)));
        }
        if self.stored_network()?.is_none() {
            Network::establish(&self.owner(), self.bridge(), self.settings.subnet)?;
        }
        // Building an image takes a minute: after everything that may be refused.
        let lower = image::provide(source, &self.tools, &self.state_dir.join("images"), report)?;
        let init_system = Init::choose(self.settings.init, &self.tools, &lower)?;
        let network = self.network()?;
        let taken: BTreeSet<_> = self.nodes().states()?.into_iter().map(|state| state.address).collect();
        let address = network.subnet.free_address(&taken).ok_or_else(|| full(network.subnet))?;
        let state = NodeState {
            id: new_machine_id()?,
            name: request.name.to_string(),
            group: request.group.to_string(),
            address,
            medium: Medium::for_folder(&self.state_dir)?,
            phase: Phase::Creating(ProcessId::current().context(|| "cannot read /proc".to_owned())?),
            init_system,
            init: None,
            tags: Default::default(),
        };
        let lock = self.nodes().make(&folder, &state, &lower)?;
        Ok(Held { folder, state, lock })
    }

    fn build(&self, node: &mut Held, source: &Source, report: &dyn Fn(&str)) -> Result<()> {
        self.ensure_network()?;
        report("preparing the disk");
        let lower =
            fs::canonicalize(node.folder.join("lower")).context(|| "cannot find the image".to_owned())?;
        let disk = disk(node);
        disk.create()?;
        disk.identify(
            &lower,
            &Identity {
                hostname: &node.state.name,
                address: node.state.address,
                machine_id: &node.state.id,
                resolver: &resolver::for_nodes()?,
            },
        )?;
        if *source == Source::Host {
            disk.mask_host(&self.state_dir, node.state.init_system)?;
        }
        if node.state.init_system == Init::Systemd {
            disk.mask_units(&lower)?;
        }
        self.boot(node, report)?;
        node.state.phase = Phase::Made;
        node.state.write(&node.folder)
    }

    fn boot(&self, node: &mut Held, report: &dyn Fn(&str)) -> Result<()> {
        report("starting");
        let network = self.network()?;
        let boot = Boot::start(&self.tools, network.holder.as_ref(), &node.folder, &node.state)?;
        // Written down before the node may go on without us: from here on somebody can find it.
        node.state.init = Some(boot.init.clone());
        node.state.write(&node.folder)?;
        network.attach(&self.owner(), boot.init.pid, node.state.address)?;
        boot.go(&self.tools)
    }

    /// Ends a node's processes and removes its interface and its branch of the cgroup tree. Its mounts go with its last process.
    fn kill(&self, state: &NodeState) -> Result<()> {
        if let Some(process) = running(state) {
            let what = || format!("cannot end the processes of {}", state.name);
            process.signal(Signal::KILL).context(what)?;
            if !process.wait(KILL_LIMIT).context(what)? {
                return Err(
                    ComputeError::failed(what()).hint("a process waits for a device; look at it with `ps`")
                );
            }
        }
        if state.init_system == Init::Systemd {
            cgroup::remove(&state.id)?;
        }
        match self.stored_network()? {
            Some(network) => network.detach(&self.owner(), state.address),
            None => Ok(()),
        }
    }

    fn remove(&self, node: &Held) -> Result<()> {
        self.kill(&node.state)?;
        let lock = Lock::take(&self.state_dir)?;
        self.remove_folder(node)?;
        self.release_if_empty(&lock)
    }

    fn remove_folder(&self, node: &Held) -> Result<()> {
        disk(node).release()?;
        // Under another name first, so that a half removed folder is never taken for a node.
        let debris = self.nodes().0.join(format!(".gone-{}", node.state.id));
        fs::rename(&node.folder, &debris).context(|| format!("cannot remove {}", node.folder.display()))?;
        self.remove_tree(&debris)
    }

    /// Removes what a controller left that was killed while it made or removed a node. The caller holds the lock.
    fn sweep(&self) -> Result<()> {
        for folder in self.nodes().folders()? {
            if is_hidden(&folder) {
                self.remove_tree(&folder)?;
                continue;
            }
            let state = NodeState::read(&folder)?;
            if state.is_debris() {
                self.kill(&state)?;
                let lock = Lock::take(&folder)?;
                self.remove_folder(&Held { folder, state, lock })?;
            }
        }
        Ok(())
    }

    /// Removes a folder with files of the nodes' users in it.
    fn remove_tree(&self, folder: &Path) -> Result<()> {
        let what = || format!("cannot remove {}", folder.display());
        match self.tools.rights {
            Rights::Root => remove_if_present(fs::remove_dir_all(folder), folder),
            Rights::User if !folder.exists() => Ok(()),
            Rights::User => {
                let removed =
                    self.tools.command_as_owner("rm").arg("-rf").arg(folder).status().context(what)?;
                if removed.success() { Ok(()) } else { Err(ComputeError::failed(what())) }
            }
        }
    }

    /// Gives back everything when no node is left: network, settings of the host, images, and the folder itself.
    fn release_if_empty(&self, _lock: &Lock) -> Result<()> {
        if !self.nodes().folders()?.is_empty() {
            return Ok(());
        }
        if let Some(network) = self.stored_network()? {
            network.release(&self.owner())?;
        }
        self.remove_tree(&self.state_dir.join("images"))?;
        let nodes = self.nodes().0;
        remove_if_present(fs::remove_dir(&nodes), &nodes)?;
        for name in ["service.json", "service.next", "lock"] {
            let file = self.state_dir.join(name);
            remove_if_present(fs::remove_file(&file), &file)?;
        }
        // What else is in the folder is not ours; then it stays.
        let _ = fs::remove_dir(&self.state_dir);
        Ok(())
    }

    fn owner(&self) -> Owner<'_> {
        Owner { tools: &self.tools, state_dir: &self.state_dir }
    }

    fn ensure_network(&self) -> Result<()> {
        let _lock = Lock::take(&self.state_dir)?;
        self.network()?.ensure(&self.owner())
    }

    fn stored_network(&self) -> Result<Option<Network>> {
        self.owner().network()
    }

    fn network(&self) -> Result<Network> {
        self.stored_network()?.ok_or_else(|| {
            ComputeError::failed(format!(
                "the network of the service in {} is gone",
                self.state_dir.display()
            ))
            .hint("destroy the nodes and converge again")
        })
    }

    /// Checks that this many nodes find a network.
    pub(crate) fn check_network(&self, more: usize) -> Result<()> {
        let _lock = Lock::of_existing(&self.state_dir)?;
        let (subnet, there) = match self.stored_network()? {
            Some(network) => (network.subnet, self.nodes().folders()?.len()),
            None => (net::choose_subnet(self.settings.subnet)?, 0),
        };
        if there + more > net::subnet::CAPACITY {
            return Err(full(subnet));
        }
        match self.tools.rights {
            Rights::Root => net::refuse_blocked_way_out(&self.bridge()),
            Rights::User => Ok(()),
        }
    }

    fn record(&self, state: &NodeState) -> Result<NodeRecord> {
        let invalid =
            |error| ComputeError::failed(format!("the name of node {} is invalid", state.name)).source(error);
        let first = state.init.as_ref().filter(|init| init.find().is_some());
        let pid = first.and_then(|init| match state.init_system {
            Init::Sysv => Some(init.pid),
            Init::Systemd => systemd::leader(init),
        });
        let folder = self.nodes().0.join(&state.name);
        let there = Disk::new(&folder, state.medium).exists();
        Ok(NodeRecord {
            id: NodeId(state.id.clone()),
            name: NodeName::new(&state.name).map_err(invalid)?,
            group: GroupName::new(&state.group).map_err(invalid)?,
            state: match pid {
                Some(_) => State::Running,
                None if first.is_some() => State::Inaccessible("its systemd starts or stops".to_owned()),
                None if there => State::Stopped,
                None => State::Inaccessible(lost_disk(state).message),
            },
            endpoint: pid.map(|pid| endpoint(&self.tools, pid)),
            private_ip: Some(state.address.into()),
            // Without root the network is one that the host itself has no way into.
            primary_ip: (self.tools.rights == Rights::Root).then_some(state.address.into()),
            tags: state.tags.clone(),
            image_login: None,
        })
    }

    fn nodes(&self) -> Nodes {
        Nodes(self.state_dir.join("nodes"))
    }
}

fn disk(node: &Held) -> Disk {
    Disk::new(&node.folder, node.state.medium)
}

fn running(state: &NodeState) -> Option<Process> {
    state.init.as_ref().and_then(ProcessId::find)
}

/// Returns 32 random hexadecimal digits, as machine-id(5) wants them.
fn new_machine_id() -> Result<String> {
    let uuid =
        fs::read_to_string("/proc/sys/kernel/random/uuid").context(|| "cannot read /proc".to_owned())?;
    Ok(uuid.trim().replace('-', ""))
}

fn remove_if_present(removed: io::Result<()>, path: &Path) -> Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.context(|| format!("cannot remove {}", path.display())),
    }
}

fn gone(id: &NodeId) -> ComputeError {
    ComputeError::failed(format!("there is no node with id {id}"))
        .hint("another run may have destroyed it; converge again")
}

fn full(subnet: Subnet) -> ComputeError {
    ComputeError::input(format!("the network {subnet} has no address left for another node"))
        .hint("spread the groups over two services; each has a network of its own")
}

fn lost_disk(state: &NodeState) -> ComputeError {
    ComputeError::failed(format!(
        "the disk of {} was kept in memory and is gone since the host restarted",
        state.name
    ))
    .hint("destroy the node and converge again")
}
