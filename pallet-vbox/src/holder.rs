//! Model disks, and the machines that exist to hold them.
//!
//! VirtualBox lets several machines work on one disk, each with a difference of its own, if the disk is of the type
//! *multi-attach*. It accepts that type only for a disk in the registry of a machine, never for one in the global
//! registry, where every disk begins. So a machine is made that holds the disk: the disk is attached to it, which moves
//! it to the machine's registry, detached again, and then made multi-attach. The holder has no disk attached, is never
//! started and is not a node.
//!
//! When somebody removes the holder, the disk goes back to the global registry and keeps its type, and from then on no
//! machine can be attached to it. That is noticed and repaired here.

use crate::command::createvm::{self, CreateVm};
use crate::command::extradata::{self, Place};
use crate::command::medium::{self, Medium, MediumKind};
use crate::command::storage::{self, Attach};
use crate::command::{closemedium, list, showvminfo};
use crate::image::{Disk, Model};
use crate::ledger::Entry;
use crate::machine::{MachineId, MediumId};
use crate::service::Service;
use crate::vboxmanage::CallError;
use crate::{destroy, lock, tags};
use pallet::compute::ComputeError;
use pallet::name::NodeName;

/// Returns a model's disk once machines can be attached to it, at the cost of one call if they can already.
///
/// A holder that was removed is only noticed by [`attach`].
pub(crate) async fn ready(service: &Service, model: &Model) -> Result<Medium, ComputeError> {
    let disk = show(service, model).await?;
    if disk.kind == MediumKind::MultiAttach {
        return Ok(disk);
    }
    let _lock = lock::acquire(&lock_file(service, &disk.id)).await?;
    // Another process may have done it while we waited.
    let disk = show(service, model).await?;
    if disk.kind == MediumKind::MultiAttach {
        return Ok(disk);
    }
    hold(service, &disk).await
}

/// Attaches a model to a machine through a difference, after the repair of the model's holder if it needs one.
pub(crate) async fn attach(service: &Service, id: &MachineId, disk: &Medium) -> Result<(), ComputeError> {
    let attach = || storage::attach_disk(&service.vbox, id, disk.id.as_str(), Attach::ThroughDifference);
    match attach().await {
        Err(error) if has_no_holder(&error) => {
            let _lock = lock::acquire(&lock_file(service, &disk.id)).await?;
            match attach().await {
                Err(error) if has_no_holder(&error) => {
                    hold(service, disk).await?;
                    Ok(attach().await?)
                }
                other => Ok(other?),
            }
        }
        other => Ok(other?),
    }
}

/// VirtualBox's words for a multi-attach disk in the global registry, and for an attempt to attach another disk so.
fn has_no_holder(error: &CallError) -> bool {
    error.says("machines that were created with VirtualBox 4.0 or later")
        || error.says("registered with a machine that was created with VirtualBox 4.0 or later")
}

/// Returns the file that keeps apart those who change how a disk is held.
pub(crate) fn lock_file(service: &Service, disk: &MediumId) -> std::path::PathBuf {
    service.state_dir.join("locks").join(format!("{disk}.lock"))
}

async fn show(service: &Service, model: &Model) -> Result<Medium, ComputeError> {
    let argument = model.disk.argument();
    let disk = match medium::show(&service.vbox, &argument).await {
        Err(error) if error.is_not_found() || error.says("is not fully qualified") => {
            return Err(missing(model).source(ComputeError::from(error)));
        }
        other => other?,
    };
    usable(model, &disk).map(|()| disk)
}

/// Returns the error about a model whose disk is not there.
pub(crate) fn missing(model: &Model) -> ComputeError {
    let hint = match &model.disk {
        Disk::File(_) => "put the disk there, or correct `path` of the image model",
        Disk::Known(_) => "see `VBoxManage list hdds`, or give the model a `path`",
    };
    ComputeError::input(format!(
        "the disk {} of the image `{}` does not exist",
        model.disk.argument(),
        model.name
    ))
    .hint(hint)
}

/// Refuses what cannot serve as a model without somebody being hurt.
fn usable(model: &Model, disk: &Medium) -> Result<(), ComputeError> {
    let refuse = |why: String, hint: &str| {
        Err(ComputeError::input(format!("the image `{}` cannot be used: its disk {why}", model.name))
            .hint(hint))
    };
    if !disk.accessible {
        return refuse("cannot be read".to_owned(), "`VBoxManage showmediuminfo disk` says why");
    }
    if disk.parent.is_some() {
        return refuse(
            "is the difference to another disk".to_owned(),
            "make it a disk of its own with `VBoxManage clonemedium`",
        );
    }
    match &disk.kind {
        MediumKind::MultiAttach => Ok(()),
        MediumKind::Normal if disk.users.is_empty() => Ok(()),
        MediumKind::Normal => refuse(
            format!("is attached to {}", disk.users.join(", ")),
            "detach it there, or make a copy to serve as the model with `VBoxManage clonemedium`",
        ),
        MediumKind::Differencing | MediumKind::Other(_) => refuse(
            format!("is of the type {}", disk.kind.as_str()),
            "make it an ordinary disk with `VBoxManage modifymedium disk … --type normal`",
        ),
    }
}

