//! Commands: run for their effect, or read for their output.

mod script;

pub use script::exec_script;

use super::attributes::GivenPath;
use crate::action::{Action, Diff, View};
use crate::condition::Condition;
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Handle, Value, check_variable, record};
use crate::name::AccountName;
use crate::probe::Probe;
use crate::script::{COMMANDS, Script};
use crate::secret::Secret;
use crate::text::{self, Text};
use crate::world::{Effects, World};
use script::Interpreter;

/// A command that is run.
#[derive(Debug)]
pub struct Exec {
    command: Text,
    setting: Setting,
    has_value: bool,
}

/// A command whose output is read.
#[derive(Debug)]
pub struct OutputOf {
    command: Text,
    setting: Setting,
}

/// The number of the check whether there is `nice`. Conditions count from 0.
const HAS_NICE: u8 = u8::MAX;

/// In what a command runs.
#[derive(Debug, Default)]
struct Setting {
    env: Vec<(String, Text)>,
    dir: Option<GivenPath>,
    run_as: Option<String>,
    nice: Option<i8>,
    /// Whether the first command that fails is the last.
    checked: bool,
    interpreter: Option<Interpreter>,
}

/// Runs a command by the node's `sh`, as root.
///
/// Nothing tells what a command changes, so without a guard it counts as changed in every run; with `creates`,
/// `unless` or `only_if` it runs only when it has to. A plan takes what follows a command for unknown, because a
/// command can move anything; and where something before it changes, the guards are asked again in its turn. It
/// fails when the command's exit code is not 0. Its standard input is empty.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// exec("tar -xzf /srv/app.tar.gz").dir("/srv/app").creates("/srv/app/VERSION");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn exec(command: impl Into<Text>) -> Handle<Exec> {
    record(Exec { command: command.into(), setting: Setting::default(), has_value: false })
}

/// Returns what a command writes to its standard output, without the newlines at its end.
///
/// The command must change nothing: it is run by `plan` as well, and again in its turn where something before it
/// changes. Use the value in the content of a file, in another
/// command or its environment. A command that fails gives what it wrote until then. Bytes that are NUL are left out.
#[track_caller]
pub fn output_of(command: impl Into<Text>) -> Value<String> {
    record(OutputOf { command: command.into(), setting: Setting::default() }).value()
}

impl Handle<Exec> {
    /// Runs the command only when there is nothing at this path.
    #[track_caller]
    pub fn creates(self, path: impl AsRef<str>) -> Self {
        self.unless(Condition::exists(path))
    }

    /// Runs the command only when this one, which must change nothing, ends well. It is
    /// [`when`](Handle::when) by another name.
    #[track_caller]
    pub fn only_if(self, command: impl Into<Text>) -> Self {
        self.when(command.into())
    }

    /// Sets an environment variable of the command.
    #[track_caller]
    pub fn env(self, name: impl Into<String>, value: impl Into<Text>) -> Self {
        self.edit(|exec| exec.setting.env.push((name.into(), value.into())))
    }

    /// Sets the directory in which the command runs; `/` without it.
    #[track_caller]
    pub fn dir(self, path: impl AsRef<str>) -> Self {
        self.edit(|exec| exec.setting.dir = Some(GivenPath::new(path)))
    }

    /// Runs the command as a user of the node, with the groups and the home of that user. `env` and `dir` hold as
    /// well; conditions are asked as root.
    #[track_caller]
    pub fn run_as(self, user: impl Into<String>) -> Self {
        self.edit(|exec| exec.setting.run_as = Some(user.into()))
    }

    /// Runs the command with this niceness, from -20 (before all others) to 19. A node without `nice`, as a busybox may
    /// be, is refused before it is touched.
    #[track_caller]
    pub fn nice(self, niceness: i8) -> Self {
        self.edit(|exec| exec.setting.nice = Some(niceness))
    }

    /// Returns what the command writes to its standard output, without the newlines at its end. Not for a
    /// command with a guard, which may not run; [`output_of`] is for reading without changing.
    #[track_caller]
    pub fn stdout(self) -> Value<String> {
        self.edit(|exec| exec.has_value = true).value()
    }
}

impl Setting {
    fn check(&self) -> Result<(), String> {
        for (name, _) in &self.env {
            check_variable(name)?;
        }
        if let Some(user) = &self.run_as {
            AccountName::new(user).map_err(|error| error.to_string())?;
        }
        if self.nice.is_some_and(|nice| !(-20..20).contains(&nice)) {
            return Err("a niceness is a number from -20 to 19".to_owned());
        }
        self.interpreter.as_ref().map_or(Ok(()), Interpreter::check)?;
        self.dir.as_ref().map_or(Ok(()), GivenPath::check)
    }

