//! Values as written, told apart by their form alone.

use proc_macro2::{Delimiter, Group, Ident, Literal, TokenStream, TokenTree};
use quote::ToTokens;
use std::ops::Range;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Lit, LitStr, Path};

/// A value with the tokens it was read from.
pub(crate) struct Written {
    /// The value.
    pub(crate) value: Value,
    tokens: TokenStream,
}

/// The forms a value can have.
pub(crate) enum Value {
    /// `true`, `2`, `"text"`
    Literal(Lit),
    /// `1024 MiB`
    Measure(Literal, Ident),
    /// `small`, `nginx::NginxServer`
    Path(Path),
    /// `tune(8)`
    Call(Path, Group),
    /// `[a, b]`
    List(Group),
    /// `{ key: value }`
    Block(Group),
    /// `(any Rust expression)`
    Expression(TokenStream),
    /// `|| expression`, with what stands between the bars.
    Closure(TokenStream),
    /// Something else, which no key takes.
    Other,
}

impl Written {
    /// Reads a value from all of `tokens`.
    pub(crate) fn new(tokens: &[TokenTree]) -> Written {
        Written { value: read(tokens), tokens: tokens.iter().cloned().collect() }
    }

    /// Returns the text, if this is one.
    pub(crate) fn text(&self) -> Option<&LitStr> {
        match &self.value {
            Value::Literal(Lit::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// Returns the word, if this is a single identifier.
    pub(crate) fn word(&self) -> Option<String> {
        match &self.value {
            Value::Path(path) => path.get_ident().map(|ident| ident.unraw().to_string()),
            _ => None,
        }
    }

    /// Returns what this says as a single identifier or as a text.
    pub(crate) fn word_or_text(&self) -> Option<String> {
        self.word().or_else(|| self.text().map(LitStr::value))
    }
}

impl ToTokens for Written {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

fn read(tokens: &[TokenTree]) -> Value {
    if let Some(parameters) = closure_parameters(tokens) {
        let has_body = tokens.len() > parameters.end + 1;
        return if has_body {
            Value::Closure(tokens[parameters].iter().cloned().collect())
        } else {
            Value::Other
        };
    }
    match tokens {
        [TokenTree::Literal(literal)] => Value::Literal(Lit::new(literal.clone())),
        [TokenTree::Ident(word)] if word == "true" || word == "false" => {
            Value::Literal(Lit::Bool(syn::LitBool::new(word == "true", word.span())))
        }
        [TokenTree::Literal(number), TokenTree::Ident(unit)] => Value::Measure(number.clone(), unit.clone()),
        [TokenTree::Group(group)] => read_group(group),
        [path @ .., TokenTree::Group(arguments)] if arguments.delimiter() == Delimiter::Parenthesis => {
            read_path(path).map_or(Value::Other, |path| Value::Call(path, arguments.clone()))
        }
        path => read_path(path).map_or(Value::Other, Value::Path),
    }
}

/// Returns where the parameters of a closure stand, if the tokens begin with one: between the bars.
pub(super) fn closure_parameters(tokens: &[TokenTree]) -> Option<Range<usize>> {
    let is_bar = |token: &TokenTree| matches!(token, TokenTree::Punct(bar) if bar.as_char() == '|');
    let begin = tokens.iter().take(2).position(is_bar)?;
    let is_move = matches!(&tokens[..begin], [TokenTree::Ident(word)] if word == "move");
    let length = tokens[begin + 1..].iter().position(is_bar)?;
    (begin == 0 || is_move).then_some(begin + 1..begin + 1 + length)
}

fn read_group(group: &Group) -> Value {
    match group.delimiter() {
        Delimiter::Bracket => Value::List(group.clone()),
        Delimiter::Brace => Value::Block(group.clone()),
        Delimiter::Parenthesis if group.stream().is_empty() => Value::Other,
        Delimiter::Parenthesis => Value::Expression(group.stream()),
        // What a user's `macro_rules!` was given for a fragment such as `$image:expr`.
        Delimiter::None => match read(&group.stream().into_iter().collect::<Vec<_>>()) {
            Value::Other => Value::Expression(group.stream()),
            value => value,
        },
    }
}

fn read_path(tokens: &[TokenTree]) -> Option<Path> {
    let whole = |input: ParseStream<'_>| input.call(Path::parse_mod_style);
    whole.parse2(tokens.iter().cloned().collect()).ok()
}
