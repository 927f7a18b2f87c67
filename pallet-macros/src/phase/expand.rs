//! From a checked signature to the function that users call, and what is registered about it.
//!
//! The function stays whole inside the one that is called: same parameters, same body, same lines. Next to it
//! stands an empty struct of the same name, in the namespace of types, which carries the definition.

use super::check::impl_within;
use super::model::{Parameter, Phase};
use super::parse::{self, Function, Typed};
use crate::spans::{after, before, generated_at, mention};
use crate::spec::place;
use crate::syntax::Pallet;
use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::token::Paren;
use syn::{ReturnType, Type};

/// Returns the expansion of a phase.
pub(crate) fn phase(function: &Function, phase: &Phase, pallet: &Pallet) -> TokenStream {
    let Function { attributes, visibility, name, output, .. } = function;
    let track_caller = track_caller(function);
    let arguments = phase.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Arg { name, ty } => Some(quote!(#name: #ty)),
        Parameter::Extractor { .. } => None,
    });
    let inner_name = inner_name(name);
    let inner = inner(function, &inner_name);
    let call = call(phase, &inner_name, pallet);
    let definition = definition(function, Some(phase), pallet);
    let conditions = attributes.conditions();
    let head = head(function, quote!(#(#arguments),*));
    let name = mention(name);
    quote! {
        #attributes
        #track_caller
        #visibility #head #output {
            #inner
            #pallet::__private::enter(<#name as #pallet::DefinesPhase>::DEF, || #call)
        }

        #definition

        #(#conditions)*
        #pallet::__private::inventory::submit! {
            #pallet::registry::Registered::Phase(<#name as #pallet::DefinesPhase>::DEF)
        }
    }
}

