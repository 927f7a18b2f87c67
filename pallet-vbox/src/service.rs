//! The compute service: what the port asks for, put together from the other modules.

use crate::address::{self, Address};
use crate::command::list::{self, HostInterface};
use crate::command::startvm::Session;
use crate::command::vms::{self, Seen};
use crate::command::{controlvm, modifyvm, showvminfo, startvm};
use crate::create::{self, Plan};
use crate::image::catalogue::Catalogue;
use crate::image::library::Library;
use crate::image::{self, Disk, Models};
use crate::ledger::Ledger;
use crate::machine::{MachineId, MachineInfo, VmState};
use crate::settings::Settings;
use crate::shared::Shared;
use crate::side_by_side::{Turns, side_by_side};
use crate::tags::{self, Member, Members};
use crate::vboxmanage::{CallError, VBoxManage};
use crate::{destroy, holder, host, host_only, inspect, network, ports, seed};
use pallet::compute::{
    AdminAccount, BoxFuture, Compute, ComputeError, CreateRequest, Endpoint, HardwareModel, ImageRecord,
    Images, NewImage, NodeId, NodeRecord, NodeState, Power, Progress, Ranked, Snapshots,
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
    /// Who may make a node.
    pub(crate) turns: Turns,
    pub(crate) shared: Shared,
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

    fn remarks(&self, request: &CreateRequest) -> Vec<String> {
        let chosen = self.images().select(request.spec.get_image());
        chosen.ok().and_then(|choice| choice.remark()).into_iter().collect()
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
            let (id, mut member) = self.node(id).await?;
            match value {
                Some(value) => member.tags.insert(key.to_owned(), value.to_owned()),
                None => member.tags.remove(key),
            };
            Ok(tags::write(&self.vbox, &id, &member).await?)
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

    /// Two calls tell all of it, but the addresses of guests that nothing but the guest knows.
    async fn nodes(&self) -> Result<Vec<NodeRecord>, ComputeError> {
        let members = Members::read(&self.vbox).await?;
        let machines = vms::all(&self.vbox).await?;
        let looks = machines
            .iter()
            .map(|seen| -> BoxFuture<'_, _> { Box::pin(self.look_at(seen, &members)) })
            .collect();
        let found: Result<Vec<Option<NodeRecord>>, ComputeError> =
            side_by_side(AT_ONCE, looks).await.into_iter().collect();
        let mut nodes: Vec<NodeRecord> = found?.into_iter().flatten().collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(nodes)
    }

    /// Returns the node that a machine is, if it is one of ours.
    async fn look_at(&self, seen: &Seen, members: &Members) -> Result<Option<NodeRecord>, ComputeError> {
        match seen {
            Seen::Unreadable(id) => {
                let Some(member) = members.of(id, &self.name) else { return Ok(None) };
                self.reread(id, member).await
            }
            Seen::Readable(info) => match members.of(&info.id, &self.name) {
                Some(member) => self.found(info, member).await,
                None => Ok(None),
            },
        }
    }

    async fn found(&self, info: &MachineInfo, member: &Member) -> Result<Option<NodeRecord>, ComputeError> {
        if !create::is_complete(info, member) {
            return Ok(None);
        }
        let address = match info.state {
            VmState::Running => match address::find(&self.vbox, info, member.adapter).await {
                // Removed since the list was made.
                Err(error) if error.is_not_found() => return Ok(None),
                other => other?,
            },
            _ => None,
        };
        self.record(info, member.clone(), address).map(Some)
    }

    /// A list does not try again what VirtualBox's server read too early; a call about the machine does.
    async fn reread(&self, id: &MachineId, member: &Member) -> Result<Option<NodeRecord>, ComputeError> {
        match showvminfo::run(&self.vbox, id).await {
            Ok(info) => self.found(&info, member).await,
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) if error.is_inaccessible() => Ok(Some(unreadable_node(id, member))),
            Err(error) => Err(error.into()),
        }
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
            Some(address) => {
                (Some(self.seen_from_here(address.endpoint)), Some(address.primary), address.private)
            }
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

    /// What VirtualBox tells is where its own host reaches a node.
    fn seen_from_here(&self, endpoint: Endpoint) -> Endpoint {
        match (self.vbox.runner().host(), endpoint) {
            (Some(via), Endpoint::Ssh { host, port }) => {
                Endpoint::Through { via: via.to_owned(), host, port }
            }
            (_, endpoint) => endpoint,
        }
    }

    /// Returns a node of ours, or an error about a machine that is none.
    pub(crate) async fn node(&self, id: &NodeId) -> Result<(MachineId, Member), ComputeError> {
        let machine = MachineId::parse(&id.0).ok_or_else(|| no_node(id))?;
        let members = Members::read(&self.vbox).await?;
        match members.of(&machine, &self.name) {
            Some(member) => Ok((machine, member.clone())),
            None => Err(self.no_member(id, &machine).await?),
        }
    }

    /// Returns the error about a machine that is no node of ours.
    async fn no_member(&self, id: &NodeId, machine: &MachineId) -> Result<ComputeError, CallError> {
        let exists = list::machines(&self.vbox).await?.iter().any(|listed| listed.id == *machine);
        Ok(if exists { not_ours(id) } else { no_node(id) })
    }

    pub(crate) async fn start_node(
        &self,
        id: &NodeId,
        progress: Progress<'_>,
    ) -> Result<NodeRecord, ComputeError> {
        let (id, mut member) = self.node(id).await?;
        let before = showvminfo::run(&self.vbox, &id).await?;
        match before.state {
            VmState::Off => {
                self.free_its_port(&before, &mut member, progress).await?;
                progress("starting");
                self.switch_on(&id, create::session(self, &before)).await?;
            }
            VmState::Saved => {
                progress("restoring its memory");
                self.switch_on(&id, create::session(self, &before)).await?;
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

    /// Starts a machine, and tells what the host lacks if it cannot.
    pub(crate) async fn switch_on(&self, id: &MachineId, session: Session) -> Result<(), ComputeError> {
        match startvm::run(&self.vbox, id, session).await {
            Ok(()) => Ok(()),
            Err(error) => Err(inspect::explain_start(&self.vbox, error).await),
        }
    }

    /// Lets another port lead to a node if somebody else listens on its own by now, or a snapshot brought back one that it
    /// has no claim to any more.
    async fn free_its_port(
        &self,
        info: &MachineInfo,
        member: &mut Member,
        progress: Progress<'_>,
    ) -> Result<(), ComputeError> {
        let port = info.adapter(member.adapter).and_then(address::ssh_port);
        match port {
            None => return Ok(()),
            Some(port) if member.port.is_some_and(|claimed| claimed != port) => {}
            Some(port) if ports::is_free(self.vbox.runner(), port).await => return Ok(()),
            Some(_) => {}
        }
        progress("choosing another port");
        ports::claim(&self.vbox, &info.id, member).await?;
        let Some(port) = member.port else { return Ok(()) };
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
        let members = Members::read(&self.vbox).await?;
        if members.of(&machine, &self.name).is_some() {
            return destroy::remove(self, &machine).await;
        }
        // What is gone was removed before.
        match list::machines(&self.vbox).await?.iter().any(|listed| listed.id == machine) {
            true => Err(not_ours(id)),
            false => self.ledger.forget(&machine),
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
            // What was left of a creation is removed before the next one.
            if !self.ledger.has(&listed.id) {
                return Err(create::taken(self, request, &listed.id).await?);
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

fn unreadable_node(id: &MachineId, member: &Member) -> NodeRecord {
    NodeRecord {
        id: NodeId(id.to_string()),
        name: member.name.clone(),
        group: member.group.clone(),
        state: NodeState::Inaccessible("VirtualBox cannot read its settings".to_owned()),
        endpoint: None,
        private_ip: None,
        primary_ip: None,
        tags: BTreeMap::new(),
        image_login: None,
    }
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
