//! What a run sees of the world around its process: arguments, variables, streams, the user. Given as a value, so
//! that the whole command line can be run in a test.

use crate::report::Sink;
use pallet::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What surrounds a run.
#[derive(Clone)]
pub struct World {
    /// The command line, the program first.
    pub args: Vec<OsString>,
    /// The environment variables that are valid text.
    pub vars: BTreeMap<String, String>,
    /// The current directory.
    pub cwd: PathBuf,
    /// Standard output.
    pub stdout: Stream,
    /// Standard error.
    pub stderr: Stream,
    /// The user who can be asked.
    pub prompts: Arc<dyn Prompts>,
    /// Whether interrupts of the process are handled. A process can do that once.
    pub interruptible: bool,
}

/// A stream that is written to.
#[derive(Clone)]
pub struct Stream {
    /// Where the text goes.
    pub sink: Sink,
    /// Whether that is a terminal.
    pub terminal: bool,
}

/// Somebody who can be asked.
pub trait Prompts: Send + Sync {
    /// Tells whether anybody is there.
    fn interactive(&self) -> bool;

    /// Asks a question and returns the line that was answered.
    ///
    /// # Errors
    ///
    /// When nothing can be read.
    fn ask(&self, question: &str) -> io::Result<String>;

    /// Asks for a secret, which is not shown while it is typed.
    ///
    /// # Errors
    ///
    /// When nothing can be read.
    fn secret(&self, question: &str) -> io::Result<Secret>;
}

impl World {
    /// Returns the world around this process.
    pub fn of_this_process() -> Self {
        let vars = std::env::vars_os();
        World {
            args: std::env::args_os().collect(),
            vars: vars.filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect(),
            // Without a current directory only absolute paths work, which are refused one by one where they fail.
            cwd: std::env::current_dir().unwrap_or_default(),
            stdout: Stream { sink: Arc::new(Mutex::new(io::stdout())), terminal: io::stdout().is_terminal() },
            stderr: Stream { sink: Arc::new(Mutex::new(io::stderr())), terminal: io::stderr().is_terminal() },
            prompts: Arc::new(Console),
            interruptible: true,
        }
    }

    /// Returns a variable, unless it is empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The user at the terminal of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Console;

impl Prompts for Console {
    fn interactive(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn ask(&self, question: &str) -> io::Result<String> {
        let mut stderr = io::stderr();
        write!(stderr, "{question} ")?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    fn secret(&self, question: &str) -> io::Result<Secret> {
        rpassword::prompt_password(format!("{question} ")).map(Secret::new)
    }
}
