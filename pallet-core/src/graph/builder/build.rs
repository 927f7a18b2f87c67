//! Building: from the functions of a phase to a graph. What is written is checked here, as far as no type can tell.

use super::{Builder, CURRENT, ORPHANS, Stop, refuse};
use crate::condition::Condition;
use crate::conflicts::settle_overrides;
use crate::context::Context;
use crate::graph::{ActionGraph, ActionId, ActionNode, AnyHandle, Edge, GraphError, KnownAfter, Mistake};
use crate::location::Location;
use crate::name::PhaseName;
use crate::phase::standard;
use crate::sorted::Set;
use crate::spec::PhaseFn;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT_SCOPE: AtomicU64 = AtomicU64::new(1);

/// What building a phase gave.
#[derive(Debug)]
pub struct Built {
    /// The actions, up to where building had to stop.
    pub graph: ActionGraph,
    /// Where it had to stop, if it had to.
    pub known_after: Option<KnownAfter>,
}

/// Builds the graph of everything that `body` does, for the node of `context`. Part of the feature `engine`, as all that
/// builds.
///
/// # Errors
///
/// All mistakes that were made, when there was any: an action outside a phase, a handle of another phase, an
/// incomplete action, contradicting orders. A panic of the user's code is one of them, too.
///
/// # Panics
///
/// When called from within a phase.
///
/// # Examples
///
/// ```
/// use pallet::prelude::*;
///
/// let built = pallet::graph::build(&pallet::Context::example(), || {
///     let nginx = package("nginx");
///     service("nginx").running().after(nginx);
/// })?;
/// let labels: Vec<String> = built.graph.in_order().map(|(_, action)| action.label()).collect();
/// assert_eq!(labels, ["package nginx", "service nginx"]);
/// # Ok::<(), pallet::graph::GraphError>(())
/// ```
#[track_caller]
pub fn build(context: &Context, body: impl FnOnce()) -> Result<Built, GraphError> {
    let scope = NEXT_SCOPE.fetch_add(1, Ordering::Relaxed);
    let begun = Location::caller();
    CURRENT.with_borrow_mut(|current| {
        assert!(current.is_none(), "a phase cannot be built inside another one: call it");
        *current = Some(Builder {
            scope,
            context: context.clone(),
            nodes: Vec::new(),
            mistakes: Vec::new(),
            begun,
            phases: Vec::new(),
            functions: vec![context.phase.clone()],
            tags: Vec::new(),
            left: None,
        });
    });
    let ended = catch_unwind(AssertUnwindSafe(body));
    let builder = CURRENT.take().expect("nobody else takes the builder");
    builder.finish(ended.err())
}

/// Builds the graph of a phase that is made of several functions, for the node of `context`.
///
/// # Errors
///
/// See [`build`]; and when a function returns an error, or an action stands in a `settings` phase.
pub fn build_phase(context: &Context, functions: &[PhaseFn], spec: Location) -> Result<Built, GraphError> {
    build_phases(context, [(&context.phase, functions)], spec)
}

/// Builds one graph of several phases that run one after the other, for the node of `context`.
///
/// # Errors
///
/// See [`build_phase`].
pub fn build_phases<'a>(
    context: &Context,
    phases: impl IntoIterator<Item = (&'a PhaseName, &'a [PhaseFn])>,
    spec: Location,
) -> Result<Built, GraphError> {
    build(context, || {
        for (phase, functions) in phases {
            for function in functions {
                begin_function(phase);
                if let Err(error) = function.call() {
                    let left =
                        CURRENT.with_borrow(|current| current.as_ref().and_then(|builder| builder.left));
                    let message = format!("phase `{phase}`: {}", error.chain());
                    refuse(left.unwrap_or(spec), message, None);
                }
            }
        }
    })
}

/// Lets what is recorded from here on belong to a further function of a phase.
fn begin_function(phase: &PhaseName) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(builder) = current {
            builder.functions.push(phase.clone());
            builder.context.phase = phase.clone();
        }
    });
}

impl Builder {
    fn mistake(node: &ActionNode, message: &str) -> Mistake {
        let message = format!("{}: {message}", node.label());
        Mistake { location: node.location, message, other: None, hint: None }
    }

    fn finish(mut self, ended: Option<Box<dyn std::any::Any + Send>>) -> Result<Built, GraphError> {
        let mut known_after = None;
        if let Some(payload) = ended {
            match payload.downcast::<Stop>() {
                Ok(stop) => known_after = stop.0,
                Err(panic) => self.mistakes.push(self.panic_mistake(&*panic)),
            }
        }
        for node in &self.nodes {
            if let Err(message) = node.action.check() {
                self.mistakes.push(Self::mistake(node, &message));
            }
        }
        if known_after.is_some() {
            self.drop_what_was_cut_short();
        }
        let missing = |node: &ActionNode| Some(Self::mistake(node, node.action.missing()?));
        self.mistakes.extend(self.nodes.iter().filter_map(missing));
        let in_settings = |node: &&ActionNode| self.functions[node.function].as_str() == standard::SETTINGS;
        self.mistakes.extend(self.nodes.iter().filter(in_settings).map(|node| Mistake {
            location: node.location,
            message: format!("{}: an action cannot stand in the `settings` phase", node.label()),
            other: None,
            hint: Some("the settings phase computes and publishes settings; move the action to `configure`"),
        }));
        self.add_value_edges();
        let order = self.order();
        self.mistakes.append(&mut ORPHANS.lock().unwrap_or_else(PoisonError::into_inner));
        if !self.mistakes.is_empty() {
            return Err(GraphError { mistakes: self.mistakes });
        }
        let mut graph = ActionGraph { nodes: self.nodes, order, functions: self.functions };
        let mistakes = settle_overrides(&mut graph);
        if mistakes.is_empty() { Ok(Built { graph, known_after }) } else { Err(GraphError { mistakes }) }
    }

