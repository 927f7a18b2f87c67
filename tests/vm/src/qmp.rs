//! QEMU's control socket: one command and its answer at a time.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long QEMU may take for an answer. It emulates while it is asked, on a machine that may be busy.
const LIMIT: Duration = Duration::from_secs(60);

/// A connection to a QEMU that runs.
#[derive(Debug)]
pub struct Qmp {
    answers: BufReader<UnixStream>,
    commands: UnixStream,
}

impl Qmp {
    /// Connects to the socket of a QEMU.
    ///
    /// # Errors
    ///
    /// When nobody answers there.
    pub fn connect(socket: &Path) -> Result<Qmp, String> {
        let fail = |error: std::io::Error| format!("QEMU at {}: {error}", socket.display());
        let commands = UnixStream::connect(socket).map_err(fail)?;
        commands.set_read_timeout(Some(LIMIT)).map_err(fail)?;
        let answers = BufReader::new(commands.try_clone().map_err(fail)?);
        let mut qmp = Qmp { answers, commands };
        qmp.message()?;
        qmp.run("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Runs a command and returns what it answers.
    ///
    /// # Errors
    ///
    /// What QEMU says against it, or that it says nothing.
    pub fn run(&mut self, command: &str, arguments: Value) -> Result<Value, String> {
        let line = json!({ "execute": command, "arguments": arguments });
        writeln!(self.commands, "{line}").map_err(|error| format!("{command}: {error}"))?;
        loop {
            let message = self.message()?;
            if let Some(answer) = message.get("return") {
                return Ok(answer.clone());
            }
            if let Some(error) = message.get("error") {
                return Err(format!("{command}: {}", error["desc"].as_str().unwrap_or("no reason")));
            }
            // Anything else is an event, and nobody waits for one.
        }
    }

    fn message(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let read =
            self.answers.read_line(&mut line).map_err(|error| format!("QEMU says nothing: {error}"))?;
        if read == 0 {
            return Err("QEMU has ended".to_owned());
        }
        serde_json::from_str(&line).map_err(|error| format!("QEMU says {line}: {error}"))
    }
}
