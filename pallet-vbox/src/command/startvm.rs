//! `startvm`: switches a machine on.

use crate::machine::MachineId;
use crate::vboxmanage::{Call, CallError, VBoxManage};
use std::time::Duration;

/// How a machine shows itself while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Session {
    /// Not at all.
    #[default]
    Headless,
    /// In a window; closing the window stops it.
    Gui,
    /// In a bare window.
    Sdl,
    /// In a window that can be closed and opened while it runs.
    Separate,
}

impl Session {
    pub(crate) const ALL: &[Session] = &[Session::Headless, Session::Gui, Session::Sdl, Session::Separate];

    /// Returns the session of this name.
    pub(crate) fn parse(name: &str) -> Option<Session> {
        Session::ALL.iter().copied().find(|session| session.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Session::Headless => "headless",
            Session::Gui => "gui",
            Session::Sdl => "sdl",
            Session::Separate => "separate",
        }
    }
}

/// Starts the machine and returns when its process runs; the guest has not booted then.
pub(crate) async fn run(vbox: &VBoxManage, id: &MachineId, session: Session) -> Result<(), CallError> {
    // Restoring the memory of a saved machine can take minutes.
    let call = Call::new(format!("start the machine {id}"), arguments(id, session))
        .repeatable()
        .within(Duration::from_secs(300));
    vbox.run(call).await.map(drop)
}

fn arguments(id: &MachineId, session: Session) -> [String; 3] {
    ["startvm".to_owned(), id.to_string(), format!("--type={}", session.as_str())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_started_without_a_window() {
        let id = MachineId::parse("11111111-2222-4333-8444-555555555555").expect("a UUID");
        assert_eq!(arguments(&id, Session::default())[2], "--type=headless");
    }
}
