//! The compute service: what the port asks for, put together from the other modules.

use crate::address::{self, Address};
use crate::command::extradata::{self, Place};
use crate::command::list::{self, HostInterface, Listed};
use crate::command::{controlvm, modifyvm, showvminfo, startvm};
use crate::create::{self, Plan};
use crate::image::catalogue::Catalogue;
use crate::image::library::Library;
use crate::image::{self, Disk, Models};
use crate::ledger::{Entry, Ledger};
use crate::machine::{MachineId, MachineInfo, VmState};
use crate::settings::Settings;
use crate::side_by_side::side_by_side;
use crate::tags::{self, Member, Membership};
use crate::vboxmanage::{CallError, VBoxManage};
use crate::{destroy, holder, host, host_only, network, ports, seed};
use pallet::compute::{
    AdminAccount, BoxFuture, Compute, ComputeError, CreateRequest, HardwareModel, ImageRecord, Images,
    NewImage, NodeId, NodeRecord, NodeState, Power, Progress, Ranked, Snapshots,
};
use pallet::name::{NodeName, ServiceName, did_you_mean};
use pallet::spec::ImageMatch;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// How many machines are asked at a time. More only wait for each other in VirtualBox's server.
const AT_ONCE: usize = 8;

/// A VirtualBox on one host, as one service.
pub(crate) struct Service {
    pub(crate) name: ServiceName,
    pub(crate) settings: Settings,
    pub(crate) vbox: VBoxManage,
    pub(crate) ledger: Ledger,
    pub(crate) state_dir: PathBuf,
    pub(crate) models: Catalogue,
    pub(crate) admin: Option<AdminAccount>,
}

impl Compute for Service {
    fn images(&self) -> Option<&dyn Images> {
        Some(self)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        Box::pin(self.nodes())
    }

    fn check<'a>(&'a self, requests: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(self.check_all(requests))
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(create::create(self, request, progress))
    }

    fn start<'a>(
        &'a self,
        id: &'a NodeId,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        Box::pin(self.start_node(id, progress))
    }

    fn stop<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (id, _) = self.node(id).await?;
            let info = showvminfo::run(&self.vbox, &id).await?;
            destroy::stop(self, &info).await
        })
    }

    fn destroy<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(self.destroy_node(id))
    }

    fn power(&self) -> Option<&dyn Power> {
        Some(self)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        Some(self)
    }

    fn hardware_models(&self) -> Option<Vec<HardwareModel>> {
        Some(self.settings.hardware.describe())
    }

    fn tag<'a>(
        &'a self,
        id: &'a NodeId,
        key: &'a str,
        value: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(async move {
            let (id, _) = self.node(id).await?;
            let value = value.map(tags::encode);
            let key = tags::tag_key(key);
            Ok(extradata::set(&self.vbox, Place::Machine(&id), &key, value.as_deref()).await?)
        })
    }
}

impl Images for Service {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ImageRecord>, ComputeError>> {
        Box::pin(image::list::list(self))
    }

    fn check<'a>(&'a self, progress: Progress<'a>) -> BoxFuture<'a, Result<Vec<ImageRecord>, ComputeError>> {
        Box::pin(image::list::check(self, progress))
    }

    fn add<'a>(
        &'a self,
        image: &'a NewImage,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<ImageRecord, ComputeError>> {
        Box::pin(image::add::add(self, image, progress))
    }

    fn remove<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), ComputeError>> {
        Box::pin(image::remove::remove(self, id))
    }

    fn rank(&self, wanted: &ImageMatch) -> Vec<Ranked> {
        self.images().rank(wanted)
    }
}

impl Service {
    /// Returns the image models as they were last read.
    pub(crate) fn images(&self) -> Arc<Models> {
        self.models.models()
    }

    /// Reads the folder of image models on the host, and returns all models.
    pub(crate) async fn read_images(&self) -> Result<Arc<Models>, ComputeError> {
        let library = Library::read(self.vbox.runner(), self.settings.model_path.as_deref()).await?;
        Ok(self.models.update(&library))
    }

    /// Returns the folder of models on the host.
    pub(crate) fn library_folder(&self) -> PathBuf {
        self.models.folder()
    }

