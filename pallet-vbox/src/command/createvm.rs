//! `createvm`: makes and registers an empty machine.

use super::field;
use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, Unexpected, VBoxManage, Version};
use std::path::{Path, PathBuf};

/// An empty machine to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateVm {
    pub(crate) id: MachineId,
    pub(crate) name: String,
    pub(crate) os_type: String,
    /// VirtualBox's group, which is also a part of the path of the machine's folder.
    pub(crate) group: String,
    /// The folder that machines live in, or VirtualBox's own.
    pub(crate) base_folder: Option<PathBuf>,
}

/// Makes the machine and returns the folder that is its own.
pub(crate) async fn run(vbox: &VBoxManage, machine: &CreateVm) -> Result<PathBuf, CallError> {
    let doing = || format!("create the machine {}", machine.name);
    let answer = vbox.run(Call::new(doing(), arguments(machine, vbox.version()))).await?;
    parse(&answer.stdout).map_err(|what| CallError::unexpected(doing(), what))
}

fn parse(stdout: &str) -> Result<PathBuf, Unexpected> {
    let file = stdout.lines().find_map(|line| field(line, "Settings file"));
    let file = file.and_then(|file| file.strip_prefix('\'')?.strip_suffix('\''));
    let folder = file.and_then(|file| Path::new(file).parent());
    folder.map(Path::to_owned).ok_or_else(|| Unexpected::new("a line `Settings file: '…'`", stdout))
}

fn arguments(machine: &CreateVm, version: Version) -> Vec<String> {
    let mut args = vec![
        "createvm".to_owned(),
        format!("--name={}", machine.name),
        // An identity that was written down before: a creation that is killed can be recognised.
        format!("--uuid={}", machine.id),
        format!("--ostype={}", machine.os_type),
        format!("--groups={}", machine.group),
        // Without it the machine is a file that nothing else finds.
        "--register".to_owned(),
    ];
    if let Some(folder) = &machine.base_folder {
        args.push(format!("--basefolder={}", folder.display()));
    }
    // 7.1 brought machines for ARM and with them the question; 7.0 knows no such option.
    if version.is_at_least(7, 1) {
        args.push("--platform-architecture=x86".to_owned());
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> CreateVm {
        CreateVm {
            id: MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID"),
            name: "web-1".to_owned(),
            os_type: "Debian12_64".to_owned(),
            group: "/pallet/lab".to_owned(),
            base_folder: Some("/srv/no des".into()),
        }
    }

    #[test]
    fn the_answer_tells_the_folder() {
        let folder = parse(include_str!("../samples/createvm.txt"));
        assert_eq!(folder, Ok("/srv/nodes/pallet/lab/web-1".into()));
        assert!(parse("").is_err());
    }

    #[test]
    fn the_architecture_is_told_from_7_1_on() {
        let args = |minor| arguments(&machine(), Version { major: 7, minor, patch: 0 }).join("|");
        assert_eq!(
            args(0),
            "createvm|--name=web-1|--uuid=11111111-2222-4333-8444-555555555555|--ostype=Debian12_64|\
             --groups=/pallet/lab|--register|--basefolder=/srv/no des"
        );
        assert_eq!(args(1), format!("{}|--platform-architecture=x86", args(0)));
        assert_eq!(args(2), args(1));
    }
}
