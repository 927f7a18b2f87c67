//! Making a node: from a request to a machine that runs.

use crate::command::createvm::{self, CreateVm};
use crate::command::list;
use crate::command::medium::{self, Medium};
use crate::command::startvm::Session;
use crate::command::{modifyvm, sharedfolder, showvminfo, storage};
use crate::hardware::{self, Device};
use crate::ledger::{Entry, Making};
use crate::machine::{MachineId, MachineInfo};
use crate::network::Adapters;
use crate::service::Service;
use crate::tags::{self, Member, Members};
use crate::vboxmanage::CallError;
use crate::{address, boot_disk, destroy, host_only, image, ports, seed};
use pallet::compute::{ComputeError, CreateRequest, NodeRecord, Progress};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a request comes to: everything that is decided before the first call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) model: image::Model,
    pub(crate) hardware: hardware::Machine,
    pub(crate) adapters: Adapters,
}

impl Plan {
    /// Returns what a request comes to, or why it cannot be met.
    pub(crate) fn new(service: &Service, request: &CreateRequest) -> Result<Plan, ComputeError> {
        let spec = &request.spec;
        if let Some(options) = spec.get_provider_options() {
            // This provider has none of its own for a node: whatever stands there is a mistake.
            options.finish()?;
        }
        let settings = &service.settings;
        let mut model = service.images().select(spec.get_image())?.model;
        let layers = settings.hardware.layers(spec.get_hardware())?;
        let (mut hardware, choice) = hardware::Machine::resolve(layers, model.hardware.clone())?;
        if model.cloud_init {
            hardware.reserve_cd()?;
        }
        if let Some(os_type) = &hardware.os_type {
            model.os_type.clone_from(os_type);
        }
        let adapters = Adapters::resolve(choice.best(spec.get_network()), &settings.network)?;
        let plan = Plan { model, hardware, adapters };
        plan.refuse_models_as_data(service)?;
        Ok(plan)
    }

    /// A model that is attached as any other disk would be written to.
    fn refuse_models_as_data(&self, service: &Service) -> Result<(), ComputeError> {
        let own = self.model.disk.argument();
        let is_model = |file: &str| file == own || service.images().has_disk(file);
        let disks = self.hardware.layout.drives.iter().filter_map(|(_, device)| match device {
            Device::Disk(file) => Some(file),
            _ => None,
        });
        match disks.into_iter().find(|file| is_model(file)) {
            None => Ok(()),
            Some(file) => Err(ComputeError::input(format!(
                "the disk {file} is the model of an image, and nodes would write to it"
            ))
            .hint("make a copy of it with `VBoxManage clonemedium`, and attach that")),
        }
    }
}

/// Makes a node and starts it, when it is its turn. If that fails, what was made of it is removed again.
pub(crate) async fn create(
    service: &Service,
    request: &CreateRequest,
    progress: Progress<'_>,
) -> Result<NodeRecord, ComputeError> {
    let mut plan = Plan::new(service, request)?;
    progress("waiting for its turn");
    let _turn = service.turns.take().await;
    destroy::sweep(service).await?;
    refuse_taken_name(service, request).await?;
    if plan.adapters.wants_a_bridge() {
        plan.adapters.bridge_to(&usable_bridge(service).await?);
    }
    host_only::ensure(service, &mut plan.adapters).await?;
    if plan.model.cloud_init {
        seed::admin(service)?;
    }
    progress("preparing the image");
    let disk = service.shared.disk(service, &plan.model).await?;
    let making = service.ledger.begin(Entry {
        id: MachineId::random(),
        name: request.name.clone(),
        group: Some(request.group.clone()),
    })?;
    match make(service, request, &plan, &disk, &making, progress).await {
        Ok(record) => Ok(record),
        Err(error) if !service.settings.destroy_on_failure && !service.ledger.has(&making.entry.id) => {
            service.shared.forget();
            Err(kept(error))
        }
        Err(error) => {
            progress("removing what was made");
            service.shared.forget();
            Err(destroy::undo(service, &making.entry.id, error).await)
        }
    }
}

/// The machine is complete, so it is a node like any other: the next run starts it and asks it again for its address.
fn kept(error: ComputeError) -> ComputeError {
    ComputeError { message: format!("{}; the node is kept as it is", error.message), ..error }
}

async fn make(
    service: &Service,
    request: &CreateRequest,
    plan: &Plan,
    disk: &Medium,
    making: &Making,
    progress: Progress<'_>,
) -> Result<NodeRecord, ComputeError> {
    let id = &making.entry.id;
    progress("creating the machine");
    let member = write_down(service, request, plan, id).await?;
    let folder = make_empty(service, request, plan, id).await?;
    set_up(service, plan, id, &folder, member.port).await?;
    let layout = &plan.hardware.layout;
    for controller in &layout.controllers {
        storage::add_controller(&service.vbox, id, controller).await?;
    }
    equip(service, plan, id, &folder, progress).await?;
    if plan.model.cloud_init {
        progress("writing the CD for cloud-init");
        seed::insert(service, id).await?;
    }
    progress("attaching the disk");
    // The last thing that a machine gets: with a disk of its own it is complete.
    boot_disk::attach(service, id, &layout.boot, plan.model.attach, disk, progress).await?;
    let info = boot_disk::verify(service, id, &layout.boot, plan.model.attach, disk).await?;
    making.complete()?;
    progress("starting");
    service.switch_on(id, session(service, &info)).await?;
    let (info, address) = address::wait(service, id, member.adapter, progress).await?;
    let record = service.record(&info, member, Some(address))?;
    // The service cannot look up the account of an image that it does not know by name.
    Ok(NodeRecord { image_login: plan.model.login.clone(), ..record })
}