/// Returns what stands for a phase whose signature was refused: everything that others may name, so that the
/// refusal is the only error.
pub(crate) fn stub(function: &Function, pallet: &Pallet) -> TokenStream {
    let Function { attributes, visibility, name, generics, output, .. } = function;
    let is_method = function.parameters.iter().any(|p| matches!(p, parse::Parameter::Receiver(_)));
    if is_method {
        return as_written(function);
    }
    let definition = definition(function, None, pallet);
    if let ReturnType::Type(_, ty) = output
        && impl_within(ty.to_token_stream()).is_some()
    {
        // A function that only panics has no type to hide behind `impl`.
        let written = as_written(function);
        return quote!(#written #definition);
    }
    let arguments = typed(function).filter(|typed| !typed.args.is_empty()).map(|typed| {
        let ty = &typed.ty;
        quote!(_: #ty)
    });
    let inner = inner(function, &inner_name(name));
    let head = head(function, quote!(#(#arguments),*));
    let where_clause = &generics.where_clause;
    quote! {
        #attributes
        #visibility #head #output #where_clause {
            #[allow(unused)]
            #inner
            ::core::unreachable!()
        }

        #definition
    }
}

/// Returns the user's function without our attributes.
fn as_written(function: &Function) -> TokenStream {
    let Function { attributes, visibility, constness, asyncness, unsafety, abi, .. } = function;
    let Function { fn_token, name, generics, paren, output, body, .. } = function;
    let parameters = parenthesized(*paren, function.parameters.iter().map(parameter));
    let where_clause = &generics.where_clause;
    quote! {
        #attributes
        #[allow(unused)]
        #visibility #constness #asyncness #unsafety #abi
        #fn_token #name #generics #parameters #output #where_clause #body
    }
}

/// Returns the user's function under a name of its own. With the same name, a phase that calls itself would
/// call this one, and have to supply its extractors.
fn inner(function: &Function, name: &Ident) -> TokenStream {
    let Function { asyncness, unsafety, fn_token, generics, paren, output, body, .. } = function;
    let parameters = parenthesized(*paren, typed(function).map(typed_parameter));
    let where_clause = &generics.where_clause;
    quote! {
        #asyncness #unsafety #fn_token #name #generics #parameters #output #where_clause #body
    }
}

/// Returns `fn name(arguments)` of the function that others call: generated, at the place of the user's.
fn head(function: &Function, arguments: TokenStream) -> TokenStream {
    let Function { fn_token, name, generics, paren, .. } = function;
    let word = Ident::new("fn", generated_at(fn_token.span));
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(generated_at(paren.span.join()));
    quote!(#word #name #generics #arguments)
}

fn parenthesized(paren: Paren, parameters: impl Iterator<Item = TokenStream>) -> Group {
    let mut group = Group::new(Delimiter::Parenthesis, quote!(#(#parameters),*));
    group.set_span(paren.span.join());
    group
}

fn inner_name(name: &Ident) -> Ident {
    format_ident!("__{}_body", name.unraw(), span = name.span())
}

fn typed(function: &Function) -> impl Iterator<Item = &Typed> {
    function.parameters.iter().filter_map(|parameter| match parameter {
        parse::Parameter::Typed(typed) => Some(&**typed),
        parse::Parameter::Receiver(_) | parse::Parameter::Variadic(_) => None,
    })
}

fn parameter(parameter: &parse::Parameter) -> TokenStream {
    match parameter {
        parse::Parameter::Typed(typed) => typed_parameter(typed),
        parse::Parameter::Receiver(tokens) | parse::Parameter::Variadic(tokens) => tokens.clone(),
    }
}

fn typed_parameter(Typed { attributes, pattern, ty, .. }: &Typed) -> TokenStream {
    quote!(#(#attributes)* #pattern: #ty)
}

/// Without it, the line of an action in a helper would be right and the line of a call of a phase would not.
fn track_caller(function: &Function) -> Option<TokenStream> {
    let is_there = function.attributes.0.iter().any(|attribute| attribute.path().is_ident("track_caller"));
    (!is_there).then(|| quote!(#[track_caller]))
}

/// Returns the block that supplies the extractors and calls the user's function.
fn call(phase: &Phase, function: &Ident, pallet: &Pallet) -> TokenStream {
    let mut extractions = TokenStream::new();
    let mut arguments = Vec::new();
    for (i, parameter) in phase.parameters.iter().enumerate() {
        match parameter {
            Parameter::Arg { name, .. } => arguments.push(name.to_token_stream()),
            Parameter::Extractor { name, ty, by_reference } => {
                let (begin, end) = ends(ty);
                let value = format_ident!("a{i}", span = Span::mixed_site().located_at(end));
                let parameter = name.unraw().to_string();
                let (supply, argument) = match by_reference {
                    true => ("supply_boxed", quote!(&*#value)),
                    false => ("supply", quote!(#value)),
                };
                let supply = over(begin, end, pallet, supply);
                extractions.extend(quote_spanned!(end=> let #value = #supply(#parameter);));
                arguments.push(argument);
            }
        }
    }
    quote!({ #extractions #function(#(#arguments),*) })
}

/// Returns the places before the first and after the last token of the user's type.
fn ends(ty: &Type) -> (Span, Span) {
    let spans: Vec<Span> = ty.to_token_stream().into_iter().map(|token| token.span()).collect();
    let begin = spans.first().map_or_else(Span::call_site, |first| before(*first));
    let end = spans.last().map_or_else(Span::call_site, |last| after(*last));
    (begin, end)
}

/// Returns the path of a private function that reaches from the first to the last token of the user's type, which is
/// what rustc underlines when the type is not one that can be supplied. The type itself stands in the signature
/// alone: if it is unknown, that is one error.
fn over(begin: Span, end: Span, pallet: &Pallet, function: &str) -> TokenStream {
    let at_begin = |mut token: TokenTree| {
        token.set_span(match token {
            TokenTree::Punct(_) => begin,
            // A name means what it means by its hygiene.
            _ => token.span().located_at(begin),
        });
        token
    };
    // Both ends are of one kind, or rustc takes what encloses both.
    let end = if pallet.is_absolute() { end } else { generated_at(end) };
    let function = Ident::new(function, end);
    let pallet = pallet.tokens().map(at_begin);
    quote_spanned!(begin=> #(#pallet)*::__private::#function)
}

fn result_type(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    }
}

/// Returns the struct that stands for the phase, and what is known about it. All of it is at the function's name,
/// where rustc shall point when the name is taken.
fn definition(function: &Function, phase: Option<&Phase>, pallet: &Pallet) -> TokenStream {
    let Function { attributes, visibility, name, .. } = function;
    let (docs, conditions) = (attributes.docs(), attributes.conditions());
    let run = run(function, phase, pallet);
    let defines = defines(function, phase, run.is_some(), pallet);
    let result = if run.is_none() { result_is_of_a_phase(function, pallet) } else { None };
    let runnable = run.map(|run| runnable(function, run, pallet));
    let word = Ident::new("struct", generated_at(before(name.span())));
    let mut fields = Group::new(Delimiter::Brace, TokenStream::new());
    fields.set_span(generated_at(name.span()));
    quote_spanned! {generated_at(after(name.span()))=>
        #(#docs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #(#conditions)*
        #visibility #word #name #fields

        #defines

        #runnable

        #result
    }
}

/// Returns the expression that runs the phase, if it can be run without arguments.
fn run(function: &Function, phase: Option<&Phase>, pallet: &Pallet) -> Option<TokenStream> {
    let name = mention(&function.name);
    match phase {
        Some(phase) if phase.has_arguments() => None,
        Some(_) => {
            // The user's type is named, so that rustc points at it when it is no result of a phase.
            let result = result_type(&function.output);
            let finish = finish(&result, pallet);
            Some(quote_spanned!(after(result.span())=> #finish(#name())))
        }
        // Refused, so it will not run; but whoever names it shall not be told that it cannot.
        None => Some(quote!(::core::unreachable!())),
    }
}

/// Returns what makes rustc judge the result of a phase that is not run by itself.
fn result_is_of_a_phase(function: &Function, pallet: &Pallet) -> Option<TokenStream> {
    let ReturnType::Type(_, result) = &function.output else { return None };
    let conditions = function.attributes.conditions();
    let finish = finish(result, pallet);
    Some(quote! {
        #(#conditions)*
        const _: fn() = || {
            let _ = #finish;
        };
    })
}

/// Returns the path of what takes a result of a phase, which is at the user's type.
fn finish(result: &(impl ToTokens + Spanned), pallet: &Pallet) -> TokenStream {
    let span = result.span();
    let mut open = Punct::new('<', Spacing::Alone);
    open.set_span(before(span));
    quote_spanned!(after(span)=> #open #result as #pallet::PhaseOutput>::finish)
}

fn defines(function: &Function, phase: Option<&Phase>, is_runnable: bool, pallet: &Pallet) -> TokenStream {
    let Function { attributes, name, .. } = function;
    let conditions = attributes.conditions();
    let text = name.unraw().to_string();
    let place = place(name.span());
    let doc = attributes.summary().into_iter();
    let arguments = phase.map(Phase::arguments).unwrap_or_default();
    let arguments = (!arguments.is_empty()).then(|| quote!(.arguments(&[#(#arguments),*])));
    let implement = implement(name);
    let name = mention(name);
    let at = generated_at(name.span());
    let run = is_runnable.then(|| Ident::new("run", at)).into_iter();
    quote_spanned! {at=>
        #(#conditions)*
        #implement #pallet::DefinesPhase for #name {
            const DEF: &'static #pallet::PhaseDef =
                &#pallet::PhaseDef::new(#text, ::core::module_path!(), #pallet::Location::new #place)
                    #(.doc(#doc))* #arguments #(.run(<#name as #pallet::RunnablePhase>::#run))*;
        }
    }
}

/// Returns what lets a phase without arguments be named in specs by its path alone.
fn runnable(function: &Function, run: TokenStream, pallet: &Pallet) -> TokenStream {
    let Function { attributes, name, .. } = function;
    let conditions = attributes.conditions();
    let implement = implement(name);
    let name = mention(name);
    quote_spanned! {generated_at(name.span())=>
        #(#conditions)*
        #[allow(deprecated)] // A deprecated phase is the business of who names it.
        #implement #pallet::RunnablePhase for #name {
            fn run() -> ::core::result::Result<(), #pallet::Error> {
                #run
            }
        }
    }
}

/// Returns the word with which an `impl` for the struct of this name begins.
fn implement(name: &Ident) -> Ident {
    Ident::new("impl", generated_at(before(name.span())))
}