    async fn nodes(&self) -> Result<Vec<NodeRecord>, ComputeError> {
        let machines = list::machines(&self.vbox).await?;
        let known = self.ledger.complete()?;
        let looks = machines
            .iter()
            .map(|listed| -> BoxFuture<'_, _> { Box::pin(self.look_at(listed, &known)) })
            .collect();
        let found: Result<Vec<Option<NodeRecord>>, ComputeError> =
            side_by_side(AT_ONCE, looks).await.into_iter().collect();
        let mut nodes: Vec<NodeRecord> = found?.into_iter().flatten().collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(nodes)
    }

    /// Returns the node that a machine is, if it is one of ours.
    async fn look_at(&self, listed: &Listed, known: &[Entry]) -> Result<Option<NodeRecord>, ComputeError> {
        let unreadable = || Ok(known.iter().find(|entry| entry.id == listed.id).and_then(unreadable_node));
        if listed.name.is_none() {
            return unreadable();
        }
        match self.read(&listed.id).await {
            Ok(None) => Ok(None),
            Ok(Some((info, member, address))) => self.record(&info, member, address).map(Some),
            // Removed since the list was made.
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) if error.is_inaccessible() => unreadable(),
            Err(error) => Err(error.into()),
        }
    }

    async fn read(
        &self,
        id: &MachineId,
    ) -> Result<Option<(MachineInfo, Member, Option<Address>)>, CallError> {
        let extra = extradata::get(&self.vbox, Place::Machine(id)).await?;
        let Membership::Node(member) = tags::membership(&extra, &self.name) else { return Ok(None) };
        let info = showvminfo::run(&self.vbox, id).await?;
        let address = match info.state {
            VmState::Running => address::find(&self.vbox, &info, member.adapter).await?,
            _ => None,
        };
        Ok(Some((info, member, address)))
    }

    /// Returns the port's view of a node.
    pub(crate) fn record(
        &self,
        info: &MachineInfo,
        member: Member,
        address: Option<Address>,
    ) -> Result<NodeRecord, ComputeError> {
        let name = NodeName::new(info.name.as_str()).map_err(|error| {
            ComputeError::input(format!("the machine {} of the group {} was renamed", info.id, member.group))
                .hint(format!("give it back its name with `VBoxManage modifyvm {} --name=…`", info.id))
                .source(error)
        })?;
        let (endpoint, primary, private) = match address {
            Some(address) => (Some(address.endpoint), Some(address.primary), address.private),
            None => (None, None, None),
        };
        Ok(NodeRecord {
            id: NodeId(info.id.to_string()),
            name,
            group: member.group,
            state: NodeState::from(&info.state),
            endpoint,
            private_ip: private,
            primary_ip: primary,
            image_login: self.images().get(&member.image).and_then(|model| model.login.clone()),
            tags: member.tags,
        })
    }

    /// Returns a node of ours, or an error about a machine that is none.
    pub(crate) async fn node(&self, id: &NodeId) -> Result<(MachineId, Member), ComputeError> {
        let machine = MachineId::parse(&id.0).ok_or_else(|| no_node(id))?;
        let extra = match extradata::get(&self.vbox, Place::Machine(&machine)).await {
            Err(error) if error.is_not_found() => return Err(no_node(id)),
            Err(error) if error.is_inaccessible() => return Err(destroy::inaccessible(&machine)),
            other => other?,
        };
        match tags::membership(&extra, &self.name) {
            Membership::Node(member) => Ok((machine, member)),
            _ => Err(not_ours(id)),
        }
    }

    pub(crate) async fn start_node(
        &self,
        id: &NodeId,
        progress: Progress<'_>,
    ) -> Result<NodeRecord, ComputeError> {
        let (id, member) = self.node(id).await?;
        let before = showvminfo::run(&self.vbox, &id).await?;
        match before.state {
            VmState::Off => {
                self.free_its_port(&before, &member, progress).await?;
                progress("starting");
                startvm::run(&self.vbox, &id, create::session(self, &before)).await?;
            }
            VmState::Saved => {
                progress("restoring its memory");
                startvm::run(&self.vbox, &id, create::session(self, &before)).await?;
            }
            VmState::Paused => {
                progress("resuming");
                controlvm::run(&self.vbox, &id, controlvm::Control::Resume).await?;
            }
            VmState::Stuck => {
                return Err(
                    ComputeError::failed(format!("the node {} is stuck", before.name)).hint("stop it first")
                );
            }
            VmState::Running | VmState::Changing(_) => {}
        }
        match address::wait(self, &id, member.adapter, progress).await {
            Ok((info, address)) => self.record(&info, member, Some(address)),
            Err(error) if before.state == VmState::Off => Err(self.put_back(&id, error).await),
            Err(error) => Err(error),
        }
    }