/// Writes down what the machine will be, before it exists: from here on anybody can tell that it is ours.
async fn write_down(
    service: &Service,
    request: &CreateRequest,
    plan: &Plan,
    id: &MachineId,
) -> Result<Member, ComputeError> {
    let mut member = Member {
        service: service.name.to_string(),
        name: request.name.clone(),
        group: request.group.clone(),
        image: plan.model.name.clone(),
        adapter: plan.adapters.management,
        port: None,
        boot: plan.hardware.layout.boot.clone(),
        tags: BTreeMap::new(),
    };
    if plan.adapters.wants_an_ssh_port() {
        let members = ports::claim(&service.vbox, id, &mut member).await?;
        forget_namesakes(service, &members, &member, id).await?;
    } else {
        tags::write(&service.vbox, id, &member).await?;
    }
    service.shared.add(id, &member.name).await;
    Ok(member)
}

/// No machine has this name, as we made sure: what is written down of one that had it was left when somebody removed it by
/// other means than ours.
async fn forget_namesakes(
    service: &Service,
    members: &Members,
    member: &Member,
    id: &MachineId,
) -> Result<(), ComputeError> {
    for gone in members.named(&member.name, &service.name).filter(|other| *other != id) {
        tags::forget(&service.vbox, gone).await?;
    }
    Ok(())
}

async fn make_empty(
    service: &Service,
    request: &CreateRequest,
    plan: &Plan,
    id: &MachineId,
) -> Result<PathBuf, ComputeError> {
    let machine = CreateVm {
        id: id.clone(),
        name: request.name.to_string(),
        os_type: plan.model.os_type.clone(),
        group: service.settings.nodes_group(&service.name),
        base_folder: service.settings.node_path.clone(),
    };
    Ok(createvm::run(&service.vbox, &machine).await?)
}

/// Makes the node's further disks in its own folder, and puts everything but its own disk into its place.
async fn equip(
    service: &Service,
    plan: &Plan,
    id: &MachineId,
    folder: &Path,
    progress: Progress<'_>,
) -> Result<(), ComputeError> {
    let vbox = &service.vbox;
    for (place, device) in &plan.hardware.layout.drives {
        let mut made = PathBuf::new();
        if let Device::New(disk) = device {
            progress("making a disk");
            made = folder.join(&disk.file);
            medium::create(vbox, &made, disk).await?;
        }
        storage::attach_device(vbox, id, place, device, &made.display().to_string()).await?;
    }
    for share in &plan.hardware.shares {
        sharedfolder::add(vbox, id, share).await?;
    }
    Ok(())
}

/// Returns how a machine is to show itself: as its hardware says, or the service.
pub(crate) fn session(service: &Service, info: &MachineInfo) -> Session {
    info.frontend.as_deref().and_then(Session::parse).unwrap_or(service.settings.session)
}

async fn set_up(
    service: &Service,
    plan: &Plan,
    id: &MachineId,
    folder: &Path,
    ssh_port: Option<u16>,
) -> Result<(), ComputeError> {
    let mut settings = plan.hardware.arguments(folder, service.vbox.version());
    settings.extend(plan.adapters.arguments(ssh_port));
    settings.extend_from_slice(plan.hardware.extra_arguments());
    modifyvm::run(&service.vbox, id, &settings).await
}

/// Tells whether a creation came to its end: a machine that has a disk of its own has everything.
pub(crate) fn is_complete(info: &MachineInfo, member: &Member) -> bool {
    boot_disk::is_there(info, &member.boot)
}

/// Two machines of one name are possible for VirtualBox, and a trap for everybody else.
async fn refuse_taken_name(service: &Service, request: &CreateRequest) -> Result<(), ComputeError> {
    match service.shared.machine_named(service, &request.name).await? {
        Some(id) => Err(taken(service, request, &id).await?),
        None => Ok(()),
    }
}

/// Returns the error about a name that a machine has already.
pub(crate) async fn taken(
    service: &Service,
    request: &CreateRequest,
    id: &MachineId,
) -> Result<ComputeError, CallError> {
    let name = &request.name;
    let members = Members::read(&service.vbox).await?;
    Ok(match members.get(id) {
        None => ComputeError::input(format!("a machine {name} ({id}) exists and was not made by pallet"))
            .hint("rename that machine or the group; pallet does not touch it"),
        Some(member) if member.service != service.name.as_str() => ComputeError::input(format!(
            "a machine {name} ({id}) exists and belongs to the service {}",
            member.service
        ))
        .hint("give the group another name"),
        Some(member) => match showvminfo::run(&service.vbox, id).await {
            Ok(info) if !is_complete(&info, member) => ComputeError::failed(format!(
                "the node {name} is being made by another process"
            ))
            .hint(format!(
                "wait for that process; if there is none, remove the machine with \
                     `VBoxManage unregistervm {id} --delete`"
            )),
            _ => {
                ComputeError::failed(format!("the node {name} exists already, in the group {}", member.group))
            }
        },
    })
}

/// Returns the first interface that a machine bridged to it would reach a network through.
pub(crate) async fn usable_bridge(service: &Service) -> Result<String, ComputeError> {
    let interfaces = list::bridged_interfaces(&service.vbox).await?;
    interfaces
        .into_iter()
        .find(|interface| interface.up && interface.address.is_some())
        .map(|i| i.name)
        .ok_or_else(|| {
            ComputeError::input("the host has no interface to bridge to that is up and has an address")
                .hint("name one with `default-bridged-interface`, or use the network `nat`")
        })
}
