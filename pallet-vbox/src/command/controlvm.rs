//! `controlvm`: what can be done to a machine that runs.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::time::Duration;

/// Something to do to a machine that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// Presses its power button: the guest shuts itself down, if it listens.
    PowerButton,
    /// Pulls its plug.
    PowerOff,
    /// Holds it where it is.
    Pause,
    /// Lets it go on after a pause.
    Resume,
    /// Presses its reset button.
    Reset,
    /// Writes its memory to a file and ends it.
    SaveState,
}

impl Control {
    fn argument(self) -> &'static str {
        match self {
            Control::PowerButton => "acpipowerbutton",
            Control::PowerOff => "poweroff",
            Control::Pause => "pause",
            Control::Resume => "resume",
            Control::Reset => "reset",
            Control::SaveState => "savestate",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Control::PowerButton => "shut down",
            Control::PowerOff => "switch off",
            Control::Pause => "pause",
            Control::Resume => "resume",
            Control::Reset => "reset",
            Control::SaveState => "save the memory of",
        }
    }

    /// Writing gigabytes of memory takes its time.
    fn limit(self) -> Duration {
        Duration::from_secs(if self == Control::SaveState { 600 } else { 60 })
    }
}

/// Does it, and tells whether the machine was running at all.
pub(crate) async fn run(vbox: &VBoxManage, id: &MachineId, control: Control) -> Result<bool, CallError> {
    let call = Call::new(format!("{} the machine {id}", control.words()), arguments(id, control));
    match vbox.run(call.repeatable().within(control.limit())).await {
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