    /// Drops the action in the middle of whose line the phase may have stopped, so that the rest would have given what it
    /// misses, and those that were made in that line already: `remote_file("/a").content(…)`.
    fn drop_what_was_cut_short(&mut self) {
        let nodes = &self.nodes;
        let open = (0..nodes.len()).find(|&index| {
            let begun = nodes[index].location;
            nodes[index].action.missing().is_some()
                && !nodes[index + 1..].iter().any(|later| later.location.is_behind(begun))
        });
        self.nodes.truncate(open.unwrap_or(nodes.len()));
        self.forget_edges_of_dropped_actions();
    }

    /// Whoever uses a value comes after the action that gives it.
    fn add_value_edges(&mut self) {
        for index in 0..self.nodes.len() {
            let location = self.nodes[index].location;
            let node = &self.nodes[index];
            let values = node.action.values();
            let conditions = node.how.conditions.iter().flat_map(Condition::handles).collect::<Vec<_>>();
            for value in &values {
                self.refuse_value_that_may_be_missing(*value, location);
            }
            for earlier in values.into_iter().chain(conditions) {
                if self.owns(earlier, location) && earlier.id.0 < self.nodes.len() {
                    self.nodes[index].after.push(Edge { from: earlier.id, location });
                }
            }
        }
    }

    /// An action that may not run, or may fail, has no value that others can rely on.
    fn refuse_value_that_may_be_missing(&mut self, value: AnyHandle, location: Location) {
        let Some(node) = self.nodes.get(value.id.0).filter(|_| value.scope == self.scope) else { return };
        if node.how.conditions.is_empty() && !node.how.ignores_failure {
            return;
        }
        self.mistakes.push(Mistake {
            location,
            message: format!(
                "the value of `{}` is used here, and that may not run or may fail",
                node.label()
            ),
            other: Some((node.location, "it was made at")),
            hint: Some("read the value with `output_of`, without a condition"),
        });
    }

    fn forget_edges_of_dropped_actions(&mut self) {
        let count = self.nodes.len();
        for node in &mut self.nodes {
            node.after.retain(|edge| edge.from.0 < count);
            node.notified_by.retain(|id| id.0 < count);
        }
    }

    /// Orders the actions by program order as far as the edges allow (Kahn's algorithm, lowest number first); those
    /// for the end of a phase come when nothing else of it is left.
    fn order(&mut self) -> Vec<ActionId> {
        let count = self.nodes.len();
        let phase =
            |function: usize| self.functions.iter().position(|name| *name == self.functions[function]);
        let ends: Vec<_> =
            self.nodes.iter().map(|node| (phase(node.function), node.action.at_end())).collect();
        let waits_for: Vec<Set<usize>> =
            self.nodes.iter().map(|node| node.after.iter().map(|edge| edge.from.0).collect()).collect();
        let mut waiting: Vec<usize> = waits_for.iter().map(Set::len).collect();
        let mut releases: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (index, on) in waits_for.iter().enumerate() {
            on.iter().for_each(|&earlier| releases[earlier].push(index));
        }
        let place = |index: usize| Reverse((ends[index], index));
        let mut ready: BinaryHeap<Reverse<_>> =
            (0..count).filter(|&index| waiting[index] == 0).map(place).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse((_, index))) = ready.pop() {
            order.push(ActionId(index));
            for &later in &releases[index] {
                waiting[later] -= 1;
                if waiting[later] == 0 {
                    ready.push(place(later));
                }
            }
        }
        if let Some(start) = (0..count).find(|&index| waiting[index] > 0) {
            let circle = find_circle(&waits_for, &waiting, start);
            self.mistakes.push(self.describe_circle(&circle));
        }
        order
    }

    fn describe_circle(&self, circle: &[usize]) -> Mistake {
        let steps = circle.iter().enumerate().map(|(i, &index)| {
            let next = circle[(i + 1) % circle.len()];
            let node = &self.nodes[index];
            let said = node.after.iter().find(|edge| edge.from.0 == next).map(|edge| edge.location);
            let said = said.map(|location| format!(" ({location})")).unwrap_or_default();
            format!("`{}` of {} after `{}`{said}", node.label(), node.location, self.nodes[next].label())
        });
        Mistake {
            location: self.nodes[circle[0]].location,
            message: format!("these actions wait for each other: {}", steps.collect::<Vec<_>>().join(", ")),
            other: None,
            hint: Some("take one of the `after` away"),
        }
    }

    /// The payload of a panic has no line, so it is reported where its phase begins.
    fn panic_mistake(&self, panic: &(dyn std::any::Any + Send)) -> Mistake {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        let names: Vec<String> = self.phases.iter().map(|def| format!("`{}`", def.path())).collect();
        let phase = if names.is_empty() { "a closure".to_owned() } else { names.join(" → ") };
        Mistake {
            location: self.phases.last().map_or(self.begun, |def| def.location()),
            message: format!("{phase} panicked: {message}"),
            other: None,
            hint: Some("the panic's own message, printed above, has the line"),
        }
    }
}

/// Follows what each action still waits for until one comes again.
fn find_circle(waits_for: &[Set<usize>], waiting: &[usize], start: usize) -> Vec<usize> {
    let mut path = vec![start];
    loop {
        let last = path[path.len() - 1];
        let Some(&next) = waits_for[last].iter().find(|&&earlier| waiting[earlier] > 0) else { return path };
        if let Some(at) = path.iter().position(|&index| index == next) {
            return path.split_off(at);
        }
        path.push(next);
    }
}
