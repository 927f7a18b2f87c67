//! `storagectl` and `storageattach`: controllers, and the media in their drives.

use crate::hardware::{Controller, Device, Place};
use crate::machine::{Attachment, MachineId};
use crate::vboxmanage::{Call, CallError, VBoxManage};

/// Adds a controller to a machine.
pub(crate) async fn add_controller(
    vbox: &VBoxManage,
    id: &MachineId,
    controller: &Controller,
) -> Result<(), CallError> {
    let doing = format!("add the controller {} to the machine {id}", controller.name);
    vbox.run(Call::new(doing, controller_arguments(id, controller))).await.map(drop)
}

/// How the boot disk is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attach {
    /// Itself, to be written to.
    Directly,
    /// Through a differencing disk of the machine's own.
    ThroughDifference,
    /// Through one that is emptied when the machine is switched on.
    ThroughForgetfulDifference,
}

impl Attach {
    /// Without it a disk that is of no such type would be attached itself, and written to. With it, that fails.
    fn medium_type(self) -> Option<&'static str> {
        match self {
            Attach::Directly => None,
            Attach::ThroughDifference => Some("multiattach"),
            Attach::ThroughForgetfulDifference => Some("immutable"),
        }
    }
}

/// Puts a disk into a place.
pub(crate) async fn attach_disk(
    vbox: &VBoxManage,
    id: &MachineId,
    place: &Place,
    medium: &str,
    attach: Attach,
) -> Result<(), CallError> {
    let call = Call::new(
        format!("attach the disk {medium} to the machine {id}"),
        attach_arguments(id, place, medium, attach),
    );
    vbox.run(call).await.map(drop)
}

/// Puts a drive with its medium into a place. A disk that is made for the node is given by its path.
pub(crate) async fn attach_device(
    vbox: &VBoxManage,
    id: &MachineId,
    place: &Place,
    device: &Device,
    made: &str,
) -> Result<(), CallError> {
    let (kind, medium) = match device {
        Device::Disk(medium) => ("hdd", medium.as_str()),
        Device::New(_) => ("hdd", made),
        Device::Dvd(medium) => ("dvddrive", medium.as_str()),
        Device::Floppy(medium) => ("fdd", medium.as_str()),
    };
    let mut args = place_arguments(id, place);
    args.extend(["--type", kind, "--medium", medium].map(str::to_owned));
    vbox.run(Call::new(format!("attach {medium} to the machine {id}"), args)).await.map(drop)
}

/// The name of the controller of a machine that asks for none.
pub(crate) const CONTROLLER: &str = "SATA";

/// The port of that controller that a CD drive is on, where there is one.
pub(crate) const CD_PORT: u32 = 1;

/// Gives a machine a CD drive, or puts a CD into it.
pub(crate) async fn cd_drive(vbox: &VBoxManage, id: &MachineId, cd: Option<&str>) -> Result<(), CallError> {
    let call = Call::new(format!("put a CD into the machine {id}"), cd_arguments(id, cd));
    vbox.run(call).await.map(drop)
}

fn cd_arguments(id: &MachineId, cd: Option<&str>) -> Vec<String> {
    let place = Place { controller: CONTROLLER.to_owned(), port: CD_PORT, device: 0 };
    let mut args = place_arguments(id, &place);
    args.extend(["--type", "dvddrive", "--medium", cd.unwrap_or("emptydrive")].map(str::to_owned));
    args
}

/// Takes a medium out of a drive. The medium stays.
pub(crate) async fn detach(vbox: &VBoxManage, id: &MachineId, what: &Attachment) -> Result<(), CallError> {
    let call = Call::new(
        format!("detach {} from the machine {id}", what.location.display()),
        detach_arguments(id, what),
    );
    vbox.run(call.repeatable()).await.map(drop)
}

fn controller_arguments(id: &MachineId, controller: &Controller) -> Vec<String> {
    let on_off = |on: bool| if on { "on" } else { "off" };
    let ports = controller.ports.map(|ports| ports.to_string());
    // `--name=X --add=sata` alone is refused as too few parameters: it counts arguments.
    let mut args = vec!["storagectl", id.as_str(), "--name", &controller.name];
    args.extend(["--add", controller.bus.argument(), "--controller", controller.chip]);
    if let Some(ports) = &ports {
        args.extend(["--portcount", ports]);
    }
    args.extend(["--bootable", on_off(controller.bootable)]);
    if let Some(cache) = controller.host_io_cache {
        args.extend(["--hostiocache", on_off(cache)]);
    }
    args.into_iter().map(str::to_owned).collect()
}

fn attach_arguments(id: &MachineId, place: &Place, medium: &str, attach: Attach) -> Vec<String> {
    let mut args = place_arguments(id, place);
    args.extend(["--type", "hdd", "--medium", medium].map(str::to_owned));
    if let Some(medium_type) = attach.medium_type() {
        args.extend(["--mtype", medium_type].map(str::to_owned));
    }
    args
}

fn detach_arguments(id: &MachineId, what: &Attachment) -> Vec<String> {
    let Attachment { controller, port, device, .. } = what;
    let place = Place { controller: controller.clone(), port: *port, device: *device };
    let mut args = place_arguments(id, &place);
    args.extend(["--medium", "none"].map(str::to_owned));
    args
}

fn place_arguments(id: &MachineId, place: &Place) -> Vec<String> {
    let (port, device) = (place.port.to_string(), place.device.to_string());
    ["storageattach", id.as_str(), "--storagectl", &place.controller, "--port", &port, "--device", &device]
        .map(str::to_owned)
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::MediumId;

    fn place() -> Place {
        Place { controller: "SATA".to_owned(), port: 0, device: 0 }
    }

    fn id() -> MachineId {
        MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID")
    }

    #[test]
    fn a_model_is_attached_through_a_difference() {
        let args = attach_arguments(&id(), &place(), "/m.vdi", Attach::ThroughDifference).join(" ");
        assert_eq!(
            args,
            format!(
                "storageattach {} --storagectl SATA --port 0 --device 0 --type hdd --medium /m.vdi \
                 --mtype multiattach",
                id()
            )
        );
        assert!(!attach_arguments(&id(), &place(), "/m.vdi", Attach::Directly).join(" ").contains("--mtype"));
    }

    #[test]
    fn a_drive_is_emptied_where_it_is() {
        let what = Attachment {
            controller: "IDE 1".to_owned(),
            port: 1,
            device: 0,
            location: "/x.iso".into(),
            medium: MediumId::parse("64a43b38-92a2-4fd0-87c9-a24f2b4707b2").expect("a UUID"),
        };
        let args = detach_arguments(&id(), &what);
        assert_eq!(args[2..], ["--storagectl", "IDE 1", "--port", "1", "--device", "0", "--medium", "none"]);
    }

    #[test]
    fn the_controller_is_bootable() {
        assert_eq!(
            controller_arguments(&id(), &Controller::usual())[2..].join(" "),
            "--name SATA --add sata --controller IntelAhci --portcount 4 --bootable on"
        );
    }
}
