//! Images with cloud-init: a small CD in each node's drive tells it its name and makes the admin user.
//!
//! It is what cloud-init calls the data source NoCloud: a file system with the label `cidata`, and in it `meta-data`,
//! `user-data` and `network-config`. Nothing on it is secret: a name, public keys, and the addresses of the adapters.
//!
//! The drive is there before the CD is, so that a machine whose making was cut off tells that there may be a CD.

mod iso;
mod text;

use crate::command::{closemedium, showvminfo, storage};
use crate::host;
use crate::machine::{Attachment, MachineId, MachineInfo};
use crate::service::Service;
use pallet::Secret;
use pallet::compute::{AdminAccount, ComputeError, HostCommand};

/// The file of the CD, in the node's folder.
const FILE: &str = "seed.iso";
/// The name by which cloud-init finds the file system.
const LABEL: &str = "cidata";

/// Returns the account that an image with cloud-init is told to make.
pub(crate) fn admin(service: &Service) -> Result<&AdminAccount, ComputeError> {
    service.admin.as_ref().ok_or_else(|| {
        ComputeError::input("the image makes the admin user by itself, and there is no public key to give it")
            .hint("make a key with `ssh-keygen -t ed25519`, or name one with `private-key-path` in `[admin-user]`")
    })
}

/// Puts a CD for cloud-init into a machine.
pub(crate) async fn insert(service: &Service, id: &MachineId) -> Result<(), ComputeError> {
    let admin = admin(service)?;
    storage::cd_drive(&service.vbox, id, None).await?;
    let info = showvminfo::run(&service.vbox, id).await?;
    let file = file(&info);
    let image = iso::image(
        LABEL,
        &[
            ("meta-data", text::meta_data(id.as_str(), &info.name)),
            ("network-config", text::network_config(&info.adapters)),
            ("user-data", text::user_data(admin)),
        ],
    );
    let mut write = host::script(r#"cat >"$1""#, [file.as_str()]);
    write.stdin = Some(Secret::new(image));
    host::run(service.vbox.runner(), &format!("write {file}"), &write).await?;
    Ok(storage::cd_drive(&service.vbox, id, Some(&file)).await?)
}

/// Tells whether what is in a drive of a machine is its CD for cloud-init.
pub(crate) fn is_in(info: &MachineInfo, drive: &Attachment) -> bool {
    (drive.controller.as_str(), drive.port) == (storage::CONTROLLER, storage::CD_PORT)
        && drive.location == info.folder().join(FILE)
}

/// Removes the CD of a machine that may have one, after its drive was emptied.
pub(crate) async fn remove(service: &Service, info: &MachineInfo) -> Result<(), ComputeError> {
    if !info.has_cd_drive {
        return Ok(());
    }
    let file = file(info);
    closemedium::forget_cd(&service.vbox, &file).await?;
    let rm = HostCommand::new("rm").args(["-f", "--", &file]);
    host::run(service.vbox.runner(), &format!("remove {file}"), &rm).await.map(drop)
}

fn file(info: &MachineInfo) -> String {
    info.folder().join(FILE).display().to_string()
}
