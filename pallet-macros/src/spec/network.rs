//! The value of `network`: a kind by name, a list of adapters, or an expression.

use super::check::wrong;
use super::keys::Known;
use crate::diagnostics::Sink;
use crate::messages;
use crate::rules::{MOST_ADAPTERS, did_you_mean};
use crate::syntax::{Pallet, Value, Written, items, spelling};
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use syn::{Lit, LitStr};

/// A network as checked.
pub(crate) enum Network {
    /// `local`
    Local,
    /// `nat`
    Nat,
    /// `bridged`, `bridged("eth0")`
    Bridged(Option<LitStr>),
    /// A list of adapters.
    Adapters(Vec<Adapter>),
    /// An expression.
    Given(TokenStream),
}

/// One adapter of a list.
pub(crate) struct Adapter {
    kind: AdapterKind,
    is_management: bool,
}

enum AdapterKind {
    Attached(Attachment),
    /// An expression.
    Given(TokenStream),
}

enum Attachment {
    Nat(Vec<Forward>),
    Bridged(Option<LitStr>),
    HostOnly(Option<LitStr>),
    Internal(LitStr),
    NatNetwork(LitStr),
}

/// A port of the host that leads to a port of the guest.
struct Forward {
    host: Port,
    guest: Port,
}

/// A port number, and where it stands.
struct Port {
    number: u16,
    literal: Lit,
}

pub(crate) const NETWORKS: [&str; 3] = ["local", "nat", "bridged"];
pub(crate) const ADAPTERS: [&str; 5] = ["nat", "bridged", "host_only", "internal", "nat_network"];

