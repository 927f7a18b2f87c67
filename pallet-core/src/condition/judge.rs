//! Whether a condition holds: what must be known for that, the answer as far as it is known, and else the code that asks
//! on the node.

use super::{Condition, Order, Test};
use crate::graph::{ActionId, AnyHandle};
use crate::name::RemotePath;
use crate::plan::Verdict;
use crate::probe::{PathKind, Probe};
use crate::script::Script;
use crate::secret::Secret;
use crate::sorted::Map;
use crate::text::Text;
use crate::world::World;

/// Whether a condition holds, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
    /// This action decides.
    Unknown(ActionId),
}

/// What a condition is judged by.
pub(crate) struct Judge<'a> {
    pub(crate) id: ActionId,
    pub(crate) world: &'a World,
    pub(crate) verdicts: &'a Map<ActionId, Verdict>,
}

impl Condition {
    /// Returns the actions that the condition is about.
    pub(crate) fn handles(&self) -> Vec<AnyHandle> {
        let mut handles = Vec::new();
        self.visit(|test| match test {
            Test::Is(value, text) | Test::Contains(value, text) => {
                handles.push(*value);
                handles.extend(text.values());
            }
            Test::Compare(value, ..) => handles.push(*value),
            Test::Command(command) => handles.extend(command.values()),
            Test::Changed(changed) => handles.extend(changed),
            _ => {}
        });
        handles
    }

    /// Returns the actions whose values the condition is about.
    pub(crate) fn values(&self) -> Vec<AnyHandle> {
        let changes = self.asks_for_change();
        self.handles().into_iter().filter(|handle| !changes.contains(&handle.id)).collect()
    }

    /// Returns the actions whose change the condition asks for.
    pub(crate) fn asks_for_change(&self) -> Vec<ActionId> {
        let mut ids = Vec::new();
        self.visit(|test| {
            if let Test::Changed(handles) = test {
                ids.extend(handles.iter().map(|handle| handle.id));
            }
        });
        ids
    }

    /// Returns the secrets in it.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let mut secrets = Vec::new();
        self.visit(|test| {
            if let Test::Is(_, text) | Test::Contains(_, text) | Test::Command(text) = test {
                secrets.extend(text.secrets());
            }
        });
        secrets
    }

    /// Asks for what must be known. `setting` prepares the subshell of a command; `number` is the first free number
    /// of the action's commands, and the next free one is returned.
    pub(crate) fn probe(&self, id: ActionId, mut number: u8, setting: &Script, probe: &mut Probe) -> u8 {
        self.visit(|test| match test {
            Test::Exists(path) => {
                if let Ok(path) = RemotePath::new(path) {
                    probe.path(&path);
                }
            }
            Test::Command(command) => {
                // A command that needs a value is asked on the node when its turn comes.
                if values_in(setting, command).next().is_none() {
                    probe.check(id, number, command_script(setting, command));
                }
                number = number.saturating_add(1);
            }
            _ => {}
        });
        number
    }

    /// Tells whether the condition holds, by what is known. Counts commands as [`probe`](Condition::probe) does.
    ///
    /// # Errors
    ///
    /// When a value that is to be a number is none.
    pub(crate) fn holds(
        &self,
        judge: &Judge<'_>,
        setting: &Script,
        number: &mut u8,
    ) -> Result<Holds, String> {
        self.0.holds(judge, setting, number)
    }

    /// Returns shell code that ends well when the condition holds, with the values filled in that are known.
    pub(crate) fn script(&self, setting: &Script, world: &World) -> Script {
        self.0.script(setting, world)
    }

    fn visit<'a>(&'a self, mut f: impl FnMut(&'a Test)) {
        let visited = self.0.each(&mut |test| {
            f(test);
            Ok(())
        });
        debug_assert!(visited.is_ok());
    }
}

impl Test {
    fn holds(&self, judge: &Judge<'_>, setting: &Script, number: &mut u8) -> Result<Holds, String> {
        Ok(match self {
            Test::Is(value, text) => match (judge.value(*value), judge.text(text)) {
                (Ok(is), Ok(wanted)) => Holds::from(is == wanted),
                (Err(by), _) | (_, Err(by)) => Holds::Unknown(by),
            },
            Test::Contains(value, text) => match (judge.value(*value), judge.text(text)) {
                (Ok(is), Ok(part)) => Holds::from(contains(is, &part)),
                (Err(by), _) | (_, Err(by)) => Holds::Unknown(by),
            },
            Test::Compare(value, order, wanted) => match judge.value(*value) {
                Ok(is) => {
                    let is = parse_number(is)?;
                    Holds::from(match order {
                        Order::AtLeast => is >= *wanted,
                        Order::AtMost => is <= *wanted,
                    })
                }
                Err(by) => Holds::Unknown(by),
            },
            Test::Command(command) => {
                let known = judge.world.command(judge.id, *number);
                *number = number.saturating_add(1);
                match known.doubt.or_else(|| values_in(setting, command).next()) {
                    Some(by) => Holds::Unknown(by),
                    None => Holds::from(known.is.is_some_and(|result| result.status == 0)),
                }
            }
            Test::Exists(path) => match RemotePath::new(path).map(|path| judge.world.path(&path)) {
                Ok(known) => match known.doubt {
                    Some(by) => Holds::Unknown(by),
                    None => Holds::from(known.is.kind != PathKind::Absent),
                },
                Err(error) => return Err(error.to_string()),
            },
            Test::Changed(handles) => {
                handles.iter().map(|handle| judge.changes(handle.id)).fold(Holds::No, Holds::or)
            }
            Test::Not(inner) => inner.holds(judge, setting, number)?.not(),
            Test::Both(a, b) => {
                let a = a.holds(judge, setting, number)?;
                a.not().or(b.holds(judge, setting, number)?.not()).not()
            }
            Test::Either(a, b) => {
                let a = a.holds(judge, setting, number)?;
                a.or(b.holds(judge, setting, number)?)
            }
        })
    }

