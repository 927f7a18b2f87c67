//! Stopping and removing machines, so that no disk goes that is not the machine's own.
//!
//! `unregistervm --delete` deletes what is attached, and in some constellations the base of what is attached. So before
//! it is called nothing is attached any more: what does not lie in the machine's own folder was detached, and each disk
//! in that folder was deleted by itself, which never touches its base.

use crate::command::controlvm::{self, Control};
use crate::command::medium::{self, Medium, MediumKind};
use crate::command::unregistervm::{self, Files};
use crate::command::{closemedium, discardstate, list, showvminfo, storage};
use crate::ledger::Making;
use crate::machine::{MachineId, MachineInfo, MediumId, VmState, lies_in};
use crate::service::Service;
use crate::tags::{self, Members};
use crate::{boot_disk, create, holder, lock, seed, unreadable};
use pallet::compute::{ComputeError, HostCommand};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a machine may take to be off after its plug was pulled.
const OFF_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(250);

/// Removes a node. That it is one of ours has been checked.
pub(crate) async fn remove(service: &Service, id: &MachineId) -> Result<(), ComputeError> {
    let vbox = &service.vbox;
    let mut bases = Vec::new();
    match showvminfo::run(vbox, id).await {
        Err(error) if error.is_not_found() => {}
        Err(error) if error.is_inaccessible() => return Err(inaccessible(id)),
        Err(error) => return Err(error.into()),
        Ok(info) => {
            switch_off(service, &info).await?;
            let media = list::disks(vbox).await?;
            bases = bases_of(&info, &media).into_iter().cloned().collect();
            if info.has_snapshots {
                remove_with_snapshots(service, &info, &bases).await?;
            } else {
                empty(service, &info, &media).await?;
                unregistervm::run(vbox, id, Files::Delete).await?;
            }
            remove_console(service, &info).await;
            boot_disk::remove_unknown(service, &info).await?;
        }
    }
    tags::forget(vbox, id).await?;
    service.ledger.forget(id)?;
    for base in &bases {
        still_there(service, base).await?;
    }
    Ok(())
}

/// Undoes a creation that failed, and returns the error to report.
pub(crate) async fn undo(service: &Service, id: &MachineId, error: ComputeError) -> ComputeError {
    match remove(service, id).await {
        Ok(()) => error,
        Err(left) => left_over(id, error, &left),
    }
}

/// Returns the error about a creation that failed and could not be undone.
pub(crate) fn left_over(id: &MachineId, error: ComputeError, left: &ComputeError) -> ComputeError {
    ComputeError::failed(format!("{error}, and the machine {id} is left over because of: {left}"))
        .hint("it is removed before the next creation or removal; what hindered that must be gone by then")
        .source(error)
}

/// Removes what was left by creations whose process is gone.
pub(crate) async fn sweep(service: &Service) -> Result<(), ComputeError> {
    for abandoned in service.ledger.abandoned()? {
        settle(service, &abandoned).await?;
    }
    Ok(())
}

async fn settle(service: &Service, abandoned: &Making) -> Result<(), ComputeError> {
    let id = &abandoned.entry.id;
    match showvminfo::run(&service.vbox, id).await {
        Err(error) if error.is_inaccessible() => unreadable::remove(service, &abandoned.entry).await,
        _ if abandoned.entry.group.is_none() => holder::remove(service, id).await,
        Ok(info) => {
            let members = Members::read(&service.vbox).await?;
            match members.get(id).is_some_and(|member| create::is_complete(&info, member)) {
                // It had come to its end and was only not written down.
                true => abandoned.complete(),
                // Ours by its UUID, which we chose.
                false => remove(service, id).await,
            }
        }
        Err(error) if error.is_not_found() => remove(service, id).await,
        Err(error) => Err(error.into()),
    }
}

/// Shuts a node down: gracefully if it will, else by pulling its plug.
pub(crate) async fn stop(service: &Service, info: &MachineInfo) -> Result<(), ComputeError> {
    let (vbox, id) = (&service.vbox, &info.id);
    match info.state {
        VmState::Off => return Ok(()),
        VmState::Saved => {
            return Err(ComputeError::failed(format!("the node {} is saved, not running", info.name)).hint(
                format!("start it and stop it then, or drop its state with `VBoxManage discardstate {id}`"),
            ));
        }
        VmState::Paused => drop(controlvm::run(vbox, id, Control::Resume).await?),
        VmState::Running | VmState::Stuck | VmState::Changing(_) => {}
    }
    let graceful = info.state != VmState::Stuck && controlvm::run(vbox, id, Control::PowerButton).await?;
    if graceful && wait_until_off(service, id, service.settings.stop_timeout).await?.is_none() {
        return Ok(());
    }
    pull_the_plug(service, info).await
}