    /// Lets another port lead to a node if somebody else listens on its own by now.
    async fn free_its_port(
        &self,
        info: &MachineInfo,
        member: &Member,
        progress: Progress<'_>,
    ) -> Result<(), ComputeError> {
        let port = info.adapter(member.adapter).and_then(address::ssh_port);
        if port.is_none_or(ports::is_free) {
            return Ok(());
        }
        progress("choosing another port");
        // A snapshot may bring the old one back.
        if !info.has_snapshots {
            ports::release(&self.vbox, &info.id).await?;
        }
        let port = ports::claim(&self.vbox, &info.id).await?;
        modifyvm::run(&self.vbox, &info.id, &network::move_ssh_port(member.adapter, port)).await
    }

    /// Switches off again what was started and cannot be reached.
    async fn put_back(&self, id: &MachineId, error: ComputeError) -> ComputeError {
        match controlvm::run(&self.vbox, id, controlvm::Control::PowerOff).await {
            Ok(_) => error,
            Err(left) => {
                ComputeError::failed(format!("{error}, and it still runs because of: {left}")).source(error)
            }
        }
    }

    async fn destroy_node(&self, id: &NodeId) -> Result<(), ComputeError> {
        destroy::sweep(self).await?;
        let machine = MachineId::parse(&id.0).ok_or_else(|| no_node(id))?;
        match extradata::get(&self.vbox, Place::Machine(&machine)).await {
            Ok(extra) => match tags::membership(&extra, &self.name) {
                Membership::Node(_) => destroy::remove(self, &machine).await,
                _ => Err(not_ours(id)),
            },
            // Gone; but a removal that was cut off may have left its ports and its file.
            Err(error) if error.is_not_found() => destroy::remove(self, &machine).await,
            Err(error) if error.is_inaccessible() => Err(destroy::inaccessible(&machine)),
            Err(error) => Err(error.into()),
        }
    }

    async fn check_all(&self, requests: &[CreateRequest]) -> Result<(), ComputeError> {
        let plans: Vec<Plan> =
            requests.iter().map(|request| Plan::new(self, request)).collect::<Result<_, _>>()?;
        if plans.is_empty() {
            return Ok(());
        }
        if plans.iter().any(|plan| plan.model.cloud_init) {
            seed::admin(self)?;
        }
        self.check_names(requests).await?;
        self.check_disks(&plans).await?;
        self.check_files(&plans).await?;
        self.check_guest_systems(&plans).await?;
        self.check_memory(&plans).await?;
        self.check_networks(&plans).await
    }

    async fn check_names(&self, requests: &[CreateRequest]) -> Result<(), ComputeError> {
        let machines = list::machines(&self.vbox).await?;
        for listed in &machines {
            let is_asked = |request: &&CreateRequest| listed.name.as_deref() == Some(request.name.as_str());
            let Some(request) = requests.iter().find(is_asked) else { continue };
            let extra = extradata::get(&self.vbox, Place::Machine(&listed.id)).await?;
            let by = tags::membership(&extra, &self.name);
            // What was left of a creation is removed before the next one.
            if by != Membership::HalfMade {
                return Err(create::taken(request, &listed.id, &by));
            }
        }
        Ok(())
    }

    /// Looks at files without VBoxManage, which would register them.
    async fn check_disks(&self, plans: &[Plan]) -> Result<(), ComputeError> {
        let known = list::disks(&self.vbox).await?;
        let mut seen = BTreeSet::new();
        for model in plans.iter().map(|plan| &plan.model).filter(|model| seen.insert(model.disk.argument())) {
            let is_there = match &model.disk {
                Disk::Known(id) => known.iter().any(|disk| disk.id == *id),
                Disk::File(path) => {
                    known.iter().any(|disk| disk.location == *path && disk.accessible)
                        || host::is_readable(self.vbox.runner(), &model.disk.argument()).await?
                }
            };
            if !is_there {
                return Err(holder::missing(model));
            }
        }
        Ok(())
    }

    /// Media in drives, and folders that are shared.
    async fn check_files(&self, plans: &[Plan]) -> Result<(), ComputeError> {
        let drives = plans.iter().flat_map(|plan| &plan.hardware.layout.drives);
        let media = drives.filter_map(|(_, device)| device.file()).filter(|file| file.starts_with('/'));
        let shares = plans.iter().flat_map(|plan| &plan.hardware.shares);
        let shares: Vec<String> = shares.map(|share| share.host_path.display().to_string()).collect();
        let files: BTreeSet<&str> = media.chain(shares.iter().map(String::as_str)).collect();
        for file in files {
            if !host::is_readable(self.vbox.runner(), file).await? {
                return Err(ComputeError::input(format!("the host has no {file} that can be read"))
                    .hint("the hardware of the node names it: a medium in a drive, or a shared folder"));
            }
        }
        Ok(())
    }

