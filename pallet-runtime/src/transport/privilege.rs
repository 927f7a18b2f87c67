//! From the login user to root: opens a program as root at the exact point where it reads its first byte.
//!
//! sudo and doas share the program's streams, so what is sent at the wrong moment is read by the wrong side: a
//! password by a shell, or a script by the password prompt. Hence nothing is sent before its reader has announced
//! itself with a mark made for this one opening: the password only after the prompt's mark, the program's text
//! only after the mark that the program's own shell prints as root. Passwords are in no argument and no variable.

mod dialogue;
mod script;

use super::{Channel, Outcome, Stage, Terminal, Transport, TransportError};
use dialogue::{Dialogue, Heard};
use pallet::Secret;
use script::{Marks, Tool};
use std::time::Duration;

/// How long sudo, doas or a login shell may take for its next word. PAM makes a wrong password wait some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the login user becomes root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Privilege {
    /// Not at all: it is root, or has to do without.
    None,
    /// With sudo.
    Sudo {
        /// The password, if sudo asks for one.
        password: Option<Secret>,
    },
    /// With doas.
    Doas {
        /// The password, if doas asks for one.
        password: Option<Secret>,
    },
    /// As needed: not at all for root, with sudo where it is installed, else with doas.
    Auto {
        /// The password, if one is asked for.
        password: Option<Secret>,
    },
}

impl Privilege {
    fn password(&self) -> Option<&Secret> {
        match self {
            Privilege::None => None,
            Privilege::Sudo { password } | Privilege::Doas { password } | Privilege::Auto { password } => {
                password.as_ref()
            }
        }
    }
}

/// Starts `program` (such as `exec sh`) as root and returns its streams. The next byte sent is the first that it
/// reads; the first byte received is the first that it writes.
///
/// # Errors
///
/// With [`Stage::Privilege`] and what to do about it: a wrong or missing password, a user who may not, no sudo or
/// doas. Errors of the transport pass through.
pub async fn open_root(
    transport: &dyn Transport,
    privilege: &Privilege,
    program: &str,
) -> Result<Channel, TransportError> {
    let password = privilege.password();
    let mut plan = Plan::first(privilege);
    loop {
        let error = match attempt(transport, plan, password, program).await {
            Ok(channel) => return Ok(channel),
            Err(Failure::Transport(error)) => return Err(error),
            Err(error) => error,
        };
        match plan.next(&error, password.is_some()) {
            Some(next) => plan = next,
            None => return Err(error.into_transport_error()),
        }
    }
}

/// One way to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    way: Way,
    terminal: Terminal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    Sudo,
    Doas,
    Auto,
}

impl Plan {
    fn first(privilege: &Privilege) -> Plan {
        let way = match privilege {
            Privilege::None => Way::Direct,
            Privilege::Sudo { .. } => Way::Sudo,
            Privilege::Doas { .. } => Way::Doas,
            Privilege::Auto { .. } => Way::Auto,
        };
        Plan { way, terminal: Terminal::None }
    }

    /// Returns what to try after this failed, if anything: the same with a terminal, where that was the reason.
    fn next(self, failure: &Failure, password: bool) -> Option<Plan> {
        if self.terminal == Terminal::Pseudo {
            return None;
        }
        match failure {
            Failure::NeedsTerminal(tool) => Some(Plan { way: tool.way(), terminal: Terminal::Pseudo }),
            // doas reads passwords from a terminal and from nothing else.
            Failure::NeedsPassword(Tool::Doas) if password => {
                Some(Plan { way: Way::Doas, terminal: Terminal::Pseudo })
            }
            _ => None,
        }
    }
}

impl Tool {
    fn way(self) -> Way {
        match self {
            Tool::Sudo => Way::Sudo,
            Tool::Doas => Way::Doas,
        }
    }
}