/// Makes a machine that holds the disk. The caller has the disk's lock.
async fn hold(service: &Service, disk: &Medium) -> Result<Medium, ComputeError> {
    let name = format!("pallet-model-{}", disk.id);
    remove_remains(service, &name, &disk.id).await?;
    let node_name = NodeName::new(name.as_str())
        .map_err(|error| ComputeError::failed("cannot name the machine that holds a model").source(error))?;
    let making = service.ledger.begin(Entry { id: MachineId::random(), name: node_name, group: None })?;
    let id = making.entry.id.clone();
    match make_holder(service, &id, &name, disk).await {
        Ok(disk) => {
            making.complete()?;
            Ok(disk)
        }
        Err(error) => Err(destroy::undo(service, &id, error).await),
    }
}

/// Removes the holders of this disk that hold it no more, or never came to hold it.
async fn remove_remains(service: &Service, name: &str, disk: &MediumId) -> Result<(), ComputeError> {
    for listed in list::machines(&service.vbox).await? {
        if listed.name.as_deref() != Some(name) {
            continue;
        }
        let extra = extradata::get(&service.vbox, Place::Machine(&listed.id)).await?;
        if extra.get(tags::HOLDER).map(String::as_str) != Some(disk.as_str()) {
            return Err(ComputeError::input(format!(
                "the machine {} has the name {name}, which is ours, and does not carry our tag",
                listed.id
            ))
            .hint("rename it, or remove it if nobody needs it"));
        }
        destroy::remove(service, &listed.id).await?;
    }
    Ok(())
}

async fn make_holder(
    service: &Service,
    id: &MachineId,
    name: &str,
    disk: &Medium,
) -> Result<Medium, ComputeError> {
    let vbox = &service.vbox;
    let machine = CreateVm {
        id: id.clone(),
        name: name.to_owned(),
        os_type: "Other_64".to_owned(),
        group: format!("{}/models", service.settings.group),
        base_folder: service.settings.node_path.clone(),
    };
    createvm::run(vbox, &machine).await?;
    extradata::set(vbox, Place::Machine(id), tags::HOLDER, Some(disk.id.as_str())).await?;
    storage::add_controller(vbox, id).await?;
    // A disk that lost its holder is multi-attach already, and as such cannot be attached to the new one.
    if disk.kind == MediumKind::MultiAttach {
        medium::set_kind(vbox, &disk.id, &MediumKind::Normal).await?;
    }
    storage::attach_disk(vbox, id, disk.id.as_str(), Attach::Directly).await?;
    let attached = showvminfo::run(vbox, id).await?.attachments;
    for attachment in &attached {
        storage::detach(vbox, id, attachment).await?;
    }
    medium::set_kind(vbox, &disk.id, &MediumKind::MultiAttach).await?;
    // A disk with children is not attached itself, not even here: VirtualBox puts a difference over it.
    for difference in attached.iter().filter(|attachment| attachment.medium != disk.id) {
        closemedium::delete(vbox, &difference.medium).await?;
    }
    verified(medium::show(vbox, disk.id.as_str()).await?)
}

fn verified(disk: Medium) -> Result<Medium, ComputeError> {
    if disk.kind == MediumKind::MultiAttach {
        return Ok(disk);
    }
    Err(ComputeError::failed(format!(
        "the disk {} was made multi-attach and yet is {}",
        disk.location.display(),
        disk.kind.as_str()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::spec::ImageDefinition;

    fn model() -> Model {
        let definition = ImageDefinition { path: "/srv/m.vdi".into(), ..ImageDefinition::default() };
        crate::image::Models::default().select(Some(&definition.into())).expect("a model")
    }

    fn disk(kind: MediumKind) -> Medium {
        Medium {
            id: MediumId::parse("64a43b38-92a2-4fd0-87c9-a24f2b4707b2").expect("a UUID"),
            parent: None,
            kind,
            location: "/srv/m.vdi".into(),
            accessible: true,
            users: vec![],
        }
    }

    #[test]
    fn only_a_disk_that_nobody_writes_to_is_a_model() {
        let refused = |disk: Medium| usable(&model(), &disk).err().map(|error| error.message);
        assert_eq!(refused(disk(MediumKind::Normal)), None);
        assert_eq!(refused(disk(MediumKind::MultiAttach)), None);
        let cannot = |why: &str| Some(format!("the image `/srv/m.vdi` cannot be used: its disk {why}"));
        let used = Medium { users: vec!["mail (UUID: 1)".to_owned()], ..disk(MediumKind::Normal) };
        assert_eq!(refused(used), cannot("is attached to mail (UUID: 1)"));
        let child = Medium { parent: Some(disk(MediumKind::Normal).id), ..disk(MediumKind::Differencing) };
        assert_eq!(refused(child), cannot("is the difference to another disk"));
        assert_eq!(refused(disk(MediumKind::Other("immutable".into()))), cannot("is of the type immutable"));
        let gone = Medium { accessible: false, ..disk(MediumKind::MultiAttach) };
        assert_eq!(refused(gone), cannot("cannot be read"));
    }
}