/// Checks the value of `network`.
pub(crate) fn check(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Network> {
    if let Value::List(list) = &value.value {
        return check_list(list, sink).map(Network::Adapters);
    }
    if let Value::Expression(expression) = &value.value {
        return Some(Network::Given(expression.clone()));
    }
    let Some((name, arguments)) = name_and_arguments(value) else { return wrong(value, known, sink) };
    match (name.as_str(), arguments) {
        ("local", None) => Some(Network::Local),
        ("nat", None) => Some(Network::Nat),
        ("bridged", arguments) => Some(Network::Bridged(optional_text(value, &name, arguments, sink)?)),
        ("local" | "nat", Some(_)) => wrong(value, known, sink),
        _ => {
            sink.report(value, messages::unknown_network(&name, way_out(&name, &NETWORKS, "networks")));
            None
        }
    }
}

/// Returns `name` or `name(arguments)` in its parts.
fn name_and_arguments(value: &Written) -> Option<(String, Option<&Group>)> {
    match &value.value {
        Value::Path(_) => Some((value.word()?, None)),
        Value::Call(path, arguments) => Some((path.get_ident()?.to_string(), Some(arguments))),
        _ => None,
    }
}

fn way_out(name: &str, names: &[&'static str], what: &str) -> String {
    match did_you_mean(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{what}: {}", names.join(", ")),
    }
}

fn check_list(list: &Group, sink: &Sink<'_>) -> Option<Vec<Adapter>> {
    let sink = sink.section();
    let written = items(list.stream(), &sink);
    if written.is_empty() {
        sink.report(list, messages::no_adapters());
    }
    if let Some(excess) = written.get(MOST_ADAPTERS) {
        sink.report(excess, messages::too_many_adapters(written.len()));
    }
    let checked: Vec<(&Written, Adapter)> =
        written.iter().filter_map(|item| Some((item, adapter(item, &sink)?))).collect();
    report_second_management(&checked, &sink);
    report_shared_ports(&checked, &sink);
    (!sink.has_failed()).then(|| checked.into_iter().map(|(_, adapter)| adapter).collect())
}

fn report_second_management(adapters: &[(&Written, Adapter)], sink: &Sink<'_>) {
    let marked = adapters.iter().filter(|(_, adapter)| adapter.is_management);
    marked.skip(1).for_each(|(written, _)| sink.report(written, messages::second_management()));
}

/// Two forwards of one host port cannot both work, on whichever adapters they are.
fn report_shared_ports(adapters: &[(&Written, Adapter)], sink: &Sink<'_>) {
    let mut taken = BTreeSet::new();
    for (_, adapter) in adapters {
        let AdapterKind::Attached(Attachment::Nat(forwards)) = &adapter.kind else { continue };
        for Forward { host, .. } in forwards {
            if !taken.insert(host.number) {
                sink.report(&host.literal, messages::forwarded_twice(host.number));
            }
        }
    }
}

/// Checks one adapter, maybe inside `management(…)`.
fn adapter(written: &Written, sink: &Sink<'_>) -> Option<Adapter> {
    if let Some((name, Some(inner))) = name_and_arguments(written)
        && name == "management"
    {
        let inner = items(inner.stream(), sink);
        let [inner] = inner.as_slice() else { return bad_argument(written, &name, sink) };
        return Some(Adapter { kind: kind(inner, sink)?, is_management: true });
    }
    Some(Adapter { kind: kind(written, sink)?, is_management: false })
}

fn kind(written: &Written, sink: &Sink<'_>) -> Option<AdapterKind> {
    match &written.value {
        Value::Expression(expression) => Some(AdapterKind::Given(expression.clone())),
        _ => attachment(written, sink).map(AdapterKind::Attached),
    }
}

fn attachment(written: &Written, sink: &Sink<'_>) -> Option<Attachment> {
    let unknown = |name: &str| {
        sink.report(written, messages::unknown_adapter(name, way_out(name, &ADAPTERS, "adapters")));
        None
    };
    let Some((name, arguments)) = name_and_arguments(written) else {
        return unknown(&spelling(written));
    };
    match name.as_str() {
        "nat" => Some(Attachment::Nat(forwards(arguments, sink))),
        "bridged" => Some(Attachment::Bridged(optional_text(written, &name, arguments, sink)?)),
        "host_only" => Some(Attachment::HostOnly(optional_text(written, &name, arguments, sink)?)),
        "internal" => Some(Attachment::Internal(required_text(written, &name, arguments, sink)?)),
        "nat_network" => Some(Attachment::NatNetwork(required_text(written, &name, arguments, sink)?)),
        _ => unknown(&name),
    }
}

fn bad_argument<T>(at: impl ToTokens, adapter: &str, sink: &Sink<'_>) -> Option<T> {
    let example = match adapter {
        "nat" => "`nat` or `nat(forward 8080 => 80, forward 8443 => 443)`",
        "bridged" => "`bridged` or `bridged(\"eth0\")`",
        "host_only" => "`host_only` or `host_only(\"vboxnet0\")`",
        "internal" => "`internal(\"backbone\")`",
        "nat_network" => "`nat_network(\"lab\")`",
        _ => "`management(host_only)`",
    };
    sink.report(at, messages::adapter_argument(adapter, example));
    None
}

/// Returns the one text in the parentheses, if there are parentheses.
fn optional_text(
    written: &Written,
    name: &str,
    arguments: Option<&Group>,
    sink: &Sink<'_>,
) -> Option<Option<LitStr>> {
    match arguments {
        None => Some(None),
        Some(_) => required_text(written, name, arguments, sink).map(Some),
    }
}

fn required_text(
    written: &Written,
    name: &str,
    arguments: Option<&Group>,
    sink: &Sink<'_>,
) -> Option<LitStr> {
    let Some(arguments) = arguments else { return bad_argument(written, name, sink) };
    let arguments: Vec<Written> = items(arguments.stream(), sink);
    match arguments.as_slice() {
        [only] if only.text().is_some_and(|text| !text.value().is_empty()) => only.text().cloned(),
        _ => bad_argument(written, name, sink),
    }
}

/// Reads `forward 8080 => 80, …`.
fn forwards(arguments: Option<&Group>, sink: &Sink<'_>) -> Vec<Forward> {
    let arguments = arguments.map(|arguments| items(arguments.stream(), sink)).unwrap_or_default();
    arguments.iter().filter_map(|item| forward(item, sink)).collect()
}

fn forward(written: &Written, sink: &Sink<'_>) -> Option<Forward> {
    let tokens: Vec<TokenTree> = written.to_token_stream().into_iter().collect();
    let is = |token: &TokenTree, text: &str| token.to_string() == text;
    match tokens.as_slice() {
        [word, TokenTree::Literal(host), equals, greater, TokenTree::Literal(guest)]
            if is(word, "forward") && is(equals, "=") && is(greater, ">") =>
        {
            let (host, guest) = (port(Lit::new(host.clone()), sink), port(Lit::new(guest.clone()), sink));
            Some(Forward { host: host?, guest: guest? })
        }
        _ => bad_argument(written, "nat", sink),
    }
}

fn port(literal: Lit, sink: &Sink<'_>) -> Option<Port> {
    let Lit::Int(number) = &literal else { return bad_argument(literal, "nat", sink) };
    let number = number.base10_parse::<u16>().ok().filter(|port| *port > 0);
    if number.is_none() {
        sink.report(&literal, messages::number_range("port", literal.to_token_stream(), 1, u16::MAX));
    }
    Some(Port { number: number?, literal })
}

impl Network {
    /// Returns an expression that becomes a `pallet::spec::Network`.
    pub(crate) fn expand(&self, pallet: &Pallet) -> TokenStream {
        let network = quote!(#pallet::spec::Network);
        match self {
            Network::Local => quote!(#network::Local),
            Network::Nat => quote!(#network::Nat),
            Network::Bridged(interface) => {
                let interface = option(interface.as_ref());
                quote!(#network::Bridged(#interface))
            }
            Network::Adapters(adapters) => {
                let adapters = adapters.iter().map(|adapter| adapter.expand(pallet));
                quote!(#network::Adapters(::std::vec![#(#adapters),*]))
            }
            Network::Given(expression) => expression.clone(),
        }
    }
}

impl Adapter {
    fn expand(&self, pallet: &Pallet) -> TokenStream {
        let adapter = match &self.kind {
            AdapterKind::Attached(attachment) => {
                let attachment = attachment.expand(pallet);
                quote!(#pallet::spec::Adapter::new(#attachment))
            }
            AdapterKind::Given(expression) => quote!((#expression)),
        };
        let management = self.is_management.then(|| quote!(.management()));
        quote!(#adapter #management)
    }
}

impl Attachment {
    fn expand(&self, pallet: &Pallet) -> TokenStream {
        let attachment = quote!(#pallet::spec::Attachment);
        match self {
            Attachment::Nat(forwards) => {
                let forwards = forwards.iter().map(|Forward { host, guest }| {
                    let (host, guest) = (host.number, guest.number);
                    quote!(#pallet::spec::Forward::tcp(#host, #guest))
                });
                quote!(#attachment::Nat { forwards: ::std::vec![#(#forwards),*] })
            }
            Attachment::Bridged(interface) => {
                let interface = option(interface.as_ref());
                quote!(#attachment::Bridged(#interface))
            }
            Attachment::HostOnly(interface) => {
                let interface = option(interface.as_ref());
                quote!(#attachment::HostOnly(#interface))
            }
            Attachment::Internal(name) => quote!(#attachment::Internal(::core::convert::Into::into(#name))),
            Attachment::NatNetwork(name) => {
                quote!(#attachment::NatNetwork(::core::convert::Into::into(#name)))
            }
        }
    }
}

fn option(text: Option<&LitStr>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(::core::convert::Into::into(#text))),
        None => quote!(::core::option::Option::None),
    }
}
