//! From a disk of any format to a VDI of its own, which nobody else has or knows.

use super::Work;
use super::kind::Format;
use super::unpack::FoundDisk;
use crate::command::{closemedium, list, medium};
use crate::host;
use crate::service::Service;
use pallet::compute::{ComputeError, HostCommand};

/// Makes a VDI of a disk, with a UUID of its own.
pub(super) async fn to_vdi(service: &Service, work: &Work<'_>, disk: &FoundDisk) -> Result<(), ComputeError> {
    let (from, to) = (disk.path.display().to_string(), work.path("disk.vdi").display().to_string());
    let remove = HostCommand::new("rm").args(["-f", "--", to.as_str()]);
    host::run(work.runner, &format!("remove {to}"), &remove).await?;
    match disk.format {
        Format::Raw => Ok(medium::convert_from_raw(&service.vbox, &from, &to).await?),
        Format::Qcow2 if has_qemu(work).await? => by_qemu(work, &from, &to).await,
        Format::Qcow2 => by_virtualbox(service, &from, &to).await.map_err(|error| {
            error.hint(
                "VirtualBox itself reads only some of these disks: install qemu-img (qemu-utils) on the host",
            )
        }),
        Format::Vdi | Format::Vmdk | Format::Vhd => by_virtualbox(service, &from, &to).await,
    }
}

/// VirtualBox notes both disks in its registry, and is made to forget those that it did not know before.
async fn by_virtualbox(service: &Service, from: &str, to: &str) -> Result<(), ComputeError> {
    let vbox = &service.vbox;
    let was_known = list::disks(vbox).await?.iter().any(|disk| disk.location.display().to_string() == from);
    let cloned = medium::clone(vbox, from, to).await;
    for (disk, forget) in [(from, !was_known), (to, true)] {
        if forget && list::disks(vbox).await?.iter().any(|known| known.location.display().to_string() == disk)
        {
            closemedium::forget(vbox, disk).await?;
        }
    }
    Ok(cloned?)
}

async fn has_qemu(work: &Work<'_>) -> Result<bool, ComputeError> {
    let look = host::script("command -v qemu-img", []);
    Ok(host::try_run(work.runner, "look for qemu-img", &look).await?.is_ok())
}

/// With the format named: else the disk could pretend to be another.
async fn by_qemu(work: &Work<'_>, from: &str, to: &str) -> Result<(), ComputeError> {
    let convert = HostCommand::new("qemu-img").args(["convert", "-f", "qcow2", "-O", "vdi", from, to]);
    host::run(work.runner, &format!("convert {from}"), &host::within(convert, 240)).await.map(drop)
}
