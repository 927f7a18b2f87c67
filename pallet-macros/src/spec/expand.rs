//! From a checked spec to Rust: calls on `pallet`'s builders, as a user could write them.

use super::keys::Kind;
use super::model::{Call, Name, Node, Phase, PhaseBody, Spec, SpecRef};
use crate::spans::{after, before, generated_at, mention};
use crate::syntax::Pallet;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{LitStr, Path};

/// Returns the struct that stands for the item, its definition, the function that builds the spec, and its
/// registration.
pub(crate) fn item(spec: &Spec) -> TokenStream {
    let Spec { pallet, attributes, visibility, ident, .. } = spec;
    let Names { defines, built, registered, .. } = Names::of(spec.kind);
    let conditions = attributes.conditions();
    let definition = definition(spec);
    let spec_doc = format!(" Returns the {}.", spec.kind.noun());
    let built = path(pallet, built);
    let word = quote_spanned!(before(ident.span())=> struct);
    let structure = quote_spanned!(ident.span()=> #word #ident;);
    let spec = relocated(quote!(#visibility fn spec() -> #built), generated_at(ident.span()));
    let ident = mention(ident);
    quote! {
        #attributes
        #visibility #structure

        #(#conditions)*
        #definition

        #(#conditions)*
        impl #ident {
            #[doc = #spec_doc]
            #spec {
                <#ident as #pallet::#defines>::DEF.spec()
            }
        }

        #(#conditions)*
        #pallet::__private::inventory::submit! {
            #pallet::registry::Registered::#registered(<#ident as #pallet::#defines>::DEF)
        }
    }
}

/// What `pallet` calls the things of a kind.
struct Names {
    defines: Ident,
    definition: Ident,
    built: &'static [&'static str],
    registered: Ident,
}

