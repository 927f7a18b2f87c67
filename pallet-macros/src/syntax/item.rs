//! The frame of a spec: `crate = path; /// docs  pub Name { … }`.

use super::block::{Entry, entries};
use crate::diagnostics::Sink;
use crate::messages;
use crate::spans::generated_at;
use proc_macro2::{Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Path, Token, Visibility};

/// An item as written.
pub(crate) struct Item {
    /// Where pallet is to be found.
    pub(crate) pallet: Pallet,
    /// The attributes before the name.
    pub(crate) attributes: Attributes,
    /// Who can see the item.
    pub(crate) visibility: Visibility,
    /// The item's name.
    pub(crate) name: Ident,
    /// What stands between the braces.
    pub(crate) entries: Vec<Entry>,
}

impl Item {
    /// Reads the item that stands in `form!`, or reports why there is none.
    pub(crate) fn parse(form: &str, kind: &str, input: TokenStream, sink: &Sink<'_>) -> Option<Item> {
        sink.accept((|input: ParseStream<'_>| Ok(read(form, kind, input, sink))).parse2(input)).flatten()
    }
}

fn read(form: &str, kind: &str, input: ParseStream<'_>, sink: &Sink<'_>) -> Option<Item> {
    let pallet = read_crate(form, input, sink);
    while is_crate(input) {
        if let Ok(word) = input.fork().parse::<Token![crate]>() {
            sink.report(word, messages::duplicate_key("crate", format!("`{form}!`")));
        }
        read_crate(form, input, sink);
    }
    let attributes = sink.accept(input.call(Attribute::parse_outer)).unwrap_or_default();
    let visibility = sink.accept(input.parse::<Visibility>()).unwrap_or(Visibility::Inherited);
    if let Ok(word) = input.parse::<Token![struct]>() {
        sink.report(word, messages::superfluous_struct(form));
    }
    let expected_item = |rest: TokenStream| sink.report(rest, messages::expected_item(form, kind));
    let Ok(name) = input.parse::<Ident>() else {
        expected_item(rest(input));
        return None;
    };
    let body = match input.parse::<TokenTree>() {
        Ok(TokenTree::Group(body)) if body.delimiter() == proc_macro2::Delimiter::Brace => Some(body),
        _ => {
            expected_item(name.to_token_stream());
            rest(input);
            None
        }
    };
    let after = rest(input);
    if !after.is_empty() {
        sink.report(after, messages::tokens_after_item(form, &name));
    }
    let place = format!("`{form}!`");
    let entries = body.map(|body: Group| entries(body.stream(), &place, sink)).unwrap_or_default();
    Some(Item { pallet, attributes: Attributes(attributes), visibility, name, entries })
}

fn is_crate(input: ParseStream<'_>) -> bool {
    input.peek(Token![crate]) && input.peek2(Token![=])
}

/// Reads `crate = path;`, which renames the path to pallet.
fn read_crate(form: &str, input: ParseStream<'_>, sink: &Sink<'_>) -> Pallet {
    if !is_crate(input) {
        return Pallet::usual();
    }
    let mut path = TokenStream::new();
    let ends = |input: ParseStream<'_>| {
        // The item, if the semicolon is forgotten or not yet typed.
        input.peek(Token![;])
            || input.peek(Token![pub])
            || input.peek(Token![#])
            || input.peek(syn::token::Brace)
    };
    while !(input.is_empty() || ends(input)) {
        path.extend(input.parse::<TokenTree>());
    }
    let ended = input.parse::<Token![;]>();
    // The first two tokens are those that were peeked at.
    let path = path.into_iter().skip(2).collect::<TokenStream>();
    match Pallet::parse(path.clone()) {
        Ok(path) if ended.is_ok() => path,
        _ => {
            sink.report(path, messages::crate_path(form));
            Pallet::usual()
        }
    }
}

/// The path to pallet, as the tokens that it is written with: a dozen times in each expansion.
pub(crate) struct Pallet(Vec<TokenTree>);

impl Pallet {
    /// Returns `::pallet`, where pallet is unless the user says otherwise. Put together, because every phase would parse it.
    pub(crate) fn usual() -> Pallet {
        let colon = |spacing| TokenTree::Punct(Punct::new(':', spacing));
        let name = Ident::new("pallet", Span::call_site());
        Pallet(vec![colon(Spacing::Joint), colon(Spacing::Alone), name.into()])
    }

    /// Reads the path that a user gave.
    ///
    /// Lints must take what is generated from it for generated, so it keeps its place and gets our hygiene. Only
    /// `$crate` means what it means by the hygiene it came with.
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Pallet> {
        let mut path = Path::parse_mod_style.parse2(tokens)?;
        for segment in &mut path.segments {
            if segment.ident != "$crate" {
                segment.ident.set_span(generated_at(segment.ident.span()));
            }
        }
        Ok(Pallet(path.into_token_stream().into_iter().collect()))
    }

    /// Tells whether the path begins with `::`.
    pub(crate) fn is_absolute(&self) -> bool {
        matches!(self.0.as_slice(), [TokenTree::Punct(_), ..])
    }

    /// Returns the tokens.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = TokenTree> {
        self.0.iter().cloned()
    }
}

impl ToTokens for Pallet {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens());
    }
}

/// Takes all that is left, so that syn does not complain about it in its own words.
fn rest(input: ParseStream<'_>) -> TokenStream {
    input.parse().unwrap_or_default()
}

/// The attributes of an item.
pub(crate) struct Attributes(pub(crate) Vec<Attribute>);

impl Attributes {
    /// Returns the first line of the documentation.
    pub(crate) fn summary(&self) -> Option<String> {
        let lines = self.0.iter().filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
        lines.map(|line| line.trim().to_owned()).find(|line| !line.is_empty())
    }

    /// Returns the documentation.
    pub(crate) fn docs(&self) -> Vec<&Attribute> {
        self.only(&["doc"])
    }

    /// Returns the conditions under which the item exists. Whatever is generated beside it needs them as well.
    pub(crate) fn conditions(&self) -> Vec<&Attribute> {
        self.only(&["cfg", "cfg_attr"])
    }

    fn only(&self, names: &[&str]) -> Vec<&Attribute> {
        let is_one = |attribute: &&Attribute| names.iter().any(|name| attribute.path().is_ident(name));
        self.0.iter().filter(is_one).collect()
    }
}

impl ToTokens for Attributes {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.iter().for_each(|attribute| attribute.to_tokens(tokens));
    }
}