async fn attempt(
    transport: &dyn Transport,
    plan: Plan,
    password: Option<&Secret>,
    program: &str,
) -> Result<Channel, Failure> {
    let marks = Marks::random().map_err(|error| Failure::Transport(no_randomness(&error)))?;
    let command = script::command(plan.way, plan.terminal, password.is_some(), &marks, program);
    let channel = transport.open(&command, plan.terminal).await.map_err(Failure::Transport)?;
    let mut dialogue = Dialogue::new(channel, plan.terminal, marks);
    let mut asked = false;
    loop {
        match dialogue.listen(PATIENCE).await {
            Heard::Ready => return Ok(dialogue.into_channel()),
            Heard::Prompt if asked => return Err(Failure::WrongPassword(dialogue.tool(plan.way))),
            Heard::Prompt => {
                asked = true;
                let Some(password) = password else {
                    return Err(Failure::NeedsPassword(dialogue.tool(plan.way)));
                };
                dialogue.send_line(password).await;
            }
            Heard::End(outcome) => return Err(understand(&dialogue, plan.way, asked, outcome)),
            Heard::Silence => return Err(Failure::Silent(dialogue.last_words())),
        }
    }
}

/// Why a way did not lead to root.
#[derive(Debug)]
enum Failure {
    Transport(TransportError),
    WrongPassword(Tool),
    NeedsPassword(Tool),
    NeedsTerminal(Tool),
    NotAllowed(Tool, String),
    Absent(Option<Tool>),
    Silent(String),
    Ended(Outcome, String),
}

/// Returns why the command ended before the program began, from the words of sudo or doas in the C locale.
fn understand(dialogue: &Dialogue, way: Way, asked: bool, outcome: Outcome) -> Failure {
    let words = dialogue.last_words();
    if matches!(outcome, Outcome::ConnectionLost(_) | Outcome::TimedOut) {
        return Failure::Ended(outcome, words);
    }
    if dialogue.neither() {
        return Failure::Absent(None);
    }
    let tool = dialogue.tool(way);
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if outcome == Outcome::Exited(127) && way != Way::Direct {
        Failure::Absent(Some(tool))
    } else if says(&["must have a tty", "a tty is required"]) {
        Failure::NeedsTerminal(tool)
    } else if says(&[
        "not in the sudoers file",
        "is not allowed to",
        "may not run sudo",
        "Operation not permitted",
    ]) {
        Failure::NotAllowed(tool, words)
    } else if says(&["incorrect password", "Authentication failed"])
        || (asked && says(&["no password was provided"]))
    {
        Failure::WrongPassword(tool)
    } else if says(&["password is required", "no askpass program", "Authentication required"]) {
        Failure::NeedsPassword(tool)
    } else {
        Failure::Ended(outcome, words)
    }
}

impl Failure {
    fn into_transport_error(self) -> TransportError {
        if let Failure::Transport(error) = self {
            return error;
        }
        let (message, hint) = self.words();
        TransportError { stage: Stage::Privilege, message, hint, transient: false }
    }

    fn words(&self) -> (String, Option<String>) {
        match self {
            Failure::Transport(error) => (error.message.clone(), error.hint.clone()),
            Failure::WrongPassword(tool) => (
                format!("{tool} refused the password"),
                Some("check the sudo password of the login user".to_owned()),
            ),
            Failure::NeedsPassword(tool) => {
                (format!("{tool} asks for a password and none was given"), Some(tool.hint_password()))
            }
            Failure::NeedsTerminal(tool) => (
                format!("{tool} insists on a terminal, and refuses the one it gets"),
                Some("allow it without: `Defaults:USER !requiretty` in sudoers".to_owned()),
            ),
            Failure::NotAllowed(tool, words) => {
                (format!("{tool} does not let the login user become root: {words}"), Some(tool.hint_allow()))
            }
            Failure::Absent(Some(tool)) => (
                format!("there is no {tool} on the node"),
                Some(format!("install {tool} there, or log in as root")),
            ),
            Failure::Absent(None) => (
                "the login user is not root, and there is neither sudo nor doas on the node".to_owned(),
                Some("install sudo there, or log in as root".to_owned()),
            ),
            Failure::Silent(words) => (
                format!("no root shell after {} s{}", PATIENCE.as_secs(), said(words)),
                Some("log in by hand and see what sudo or the login shell waits for".to_owned()),
            ),
            Failure::Ended(outcome, words) => {
                (format!("the way to a root shell ended: {outcome}{}", said(words)), None)
            }
        }
    }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(", after saying: {words}") }
}

fn no_randomness(error: &getrandom::Error) -> TransportError {
    let message = format!("the system gives no random numbers: {error}");
    TransportError { stage: Stage::Privilege, message, hint: None, transient: false }
}

#[cfg(test)]
mod tests;
