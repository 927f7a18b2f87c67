//! A phase as checked: a signature that pallet can call.

use crate::syntax::spelling;
use proc_macro2::Ident;
use quote::quote;
use syn::Type;
use syn::ext::IdentExt;

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

impl Phase {
    /// Tells whether anything must be given where the phase is used.
    pub(crate) fn has_arguments(&self) -> bool {
        self.parameters.iter().any(|parameter| matches!(parameter, Parameter::Arg { .. }))
    }

    /// Returns the arguments as they are written in the signature.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let arguments = self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Arg { name, ty } => {
                let name = name.unraw();
                Some(spelling(quote!(#name: #ty)))
            }
            Parameter::Extractor { .. } => None,
        });
        arguments.collect()
    }
}
