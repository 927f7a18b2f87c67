//! Making a node: from a request to a machine that runs.

use crate::command::createvm::{self, CreateVm};
use crate::command::list;
use crate::command::medium::Medium;
use crate::command::storage::{self, CONTROLLER};
use crate::command::{modifyvm, showvminfo, startvm};
use crate::ledger::{Entry, Making};
use crate::machine::{MachineId, MachineInfo};
use crate::network::Adapters;
use crate::service::Service;
use crate::tags::{self, Member, Members};
use crate::vboxmanage::CallError;
use crate::{address, destroy, hardware, holder, host, image, ports};
use pallet::compute::{ComputeError, CreateRequest, NodeRecord, Progress};
use std::collections::BTreeMap;

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
        Ok(Plan {
            model: service.settings.images.select(spec.get_image())?,
            hardware: service.settings.hardware.resolve(spec.get_hardware())?,
            adapters: Adapters::resolve(spec.get_network(), &service.settings.network)?,
        })
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
    progress("preparing the image");
    let disk = service.shared.disk(service, &plan.model).await?;
    let making = service.ledger.begin(Entry {
        id: MachineId::random(),
        name: request.name.clone(),
        group: Some(request.group.clone()),
    })?;
    match make(service, request, &plan, &disk, &making, progress).await {
        Ok(record) => Ok(record),
        Err(error) => {
            progress("removing what was made");
            service.shared.forget();
            Err(destroy::undo(service, &making.entry.id, error).await)
        }
    }
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
    make_empty(service, request, plan, id).await?;
    let mut settings = plan.hardware.arguments();
    settings.extend(plan.adapters.arguments(member.port));
    modifyvm::run(&service.vbox, id, &settings).await?;
    progress("attaching the disk");
    storage::add_controller(&service.vbox, id).await?;
    // The last thing that a machine gets: with a disk of its own it is complete.
    holder::attach(service, id, disk).await?;
    verify(service, id, disk).await?;
    making.complete()?;
    progress("starting");
    if let Err(error) = startvm::run(&service.vbox, id, service.settings.session).await {
        return Err(host::explain_start(&service.vbox, error).await);
    }
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
) -> Result<(), ComputeError> {
    let machine = CreateVm {
        id: id.clone(),
        name: request.name.to_string(),
        os_type: plan.model.os_type.clone(),
        group: service.settings.nodes_group(&service.name),
        base_folder: service.settings.node_path.clone(),
    };
    Ok(createvm::run(&service.vbox, &machine).await?)
}

/// Checks that what is attached is a disk of the machine's own over the model, and not the model itself.
///
/// One look is enough: VirtualBox puts a difference into the machine's folder or attaches the disk that it was given.
async fn verify(service: &Service, id: &MachineId, model: &Medium) -> Result<(), ComputeError> {
    let info = showvminfo::run(&service.vbox, id).await?;
    let boot = boot_disk(&info).ok_or_else(|| unsafe_disk(&info, "no disk is attached"))?;
    if boot.medium == model.id || !info.owns(&boot.location) {
        return Err(unsafe_disk(&info, &format!("{} is attached itself", boot.location.display())));
    }
    Ok(())
}

/// Tells whether a creation came to its end: a machine that has a disk of its own has everything.
pub(crate) fn is_complete(info: &MachineInfo) -> bool {
    boot_disk(info).is_some_and(|disk| info.owns(&disk.location))
}

fn boot_disk(info: &MachineInfo) -> Option<&crate::machine::Attachment> {
    info.attachments.iter().find(|at| (at.controller.as_str(), at.port, at.device) == (CONTROLLER, 0, 0))
}

fn unsafe_disk(info: &MachineInfo, why: &str) -> ComputeError {
    ComputeError::failed(format!("the machine {} would not leave the image alone: {why}", info.name))
        .hint("the machine is not started; please report this with the version of VirtualBox")
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
            Ok(info) if !is_complete(&info) => ComputeError::failed(format!(
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
