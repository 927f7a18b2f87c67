//! Commands: run for their effect, or read for their output.

use super::attributes::GivenPath;
use crate::action::{Action, Diff, View};
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Handle, Value, record};
use crate::probe::{PathKind, Probe};
use crate::script::Script;
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, World};

/// A command that is run.
#[derive(Debug)]
pub struct Exec {
    command: Text,
    guards: Vec<Guard>,
    setting: Setting,
    has_value: bool,
}

/// A command whose output is read.
#[derive(Debug)]
pub struct OutputOf {
    command: Text,
    setting: Setting,
}

/// In what a command runs.
#[derive(Debug, Default)]
struct Setting {
    env: Vec<(String, Text)>,
    dir: Option<GivenPath>,
}

#[derive(Debug)]
enum Guard {
    Creates(GivenPath),
    Unless(Text),
    OnlyIf(Text),
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
    record(Exec {
        command: command.into(),
        guards: Vec::new(),
        setting: Setting::default(),
        has_value: false,
    })
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
        self.edit(|exec| exec.guards.push(Guard::Creates(GivenPath::new(path))))
    }

    /// Runs the command only when this one, which must change nothing, fails.
    #[track_caller]
    pub fn unless(self, command: impl Into<Text>) -> Self {
        self.edit(|exec| exec.guards.push(Guard::Unless(command.into())))
    }

    /// Runs the command only when this one, which must change nothing, ends well.
    #[track_caller]
    pub fn only_if(self, command: impl Into<Text>) -> Self {
        self.edit(|exec| exec.guards.push(Guard::OnlyIf(command.into())))
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
            let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(format!("{name:?} cannot be the name of an environment variable"));
            }
        }
        self.dir.as_ref().map_or(Ok(()), GivenPath::check)
    }

    fn values(&self) -> impl Iterator<Item = AnyHandle> + '_ {
        self.env.iter().flat_map(|(_, value)| value.values())
    }

    /// Returns code that prepares a subshell and runs the command in it.
    ///
    /// `eval` instead of `sh -c`: the command is in no argument list, and a syntax error in it ends the subshell
    /// and nothing else.
    fn run(&self, command: &Text, view: Option<&View<'_>>) -> Script {
        let fill = |text: &Text| view.map_or_else(|| text.clone(), |view| view.fill(text));
        let dir = self.dir.as_ref().map_or("/", |dir| dir.get().as_str());
        let mut script = Script::new().code("cd ").word(dir).code(" || exit\n");
        for (name, value) in &self.env {
            script = script.code(format!("{name}=")).word(fill(value)).code(format!("; export {name}\n"));
        }
        script.code("eval ").word(fill(command)).code("\n")
    }
}

/// Returns a command for people: its first line, shortened.
fn in_short(command: &Text) -> String {
    let text = command.masked();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let short: String = line.chars().filter(|c| !c.is_control()).take(60).collect();
    if short.len() < text.trim().len() { format!("{short} …") } else { short }
}

impl Exec {
    /// Returns an action whose value a guard needs: in the command or in its environment.
    fn value_of_guard(&self, command: &Text) -> Option<ActionId> {
        command.values().chain(self.setting.values()).map(|value| value.id).next()
    }

    /// Tells whether the guards let the command run, by what the world knows; and who makes that a guess.
    fn runs(&self, view: &View<'_>) -> (bool, Option<ActionId>) {
        let mut doubt = None;
        for (number, guard) in self.guards.iter().enumerate() {
            let (open, doubtful) = match guard {
                Guard::Creates(path) => {
                    let known = view.world.path(path.get());
                    (known.is.kind == PathKind::Absent, known.doubt)
                }
                Guard::Unless(command) | Guard::OnlyIf(command) => {
                    let known = view.world.command(view.id, guard_number(number));
                    let good = known.is.is_some_and(|result| result.status == 0);
                    let wanted = matches!(guard, Guard::OnlyIf(_));
                    (good == wanted, known.doubt.or_else(|| self.value_of_guard(command)))
                }
            };
            if doubtful.is_none() && !open {
                return (false, None);
            }
            doubt = doubt.or(doubtful);
        }
        (true, doubt)
    }
}

