//! Conditions: whether an action runs, decided on the controller where that is known already, and else on the node
//! when its turn comes.

#[cfg(feature = "engine")]
mod judge;

#[cfg(feature = "engine")]
pub(crate) use judge::{Holds, Judge};

use crate::graph::{AnyHandle, Handles, Value};
use crate::name::RemotePath;
use crate::text::Text;
use std::ops::{BitAnd, BitOr, Not};

/// Something that holds on a node or does not. See [`Handle::when`](crate::Handle::when).
///
/// Made from a [`Value`] (`value.is("yes")`), from a command as text, which must change nothing and holds when it
/// ends well, or from a path ([`Condition::exists`]). `&`, `|` and `!` combine conditions.
///
/// ```
/// # use pallet::prelude::*;
/// # use pallet::Condition;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// let role = output_of("cat /etc/role");
/// let cpus = output_of("nproc").number();
/// package("nginx").when(role.is("web") & cpus.at_least(2));
/// exec("/usr/local/bin/migrate").unless(Condition::exists("/srv/migrated"));
/// exec("update-grub").when("test -e /boot/grub/grub.cfg");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Condition(Test);

#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "only the engine judges"))]
enum Test {
    Is(AnyHandle, Text),
    Contains(AnyHandle, Text),
    Compare(AnyHandle, Order, i64),
    Command(Text),
    Exists(String),
    Changed(Vec<AnyHandle>),
    Not(Box<Test>),
    Both(Box<Test>, Box<Test>),
    Either(Box<Test>, Box<Test>),
}

#[derive(Debug, Clone, Copy)]
enum Order {
    AtLeast,
    AtMost,
}

impl Condition {
    /// Returns the condition that something stands at a path, a link without a target included.
    pub fn exists(path: impl AsRef<str>) -> Condition {
        Condition(Test::Exists(path.as_ref().to_owned()))
    }

    /// Returns the condition that one of these actions has changed something.
    pub fn changed(actions: impl Handles) -> Condition {
        let mut handles = Vec::new();
        actions.each(&mut |handle| handles.push(handle));
        Condition(Test::Changed(handles))
    }

    /// Checks what can be checked without a node.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.0.each(&mut |test| match test {
            Test::Exists(path) => RemotePath::new(path).map(drop).map_err(|error| error.to_string()),
            Test::Changed(handles) if handles.is_empty() => {
                Err("a condition on changes that names no action never holds".to_owned())
            }
            _ => Ok(()),
        })
    }
}

impl Test {
    /// Calls `f` for every test in it, in the order in which they are written.
    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a Test) -> Result<(), String>) -> Result<(), String> {
        match self {
            Test::Not(inner) => inner.each(f),
            Test::Both(a, b) | Test::Either(a, b) => {
                a.each(f)?;
                b.each(f)
            }
            leaf => f(leaf),
        }
    }
}

impl<T> Value<T> {
    /// Returns the condition that the value is exactly this text.
    pub fn is(self, text: impl Into<Text>) -> Condition {
        Condition(Test::Is(self.any, text.into()))
    }

    /// Returns the condition that the value is empty.
    pub fn is_empty(self) -> Condition {
        self.is("")
    }

    /// Returns the condition that this text occurs in the value.
    pub fn contains(self, text: impl Into<Text>) -> Condition {
        Condition(Test::Contains(self.any, text.into()))
    }
}

impl Value<i64> {
    /// Returns the condition that the value is this number or higher. A value that is no number fails the action.
    pub fn at_least(self, number: i64) -> Condition {
        Condition(Test::Compare(self.any, Order::AtLeast, number))
    }

    /// Returns the condition that the value is this number or lower. A value that is no number fails the action.
    pub fn at_most(self, number: i64) -> Condition {
        Condition(Test::Compare(self.any, Order::AtMost, number))
    }
}

impl From<&str> for Condition {
    fn from(command: &str) -> Self {
        Condition(Test::Command(command.into()))
    }
}

impl From<String> for Condition {
    fn from(command: String) -> Self {
        Condition(Test::Command(command.into()))
    }
}

impl From<Text> for Condition {
    fn from(command: Text) -> Self {
        Condition(Test::Command(command))
    }
}

impl Not for Condition {
    type Output = Condition;

    fn not(self) -> Condition {
        Condition(Test::Not(Box::new(self.0)))
    }
}

impl BitAnd for Condition {
    type Output = Condition;

    fn bitand(self, other: Condition) -> Condition {
        Condition(Test::Both(Box::new(self.0), Box::new(other.0)))
    }
}

impl BitOr for Condition {
    type Output = Condition;

    fn bitor(self, other: Condition) -> Condition {
        Condition(Test::Either(Box::new(self.0), Box::new(other.0)))
    }
}
