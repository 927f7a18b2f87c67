//! The value of `image`: an id, conditions on an image, a complete definition, or an expression.

use super::check::{boolean, wrong};
use super::keys::{IMAGE_BLOCK, Known};
use crate::diagnostics::Sink;
use crate::messages;
use crate::rules::{self, did_you_mean};
use crate::syntax::{Entry, Pallet, Value, Written, entries};
use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Lit, LitStr};

/// An image as checked.
pub(crate) enum Image {
    /// An image id, or an expression: whatever becomes an image by itself.
    Given(TokenStream),
    /// What the image must be.
    Matching(Vec<Field>),
    /// A complete definition, and the fields of its login.
    Definition { fields: Vec<Field>, login: Vec<Field> },
}

/// A field of a struct of `pallet::spec` with its value.
pub(crate) struct Field {
    name: &'static str,
    value: FieldValue,
}

enum FieldValue {
    /// A text or an expression that becomes the field's type by `into`.
    Into(TokenStream),
    /// Taken as it is.
    Plain(TokenStream),
    /// A variant of `OsFamily`.
    Family(Ident),
    /// A variant of `Attach`.
    Attach(Ident),
    /// A condition on a version, known to be one.
    Condition(LitStr),
}

/// Which part of an image a key belongs to.
#[derive(PartialEq, Clone, Copy)]
enum Part {
    /// Conditions and definitions have it.
    Both,
    Definition,
    Login,
}

fn part(key: &str) -> Part {
    match key {
        "os_family" | "os_version" | "os_64_bit" => Part::Both,
        "path" | "description" | "os_type" | "attach" | "cloud_init" => Part::Definition,
        _ => Part::Login,
    }
}