    /// VBoxManage makes a machine of a kind that does not exist without a word.
    async fn check_guest_systems(&self, plans: &[Plan]) -> Result<(), ComputeError> {
        let known = list::os_types(&self.vbox).await?;
        let Some(plan) = plans.iter().find(|plan| !known.contains(&plan.model.os_type)) else {
            return Ok(());
        };
        let hint = match did_you_mean(&plan.model.os_type, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`VBoxManage list ostypes` lists the kinds there are".to_owned(),
        };
        Err(ComputeError::input(format!(
            "VirtualBox knows no guest system `{}`, which the image `{}` names",
            plan.model.os_type, plan.model.name
        ))
        .hint(hint))
    }

    async fn check_memory(&self, plans: &[Plan]) -> Result<(), ComputeError> {
        let wanted: u64 = plans.iter().map(|plan| plan.hardware.memory.0).sum();
        match list::host_memory(&self.vbox).await? {
            Some(there) if wanted > there => Err(ComputeError::input(format!(
                "{wanted} MiB of memory are asked for and the host has {there}"
            ))
            .hint("lower a count or choose smaller hardware")),
            _ => Ok(()),
        }
    }

    async fn check_networks(&self, plans: &[Plan]) -> Result<(), ComputeError> {
        if let Some((_, port)) = twice(plans.iter().flat_map(|plan| plan.adapters.host_ports())) {
            return Err(ComputeError::input(format!("two nodes forward the port {port} of the host"))
                .hint("forward another port, or make the group's count 1"));
        }
        if let Some(mac) = twice(plans.iter().flat_map(|plan| plan.adapters.macs())) {
            return Err(ComputeError::input(format!("two adapters have the MAC address {mac}"))
                .hint("leave it out, or make the group's count 1"));
        }
        let host_only: BTreeSet<&str> =
            plans.iter().flat_map(|plan| plan.adapters.host_only_interfaces()).collect();
        host_only::check(self, &host_only.into_iter().collect::<Vec<_>>()).await?;
        let nat: BTreeSet<&str> = plans.iter().flat_map(|plan| plan.adapters.nat_networks()).collect();
        if !nat.is_empty() {
            let there = list::nat_networks(&self.vbox).await?;
            if let Some(missing) = nat.into_iter().find(|name| there.iter().all(|there| there != name)) {
                return Err(no_such_nat_network(missing));
            }
        }
        let bridged: BTreeSet<&str> =
            plans.iter().flat_map(|plan| plan.adapters.bridged_interfaces()).collect();
        if !bridged.is_empty() {
            let there = list::bridged_interfaces(&self.vbox).await?;
            if let Some(missing) = bridged.into_iter().find(|name| !has(&there, name)) {
                return Err(no_such_bridge(missing, &there));
            }
        }
        if plans.iter().any(|plan| plan.adapters.wants_a_bridge()) {
            create::usable_bridge(self).await?;
        }
        Ok(())
    }
}

fn has(interfaces: &[HostInterface], name: &str) -> bool {
    // On macOS a description follows the name: `en0: Wi-Fi`.
    interfaces.iter().any(|there| there.name == name || there.name.split(": ").next() == Some(name))
}

fn twice<T: Ord + Copy>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    items.find(|item| !seen.insert(*item))
}

fn no_such_nat_network(name: &str) -> ComputeError {
    ComputeError::input(format!("VirtualBox has no NAT network `{name}`")).hint(format!(
        "make it with `VBoxManage natnetwork add --netname={name} --network=10.0.9.0/24 --enable --dhcp=on`"
    ))
}

fn unreadable_node(entry: &Entry) -> Option<NodeRecord> {
    Some(NodeRecord {
        id: NodeId(entry.id.to_string()),
        name: entry.name.clone(),
        group: entry.group.clone()?,
        state: NodeState::Inaccessible("VirtualBox cannot read its settings".to_owned()),
        endpoint: None,
        private_ip: None,
        primary_ip: None,
        tags: BTreeMap::new(),
        image_login: None,
    })
}

fn no_such_bridge(name: &str, there: &[HostInterface]) -> ComputeError {
    let names: Vec<&str> = there.iter().map(|interface| interface.name.as_str()).collect();
    ComputeError::input(format!("the host has no interface {name} to bridge to"))
        .hint(format!("interfaces: {}", names.join(", ")))
}

fn no_node(id: &NodeId) -> ComputeError {
    ComputeError::failed(format!("there is no machine {id}"))
        .hint("it may have been removed by somebody else")
}

fn not_ours(id: &NodeId) -> ComputeError {
    ComputeError::failed(format!("the machine {id} is not a node of this service"))
        .hint("pallet only touches machines that it made itself")
}