impl Names {
    fn of(kind: Kind) -> Names {
        let (defines, definition, built, registered): (_, _, &[&str], _) = match kind {
            Kind::ServerSpec => ("DefinesServerSpec", "ServerSpecDef", &["ServerSpec"], "ServerSpec"),
            Kind::Group => ("DefinesGroup", "GroupDef", &["GroupSpec"], "Group"),
            Kind::NodeSpec => ("DefinesNodeSpec", "NodeSpecDef", &["spec", "NodeSpec"], "NodeSpec"),
            Kind::Cluster => ("DefinesCluster", "ClusterDef", &["ClusterSpec"], "Cluster"),
        };
        Names { defines: ident(defines), definition: ident(definition), built, registered: ident(registered) }
    }
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn path(pallet: &Pallet, segments: &[&str]) -> TokenStream {
    let segments = segments.iter().map(|segment| ident(segment));
    quote!(#pallet #(::#segments)*)
}

/// Returns what is known about the item, and how to build it.
fn definition(spec: &Spec) -> TokenStream {
    let Spec { pallet, ident, .. } = spec;
    let Names { defines, definition, .. } = Names::of(spec.kind);
    let item_name = ident.unraw().to_string();
    let own_name = match spec.kind {
        Kind::Group | Kind::Cluster => Some(spec.name.literal()),
        Kind::ServerSpec | Kind::NodeSpec => None,
    };
    let place = place(ident.span());
    let doc = spec.attributes.summary().map(|doc| quote!(.doc(#doc)));
    let groups = definitions(&spec.groups, quote!(groups), Kind::Group, pallet);
    let extends = definitions(&spec.extends, quote!(extends), Kind::ServerSpec, pallet);
    let own_name = own_name.into_iter();
    let bases = bases(spec);
    let construction = construction(spec);
    // Whether the last field of a struct is given is the user's choice.
    let allow_update = spec.node.has_sections().then(|| quote!(#[allow(clippy::needless_update)]));
    // At the item's name, where rustc shall point when there is another item of this name.
    let implement = quote_spanned!(generated_at(before(ident.span()))=> impl);
    let ident = mention(ident);
    quote_spanned! {generated_at(after(ident.span()))=>
        #implement #pallet::#defines for #ident {
            #bases

            #allow_update
            const DEF: &'static #pallet::#definition = &#pallet::#definition::new(
                #item_name,
                #(#own_name,)*
                ::core::module_path!(),
                #pallet::Location::new #place,
                || { #construction },
            ) #doc #groups #extends;
        }
    }
}

/// Returns the type that is made of those of the bases, which is how rustc finds a spec that extends itself: it says
/// so in few words, at each name in the circle. What it says of the constants would fill a screen.
fn bases(spec: &Spec) -> Option<TokenStream> {
    if spec.kind != Kind::ServerSpec {
        return None;
    }
    let Spec { pallet, extends, .. } = spec;
    let paths = || {
        extends.iter().filter_map(|base| match base {
            SpecRef::Item(path) => Some(path),
            SpecRef::Built(_) => None,
        })
    };
    let types = paths().map(|path| {
        let open = quote_spanned!(before(path.span())=> <);
        quote_spanned!(after(path.span())=> #open #path as #pallet::DefinesServerSpec>::BasesWithoutCircle)
    });
    // What rustc underlines: from the first base to the last.
    let begin = paths().next().map_or_else(Span::call_site, |path| before(path.span()));
    let end = paths().next_back().map_or_else(Span::call_site, |path| after(path.span()));
    let (open, close) = (quote_spanned!(begin=> <), quote_spanned!(end=> ::Nothing));
    Some(quote! {
        type BasesWithoutCircle = #open (#(#types,)*) as #pallet::__private::Forget> #close;
    })
}

/// Returns tokens that mean what they mean, and reach from the beginning to the end of a token that stands elsewhere.
fn relocated(tokens: TokenStream, place: Span) -> TokenStream {
    let relocate = |(i, mut token): (usize, TokenTree)| {
        let at = if i == 0 { before(place) } else { after(place) };
        token.set_span(match &token {
            // It means the same everywhere, and comes first, where the ends of an item must be of one kind.
            TokenTree::Ident(word) if word == "pub" => at,
            _ => token.span().located_at(at),
        });
        token
    };
    tokens.into_iter().enumerate().map(relocate).collect()
}

/// Returns the place of a token in the user's source, as the arguments of `Location::new`.
pub(crate) fn place(at: Span) -> Group {
    let place = quote_spanned!(before(at)=> ::core::file!(), ::core::line!(), ::core::column!());
    Group::new(Delimiter::Parenthesis, place)
}

/// Returns a call that takes the definitions of those of `specs` that are items.
fn definitions(specs: &[SpecRef], method: TokenStream, kind: Kind, pallet: &Pallet) -> Option<TokenStream> {
    let definitions: Vec<TokenStream> = specs
        .iter()
        .filter_map(|spec| match spec {
            SpecRef::Item(path) => Some(definition_of(path, kind, pallet)),
            SpecRef::Built(_) => None,
        })
        .collect();
    (!definitions.is_empty()).then(|| quote!(.#method(&[#(#definitions),*])))
}

/// Returns the definition of the item at `path`. All of it is at the user's path, so that this is what rustc
/// underlines when the path leads to something else.
fn definition_of(path: &Path, kind: Kind, pallet: &Pallet) -> TokenStream {
    let Names { defines, .. } = Names::of(kind);
    let open = quote_spanned!(before(path.span())=> <);
    quote_spanned!(after(path.span())=> #open #path as #pallet::#defines>::DEF)
}

/// Returns an expression that builds another spec.
fn build(spec: &SpecRef, kind: Kind, pallet: &Pallet) -> TokenStream {
    match spec {
        SpecRef::Item(path) => {
            let definition = definition_of(path, kind, pallet);
            quote_spanned!(after(path.span())=> #definition.spec())
        }
        SpecRef::Built(expression) => expression.clone(),
    }
}

/// Returns the place of the call that takes another spec. The type of an item is known to be right.
fn around(spec: &SpecRef) -> Span {
    match spec {
        SpecRef::Item(path) => after(path.span()),
        SpecRef::Built(expression) => expression.span(),
    }
}

/// Returns the expression that builds the spec.
fn construction(spec: &Spec) -> TokenStream {
    let Spec { pallet, ident, .. } = spec;
    if spec.kind == Kind::NodeSpec {
        return sections(&spec.node, pallet);
    }
    let Names { defines, built, .. } = Names::of(spec.kind);
    let (built, ident) = (path(pallet, built), mention(ident));
    let count = spec.count.as_ref().map(|call| call.expand("count"));
    let protect = spec.protect.as_ref().map(|call| call.expand("protect"));
    let node = node_spec(&spec.node, pallet);
    // Each call is at its item, where rustc shall point when the item has the wrong type.
    let groups = spec.groups.iter().map(|group| {
        let at = around(group);
        let group = build(group, Kind::Group, pallet);
        quote_spanned!(at=> .group(#group))
    });
    let extends = spec.extends.iter().map(|base| {
        let at = around(base);
        let base = build(base, Kind::ServerSpec, pallet);
        quote_spanned!(at=> .extends(#base))
    });
    let roles = spec.roles.iter().map(|role| {
        let name = role.literal();
        quote_spanned!(role.span=> .role(#name))
    });
    let phases = spec.phases.iter().map(|phase| phase.expand(pallet));
    let default_phases = spec.default_phases.as_ref().map(|(at, names)| default_phases(*at, names));
    quote! {
        #built::item(<#ident as #pallet::#defines>::DEF)
            #count #node #(#groups)* #(#extends)* #(#roles)* #(#phases)* #default_phases #protect
    }
}

fn default_phases(at: Span, names: &[Name]) -> TokenStream {
    if names.is_empty() {
        // An empty list says nothing about the type of its items.
        return quote_spanned!(at=> .default_phases([""; 0]));
    }
    let names = names.iter().map(Name::literal);
    quote_spanned!(at=> .default_phases([#(#names),*]))
}

/// Returns the call that sets the node spec: the sections given here, over the spec that is named.
fn node_spec(node: &Node, pallet: &Pallet) -> Option<TokenStream> {
    let base = node.base.as_ref().map(|(at, base)| (*at, build(base, Kind::NodeSpec, pallet)));
    let sections = node.has_sections().then(|| sections(node, pallet));
    match (sections, base) {
        (Some(sections), Some((at, base))) => Some(quote_spanned!(at=> .node_spec(#sections.over(#base)))),
        (Some(sections), None) => Some(quote!(.node_spec(#sections))),
        (None, Some((at, base))) => Some(quote_spanned!(at=> .node_spec(#base))),
        (None, None) => None,
    }
}

fn sections(node: &Node, pallet: &Pallet) -> TokenStream {
    let image = node.image.as_ref().map(|(at, image)| {
        let image = image.expand(pallet);
        quote_spanned!(*at=> .image(#image))
    });
    let hardware = node.hardware.as_ref().map(|(at, hardware)| {
        let hardware = hardware.expand(pallet);
        quote_spanned!(*at=> .hardware(#hardware))
    });
    let network = node.network.as_ref().map(|(at, network)| {
        let network = network.expand(pallet);
        quote_spanned!(*at=> .network(#network))
    });
    quote!(#pallet::spec::NodeSpec::new() #image #hardware #network)
}

impl Call {
    fn expand(&self, method: &str) -> TokenStream {
        // At the key, so that a wrong type is reported there and an editor leads from the key to the method.
        let method = Ident::new(method, self.key);
        let argument = &self.argument;
        quote_spanned!(self.key=> .#method(#argument))
    }
}

impl Name {
    fn literal(&self) -> LitStr {
        LitStr::new(&self.text, self.span)
    }
}

impl Phase {
    fn expand(&self, pallet: &Pallet) -> TokenStream {
        let name = self.name.literal();
        let body = match &self.body {
            // A path is used as a type, which only `#[phase]` makes of it, and never as a function: one mistake
            // shall not be two errors.
            PhaseBody::Path(path) => {
                let open = quote_spanned!(generated_at(path.span())=> || <);
                let at = generated_at(after(path.span()));
                quote_spanned!(at=> #open #path as #pallet::RunnablePhase>::run())
            }
            PhaseBody::Call(call) => quote_spanned!(generated_at(call.span())=> || #call),
            PhaseBody::Closure(closure) => closure.clone(),
        };
        quote_spanned!(self.name.span=> .phase(#name, #body))
    }
}
