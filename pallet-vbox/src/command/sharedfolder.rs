//! `sharedfolder`: folders of the host that guests see.

use crate::hardware::Share;
use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};

/// Adds a folder to a machine. VirtualBox refuses one that does not exist.
pub(crate) async fn add(vbox: &VBoxManage, id: &MachineId, share: &Share) -> Result<(), CallError> {
    let doing = format!("share the folder {} with the machine {id}", share.host_path.display());
    vbox.run(Call::new(doing, arguments(id, share))).await.map(drop)
}

fn arguments(id: &MachineId, share: &Share) -> Vec<String> {
    let mut args = vec!["sharedfolder".to_owned(), "add".to_owned(), id.to_string()];
    args.push(format!("--name={}", share.name));
    args.push(format!("--hostpath={}", share.host_path.display()));
    if !share.writable {
        args.push("--readonly".to_owned());
    }
    if share.auto_mount {
        args.push("--automount".to_owned());
    }
    args.extend(share.mount_point.iter().map(|point| format!("--auto-mount-point={point}")));
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_only_unless_it_says_otherwise() {
        let id = MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID");
        let share = Share {
            name: "src".to_owned(),
            host_path: "/srv/src".into(),
            auto_mount: true,
            writable: false,
            mount_point: Some("/src".to_owned()),
        };
        let args = |share: &Share| arguments(&id, share)[3..].join(" ");
        assert_eq!(
            args(&share),
            "--name=src --hostpath=/srv/src --readonly --automount --auto-mount-point=/src"
        );
        let writable = Share { writable: true, auto_mount: false, mount_point: None, ..share };
        assert_eq!(args(&writable), "--name=src --hostpath=/srv/src");
    }
}
