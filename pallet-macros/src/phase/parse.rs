//! A function as written. Everything but the body is read, also what a phase must not be.

use crate::diagnostics::Sink;
use crate::messages;
use crate::syntax::Attributes;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::token::Paren;
use syn::{Abi, Attribute, Generics, ReturnType, Token, Type, Visibility, WhereClause, parenthesized};

/// What the attribute stands before.
pub(crate) enum Item {
    /// A function with a body.
    Function(Box<Function>),
    /// Something else.
    Stray(Stray),
}

/// What is no function, or none that can be read, to be given back as it was.
pub(crate) struct Stray(pub(crate) TokenStream);

/// A function as written.
pub(crate) struct Function {
    pub(crate) attributes: Attributes,
    pub(crate) visibility: Visibility,
    pub(crate) constness: Option<Token![const]>,
    pub(crate) asyncness: Option<Token![async]>,
    pub(crate) unsafety: Option<Token![unsafe]>,
    pub(crate) abi: Option<Abi>,
    pub(crate) fn_token: Token![fn],
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) paren: Paren,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: ReturnType,
    /// The body in its braces, not parsed.
    pub(crate) body: Group,
    /// What stands in place of a body.
    pub(crate) no_body: Option<TokenTree>,
}

/// A parameter as written.
pub(crate) enum Parameter {
    /// `self` in any form.
    Receiver(TokenStream),
    /// `...`
    Variadic(TokenStream),
    /// Any other.
    Typed(Box<Typed>),
}

/// A parameter with a type.
pub(crate) struct Typed {
    /// The attributes but `#[arg]`.
    pub(crate) attributes: Vec<Attribute>,
    /// Every `#[arg]` that marks it.
    pub(crate) args: Vec<Attribute>,
    pub(crate) pattern: TokenStream,
    pub(crate) ty: Type,
}

/// Reads the item, or reports that it is no function.
pub(crate) fn item(item: TokenStream, sink: &Sink<'_>) -> Item {
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let after_attributes = after_attributes(&tokens);
    if !is_function(after_attributes) {
        sink.report(after_attributes.first(), messages::phase_not_fn());
        return Item::Stray(Stray(item));
    }
    let body = take_body(&mut tokens);
    match function.parse2(tokens.into_iter().collect()) {
        Ok(function) => {
            let body = body.unwrap_or(function.body);
            Item::Function(Box::new(Function { body, ..function }))
        }
        Err(error) => {
            sink.report_at(error.span(), messages::phase_signature());
            Item::Stray(Stray(item))
        }
    }
}

/// Tells whether a `fn` follows visibility and what else can stand before it.
fn is_function(item: &[TokenTree]) -> bool {
    let mut head = item.iter().skip_while(|token| match token {
        TokenTree::Ident(word) => ["pub", "default", "const", "async", "safe", "unsafe", "extern"]
            .iter()
            .any(|known| *word == known),
        // Of `pub(crate)`, and what a user's `macro_rules!` was given for `$vis:vis`.
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        TokenTree::Literal(_) => true,
        TokenTree::Punct(_) => false,
    });
    matches!(head.next(), Some(TokenTree::Ident(word)) if word == "fn")
}

fn after_attributes(mut item: &[TokenTree]) -> &[TokenTree] {
    // `#` and brackets.
    while let [TokenTree::Punct(_), _, rest @ ..] = item {
        item = rest;
    }
    item
}

/// Takes what stands between the braces at the end. A parser looks at every token that it is given before it begins,
/// and most of them are in the body, which is not parsed.
fn take_body(item: &mut [TokenTree]) -> Option<Group> {
    let Some(TokenTree::Group(group)) = item.last_mut() else { return None };
    if group.delimiter() != Delimiter::Brace {
        return None;
    }
    let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
    // Where it is said that something is missing before the body.
    empty.set_span(group.span_open());
    Some(std::mem::replace(group, empty))
}

fn function(input: ParseStream<'_>) -> syn::Result<Function> {
    let attributes = Attributes(input.call(Attribute::parse_outer)?);
    let visibility = input.parse()?;
    let constness = input.parse()?;
    let asyncness = input.parse()?;
    let unsafety = input.parse()?;
    let abi = input.parse()?;
    let fn_token = input.parse()?;
    let name = input.call(Ident::parse_any)?;
    let mut generics: Generics = input.parse()?;
    let content;
    let paren = parenthesized!(content in input);
    let parameters = parameters(&content)?;
    let output = input.parse()?;
    generics.where_clause = input.parse::<Option<WhereClause>>()?;
    let end = input.parse()?;
    let (body, no_body) = match body(&end) {
        Some(body) => (body, None),
        // One that fits every result, so that its absence is the only error.
        None => (Group::new(Delimiter::Brace, quote!(::core::unreachable!())), Some(end)),
    };
    Ok(Function {
        attributes,
        visibility,
        constness,
        asyncness,
        unsafety,
        abi,
        fn_token,
        name,
        generics,
        paren,
        parameters,
        output,
        body,
        no_body,
    })
}

/// Returns the braces, also those that a user's `macro_rules!` was given for a fragment such as `$body:block`.
fn body(token: &TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group.clone()),
        Delimiter::None => group.stream().into_iter().next().as_ref().and_then(body),
        _ => None,
    }
}

fn parameters(input: ParseStream<'_>) -> syn::Result<Vec<Parameter>> {
    let mut parameters = Vec::new();
    while !input.is_empty() {
        parameters.push(parameter(input)?);
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(parameters)
}

fn parameter(input: ParseStream<'_>) -> syn::Result<Parameter> {
    let (args, attributes) = input
        .call(Attribute::parse_outer)?
        .into_iter()
        .partition(|attribute: &Attribute| attribute.path().is_ident("arg"));
    if is_receiver(input) {
        return Ok(Parameter::Receiver(until_comma(input)?));
    }
    if input.peek(Token![...]) {
        return Ok(Parameter::Variadic(until_comma(input)?));
    }
    let pattern = pattern(input)?;
    input.parse::<Token![:]>()?;
    if input.peek(Token![...]) {
        return Ok(Parameter::Variadic(until_comma(input)?));
    }
    Ok(Parameter::Typed(Box::new(Typed { attributes, args, pattern, ty: plain(input.parse()?) })))
}

/// Returns the type without what a user's `macro_rules!` puts around a fragment such as `$type:ty`.
fn plain(ty: Type) -> Type {
    match ty {
        Type::Group(group) => plain(*group.elem),
        ty => ty,
    }
}

/// Tells whether `self`, `mut self`, `&self`, `&'a mut self` or the like comes next.
fn is_receiver(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    if ahead.peek(Token![&]) {
        let _ = ahead.parse::<Token![&]>();
        let _ = ahead.parse::<Option<syn::Lifetime>>();
    }
    let _ = ahead.parse::<Option<Token![mut]>>();
    ahead.peek(Token![self]) && !ahead.peek2(Token![::])
}

fn until_comma(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !(input.is_empty() || input.peek(Token![,])) {
        input.parse::<TokenTree>()?.to_tokens(&mut tokens);
    }
    Ok(tokens)
}

/// Reads everything before the colon that is not half of `::`.
fn pattern(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !(input.is_empty() || input.peek(Token![:]) && !input.peek(Token![::])) {
        input.parse::<TokenTree>()?.to_tokens(&mut tokens);
    }
    Ok(tokens)
}