    fn script(&self, setting: &Script, world: &World) -> Script {
        let fill = |text: &Text| text.fill(world);
        let value = |handle: &AnyHandle| fill(&Text::of_value(*handle));
        match self {
            Test::Is(handle, text) => Script::new()
                .code("[ ")
                .word(Text::concat(["=".into(), value(handle)]))
                .code(" = ")
                .word(Text::concat(["=".into(), fill(text)]))
                .code(" ]"),
            Test::Contains(handle, text) => Script::new()
                .code("case ")
                .word(value(handle))
                .code(" in *")
                .word(fill(text))
                .code("*) ;; *) false ;; esac"),
            Test::Compare(handle, order, wanted) => Script::new()
                .code("p_compare ")
                .word(value(handle))
                .code(match order {
                    Order::AtLeast => " -ge ",
                    Order::AtMost => " -le ",
                })
                .word(wanted.to_string()),
            Test::Command(command) => Script::new()
                .code("(unset p_token\n")
                .append(command_script(&setting.fill(world), &fill(command)))
                .code(") >/dev/null 2>&1"),
            Test::Exists(path) => Script::new()
                .code("{ [ -e ")
                .word(path.as_str())
                .code(" ] || [ -L ")
                .word(path.as_str())
                .code(" ]; }"),
            Test::Changed(handles) => {
                let flags: String =
                    handles.iter().map(|handle| format!("${{p_c{}:-}}", handle.id.0)).collect();
                Script::new().code(format!("[ -n \"{flags}\" ]"))
            }
            Test::Not(inner) => Script::new().code("! { ").append(inner.script(setting, world)).code("\n}"),
            Test::Both(a, b) => joined(a.script(setting, world), " && ", b.script(setting, world)),
            Test::Either(a, b) => joined(a.script(setting, world), " || ", b.script(setting, world)),
        }
    }
}

/// Returns the actions whose values a command and what it runs in need.
fn values_in<'a>(setting: &'a Script, command: &'a Text) -> impl Iterator<Item = ActionId> + 'a {
    command.values().into_iter().map(|value| value.id).chain(setting.values())
}

fn joined(a: Script, operator: &'static str, b: Script) -> Script {
    Script::new().code("{ { ").append(a).code("\n}").code(operator).code("{ ").append(b).code("\n}\n}")
}

/// Code for a subshell that has no secrets of ours in its variables.
fn command_script(setting: &Script, command: &Text) -> Script {
    setting.clone().code("eval ").word(command.clone()).code("\n")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

fn parse_number(text: &[u8]) -> Result<i64, String> {
    let text = String::from_utf8_lossy(text);
    text.trim().parse().map_err(|_| {
        let short: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        format!("{short:?} is not a number, and the condition compares it with one")
    })
}

impl Judge<'_> {
    fn value(&self, handle: AnyHandle) -> Result<&[u8], ActionId> {
        self.world.value(handle.id).ok_or(handle.id)
    }

    fn text(&self, text: &Text) -> Result<Vec<u8>, ActionId> {
        text.resolve(self.world)
    }

    fn changes(&self, id: ActionId) -> Holds {
        match self.verdicts.get(&id) {
            Some(Verdict::Change) => Holds::Yes,
            Some(Verdict::Unknown(by)) => Holds::Unknown(*by),
            _ => Holds::No,
        }
    }
}

impl Holds {
    fn not(self) -> Holds {
        match self {
            Holds::Yes => Holds::No,
            Holds::No => Holds::Yes,
            unknown => unknown,
        }
    }

    fn or(self, other: Holds) -> Holds {
        match (self, other) {
            (Holds::Yes, _) | (_, Holds::Yes) => Holds::Yes,
            (Holds::Unknown(by), _) | (_, Holds::Unknown(by)) => Holds::Unknown(by),
            (Holds::No, Holds::No) => Holds::No,
        }
    }
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Holds::Yes } else { Holds::No }
    }
}
