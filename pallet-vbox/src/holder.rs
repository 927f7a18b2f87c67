//! Model disks, and the machines that exist to hold them.
//!
//! VirtualBox lets several machines work on one disk, each with a difference of its own, if the disk is of the type
//! *multi-attach*. It accepts that type only for a disk in the registry of a machine, never for one in the global
//! registry, where every disk begins. So a machine is made that holds the disk: the disk is attached to it, which moves
//! it to the machine's registry, detached again, and then made multi-attach. The holder has no disk attached, is never
//! started and is not a node.
//!
//! A holder is the one machine that has a model attached itself, for a moment. So it is never removed together with
//! its files: VirtualBox would delete what is attached at that moment, and nobody can be sure what that is while another
//! process is at work. Its settings are deleted by name.
//!
//! When somebody removes the holder, the disk goes back to the global registry and keeps its type, and from then on no
//! machine can be attached to it. That is noticed and repaired here.

use crate::command::createvm::{self, CreateVm};
use crate::command::extradata::{self, Place};
use crate::command::list::Listed;
use crate::command::medium::{self, Medium, MediumKind};
use crate::command::storage::{self, Attach};
use crate::command::unregistervm::{self, Files};
use crate::command::{closemedium, showvminfo};
use crate::hardware::{Controller, Place as Port};
use crate::image::{Disk, Model, list};
use crate::ledger::Entry;
use crate::machine::{MachineId, MediumId};
use crate::service::Service;
use crate::vboxmanage::CallError;
use crate::{command, destroy, lock, tags};
use pallet::compute::{ComputeError, HostCommand};
use pallet::name::NodeName;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long another process is given to make a holder, which takes it a second or two, before what it left is taken
/// for abandoned.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(250);

/// Returns a model's disk once machines can be attached to it, at the cost of one call if they can already.
///
/// A holder that was removed is only noticed by [`attached`], or here if the disk is immutable, which VirtualBox lets
/// machines be attached to without a holder, and then moves to the registry of the first of them.
pub(crate) async fn ready(service: &Service, model: &Model) -> Result<Medium, ComputeError> {
    let disk = show(service, model).await?;
    let Some(kind) = list::wanted_kind(model) else { return Ok(disk) };
    if is_held(service, &disk, &kind).await? {
        return Ok(disk);
    }
    let _lock = lock::acquire(&lock_file(service, &disk.id)).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Another process may have done it while we waited.
        let disk = show(service, model).await?;
        if is_held(service, &disk, &kind).await? {
            return Ok(disk);
        }
        // An immutable disk stays what it is whoever holds it: holders that are there are not at work on it.
        if let Some(held) = hold_in_turn(service, &disk, &kind, deadline).await? {
            return Ok(held);
        }
    }
}

async fn is_held(service: &Service, disk: &Medium, kind: &MediumKind) -> Result<bool, ComputeError> {
    Ok(disk.kind == *kind
        && (*kind != MediumKind::Immutable || !holders(service, &disk.id).await?.is_empty()))
}

/// Attaches a disk that stands on a multi-attach model, after the repair of the model's holder if it needs one.
pub(crate) async fn attached<F: Future<Output = Result<(), CallError>>>(
    service: &Service,
    model: &Medium,
    attach: impl Fn() -> F,
) -> Result<(), ComputeError> {
    match attach().await {
        Err(error) if has_no_holder(&error) => {}
        other => return Ok(other?),
    }
    let _lock = lock::acquire(&lock_file(service, &model.id)).await?;
    let deadline = Instant::now() + PATIENCE;
    let mut is_repaired = false;
    loop {
        match attach().await {
            Err(error) if has_no_holder(&error) && !is_repaired => {}
            other => return Ok(other?),
        }
        let model = medium::show(&service.vbox, model.id.as_str()).await?;
        is_repaired = hold_in_turn(service, &model, &MediumKind::MultiAttach, deadline).await?.is_some();
    }
}

/// Makes a holder for a disk unless another process is making one, of another service, since those of ours wait for
/// each other's lock. Returns `None` after a pause in which that process may have come to its end.
async fn hold_in_turn(
    service: &Service,
    disk: &Medium,
    kind: &MediumKind,
    deadline: Instant,
) -> Result<Option<Medium>, ComputeError> {
    let is_late = Instant::now() >= deadline;
    let others = holders(service, &disk.id).await?;
    if is_late || others.is_empty() {
        for abandoned in &others {
            remove(service, abandoned).await?;
        }
        return hold(service, disk, kind).await.map(Some);
    }
    sleep(PAUSE).await;
    Ok(None)
}

