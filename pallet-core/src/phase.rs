//! Phases: functions that say what they want of one node.

use crate::context::{Context, ExtractError, FromContext};
use crate::error::Error;
use crate::graph::{self, AnyHandle, Handle, Value};
use crate::location::Location;

/// What `#[phase]` registers about a function.
#[derive(Debug)]
pub struct PhaseDef {
    name: &'static str,
    module: &'static str,
    location: Location,
    doc: &'static str,
    arguments: &'static [&'static str],
    run: Option<fn() -> Result<(), Error>>,
}

impl PhaseDef {
    /// Returns the definition of the phase `name` in the module `module`.
    pub const fn new(name: &'static str, module: &'static str, location: Location) -> Self {
        PhaseDef { name, module, location, doc: "", arguments: &[], run: None }
    }

    /// Adds what the function's documentation says first.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Adds the arguments, as they are written in the function's signature.
    #[must_use]
    pub const fn arguments(mut self, arguments: &'static [&'static str]) -> Self {
        self.arguments = arguments;
        self
    }

    /// Adds the function itself, if it needs no arguments.
    #[must_use]
    pub const fn run(mut self, run: fn() -> Result<(), Error>) -> Self {
        self.run = Some(run);
        self
    }

    /// Returns the function's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the function's path: `infra::web`.
    pub fn path(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }

    /// Returns the line on which the function stands.
    pub const fn location(&self) -> Location {
        self.location
    }

    /// Returns what the function's documentation says first.
    pub const fn get_doc(&self) -> &'static str {
        self.doc
    }

    /// Returns the arguments, as they are written in the function's signature.
    pub const fn get_arguments(&self) -> &'static [&'static str] {
        self.arguments
    }

    /// Returns the function itself, if it needs no arguments.
    pub const fn get_run(&self) -> Option<fn() -> Result<(), Error>> {
        self.run
    }
}

/// A type that stands for a `#[phase]` function where types can stand: the empty struct of the same name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a phase",
    note = "a phase is a function with `#[phase]` on it, or a closure written in place: `configure: || {{ … }}`"
)]
pub trait DefinesPhase {
    /// What is registered about the function.
    const DEF: &'static PhaseDef;
}

/// A phase that needs no arguments, so that it can be named by its path alone: `configure: web`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a phase that can run without arguments",
    label = "neither a phase without arguments nor a call of one",
    note = "a phase with arguments is given them here: `tune: tune(8)`",
    note = "a phase is a function with `#[phase]` on it; any other can be called in a closure: `configure: || helper()`"
)]
pub trait RunnablePhase: DefinesPhase {
    /// Runs the phase as part of the one that is being built.
    ///
    /// # Errors
    ///
    /// The phase's own.
    fn run() -> Result<(), Error>;
}

/// What a phase function may return: nothing, handles, values, several of those, or a `Result` with any of them.
#[diagnostic::on_unimplemented(
    message = "a phase cannot return `{Self}`",
    note = "a phase returns nothing, handles, values, a tuple or `Vec` of those, or `pallet::Result` of any of them"
)]
pub trait PhaseOutput {
    /// Returns the error, if this is one.
    ///
    /// # Errors
    ///
    /// The phase's own.
    fn finish(self) -> Result<(), Error>;
}

macro_rules! infallible {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($generics)*> PhaseOutput for $type {
            fn finish(self) -> Result<(), Error> {
                Ok(())
            }
        }
    )*};
}

infallible! {
    [] (), [A] Handle<A>, [T] Value<T>, [] AnyHandle,
    [A: PhaseOutput, B: PhaseOutput] (A, B), [A: PhaseOutput, B: PhaseOutput, C: PhaseOutput] (A, B, C),
    [T: PhaseOutput] Vec<T>, [T: PhaseOutput] Option<T>, [T: PhaseOutput, const N: usize] [T; N],
}

