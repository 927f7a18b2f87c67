//! `controlvm`: what can be done to a machine that runs.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};

/// Something to do to a machine that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// Presses its power button: the guest shuts itself down, if it listens.
    PowerButton,
    /// Pulls its plug.
    PowerOff,
    /// Lets it go on after a pause.
    Resume,
}

impl Control {
    fn argument(self) -> &'static str {
        match self {
            Control::PowerButton => "acpipowerbutton",
            Control::PowerOff => "poweroff",
            Control::Resume => "resume",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Control::PowerButton => "shut down",
            Control::PowerOff => "switch off",
            Control::Resume => "resume",
        }
    }
}

/// Does it, and tells whether the machine was running at all.
pub(crate) async fn run(vbox: &VBoxManage, id: &MachineId, control: Control) -> Result<bool, CallError> {
    let call = Call::new(format!("{} the machine {id}", control.words()), arguments(id, control));
    match vbox.run(call.repeatable()).await {
        Ok(_) => Ok(true),
        // It stopped by itself meanwhile.
        Err(error) if error.says("is not currently running") => Ok(false),
        Err(error) => Err(error),
    }
}

fn arguments(id: &MachineId, control: Control) -> [&str; 3] {
    ["controlvm", id.as_str(), control.argument()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_comes_last() {
        let id = MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID");
        assert_eq!(arguments(&id, Control::PowerOff), ["controlvm", id.as_str(), "poweroff"]);
    }
}