/// Ends a machine at once, whatever it is doing, and drops its saved memory.
pub(crate) async fn switch_off(service: &Service, info: &MachineInfo) -> Result<(), ComputeError> {
    match info.state {
        VmState::Off => Ok(()),
        VmState::Saved => Ok(discardstate::run(&service.vbox, &info.id).await?),
        _ => pull_the_plug(service, info).await,
    }
}

async fn pull_the_plug(service: &Service, info: &MachineInfo) -> Result<(), ComputeError> {
    controlvm::run(&service.vbox, &info.id, Control::PowerOff).await?;
    match wait_until_off(service, &info.id, OFF_LIMIT).await? {
        None => Ok(()),
        Some(state) => Err(ComputeError::failed(format!(
            "the machine {} was switched off and is {state} after {} s",
            info.name,
            OFF_LIMIT.as_secs()
        ))
        .hint(format!("see whether its process hangs: `ps ax | grep {}`", info.id))),
    }
}

/// Waits until a machine is off, and returns its state if it is not at the end.
async fn wait_until_off(
    service: &Service,
    id: &MachineId,
    limit: Duration,
) -> Result<Option<VmState>, ComputeError> {
    let deadline = Instant::now() + limit;
    loop {
        let state = showvminfo::run(&service.vbox, id).await?.state;
        if state == VmState::Off {
            return Ok(None);
        }
        if Instant::now() >= deadline {
            return Ok(Some(state));
        }
        sleep(PAUSE).await;
    }
}

/// VirtualBox deletes the files that it knows to be its own; what the guest wrote to its serial port is none of them.
async fn remove_console(service: &Service, info: &MachineInfo) {
    let Some(console) = info.console.as_deref().filter(|console| info.owns(console)) else { return };
    let console_folder = console.parent().unwrap_or(info.folder());
    let mut commands = vec![HostCommand::new("rm").args(["-f", "--", &console.display().to_string()])];
    let folders = [console_folder, info.folder()].map(|folder| folder.display().to_string());
    commands.extend(folders.map(|folder| HostCommand::new("rmdir").args(["--", &folder])));
    for command in &commands {
        // A file that stays is in nobody's way, and a folder stays while something else is in it.
        let _ = service.vbox.runner().run(command).await;
    }
}

/// Detaches everything and deletes the machine's own disks.
pub(crate) async fn empty(
    service: &Service,
    info: &MachineInfo,
    media: &[Medium],
) -> Result<(), ComputeError> {
    for attachment in &info.attachments {
        match seed::is_in(info, attachment) {
            // The drive stays: it tells whoever has to finish this that there is a CD to remove.
            true => storage::cd_drive(&service.vbox, &info.id, None).await?,
            false => storage::detach(&service.vbox, &info.id, attachment).await?,
        }
    }
    for disk in own_disks(info.folder(), media) {
        closemedium::delete(&service.vbox, &disk.id).await?;
    }
    seed::remove(service, info).await
}

/// Snapshots hold on to disks that cannot be detached, so here VirtualBox must delete them. It keeps its hands off a
/// base that is multi-attach or immutable; that it is, and stays so meanwhile, is what the lock is for.
async fn remove_with_snapshots(
    service: &Service,
    info: &MachineInfo,
    bases: &[Medium],
) -> Result<(), ComputeError> {
    let mut locks = Vec::new();
    for base in bases {
        locks.push(lock::acquire(&holder::lock_file(service, &base.id)).await?);
        let kind = medium::show(&service.vbox, base.id.as_str()).await?.kind;
        if !matches!(kind, MediumKind::MultiAttach | MediumKind::Immutable) {
            return Err(in_danger(info, base));
        }
    }
    for attachment in info.attachments.iter().filter(|attachment| !info.owns(&attachment.location)) {
        storage::detach(&service.vbox, &info.id, attachment).await?;
    }
    unregistervm::run(&service.vbox, &info.id, Files::Delete).await?;
    seed::remove(service, info).await
}

/// Returns the disks that go with the machine of this folder, children before their parents. A disk that may be the base
/// of others' disks is not among them, even if somebody put it into the machine's folder.
pub(crate) fn own_disks<'a>(folder: &Path, media: &'a [Medium]) -> Vec<&'a Medium> {
    let own = |disk: &Medium| {
        lies_in(folder, &disk.location) && matches!(disk.kind, MediumKind::Normal | MediumKind::Differencing)
    };
    let is_base_of_others =
        |disk: &Medium| media.iter().any(|child| child.parent.as_ref() == Some(&disk.id) && !own(child));
    let mut disks: Vec<&Medium> = media.iter().filter(|disk| own(disk) && !is_base_of_others(disk)).collect();
    disks.sort_by_key(|disk| std::cmp::Reverse(depth(disk, media)));
    disks
}

