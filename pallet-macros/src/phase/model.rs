//! A phase as checked: a signature that pallet can call.

use proc_macro2::Ident;
use syn::Type;

/// What a function needs to be called as a phase.
pub(crate) struct Phase {
    pub(crate) parameters: Vec<Parameter>,
}

/// Where the value of a parameter comes from.
pub(crate) enum Parameter {
    /// Supplied when the plan is made.
    Extractor {
        name: Ident,
        /// What is extracted: without the `&` of the parameter.
        ty: Type,
        by_reference: bool,
    },
    /// Given where the phase is used.
    Arg { name: Ident, ty: Type },
}
