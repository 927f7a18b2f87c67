//! Answers to the questions that packages of Debian ask while they are installed.

use super::system;
use crate::action::{Action, Diff, View};
use crate::claim::{Claim, Thing};
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Handle, record};
use crate::name::PackageName;
use crate::probe::Probe;
use crate::script::{APT, Script};
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, World};

/// An answer to a question of a package.
#[derive(Debug)]
pub struct Debconf {
    package: String,
    question: String,
    kind: String,
    value: Text,
}

/// The kinds of questions (`debconf-devel(7)`).
const KINDS: &[&str] =
    &["boolean", "string", "password", "select", "multiselect", "note", "text", "title", "error"];

/// Declares the answer to a question that a package asks while it is installed: call it before
/// [`package`](super::package).
///
/// | | |
/// |---|---|
/// | checked | the answer that is stored, with one process for all answers of the phase (`debconf-communicate`) |
/// | applied | the answer, on the standard input of `debconf-set-selections` |
/// | changed | another answer was stored, or none |
/// | systems | apt |
///
/// The value may be a secret. A package that is installed already keeps how it was configured. `kind` is one of
/// `boolean`, `string`, `password`, `select`, `multiselect`, `note`, `text`, `title` and `error`.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// debconf("postfix", "postfix/main_mailer_type", "select", "Local only");
/// debconf("app", "app/password", "password", Secret::from("hunter2"));
/// packages(["postfix", "app"]);
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn debconf(
    package: impl Into<String>,
    question: impl Into<String>,
    kind: impl Into<String>,
    value: impl Into<Text>,
) -> Handle<Debconf> {
    record(Debconf {
        package: package.into(),
        question: question.into(),
        kind: kind.into(),
        value: value.into(),
    })
}

impl Action for Debconf {
    fn kind(&self) -> &'static str {
        "debconf"
    }

    fn subject(&self) -> String {
        format!("{} {}", self.package, self.question)
    }

    fn check(&self) -> Result<(), String> {
        PackageName::new(self.package.as_str()).map_err(|error| error.to_string())?;
        let plain = |b: u8| b.is_ascii_graphic();
        if self.question.is_empty() || !self.question.bytes().all(plain) {
            return Err(format!("{:?} is not the name of a question, such as `app/password`", self.question));
        }
        if !KINDS.contains(&self.kind.as_str()) {
            return Err(format!("{:?} is not a kind of question: one of {}", self.kind, KINDS.join(", ")));
        }
        if let Ok(value) = self.value.literal()
            && (value.contains(&b'\n') || value.starts_with(b" ") || value.ends_with(b" "))
        {
            return Err("an answer is one line, without blanks around it".to_owned());
        }
        Ok(())
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.value.values()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.value.secrets()
    }

    fn probe(&self, _: ActionId, facts: &Facts, probe: &mut Probe) -> Result<(), String> {
        system::only(facts, "an answer for debconf", system::APT_ONLY)?;
        probe.debconf(&self.question);
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let mut diff = Diff::none();
        let known = view.world.debconf(&self.question);
        let wanted = view.resolve(&self.value);
        match (&known.is, &wanted) {
            (Some(is), Ok(wanted)) if is.as_bytes() == wanted => {}
            (Some(_), _) => diff.change("another answer"),
            (None, _) => diff.change("answered"),
        }
        diff.doubt(known.doubt);
        diff.doubt(wanted.err());
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let words = [Text::from(view.id.0.to_string()), (&self.package).into(), (&self.question).into()];
        let words = words.into_iter().chain([Text::from(&self.kind), view.fill(&self.value)]);
        Script::new().library(&APT).call("p_debconf", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        let value = self.value.resolve(world).ok();
        world.set_debconf(&self.question, value.map(|value| String::from_utf8_lossy(&value).into_owned()));
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Itself)
    }

    fn declares(&self) -> Vec<Claim> {
        let Ok(value) = self.value.literal() else { return Vec::new() };
        let thing = Thing::Other("debconf question", self.question.clone());
        let hash = crate::probe::Sha256::of(&value).to_string();
        vec![Claim::new(thing, "answer", hash).shown(format!("answer {}", self.value.masked()))]
    }
}