fn depth(disk: &Medium, media: &[Medium]) -> usize {
    std::iter::successors(Some(disk), |disk| parent(disk, media)).take(media.len()).count()
}

fn parent<'a>(disk: &Medium, media: &'a [Medium]) -> Option<&'a Medium> {
    let id: &MediumId = disk.parent.as_ref()?;
    media.iter().find(|medium| medium.id == *id)
}

/// Returns the disks outside the machine's folder that disks in it are differences to.
fn bases_of<'a>(info: &MachineInfo, media: &'a [Medium]) -> Vec<&'a Medium> {
    let mut bases: Vec<&Medium> = Vec::new();
    for disk in media.iter().filter(|disk| info.owns(&disk.location)) {
        if let Some(base) = parent(disk, media).filter(|base| !info.owns(&base.location))
            && !bases.contains(&base)
        {
            bases.push(base);
        }
    }
    bases
}

async fn still_there(service: &Service, base: &Medium) -> Result<(), ComputeError> {
    let found = medium::show(&service.vbox, base.id.as_str()).await;
    if found.is_ok_and(|found| found.accessible && found.location == base.location) {
        return Ok(());
    }
    Err(ComputeError::failed(format!("the disk {} cannot be read any more", base.location.display()))
        .hint("the node itself is gone; see `VBoxManage showmediuminfo disk` on what became of its base"))
}

/// Returns the error about a machine that VirtualBox cannot read.
pub(crate) fn inaccessible(id: &MachineId) -> ComputeError {
    ComputeError::failed(format!("VirtualBox cannot read the settings of the machine {id}")).hint(format!(
        "repair its settings file, or, if it is not needed, remove it with `VBoxManage unregistervm {id}`"
    ))
}

fn in_danger(info: &MachineInfo, base: &Medium) -> ComputeError {
    ComputeError::failed(format!(
        "the machine {} has snapshots over the disk {}, which VirtualBox might delete with it",
        info.name,
        base.location.display()
    ))
    .hint("delete its snapshots (`VBoxManage snapshot … delete`), then destroy it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> MediumId {
        MediumId::parse(&format!("{n:08x}-0000-4000-8000-000000000000")).expect("a UUID")
    }

    fn disk(n: u8, parent: Option<u8>, kind: MediumKind, location: &str) -> Medium {
        Medium {
            id: id(n),
            parent: parent.map(id),
            kind,
            location: location.into(),
            accessible: true,
            users: vec![],
        }
    }

    fn machine() -> MachineInfo {
        MachineInfo {
            id: MachineId::random(),
            name: "web-1".to_owned(),
            settings_file: "/n/web-1/web-1.vbox".into(),
            state: VmState::Off,
            changed: String::new(),
            adapters: vec![],
            attachments: vec![],
            has_snapshots: false,
            console: None,
            frontend: None,
            has_cd_drive: false,
        }
    }

    fn numbers(disks: Vec<&Medium>) -> Vec<&str> {
        disks.into_iter().map(|disk| &disk.id.as_str()[6..8]).collect()
    }

    #[test]
    fn only_disks_in_the_own_folder_go_and_children_first() {
        use MediumKind::{Differencing, MultiAttach, Normal};
        let media = [
            disk(1, None, MultiAttach, "/m/base.vdi"),
            disk(2, Some(1), Differencing, "/n/web-1/Snapshots/a.vdi"),
            disk(3, Some(2), Differencing, "/n/web-1/Snapshots/b.vdi"),
            disk(4, Some(1), Differencing, "/n/web-10/Snapshots/c.vdi"),
            disk(5, None, Normal, "/n/web-1/data.vdi"),
        ];
        assert_eq!(numbers(own_disks(machine().folder(), &media)), ["03", "02", "05"]);
        assert_eq!(numbers(bases_of(&machine(), &media)), ["01"]);
    }

    #[test]
    fn a_base_of_others_stays_wherever_it_is() {
        use MediumKind::{Differencing, MultiAttach, Normal};
        let media = [
            disk(1, None, Normal, "/n/web-1/base.vdi"),
            disk(2, Some(1), Differencing, "/n/other/Snapshots/a.vdi"),
            disk(3, None, MultiAttach, "/n/web-1/model.vdi"),
        ];
        assert!(own_disks(machine().folder(), &media).is_empty());
    }
}