    fn values(&self) -> Vec<AnyHandle> {
        let mut values = text::values(&mut self.env.iter().map(|(_, value)| value));
        values.extend(self.interpreter.as_ref().map(Interpreter::values).unwrap_or_default());
        values
    }

    /// Returns code that prepares a subshell.
    fn prepare(&self) -> Script {
        let dir = self.dir.as_ref().map_or("/", |dir| dir.get().as_str());
        let mut script = Script::new().code("cd ").word(dir).code(" || exit\n");
        for (name, value) in &self.env {
            script = script.code(format!("{name}=")).word(value.clone()).code(format!("; export {name}\n"));
        }
        script
    }

    /// Returns code that prepares a subshell and runs the command in it.
    ///
    /// `eval` instead of `sh -c`: the command is in no argument list, and a syntax error in it ends the subshell
    /// and nothing else.
    fn run(&self, command: &Text) -> Script {
        let is_shell = self.interpreter.as_ref().is_none_or(Interpreter::is_shell);
        let command = match self.checked && is_shell {
            true => Text::concat(["set -e\n".into(), command.clone()]),
            false => command.clone(),
        };
        let other_user = self.run_as.is_some() || self.nice.is_some();
        if !other_user && self.interpreter.is_none() {
            return self.prepare().code("eval ").word(command).code("\n");
        }
        let mut script = self.prepare().code("{\n").print(command).code("} | ");
        if other_user {
            let nice = self.nice.map(|nice| nice.to_string()).unwrap_or_default();
            let user = self.run_as.clone().unwrap_or_default();
            script = script.library(&COMMANDS).code("p_as ").word(user).code(" ").word(nice).code(" ");
        }
        match &self.interpreter {
            Some(interpreter) => interpreter.words(script),
            None => script,
        }
        .code("\n")
    }
}

/// Returns a command for people: its first line, shortened.
pub(super) fn in_short(command: &Text) -> String {
    let text = command.masked();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let short: String = line.chars().filter(|c| !c.is_control()).take(60).collect();
    if short.len() < text.trim().len() { format!("{short} …") } else { short }
}

impl Action for Exec {
    fn kind(&self) -> &'static str {
        "exec"
    }

    fn subject(&self) -> String {
        in_short(&self.command)
    }

    fn check(&self) -> Result<(), String> {
        self.setting.check()
    }

    fn values(&self) -> Vec<AnyHandle> {
        [self.command.values(), self.setting.values()].concat()
    }

    fn secrets(&self) -> Vec<Secret> {
        let mut secrets = self.command.secrets();
        for (_, value) in &self.setting.env {
            secrets.extend(value.secrets());
        }
        secrets
    }

    fn setting(&self) -> Script {
        self.setting.prepare()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        if self.setting.nice.is_some() {
            probe.check(id, HAS_NICE, Script::new().code("command -v nice >/dev/null 2>&1\n"));
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let has_nice = view.world.command(view.id, HAS_NICE);
        if has_nice.doubt.is_none() && has_nice.is.is_some_and(|result| result.status != 0) {
            let hint = "leave `nice` out, or install what brings it (coreutils) before this line";
            return Diff::problem("there is no program `nice` on this node", hint.to_owned());
        }
        let mut diff = Diff::none();
        diff.change("run");
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let run = self.setting.run(&self.command).fill(view.world);
        let number = view.id.0;
        let script = if self.has_value {
            Script::new().code(format!("p_v{number}=$(unset p_token\n")).append(run).code(")")
        } else {
            Script::new().code("(unset p_token\n").append(run).code(")")
        };
        script.code(format!(
            "\np_code=$?\nif [ $p_code -ne 0 ]; then p_say \"exit code $p_code\"; return 1; fi\np_did=\"$p_did {number}\"\n"
        ))
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Anything)
    }
}

impl Action for OutputOf {
    fn kind(&self) -> &'static str {
        "output-of"
    }

    fn subject(&self) -> String {
        in_short(&self.command)
    }

    fn check(&self) -> Result<(), String> {
        self.setting.check()
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.command.values()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        if self.command.values().is_empty() {
            probe.capture(id, 0, self.setting.run(&self.command));
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let known = view.world.command(view.id, 0);
        let doubt = known.doubt.or_else(|| self.command.values().first().map(|value| value.id));
        Diff { reads: true, doubt, ..Diff::none() }
    }

    fn apply(&self, view: &View<'_>) -> Script {
        Script::new()
            .code(format!("p_v{}=$( (unset p_token\n", view.id.0))
            .append(self.setting.run(&self.command).fill(view.world))
            .code(") 2>/dev/null)\nreturn 0\n")
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        let known = world.command(id, 0);
        if let (Some(result), None) = (known.is, known.doubt) {
            let value = result.output.clone();
            world.set_value(id, value);
        }
    }
}
