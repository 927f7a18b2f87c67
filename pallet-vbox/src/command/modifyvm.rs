//! `modifyvm`: settings of a machine that is switched off.

use crate::machine::MachineId;
use crate::problem::Problem;
use crate::vboxmanage::{Call, VBoxManage};
use pallet::compute::ComputeError;

/// Changes settings, all in one call.
///
/// An interface that does not exist is only a warning for VBoxManage, and the machine could then not start; here
/// it is an error.
pub(crate) async fn run(vbox: &VBoxManage, id: &MachineId, settings: &[String]) -> Result<(), ComputeError> {
    let call = Call::new(format!("set up the machine {id}"), arguments(id, settings));
    let answer = vbox.run(call).await?;
    match missing_interface(&answer.stderr) {
        None => Ok(()),
        Some(interface) => Err(no_such_interface(interface)),
    }
}

/// Returns the error about a host-only interface that does not exist.
pub(crate) fn no_such_interface(interface: &str) -> ComputeError {
    Problem::NoHostOnly(interface.to_owned()).into()
}

fn arguments(id: &MachineId, settings: &[String]) -> Vec<String> {
    let mut args = vec!["modifyvm".to_owned(), id.to_string()];
    args.extend(settings.iter().cloned());
    args
}

fn missing_interface(stderr: &str) -> Option<&str> {
    stderr.lines().find_map(|line| {
        line.trim()
            .strip_prefix("VBoxManage: warning: Interface \"")?
            .strip_suffix("\" doesn't seem to exist")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_go_in_one_call() {
        let id = MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID");
        let settings = ["--cpus=2".to_owned(), "--memory=512".to_owned()];
        assert_eq!(arguments(&id, &settings), ["modifyvm", id.as_str(), "--cpus=2", "--memory=512"]);
    }

    #[test]
    fn a_warning_about_an_interface_is_found() {
        let stderr = include_str!("../samples/modifyvm-no-interface.txt");
        assert_eq!(missing_interface(stderr), Some("vboxnet0"));
        assert_eq!(missing_interface("VBoxManage: warning: hm\n"), None);
    }
}
