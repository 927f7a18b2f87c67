//! What a function must be to be a phase. That its parameters can be supplied and its result makes sense are
//! questions of types, which rustc answers better.

use super::model::{Parameter, Phase};
use super::parse::{self, Function, Typed};
use crate::diagnostics::Sink;
use crate::messages;
use crate::syntax::spelling;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Meta, ReturnType, Token, Type};

/// Checks a signature. `None` when anything in it was reported.
pub(crate) fn signature(function: &Function, sink: &Sink<'_>) -> Option<Phase> {
    let sink = sink.section();
    check_qualifiers(function, &sink);
    if let Some(end) = &function.no_body {
        sink.report(end, messages::phase_without_body(&function.name));
    }
    if let ReturnType::Type(_, ty) = &function.output {
        check_no_impl_trait(ty, "the result of a phase", &sink);
    }
    let parameters: Vec<Parameter> = function
        .parameters
        .iter()
        .filter_map(|parameter| check_parameter(parameter, function, &sink))
        .collect();
    (!sink.has_failed()).then_some(Phase { parameters })
}

fn check_qualifiers(function: &Function, sink: &Sink<'_>) {
    let Function { name, constness, asyncness, unsafety, abi, generics, .. } = function;
    let refuse = |word: Option<&dyn ToTokens>, message: String| {
        if let Some(word) = word {
            sink.report(word.to_token_stream(), message);
        }
    };
    fn dynamic<T: ToTokens>(word: &Option<T>) -> Option<&dyn ToTokens> {
        word.as_ref().map(|word| word as &dyn ToTokens)
    }
    refuse(dynamic(constness), messages::phase_const(name));
    refuse(dynamic(asyncness), messages::phase_async(name));
    refuse(dynamic(unsafety), messages::phase_unsafe(name));
    refuse(dynamic(abi), messages::phase_extern(name));
    if !generics.params.is_empty() {
        sink.report(generics, messages::phase_generic(name));
    }
}

fn check_parameter(written: &parse::Parameter, function: &Function, sink: &Sink<'_>) -> Option<Parameter> {
    let typed = match written {
        parse::Parameter::Typed(typed) => typed,
        parse::Parameter::Receiver(receiver) => {
            sink.report(receiver, messages::phase_self());
            return None;
        }
        parse::Parameter::Variadic(dots) => {
            sink.report(dots, messages::phase_variadic(&function.name));
            return None;
        }
    };
    let name = check_name(typed, sink);
    check_arg(typed, sink);
    check_no_impl_trait(&typed.ty, "a parameter of a phase", sink);
    let name = name?;
    if !typed.args.is_empty() {
        return Some(Parameter::Arg { name, ty: typed.ty.clone() });
    }
    let (ty, by_reference) = match &typed.ty {
        Type::Reference(reference) => {
            if let Some(word) = reference.mutability.to_token_stream().into_iter().next() {
                sink.report(word, messages::phase_mut_reference(&name));
            }
            ((*reference.elem).clone(), true)
        }
        ty => (ty.clone(), false),
    };
    Some(Parameter::Extractor { name, ty, by_reference })
}

/// Returns the name of a parameter that is `name` or `mut name`.
fn check_name(typed: &Typed, sink: &Sink<'_>) -> Option<Ident> {
    let plain = |input: ParseStream<'_>| {
        input.parse::<Option<Token![mut]>>()?;
        input.call(Ident::parse)
    };
    let name = plain.parse2(typed.pattern.clone());
    if name.is_err() {
        sink.report(&typed.pattern, messages::phase_pattern());
    }
    name.ok()
}

fn check_arg(typed: &Typed, sink: &Sink<'_>) {
    let [first, more @ ..] = typed.args.as_slice() else { return };
    if !matches!(first.meta, Meta::Path(_)) {
        sink.report(first, messages::arg_arguments());
    }
    if let [second, ..] = more {
        sink.report(second, messages::arg_twice(spelling(&typed.pattern)));
    }
}

fn check_no_impl_trait(ty: &Type, what: &str, sink: &Sink<'_>) {
    match ty {
        Type::ImplTrait(ty) => sink.report(ty, messages::phase_impl_trait(what)),
        // Somewhere inside: `&impl Display`, `Option<impl Display>`.
        ty => {
            if let Some(word) = impl_within(ty.to_token_stream()) {
                sink.report(word, messages::phase_impl_trait(what));
            }
        }
    }
}

/// Returns the first `impl`.
pub(super) fn impl_within(tokens: TokenStream) -> Option<TokenTree> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "impl" => Some(word.into()),
        TokenTree::Group(group) => impl_within(group.stream()),
        _ => None,
    })
}
