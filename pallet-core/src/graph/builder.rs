//! The ambient builder.
//!
//! One build happens on one thread, from [`build`] to its return; in between, constructors of actions find the
//! builder in a thread-local. A macro that records by rewriting the phase's body was tried and loses actions
//! in closures, helpers and the user's own macros; this loses none.

#[cfg(feature = "engine")]
mod build;

#[cfg(feature = "engine")]
pub use build::{Built, build, build_phase, build_phases};

use super::error::{KnownAfter, Mistake};
use super::handle::{AnyHandle, Handle};
use super::how::How;
use super::{ActionId, ActionNode, Edge};
use crate::action::Action;
use crate::context::{Context, Node};
use crate::location::Location;
use crate::name::{PhaseName, Tag};
use crate::phase::PhaseDef;
use crate::sorted::Set;
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

#[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "only the engine begins to build"))]
struct Builder {
    scope: u64,
    context: Context,
    nodes: Vec<ActionNode>,
    mistakes: Vec<Mistake>,
    /// The line that began the build.
    begun: Location,
    /// The phases that have been entered and not left, outermost first.
    phases: Vec<&'static PhaseDef>,
    /// The phase of each function that has begun. The first stands for what is in none of them.
    functions: Vec<PhaseName>,
    /// The tags of the scopes that are open.
    tags: Vec<Tag>,
    /// Where the phase function stands that returned last, for what its result says.
    left: Option<Location>,
}

thread_local! {
    static CURRENT: RefCell<Option<Builder>> = const { RefCell::new(None) };
}

/// Actions that were written where no phase was being built: nobody would run them, so they are mistakes.
static ORPHANS: Mutex<Vec<Mistake>> = Mutex::new(Vec::new());

/// Said of what needs a phase and is called outside one.
const ENTER_OUTSIDE: &str = "a phase runs only inside converge, lift or plan";

/// Carried by the unwinding that ends a build early. Not a panic: no hook runs and nothing is printed.
#[cfg_attr(not(feature = "engine"), expect(dead_code, reason = "only the engine catches it"))]
struct Stop(Option<KnownAfter>);

/// Takes down an action. Constructors of actions call this; so do those of other packages.
#[track_caller]
pub fn record<A: Action>(action: A) -> Handle<A> {
    Handle::new(record_boxed(Box::new(action), Location::caller()))
}

fn record_boxed(action: Box<dyn Action>, made: Location) -> AnyHandle {
    let recorded = CURRENT.with_borrow_mut(|current| {
        let builder = current.as_mut()?;
        let id = ActionId(builder.nodes.len());
        builder.nodes.push(ActionNode {
            action,
            location: made,
            phases: builder.phases.iter().map(|def| def.path()).collect(),
            function: builder.functions.len() - 1,
            after: Vec::new(),
            notified_by: Set::new(),
            comment: None,
            overrides: false,
            overridden_by: None,
            how: How { tags: builder.tags.iter().cloned().collect(), ..How::default() },
        });
        Some(AnyHandle { id, scope: builder.scope, made })
    });
    recorded.unwrap_or_else(|| {
        ORPHANS.lock().unwrap_or_else(PoisonError::into_inner).push(Mistake {
            location: made,
            message: "this action stands outside any phase and would never run".to_owned(),
            other: None,
            hint: Some("write it in a `#[phase]` function; a phase must not hand its work to another thread"),
        });
        AnyHandle { id: ActionId(usize::MAX), scope: 0, made }
    })
}

