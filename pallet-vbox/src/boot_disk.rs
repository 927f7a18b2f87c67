//! The disk that a node starts from: a difference to the model's, or a copy of it, and always in the node's own folder.
//!
//! A linked clone is a difference as well. Its base is multi-attach all the same: were it an ordinary disk, VirtualBox
//! would delete it together with the last machine on it, as soon as somebody removes that machine with its files.

use crate::command::medium::{self, Medium, MediumKind};
use crate::command::showvminfo;
use crate::command::storage;
use crate::hardware::Place;
use crate::machine::{Attachment, MachineId, MachineInfo};
use crate::service::Service;
use crate::{holder, host};
use pallet::compute::{ComputeError, HostCommand, Progress};
use pallet::spec::Attach;

/// The file of a disk that is made by us and not by VirtualBox.
const FILE: &str = "boot.vdi";

/// Gives a machine its disk over a model that is ready.
pub(crate) async fn attach(
    service: &Service,
    id: &MachineId,
    place: &Place,
    attach: Attach,
    model: &Medium,
    progress: Progress<'_>,
) -> Result<(), ComputeError> {
    let vbox = &service.vbox;
    match attach {
        Attach::MultiAttach => {
            let through = || {
                storage::attach_disk(vbox, id, place, model.id.as_str(), storage::Attach::ThroughDifference)
            };
            holder::attached(service, model, through).await
        }
        Attach::Immutable => {
            let forgetful = storage::Attach::ThroughForgetfulDifference;
            Ok(storage::attach_disk(vbox, id, place, model.id.as_str(), forgetful).await?)
        }
        Attach::LinkedClone => {
            let file = own_file(&showvminfo::run(vbox, id).await?);
            medium::create_difference(vbox, &model.id, &file).await?;
            let directly = || storage::attach_disk(vbox, id, place, &file, storage::Attach::Directly);
            holder::attached(service, model, directly).await
        }
        Attach::FullCopy => {
            let info = showvminfo::run(vbox, id).await?;
            check_room(service, &info, model).await?;
            progress("copying the disk");
            let file = own_file(&info);
            // By its path: nothing holds the model, and VirtualBox may have forgotten its UUID since it was asked about it.
            medium::clone(vbox, &model.location.display().to_string(), &file).await?;
            Ok(storage::attach_disk(vbox, id, place, &file, storage::Attach::Directly).await?)
        }
    }
}

fn own_file(info: &MachineInfo) -> String {
    info.folder().join(FILE).display().to_string()
}

async fn check_room(service: &Service, info: &MachineInfo, model: &Medium) -> Result<(), ComputeError> {
    let runner = service.vbox.runner();
    let room = host::free_space(runner, info.folder()).await?;
    match host::size(runner, &model.location).await {
        Some(needed) if needed > room => Err(ComputeError::input(format!(
            "a copy of {} does not fit on the host: {} MiB are needed, {} left",
            model.location.display(),
            needed >> 20,
            room >> 20
        ))
        .hint("make room, or use `attach = \"multi-attach\"`, where nodes share the disk")),
        _ => Ok(()),
    }
}

/// Checks that what is attached is a disk of the machine's own, as it was asked for, and not the model itself.
pub(crate) async fn verify(
    service: &Service,
    id: &MachineId,
    place: &Place,
    attach: Attach,
    model: &Medium,
) -> Result<MachineInfo, ComputeError> {
    let info = showvminfo::run(&service.vbox, id).await?;
    let boot = boot_disk(&info, place).ok_or_else(|| unsafe_disk(&info, "no disk is attached"))?;
    if boot.medium == model.id || !info.owns(&boot.location) {
        return Err(unsafe_disk(&info, &format!("{} is attached itself", boot.location.display())));
    }
    if matches!(attach, Attach::MultiAttach | Attach::Immutable) {
        // VirtualBox puts a difference into the machine's folder or attaches the disk that it was given.
        return Ok(info);
    }
    let disk = medium::show(&service.vbox, boot.medium.as_str()).await?;
    match attach {
        Attach::FullCopy if disk.kind == MediumKind::Normal && disk.parent.is_none() => Ok(info),
        Attach::FullCopy => Err(unsafe_disk(&info, "its disk is no copy of the model")),
        _ if disk.kind == MediumKind::Differencing && disk.parent.as_ref() == Some(&model.id) => Ok(info),
        _ => Err(unsafe_disk(&info, "its disk is no difference to the model")),
    }
}

/// Tells whether a machine has a disk of its own there.
pub(crate) fn is_there(info: &MachineInfo, place: &Place) -> bool {
    boot_disk(info, place).is_some_and(|disk| info.owns(&disk.location))
}

fn boot_disk<'a>(info: &'a MachineInfo, place: &Place) -> Option<&'a Attachment> {
    let place = (place.controller.as_str(), place.port, place.device);
    info.attachments.iter().find(|at| (at.controller.as_str(), at.port, at.device) == place)
}

fn unsafe_disk(info: &MachineInfo, why: &str) -> ComputeError {
    ComputeError::failed(format!("the machine {} would not leave the image alone: {why}", info.name))
        .hint("the machine is not started; please report this with the version of VirtualBox")
}

/// Removes the file of a disk that VirtualBox does not know: the machine is gone, and its creation was killed while the
/// disk was being made.
pub(crate) async fn remove_unknown(service: &Service, info: &MachineInfo) -> Result<(), ComputeError> {
    if !service.ledger.has(&info.id) {
        return Ok(());
    }
    let (file, folder) = (own_file(info), info.folder().display().to_string());
    let rm = HostCommand::new("rm").args(["-f", "--", &file]);
    host::run(service.vbox.runner(), &format!("remove {file}"), &rm).await?;
    let rmdir = HostCommand::new("rmdir").args(["--", &folder]);
    // It is gone already, or somebody put something of their own into it.
    host::try_run(service.vbox.runner(), &format!("remove {folder}"), &rmdir).await.map(drop)
}
