//! Removes a model that was added: its definition, its disk, and the machine that holds it.
//!
//! This is the one place where the disk of a model is deleted, on request, and VirtualBox itself refuses it while the
//! disk has children or is attached.

use super::list::{children, known};
use super::{Defined, Model, Source};
use crate::command::{closemedium, list};
use crate::service::Service;
use crate::{holder, host, lock};
use pallet::compute::{ComputeError, HostCommand};
use pallet::name::did_you_mean;
use std::path::PathBuf;

/// Removes the model. What was removed when this fails does not hinder the next attempt.
pub(crate) async fn remove(service: &Service, id: &str) -> Result<(), ComputeError> {
    let models = service.read_images().await?;
    let defined = models.all().get(id).ok_or_else(|| {
        let near = did_you_mean(id, models.all().keys().map(String::as_str));
        let error = ComputeError::input(format!("no image model `{id}`"));
        match near {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`images` lists them"),
        }
    })?;
    let (model, definition) = removable(id, defined)?;
    remove_disk(service, model).await?;
    let (disk, definition) = (model.disk.argument(), definition.display().to_string());
    // The disk too: one that VirtualBox does not know is not deleted by it. The definition goes last.
    let rm = HostCommand::new("rm").args(["-f", "--", disk.as_str(), definition.as_str()]);
    host::run(service.vbox.runner(), &format!("remove the image {id}"), &rm).await?;
    service.read_images().await.map(drop)
}

fn removable<'a>(id: &str, defined: &'a Defined) -> Result<(&'a Model, &'a PathBuf), ComputeError> {
    let refuse = || {
        ComputeError::input(format!("the image `{id}` was not added by `image add`"))
            .hint(format!("it is defined in {}: remove it there; its disk is yours", defined.source))
    };
    match (&defined.source, &defined.model) {
        (Source::File { path, .. }, Ok(model))
            if model.added.is_some()
                && path.file_name().is_some_and(|name| name == format!("{id}.toml").as_str()) =>
        {
            Ok((model, path))
        }
        _ => Err(refuse()),
    }
}

async fn remove_disk(service: &Service, model: &Model) -> Result<(), ComputeError> {
    let disks = list::disks(&service.vbox).await?;
    let Some(disk) = known(model, &disks) else { return Ok(()) };
    let _lock = lock::acquire(&holder::lock_file(service, &disk.id)).await?;
    // Whoever held the lock may have made a node meanwhile.
    let disks = list::disks(&service.vbox).await?;
    let Some(disk) = known(model, &disks) else { return Ok(()) };
    match children(disk, &disks) {
        0 => {}
        used => {
            return Err(ComputeError::input(format!(
                "the image `{}` is in use: {used} {} on its disk",
                model.name,
                if used == 1 { "disk stands" } else { "disks stand" }
            ))
            .hint("destroy the nodes that were made from it first; `nodes` lists those of a service"));
        }
    }
    for id in holder::holders(service, &disk.id).await? {
        holder::remove(service, &id).await?;
    }
    match closemedium::delete(&service.vbox, &disk.id).await {
        // A disk that VirtualBox was only asked about is unknown again when its server ends, some seconds after the last
        // call. Then its file is all there is.
        Err(error) if error.is_not_found() => Ok(()),
        deleted => Ok(deleted?),
    }
}
