//! Parts of values that are JSON.

use crate::action::{Action, Diff, Split, View};
use crate::facts::Facts;
use crate::graph::{ActionId, AnyHandle, Value, record};
use crate::probe::Probe;
use crate::script::Script;
use crate::text::Text;
use crate::world::{Effects, World};

/// A part of a value that is JSON.
#[derive(Debug)]
pub struct JsonPart {
    json: Text,
    path: String,
}

impl Value<String> {
    /// Returns a part of a value that is JSON, by its path: names of members and numbers of elements, separated by
    /// dots. A string gives its text, another value its JSON. What is no JSON, or has no such part, fails. There is no
    /// such method without pallet's feature `json`.
    ///
    /// The controller looks it up. Where only the node computes the value, because something before it changes, the
    /// rest of the phase is planned once that has been done: another pair of round trips, shown in the plan.
    ///
    /// ```
    /// # use pallet::prelude::*;
    /// # pallet::graph::build(&pallet::Context::example(), || {
    /// let interface = output_of("ip -json route show default").json("0.dev");
    /// remote_file("/etc/default/interface").content(interface);
    /// # })?;
    /// # Ok::<(), pallet::graph::GraphError>(())
    /// ```
    #[track_caller]
    pub fn json(self, path: impl Into<String>) -> Value<String> {
        record(JsonPart { json: self.into(), path: path.into() }).value()
    }
}

impl JsonPart {
    fn find(&self, json: &[u8]) -> Result<Vec<u8>, String> {
        let root: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| format!("the value is not JSON: {error}"))?;
        let mut part = &root;
        for step in self.path.split('.') {
            let found = match part {
                serde_json::Value::Array(elements) => step.parse().ok().and_then(|n: usize| elements.get(n)),
                other => other.get(step),
            };
            part = found.ok_or_else(|| format!("there is no `{step}` of `{}` in the value", self.path))?;
        }
        Ok(match part {
            serde_json::Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        })
    }
}

impl Action for JsonPart {
    fn kind(&self) -> &'static str {
        "json"
    }

    fn subject(&self) -> String {
        self.path.clone()
    }

    fn check(&self) -> Result<(), String> {
        if self.path.split('.').any(str::is_empty) {
            return Err(format!("{:?} is not a path such as `0.address`", self.path));
        }
        Ok(())
    }

    fn values(&self) -> Vec<AnyHandle> {
        self.json.values()
    }

    fn probe(&self, _: ActionId, _: &Facts, _: &mut Probe) -> Result<(), String> {
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        match view.resolve(&self.json).map(|json| self.find(&json)) {
            Ok(Ok(_)) => Diff { reads: true, ..Diff::none() },
            Ok(Err(message)) => {
                let hint = "run the command on the node and look at what it writes".to_owned();
                Diff::problem(message, hint)
            }
            Err(by) => Diff { reads: true, doubt: Some(by), split: Some(Split::Before), ..Diff::none() },
        }
    }

    fn apply(&self, _: &View<'_>) -> Script {
        // Only ever planned when the value is known, and then there is nothing to do.
        Script::new().code(":\n")
    }

    fn predict(&self, id: ActionId, world: &mut World) {
        let json = self.json.resolve(world);
        if let Some(part) = json.ok().and_then(|json| self.find(&json).ok()) {
            world.set_value(id, part);
        }
    }

    fn effects(&self) -> Option<Effects> {
        Some(Effects::Nothing)
    }
}
