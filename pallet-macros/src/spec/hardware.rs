//! The value of `hardware`: a model by name, values of its own, or an expression.

use super::check::{number, wrong};
use super::keys::{HARDWARE_BLOCK, HARDWARE_OPTION, Known, unique};
use crate::diagnostics::Sink;
use crate::messages;
use crate::syntax::{Entry, Pallet, Value, Written, entries, items};
use proc_macro2::{Group, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Lit;

/// Hardware as checked.
pub(crate) enum Hardware {
    /// The name of a model, or an expression: whatever becomes hardware by itself.
    Given(TokenStream),
    /// Values, over those of a model if one is named.
    Values {
        model: Option<String>,
        memory: Option<Memory>,
        cpus: Option<TokenStream>,
        settings: Vec<Setting>,
    },
}

/// An amount of memory.
pub(crate) enum Memory {
    /// In MiB.
    Mib(TokenStream),
    /// In GiB.
    Gib(TokenStream),
    /// An expression.
    Given(TokenStream),
}

/// A setting that providers have names of their own for.
pub(crate) struct Setting {
    key: String,
    at: Span,
    value: SettingValue,
}

/// What an option can be.
enum SettingValue {
    Bool(TokenStream),
    Integer(TokenStream),
    Float(TokenStream),
    String(TokenStream),
    List(Vec<SettingValue>),
    Table(Vec<Setting>),
}

/// The most processors a node can be given.
const MOST_CPUS: u64 = 1024;

/// Checks the value of `hardware`.
pub(crate) fn check(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Hardware> {
    match &value.value {
        Value::Literal(Lit::Str(model)) => Some(Hardware::Given(model.to_token_stream())),
        Value::Path(_) => match value.word() {
            Some(model) => Some(Hardware::Given(model.to_token_stream())),
            None => wrong(value, known, sink),
        },
        Value::Expression(expression) => Some(Hardware::Given(expression.clone())),
        Value::Block(block) => check_block(block, sink),
        _ => wrong(value, known, sink),
    }
}

fn check_block(block: &Group, sink: &Sink<'_>) -> Option<Hardware> {
    let sink = sink.section();
    let entries = entries(block.stream(), HARDWARE_BLOCK.place, &sink);
    let (mut model, mut memory, mut cpus, mut settings) = (None, None, None, Vec::new());
    for entry in &unique(entries, HARDWARE_BLOCK.place, &sink) {
        let value = &entry.value;
        match (entry.key.name.as_str(), HARDWARE_BLOCK.find(&entry.key.name)) {
            ("model", Some(known)) => model = check_model(value, known, &sink),
            ("memory", Some(known)) => memory = check_memory(value, known, &sink),
            ("cpus", Some(known)) => cpus = number(value, known, 1, MOST_CPUS, &sink),
            // Providers have keys of their own, but nothing that is a slip of the keyboard away from ours.
            (key, _) if HARDWARE_BLOCK.nearest(key).is_some() => {
                HARDWARE_BLOCK.report_unknown(&entry.key, &sink)
            }
            _ => settings.extend(setting(entry, &sink)),
        }
    }
    (!sink.has_failed()).then_some(Hardware::Values { model, memory, cpus, settings })
}

fn check_model(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<String> {
    value.word_or_text().or_else(|| wrong(value, known, sink))
}

/// Checks an amount of memory: `1024 MiB`, also without the blank.
fn check_memory(value: &Written, known: &Known, sink: &Sink<'_>) -> Option<Memory> {
    let (number, unit) = match &value.value {
        Value::Expression(expression) => return Some(Memory::Given(expression.clone())),
        Value::Measure(number, unit) => (Lit::new(number.clone()), unit.to_string()),
        Value::Literal(number @ Lit::Int(int)) if !int.suffix().is_empty() => {
            (number.clone(), int.suffix().to_owned())
        }
        Value::Literal(number @ Lit::Int(_)) => {
            sink.report(value, messages::memory_without_unit(number.to_token_stream()));
            return None;
        }
        _ => return wrong(value, known, sink),
    };
    let Lit::Int(number) = number else { return wrong(value, known, sink) };
    let amount = number.base10_parse::<u64>().ok().filter(|amount| (1..=MOST_MEMORY).contains(amount));
    let Some(amount) = amount else {
        sink.report(&number, messages::number_range(known.name, number.base10_digits(), 1, MOST_MEMORY));
        return None;
    };
    let mut literal = Literal::u64_unsuffixed(amount);
    literal.set_span(number.span());
    match unit.as_str() {
        "MiB" => Some(Memory::Mib(literal.to_token_stream())),
        "GiB" => Some(Memory::Gib(literal.to_token_stream())),
        _ => {
            match &value.value {
                Value::Measure(_, at) => sink.report(at, messages::memory_unit(unit)),
                _ => sink.report(value, messages::memory_unit(unit)),
            }
            None
        }
    }
}

/// A bound that no machine reaches, so that GiB cannot overflow.
const MOST_MEMORY: u64 = 1 << 30;

fn setting(entry: &Entry, sink: &Sink<'_>) -> Option<Setting> {
    let value = setting_value(&entry.value, &entry.key.name, sink)?;
    Some(Setting { key: entry.key.name.clone(), at: entry.key.span(), value })
}

fn setting_value(value: &Written, key: &str, sink: &Sink<'_>) -> Option<SettingValue> {
    Some(match &value.value {
        Value::Literal(Lit::Bool(flag)) => SettingValue::Bool(flag.to_token_stream()),
        Value::Literal(Lit::Int(number)) => SettingValue::Integer(number.to_token_stream()),
        Value::Literal(Lit::Float(number)) => SettingValue::Float(number.to_token_stream()),
        Value::Literal(Lit::Str(text)) => SettingValue::String(text.to_token_stream()),
        Value::Path(_) if value.word().is_some() => SettingValue::String(value.word().to_token_stream()),
        Value::List(list) => SettingValue::List(
            items(list.stream(), sink).iter().filter_map(|item| setting_value(item, key, sink)).collect(),
        ),
        Value::Block(block) => {
            let place = format!("`{key}`");
            let entries = unique(entries(block.stream(), &place, sink), &place, sink);
            SettingValue::Table(entries.iter().filter_map(|entry| setting(entry, sink)).collect())
        }
        _ => {
            sink.report(value, messages::wrong_value(key, HARDWARE_OPTION.takes, HARDWARE_OPTION.example));
            return None;
        }
    })
}

impl Hardware {
    /// Returns an expression that becomes a `pallet::spec::Hardware`.
    pub(crate) fn expand(&self, pallet: &Pallet) -> TokenStream {
        let (model, memory, cpus, settings) = match self {
            Hardware::Given(hardware) => return hardware.clone(),
            Hardware::Values { model, memory, cpus, settings } => (model, memory, cpus, settings),
        };
        let some = |name: TokenStream, value: Option<TokenStream>| {
            value.map(|value| quote!(#name: ::core::option::Option::Some(#value),))
        };
        let model =
            some(quote!(model), model.as_ref().map(|model| quote!(::core::convert::Into::into(#model))));
        let memory = some(quote!(memory), memory.as_ref().map(|memory| memory.expand(pallet)));
        let cpus = some(quote!(cpus), cpus.clone());
        let has_settings = !settings.is_empty();
        let settings = some(quote!(settings), has_settings.then(|| table("hardware", settings, pallet)));
        quote! {
            #pallet::spec::Hardware {
                #model #memory #cpus #settings ..::core::default::Default::default()
            }
        }
    }
}

impl Memory {
    fn expand(&self, pallet: &Pallet) -> TokenStream {
        match self {
            Memory::Mib(amount) => quote!(#pallet::spec::Mib(#amount)),
            Memory::Gib(amount) => quote!(#pallet::spec::Mib::gib(#amount)),
            Memory::Given(expression) => expression.clone(),
        }
    }
}

/// Returns a block that builds `Options`, each with the line it was written on.
fn table(owner: &str, settings: &[Setting], pallet: &Pallet) -> TokenStream {
    let options = syn::Ident::new("options", Span::mixed_site());
    let sets = settings.iter().map(|Setting { key, at, value }| {
        let value = value.expand(key, pallet);
        let place = quote_spanned!(*at=> ::core::concat!(::core::file!(), ":", ::core::line!(), ":", ::core::column!()));
        quote!(#options.set(#key, #value, #place);)
    });
    quote! {{
        let mut #options = #pallet::options::Options::new(#owner, ::core::option::Option::None);
        #(#sets)*
        #options
    }}
}

impl SettingValue {
    fn expand(&self, key: &str, pallet: &Pallet) -> TokenStream {
        let kind = quote!(#pallet::options::OptionValue);
        match self {
            SettingValue::Bool(value) => quote!(#kind::Bool(#value)),
            SettingValue::Integer(value) => quote!(#kind::Integer(#value)),
            SettingValue::Float(value) => quote!(#kind::Float(#value)),
            SettingValue::String(value) => quote!(#kind::String(::core::convert::Into::into(#value))),
            SettingValue::List(values) => {
                let values = values.iter().map(|value| value.expand(key, pallet));
                quote!(#kind::List(::std::vec![#(#values),*]))
            }
            SettingValue::Table(settings) => {
                let table = table(key, settings, pallet);
                quote!(#kind::Table(#table))
            }
        }
    }
}