/// What the names of all holders of a disk begin with.
fn holder_name(disk: &MediumId) -> String {
    format!("pallet-model-{disk}")
}

/// Returns the machines that were made to hold a disk.
pub(crate) async fn holders(service: &Service, disk: &MediumId) -> Result<Vec<MachineId>, CallError> {
    let name = holder_name(disk);
    let is_named_so = |listed: &Listed| listed.name.as_ref().is_some_and(|listed| listed.starts_with(&name));
    let mut holders = Vec::new();
    for listed in command::list::machines(&service.vbox).await?.into_iter().filter(is_named_so) {
        match extradata::get(&service.vbox, Place::Machine(&listed.id)).await {
            // A name is no proof: the tag is.
            Ok(extra) if extra.get(tags::HOLDER).map(String::as_str) == Some(disk.as_str()) => {
                holders.push(listed.id);
            }
            Ok(_) => {}
            Err(error) if error.is_not_found() || error.is_inaccessible() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(holders)
}

/// Removes a holder that is not needed or was not completed. The disk stays whatever happens meanwhile.
pub(crate) async fn remove(service: &Service, id: &MachineId) -> Result<(), ComputeError> {
    match showvminfo::run(&service.vbox, id).await {
        Err(error) if error.is_not_found() => {}
        Err(error) if error.is_inaccessible() => return Err(destroy::inaccessible(id)),
        Err(error) => return Err(error.into()),
        Ok(info) => {
            destroy::empty(service, &info, &command::list::disks(&service.vbox).await?).await?;
            unregistervm::run(&service.vbox, id, Files::Keep).await?;
            remove_settings(service, &info.settings_file).await;
        }
    }
    service.ledger.forget(id)
}

/// Deletes the settings of a machine by name, and its folders if they are empty then. What cannot be deleted, or not on
/// this kind of host, is a file that is in nobody's way: no two holders have the same name.
pub(crate) async fn remove_settings(service: &Service, settings: &Path) {
    let folder = settings.parent().unwrap_or(settings);
    let folders = [folder.join("Snapshots"), folder.to_owned()].map(|folder| folder.display().to_string());
    let settings = settings.display().to_string();
    let previous = format!("{settings}-prev");
    let mut commands = vec![HostCommand::new("rm").args(["-f", "--", &settings, &previous])];
    commands.extend(folders.map(|folder| HostCommand::new("rmdir").args(["--", &folder])));
    for command in &commands {
        // See above: whether it succeeds makes no difference.
        let _ = service.vbox.runner().run(command).await;
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
pub(crate) fn usable(model: &Model, disk: &Medium) -> Result<(), ComputeError> {
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
    if let Some(why) = unfit(model, disk) {
        return refuse(
            why,
            "make it an ordinary disk with `VBoxManage modifymedium disk … --type normal` when no node stands on it",
        );
    }
    // While another process is just making the holder, it is attached to that.
    let foreign: Vec<&str> = disk
        .users
        .iter()
        .map(String::as_str)
        .filter(|user| !user.starts_with(&holder_name(&disk.id)))
        .collect();
    match disk.kind {
        MediumKind::Normal if !foreign.is_empty() => refuse(
            format!("is attached to {}", foreign.join(", ")),
            "detach it there, or make a copy to serve as the model with `VBoxManage clonemedium`",
        ),
        _ => Ok(()),
    }
}

/// Returns why a disk of this type is not one that nodes could use as their model says.
pub(crate) fn unfit(model: &Model, disk: &Medium) -> Option<String> {
    match (list::wanted_kind(model), &disk.kind) {
        // Any disk can be copied, if nobody writes to it.
        (None, _) | (Some(_), MediumKind::Normal) => None,
        (Some(wanted), kind) if wanted == *kind => None,
        (Some(wanted), kind) => Some(format!(
            "is of the type {}, and `attach = \"{}\"` needs {}",
            kind.as_str(),
            model.attach,
            wanted.as_str()
        )),
    }
}

/// Makes a machine that holds the disk. The caller has the disk's lock.
async fn hold(service: &Service, disk: &Medium, kind: &MediumKind) -> Result<Medium, ComputeError> {
    let id = MachineId::random();
    let (unique, _) = id.as_str().split_at(8);
    let name = NodeName::new(format!("{}-{unique}", holder_name(&disk.id)))
        .map_err(|error| ComputeError::failed("cannot name the machine that holds a model").source(error))?;
    let making = service.ledger.begin(Entry { id, name, group: None })?;
    let Entry { id, name, .. } = &making.entry;
    match make_holder(service, id, name.as_str(), disk, kind).await {
        Ok(disk) => {
            making.complete()?;
            Ok(disk)
        }
        Err(error) => match remove(service, id).await {
            Ok(()) => Err(error),
            Err(left) => Err(destroy::left_over(id, error, &left)),
        },
    }
}

async fn make_holder(
    service: &Service,
    id: &MachineId,
    name: &str,
    disk: &Medium,
    kind: &MediumKind,
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
    let controller = Controller::usual();
    storage::add_controller(vbox, id, &controller).await?;
    // A disk that lost its holder has its type already, and as such cannot be attached to the new one itself.
    if disk.kind != MediumKind::Normal {
        medium::set_kind(vbox, &disk.id, &MediumKind::Normal).await?;
    }
    let port = Port { controller: controller.name, port: 0, device: 0 };
    // By its path: a disk that VirtualBox was only asked about is unknown again when its server ends, some seconds after
    // the last call, unless something has saved the registry meanwhile.
    let file = disk.location.display().to_string();
    storage::attach_disk(vbox, id, &port, &file, Attach::Directly).await?;
    let attached = showvminfo::run(vbox, id).await?.attachments;
    for attachment in &attached {
        storage::detach(vbox, id, attachment).await?;
    }
    medium::set_kind(vbox, &disk.id, kind).await?;
    // A disk with children is not attached itself, not even here: VirtualBox puts a difference over it.
    for difference in attached.iter().filter(|attachment| attachment.medium != disk.id) {
        closemedium::delete(vbox, &difference.medium).await?;
    }
    verified(medium::show(vbox, disk.id.as_str()).await?, kind)
}

fn verified(disk: Medium, kind: &MediumKind) -> Result<Medium, ComputeError> {
    if disk.kind == *kind {
        return Ok(disk);
    }
    Err(ComputeError::failed(format!(
        "the disk {} was made {} and yet is {}",
        disk.location.display(),
        kind.as_str(),
        disk.kind.as_str()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet::spec::{Attach, ImageDefinition};

    fn model(attach: Attach) -> Model {
        let definition =
            ImageDefinition { path: "/srv/m.vdi".into(), attach: Some(attach), ..ImageDefinition::default() };
        crate::image::Models::default().select(Some(&definition.into())).expect("a model").model
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
        let refused =
            |disk: Medium| usable(&model(Attach::MultiAttach), &disk).err().map(|error| error.message);
        assert_eq!(refused(disk(MediumKind::Normal)), None);
        assert_eq!(refused(disk(MediumKind::MultiAttach)), None);
        let held = format!("{} (UUID: 1)", holder_name(&disk(MediumKind::Normal).id));
        assert_eq!(refused(Medium { users: vec![held], ..disk(MediumKind::Normal) }), None);
        let cannot = |why: &str| Some(format!("the image `/srv/m.vdi` cannot be used: its disk {why}"));
        let used = Medium { users: vec!["mail (UUID: 1)".to_owned()], ..disk(MediumKind::Normal) };
        assert_eq!(refused(used), cannot("is attached to mail (UUID: 1)"));
        let child = Medium { parent: Some(disk(MediumKind::Normal).id), ..disk(MediumKind::Differencing) };
        assert_eq!(refused(child), cannot("is the difference to another disk"));
        let mixed = "is of the type immutable, and `attach = \"multi-attach\"` needs multiattach";
        assert_eq!(refused(disk(MediumKind::Immutable)), cannot(mixed));
        usable(&model(Attach::Immutable), &disk(MediumKind::Immutable)).expect("as it should be");
        usable(&model(Attach::FullCopy), &disk(MediumKind::MultiAttach)).expect("any disk can be copied");
        let gone = Medium { accessible: false, ..disk(MediumKind::MultiAttach) };
        assert_eq!(refused(gone), cannot("cannot be read"));
    }
}