/// Gives a tag to every action that `body` records: `--tag` and `--skip-tag` select by tags.
///
/// ```
/// use pallet::prelude::*;
/// use pallet::graph::tagged;
///
/// # pallet::graph::build(&pallet::Context::example(), || {
/// tagged("tls", || {
///     package("certbot");
/// });
/// # })?;
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn tagged<R>(tag: &str, body: impl FnOnce() -> R) -> R {
    let tag = match Tag::new(tag) {
        Ok(tag) => Some(tag),
        Err(error) => {
            refuse(Location::caller(), error.to_string(), None);
            None
        }
    };
    let open = CURRENT.with_borrow(|current| current.as_ref().map(|builder| builder.tags.len()));
    CURRENT.with_borrow_mut(|current| {
        if let Some(builder) = current {
            builder.tags.extend(tag);
        }
    });
    let result = body();
    CURRENT.with_borrow_mut(|current| {
        if let (Some(builder), Some(open)) = (current, open) {
            builder.tags.truncate(open);
        }
    });
    result
}

/// Changes a recorded action, or takes down the mistake of using its handle elsewhere.
#[track_caller]
pub(super) fn with_node(handle: AnyHandle, change: impl FnOnce(&mut ActionNode)) {
    let mut change = Some(change);
    change_node(handle, Location::caller(), &mut |node| {
        if let Some(change) = change.take() {
            change(node);
        }
    });
}

/// Compiled once, and not for every method of every kind of action.
fn change_node(handle: AnyHandle, location: Location, change: &mut dyn FnMut(&mut ActionNode)) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(builder) = current
            && builder.owns(handle, location)
        {
            change(&mut builder.nodes[handle.id.0]);
        }
    });
}

pub(super) fn add_edge(earlier: AnyHandle, later: AnyHandle, location: Location) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(builder) = current
            && builder.owns(earlier, location)
            && builder.owns(later, location)
        {
            builder.nodes[later.id.0].after.push(Edge { from: earlier.id, location });
        }
    });
}

/// Takes down a mistake at a line.
pub(crate) fn refuse(location: Location, message: impl Into<String>, hint: Option<&'static str>) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(builder) = current {
            builder.mistakes.push(Mistake { location, message: message.into(), other: None, hint });
        }
    });
}

/// Ends the build here: what comes after this line cannot be known. Without a known-after it ends because of a
/// mistake that has been taken down.
pub(crate) fn stop(known_after: Option<KnownAfter>) -> ! {
    let building = CURRENT.with_borrow(Option::is_some);
    match known_after {
        Some(known) if !building => panic!("{} is not known: {ENTER_OUTSIDE}", known.what),
        known => resume_unwind(Box::new(Stop(known))),
    }
}

/// Returns the node whose phase is being built.
pub(crate) fn building_node() -> Option<Node> {
    CURRENT.with_borrow(|current| current.as_ref()?.context.node.clone())
}

/// Runs `f` with the context of the phase that is being built.
///
/// # Panics
///
/// When none is.
#[track_caller]
pub(crate) fn with_context<R>(f: impl FnOnce(&Context) -> R) -> R {
    let context = CURRENT.with_borrow(|current| current.as_ref().map(|builder| builder.context.clone()));
    match context {
        Some(context) => f(&context),
        None => panic!("{ENTER_OUTSIDE}"),
    }
}

/// Runs a phase as part of the one that is being built.
#[track_caller]
pub(crate) fn enter_phase<R>(def: &'static PhaseDef, body: impl FnOnce() -> R) -> R {
    let inside = CURRENT.with_borrow_mut(|current| match current {
        Some(builder) => {
            builder.phases.push(def);
            true
        }
        None => false,
    });
    if !inside {
        panic!("phase `{}`: {ENTER_OUTSIDE}", def.name());
    }
    let result = body();
    CURRENT.with_borrow_mut(|current| {
        if let Some(builder) = current {
            builder.phases.pop();
            builder.left = Some(def.location());
        }
    });
    result
}

impl Builder {
    fn owns(&mut self, handle: AnyHandle, location: Location) -> bool {
        // An orphan has been taken down already.
        if handle.scope != self.scope && handle.scope != 0 {
            self.mistakes.push(Mistake {
                location,
                message: "this handle is of another phase, node or run".to_owned(),
                other: Some((handle.made, "it was made at")),
                hint: Some(
                    "return handles from phases that are called here; pass anything else on as a setting",
                ),
            });
        }
        handle.scope == self.scope
    }
}
