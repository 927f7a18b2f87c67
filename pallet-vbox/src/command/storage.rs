//! `storagectl` and `storageattach`: controllers, and the media in their drives.

use crate::machine::{Attachment, MachineId};
use crate::vboxmanage::{Call, CallError, VBoxManage};

/// The name of the controller that the boot disk of a machine of ours is on.
pub(crate) const CONTROLLER: &str = "SATA";

/// Adds a SATA controller to a machine.
pub(crate) async fn add_controller(vbox: &VBoxManage, id: &MachineId) -> Result<(), CallError> {
    let call = Call::new(format!("add a disk controller to the machine {id}"), controller_arguments(id));
    vbox.run(call).await.map(drop)
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

/// Puts a disk on the first port of our controller.
pub(crate) async fn attach_disk(
    vbox: &VBoxManage,
    id: &MachineId,
    medium: &str,
    attach: Attach,
) -> Result<(), CallError> {
    let call = Call::new(
        format!("attach the disk {medium} to the machine {id}"),
        attach_arguments(id, medium, attach),
    );
    vbox.run(call).await.map(drop)
}

/// The port of our controller that a CD drive is on, where there is one.
pub(crate) const CD_PORT: u32 = 1;

/// Gives a machine a CD drive, or puts a CD into it.
pub(crate) async fn cd_drive(vbox: &VBoxManage, id: &MachineId, cd: Option<&str>) -> Result<(), CallError> {
    let call = Call::new(format!("put a CD into the machine {id}"), cd_arguments(id, cd));
    vbox.run(call).await.map(drop)
}

fn cd_arguments(id: &MachineId, cd: Option<&str>) -> Vec<String> {
    let mut args = place(id, CONTROLLER, CD_PORT, 0);
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

fn controller_arguments(id: &MachineId) -> Vec<String> {
    // `--name=X --add=sata` alone is refused as too few parameters: it counts arguments.
    ["storagectl", id.as_str(), "--name", CONTROLLER, "--add", "sata", "--controller", "IntelAhci"]
        .into_iter()
        // Each port that exists is scanned at boot; one is for the boot disk, three for what may come.
        .chain(["--portcount", "4", "--bootable", "on"])
        .map(str::to_owned)
        .collect()
}

fn attach_arguments(id: &MachineId, medium: &str, attach: Attach) -> Vec<String> {
    let mut args = place(id, CONTROLLER, 0, 0);
    args.extend(["--type", "hdd", "--medium", medium].map(str::to_owned));
    if let Some(medium_type) = attach.medium_type() {
        args.extend(["--mtype", medium_type].map(str::to_owned));
    }
    args
}

fn detach_arguments(id: &MachineId, what: &Attachment) -> Vec<String> {
    let mut args = place(id, &what.controller, what.port, what.device);
    args.extend(["--medium", "none"].map(str::to_owned));
    args
}

fn place(id: &MachineId, controller: &str, port: u32, device: u32) -> Vec<String> {
    let (port, device) = (port.to_string(), device.to_string());
    ["storageattach", id.as_str(), "--storagectl", controller, "--port", &port, "--device", &device]
        .map(str::to_owned)
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::MediumId;

    fn id() -> MachineId {
        MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID")
    }

    #[test]
    fn a_model_is_attached_through_a_difference() {
        let args = attach_arguments(&id(), "/m.vdi", Attach::ThroughDifference).join(" ");
        assert_eq!(
            args,
            format!(
                "storageattach {} --storagectl SATA --port 0 --device 0 --type hdd --medium /m.vdi \
                 --mtype multiattach",
                id()
            )
        );
        assert!(!attach_arguments(&id(), "/m.vdi", Attach::Directly).join(" ").contains("--mtype"));
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
        assert!(controller_arguments(&id()).join(" ").ends_with("--bootable on"));
    }
}
