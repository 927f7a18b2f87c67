//! `unregistervm`: removes a machine.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::time::Duration;

/// Whether a machine's files go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    /// All of them: the settings, and the disks that are attached at that moment. The base of a differencing disk goes
    /// too if it is an ordinary disk without other children.
    Delete,
    /// None.
    Keep,
}

/// Removes a machine from the registry. A machine that is gone already is not an error.
pub(crate) async fn run(vbox: &VBoxManage, id: &MachineId, files: Files) -> Result<(), CallError> {
    let call = Call::new(format!("remove the machine {id}"), arguments(id, files))
        .repeatable()
        .within(Duration::from_secs(300));
    match vbox.run(call).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}

fn arguments(id: &MachineId, files: Files) -> Vec<&str> {
    let delete = (files == Files::Delete).then_some("--delete");
    ["unregistervm", id.as_str()].into_iter().chain(delete).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_deleted_only_on_request() {
        let id = MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID");
        assert_eq!(arguments(&id, Files::Keep), ["unregistervm", id.as_str()]);
        assert_eq!(arguments(&id, Files::Delete), ["unregistervm", id.as_str(), "--delete"]);
    }
}