/// Checks the value of `image`.
pub(crate) fn check(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Image> {
    match &value.value {
        Value::Literal(Lit::Str(id)) => Some(Image::Given(id.to_token_stream())),
        Value::Expression(expression) => Some(Image::Given(expression.clone())),
        Value::Block(block) => check_block(block, sink),
        _ => wrong(value, known, sink),
    }
}

fn check_block(block: &Group, sink: &Sink<'_>) -> Option<Image> {
    let sink = sink.section();
    let resolved = IMAGE_BLOCK.resolve(entries(block.stream(), IMAGE_BLOCK.place, &sink), &sink);
    report_missing_keys(&resolved, &sink);
    let is_definition = has(&resolved, "path");
    let (mut fields, mut login) = (Vec::new(), Vec::new());
    for (known, entry) in &resolved {
        let section = if part(known.name) == Part::Login { &mut login } else { &mut fields };
        section.extend(field(known, entry, is_definition, &sink));
    }
    let image = if is_definition { Image::Definition { fields, login } } else { Image::Matching(fields) };
    (!sink.has_failed()).then_some(image)
}

type Resolved = [(&'static Known, Entry)];

fn has(resolved: &Resolved, name: &str) -> bool {
    resolved.iter().any(|(known, _)| known.name == name)
}

/// Reports the keys that need others which are not there.
fn report_missing_keys(resolved: &Resolved, sink: &Sink<'_>) {
    for (known, entry) in resolved {
        match part(known.name) {
            Part::Definition | Part::Login if !has(resolved, "path") => {
                sink.report(&entry.key, messages::image_without_path(known.name));
            }
            Part::Login if !has(resolved, "username") => {
                sink.report(&entry.key, messages::login_without_username(known.name));
            }
            _ => {}
        }
    }
}

fn field(known: &'static Known, entry: &Entry, is_definition: bool, sink: &Sink<'_>) -> Option<Field> {
    let Entry { value, .. } = entry;
    let value = match known.name {
        "os_family" => FieldValue::Family(family(value, known, sink)?),
        "os_version" if is_definition => FieldValue::Into(text(value, known, sink)?),
        "os_version" => FieldValue::Condition(condition(value, known, sink)?),
        "attach" => FieldValue::Attach(attach(value, known, sink)?),
        "os_64_bit" | "no_sudo" | "cloud_init" => FieldValue::Plain(boolean(value, known, sink)?),
        "password" | "private_key" | "passphrase" | "sudo_password" => {
            FieldValue::Into(secret(value, known, sink)?)
        }
        _ => FieldValue::Into(text(value, known, sink)?),
    };
    Some(Field { name: known.name, value })
}

fn text(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<TokenStream> {
    match &value.value {
        Value::Literal(Lit::Str(text)) => Some(text.to_token_stream()),
        Value::Expression(expression) => Some(expression.clone()),
        _ => wrong(value, known, sink),
    }
}

fn secret(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<TokenStream> {
    match &value.value {
        Value::Expression(expression) => Some(expression.clone()),
        Value::Literal(Lit::Str(_)) => {
            sink.report(value, messages::secret_in_source(known.name));
            None
        }
        _ => wrong(value, known, sink),
    }
}

/// Checks an OS family, written with hyphens in quotes or with underscores as a word.
fn family(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Ident> {
    let Some(written) = value.word_or_text() else { return wrong(value, known, sink) };
    let name = if value.word().is_some() { written.replace('_', "-") } else { written.clone() };
    let names = || rules::FAMILIES.iter().map(|(name, _)| *name);
    match rules::FAMILIES.iter().find(|(family, _)| *family == name) {
        Some((_, variant)) => Some(Ident::new(variant, Span::call_site())),
        None => {
            let way_out = match did_you_mean(&name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("families: {}", names().collect::<Vec<_>>().join(", ")),
            };
            sink.report(value, messages::unknown_family(written, way_out));
            None
        }
    }
}

/// Checks how the disk is used, written with hyphens in quotes or with underscores as a word.
fn attach(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Ident> {
    let written = value.word_or_text().unwrap_or_default();
    let name = if value.word().is_some() { written.replace('_', "-") } else { written };
    match rules::ATTACH.iter().find(|(way, _)| *way == name) {
        Some((_, variant)) => Some(Ident::new(variant, Span::call_site())),
        None => wrong(value, known, sink),
    }
}

fn condition(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<LitStr> {
    let Some(text) = value.text() else { return wrong(value, known, sink) };
    if !rules::is_version_condition(&text.value()) {
        sink.report(text, messages::version_condition(text.value()));
        return None;
    }
    Some(text.clone())
}

impl Image {
    /// Returns an expression that becomes a `pallet::spec::Image`.
    pub(crate) fn expand(&self, pallet: &Pallet) -> TokenStream {
        match self {
            Image::Given(image) => image.clone(),
            Image::Matching(fields) => build(pallet, "ImageMatch", fields, TokenStream::new()),
            Image::Definition { fields, login } if login.is_empty() => {
                build(pallet, "ImageDefinition", fields, TokenStream::new())
            }
            Image::Definition { fields, login } => {
                let login = build(pallet, "Login", login, TokenStream::new());
                let login = quote!(login: ::core::option::Option::Some(#login),);
                build(pallet, "ImageDefinition", fields, login)
            }
        }
    }
}

/// Returns a struct of `pallet::spec` with these fields and `more`, and its defaults for the rest.
fn build(pallet: &Pallet, name: &str, fields: &[Field], more: TokenStream) -> TokenStream {
    let name = Ident::new(name, Span::call_site());
    let fields = fields.iter().map(|field| field.expand(pallet));
    quote! {
        #pallet::spec::#name { #(#fields)* #more ..::core::default::Default::default() }
    }
}

impl Field {
    fn expand(&self, pallet: &Pallet) -> TokenStream {
        let name = Ident::new(self.name, Span::call_site());
        let value = match &self.value {
            FieldValue::Into(value) => quote!(::core::convert::Into::into(#value)),
            FieldValue::Plain(value) => value.clone(),
            FieldValue::Family(variant) => quote!(#pallet::facts::OsFamily::#variant),
            FieldValue::Attach(variant) => quote!(#pallet::spec::Attach::#variant),
            // Checked by the same rule above, so this is never `None`.
            FieldValue::Condition(text) => {
                return quote!(#name: #pallet::facts::VersionReq::parse(#text).ok(),);
            }
        };
        match self.name {
            "path" | "username" | "no_sudo" | "cloud_init" => quote!(#name: #value,),
            _ => quote!(#name: ::core::option::Option::Some(#value),),
        }
    }
}
