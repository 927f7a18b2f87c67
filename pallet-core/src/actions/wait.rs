//! Waiting until something is so: a file, a port, an answer over HTTP, a command that ends well.

mod test;

use crate::action::{Action, Diff, View};
use crate::facts::Facts;
use crate::graph::{ActionId, Handle, record};
use crate::probe::Probe;
use crate::script::{Library, Script};
use crate::secret::Secret;
use crate::text::Text;
use crate::world::{Effects, World};
use std::time::Duration;
use test::Test;

/// Something that is waited for.
#[derive(Debug)]
pub struct Wait {
    test: Test,
    limit: Duration,
    pause: Duration,
}

/// The functions of waiting.
static WAITS: Library = Library::new("waits", include_str!("../script/waits.sh"), &[&crate::script::APPLY]);

/// How long is waited when nothing else is said.
const LIMIT: Duration = Duration::from_secs(60);

/// How long it is between two looks when nothing else is said.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until there is something at this path, or nothing: [`absent`](Handle::<Wait>::absent).
///
/// This and the other waits never count as changes. A plan says "waits" where what is waited for is not so yet, and
/// takes it for unknown whether it will be. When the time is up, the action fails and says what was seen last. Systems:
/// all.
///
/// ```
/// # use pallet::prelude::*;
/// # use std::time::Duration;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// service("postgresql").running();
/// wait_for_file("/run/postgresql/.s.PGSQL.5432").limit(Duration::from_secs(30));
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn wait_for_file(path: impl AsRef<str>) -> Handle<Wait> {
    wait(Test::file(path.as_ref()))
}

/// Waits until a process of the node listens on this TCP port, or, with [`on_host`](Handle::<Wait>::on_host), until
/// another machine accepts connections there. Whether the node listens is read from `/proc`, without a connection.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// service("nginx").running();
/// wait_for_port(80);
/// wait_for_port(5432).on_host("db.example.net");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn wait_for_port(port: u16) -> Handle<Wait> {
    wait(Test::port(port))
}

/// Waits until this URL answers with status 200, or another one: [`status`](Handle::<Wait>::status). Asked by the node,
/// with curl or wget, whichever it has. The URL shows in the node's process list.
///
/// ```
/// # use pallet::prelude::*;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// wait_for_http("http://localhost:8080/health").containing("ready");
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn wait_for_http(url: impl Into<String>) -> Handle<Wait> {
    wait(Test::http(url.into()))
}

/// Runs a command again and again until it ends well. It must change nothing: a plan runs it as well, once.
///
/// ```
/// # use pallet::prelude::*;
/// # use std::time::Duration;
/// # pallet::graph::build(&pallet::Context::example(), || {
/// retry_until("pg_isready").every(Duration::from_secs(2));
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn retry_until(command: impl Into<Text>) -> Handle<Wait> {
    wait(Test::Command(command.into()))
}

#[track_caller]
fn wait(test: Test) -> Handle<Wait> {
    record(Wait { test, limit: LIMIT, pause: PAUSE })
}

impl Handle<Wait> {
    /// Sets after how long the wait has failed; a minute if it is not set.
    #[track_caller]
    pub fn limit(self, limit: Duration) -> Self {
        self.edit(|wait| wait.limit = limit)
    }

    /// Sets how long it is between two looks; half a second if it is not set.
    #[track_caller]
    pub fn every(self, pause: Duration) -> Self {
        self.edit(|wait| wait.pause = pause)
    }

    /// Waits until there is nothing at the path. Only for files.
    #[track_caller]
    pub fn absent(self) -> Self {
        self.edit(|wait| wait.test.expect_absent())
    }

    /// Waits for a port of another machine, which the node must reach by `nc` or bash. Only for ports.
    #[track_caller]
    pub fn on_host(self, host: impl Into<String>) -> Self {
        self.edit(|wait| wait.test.on_host(host.into()))
    }

    /// Waits for this status. Only for HTTP.
    #[track_caller]
    pub fn status(self, status: u16) -> Self {
        self.edit(|wait| wait.test.expect_status(status))
    }

    /// Waits until the answer has this text in it, too. Only for HTTP.
    #[track_caller]
    pub fn containing(self, text: impl Into<String>) -> Self {
        self.edit(|wait| wait.test.expect_text(text.into()))
    }
}

impl Action for Wait {
    fn kind(&self) -> &'static str {
        "wait"
    }

    fn subject(&self) -> String {
        self.test.subject()
    }

    fn check(&self) -> Result<(), String> {
        if self.pause.is_zero() {
            return Err(
                "a wait that looks without a pause keeps the node busy: say `every` how long".to_owned()
            );
        }
        self.test.check()
    }

    fn values(&self) -> Vec<crate::graph::AnyHandle> {
        self.test.command().map(Text::values).unwrap_or_default()
    }

    fn secrets(&self) -> Vec<Secret> {
        self.test.command().map(Text::secrets).unwrap_or_default()
    }

    fn probe(&self, id: ActionId, _: &Facts, probe: &mut Probe) -> Result<(), String> {
        if let Some(path) = self.test.path() {
            probe.path(path);
        } else if self.values().is_empty() {
            let look = self.test.script();
            probe.check(id, 0, Script::new().library(&WAITS).append(look).code("p_holds\n"));
        }
        Ok(())
    }

    fn diff(&self, view: &View<'_>) -> Diff {
        let (holds, doubt) = match self.test.path() {
            Some(path) => {
                let known = view.world.path(path);
                (self.test.holds_with(&known.is.kind), known.doubt)
            }
            None => {
                let known = view.world.command(view.id, 0);
                (known.is.is_some_and(|result| result.status == 0), known.doubt)
            }
        };
        let mut diff = Diff::none();
        if !holds || doubt.is_some() {
            diff.change("waits");
            diff.doubt(doubt);
            // Whether it comes true is not for us to say.
            diff.doubt(Some(view.id));
        }
        diff
    }

    fn apply(&self, view: &View<'_>) -> Script {
        let words = [
            self.limit.as_secs().to_string(),
            format!("{}.{:03}", self.pause.as_secs(), self.pause.subsec_millis()),
            self.test.subject(),
        ];
        let look = self.test.script().fill(view.world);
        Script::new().library(&WAITS).append(look).call("p_wait_for", words)
    }

    fn predict(&self, _: ActionId, world: &mut World) {
        self.test.predict(world);
    }

    fn effects(&self) -> Option<Effects> {
        // Somebody else makes what is waited for, and how it is then nobody knows.
        Some(self.test.path().map_or(Effects::Nothing, |path| Effects::Below(path.clone())))
    }
}