impl<T: PhaseOutput, E: PhaseError> PhaseOutput for Result<T, E> {
    fn finish(self) -> Result<(), Error> {
        self.map_err(PhaseError::into_error)?.finish()
    }
}

/// What a phase function may fail with: whatever becomes an [`Error`], as `?` makes it.
#[diagnostic::on_unimplemented(
    message = "a phase cannot fail with `{Self}`",
    note = "write `-> Result`, pallet's own, to which `?` converts every error that is `Send` and `Sync`",
    note = "for an error that is a message, write `Err(Error::msg(..))`"
)]
pub trait PhaseError {
    /// Returns the error of the phase.
    fn into_error(self) -> Error;
}

// Else rustc explains why `Box<dyn Error>`, which it suggests itself, is no error: in three errors.
#[diagnostic::do_not_recommend]
impl<E: Into<Error>> PhaseError for E {
    fn into_error(self) -> Error {
        self.into()
    }
}

/// Runs the body of a phase as part of the phase that is being built. `#[phase]` generates a call of this.
///
/// # Panics
///
/// When no phase is being built.
#[track_caller]
pub fn enter<R: PhaseOutput>(def: &'static PhaseDef, body: impl FnOnce() -> R) -> R {
    graph::enter_phase(def, body)
}

/// What `#[phase]` calls so that one mistake is one error.
pub(crate) mod generated {
    use super::{FromContext, PhaseDef, graph};

    /// Runs the body of a phase as part of the phase that is being built: [`enter`](super::enter) where the result
    /// is checked elsewhere.
    #[track_caller]
    pub fn enter<R>(def: &'static PhaseDef, body: impl FnOnce() -> R) -> R {
        graph::enter_phase(def, body)
    }

    /// Returns what supplies the parameter `name`: [`extract`](super::extract), under a name that no user imports.
    #[track_caller]
    pub fn supply<T: FromContext>(name: &str) -> T {
        super::extract(name)
    }

    /// Returns what supplies the parameter `name`, which is a reference: also to a `str`, so that nothing but the
    /// missing extractor is wrong with `name: &str`.
    #[allow(clippy::needless_maybe_sized, reason = "that `str` is not `Sized` would be a second error")]
    #[track_caller]
    pub fn supply_boxed<T: FromContext + ?Sized>(name: &str) -> Box<T> {
        Box::new(super::extract(name))
    }
}

/// Returns what supplies the parameter `name` of a phase. `#[phase]` generates a call of this.
///
/// Where it is not known yet, or not there, building the phase ends here.
///
/// # Panics
///
/// When no phase is being built.
#[track_caller]
pub fn extract<T: FromContext>(name: &str) -> T {
    let location = Location::caller();
    match graph::with_context(T::from_context) {
        Ok(value) => value,
        Err(ExtractError::Pending(what)) => graph::stop(Some(graph::KnownAfter { what, location })),
        Err(ExtractError::Missing { message, hint }) => {
            graph::refuse(location, format!("parameter `{name}`: {message}"), Some(hint));
            graph::stop(None)
        }
    }
}

/// The phases with a meaning of their own.
pub mod standard {
    /// Computes and publishes settings; runs before every other phase and touches no node.
    pub const SETTINGS: &str = "settings";
    /// Runs once on a new node, with the image's own login.
    pub const BOOTSTRAP: &str = "bootstrap";
    /// Runs unless other phases are asked for.
    pub const CONFIGURE: &str = "configure";
    /// Runs on a node that is about to be removed.
    pub const DESTROY_SERVER: &str = "destroy-server";
    /// Runs on the controller when the last node of a group has been removed.
    pub const DESTROY_GROUP: &str = "destroy-group";
    /// Runs on the controller before the first node of a group is created.
    pub const CREATE_GROUP: &str = "create-group";
}

/// What the extractors need of a build.
pub(crate) fn current() -> Context {
    graph::with_context(Context::clone)
}
