//! Scripts: several commands of which each must end well, or a program in another language.

use super::{Exec, Setting};
use crate::graph::{AnyHandle, Handle, record};
use crate::script::Script;
use crate::text::{self, Text};

/// What reads a script, in the place of the node's `sh`.
#[derive(Debug, Default)]
pub(super) struct Interpreter {
    program: String,
    arguments: Vec<Text>,
}

/// Runs a script, as root: like [`exec`](super::exec()), but it ends with the first command that fails (`set -e`), and
/// another program can read it.
///
/// The script reaches its interpreter on standard input, so what is in it, secrets too, shows in no process list, and
/// no file is left.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// exec_script("cd /srv/app\n./configure\nmake install").creates("/usr/local/bin/app");
/// exec_script("import sys\nprint(sys.argv[1])").interpreter("python3").argument("hello");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn exec_script(script: impl Into<Text>) -> Handle<Exec> {
    record(Exec {
        command: script.into(),
        setting: Setting { checked: true, ..Setting::default() },
        has_value: false,
    })
}

impl Handle<Exec> {
    /// Has another program read the script: `python3`, `perl`, `bash`. It is given `-` for the script, or `-s` if it
    /// is a shell, and then the arguments.
    #[track_caller]
    pub fn interpreter(self, program: impl Into<String>) -> Self {
        self.edit(|exec| exec.setting.interpreter.get_or_insert_default().program = program.into())
    }

    /// Gives the script another argument. Not for secrets: arguments show in the node's process list.
    #[track_caller]
    pub fn argument(self, argument: impl Into<Text>) -> Self {
        self.edit(|exec| exec.setting.interpreter.get_or_insert_default().arguments.push(argument.into()))
    }
}

impl Interpreter {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.program.starts_with('-') {
            return Err(format!("{:?} cannot be the name of an interpreter", self.program));
        }
        if self.arguments.iter().any(Text::is_secret) {
            return Err(
                "an argument shows in the process list: give the secret in `env`, or in the script".into()
            );
        }
        Ok(())
    }

    pub(super) fn values(&self) -> Vec<AnyHandle> {
        text::values(&mut self.arguments.iter())
    }

    fn program(&self) -> &str {
        if self.program.is_empty() { "sh" } else { &self.program }
    }

    pub(super) fn is_shell(&self) -> bool {
        let name = self.program().rsplit('/').next().unwrap_or_default();
        ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"].contains(&name)
    }

    /// Adds the command that reads the script from its standard input.
    pub(super) fn words(&self, mut script: Script) -> Script {
        script = script.word(self.program()).code(if self.is_shell() { " -s --" } else { " -" });
        for argument in &self.arguments {
            script = script.code(" ").word(argument.clone());
        }
        script
    }
}