fn guard_number(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}

impl Action for Exec {
    fn kind(&self) -> &'static str {
        "exec"
    }

    fn subject(&self) -> String {
        in_short(&self.command)
    }

    fn check(&self) -> Result<(), String> {
        if self.has_value && !self.guards.is_empty() {
            return Err(
                "a command with a guard may not run, so it has no value: read it with `output_of`".into()
            );
        }
        if self.guards.len() > usize::from(u8::MAX) {
            return Err("more than 255 guards".to_owned());
        }
        for guard in &self.guards {
            if let Guard::Creates(path) = guard {
                path.check()?;
            }
        }
        self.setting.check()
    }

    fn values(&self) -> Vec<AnyHandle> {
        let guards = self.guards.iter().flat_map(|guard| match guard {
            Guard::Creates(_) => Vec::new(),
            Guard::Unless(command) | Guard::OnlyIf(command) => command.values().collect(),
        });
        self.command.values().chain(self.setting.values()).chain(guards).collect()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.command.secrets().chain(self.setting.env.iter().flat_map(|(_, value)| value.secrets())).collect()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        for (number, guard) in self.guards.iter().enumerate() {
            match guard {
                Guard::Creates(path) => probe.path(path.get()),
                Guard::Unless(command) | Guard::OnlyIf(command) => {
                    // A guard that needs a value is asked on the node when its turn comes.
                    if self.value_of_guard(command).is_none() {
                        probe.check(id, guard_number(number), self.setting.run(command, None));
                    }
                }
            }
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        let (runs, doubt) = self.runs(view);
        if runs {
            diff.change("run");
            diff.doubt(doubt);
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let mut script = Script::new();
        for guard in &self.guards {
            script = match guard {
                Guard::Creates(path) => {
                    let path = path.get().as_str();
                    script
                        .code("if [ -e ")
                        .word(path)
                        .code(" ] || [ -L ")
                        .word(path)
                        .code(" ]; then return 0; fi\n")
                }
                Guard::Unless(command) => guard_script(script, "if ", &self.setting, command, view),
                Guard::OnlyIf(command) => guard_script(script, "if ! ", &self.setting, command, view),
            };
        }
        let run = self.setting.run(&self.command, Some(view));
        let number = view.id.0;
        if self.has_value {
            script = script.code(format!("p_v{number}=$(unset p_token\n")).append(run).code(")");
        } else {
            script = script.code("(unset p_token\n").append(run).code(")");
        }
        script.code(format!(
            "\np_code=$?\nif [ $p_code -ne 0 ]; then p_say \"exit code $p_code\"; return 1; fi\np_did=\"$p_did {number}\"\n"
        ))
    }

    fn predict(&self, _: ActionId, _: &mut World) {}

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Anything)
    }
}

fn guard_script(
    script: Script,
    open: &'static str,
    setting: &Setting,
    command: &Text,
    view: &View<'_>,
) -> Script {
    script
        .code(open)
        .code("(unset p_token\n")
        .append(setting.run(command, Some(view)))
        .code(") >/dev/null 2>&1; then return 0; fi\n")
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
        self.command.values().collect()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        if self.command.values().next().is_none() {
            probe.capture(id, 0, self.setting.run(&self.command, None));
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let known = view.world.command(view.id, 0);
        let doubt = known.doubt.or_else(|| self.command.values().map(|value| value.id).next());
        Diff { reads: true, doubt, ..Diff::none() }
    }

    fn apply(&self, view: &View<'_>) -> Script {
        Script::new()
            .code(format!("p_v{}=$( (unset p_token\n", view.id.0))
            .append(self.setting.run(&self.command, Some(view)))
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
