//! `unregistervm`: removes a machine.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::time::Duration;

/// Removes a machine and its folder.
///
/// With the machine go the disks that are still attached to it. The base of a differencing disk goes too if it is an
/// ordinary disk without other children, so [`destroy`](crate::destroy) leaves nothing attached.
pub(crate) async fn delete(vbox: &VBoxManage, id: &MachineId) -> Result<(), CallError> {
    let call = Call::new(format!("remove the machine {id}"), arguments(id))
        .repeatable()
        .within(Duration::from_secs(300));
    match vbox.run(call).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}

fn arguments(id: &MachineId) -> [&str; 3] {
    // Without `--delete` the folder stays, and the next machine of that name cannot be made.
    ["unregistervm", id.as_str(), "--delete"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_goes_too() {
        let id = MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID");
        assert_eq!(arguments(&id)[2], "--delete");
    }
}
