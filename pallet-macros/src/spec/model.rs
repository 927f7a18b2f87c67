//! A spec as checked: whatever is here can be expanded.

use super::hardware::Hardware;
use super::image::Image;
use super::keys::Kind;
use super::network::Network;
use crate::syntax::{Attributes, Pallet};
use proc_macro2::{Ident, Span, TokenStream};
use syn::{Path, Visibility};

/// One item of any kind. What its kind does not have is empty, for it has no key.
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    pub(crate) pallet: Pallet,
    pub(crate) attributes: Attributes,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    /// The name of the group or cluster itself.
    pub(crate) name: Name,
    pub(crate) count: Option<Call>,
    pub(crate) protect: Option<Call>,
    pub(crate) groups: Vec<SpecRef>,
    pub(crate) extends: Vec<SpecRef>,
    pub(crate) roles: Vec<Name>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) default_phases: Option<(Span, Vec<Name>)>,
    pub(crate) node: Node,
}

/// A name that satisfies its rule, and where it stands.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// An argument of a builder's method, and the key it was given for.
pub(crate) struct Call {
    pub(crate) key: Span,
    pub(crate) argument: TokenStream,
}

/// Another spec.
pub(crate) enum SpecRef {
    /// An item, by path: it has a definition, known while compiling.
    Item(Path),
    /// An expression, which builds a spec of its own.
    Built(TokenStream),
}

/// A phase under its name.
pub(crate) struct Phase {
    pub(crate) name: Name,
    pub(crate) body: PhaseBody,
}

/// What a phase runs.
pub(crate) enum PhaseBody {
    /// A `#[phase]` function without arguments.
    Path(Path),
    /// A call of a function with its arguments.
    Call(TokenStream),
    /// A closure written in place.
    Closure(TokenStream),
}

/// From what nodes are made.
#[derive(Default)]
pub(crate) struct Node {
    pub(crate) base: Option<(Span, SpecRef)>,
    pub(crate) image: Option<(Span, Image)>,
    pub(crate) hardware: Option<(Span, Hardware)>,
    pub(crate) network: Option<(Span, Network)>,
}

impl Node {
    /// Tells whether a section of its own is given.
    pub(crate) fn has_sections(&self) -> bool {
        self.image.is_some() || self.hardware.is_some() || self.network.is_some()
    }
}
