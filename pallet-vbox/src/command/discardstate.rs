//! `discardstate`: drops the saved memory of a machine, which then is switched off.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};

/// Drops the saved memory: the same as a power cut at the moment it was saved.
pub(crate) async fn run(vbox: &VBoxManage, id: &MachineId) -> Result<(), CallError> {
    let call = Call::new(format!("drop the saved state of the machine {id}"), ["discardstate", id.as_str()]);
    vbox.run(call).await.map(drop)
}
