//! Handles: what an action's constructor returns.

use super::ActionId;
use super::builder::with_node;
use crate::action::Action;
use crate::location::Location;
use std::marker::PhantomData;

/// An action of type `A` in the phase that is being built.
///
/// A handle can be copied freely, given to later actions, and returned from a phase; using one makes an edge. It
/// lives as long as the phase is built: the compiler keeps it from other threads and statics, and the builder
/// refuses one from another phase, naming both lines.
pub struct Handle<A> {
    pub(super) any: AnyHandle,
    action: PhantomData<A>,
    _lives: OnlyWhileThePhaseIsBuilt,
}

/// The result of an action, known to the node once the action has run.
///
/// It can stand wherever a [`Text`](crate::Text) can.
pub struct Value<T = String> {
    pub(crate) any: AnyHandle,
    value: PhantomData<T>,
    _lives: OnlyWhileThePhaseIsBuilt,
}

/// Raw pointers are neither `Send` nor `Sync`, and so is what contains them, if it be none. The compiler names this
/// type when a handle is kept in a static or goes to another thread.
#[derive(Clone, Copy)]
struct OnlyWhileThePhaseIsBuilt([*const (); 0]);

impl OnlyWhileThePhaseIsBuilt {
    const NOW: Self = OnlyWhileThePhaseIsBuilt([]);
}

/// A handle of an action of whatever type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnyHandle {
    pub(crate) id: ActionId,
    pub(super) scope: u64,
    pub(super) made: Location,
}

impl<A: Action> Handle<A> {
    pub(super) fn new(any: AnyHandle) -> Self {
        Handle { any, action: PhantomData, _lives: OnlyWhileThePhaseIsBuilt::NOW }
    }

    /// Changes the action: what the methods of every kind of action are made of.
    ///
    /// Outside the phase that made the action nothing is changed and the mistake is reported when the graph is
    /// built.
    #[track_caller]
    pub fn edit(self, change: impl FnOnce(&mut A)) -> Self {
        let mut change = Some(change);
        self.edit_once(&mut |action| {
            if let Some(change) = change.take() {
                change(action);
            }
        });
        self
    }

    /// Compiled once for each kind of action, and not for each of its methods.
    #[track_caller]
    fn edit_once(self, change: &mut dyn FnMut(&mut A)) {
        with_node(self.any, |node| {
            let action: &mut dyn std::any::Any = &mut *node.action;
            if let Some(action) = action.downcast_mut::<A>() {
                change(action);
            }
        });
    }

    /// Lets the action come after others. Program order does that already for what stands further up.
    #[track_caller]
    pub fn after(self, others: impl Handles) -> Self {
        others.depend(self.any);
        self
    }

    /// Says something about the action that plans and failures repeat.
    #[track_caller]
    pub fn comment(self, comment: impl Into<String>) -> Self {
        with_node(self.any, |node| node.comment = Some(comment.into()));
        self
    }

    /// Says that this line wins where an earlier function of the same phase, such as one of an inherited spec, declares
    /// another state of the same thing. The earlier action is left out.
    ///
    /// Everything that it declares must be declared here, too: the owner of a file is not given up silently because
    /// its content is another one. Without this, two functions that contradict each other are refused.
    #[track_caller]
    pub fn overrides(self) -> Self {
        with_node(self.any, |node| node.overrides = true);
        self
    }

    /// Makes this action answer a change of others. What the answer is, the action knows.
    #[track_caller]
    pub fn notified_by(self, others: impl Handles) -> Self {
        others.depend(self.any);
        others.each(&mut |other| {
            with_node(self.any, |node| {
                node.notified_by.insert(other.id);
            });
        });
        self
    }

    /// Returns the action's value as a `T`. For kinds of action that have one; their methods call this.
    pub fn value<T>(self) -> Value<T> {
        Value { any: self.any, value: PhantomData, _lives: OnlyWhileThePhaseIsBuilt::NOW }
    }

    /// Returns the handle without the type of its action: for lists of actions of several kinds.
    pub fn any(self) -> AnyHandle {
        self.any
    }

    /// Puts another action in the place of this one: for what a constructor cannot know yet.
    pub(crate) fn turn_into<B: Action>(self, other: impl FnOnce(&A) -> B) -> Handle<B> {
        with_node(self.any, |node| {
            let action: &dyn std::any::Any = &*node.action;
            if let Some(other) = action.downcast_ref::<A>().map(other) {
                node.action = Box::new(other);
            }
        });
        self.cast()
    }

    /// Returns a handle of another type for the same action.
    pub(crate) fn cast<B: Action>(self) -> Handle<B> {
        Handle::new(self.any)
    }
}

impl Value<String> {
    /// Returns the value as a number, for conditions. One that is no number fails the action that compares it.
    pub fn number(self) -> Value<i64> {
        Value { any: self.any, value: PhantomData, _lives: OnlyWhileThePhaseIsBuilt::NOW }
    }
}

impl<A> Clone for Handle<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Handle<A> {}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Value<T> {}

impl<A> std::fmt::Debug for Handle<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handle(action {} of {})", self.any.id.0, self.any.made)
    }
}

impl<T> std::fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value(action {} of {})", self.any.id.0, self.any.made)
    }
}

/// One handle, or several: what [`Handle::after`] accepts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handle of an action",
    note = "give what an action such as `package(..)` or `remote_file(..)` returned, or an array or `Vec` of those"
)]
pub trait Handles {
    /// Calls `f` for every handle.
    fn each(&self, f: &mut dyn FnMut(AnyHandle));

    /// Lets `later` come after all of these.
    #[track_caller]
    fn depend(&self, later: AnyHandle) {
        let location = Location::caller();
        self.each(&mut |earlier| super::builder::add_edge(earlier, later, location));
    }
}

impl<A> Handles for Handle<A> {
    fn each(&self, f: &mut dyn FnMut(AnyHandle)) {
        f(self.any);
    }
}

impl<T> Handles for Value<T> {
    fn each(&self, f: &mut dyn FnMut(AnyHandle)) {
        f(self.any);
    }
}

impl Handles for AnyHandle {
    fn each(&self, f: &mut dyn FnMut(AnyHandle)) {
        f(*self);
    }
}

impl<H: Handles, const N: usize> Handles for [H; N] {
    fn each(&self, f: &mut dyn FnMut(AnyHandle)) {
        self.iter().for_each(|handle| handle.each(f));
    }
}

impl<H: Handles> Handles for Vec<H> {
    fn each(&self, f: &mut dyn FnMut(AnyHandle)) {
        self.iter().for_each(|handle| handle.each(f));
    }
}

impl<H: Handles> Handles for &[H] {
    fn each(&self, f: &mut dyn FnMut(AnyHandle)) {
        self.iter().for_each(|handle| handle.each(f));
    }
}
